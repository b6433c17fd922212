from odoo import api, fields, models


class LoyaltyHold(models.Model):
    _inherit = "loyalty.hold"

    is_active = fields.Boolean("Reserves Now", compute="_compute_is_active", search="_search_is_active")

    @api.depends("state", "expires_at")
    def _compute_is_active(self):
        for hold in self:
            hold.is_active = hold._is_active()

    def _search_is_active(self, operator, value):
        if operator != "in" or set(value) != {True}:
            return NotImplemented
        now = fields.Datetime.now()
        return ["&", ("state", "=", "active"), "|", ("expires_at", "=", False), ("expires_at", ">", now)]
