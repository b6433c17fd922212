from odoo import fields, models


class ProductTemplate(models.Model):
    _inherit = "product.template"

    loyalty_no_earn = fields.Boolean("Don't Earn Points", help="Buying this product earns no points on loyalty cards.")
