"""Payments with points of a card that is not known to be the customer's, by whatever way they were made."""

from odoo import models


class AccountPayment(models.Model):
    _inherit = "account.payment"

    def action_post(self):
        """Points of somebody else's card, or of nobody's, pay, as it was presented; a manager sees it."""
        result = super().action_post()
        for payment in self.filtered(lambda payment: payment.payment_type == "inbound" and payment.loyalty_card_id):
            # Users cannot create exceptions, and may not see the card; access to the payment was checked.
            payment.loyalty_card_id.sudo()._report_foreign_use(payment.loyalty_move_id or payment)
        return result
