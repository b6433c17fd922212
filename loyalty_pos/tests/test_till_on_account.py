"""Orders on the customer's account earn once, when they are paid."""

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .test_session_closing import ClosingCase


@tagged("post_install", "-at_install")
class TestOnAccount(ClosingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program.issue_on = "paid"

    @classmethod
    def make_config(cls, name):
        cls.account_method = cls.env["pos.payment.method"].create({"name": "Account", "split_transactions": True})
        config = super().make_config(name)
        config.payment_method_ids = [Command.link(cls.account_method.id)]
        return config

    def buy(self, cash, invoiced=True, lines=None):
        payments = [self.pay(115.0 - cash, self.account_method), *([self.pay(cash, self.cash_method)] if cash else [])]
        return self.sell(lines or [self.taxed(100, 15)], self.ann, payments=payments, to_invoice=invoiced)

    def close_session(self):
        """Close the session; what is on account stays open."""
        session = self.pos_session.with_user(self.cashier)
        session.post_closing_cash_details(session.cash_register_balance_end)
        self.assertTrue(session.close_session_from_ui()["successful"])
        self.env.cr.flush()
        self.pos_session = self.open_session(self.config)
        return session.sudo().move_id

    def register(self, invoice, **values):
        """Register a payment of the invoice by bank, as the invoicing user."""
        context = {"active_model": "account.move", "active_ids": invoice.ids}
        wizard = self.env["account.payment.register"].with_user(self.clerk).with_context(**context)
        payments = wizard.create({"journal_id": self.bank_journal.id, **values})._create_payments()
        self.env.cr.flush()
        return payments

    def debt_of(self, move):
        return move.line_ids.filtered(lambda line: line.partner_id == self.ann and line.balance > 0)

    def test_invoice_paid_weeks_later(self):
        """N29, C15: an order on account earns nothing when it is handed over, and all when its invoice is paid."""
        order = self.buy(0.0)
        self.close_session()
        self.assertEqual((order.loyalty_points_earned, self.card.points), (0, 1000))
        payment = self.register(order.account_move)
        self.assertEqual(order.account_move.payment_state, "paid")
        self.assertEntries(order, [(self.card, "earn", 100)])
        self.assertEqual((order.loyalty_points_earned, self.card.points), (100, 1100))
        self.assertFalse(order.account_move.loyalty_points_earned)
        payment.action_draft()
        self.env.cr.flush()
        self.assertEqual((order.loyalty_points_earned, self.card.points), (0, 1000))

    def test_credited_in_accounting(self):
        """N29, N4: a credit note of Accounting on the invoice of a till moves no points: listed for a manager, or refused."""
        order = self.buy(115.0)
        self.close_session()
        invoice = order.account_move.with_user(self.clerk)
        note = invoice._reverse_moves([{"invoice_date": invoice.invoice_date}])
        self.program.unlinked_return_policy = "refuse"
        with self.assertRaisesRegex(UserError, "refund at the register"):
            note.action_post()
        self.program.unlinked_return_policy = "exception"
        note.action_post()
        found = self.env["loyalty.exception"].search([("res_model", "=", "account.move"), ("res_id", "=", note.id)])
        self.assertRecordValues(found, [{"kind": "return", "card_id": self.card.id, "program_id": self.program.id}])
        self.assertIn("earned there (100)", found.note)
        self.assertEqual(self.card.points, 1100)

    def test_part_on_account(self):
        """N29, C6: 40.00 in cash earn 34 points now; with the 75.00 on account it is 100 in the end, and once."""
        order = self.buy(40.0)
        self.assertEqual(self.card.points, 1034)
        self.close_session()
        self.register(order.account_move, amount=30.0)
        self.assertEqual(self.card.points, 1034)
        self.register(order.account_move)
        self.assertEntries(order, [(self.card, "earn", 34), (self.card, "earn", 66)])
        self.assertEqual((order.loyalty_points_earned, self.card.points), (100, 1100))
        order._loyalty_settle()
        self.assertEqual(self.card.points, 1100)

    def test_account_paid_at_the_till(self):
        """N29, C6: the account is paid with a second order of the till; its closing entry settles the invoice."""
        order = self.buy(40.0)
        self.close_session()
        settling = self.sell(
            [], self.ann, payments=[self.pay(75.0, self.cash_method), self.pay(-75.0, self.account_method)]
        )
        self.assertEntries(settling, [])
        move = self.close_session()
        lines = (
            (order.account_move | move)
            .with_user(self.clerk)
            .line_ids.filtered(
                lambda line: line.account_id == self.receivable and line.partner_id == self.ann and not line.reconciled
            )
        )
        lines.reconcile()
        self.env.cr.flush()
        self.assertEqual(order.account_move.payment_state, "paid")
        self.assertEqual((order.loyalty_points_earned, self.card.points), (100, 1100))

    def test_not_invoiced(self):
        """N29, C6: what the closing entry says that a customer owes earns when it is paid, by whatever way."""
        order, other = self.buy(40.0, invoiced=False), self.buy(0.0, invoiced=False)
        move = self.close_session()
        self.assertEqual(self.card.points, 1034)
        first, second = self.debt_of(move).sorted("balance")
        self.assertEqual((first.balance, second.balance), (75, 115))
        payment = self.env["account.payment"].create(
            {
                "partner_id": self.ann.id,
                "amount": 75.0,
                "journal_id": self.bank_journal.id,
                "payment_type": "inbound",
                "partner_type": "customer",
            }
        )
        payment.action_post()
        (payment.move_id.line_ids.filtered(lambda line: line.account_id == self.receivable) | first).reconcile()
        self.env.cr.flush()
        self.assertEqual((order.loyalty_points_earned, other.loyalty_points_earned), (100, 0))
        self.assertEqual(self.card.points, 1100)

    def test_paid_with_what_earns_nothing(self):
        """N29, C6: an account that points cover earns nothing."""
        order = self.buy(0.0)
        self.close_session()
        wizard = self.env["loyalty.apply.points"].with_user(self.clerk)
        wizard.create({"move_id": order.account_move.id, "card_id": self.card.id, "points": 115}).action_apply()
        self.env.cr.flush()
        self.assertEqual(order.account_move.payment_state, "paid")
        self.assertEqual((order.loyalty_points_earned, self.card.points), (0, 885))

    def test_returned_after_it_was_paid(self):
        """N29, N4: goods of a paid account take back what they earned when they come back."""
        order = self.buy(0.0, lines=[self.taxed(50, 15, qty=2)])
        self.close_session()
        self.register(order.account_move)
        self.assertEqual(self.card.points, 1100)
        refund = self.sell(
            [self.taxed(50, 15, -1, refunded_orderline_id=order.lines.id)],
            self.ann,
            payments=[self.pay(-57.5, self.cash_method)],
            is_refund=True,
        )
        self.assertEqual((refund.loyalty_points_earned, self.card.points), (-50, 1050))

    def test_part_returned_before_it_was_paid(self):
        """N29, N4: half of the goods comes back on the account, the other half is paid: it earns its 50 points."""
        for invoiced in (False, True):
            before = self.card.points
            order = self.buy(0.0, invoiced, [self.taxed(50, 15, qty=2)])
            debt = order.account_move or self.close_session()
            refund = self.sell(
                [self.taxed(50, 15, -1, refunded_orderline_id=order.lines.id)],
                self.ann,
                payments=[self.pay(-57.5, self.account_method)],
                is_refund=True,
                to_invoice=invoiced,
            )
            credit = refund.account_move or self.close_session()
            moves = (debt | credit).with_user(self.clerk)
            moves.line_ids.filtered(
                lambda line: line.account_id == self.receivable and line.partner_id == self.ann and not line.reconciled
            ).reconcile()
            self.env.cr.flush()
            self.assertEqual(self.card.points, before)
            payment = self.env["account.payment"].create(
                {"partner_id": self.ann.id, "amount": 57.5, "journal_id": self.bank_journal.id}
            )
            payment.action_post()
            open_lines = (
                (payment.move_id | debt)
                .with_user(self.clerk)
                .line_ids.filtered(
                    lambda line: (
                        line.account_id == self.receivable and line.partner_id == self.ann and not line.reconciled
                    )
                )
            )
            open_lines.reconcile()
            self.env.cr.flush()
            self.assertEqual(self.card.points, before + 50)
