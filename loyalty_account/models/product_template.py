from odoo import fields, models


class ProductTemplate(models.Model):
    _inherit = "product.template"

    loyalty_no_redeem = fields.Boolean(
        "Points Cannot Pay",
        help="Loyalty points never pay this product, for example shipping or a deposit. To keep whole categories out for "
        "one program only, see Eligible Products on the tab Accounting of the program.",
    )
