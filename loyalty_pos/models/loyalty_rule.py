from odoo import api, models


class LoyaltyRule(models.Model):
    _inherit = "loyalty.rule"

    @api.depends("program_type", "program_id.gift_cards_earn")
    def _compute_valid_product_ids(self):
        """Ask Odoo for each kind of program apart: rules that name the same products need not count the same ones."""
        for rules in self.grouped(lambda rule: (rule.program_type, rule.program_id.gift_cards_earn)).values():
            super(LoyaltyRule, rules)._compute_valid_product_ids()
