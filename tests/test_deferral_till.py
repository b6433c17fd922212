"""Deferred revenue at the register: what an order allocates, what its points paid, and what a return takes back."""

from uuid import uuid4

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.loyalty_account.tests.proof_common import ProofVerbs
from odoo.addons.loyalty_pos.tests.common import TillPointsCase
from odoo.addons.loyalty_pos.tests.test_session_closing import ClosingCase, ReductionCase


class DeferralTillCase(ProofVerbs, TillPointsCase):
    """A point per unit without tax, worth 0.10, 90 % expected. The 1,000 points on the card are from before."""

    vat_mode = "tender"
    point_value = 0.1

    @classmethod
    def accounting_values(cls, **values):
        cls.cost_account = cls.make_account("Revenue Deferred for Points", "400900", "income")
        values = super().accounting_values(**values)
        del values["point_value"]
        return {
            **values,
            "accounting_policy": "deferral",
            "issue_on": "paid",
            "point_value_ids": [
                Command.create({"date": "2020-01-01", "point_value": cls.point_value, "redemption_rate": 90})
            ],
        }

    def earning(self, order):
        return self.env["loyalty.earning"].search([("res_model", "=", "pos.order"), ("res_id", "=", order.id)])

    def defer(self, day="2026-03-15"):
        values = {"program_id": self.program.id, "date_to": day}
        run = self.env["loyalty.accrual.run"].sudo().create(values)
        run.action_post()
        return run


@tagged("post_install", "-at_install")
class TestDeferralTill(DeferralTillCase):
    def follow(self, action):
        records = self.env[action["res_model"]].with_user(self.bookkeeper)
        return records.browse(action["res_id"]) if action.get("res_id") else records.search(action["domain"])

    def test_from_order_to_books(self):
        """N2, N15: order of a register, what it earned, cohort, uses and lines, journal entry: each opens the next, for
        an accountant who may read the orders of registers."""
        groups = "base.group_user,account.group_account_user,point_of_sale.group_pos_user"
        self.bookkeeper = new_test_user(self.env, "bookkeeper", groups=groups, company_id=self.program.company_id.id)
        order = self.sell([self.taxed(100, 15)], self.ann, payments=[self.pay(115.0)]).with_user(self.bookkeeper)
        run = self.defer()
        earning = self.follow(order.action_view_loyalty_earnings())
        self.assertRecordValues(earning, [{"res_id": order.id, "allocated_amount": 8.26}])
        entries = self.follow(order.action_view_loyalty_transactions())
        self.assertRecordValues(entries, [{"kind": "earn", "points": 100}])
        self.assertEqual(earning.entry_ids, entries)
        self.assertEqual(self.follow(entries.action_open_document()), order)
        cohort = self.follow(earning.action_view_cohort())
        self.assertEqual(cohort.allocated_amount, 8.26)
        self.assertIn(earning, self.follow(cohort.action_view_sales()))
        self.assertEqual(self.follow(cohort.line_ids[0].action_open_move()), run.move_id)
        nothing = order.sudo().copy().with_user(self.bookkeeper)
        with self.assertRaisesRegex(UserError, "earned no points"):
            nothing.action_view_loyalty_earnings()

    def test_order(self):
        """N2: an order allocates as an invoice does; what points paid of it is no revenue; a return takes its share back."""
        order = self.sell([self.taxed(100, 15)], self.ann, payments=[self.pay(115.0)])
        self.assertRecordValues(
            self.earning(order),
            [{"earnable_points": 100, "revenue_amount": 100.0, "allocated_amount": 8.26, "redemption_rate": 90}],
        )
        uuid = str(uuid4())
        self.hold(230, uuid)
        mixed = self.sell([self.taxed(100, 15)], self.ann, payments=[self.pay(92.0), self.pay_points(23, uuid=uuid)])
        self.assertRecordValues(self.earning(mixed), [{"earnable_points": 80, "revenue_amount": 77.0}])
        line = order.lines
        self.sell(
            [self.taxed(100, 15, qty=-1, refunded_orderline_id=line.id)],
            self.ann,
            payments=[self.pay(-115.0)],
            is_refund=True,
        )
        self.assertRecordValues(self.earning(order), [{"earnable_points": 0, "revenue_amount": 0.0}])
        program = self.program.sudo()
        self.defer()
        self.assertRecordValues(
            program.cohort_ids.sorted("kind", reverse=True),
            [
                {"kind": "sale", "issued_points": 80, "redeemed_points": 0, "allocated_amount": 6.58},
                {"kind": "grant", "issued_points": 1000, "redeemed_points": 230, "allocated_amount": 0.0},
            ],
        )
        self.assertSound("2026-03-15", program)

    def test_control(self):
        """N29, N2: the control reads orders, returns paid with points, and invoices of orders; what was falsified is named."""
        uuid = str(uuid4())
        self.hold(460, uuid)
        mixed = self.sell([self.taxed(200, 15)], self.ann, payments=[self.pay(184.0), self.pay_points(46, uuid=uuid)])
        invoiced = self.sell([self.taxed(100, 15)], self.ann, payments=[self.pay(115.0)], to_invoice=True)
        self.assertTrue(invoiced.account_move)
        self.sell(
            [self.taxed(200, 15, qty=-0.5, refunded_orderline_id=mixed.lines.id)],
            self.ann,
            payments=[self.pay(-92.0), self.pay_points(-23)],
            is_refund=True,
        )
        self.assertEqual(self.earning(mixed).revenue_amount, 77.0)
        program = self.program.sudo()
        self.defer()
        self.assertSound("2026-03-15", program)
        for order in (mixed, invoiced):
            earning = self.earning(order)
            self.tamper(
                "UPDATE loyalty_earning_revenue SET revenue_amount = 10 * revenue_amount, allocated = 10 * allocated "
                "WHERE earning_id = %s AND revenue_amount > 0",
                earning.id,
            )
            self.assertNamed(order, "by the books, but revenue was deferred", "completeness", program=program)


