from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..tools.vat_split import next_part, part_of, points_for, split, to_cents
from .golden_vat_split import REFUND_IN_THIRDS, SEVERAL_RATES

quick = settings(
    max_examples=200, deadline=None, database=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
cents = st.integers(min_value=0, max_value=10**9).map(lambda value: value / 100)


@tagged("post_install", "-at_install")
class TestVatSplit(BaseCase):
    """The arithmetic of redemptions, without a database."""

    def test_several_rates(self):
        """S24: gross is shared over the rates pro rata, remainder to the largest."""
        for case in SEVERAL_RATES:
            weights = [line["gross"] for line in case["lines"] if line.get("payable", True)]
            self.assertEqual(split(case["gross"], weights), [share["gross"] for share in case["split"]])

    def test_refund_in_thirds(self):
        """S24: three equal refunds take back the VAT to the cent."""
        self.assertEqual([next_part(6.52, step, 1, 3) for step in range(3)], REFUND_IN_THIRDS)
        self.assertEqual([next_part(6.52, before, 16.67, 50.01) for before in (0, 16.67, 33.34)], REFUND_IN_THIRDS)

    def test_units(self):
        """Amounts are counted in the currency's own unit, half away from zero."""
        self.assertEqual(to_cents(2.675), 268)
        self.assertEqual(to_cents(-2.675), -268)
        self.assertEqual(to_cents(10.02, 0.05), 200)
        self.assertEqual(split(1000, [1, 1, 1], 1), [334, 333, 333])
        self.assertEqual(split(0.05, [0, 0]), [0.05, 0.0])
        self.assertEqual(split(5, []), [])

    def test_points(self):
        """C20: as many whole points as the money buys, never one more."""
        self.assertEqual(points_for(33.33, 0.01), 3333)
        self.assertEqual(points_for(2.555, 0.1), 25)
        self.assertEqual(points_for(0.29, 0.01), 29)
        self.assertEqual(points_for(-1, 0.01), 0)
        self.assertEqual(points_for(1, 0), 0)

    @quick
    @given(cents, st.lists(cents, min_size=1, max_size=8))
    def test_split_adds_up(self, total, weights):
        shares = split(total, weights)
        self.assertEqual(sum(map(to_cents, shares)), to_cents(total))
        whole = sum(weights)
        if whole:
            for share, weight in zip(shares, weights):
                if weight != max(weights):
                    self.assertLessEqual(abs(share - total * weight / whole), 0.005 + 1e-6 * total)

    @quick
    @given(cents, st.lists(st.integers(min_value=1, max_value=10**6), min_size=1, max_size=8))
    def test_parts_add_up(self, total, parts):
        """However often something comes back: the last part takes the remainder, and no part is negative."""
        whole, before, taken = sum(parts), 0, 0
        for part in parts:
            share = next_part(total, before, part, whole)
            self.assertGreaterEqual(share, 0)
            before += part
            taken += to_cents(share)
            self.assertEqual(taken, to_cents(part_of(total, before, whole)))
        self.assertEqual(taken, to_cents(total))
