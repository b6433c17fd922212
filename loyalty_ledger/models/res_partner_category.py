from odoo import fields, models
from odoo.tools import SQL


class ResPartnerCategory(models.Model):
    _inherit = "res.partner.category"

    loyalty_tracked_default = fields.Boolean(
        "New Customers Collect Points",
        default=lambda self: self.env.company.loyalty_tracked_default,
        help="Whether points are tracked for new customers with this tag. A tag that differs from the company's "
        "setting decides. Existing customers keep theirs.",
    )

    def _init_column(self, column_name):
        """The company's own column may not exist yet when this one is added."""
        if column_name == "loyalty_tracked_default":
            self.env.cr.execute(SQL("UPDATE res_partner_category SET loyalty_tracked_default = TRUE"))
        else:
            super()._init_column(column_name)
