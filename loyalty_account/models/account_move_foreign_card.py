"""Invoices with a card that is not known to be the customer's: allowed, as one may present it, and seen by a manager."""

from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    def _post(self, soft=True):
        """What is posted with a card of another customer, or of nobody, will earn on it, and is put in the list of
        exceptions."""
        posted = super()._post(soft)
        for move in posted.filtered(lambda move: move.move_type in ("out_invoice", "out_receipt")):
            # Users cannot create exceptions; access to the document was checked.
            card = move.loyalty_card_id.sudo()
            if card and (card.partner_id or card.program_id.issue_on == "paid"):
                card._report_foreign_use(move)
        return posted

    def _apply_loyalty_points(self, card, points):
        """Points of another customer's card, or of nobody's, pay too, as it was presented; a manager sees it."""
        result = super()._apply_loyalty_points(card, points)
        card.sudo()._report_foreign_use(self)  # as above
        return result
