from odoo.fields import Command
from odoo.tests import tagged

from .common import LedgerCase

#: A reward that says no amount for a point.
PERCENT = ({"discount_mode": "percent", "discount": 10, "required_points": 200},)


@tagged("post_install", "-at_install")
class TestProgramSummary(LedgerCase):
    """The line at the top of a program."""

    def summary(self, rate=1, mode="money", rewards=PERCENT, **values):
        program = self.make_program(
            portal_point_name="points",
            rule_ids=[Command.clear(), Command.create({"reward_point_amount": rate, "reward_point_mode": mode})],
            reward_ids=[Command.clear(), *(Command.create(reward) for reward in rewards)],
            **values,
        )
        return program.terms_summary

    def test_names_of_points(self):
        """N29, bP9: one point is a point; points with a name of their own are said in a number that the name fits."""
        program = self.make_program(
            portal_point_name="beans",
            rule_ids=[Command.clear(), Command.create({"reward_point_amount": 0.1, "reward_point_mode": "money"})],
            reward_ids=[Command.clear(), Command.create({"discount_mode": "per_point", "discount": 0.5})],
        )
        self.assertEqual(
            program.terms_summary.replace("\xa0", " "), "10 beans per $ 100.00, each worth $ 0.50: 5% back"
        )
        program.portal_point_name = False
        self.assertEqual([program._public_points(number) for number in (1, 11)], ["1 point", "11 points"])

    def test_summary(self):
        """N29: what a program gives and costs, in one line, from rules, rewards and levels."""
        per_point = [{"discount_mode": "per_point", "discount": 0.01, "required_points": 1}]
        fixed = [{"discount_mode": "per_order", "discount": 5, "required_points": 100}]
        for expected, values in (
            ("1 point per $ 1.00, worth $ 0.01: 1% back", {"rewards": per_point}),
            ("1 point per $ 10.00, worth $ 0.05: 0.5% back", {"rate": 0.1, "rewards": fixed}),
            ("2 points per $ 1.00", {"rate": 2}),
            ("5 points per purchase, each worth $ 0.05", {"rate": 5, "mode": "order", "rewards": fixed}),
            ("3 points per unit", {"rate": 3, "mode": "unit"}),
            (
                "1 point per $ 1.00, worth $ 0.01: 1% back, 1.5% on the best level",
                {
                    "rewards": per_point,
                    "issue_on": "paid",
                    "level_ids": [
                        Command.create({"name": "One", "min_points": 0}),
                        Command.create({"name": "Two", "min_points": 100, "multiplier": 1.5}),
                    ],
                },
            ),
            ("Points is not awarding points now.", {"accumulates": False}),
        ):
            with self.subTest(expected):
                self.assertEqual(self.summary(**values).replace("\xa0", " "), expected)
