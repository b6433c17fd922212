"""Published cases that are several times as large, against their exact fractions instead of their rounded figures."""

from fractions import Fraction

from odoo.fields import Command
from odoo.tests import tagged

from .common import DeferralCase
from .test_deferral_tools import cases


@tagged("post_install", "-at_install")
class TestDeferralScaled(DeferralCase):
    def test_scaled_cases(self):
        """N2: a case k times as large has k times its figures in documents, closes and entries, within a cent per period."""
        for case in cases():
            for factor in (3, 7, 1000):
                with self.subTest(case["name"], factor=factor):
                    self.check_scaled(case, factor)

    def check_scaled(self, case, factor):
        sales, price = (Fraction(str(case[name])) * factor for name in ("sales", "points_standalone"))
        allocated = sales * price / (sales + price)
        program, card = self.begin(case, factor)
        earned_before = posted_before = Fraction(0)
        done = 0
        for month, period in enumerate(case["periods"], 8):
            redeemed = period["redeemed_cumulative"] * factor
            self.redeem(redeemed - done, card, day=f"2025-{month:02}-10")
            done = redeemed
            program.point_value_ids = [self.estimate_of(case, period, f"2025-{month:02}-11")]
            run = self.run_accrual(f"2025-{month:02}-28", program)
            lines = run.move_id.line_ids.filtered(lambda line: line.account_id == self.cost_account)
            revenue = -Fraction(str(self.company.currency_id.round(sum(lines.mapped("balance")))))
            if month == 8:
                booked = Fraction(str(program.cohort_ids.allocated_amount))
                self.assertLessEqual(abs(booked - allocated), Fraction(1, 200))
                revenue += booked
            earned = allocated * period["redeemed_cumulative"] / period["expected_total"]
            self.assertLessEqual(abs(revenue - (earned - earned_before)), Fraction(1, 100), month)
            posted = posted_before + revenue
            deferred = Fraction(str(program.cohort_ids.deferred_amount))
            self.assertLessEqual(abs(deferred - (allocated - earned)), Fraction(1, 100), month)
            self.assertEqual(booked - posted, deferred, month)
            earned_before, posted_before = earned, posted
        self.assertSound("2025-12-31", program)

    def begin(self, case, factor):
        """Sell all of a case in one invoice, in a program of its own."""
        rates = [self.estimate_of(case, case["periods"][0], "2020-01-01")]
        values = {**self.accounting_values(), "point_value_ids": rates}
        program = self.make_program(name=f"{case['name']} x {factor}", **values)
        program.rule_ids.reward_point_amount = case["points_issued"] / case["sales"]
        program.earning_rounding = "nearest"
        card = self.make_card(program=program)
        self.sell(case["sales"] * factor, day="2025-07-10", loyalty_card_id=card.id)
        self.assertEqual(card.points, case["points_issued"] * factor)
        return program, card

    def estimate_of(self, case, period, day):
        return Command.create(
            {
                "date": day,
                "point_value": case["points_standalone"] / case["periods"][0]["expected_total"],
                "redemption_rate": 100 * period["expected_total"] / case["points_issued"],
            }
        )
