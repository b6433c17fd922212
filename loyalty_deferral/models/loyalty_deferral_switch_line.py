from odoo import api, fields, models
from odoo.tools import format_date


class LoyaltyDeferralSwitchLine(models.Model):
    """Open points of a month and what is deferred for them."""

    _name = "loyalty.deferral.switch.line"
    _description = "Line of a Change to Deferred Revenue"
    _order = "month"

    switch_id = fields.Many2one(
        "loyalty.deferral.switch", "Change", required=True, readonly=True, ondelete="cascade", index=True
    )
    currency_id = fields.Many2one(related="switch_id.currency_id")
    month = fields.Date("First Day", required=True, readonly=True)
    month_name = fields.Char("Earned In", compute="_compute_month_name")
    points = fields.Float("Open Points", digits=(16, 4), readonly=True)
    amount = fields.Monetary("Liability", readonly=True)
    is_waiting = fields.Boolean(
        "Not Paid Yet", readonly=True, help="Sales that earn their points when they are paid. Their revenue is shared."
    )

    @api.depends("month")
    @api.depends_context("lang")
    def _compute_month_name(self):
        for line in self:
            line.month_name = format_date(self.env, line.month, date_format="LLLL yyyy")
