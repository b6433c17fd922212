from odoo.tests import BaseCase, tagged

from ..tools.claims import Claim, Line, Rule, judge, rule_points


@tagged("post_install", "-at_install")
class TestClaimRules(BaseCase):
    def points(self, mode, amount, *lines, checked=None, **terms):
        counted = [Line(*line) for line in lines]
        return rule_points(Rule(mode, amount, **terms), counted, counted if checked is None else checked, 2)

    def test_modes(self):
        """H2, bS2: points per order, per unit and per unit of money, with tax, rounded half up."""
        lines = (2, 23.0, 20.0), (1, 11.5, 10.0)
        self.assertEqual(self.points("order", 7, *lines), 7)
        self.assertEqual(self.points("unit", 7, *lines), 21)
        self.assertEqual(self.points("money", 0.5, *lines), 17.25)
        self.assertEqual(self.points("money", 0.125, (1, 1.0, 1.0)), 0.13)

    def test_minimums(self):
        """H2: below the minimum quantity or purchase a rule gives nothing; rewards do not count as quantity."""
        line = (2, 23.0, 20.0)
        self.assertEqual(self.points("order", 7, line, minimum_qty=2), 7)
        self.assertEqual(self.points("order", 7, line, minimum_qty=3), 0)
        self.assertEqual(self.points("order", 7, line, (5, -1.0, -1.0, True), minimum_qty=3), 0)
        self.assertEqual(self.points("order", 7, line, minimum_amount=23), 7)
        self.assertEqual(self.points("order", 7, line, minimum_amount=23, tax_included=False), 0)

    def test_split_per_unit(self):
        """S19: gift cards get the price of one unit each, rounded for itself; returned units get nothing."""
        lines = (3, 100.0, 100.0), (-1, -50.0, -50.0), (1, -5.0, -5.0, True)
        self.assertEqual(self.points("money", 1, *lines, split=True), 99.99)

    def test_judge(self):
        """N8: won is what was claimed and spent, never less than nothing and never more than the rules give."""
        self.assertEqual(judge(80, 20, 100), Claim(100, 20, 0))
        self.assertEqual(judge(100, 20, 100), Claim(100, 20, 20))
        self.assertEqual(judge(-500, 0, 100), Claim(0, 0, 500))
        self.assertEqual(judge(100.01, 0, 100), Claim(100.01, 0, 0))
