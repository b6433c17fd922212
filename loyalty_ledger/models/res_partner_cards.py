from datetime import timedelta

from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

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
