"""Credit notes that nothing links with a sale: nobody can tell whether points paid for what comes back (N4)."""

from odoo import models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    _inherit = "account.move"

    def _post(self, soft=True):
        unlinked = self._loyalty_unlinked()
        for note, card in unlinked.items():
            if card.program_id.unlinked_return_policy == "refuse":
                raise UserError(
                    self.env._(
                        "%(note)s is not linked to an invoice or order, so it is unknown whether the returned goods "
                        "were paid with points. Program %(program)s does not allow that: open the invoice and use "
                        "Credit Note there.",
                        note=note.display_name,
                        program=card.program_id.name,
                    )
                )
        posted = super()._post(soft)
        for note, card in unlinked.items():
            if note in posted:
                note._report_return(
                    card,
                    card.program_id,
                    self.env._(
                        "%(note)s refunds %(amount)s and is not linked to an invoice or order, so it is unknown "
                        "whether the returned goods were paid with points and what they had earned.",
                        note=note.name,
                        amount=note.currency_id.format(note.amount_total),
                    ),
                )
        return posted

    def _loyalty_unlinked(self):
        """Return ``{credit note that returns no known sale: card of its customer}``, where points may have paid that sale."""
        notes = self.filtered(
            lambda move: (
                move.move_type == "out_refund"
                and move.state == "draft"
                and not move._is_reduction()
                and move.currency_id.compare_amounts(move.amount_total, 0.0) > 0
                and move._needs_loyalty_link()
            )
        )
        if not notes:
            return {}
        returned = notes._loyalty_returned()
        notes = notes.filtered(lambda note: not returned[note])
        # Users may have no access to the customer's card; the credit note was read with their rights. Also if the card
        # was removed from it.
        cards = self.env["loyalty.card"].sudo()._cards_of_documents(notes.sudo())
        found = {note: note.sudo().loyalty_card_id or cards[note.sudo()] for note in notes}
        return {
            note: card
            for note, card in found.items()
            if card
            and card.program_id.program_type == "loyalty"
            and (card.program_id.accounting_policy != "none" or card.program_id.issue_on == "paid")
        }

    def _needs_loyalty_link(self):
        """Return whether this credit note has to say what it returns. Override where something else knows it."""
        self.ensure_one()
        return True

    def _report_return(self, card, program, note):
        """List money that this document gave back in the exceptions, once."""
        self.ensure_one()
        Exception_ = self.env["loyalty.exception"].sudo()  # nobody has access to create what managers review
        document = [("res_model", "=", self._name), ("res_id", "=", self.id), ("kind", "=", "return")]
        if Exception_.search_count([*document, ("note", "=", note)], limit=1):
            return
        Exception_.create(
            {
                "kind": "return",
                "card_id": card.id,
                "program_id": program.id,
                "company_id": self.company_id.id,
                "res_model": self._name,
                "res_id": self.id,
                "note": note,
            }
        )
