from odoo import api, fields, models

#: Part of each sale that a program may give back before somebody should look twice.
HIGH_RATE = 0.2


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    reward_rate = fields.Float(
        "Reward Rate", compute="_compute_reward_rate", digits=(16, 6),
        help="Part of each sale that comes back to the customer: points per currency unit times the value of a point, "
        "on the first level. Rules for some products, minimums and points per unit or order are not counted.",
    )  # fmt: skip
    top_reward_rate = fields.Float("On the Highest Level", compute="_compute_reward_rate", digits=(16, 6))
    high_reward_rate = fields.Boolean(compute="_compute_reward_rate")

    @api.depends(
        "rule_ids.reward_point_amount", "rule_ids.reward_point_mode", "rule_ids.mode", "rule_ids.active",
        "rule_ids.product_ids", "rule_ids.product_category_id", "rule_ids.product_tag_id", "rule_ids.product_domain",
        "level_ids.multiplier", "point_value", "program_type",
    )  # fmt: skip
    def _compute_reward_rate(self):
        for program in self:
            money = program._earning_rules().filtered(
                lambda rule: rule.reward_point_mode == "money" and not rule._filters_products()
            )
            rate = sum(money.mapped("reward_point_amount")) * program.point_value
            multipliers = program.level_ids.mapped("multiplier") or [1.0]
            lowest = program.level_ids.sorted("min_points")[:1].multiplier if program.level_ids else 1.0
            program.reward_rate = rate * lowest if program.program_type == "loyalty" else 0.0
            program.top_reward_rate = rate * max(multipliers) if program.program_type == "loyalty" else 0.0
            program.high_reward_rate = program.top_reward_rate > HIGH_RATE
