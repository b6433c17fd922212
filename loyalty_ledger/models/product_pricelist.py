from odoo import models

from ..tools.memory import forget

# The database takes what is deleted out of programs and their rules; nobody writes them. For products that are archived
# or deleted Odoo clears the same caches (product/models/product_product.py:434).


class ProductPricelist(models.Model):
    _inherit = "product.pricelist"

    def unlink(self):
        result = super().unlink()
        forget(self.env)  # which pricelists programs name
        return result
