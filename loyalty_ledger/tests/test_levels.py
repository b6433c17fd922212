from odoo.fields import Command
from odoo.tests import tagged

from .common import LedgerCase


@tagged("post_install", "-at_install")
class TestLevels(LedgerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program.level_ids = [
            Command.create({"name": name, "min_points": minimum})
            for name, minimum in (("Level 3", 501), ("Level 1", 0), ("Level 2", 101))
        ]
        cls.card, cls.other = cls.make_card(), cls.make_card()

    def level(self, card=None):
        return (card or self.card).level_id.name

    def test_default_level(self):
        """H13: a new card stands on the first row of the structure."""
        self.assertEqual(self.level(), "Level 1")

    def test_thresholds(self):
        """H15, H14: up to 100 points level 1, 101 to 500 level 2, from 501 level 3, set at each use."""
        for points, expected in ((100, 1), (0.9999, 1), (0.0001, 2), (399, 2), (0.9999, 2), (0.0001, 3), (1000, 3)):
            self.earn(points)
            self.assertEqual(self.level(), f"Level {expected}", f"after {self.card.points}")

    def test_spending_does_not_downgrade(self):
        """H14: by points ever earned, a redemption or expiry leaves the level, a claw-back takes it."""
        self.earn(90, expiration_date="2026-04-30")
        last = self.earn(20)
        self.assertEqual(self.level(), "Level 2")
        self.redeem(110)
        self.assertEqual(self.level(), "Level 2")
        self.reverse(last, 10)
        self.assertEqual(self.level(), "Level 1")

    def test_claw_back_in_debt_takes_the_level(self):
        """H14, N4: earning, spending and returning the goods does not keep a level, owed or waived."""
        for policy in ("debt", "clamp"):
            with self.subTest(policy=policy):
                self.program.negative_policy = policy
                card = self.make_card()
                earned = self.earn(600, card)
                self.redeem(600, card)
                self.assertEqual(self.level(card), "Level 3")
                self.reverse(earned)
                self.assertEqual(self.level(card), "Level 1")

    def test_balance_basis(self):
        """H14: by balance, the level follows what the card holds."""
        self.program.level_basis = "balance"
        self.earn(150)
        self.assertEqual(self.level(), "Level 2")
        self.redeem(50)
        self.assertEqual(self.level(), "Level 1")

    def test_twelve_month_basis(self):
        """H14: by the last twelve months, older earnings do not count at the next use."""
        self.program.level_basis = "last_12_months"
        self.earn(600, effective_date="2025-03-15")
        self.assertEqual(self.level(), "Level 3")
        self.earn(1, effective_date="2026-03-14")
        self.assertEqual(self.level(), "Level 3")
        self.earn(1)
        self.assertEqual(self.level(), "Level 1")

    def test_purchase_basis(self):
        """H14, bS3: by purchases, the level counts documents that earned; one taken back in full does not count."""
        self.program.level_basis = "invoices"
        self.program.level_ids[1].min_points = 2
        self.program.level_ids[2].min_points = 3
        documents = [("res.partner", number) for number in range(1, 5)]
        first = self.earn(10, document=documents[0])
        self.earn(10, document=documents[0])
        self.assertEqual(self.level(), "Level 1")
        self.earn(10, document=documents[1])
        self.assertEqual(self.level(), "Level 2")
        self.post(self.card, "adjust", 100)
        self.assertEqual(self.level(), "Level 2")
        third = self.earn(10, document=documents[2])
        self.assertEqual(self.level(), "Level 3")
        self.reverse(third, 4)
        self.assertEqual(self.level(), "Level 3")
        self.reverse(third, 6)
        self.assertEqual(self.level(), "Level 2")
        self.reverse(first)
        self.assertEqual(self.level(), "Level 2")

    def test_purchases_follow_points_to(self):
        """H20, bS3: the purchases of its sources count for the master."""
        self.program.level_basis = "invoices"
        self.program.level_ids.filtered(lambda level: level.name == "Level 2").min_points = 2
        self.earn(10, document=("res.partner", 1))
        self.card.points_to_id = self.other
        self.assertEqual(self.level(self.other), "Level 1")
        self.earn(10, document=("res.partner", 2))
        self.assertEqual((self.level(), self.level(self.other)), ("Level 1", "Level 2"))

    def test_manual_level_lasts_until_next_use(self):
        """H16: a manual change is lost at the next use."""
        gold = self.program.level_ids.filtered(lambda level: level.name == "Level 3")
        self.card.level_id = gold
        self.assertEqual(self.level(), "Level 3")
        self.earn(1)
        self.assertEqual(self.level(), "Level 1")

    def test_master_rises(self):
        """H20, H21: the master's level counts what its sources earned; the source stays lowest."""
        self.earn(80)
        self.earn(80, self.other)
        self.card.points_to_id = self.other
        self.assertEqual((self.level(), self.level(self.other)), ("Level 1", "Level 2"))
        self.earn(400)
        self.assertEqual((self.level(), self.level(self.other)), ("Level 1", "Level 3"))

    def test_level_of_a_batch(self):
        """H14: one call with many movements ends on the level of all of them."""
        self.Card._post_entries([self.op(self.card, "earn", 60) for __ in range(9)])
        self.assertEqual(self.level(), "Level 3")

    def test_changed_thresholds_count_at_the_next_use(self):
        """H15: levels that are moved, added and removed count from the next use on."""
        self.earn(150)
        self.assertEqual(self.level(), "Level 2")
        second = self.program.level_ids.filtered(lambda level: level.name == "Level 2")
        second.min_points = 200
        self.earn(1)
        self.assertEqual(self.level(), "Level 1")
        self.program.level_ids = [Command.create({"name": "New", "min_points": 120})]
        self.earn(1)
        self.assertEqual(self.level(), "New")
        self.card.level_id.unlink()
        self.earn(100)
        self.assertEqual(self.level(), "Level 2")

    def test_thresholds_that_nobody_else_sees_yet_are_not_remembered(self):
        """H15: anybody who is changing levels works with the new ones; the memory of the process keeps the others."""
        registry = self.env.registry
        registry.clear_cache()
        self.patch(type(registry), "cache_invalidated", property(lambda registry: {"default"}))
        self.earn(150)
        self.patch(type(registry), "cache_invalidated", property(lambda registry: set()))
        self.program.level_ids.filtered(lambda level: level.name == "Level 2")._write({"min_points": 200})
        self.env.invalidate_all()
        self.earn(1)
        self.assertEqual(self.level(), "Level 1")
