from odoo import api, fields, models
from odoo.tools import format_amount

from odoo.addons.loyalty_ledger.tools.today import loyalty_today

from ..books import points as rates

#: Part of each sale that a program may give back before somebody should look twice.
HIGH_RATE = 0.2


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    reward_rate = fields.Float(
        "Reward Rate",
        compute="_compute_reward_rate",
        digits=(16, 6),
        help="Share of each sale that the customer gets back as points: points per currency unit times the point "
        "value, on the first level. Rules for some products, minimums and points per unit or order are not "
        "counted.",
    )
    top_reward_rate = fields.Float("On the Highest Level", compute="_compute_reward_rate", digits=(16, 6))
    high_reward_rate = fields.Boolean(compute="_compute_reward_rate")
    point_value_notice = fields.Char("About the Point Value", compute="_compute_point_value_notice")

    @api.depends(
        "rule_ids.reward_point_amount",
        "rule_ids.reward_point_mode",
        "rule_ids.mode",
        "rule_ids.active",
        "rule_ids.product_ids",
        "rule_ids.product_category_id",
        "rule_ids.product_tag_id",
        "rule_ids.product_domain",
        "level_ids.multiplier",
        "level_ids.min_points",
        "issue_on",
        "point_value",
        "program_type",
    )
    def _compute_reward_rate(self):
        for program in self:
            money = program._earning_rules().filtered(
                lambda rule: rule.reward_point_mode == "money" and not rule._filters_products()
            )
            rate = sum(money.mapped("reward_point_amount")) * program.point_value
            levels = program.level_ids.sorted("min_points")
            multipliers = [level._multiplier_used() for level in levels] or [1.0]
            lowest = multipliers[0]
            program.reward_rate = rate * lowest if program.program_type == "loyalty" else 0.0
            program.top_reward_rate = rate * max(multipliers) if program.program_type == "loyalty" else 0.0
            program.high_reward_rate = program.top_reward_rate > HIGH_RATE

    @api.depends(
        "point_value", "point_value_ids.point_value", "point_value_ids.date", "currency_id.rounding", "program_type"
    )
    def _compute_point_value_notice(self):
        """Say that single points cover nothing, where the value of today or of a later day is under the currency's
        unit."""
        for program in self:
            today, currency = loyalty_today(self.env, program.company_id), program.currency_id
            later = program.point_value_ids.filtered(lambda row: row.date and row.date > today)  # noqa: B023 used at once
            value = min([program.point_value, *later.mapped("point_value")])
            program.point_value_notice = False
            if program.program_type == "loyalty" and 0 < value < currency.rounding:
                program.point_value_notice = self.env._(
                    "A point is worth less than %(unit)s, the smallest amount of the currency. The amount covered by "
                    "points is rounded down, so at least %(least)s points must be redeemed, for %(unit)s.",
                    unit=format_amount(self.env, currency.rounding, currency),
                    least=rates.money_to_points(currency.rounding, value, currency.rounding),
                )
