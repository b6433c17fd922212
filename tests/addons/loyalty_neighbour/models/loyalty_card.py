from odoo import api, fields, models


class LoyaltyCard(models.Model):
    """Stores what depends on a balance, and notes which balances ``write`` was asked for."""

    _inherit = "loyalty.card"

    neighbour_double = fields.Float(compute="_compute_neighbour_double", store=True)
    neighbour_written = fields.Char(copy=False)

    @api.depends("points")
    def _compute_neighbour_double(self):
        for card in self:
            card.neighbour_double = 2 * card.points

    def write(self, vals):
        if "points" in vals:
            for card in self:
                seen = f"{card.neighbour_written or ''}{card.points:g}>{vals['points']:g};"
                super(LoyaltyCard, card).write({"neighbour_written": seen})
        return super().write(vals)
