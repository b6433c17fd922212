"""What counts as sales of a period in invoices of every kind, with exact figures."""

from datetime import date

from odoo.fields import Command
from odoo.tests import tagged

from .common import RebateCase

FEBRUARY, MARCH = date(2026, 2, 28), date(2026, 3, 31)


@tagged("post_install", "-at_install")
class TestChannels(RebateCase):
    def test_foreign_currency(self):
        """bM3, S24: sales in a foreign currency count in the company's, at the rate of their day: 3,000.00 are 1,500.00."""
        foreign = self.setup_other_currency("CHF", rates=[("2026-01-01", 2.0), ("2026-03-01", 4.0)])
        invoice = self.sell(3000.0, day="2026-02-10", currency_id=foreign.id)
        self.assertEqual((self.figures(FEBRUARY)["sales"], self.figures(FEBRUARY)["accrued"]), (1500.0, 50.0))
        self.program._roll_over(FEBRUARY)
        # The credit note has the rate of its own day: 800.00 are 200.00.
        self.make_invoice(
            800.0,
            post=True,
            move_type="out_refund",
            invoice_date="2026-03-05",
            date="2026-03-05",
            reversed_entry_id=invoice.id,
            currency_id=foreign.id,
        )
        self.sell(1500.0, day="2026-03-06")
        self.program._roll_over(MARCH)
        self.assertEqual(self.card.points, 50.0 + 50.0 - 20.0)

    def test_branch(self):
        """M7, S24: sales of a branch count for the program of its company."""
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": self.company.id, "country_id": self.company.country_id.id}
        )
        self.cr.precommit.run()  # the branch takes over the chart of accounts
        (self.clerk | self.env.user).write({"company_ids": [Command.link(branch.id)]})
        self.sell(900.0, day="2026-03-10")
        branch_sale = self.sell(300.0, day="2026-03-11", company=branch)
        self.assertEqual(branch_sale.company_id, branch)
        self.assertEqual((self.figures()["sales"], self.figures()["accrued"]), (1200.0, 20.0))
        other = self.setup_other_company()["company"]
        self.assertEqual(self.program.company_id, self.company)
        self.assertNotEqual(other, self.company)

    def test_gift_cards(self):
        """M8, N14: a gift card that is sold is no sale, and one that pays lowers none."""
        card_product, used = self.env["product.product"].create(
            [
                {"name": name, "type": "service", "taxes_id": [Command.clear()]}
                for name in ("Gift Card", "Gift Card Used")
            ]
        )
        rule = {"reward_point_mode": "money", "reward_point_amount": 1, "product_ids": card_product.ids}
        reward = {"required_points": 1, "discount_mode": "per_point", "discount": 1}
        gifts = self.env["loyalty.program"].create(
            {
                "name": "Gift Cards",
                "program_type": "gift_card",
                "applies_on": "future",
                "trigger": "auto",
                "rule_ids": [Command.clear(), Command.create(rule)],
                "reward_ids": [Command.clear(), Command.create({**reward, "discount_line_product_id": used.id})],
            }
        )
        self.assertEqual(gifts.reward_ids.discount_line_product_id, used)
        self.sell(
            1500.0,
            {"price_unit": 500.0, "product_id": card_product.id},
            {"price_unit": -300.0, "product_id": used.id},
            day="2026-03-10",
        )
        self.assertEqual((self.figures()["sales"], self.figures()["accrued"]), (1500.0, 50.0))

    def test_receipts_and_plain_credit_notes(self):
        """M10: receipts count; a credit note that returns no known invoice lowers the sales of its own month."""
        self.sell(1500.0, day="2026-03-10", move_type="out_receipt")
        self.make_invoice(200.0, post=True, move_type="out_refund", invoice_date="2026-03-12", date="2026-03-12")
        self.assertEqual((self.figures()["sales"], self.figures()["accrued"]), (1300.0, 30.0))

    def test_drafts_and_cancelled(self):
        """M10, M12: drafts do not count; a cancelled invoice of a credited period is taken off the next roll-over."""
        self.make_invoice(5000.0, invoice_date="2026-02-09", date="2026-02-09")
        self.sell(1500.0, day="2026-02-10")
        wrong = self.sell(300.0, day="2026-02-11")
        self.program._roll_over(FEBRUARY)
        self.assertEqual(self.card.points, 80.0)
        wrong.button_draft()
        wrong.button_cancel()
        self.sell(1700.0, day="2026-03-10")
        self.program._roll_over(MARCH)
        self.assertEqual(self.card.points, 80.0 + 70.0 - 30.0)

    def test_quarter(self):
        """bM1, bM3: a quarter is rolled over by the close of its last month, at the sum of its sales."""
        self.program.period_length = "quarter"
        for day in ("2026-01-10", "2026-02-10", "2026-03-10"):
            self.sell(500.0, day=day)
        self.sell(9000.0, day="2026-04-01")
        with self.on("2026-04-03"):
            for end in (date(2026, 1, 31), FEBRUARY):
                close = self.close(end)
                close._run()
                self.assertEqual((close.state, self.card.points), ("done", 0.0), close.problem)
                self.assertFalse(self.step(close, "roll_over"))
            close = self.close(MARCH)
            close._run()
            self.assertEqual((close.state, close.residual, self.card.points), ("done", 0.0, 50.0), close.problem)
            self.assertEqual((self.card.entry_ids.effective_date, self.liability()), (MARCH, 50.0))

    def test_year(self):
        """bM1: a year is rolled over once, by the close in which it ends."""
        self.program.period_length = "year"
        self.sell(800.0, day="2025-01-01")
        self.sell(900.0, day="2025-12-31")
        self.sell(5000.0, day="2026-01-01")
        close = self.close(date(2025, 12, 31), date(2025, 1, 1))
        close._run()
        self.assertEqual((close.state, self.card.points), ("done", 70.0), close.problem)
        self.assertEqual(self.card.entry_ids.effective_date, date(2025, 12, 31))

    def test_points_do_not_lower_sales(self):
        """M9, M14: a credit note that pays credits of the period out lowers no sales."""
        self.program.settlement = "account"
        self.sell(1100.0, day="2026-02-10")
        self.close(FEBRUARY)._run()
        self.assertEqual(self.figures(FEBRUARY)["sales"], 1100.0)
        self.assertEqual(self.program._roll_over(FEBRUARY), (0, 0.0))
