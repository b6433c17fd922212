"""Payments of carts and quotations: no money is taken for an order that could not be confirmed."""

from odoo import api, models


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    @api.constrains("sale_order_ids")
    def _check_stored_value_currency(self):
        """A cart with a gift card or wallet is not paid in another currency than the balances of the card."""
        orders = self.sudo().sale_order_ids  # customers see the transaction, not all of the order
        orders.filtered(lambda order: order.state in ("draft", "sent"))._refuse_other_currency()
