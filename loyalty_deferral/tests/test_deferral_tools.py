import json
from decimal import Decimal
from pathlib import Path

from odoo.tests import BaseCase, tagged

from ..tools.deferral import Cohort, allocate, is_exceeded, recognised, round_amount, split_change

CENT = Decimal("0.01")
GOLDEN = Path(__file__).parent / "golden"


def cases():
    """Return the golden cases, Example 52 of IFRS 15 first."""
    example = json.loads((GOLDEN / "ifrs15_example52.json").read_text())
    cents = example["in_cents"]
    first = {
        "name": "IFRS 15, Example 52",
        "sales": example["sales"],
        "points_issued": example["points_issued"],
        "points_standalone": example["expected_redeemed"],
        "allocated_points": cents["allocated_points"],
        "periods": cents["periods"],
    }
    return [first, *json.loads((GOLDEN / "ifrs15_vectors.json").read_text())["cases"]]


def decimal(number):
    return Decimal(str(number))


@tagged("post_install", "-at_install")
class TestDeferralTools(BaseCase):
    def test_golden_cases(self):
        """N2: Example 52 and the published cases, to the cent over all their periods; no other well-known wrong figure."""
        for case in cases():
            with self.subTest(case["name"]):
                self._check_case(case)

    def test_scaled(self):
        """N2: a case that is k times as large has figures k times as large, within one cent per period."""
        for case in cases():
            for factor in (Decimal(3), Decimal("0.37"), Decimal(1000)):
                with self.subTest(case["name"], factor=factor):
                    one, many = self._run(case, Decimal(1)), self._run(case, factor)
                    for number, (small, large) in enumerate(zip(one, many)):
                        # The rounding of the small case is scaled too.
                        limit = CENT * max(1, factor) * (number + 1)
                        self.assertLessEqual(abs(small * factor - large), limit)

    def _run(self, case, factor):
        price = decimal(case["points_standalone"]) * factor
        sales = decimal(case["sales"]) * factor
        amount = round_amount(allocate(sales, 1, (price, Decimal(1)), Decimal(100)), CENT)
        results = []
        for period in case["periods"]:
            rate = decimal(period["expected_total"]) * 100 / case["points_issued"]
            cohort = Cohort(amount, case["points_issued"], period["redeemed_cumulative"])
            results.append(recognised(cohort, rate, CENT))
        return results

    def _check_case(self, case):
        allocated = round_amount(
            allocate(decimal(case["sales"]), 1, (decimal(case["points_standalone"]), Decimal(1)), Decimal(100)), CENT
        )
        self.assertEqual(allocated, decimal(case["allocated_points"]))
        before, posted, old_rate = Cohort(allocated, case["points_issued"], 0), Decimal(0), None
        for period in case["periods"]:
            rate = decimal(period["expected_total"]) * 100 / case["points_issued"]
            now = Cohort(allocated, case["points_issued"], period["redeemed_cumulative"])
            self.assertFalse(is_exceeded(now, rate))
            target = recognised(now, rate, CENT)
            self.assertEqual(target, decimal(period["revenue_cumulative"]))
            self.assertEqual(target - posted, decimal(period["revenue_period"]))
            self.assertEqual(allocated - target, decimal(period["liability"]))
            reasons = split_change(before, now, old_rate or rate, rate, posted, CENT)
            self.assertEqual(sum(reasons.values()), target - posted)
            before, posted, old_rate = now, target, rate

    def test_reasons(self):
        """N2: in year 2 of Example 52 redemptions make 3,652.97, and the higher estimate takes 160.05 of it back."""
        amount = Decimal("8675.80")
        before, now = Cohort(amount, 10000, 4500), Cohort(amount, 10000, 8500)
        self.assertEqual(
            split_change(before, now, Decimal(95), Decimal(97), Decimal("4109.59"), CENT),
            {
                "return": Decimal("0.00"),
                "redeem": Decimal("3652.97"),
                "breakage": Decimal("0.00"),
                "re_estimate": Decimal("-160.05"),
            },
        )

    def test_estimates(self):
        """N2: a higher estimate lowers what is recognised, a lower one raises it; what is left open always carries something."""
        cohort = Cohort(Decimal(1000), 1000, 400)
        self.assertEqual(recognised(cohort, Decimal(80), CENT), Decimal("500.00"))
        self.assertEqual(recognised(cohort, Decimal(90), CENT), Decimal("444.44"))
        self.assertEqual(recognised(cohort, Decimal(50), CENT), Decimal("800.00"))
        self.assertTrue(is_exceeded(cohort, Decimal(39)))
        self.assertFalse(is_exceeded(cohort, Decimal(40)))
        # Nothing open: all of it, whatever was expected. More lapsed than expected: the rest carries all.
        self.assertEqual(recognised(Cohort(Decimal(1000), 1000, 400, 600), Decimal(39), CENT), Decimal(1000))
        self.assertEqual(recognised(Cohort(Decimal(1000), 1000, 400, 500), Decimal(90), CENT), Decimal("800.00"))
        # Nobody redeemed any, and all are gone.
        self.assertEqual(recognised(Cohort(Decimal(1000), 1000, 0, 1000), Decimal(90), CENT), Decimal(1000))
        self.assertEqual(allocate(Decimal(0), 100, (Decimal(1), Decimal(1)), Decimal(90)), 0)
