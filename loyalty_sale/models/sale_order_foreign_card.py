"""Orders with a card that has no customer: its holder may be the salesperson, so a manager sees it."""

from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _post_loyalty_confirmation(self):
        """What is earned at confirmation is listed here; what an invoice earns or redeems, when it does."""
        super()._post_loyalty_confirmation()
        for order in self:
            card = order.loyalty_card_id.sudo()  # access to the order was checked
            if card and not order._defers_points(card):
                card._report_foreign_use(order)