@tagged("post_install", "-at_install")
class TestDeferralClosing(DeferralTillCase, ClosingCase):
    """The revenue that a session books is compared with the lines of its orders."""

    def cash(self, amount):
        return self.pay(amount, self.cash_method)

    def sell_of_all_kinds(self):
        """Sell for money, with points, on an invoice, and take goods back."""
        plain = self.sell([self.taxed(100, 15)], self.ann, payments=[self.cash(115.0)])
        self.sell([self.taxed(100, 15)], self.ann, payments=[self.cash(115.0)], to_invoice=True)
        uuid = str(uuid4())
        self.hold(460, uuid)
        mixed = self.sell([self.taxed(200, 15)], self.ann, payments=[self.cash(184.0), self.pay_points(46, uuid=uuid)])
        self.sell(
            [self.taxed(200, 15, qty=-0.5, refunded_orderline_id=mixed.lines.id)],
            self.ann,
            payments=[self.cash(-92.0), self.pay_points(-23)],
            is_refund=True,
        )
        return plain

    def assertSessionNamed(self, text, size):
        self.assertNamed(self.pos_session, text, "completeness", size=size, program=self.program.sudo())

    def test_falsified_entry(self):
        """N29, N2: an amount or an account of the closing entry that was changed is named, with what is deferred of it."""
        self.sell_of_all_kinds()
        move = self.close()
        self.defer()
        program = self.program.sudo()
        self.assertSound("2026-03-15", program)
        sales = move.line_ids.filtered(lambda line: line.account_id == self.revenue and line.balance < 0)
        self.assertEqual(sales.balance, -300.0)
        # 23.11 are deferred of 277.00.
        self.tamper("UPDATE account_move_line SET balance = balance - 100 WHERE id = %s", sales.id)
        self.assertSessionNamed("books revenue of .*300.00, but the lines of its orders add up to .*200.00", 8.34)
        self.tamper("UPDATE account_move_line SET balance = balance + 100 WHERE id = %s", sales.id)
        self.assertSound("2026-03-15", program)
        self.tamper(
            "UPDATE account_move_line SET account_id = %s WHERE id = %s",
            self.company_data["default_account_receivable"].id,
            sales.id,
        )
        self.assertSessionNamed("books revenue of .*-100.00, but", 25.02)

    def test_falsified_lines(self):
        """N29, N2: an order of the session that was changed after the closing is named too, though nobody earned on it."""
        self.sell_of_all_kinds()
        nobody = self.sell([self.taxed(10, 15)], payments=[self.cash(11.5)])
        self.close()
        self.defer()
        self.assertSound("2026-03-15", self.program.sudo())
        self.tamper("UPDATE pos_order_line SET price_subtotal = 110 WHERE order_id = %s", nobody.id)
        self.assertSessionNamed("books revenue of .*210.00, but the lines of its orders add up to .*310.00", 8.34)

    def test_entry_that_is_gone(self):
        """N29, N2: a closing entry that was reset to draft or reversed leaves nothing of its orders in the books."""
        self.sell_of_all_kinds()
        move = self.close().sudo()
        self.defer()
        reversal = move._reverse_moves([{"date": "2026-03-15"}])
        self.assertSound("2026-03-15", self.program.sudo())
        reversal.action_post()
        self.assertSessionNamed(r"books revenue of \D?0.00, but the lines of its orders add up to .*200.00", 16.68)

    def test_late_invoice(self):
        """N2: an order that is invoiced after the closing stays in the entry, and is undone by one of its own."""
        plain = self.sell_of_all_kinds()
        self.close()
        self.defer()
        plain.with_user(self.env.user).action_pos_order_invoice()
        self.assertTrue(plain.account_move)
        self.assertSound("2026-03-15", self.program.sudo())

    def test_consolidated_invoice(self):
        """N29, N2: orders that share an invoice, before or after the closing, are compared with it together."""
        for late in (False, True):
            with self.subTest(late=late):
                before = self.env["pos.order"].search([])
                self.sell_of_all_kinds()
                orders = (self.env["pos.order"].search([]) - before).filtered(lambda order: not order.account_move)
                if late:
                    self.close()
                wizard = self.env["pos.make.invoice"].with_context(active_ids=orders.ids)
                wizard.create({"consolidated_billing": True}).action_create_invoices()
                self.env.invalidate_all()
                self.assertEqual(len(orders.account_move), 1)
                if not late:
                    self.close()
                    self.pos_session = self.open_session(self.pos_session.config_id)
                self.defer()
                self.assertSound("2026-03-15", self.program.sudo())


