"""Cards on documents of somebody else."""

from odoo import models
from odoo.fields import Domain


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    def _report_foreign_use(self, document):
        """List, once per sale and card, that a card is used which is not known to be the customer's.

        A card without customer collects the points of everybody who has none: the manager asks whose it is.

        :param document: an invoice, or another document with ``partner_id`` and ``company_id``; access to it was checked
        """
        self.ensure_one()
        if self._is_known_of(document.partner_id):
            return
        Exception_ = self.env["loyalty.exception"].sudo()  # users cannot create exceptions
        facts = {"kind": "foreign", "card_id": self.id}
        seen = Domain.OR(
            Domain([("res_model", "=", documents._name), ("res_id", "in", documents.ids)])
            for documents in self._documents_of_sale(document)
        )
        if Exception_.search_count(seen & Domain([(name, "=", value) for name, value in facts.items()]), limit=1):
            return
        facts.update(res_model=document._name, res_id=document.id)
        who = {"user": self.env.user.name, "customer": document.partner_id.display_name}
        if self._belongs_to(document.partner_id):
            note = self.env._(
                "%(user)s used a card without a customer for a document of %(customer)s. If it is theirs, enter the customer on the "
                "card.",
                **who,
            )
        else:
            note = self.env._(
                "%(user)s used the card of %(owner)s for a document of %(customer)s.",
                owner=self.partner_id.display_name,
                **who,
            )
        Exception_.create(
            {**facts, "program_id": self.program_id.id, "company_id": document.company_id.id, "note": note}
        )

    def _documents_of_sale(self, document):
        """Return the recordsets of what is one sale with ``document``, itself included. Override to add documents."""
        return [document]
