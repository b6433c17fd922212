from odoo import fields, models


class ProductTemplate(models.Model):
    _inherit = "product.template"

    loyalty_no_redeem = fields.Boolean(
        "Don't Redeem Points",
        help="Points cannot be redeemed on this product, for example shipping or a deposit. To exclude whole "
        "categories from one program only, see Eligible Products on the tab Accounting of the program.",
    )
