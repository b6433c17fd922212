"""Cards as a means of payment."""

from odoo import api, models


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    @api.model
    def _by_number(self, number):
        """Return the loyalty card with this number, archived ones included, or no card."""
        number = (number or "").strip()
        if not number:
            return self.browse()
        return self.with_context(active_test=False).search(
            [("code", "=", number), ("ledgered", "=", True), ("program_type", "=", "loyalty")], limit=1
        )

    def _preselected(self, partner, company):
        """Return which of these cards a document of ``partner`` preselects, or no card.

        In each program the contact's own card, then the default card, then one with points, then the oldest; never one
        that cannot be used while another can. Of several programs the one whose points can be redeemed on documents of
        ``company``.
        """
        partner = partner._origin or partner
        cards = self.sorted(
            lambda card: (
                not card._is_usable(),
                card.partner_id != partner,
                not card.is_default,
                card.program_id.sequence,
                card.program_id.id,
                card.id,
            )
        )
        if len(cards) < 2:
            return cards
        firsts = cards.browse()
        for siblings in cards.grouped("program_id").values():
            equals = siblings.filtered(
                lambda card, first=siblings[0]: (
                    card._is_usable() == first._is_usable()
                    and (card.partner_id, card.is_default) == (first.partner_id, first.is_default)
                )
            )
            firsts += (len(equals) > 1 and equals.filtered(lambda card: card.available_points > 0) or equals)[:1]
        if len(firsts) == 1:
            return firsts
        places = {card.id: place for place, card in enumerate(cards)}
        return firsts.sorted(
            lambda card: (not card._is_usable(), bool(card._payment_problem(company)), places[card.id])
        )[:1]

    def _payment_problem(self, company, hold=None):
        """Say why the card cannot pay documents of ``company`` today, or return False (S9).

        :param hold: points of this card that were reserved in time: they outlive the card's own expiry
        """
        self.ensure_one()
        if not self.ledgered:
            return self._say_unusable("untracked")
        if reason := self._unusable_reason(held=bool(hold and hold._is_active())):
            return reason
        # Users have no access to programs; only the problem is returned.
        return self.program_id.sudo()._redemption_problem(company)
