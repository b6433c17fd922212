from odoo import fields, models


class LoyaltyTillRate(models.Model):
    """Another multiplier than the level's at one till, for all levels of a program or for one (bH2)."""

    _name = "loyalty.till.rate"
    _inherit = ["loyalty.values.mixin", "loyalty.remembered.mixin"]
    _description = "Earning Rate of a Point of Sale"
    _order = "program_id, config_id, level_id"

    program_id = fields.Many2one(
        "loyalty.program",
        "Program",
        required=True,
        ondelete="cascade",
        index=True,
        domain="[('program_type', '=', 'loyalty')]",
    )
    config_id = fields.Many2one("pos.config", "Point of Sale", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="config_id.company_id", store=True)
    level_id = fields.Many2one(
        "loyalty.level",
        "Level",
        ondelete="cascade",
        domain="[('program_id', '=', program_id)]",
        help="Empty: every level without a line of its own.",
    )
    multiplier = fields.Float(
        "Multiplier",
        default=1.0,
        required=True,
        digits=(16, 4),
        help="Factor for the points of sales at this Point of Sale, instead of the level's own.",
    )

    _one_for_level = models.UniqueIndex(
        "(program_id, config_id, COALESCE(level_id, 0))", "The Point of Sale has a rate for this level already."
    )
    _check_multiplier = models.Constraint("CHECK (multiplier >= 0)", "The multiplier cannot be negative.")
