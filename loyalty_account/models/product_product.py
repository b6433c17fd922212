"""Products that sell money in advance: gift cards and top-ups of wallets."""

from odoo import api, fields, models


class ProductProduct(models.Model):
    _inherit = "product.product"

    loyalty_rule_ids = fields.Many2many(
        "loyalty.rule",
        "loyalty_rule_product_product_rel",
        "product_product_id",
        "loyalty_rule_id",
        "Loyalty Rules",
        copy=False,
        groups=fields.NO_ACCESS,
        help="The other side of the products of a rule.",
    )
    # Stored: every order that redeems asks, in the transaction that decides about money.
    loyalty_stored_value = fields.Boolean(
        "Sells Stored Value",
        compute="_compute_loyalty_stored_value",
        store=True,
        help="The product is a gift card or tops up a wallet of one of the programs, so its price is money in advance.",
    )

    @api.depends("loyalty_rule_ids.program_id.program_type")
    def _compute_loyalty_stored_value(self):
        """Archived programs count too: what was sold for them is still money."""
        Rule = self.env["loyalty.rule"].with_context(active_test=False)
        rules = Rule.search(
            [("program_id.program_type", "in", ("gift_card", "ewallet")), ("product_ids", "in", self.ids)]
        )
        products = rules.product_ids
        for product in self:
            product.loyalty_stored_value = product._origin in products
