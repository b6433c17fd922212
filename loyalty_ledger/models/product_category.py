from odoo import models

from ..tools.memory import forget


class ProductCategory(models.Model):
    _inherit = "product.category"

    def unlink(self):
        result = super().unlink()
        forget(self.env)  # which products rules count
        return result
