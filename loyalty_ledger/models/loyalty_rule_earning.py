"""What a rule of a program counts."""

from odoo import models

from .loyalty_program_earning import ProductFilter


class LoyaltyRule(models.Model):
    _name = "loyalty.rule"
    _inherit = ["loyalty.values.mixin", "loyalty.rule"]

    def _earning_terms(self):
        """Return the rule as the earning engine knows it, to be frozen in the earning of a document."""
        self.ensure_one()
        return {
            "id": self.id,
            "mode": self.reward_point_mode,
            "rate": self.reward_point_amount,
            "minimum_quantity": self.minimum_qty,
            "minimum_amount": self.minimum_amount,
            "minimum_tax": self.minimum_amount_tax_mode,
            "name": False,
        }

    def _product_filter(self):
        """Return which products count (:class:`ProductFilter`)."""
        self.ensure_one()
        domain = self._get_valid_product_domain()
        fields_ = self.env["product.product"]._fields
        plain = all(
            condition.operator in ("=", "!=", "in", "not in")
            and condition.field_expr in fields_
            and fields_[condition.field_expr].type in ("boolean", "id", "integer", "selection")
            for condition in domain.iter_conditions()
        )
        return ProductFilter(domain, not self._filters_products(), plain)

    def _filters_products(self):
        """Return whether only some products count."""
        self.ensure_one()
        return bool(
            self.product_ids
            or self.product_category_id
            or self.product_tag_id
            or (self.product_domain and self.product_domain != "[]")
        )
