"""Orders on the customer's account: what is paid for them later earns on the order, as if it had been paid at once.

The money comes on the order's invoice, or on what the customer owes by the closing entry of its session; as a payment,
a bank statement, or with a second order of the till that pays the account. The invoice itself earns nothing.
"""

from typing import NamedTuple

from odoo import models


class LaterPayment(NamedTuple):
    """What was paid later of an order on account in ways that earn points, and on which day it was complete."""

    amount: float
    date: object


NOTHING_YET = LaterPayment(0.0, None)


class PosOrder(models.Model):
    _inherit = "pos.order"

    def _payments_on_account(self):
        """Return the payments that put something on the customer's account, and do not earn already."""
        return self.payment_ids.filtered(
            lambda payment: (
                not payment.payment_method_id.journal_id  # those, and points, have no type to be read
                and not payment.payment_method_id.loyalty_program_id
                and payment.payment_method_id.type == "pay_later"
                and not payment.payment_method_id.earns_loyalty
                and payment.amount > 0
            )
        )

    def _paid_on_account(self):
        """Return what was paid later of this order (:class:`LaterPayment`): nothing before all of it is paid (bP7)."""
        self.ensure_one()
        payments = self._payments_on_account()
        if not payments or not self._was_settled():
            return NOTHING_YET
        amount = self.currency_id.round(sum(payments.mapped("amount")))
        invoice = self.account_move
        share, date = self._paid_of_invoice(invoice) if invoice else self._paid_of_closing(payments)
        return LaterPayment(self.currency_id.round(amount * share), date)

    def _paid_of_invoice(self, invoice):
        """Return the part of what an invoice left on account that earning payments paid, and when they were complete.

        What its credit notes set off needed no payment.
        """
        settlement, date = invoice._loyalty_settlements()[invoice.id]
        if not settlement.settled:
            return 0.0, None
        orders = invoice.pos_order_ids
        at_once = sum((orders.payment_ids - orders._payments_on_account()).mapped("amount"))
        later = float(settlement.qualifying + settlement.other) - at_once
        if self.currency_id.compare_amounts(later, 0.0) <= 0:
            return 0.0, None
        return min(1.0, max(0.0, float(settlement.qualifying) / later)), date

    def _paid_of_closing(self, payments):
        """Return the same of what these payments left open in the closing entry of the session."""
        debts = payments.loyalty_debt_id
        partials = debts.matched_credit_ids
        entries = partials.credit_move_id.move_id
        # Odoo leaves what is reconciled with a draft as it was.
        settled = all(debts.mapped("reconciled")) and all(entry.state == "posted" for entry in entries)
        if not entries or len(debts) < len(payments) or not settled:
            return 0.0, None
        set_off = self._refunds_of_origin().payment_ids.loyalty_debt_id
        partials = partials.filtered(lambda part: part.credit_move_id not in set_off)
        qualifying = entries._loyalty_qualifies()
        paid = sum(part.debit_amount_currency for part in partials)
        earning = sum(part.debit_amount_currency for part in partials if part.credit_move_id.move_id.id in qualifying)
        return (earning / paid if paid else 0.0), max(entries.mapped("date"))
