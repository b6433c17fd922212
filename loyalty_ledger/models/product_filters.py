from odoo import models

# What rules and programs name changes without anybody writing them: the database takes out what is deleted, and rules
# do not see archived products. What is remembered of them (tools/memory.py) goes with it.


class ProductPricelist(models.Model):
    _inherit = "product.pricelist"

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()  # which pricelists programs name
        return result


class ProductCategory(models.Model):
    _inherit = "product.category"

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()  # which products rules count
        return result


class ProductTag(models.Model):
    _inherit = "product.tag"

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()  # which products rules count
        return result


class ProductProduct(models.Model):
    _inherit = "product.product"

    def write(self, vals):
        result = super().write(vals)
        if "active" in vals:
            self._forget_rules()
        return result

    def unlink(self):
        self._forget_rules()
        return super().unlink()

    def _forget_rules(self):
        """Rules count every product when the last one that they name is archived or deleted."""
        rules = self.env["loyalty.rule"].sudo().with_context(active_test=False)  # whoever edits products
        if rules.search_count([("product_ids", "in", self.ids)], limit=1):
            self.env.registry.clear_cache()
