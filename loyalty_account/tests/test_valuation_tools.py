from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.loyalty_ledger.ledger.rounding import round_to, spread

from ..books import combinations, valuation

CENT = Decimal("0.01")


@tagged("post_install", "-at_install")
class TestValuationTools(BaseCase):
    """The arithmetic of value lines, without a database."""

    def test_unit_value(self):
        """P13: 100 points worth 0.10 are a liability of 8.70 where 15 % VAT is recovered, of 10.00 where it is not."""
        relief = valuation.unit_value(Decimal("0.10"), Decimal(15), True)
        tender = valuation.unit_value(Decimal("0.10"), Decimal(15), False)
        self.assertEqual(valuation.value_of(1_000_000, relief, CENT), Decimal("8.70"))
        self.assertEqual(valuation.value_of(1_000_000, tender, CENT), Decimal("10.00"))

    def test_spread(self):
        """P13: five sales are one total of 43.48, not five times 8.70; each lot's part is the cumulative rounding."""
        parts = spread([Decimal(1000) / 115] * 5, CENT)
        self.assertEqual(parts, [Decimal(part) for part in ("8.70", "8.69", "8.70", "8.69", "8.70")])
        self.assertEqual(sum(parts), Decimal("43.48"))

    def test_rounding(self):
        """P13: half away from zero, in any currency."""
        for amount, rounding, expected in (
            ("0.005", "0.01", "0.01"),
            ("-0.005", "0.01", "-0.01"),
            ("12.5", "1", "13"),
            ("0.024", "0.05", "0.00"),
            ("0.025", "0.05", "0.05"),
        ):
            self.assertEqual(round_to(Decimal(amount), Decimal(rounding)), Decimal(expected))

    @given(
        carrying=st.integers(0, 10**9),
        points=st.integers(1, 10**12),
        cuts=st.lists(st.floats(0, 1), max_size=12),
    )
    @settings(max_examples=200, deadline=None)
    def test_release_adds_up(self, carrying, points, cuts):
        """P13: used up in whatever pieces, a lot releases exactly what it carried, and never more on the way."""
        value, left = Decimal(carrying) / 100, Decimal(carrying) / 100
        before, released = points, Decimal(0)
        for after in [*sorted((int(points * cut) for cut in cuts), reverse=True), 0]:
            if after >= before:
                continue
            rest = valuation.left_value(left, before, after, CENT)
            self.assertTrue(0 <= rest <= left)
            released += left - rest
            left, before = rest, after
        self.assertEqual(released if before == 0 else released + left, value)

    @given(parts=st.lists(st.integers(-(10**7), 10**7), max_size=20))
    @settings(max_examples=200, deadline=None)
    def test_spread_adds_up(self, parts):
        """P13: the rounded parts always make the rounded total, each within a cent of its exact amount."""
        exact = [Decimal(part) / 1150 for part in parts]
        rounded = spread(exact, CENT)
        self.assertEqual(sum(rounded), round_to(sum(exact, Decimal(0)), CENT))
        for part, amount in zip(exact, rounded):
            self.assertLessEqual(abs(part - amount), CENT)

    def test_combinations(self):
        """S6: the table of what is supported: an expense where points are a means of payment, contra-revenue where they
        lower the price."""
        for policy in ("redemption", "accrual"):
            self.assertEqual(combinations.COST_GROUP[policy, "tender"], "expense")
            self.assertEqual(combinations.COST_GROUP[policy, "input_tax"], "expense")
            self.assertEqual(combinations.COST_GROUP[policy, "price_reduction"], "income")
        self.assertFalse(combinations.is_supported("deferral", "input_tax"))
        self.assertTrue(combinations.is_supported("none", False))
