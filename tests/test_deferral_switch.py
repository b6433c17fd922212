"""A change to deferred revenue, or back, while registers and the portal go on: orders that come late, and returns after it."""

import base64
from uuid import uuid4

from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.loyalty_account.tests.books_common import BooksCase
from odoo.addons.loyalty_account.tests.proof_common import ProofVerbs
from odoo.addons.loyalty_deferral.tests.common import DeferralCase
from odoo.addons.loyalty_pos.tests.test_session_closing import ClosingCase


class SwitchTillCase(ProofVerbs, BooksCase, ClosingCase):
    """A program that accrues 0.10 a point, and earns a point per unit without tax. Today is 15 March 2026."""

    vat_mode = "tender"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.income = cls.make_account("Revenue Deferred for Points", "400900", "income")
        cls.equity = cls.make_account("Retained Earnings", "300900", "equity")
        cls.administrator = cls.make_role("administrator", "account.group_account_manager")

    @classmethod
    def accounting_values(cls, **values):
        return {**super().accounting_values(**values), "issue_on": "paid", "tax_map_ids": [Command.clear()]}

    def sell_on(self, day, *lines, paid=115.0, **values):
        """An order of that day; the register may send it later."""
        lines = lines or [self.taxed(100, 15)]
        values.setdefault("payments", [self.pay(paid, self.cash_method)])
        return self.sell(lines, self.ann, date_order=f"{day} 09:00:00", **values)

    def take_back(self, order, day, qty=1):
        line = self.taxed(100, 15, qty=-qty, refunded_orderline_id=order.lines.id)
        return self.sell_on(day, line, paid=-115.0 * qty, is_refund=True)

    def earning(self, order):
        return self.env["loyalty.earning"].sudo().search([("res_model", "=", order._name), ("res_id", "=", order.id)])

    def switch(self, day, **values):
        switch = (
            self.env["loyalty.deferral.switch"]
            .with_user(self.administrator)
            .create(
                {
                    "program_id": self.program.id,
                    "date": day,
                    "policy": "deferral",
                    "redemption_rate": 90,
                    "counterpart_id": self.equity.id,
                    "cost_account_id": self.income.id,
                    **values,
                }
            )
        )
        switch.action_preview()
        switch.action_post()
        return switch

    def cohorts(self):
        return {
            (str(cohort.date_from)[:7], cohort.kind): (cohort.issued_points, cohort.deferred_amount)
            for cohort in self.program.sudo().cohort_ids
        }

    def assertSoundOn(self, *days):
        for day in days:
            with self.subTest(day):
                self.assertSound(day, self.program.sudo())


@tagged("post_install", "-at_install")
class TestDeferralSwitchTill(SwitchTillCase):
    DAYS = ("2026-03-09", "2026-03-10", "2026-03-12", "2026-03-15")

    def check_closed(self, cohorts, liability):
        """Post what is due, close the session, and look at what is deferred: every day is sound before and after."""
        self.assertSoundOn(*self.DAYS)
        self.run_accrual("2026-03-15")
        self.assertEqual(self.cohorts(), cohorts)
        self.close()
        self.assertEqual(self.liability(), liability)
        self.assertSoundOn(*self.DAYS)

    def test_session_closed_after(self):
        """N2: an order before the change whose session is closed after it is part of the transition, and of no sale's cohort."""
        self.sell_on("2026-03-08")
        switch = self.switch("2026-03-10")
        self.assertEqual(switch.deferred_amount, 9.0)
        self.check_closed({("2026-03", "transition"): (100, 9.0)}, 9.0)

    def test_sent_late(self):
        """N2: an order of before the change that the register sends after it is deferred by the next close."""
        self.sell_on("2026-02-08")
        self.assertEqual(self.switch("2026-03-10").deferred_amount, 9.0)
        late = self.sell_on("2026-03-09")
        self.assertRecordValues(self.earning(late), [{"revenue_amount": 100.0, "allocated_amount": 8.26}])
        self.check_closed({("2026-02", "transition"): (100, 9.0), ("2026-03", "sale"): (100, 8.26)}, 17.26)

    def test_returned_after(self):
        """N2, N4: goods that were sold before the change and come back after it take their part of the transition along."""
        self.sell_on("2026-03-02")
        order = self.sell_on("2026-03-08")
        self.assertEqual(self.switch("2026-03-10").deferred_amount, 18.0)
        self.take_back(order, "2026-03-12", 0.5)
        self.check_closed({("2026-03", "transition"): (150, 13.5)}, 13.5)

    def test_sent_and_returned_late(self):
        """N2, N4: of an order that was sent late, half comes back."""
        self.sell_on("2026-02-08")
        self.switch("2026-03-10")
        self.take_back(self.sell_on("2026-03-09"), "2026-03-12", 0.5)
        self.check_closed({("2026-02", "transition"): (100, 9.0), ("2026-03", "sale"): (50, 4.13)}, 13.13)

    def test_redeemed_late(self):
        """N2, N4: points that the transition took over, and that an order used which the register sends late, are redeemed;
        what comes back of them is owed as before, and not a second time."""
        self.sell_on("2026-02-02", self.taxed(1000, 15), paid=1150.0)
        self.assertEqual(self.switch("2026-03-10").deferred_amount, 90.0)
        uuid = str(uuid4())
        self.hold(230, uuid)
        order = self.sell_on("2026-03-09", payments=[self.pay(92.0, self.cash_method), self.pay_points(23, uuid=uuid)])
        self.assertSoundOn(*self.DAYS)
        run = self.run_accrual("2026-03-15")
        self.assertEqual(self.cohorts(), {("2026-02", "transition"): (1000, 67.0), ("2026-03", "sale"): (80, 6.58)})
        self.assertEqual({line.kind: line.amount for line in run.line_ids}, {"redeem": -23.0, "allocate": 6.58})
        self.assertSoundOn(*self.DAYS)
        self.sell_on(
            "2026-03-15",
            self.taxed(100, 15, qty=-1, refunded_orderline_id=order.lines.id),
            payments=[self.pay(-92.0, self.cash_method), self.pay_points(-23)],
            is_refund=True,
        )
        self.check_closed({("2026-02", "transition"): (1000, 90.0), ("2026-03", "sale"): (0, 0.0)}, 90.0)

    def test_given_back_late(self):
        """N2, N4: points of an earlier redemption that a return of before the change gives back after it are owed again."""
        self.sell_on("2026-02-02", self.taxed(1000, 15), paid=1150.0)
        uuid = str(uuid4())
        self.hold(230, uuid)
        order = self.sell_on("2026-03-05", payments=[self.pay(92.0, self.cash_method), self.pay_points(23, uuid=uuid)])
        self.assertEqual(self.switch("2026-03-10").deferred_amount, 76.5)
        self.sell_on(
            "2026-03-09",
            self.taxed(100, 15, qty=-1, refunded_orderline_id=order.lines.id),
            payments=[self.pay(-92.0, self.cash_method), self.pay_points(-23)],
            is_refund=True,
        )
        self.assertEqual(self.card.points, 1000)
        self.check_closed({("2026-02", "transition"): (1000, 90.0), ("2026-03", "transition"): (0, 0.0)}, 90.0)

    def test_back(self):
        """N2: orders around the end of a deferral, sent late or returned later, are accrued with the points that are left."""
        self.sell_on("2026-02-08")
        self.switch("2026-02-28")
        before = self.sell_on("2026-03-05")
        self.run_accrual("2026-03-10")
        self.assertEqual(self.liability(), 17.26)
        self.switch("2026-03-12", policy="accrual", cost_account_id=self.cost_account.id, reason="Not material")
        self.assertEqual(self.liability(), 20.0)
        days = ("2026-02-27", "2026-02-28", "2026-03-10", "2026-03-11", "2026-03-12", "2026-03-15")
        self.assertSoundOn(*days)
        orders = (before, self.sell_on("2026-03-11"), self.sell_on("2026-03-14"))
        self.assertSoundOn(*days)
        for order in orders:
            self.take_back(order, "2026-03-15", 0.5)
        self.assertSoundOn(*days)
        self.run_accrual("2026-03-15")
        self.assertEqual(self.liability(), 25.0)
        self.close()
        self.assertSoundOn(*days)


