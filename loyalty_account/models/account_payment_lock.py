"""Payments by points of invoices that were edited and posted again."""

from odoo import models


class AccountPayment(models.Model):
    _inherit = "account.payment"

    def _still_pays(self, invoice):
        return self._loyalty_booked().fits(invoice, self._loyalty_money(), self.loyalty_card_id.sudo().program_id)

    def _loyalty_money_left(self, invoice):
        """Return what this payment with points still pays of ``invoice``, in its currency."""
        returns = self.loyalty_return_ids.filtered(lambda payment: payment._redemption_in_force()[0])
        left = self.amount - sum(returns.mapped("amount"))
        matched = invoice._loyalty_payments().get(self)
        if matched and matched["paid"]:
            return left * matched["amount"] / matched["paid"]
        return self.currency_id._convert(left, invoice.currency_id, invoice.company_id, self.date)

    def _match_again(self, invoice):
        self._reconcile_with_loyalty_move()
