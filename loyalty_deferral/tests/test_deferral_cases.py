"""Cases that are meant to break a deferral: whatever happens, points and books agree, and the disclosures foot."""

from dateutil.relativedelta import relativedelta

from odoo import fields
from odoo.exceptions import RedirectWarning, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import DeferralCase


@tagged("post_install", "-at_install")
class TestDeferralCases(DeferralCase):
    def assertTies(self, *days):
        """Points, books and disclosures agree on each of these days; the last is closed, and a second run posts nothing."""
        run = self.defer(days[-1])
        run = self.defer(days[-1])
        self.assertFalse(run.move_id, run.line_ids.mapped(lambda line: (line.kind, line.amount)))
        for day in days:
            self.assertSound(day)
        end = fields.Date.to_date(days[-1])
        found = self.program._deferral_disclosure(end - relativedelta(months=1), end)
        closing = found["rollforward"]["closing"]
        self.assertEqual(float(closing), self.liability())
        self.assertEqual(found["current"] + found["non_current"], closing)
        parts = [amount for name, amount in found["rollforward"].items() if name != "closing"]
        self.assertEqual(sum(parts), closing)

    def test_last_day_and_first(self):
        """N2: sales of the last and the first day of a month, and a redemption between them."""
        self.sell(1000.0, day="2026-01-31")
        self.redeem(20, day="2026-01-31")
        self.sell(1000.0, day="2026-02-01")
        self.redeem(30, day="2026-02-01")
        self.assertTies("2026-01-31", "2026-02-01", "2026-02-28")
        self.assertEqual(self.cohort("2026-01-01").redeemed_points, 50)

    def test_all_expected(self):
        """N2: 100 % expected: nothing is recognised for points that may lapse."""
        self.estimate(100, "2026-01-01")
        self.sell(1000.0, day="2026-01-10")
        self.redeem(50, day="2026-01-20")
        self.assertTies("2026-01-31", "2026-02-28")

    def test_hardly_any_expected(self):
        """N2: a rate of nearly nothing allocates nearly nothing, and more redemptions than expected are refused."""
        self.estimate(0.01, "2026-01-01")
        self.sell(1000.0, day="2026-01-10")
        self.assertTies("2026-01-31")
        self.redeem(50, day="2026-02-20")
        with self.assertRaisesRegex(UserError, "more points were redeemed than expected"):
            self.defer("2026-02-28")
        self.estimate(60, "2026-02-28")
        self.assertTies("2026-01-31", "2026-02-28")

    def test_no_rate(self):
        """N2: a rate of 0, below or above what can be is refused."""
        for rate in (-1, 100.01):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                self.estimate(rate, "2026-01-01")

    def test_return_after_all_was_redeemed(self):
        """N2: goods come back whose points were all spent."""
        invoice = self.sell(1000.0, day="2026-01-10")
        self.redeem(100, day="2026-01-20")
        self.defer("2026-01-31")
        self.credit(invoice, 1000.0, day="2026-02-10")
        self.assertTies("2026-01-31", "2026-02-28")

    def test_return_and_sale_on_one_day(self):
        """N2: sold and returned on the same day: nothing is left."""
        invoice = self.sell(1000.0, day="2026-01-10")
        self.credit(invoice, 1000.0, day="2026-01-10")
        self.assertTies("2026-01-31")
        self.assertEqual(self.liability(), 0.0)

    def test_part_returns(self):
        """N2: a sale that comes back in three parts."""
        invoice = self.sell(1000.0, day="2026-01-10")
        self.redeem(10, day="2026-01-15")
        for day, amount in (("2026-01-20", 333.33), ("2026-02-10", 333.33), ("2026-03-10", 333.34)):
            self.credit(invoice, amount, day=day)
        self.assertTies("2026-01-31", "2026-02-28", "2026-03-15")

    def test_unlinked_credit_note(self):
        """N2: a credit note that is not linked to the invoice is no return of its points."""
        self.sell(1000.0, day="2026-01-10")
        with self.on("2026-02-10"):
            self.make_invoice(
                300.0,
                post=True,
                move_type="out_refund",
                invoice_date="2026-02-10",
                date="2026-02-10",
                loyalty_card_id=False,
            )
            self.env.cr.flush()
        self.assertTies("2026-01-31", "2026-02-28")

    def test_unpaid_then_paid_next_month(self):
        """N2: an invoice that is paid in the next month stays in the cohort of its own."""
        invoice = self.sell(1000.0, day="2026-01-10", pay=False)
        self.defer("2026-01-31")
        with self.on("2026-02-10"):
            self.pay(invoice)
        self.redeem(40, day="2026-02-20")
        self.assertTies("2026-01-31", "2026-02-28")
        self.assertEqual(self.cohort("2026-01-01").issued_points, 100)

    def test_unpaid_then_cancelled(self):
        """N2: an unpaid invoice that goes back to draft and is cancelled leaves nothing."""
        invoice = self.sell(1000.0, day="2026-01-10", pay=False)
        self.defer("2026-01-31")
        with self.on("2026-02-10"):
            invoice.button_draft()
            invoice.button_cancel()
            self.env.cr.flush()
        self.assertTies("2026-01-31", "2026-02-28")
        self.assertEqual(self.liability(), 0.0)

    def test_payment_undone(self):
        """N2: a payment that is undone in the next month takes the points, not the allocation of the invoice."""
        invoice = self.sell(1000.0, day="2026-01-10", pay=False)
        with self.on("2026-01-12"):
            payment = self.pay(invoice)
        self.defer("2026-01-31")
        with self.on("2026-02-10"):
            payment.action_draft()
            payment.action_cancel()
            self.env.cr.flush()
        self.assertTies("2026-01-31", "2026-02-28")
        with self.on("2026-03-10"):
            self.pay(invoice)
        self.assertTies("2026-01-31", "2026-02-28", "2026-03-15")

    def test_archived_program(self):
        """N2: a program is not archived while customers have points; afterwards it closes and is proved as before."""
        self.sell(1000.0, day="2026-01-10")
        self.defer("2026-01-31")
        with self.assertRaises(RedirectWarning), self.env.cr.savepoint():
            self.program.active = False
        self.redeem(95, day="2026-02-10")
        self.post("adjust", -5, day="2026-02-11")
        self.program.active = False
        self.assertTies("2026-01-31", "2026-02-28")
        self.assertEqual(self.liability(), 0.0)

    def test_archived_card(self):
        """N2: an archived card changes nothing of what is deferred."""
        self.sell(1000.0, day="2026-01-10")
        self.redeem(30, day="2026-01-20")
        self.card.active = False
        self.assertTies("2026-01-31", "2026-02-28")

    def test_renamed(self):
        """N2: a program and a company with other names close as before."""
        self.sell(1000.0, day="2026-01-10")
        self.defer("2026-01-31")
        self.program.name = 'Club "Nord" & <Söhne>; 100 %'
        self.company.name = "Nord % AG"
        self.redeem(30, day="2026-02-20")
        self.assertTies("2026-01-31", "2026-02-28")

    def test_close_undo_close(self):
        """N2, M12: a close whose entry is reversed, twice, and closed again."""
        self.sell(1000.0, day="2026-01-10")
        self.redeem(20, day="2026-01-20")
        for __ in range(2):
            run = self.defer("2026-01-31")
            with self.on("2026-02-03"):
                run.move_id._reverse_moves([{"date": fields.Date.to_date("2026-02-03")}])._post()
                self.env.cr.flush()
            self.assertSound("2026-01-31")
        self.assertTies("2026-01-31", "2026-02-28")

    def test_older_day_after_newer(self):
        """N2, M12: a run for an older day after that of a newer one."""
        self.sell(1000.0, day="2026-01-10")
        self.sell(1000.0, day="2026-02-10")
        self.redeem(60, day="2026-02-20")
        self.defer("2026-02-28")
        try:
            self.defer("2026-01-31")
        except UserError as error:
            self.assertIn("2026", str(error))
        self.assertTies("2026-02-28")

    def test_reverted_rates(self):
        """N16: an estimate that goes up and down again ends where one that stayed does."""
        self.sell(1000.0, day="2026-01-10")
        self.redeem(40, day="2026-01-20")
        self.defer("2026-01-31")
        before = self.liability()
        self.estimate(60, "2026-02-10")
        self.defer("2026-02-28")
        self.assertLess(self.liability(), before)
        self.estimate(95, "2026-03-10")
        self.assertTies("2026-01-31", "2026-02-28", "2026-03-15")
        self.assertEqual(self.liability(), before)

    def test_tiny_sales(self):
        """N2: many sales of a cent or less of allocation each; the cohort rounds once."""
        for __ in range(12):
            self.sell(0.1, day="2026-01-10")
        self.sell(10.05, 20.07, day="2026-01-11")
        self.assertTies("2026-01-31")

    def test_scaled(self):
        """N2: 1,000 times the sales and redemptions defer 1,000 times the amount, within a cent."""
        self.sell(10.0, day="2026-01-10")
        self.sell(10000.0, day="2026-02-10")
        self.assertTies("2026-02-28")
        small, large = self.cohort("2026-01-01").allocated_amount, self.cohort("2026-02-01").allocated_amount
        self.assertAlmostEqual(large / 1000, small, delta=0.01)

    def test_adjusted_away(self):
        """N2: points that a manager takes off lapse; those that he grants carry nothing."""
        self.sell(1000.0, day="2026-01-10")
        self.post("adjust", -40, day="2026-01-20")
        self.post("adjust", 500, day="2026-01-21")
        self.redeem(300, day="2026-02-20")
        self.assertTies("2026-01-31", "2026-02-28")

    def test_reversed_redemption_after_close(self):
        """N2: a redemption that is undone after its close; its revenue goes back."""
        self.sell(1000.0, day="2026-01-10")
        entry = self.redeem(50, day="2026-01-20")
        self.defer("2026-01-31")
        first = self.liability()
        self.reverse(entry, day="2026-02-10")
        self.assertTies("2026-01-31", "2026-02-28")
        self.assertGreater(self.liability(), first)

    def test_debt(self):
        """N2: a return of a sale whose points were spent with those of another sale."""
        first = self.sell(1000.0, day="2026-01-10")
        self.redeem(90, day="2026-01-20")
        self.sell(500.0, day="2026-02-02")
        self.credit(first, 1000.0, day="2026-02-10")
        self.sell(700.0, day="2026-02-12")
        self.assertTies("2026-01-31", "2026-02-28")

    def test_foreign_sale(self):
        """N2: a sale in a currency whose rate changes before the close, and its return at the new rate."""
        euro, dollar = self.env.ref("base.EUR"), self.env.ref("base.USD")
        euro = dollar if self.company.currency_id == euro else euro
        euro.active = True
        euro.rate_ids = [
            Command.create({"name": day, "rate": rate, "company_id": self.company.id})
            for day, rate in (("2026-01-01", 0.5), ("2026-02-01", 0.8))
        ]
        invoice = self.sell(500.0, day="2026-01-10", currency_id=euro.id)
        self.defer("2026-01-31")
        self.assertEqual(self.cohort("2026-01-01").revenue_amount, 1000.0)
        self.credit(invoice, 250.0, day="2026-02-10", currency_id=euro.id)
        self.assertTies("2026-01-31", "2026-02-28")
        self.assertEqual(self.cohort("2026-01-01").revenue_amount, 500.0)

    def test_locked_twice(self):
        """N2, M12: months that are locked before their close, one after the other."""
        self.sell(1000.0, day="2026-01-10")
        self.company.fiscalyear_lock_date = "2026-01-31"
        self.defer("2026-01-31")
        self.sell(1000.0, day="2026-02-10")
        self.redeem(70, day="2026-02-20")
        self.company.fiscalyear_lock_date = "2026-02-28"
        self.defer("2026-02-28")
        self.assertSound("2026-02-28")
        self.assertTies("2026-01-31", "2026-03-15")

    def test_unit_value_changes(self):
        """N2: a point that is worth more from a day on changes later documents only."""
        self.sell(1000.0, day="2026-01-10")
        self.program.point_value_ids = [
            Command.create({"date": "2026-02-01", "point_value": 3.0, "vat_rate": 15, "redemption_rate": 95})
        ]
        self.sell(1000.0, day="2026-02-10")
        self.assertTies("2026-01-31", "2026-02-28")
        self.assertEqual(self.cohort("2026-01-01").allocated_amount, 86.76)
        self.assertGreater(self.cohort("2026-02-01").allocated_amount, 86.76 * 2)

    def test_without_rights(self):
        """N2: who keeps no books neither closes nor reads cohorts."""
        self.sell(1000.0, day="2026-01-10")
        self.defer("2026-01-31")
        clerk = self.clerk
        with self.assertRaises(UserError):
            self.cohort("2026-01-01").with_user(clerk).action_view_uses()
        with self.assertRaises(UserError):
            self.env["loyalty.disclosure"].with_user(clerk).create({})