@tagged("post_install", "-at_install")
class TestDeferralTillReduction(ProofVerbs, ReductionCase):
    """Points lower the price: 43.48 without tax of 100.00."""

    def test_reduction(self):
        """N29, N2, N4: what points take off is no revenue, with or without invoice; the control reads it; a return undoes it."""
        self.program.sudo().write({"accounting_policy": "none"})
        values = {"date": "2020-01-01", "point_value": 1.0, "vat_rate": 15, "redemption_rate": 90}
        self.program.sudo().write(
            {
                "issue_on": "paid",
                "point_value_ids": [Command.clear(), Command.create(values)],
                "accounting_policy": "deferral",
            }
        )
        earnings = self.env["loyalty.earning"].sudo()
        orders = self.reduced_sale(), self.reduced_sale(to_invoice=True)
        for order in orders:
            earning = earnings.search([("res_model", "=", "pos.order"), ("res_id", "=", order.id)])
            self.assertEqual(earning.mapped("revenue_amount"), [56.52])
        program = self.program.sudo()
        self.env["loyalty.accrual.run"].sudo().create({"program_id": program.id, "date_to": "2026-03-15"}).action_post()
        self.assertSound("2026-03-15", program)
        self.reduced_refund(orders[0])
        earning = earnings.search([("res_model", "=", "pos.order"), ("res_id", "=", orders[0].id)])
        self.assertEqual(earning.revenue_amount, 0.0)
        self.assertSound("2026-03-15", program)
