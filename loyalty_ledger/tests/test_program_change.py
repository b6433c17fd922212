from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .test_adjust import AdjustCase


@tagged("post_install", "-at_install")
class TestProgramChange(AdjustCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program.level_ids = [
            Command.create({"name": name, "min_points": points}) for name, points in (("Silver", 0), ("Gold", 101))
        ]

    def change(self, **values):
        change = self.env["loyalty.program.change"].with_user(self.manager)
        change = change.with_context(default_program_id=self.program.id).create({})
        change.write(values)
        return change

    def test_levels(self):
        """H14, H15: the preview names cards that change level; only Apply changes them."""
        self.earn(150)
        self.earn(80, self.other)
        change = self.change()
        change.level_ids[1].min_points = 200
        change.action_preview()
        self.assertRecordValues(change, [{"card_count": 2, "up_count": 0, "down_count": 1, "expiry_count": 0}])
        self.assertRecordValues(
            change.line_ids, [{"card_id": self.card.id, "level_before": "Gold", "level_after": "Silver"}]
        )
        self.assertEqual(self.card.level_id.name, "Gold")
        change.level_ids[1].min_points = 60
        change.level_ids = [Command.create({"name": "Platinum", "min_points": 140, "multiplier": 2})]
        change.action_preview()
        self.assertRecordValues(change, [{"up_count": 2, "down_count": 0}])
        change.action_apply()
        self.assertEqual((self.card | self.other).mapped("level_id.name"), ["Platinum", "Gold"])
        self.assertEqual(self.program.level_ids.mapped("min_points"), [0, 60, 140])
        self.assertClean()

    def test_expiry(self):
        """bP3: the preview says which balances would expire when, and which tonight."""
        self.earn(150, effective_date="2025-01-10")
        self.earn(80, self.other, effective_date="2026-03-01")
        change = self.change(expiry_policy="rolling", expiry_delay=12, expiry_unit="month")
        change.action_preview()
        self.assertRecordValues(change, [{"expiry_count": 2, "lapsing_count": 1, "lapsing_points": 150}])
        self.assertEqual(
            [(str(line.expiry_before or ""), str(line.expiry_after)) for line in change.line_ids],
            [("", "2026-01-10"), ("", "2027-03-01")],
        )
        change.action_apply()
        self.assertEqual(self.program.expiry_policy, "rolling")
        self.assertBalances(available=0)
        self.assertBalances(self.other, available=80)

    def test_shown_first(self):
        """H14: Apply without a preview of these very values shows the preview instead."""
        self.earn(150)
        change = self.change(level_basis="balance")
        action = change.action_apply()
        self.assertEqual(action["res_id"], change.id)
        self.assertEqual(self.program.level_basis, "lifetime")
        change.write({"level_basis": "last_12_months"})
        self.assertFalse(change.previewed)

    def test_swap(self):
        """H15: thresholds may change places; two levels at the same points are refused."""
        silver, gold = self.program.level_ids
        change = self.change()
        change.level_ids[0].min_points, change.level_ids[1].min_points = 101, 0
        change.action_preview()
        change.action_apply()
        self.assertEqual((silver.min_points, gold.min_points), (101, 0))
        change = self.change()
        change.level_ids[0].min_points = change.level_ids[1].min_points
        with self.assertRaisesRegex(ValidationError, "same number"):
            change.action_preview()

    def test_recompute(self):
        """H14: after a change of thresholds one action gives all cards their level."""
        self.earn(150)
        self.program.level_ids[1].min_points = 500
        self.assertEqual(self.card.level_id.name, "Gold")
        self.program.with_user(self.manager).action_recompute_levels()
        self.assertEqual(self.card.level_id.name, "Silver")
        with self.assertRaises(AccessError):
            self.program.with_user(self.clerk).action_recompute_levels()
        self.assertClean()
