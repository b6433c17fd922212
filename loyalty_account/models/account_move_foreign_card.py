"""Invoices with somebody else's card: allowed, since a customer may present one, and seen by a manager."""

from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    def _post(self, soft=True):
        """What is posted with a card of another customer will earn on it, and is put in the list of exceptions."""
        posted = super()._post(soft)
        for move in posted.filtered(lambda move: move.move_type in ("out_invoice", "out_receipt")):
            card = move.loyalty_card_id.sudo()  # users cannot create exceptions; access to the document was checked
            if card and not card._belongs_to(move.partner_id):
                move._report_foreign_card(card)
        return posted

    def _apply_loyalty_points(self, card, points):
        """Points of another customer's card pay too, as it was presented; a manager sees it."""
        result = super()._apply_loyalty_points(card, points)
        card = card.sudo()  # as above
        if not card._belongs_to(self.partner_id):
            self._report_foreign_card(card)
        return result

    def _report_foreign_card(self, card):
        """List, once per document and card, that the card of another customer is used."""
        self.ensure_one()
        Exception_ = self.env["loyalty.exception"].sudo()
        facts = {"kind": "foreign", "card_id": card.id, "res_model": self._name, "res_id": self.id}
        if Exception_.search_count([(name, "=", value) for name, value in facts.items()], limit=1):
            return
        Exception_.create(
            {
                **facts,
                "program_id": card.program_id.id,
                "company_id": self.company_id.id,
                "note": self.env._(
                    "%(user)s used the card of %(owner)s for a document of %(customer)s.",
                    user=self.env.user.name,
                    owner=card.partner_id.display_name,
                    customer=self.partner_id.display_name,
                ),
            }
        )
