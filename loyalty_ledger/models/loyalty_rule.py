from odoo import api, fields, models
from odoo.tools import float_is_zero


class LoyaltyRule(models.Model):
    _inherit = "loyalty.rule"

    currency_per_point = fields.Float(
        "Spent per Point",
        compute="_compute_currency_per_point",
        inverse="_inverse_currency_per_point",
        digits=(16, 6),
        help="The same rate as an amount per point: with 50, every 50 spent earn one point, so 320 earn 6.40.",
    )

    @api.depends("reward_point_amount")
    def _compute_currency_per_point(self):
        for rule in self:
            amount = rule.reward_point_amount
            rule.currency_per_point = 0.0 if float_is_zero(amount, precision_digits=9) else 1 / amount

    @api.onchange("currency_per_point")
    def _inverse_currency_per_point(self):
        """Keep the rate as points per currency unit, which is what Odoo computes with."""
        for rule in self:
            if rule.currency_per_point > 0:
                rule.reward_point_amount = 1 / rule.currency_per_point
