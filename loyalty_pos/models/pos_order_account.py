"""Orders on the customer's account: what is paid for them later earns on the order, as if it had been paid at once.

The money comes on the order's invoice, or on what the customer owes by the closing entry of its session; as a payment,
a bank statement, or with a second order of the till that pays the account. The invoice itself earns nothing.
"""

from typing import NamedTuple

from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.loyalty_account.models.account_move_earning import DIRTY


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
                payment.payment_method_id.type == "pay_later"
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
        """Return the part of what an invoice left on account that earning payments paid, and when they were complete."""
        settlement, date = invoice._loyalty_settlements()[invoice.id]
        if not settlement.settled:
            return 0.0, None
        on_account = invoice.pos_order_ids._payments_on_account()
        owed = sum(on_account.mapped("amount"))
        return (min(1.0, max(0.0, float(settlement.qualifying) / owed)) if owed else 0.0), date

    def _paid_of_closing(self, payments):
        """Return the same of what these payments left open in the closing entry of the session."""
        debts = payments.loyalty_debt_id
        partials = debts.matched_credit_ids
        entries = partials.credit_move_id.move_id
        # Odoo leaves what is reconciled with a draft as it was.
        settled = all(debts.mapped("reconciled")) and all(entry.state == "posted" for entry in entries)
        if not entries or len(debts) < len(payments) or not settled:
            return 0.0, None
        qualifying = entries._loyalty_qualifies()
        paid = sum(part.debit_amount_currency for part in partials)
        earning = sum(part.debit_amount_currency for part in partials if part.credit_move_id.move_id.id in qualifying)
        return (earning / paid if paid else 0.0), max(entries.mapped("date"))


class PosPayment(models.Model):
    _inherit = "pos.payment"

    loyalty_debt_id = fields.Many2one(
        "account.move.line", "Debt of the Customer", index="btree_not_null", ondelete="set null", copy=False,
        readonly=True, groups="base.group_system",
        help="Journal item of the closing entry that says what the customer owes for this payment on account.",
    )  # fmt: skip


class PosSession(models.Model):
    _inherit = "pos.session"

    def _create_pay_later_receivable_lines(self, data):
        """Remember which debt is that of which payment: what settles it earns on the order."""
        data = super()._create_pay_later_receivable_lines(data)
        payments = list(data["split_receivables_pay_later"])
        if payments:
            for payment, line in zip(payments, data["pay_later_move_lines"][-len(payments) :]):
                payment.sudo().loyalty_debt_id = line  # the field is the server's
        return data


class AccountMove(models.Model):
    _inherit = "account.move"

    def _sync_dirty_loyalty(self):
        ids = list(self.env.cr.precommit.data.get(DIRTY, ()))
        result = super()._sync_dirty_loyalty()
        self.sudo().browse(ids)._orders_on_account()._loyalty_settle()
        return result

    def _orders_on_account(self):
        """Return the paid orders on account whose invoices, or closing entries, these are or settle."""
        if not self.ids:
            return self.env["pos.order"]
        rows = self.env.execute_query(
            SQL(
                """
                WITH touched AS (
                     SELECT unnest(%(ids)s) AS id
                      UNION
                     SELECT debit.move_id FROM account_move_line line
                       JOIN account_partial_reconcile part ON part.credit_move_id = line.id
                       JOIN account_move_line debit ON debit.id = part.debit_move_id
                      WHERE line.move_id = ANY(%(ids)s)),
                     orders AS (
                     SELECT o.id FROM pos_order o JOIN touched ON touched.id = o.account_move
                      UNION
                     SELECT o.id FROM touched JOIN pos_session s ON s.move_id = touched.id
                       JOIN pos_order o ON o.session_id = s.id AND o.account_move IS NULL)
                SELECT DISTINCT o.id FROM orders
                  JOIN pos_order o ON o.id = orders.id
                  JOIN pos_payment p ON p.pos_order_id = o.id
                  JOIN pos_payment_method m ON m.id = p.payment_method_id
                 WHERE o.loyalty_settled AND o.state IN ('paid', 'done')
                   AND m.journal_id IS NULL AND m.loyalty_program_id IS NULL AND p.amount > 0
                 ORDER BY o.id
                """,
                ids=self.ids,
            )
        )
        return self.env["pos.order"].sudo().browse([order_id for (order_id,) in rows])

    def _loyalty_qualifies(self):
        """A closing entry pays an account as the orders were paid with which customers paid their accounts."""
        qualifying = super()._loyalty_qualifies()
        sessions = self.env["pos.session"].sudo().search([("move_id", "in", self.ids)])  # whoever books the payment
        for session in sessions:
            payments = session.order_ids.payment_ids.filtered(
                lambda payment: payment.payment_method_id.type == "pay_later" and payment.amount < 0
            )
            others = payments.pos_order_id.payment_ids - payments
            if others and all(payment.payment_method_id.earns_loyalty for payment in others):
                qualifying.add(session.move_id.id)
            else:
                qualifying.discard(session.move_id.id)
        return qualifying