@tagged("post_install", "-at_install")
class TestDeferralChannels(DeferralCase):
    """10 points for 100.00, worth 1.00 each, of which 95 % are expected."""

    def test_portal_order(self):
        """N2: an order that a customer confirms in the portal is deferred by its invoices, like any other."""
        user = new_test_user(self.env, "deferral_portal", groups="base.group_portal", company_id=self.company.id)
        product = self.env["product.product"].create(
            {"name": "Kettle", "type": "service", "list_price": 500.0, "taxes_id": False, "invoice_policy": "order"}
        )
        with self.on("2026-01-10"):
            order = self.env["sale.order"].sudo()
            order = order.create(
                {
                    "partner_id": user.partner_id.id,
                    "company_id": self.company.id,
                    "order_line": [Command.create({"product_id": product.id, "product_uom_qty": 2})],
                }
            )
            order.action_quotation_sent()
            order.with_user(user).sudo().action_confirm()
            self.assertEqual(order.state, "sale")
            self.defer("2026-01-10")
            self.assertEqual(self.liability(), 0.0)
        with self.on("2026-01-12"):
            invoice = order._create_invoices()
            invoice.invoice_date = invoice.date = "2026-01-12"
            invoice.action_post()
            self.env.cr.flush()
        self.defer("2026-01-31")
        self.assertEqual(self.liability(), 86.76)
        with self.on("2026-02-10"):
            self.pay(invoice)
        self.assertRecordValues(
            invoice.loyalty_earning_id, [{"revenue_amount": 1000.0, "points": 100, "allocated_amount": 86.76}]
        )
        self.assertEqual(self.env["loyalty.card"].search([("partner_id", "=", user.partner_id.id)]).points, 100)
        self.defer("2026-02-28")
        self.assertRecordValues(self.cohort("2026-01-01"), [{"open_points": 100, "deferred_amount": 86.76}])
        for day in ("2026-01-10", "2026-01-31", "2026-02-28"):
            self.assertSound(day)

    def test_import_of_balances(self):
        """N2: balances that are imported are points without a sale: nothing is deferred for them, and they dilute no sale."""
        self.sell(1000.0, day="2026-01-10")
        self.defer("2026-01-31")
        with self.on("2026-02-10"):
            load = self.env["loyalty.balance.import"].create(
                {
                    "program_id": self.program.id,
                    "reason": "Old system",
                    "data": base64.b64encode(f"card;points\n{self.card.code};500\n".encode()),
                }
            )
            load.action_check()
            load.action_import()
        self.assertEqual(self.card.points, 600)
        self.defer("2026-02-28")
        self.assertRecordValues(
            self.cohort("2026-02-01", "grant"),
            [{"issued_points": 500, "allocated_amount": 0.0, "deferred_amount": 0.0}],
        )
        self.assertEqual(self.liability(), 86.76)
        self.redeem(95, day="2026-03-05")
        self.defer("2026-03-15")
        self.assertEqual(self.liability(), 0.0)
        for day in ("2026-01-31", "2026-02-28", "2026-03-15"):
            self.assertSound(day)
