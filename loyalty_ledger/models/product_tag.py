from odoo import models

from ..tools.memory import forget


class ProductTag(models.Model):
    _inherit = "product.tag"

    def unlink(self):
        result = super().unlink()
        forget(self.env)  # which products rules count
        return result
