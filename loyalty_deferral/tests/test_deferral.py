from odoo.tests import tagged

from .common import DeferralCase

NEW, REDEEMED = "Revenue deferred for loyalty points", "Revenue of redeemed loyalty points"
AGAIN = "Deferred revenue estimated again"


@tagged("post_install", "-at_install")
class TestExample52(DeferralCase):
    def test_example_52(self):
        """N2: Example 52 of IFRS 15 as journal entries, to the cent, over its three years."""
        invoice = self.sell(100000.0, day="2023-05-10")
        self.assertEqual(self.card.points, 10000)
        self.redeem(4500, day="2023-09-01")
        first = self.close("2023-12-31", "2023-01-01")
        self.assertEqual(self.items(first), {NEW: (8675.80, -8675.80), REDEEMED: (-4109.59, 4109.59)})
        self.assertRecordValues(
            self.cohort("2023-05-01"),
            [
                {
                    "issued_points": 10000,
                    "redeemed_points": 4500,
                    "open_points": 5500,
                    "expected_points": 9500,
                    "revenue_amount": 100000.0,
                    "allocated_amount": 8675.80,
                    "recognised_amount": 4109.59,
                    "deferred_amount": 4566.21,
                }
            ],
        )
        self.assertEqual(self.liability(), 4566.21)
        self.redeem(4000, day="2024-06-01")
        self.estimate(97.0, "2024-12-01")
        second = self.close("2024-12-31")
        self.assertEqual(self.items(second), {REDEEMED: (-3652.97, 3652.97), AGAIN: (160.05, -160.05)})
        self.assertEqual(self.liability(), 1073.29)
        self.redeem(1200, day="2025-06-01")
        third = self.close("2025-12-31")
        self.assertEqual(self.items(third), {REDEEMED: (-1073.29, 1073.29)})
        self.assertEqual(self.liability(), 0.0)
        self.assertEqual(self.cohort("2023-05-01").allocated_amount, 8675.80)
        self.assertEqual(invoice.loyalty_earning_id.allocated_amount, 8675.80)
        self.assertSound("2025-12-31")
