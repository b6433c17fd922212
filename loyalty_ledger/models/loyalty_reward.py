from odoo import models


class LoyaltyReward(models.Model):
    _name = "loyalty.reward"
    _inherit = ["loyalty.values.mixin", "loyalty.reward"]
    _order = "required_points, id"  # rewards that cost the same keep one order, whatever the table was last through
