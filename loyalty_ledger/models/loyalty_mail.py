from odoo import models


class LoyaltyMail(models.Model):
    _name = "loyalty.mail"
    _inherit = ["loyalty.values.mixin", "loyalty.mail", "loyalty.remembered.mixin"]
