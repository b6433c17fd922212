from odoo import fields, models
from odoo.fields import Domain


class ProductTemplate(models.Model):
    _inherit = "product.template"

    loyalty_no_earn = fields.Boolean("Don't Earn Points", help="Buying this product earns no points on loyalty cards.")


class LoyaltyRule(models.Model):
    _inherit = "loyalty.rule"

    def _get_valid_product_domain(self):
        """Leave out products that earn nothing (C33), gift cards among them (C32), for loyalty cards only.

        Other programs trigger on gift cards on purpose.
        """
        domain = super()._get_valid_product_domain()
        if self.program_type != "loyalty":
            return domain
        domain &= Domain("loyalty_no_earn", "=", False)
        gift_cards = self._gift_card_products()
        return domain & Domain("id", "not in", gift_cards.ids) if gift_cards else domain

    def _gift_card_products(self):
        """Products that are money in advance: selling them issues a gift card or tops an eWallet up."""
        rules = self.sudo().search([("program_id.program_type", "in", ("gift_card", "ewallet"))])
        return rules.product_ids
