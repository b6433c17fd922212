from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain


class ResPartner(models.Model):
    _inherit = "res.partner"

    @api.model
    def _search_display_name(self, operator, value):
        """A card number finds its owner, wherever a customer is looked for: scanned, or typed as it stands on the card.

        Only whole numbers of cards that the user may see; codes of gift cards and eWallets only for those who may read
        them. Both searches use an index of the cards.
        """
        domain = Domain(super()._search_display_name(operator, value))
        if operator not in ("ilike", "=") or not isinstance(value, str):
            return domain
        owners = self.env["loyalty.card"]._cards_of_number(value).partner_id
        return domain | Domain("id", "in", owners.ids) if owners else domain

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
