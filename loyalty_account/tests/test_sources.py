from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .books_common import BooksCase
from .redemption_common import RedemptionCase


@tagged("post_install", "-at_install")
class TestSources(RedemptionCase, BooksCase):
    """Liability and redemptions by the analytic accounts of the documents behind them."""

    def setUp(self):
        super().setUp()
        self.plan, self.other_plan = self.env["account.analytic.plan"].create([{"name": "Shops"}, {"name": "Regions"}])
        accounts = self.env["account.analytic.account"].create(
            [
                {"name": "East", "plan_id": self.plan.id},
                {"name": "West", "plan_id": self.plan.id},
                {"name": "Country", "plan_id": self.other_plan.id},
            ]
        )
        self.east, self.west, self.country = accounts

    def invoice(self, *parts):
        """An invoice with lines of (price, analytic distribution)."""
        invoice = self.make_invoice(100, post=False, invoice_date="2026-02-10")
        invoice.invoice_line_ids = [
            Command.clear(),
            *(
                Command.create(
                    {"product_id": self.product.id, "price_unit": price, "tax_ids": [], "analytic_distribution": mix}
                )
                for price, mix in parts
            ),
        ]
        return invoice

    def report(self, what, plan=None, user=None, date_to="2026-02-28"):
        wizard = (
            self.env["loyalty.source.wizard"]
            .with_user(user or self.accountant)
            .create(
                {
                    "what": what,
                    "date_from": "2026-02-01",
                    "date_to": date_to,
                    "plan_id": (plan or self.plan).id,
                }
            )
        )
        action = wizard.action_show()
        return wizard.env[action["res_model"]].with_context(**action["context"])

    def sums(self, report):
        groups = report._read_group(
            [("program_id", "=", self.program.id)], ["analytic_account_id"], ["points:sum", "amount:sum"]
        )
        return {account: (round(points, 4), round(amount, 2)) for account, points, amount in groups}

    def story(self):
        none = self.env["account.analytic.account"]
        thirds = self.invoice(
            (100, {f"{self.east.id},{self.country.id}": 100}), (200, {f"{self.west.id}": 50}), (0, False)
        )
        whole = self.invoice((70, {f"{self.east.id}": 33.33, f"{self.west.id}": 66.67}))
        self.earn(100, day="2026-02-10", document=("account.move", thirds.id))
        self.earn(7, day="2026-02-11", document=("account.move", whole.id))
        self.earn(10, day="2026-02-12")
        return none, thirds, whole

    def test_liability(self):
        """N29, N1: the liability is shared by the mix of the lines that earned; what nobody assigned stays so."""
        none, *__ = self.story()
        self.run_accrual("2026-02-28")
        found = self.sums(self.report("liability"))
        total = self.program._rollforward(*map(fields.Date.to_date, ("2026-02-01", "2026-02-28")))["closing"]
        self.assertEqual(tuple(map(float, total)), (117.0, 10.17))
        # A third is of the East, half of two thirds of the West; then a third and two thirds of seven points.
        self.assertEqual(
            found,
            {
                self.east: (35.6664, 3.10),
                self.west: (38.0003, 3.30),
                none: (43.3333, 3.77),
            },
        )
        self.assertEqual(round(sum(points for points, __ in found.values()), 4), 117.0)
        self.assertEqual(round(sum(amount for __, amount in found.values()), 2), self.liability())
        # The other plan is another view of the same total.
        found = self.sums(self.report("liability", self.other_plan))
        self.assertEqual(found, {self.country: (33.3333, 2.90), none: (83.6667, 7.27)})

    def test_as_of(self):
        """N29: as of a past day it is what it was, whatever was redeemed since."""
        self.story()
        self.run_accrual("2026-02-28")
        found = self.sums(self.report("liability"))
        self.redeem(100, day="2026-03-03")
        self.assertEqual(self.sums(self.report("liability")), found)
        later = self.sums(self.report("liability", date_to="2026-03-15"))
        self.assertEqual(round(sum(amount for __, amount in later.values()), 2), self.liability())

    def test_redeemed(self):
        """N29: redemptions are shared by the documents that redeemed, before and after their points were accrued."""
        none, thirds, whole = self.story()
        self.redeem(30, day="2026-02-13", document=("account.move", whole.id))
        self.run_accrual("2026-02-20")
        self.redeem(50, day="2026-02-21", document=("account.move", thirds.id))
        self.redeem(5, day="2026-02-22")
        found = self.sums(self.report("redeemed"))
        total = self.program._rollforward(*map(fields.Date.to_date, ("2026-02-01", "2026-02-28")))["redeemed"]
        self.assertEqual(round(sum(points for points, __ in found.values()), 4), 85.0)
        self.assertEqual(float(total[0]), -85.0)
        self.assertEqual(round(sum(amount for __, amount in found.values()), 2), -round(float(total[1]), 2))
        self.assertEqual(
            {account: points for account, (points, __) in found.items()},
            {self.east: 26.6657, self.west: 36.6676, none: 21.6667},
        )

    def test_journal_items(self):
        """N29: cost and release of a redemption carry the mix of the invoice that points paid."""
        self.earn(1000, day="2026-02-01")
        self.run_accrual("2026-02-28")
        invoice = self.invoice((100, {f"{self.east.id}": 100}), (200, {f"{self.west.id}": 50}))
        invoice.action_post()
        self.apply_points(invoice, 30)
        payment = self.loyalty_payments(invoice)
        mix = {f"{self.east.id}": 33.33, f"{self.west.id}": 33.33}
        items = (payment.move_id | self.books_moves()[-1]).line_ids
        cost = items.filtered(lambda line: line.account_id == self.cost_account)
        self.assertEqual(cost.mapped("analytic_distribution"), [mix, mix])
        self.assertFalse(any((items - cost).mapped("analytic_distribution")))

    def test_rights(self):
        """N29: accountants and auditors see it, clerks do not; rows open their documents."""
        __, thirds, __ = self.story()
        row = self.report("liability").search([("analytic_account_id", "=", self.east.id)], order="date")[:1]
        self.assertRecordValues(row, [{"res_model": "account.move", "res_id": thirds.id}])
        self.assertTrue(row.document_name)
        self.assertEqual(row.action_open_document()["res_id"], thirds.id)
        chosen = {"what": "liability", "date_to": "2026-02-28"}
        report = self.env["loyalty.source.report"].with_user(self.auditor).with_context(loyalty_sources=chosen)
        self.assertTrue(report.search([("program_id", "=", self.program.id)]))
        with self.assertRaises(AccessError):
            self.env["account.analytic.plan"].with_user(self.auditor).check_access("read")
        wizard = self.env["loyalty.source.wizard"].with_user(self.auditor).create({"what": "liability"})
        self.assertFalse(wizard.plan_id)
        self.assertEqual(wizard.action_show()["res_model"], "loyalty.source.report")
        with self.assertRaises(AccessError):
            self.env["loyalty.source.report"].with_user(self.clerk).search([])
