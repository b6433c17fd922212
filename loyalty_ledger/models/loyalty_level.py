from odoo import fields, models


class LoyaltyLevel(models.Model):
    """One step of a program's membership levels: reached at ``min_points`` of the program's basis."""

    _name = "loyalty.level"
    _inherit = ["loyalty.values.mixin", "loyalty.remembered.mixin"]
    _description = "Loyalty Level"
    _order = "program_id, min_points, id"

    name = fields.Char("Level", required=True, translate=True)
    program_id = fields.Many2one("loyalty.program", "Program", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="program_id.company_id", store=True)
    min_points = fields.Float(
        "From",
        digits=(16, 4),
        default=0.0,
        aggregator=None,
        help="A card reaches the level at this number of the program's level basis.",
    )
    multiplier = fields.Float(
        "Multiplier",
        default=1.0,
        digits=(16, 4),
        aggregator=None,
        help="Factor for points that the ledger itself works out on this level. Points that Odoo's own rules give, "
        "on orders and at the till, stay as those rules say.",
    )
    color = fields.Integer("Color")
    partner_category_id = fields.Many2one(
        "res.partner.category",
        "Customer Tag",
        help="Customers who reach this level get the tag, to join a mailing list. Those who leave it lose it.",
    )

    _program_min_unique = models.Constraint(
        "UNIQUE (program_id, min_points)", "Two levels of a program cannot start at the same number of points."
    )
    _check_min_points = models.Constraint("CHECK (min_points >= 0)", "A level starts at zero points or more.")
    _check_multiplier = models.Constraint("CHECK (multiplier >= 0)", "The multiplier cannot be negative.")
