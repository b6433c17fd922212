"""The arithmetic of earning, without a database."""

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..earning.basket import Line, Rule, Settlement, earn, round_points
from ..ledger.rounding import UNIT

ALL = (0, 1, 2, 3)


def line(amount, quantity=1, tax=0, rules=ALL, deposit=False):
    return Line(quantity, amount, round(amount * (100 + tax) / 100, 2), rules, deposit)


def points(*args, **options):
    return earn(*args, **options).points / UNIT


@tagged("post_install", "-at_install")
class TestEarningRules(BaseCase):
    def test_points_per_currency_unit(self):
        """bP1, C1: points per currency unit, fractions rounded down once at the end: 10.99 at 1 makes 10."""
        self.assertEqual(points([Rule("money", 1)], [line(10.99)]), 10)
        self.assertEqual(points([Rule("money", 1)], [line(10.99), line(0.01)]), 11)
        self.assertEqual(points([Rule("money", 1)], [line(10.99)], rounding="nearest"), 11)
        self.assertEqual(points([Rule("money", 1)], [line(10.5)], rounding="nearest"), 11)
        self.assertEqual(points([Rule("money", 1)], [line(10.99)], rounding="none"), 10.99)

    def test_purchase_multiplier(self):
        """C8, C13: 100 per unit make 2,500 of 25.00, and 7,000 of 100 less 30 that earn nothing."""
        rules = [Rule("money", 100)]
        self.assertEqual(points(rules, [line(25.00, tax=15)]), 2_500)
        self.assertEqual(points(rules, [line(70), line(30, rules=())]), 7_000)

    def test_basis(self):
        """C9: the basis is the value without tax, or the total where the program says so."""
        self.assertEqual(points([Rule("money", 1)], [line(100, tax=15)]), 100)
        self.assertEqual(points([Rule("money", 1)], [line(100, tax=15)], basis="total"), 115)

    def test_exact_arithmetic(self):
        """bS2: numbers that floats cannot hold lose no point: 0.29 x 100, one point per 3, per 50, sums of cents."""
        self.assertEqual(points([Rule("money", 100)], [line(0.29)]), 29)
        self.assertEqual(points([Rule("money", 1 / 3)], [line(30)]), 10)
        self.assertEqual(points([Rule("money", 1 / 3)], [line(3_000_000)]), 1_000_000)
        self.assertEqual(points([Rule("money", 1 / 50)], [line(320)], rounding="none"), 6.4)
        self.assertEqual(points([Rule("money", 100)], [line(0.1 + 0.2)]), 30)
        self.assertEqual(points([Rule("money", 1)], [line(0.1)] * 10), 1)

    def test_modes(self):
        """C1: per document, per unit and per currency unit, and the rules of a program add up."""
        lines = [line(10, 2), line(5, 3), line(50, 1, rules=())]
        self.assertEqual(points([Rule("order", 7)], lines), 7)
        self.assertEqual(points([Rule("unit", 2)], lines), 10)
        self.assertEqual(points([Rule("money", 3)], lines), 45)
        self.assertEqual(points([Rule("order", 7), Rule("unit", 2), Rule("money", 3)], lines), 62)
        self.assertEqual(points([Rule("order", 7)], [line(50, rules=())]), 0)
        self.assertEqual(points([Rule("order", 7)], []), 0)

    def test_filters(self):
        """C13: each rule counts its own products."""
        lines = [line(10, rules=(0,)), line(20, rules=(0, 1)), line(40, rules=())]
        self.assertEqual(points([Rule("money", 1), Rule("money", 10)], lines), 30 + 200)

    def test_minimums(self):
        """C1: a minimum quantity and a minimum amount, with or without tax, are met or the rule gives nothing."""
        lines = [line(100, 2, tax=15)]
        self.assertEqual(points([Rule("money", 1, minimum_quantity=2)], lines), 100)
        self.assertEqual(points([Rule("money", 1, minimum_quantity=3)], lines), 0)
        self.assertEqual(points([Rule("money", 1, minimum_amount=115)], lines), 100)
        self.assertEqual(points([Rule("money", 1, minimum_amount=115.01)], lines), 0)
        self.assertEqual(points([Rule("money", 1, minimum_amount=100, minimum_tax="excl")], lines), 100)
        self.assertEqual(points([Rule("money", 1, minimum_amount=100.01, minimum_tax="excl")], lines), 0)

    def test_level_multiplier(self):
        """bS1: the level multiplies what the rules give, before rounding."""
        self.assertEqual(points([Rule("money", 1)], [line(10.99)], multiplier=1.5), 16)
        self.assertEqual(points([Rule("money", 1)], [line(10.99)], multiplier=0), 0)

    def test_share(self):
        """C6, C14: what other ways of payment settled earns nothing; a mix earns its share."""
        rules, lines = [Rule("money", 1)], [line(100, tax=15)]
        paid = Settlement(due=115, qualifying=65, other=50, settled=True)
        self.assertEqual(points(rules, lines, settlement=paid), 56)
        self.assertEqual(points(rules, lines, settlement=Settlement(115, 0, 115, True)), 0)
        self.assertEqual(points(rules, lines, settlement=Settlement(115, 115, 0, True)), 100)
        self.assertEqual(points([Rule("order", 10)], lines, settlement=Settlement(115, 57.5, 57.5, True)), 5)

    def test_nothing_before_paid(self):
        """bP7, C7, P22: unpaid earns nothing and says what can be earned; once paid both are equal."""
        rules, lines = [Rule("money", 1)], [line(50)]
        result = earn(rules, lines, settlement=Settlement(due=50))
        self.assertEqual((result.points, result.earnable), (0, 50 * UNIT))
        result = earn(rules, lines, settlement=Settlement(due=50, qualifying=20, other=10))
        self.assertEqual((result.points, result.earnable), (0, 40 * UNIT))
        result = earn(rules, lines, settlement=Settlement(due=50, qualifying=40, other=10, settled=True))
        self.assertEqual((result.points, result.earnable), (40 * UNIT, 40 * UNIT))

    def test_returns(self):
        """N4, C6: what was returned takes back its own points: by value, by unit, and of the document its share."""
        lines = [line(100, 4), line(100, 1, rules=())]
        back = [line(25, 1)]
        self.assertEqual(points([Rule("money", 1)], lines, back), 75)
        self.assertEqual(points([Rule("unit", 5)], lines, back), 15)
        self.assertEqual(points([Rule("order", 20)], lines, back), 15)
        self.assertEqual(points([Rule("money", 1), Rule("unit", 5), Rule("order", 20)], lines, [line(100, 4)]), 0)
        self.assertEqual(points([Rule("money", 1)], lines, [line(100, rules=())]), 100, "it had earned nothing")
        self.assertEqual(points([Rule("money", 1)], lines, [line(500, 9)]), 0, "never below nothing")
        self.assertEqual(points([Rule("money", 1, minimum_amount=90)], lines, back), 75, "the minimum was met")

    def test_deposits(self):
        """C15: a down payment and the final invoice earn once, whatever the rule counts."""
        deposit = [line(30, deposit=True)]
        final = [line(100, 4), line(-30, -1, deposit=True)]
        for rule, total in (
            (Rule("money", 1, minimum_quantity=1), 100),
            (Rule("money", 1, minimum_amount=80), 100),
            (Rule("unit", 5, minimum_quantity=4), 20),
            (Rule("order", 20, minimum_quantity=1), 20),
        ):
            with self.subTest(mode=rule.mode, minimum=rule.minimum_amount):
                self.assertEqual(points([rule], deposit) + points([rule], final), total)

    def test_explanation(self):
        """C8, C6: the steps say in numbers how the points came about."""
        paid = Settlement(due=115, qualifying=65, other=50, settled=True)
        result = earn([Rule("money", 1, name="Base")], [line(100, tax=15)], settlement=paid, multiplier=2)
        self.assertEqual([step["step"] for step in result.steps], ["rule", "multiplier", "share", "rounding"])
        self.assertEqual(result.steps[0]["base"], 100)
        self.assertEqual(result.steps[1]["points"], 200)
        self.assertAlmostEqual(result.steps[2]["points"], 200 * 65 / 115)
        self.assertEqual(result.steps[3]["points"], 113)


