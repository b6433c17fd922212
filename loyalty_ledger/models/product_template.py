from odoo import fields, models


class ProductTemplate(models.Model):
    _inherit = "product.template"

    loyalty_no_earn = fields.Boolean("Don't Earn Points", help="This product does not earn loyalty points.")
