from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    loyalty_on_hold = fields.Boolean(
        "Loyalty on Hold",
        tracking=True,
        help="For example because invoices are overdue. Programs that credit sales of a period skip the customer, or "
        "accrue the credits all the same, as each program says.",
    )
    loyalty_target_ids = fields.One2many("loyalty.target", "partner_id", "Sales Targets")
    loyalty_period_line_ids = fields.One2many("loyalty.period.line", "partner_id", "Credited Periods")
