from odoo import api, fields, models


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
        help="Factor for points on this level. Used only in programs that give points when the document is paid in full; "
        "points that Odoo gives when the order is confirmed stay as the rules say.",
    )
    multiplier_used = fields.Boolean("Multiplier Is Used", compute="_compute_multiplier_used", compute_sudo=True)
    multiplier_notice = fields.Char("About the Multiplier", compute="_compute_multiplier_used", compute_sudo=True)
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

    @api.depends("program_id.issue_on", "multiplier")
    def _compute_multiplier_used(self):
        """Odoo's own timing knows no levels: a multiplier that is not used says so."""
        for level in self:
            level.multiplier_used = level.program_id._uses_multipliers()
            level.multiplier_notice = (
                self.env._("Not used: points are given when the order is confirmed.")
                if level.program_id and level.multiplier != 1 and not level.multiplier_used
                else False
            )

    def _multiplier_used(self):
        """Return the factor of points on this level: 1 without a level, and where the program does not use it."""
        return self.multiplier if self and self.program_id._uses_multipliers() else 1.0
