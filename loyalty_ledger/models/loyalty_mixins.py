from odoo import api, models
from odoo.exceptions import UserError

from ..tools.memory import forget


class LoyaltyReadonlyMixin(models.AbstractModel):
    """Rows that only the gateway writes, by SQL: through the ORM nobody changes them, sudo included."""

    _name = "loyalty.readonly.mixin"
    _description = "Row of the Points Ledger"

    def _refusal(self):
        """Return what to tell whoever tries. Override to say it for the model."""
        return self.env._("Rows of the points ledger cannot be created, changed or deleted by hand.")

    def _refuse(self):
        raise UserError(self._refusal())

    @api.model_create_multi
    def create(self, vals_list):
        self._refuse()

    def write(self, vals):
        self._refuse()

    def unlink(self):
        self._refuse()


class LoyaltyRememberedMixin(models.AbstractModel):
    """Rows that change rarely and that every posting asks about: whoever changes one clears the memory.

    See :func:`tools.memory.remembered`.
    """

    _name = "loyalty.remembered.mixin"
    _description = "Row That Is Remembered"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        forget(self.env)
        return records

    def write(self, vals):
        result = super().write(vals)
        forget(self.env)
        return result

    def unlink(self):
        result = super().unlink()
        forget(self.env)
        return result


class LoyaltyDocumentMixin(models.AbstractModel):
    """A row that names what is behind it, a document or another row, by ``res_model`` and ``res_id``."""

    _name = "loyalty.document.mixin"
    _description = "Row with a Source Document"

    def _names_of_documents(self, documents):
        """Return ``{id: name}``; a card is named as its reader may know it, since codes of gift cards are money."""
        if documents._name != "loyalty.card":
            return {document.id: document.display_name for document in documents}
        return {card.id: f"{card.program_id.name}: {card.with_env(self.env)._shown_code()}" for card in documents}

    @api.depends_context("uid")
    def _compute_document_name(self):
        """Name the documents, for models with a field ``document_name``."""
        self.document_name = False
        for model, rows in self.filtered("res_id").grouped("res_model").items():
            if model not in self.env:
                continue
            # The name alone: opening the document needs the reader's own rights.
            documents = self.env[model].sudo().browse(rows.mapped("res_id")).exists()
            names = self._names_of_documents(documents)
            for row in rows:
                row.document_name = names.get(row.res_id, False)

    def action_open_document(self):
        """Open what is behind the row, with the reader's own access rights.

        :raises odoo.exceptions.UserError: when there is none, or it was deleted
        """
        self.ensure_one()
        if (
            not self.res_id
            or self.res_model not in self.env
            or not self.env[self.res_model].browse(self.res_id).exists()
        ):
            raise UserError(self.env._("There is nothing behind this row, or it was deleted."))
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "views": [(self.env[self.res_model].browse(self.res_id).get_formview_id(), "form")],
        }
