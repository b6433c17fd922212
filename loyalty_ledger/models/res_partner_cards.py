from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from .loyalty_card_code import OPEN_TYPES

#: Characters of the shortest text that is looked for among the numbers of cards.
SHORTEST = 4


class ResPartner(models.Model):
    _inherit = "res.partner"

    @api.model
    def _search_display_name(self, operator, value):
        """A card number finds its owner, wherever a customer is looked for: scanned, or typed as it stands on the card.

        Only whole numbers of cards that the user may see; codes of gift cards and eWallets only for those who may read
        them. Both searches use an index of the cards.
        """
        domain = Domain(super()._search_display_name(operator, value))
        text = value.strip() if isinstance(value, str) else ""
        if operator not in ("ilike", "=") or len(text) < SHORTEST or not any(sign.isdigit() for sign in text):
            return domain
        owners = self._owners_of_card(text)
        return domain | Domain("id", "in", owners.ids) if owners else domain

    @api.model
    def _owners_of_card(self, number):
        """Return the customers of the cards with this number that the user may see and whose number the user may read."""
        Card = self.env["loyalty.card"]
        if not Card.has_access("read"):
            return self.browse()
        cards = Card._find_by_numbers([number]).get(number, Card)
        if not Card._may_read_codes():
            cards = cards.filtered(lambda card: card.program_type in OPEN_TYPES)
        return cards.partner_id

    def _compute_count_active_cards(self):
        """Count what the customer can use: open cards in date with points that can be spent, Odoo's any balance."""
        super()._compute_count_active_cards()
        Partner = self.with_context(active_test=False)
        counted = self.filtered("loyalty_card_count")
        if not counted:
            return
        yesterday = fields.Date.context_today(self) - timedelta(days=1)
        cards = self.env["loyalty.card"].search(
            [
                ("company_id", "in", [False, *self.env.companies.ids]),
                ("partner_id", "in", Partner._search([("id", "child_of", counted.ids)])),
                ("points", ">", 0),
                ("program_id.active", "=", True),
                ("ledgered", "=", True),
                "|",
                ("expiration_date", ">", yesterday),
                ("expiration_date", "=", False),
            ]
        )
        for card in cards:
            if card._spendable_points() > 0:
                continue
            partner = card.partner_id
            while partner:
                if partner in counted:
                    partner.loyalty_card_count -= 1
                partner = partner.parent_id
