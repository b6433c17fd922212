import doctest

from odoo.tests import BaseCase, tagged

from odoo.addons.loyalty_rebate.tools import credits as arithmetic


@tagged("post_install", "-at_install")
class TestCredits(BaseCase):
    def test_examples(self):
        """bM2, bM3: the examples of the arithmetic hold."""
        self.assertEqual(doctest.testmod(arithmetic).failed, 0)

    def test_above(self):
        """bM3: credits accrue above the target only: below, at and above it, with two tiers."""
        tiers = [[1000, 2, "above"], [2000, 5, "above"]]
        sales = (999.99, 1000, 1000.01, 1500, 2000, 2100)
        self.assertEqual([float(arithmetic.credit_of(tiers, {0: amount})) for amount in sales], [0, 0, 0, 10, 20, 25])

    def test_all(self):
        """bM3: a tier for all sales counts from the first unit on, once its threshold is reached."""
        tiers = [[1000, 2, "above"], [2000, 5, "all"]]
        self.assertEqual(
            [float(arithmetic.credit_of(tiers, {0: amount})) for amount in (1999.99, 2000, 3000, -50)],
            [20, 100, 150, 0],
        )