AMOUNTS = st.integers(0, 10**7).map(lambda cents: cents / 100)
LINES = st.lists(
    st.builds(
        lambda amount, quantity, tax, rules: line(amount, quantity, tax, rules),
        AMOUNTS,
        st.integers(1, 20),
        st.sampled_from((0, 6, 15, 21)),
        st.sets(st.integers(0, 2)).map(tuple),
    ),
    max_size=6,
)
RULES = st.lists(
    st.builds(
        Rule,
        st.sampled_from(("order", "money", "unit")),
        st.integers(1, 5000).map(lambda rate: rate / 100),
        st.integers(0, 5),
        AMOUNTS,
        st.sampled_from(("incl", "excl")),
    ),
    max_size=3,
)
OPTIONS = st.fixed_dictionaries(
    {
        "multiplier": st.integers(0, 300).map(lambda percent: percent / 100),
        "basis": st.sampled_from(("untaxed", "total")),
        "rounding": st.sampled_from(("down", "nearest", "none")),
    }
)


@tagged("post_install", "-at_install")
class TestEarningProperties(BaseCase):
    @settings(max_examples=200, deadline=None)
    @given(RULES, LINES, OPTIONS, AMOUNTS, AMOUNTS)
    def test_share_never_above_full(self, rules, lines, options, qualifying, other):
        """C6, P22: a share is never negative nor above the full points; once paid, earned equals earnable."""
        full = earn(rules, lines, **options)
        due = qualifying + other
        part = earn(rules, lines, settlement=Settlement(due, qualifying, other, True), **options)
        self.assertGreaterEqual(part.points, 0)
        self.assertLessEqual(part.points, full.points)
        self.assertEqual(part.points, part.earnable)
        waiting = earn(rules, lines, settlement=Settlement(due, 0, other, False), **options)
        self.assertEqual(waiting.points, 0)
        self.assertEqual(waiting.earnable, part.points)

    @settings(max_examples=200, deadline=None)
    @given(RULES, LINES, OPTIONS, AMOUNTS, st.integers(0, 10**6), st.data())
    def test_monotone(self, rules, lines, options, other, cents, data):
        """C1, C6, N4: more qualifying money never earns less, and a larger return never leaves more."""
        due = other + 10**6 / 100
        less, more = (
            earn(rules, lines, settlement=Settlement(due, qualifying, due - qualifying, True), **options).points
            for qualifying in (min(cents / 200, due), min(cents / 100, due))
        )
        self.assertLessEqual(less, more)
        returned = data.draw(st.lists(st.sampled_from(lines), max_size=4)) if lines else []
        left = [earn(rules, lines, returned[:count], **options).points for count in range(len(returned) + 1)]
        self.assertEqual(left, sorted(left, reverse=True))
        self.assertTrue(all(number >= 0 for number in left))
        self.assertEqual(earn(rules, lines, lines, **options).points, 0)

    @settings(max_examples=200, deadline=None)
    @given(RULES, LINES, OPTIONS)
    def test_rules_add_up(self, rules, lines, options):
        """C1: several rules give the sum of what each gives alone, up to the one rounding at the end."""
        together = earn(rules, lines, **options).points
        alone = 0
        for number, rule in enumerate(rules):
            own = [
                Line(part.quantity, part.untaxed, part.total, (0,) if number in part.rules else ()) for part in lines
            ]
            alone += earn([rule], own, **options).points
        grain = 1 if options["rounding"] == "none" else UNIT
        self.assertLessEqual(abs(together - alone), grain * (len(rules) + 1))

    @settings(max_examples=200, deadline=None)
    @given(LINES)
    def test_split_lines(self, lines):
        """C1: how a basket is split into lines does not matter."""
        rule = Rule("money", 1)
        whole = earn([rule], lines, rounding="none").points
        split = [Line(0, part.untaxed / 3, part.total / 3, part.rules) for part in lines for __ in range(3)]
        self.assertEqual(earn([rule], split, rounding="none").points, whole)

    @settings(max_examples=200, deadline=None)
    @given(st.fractions(0, 10**6))
    def test_rounding(self, number):
        """bP1: rounding down never gives more, and stays within one point."""
        down, exactly, nearest = (round_points(number, rounding) for rounding in ("down", "none", "nearest"))
        self.assertLessEqual(down, exactly)
        self.assertLess(exactly - down, UNIT + 1)
        self.assertLessEqual(abs(nearest - exactly), UNIT // 2)
        self.assertEqual(down % UNIT, 0)
