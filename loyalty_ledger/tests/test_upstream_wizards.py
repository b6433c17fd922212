from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from .test_adjust import AdjustCase


@tagged("post_install", "-at_install")
class TestUpstreamWizards(AdjustCase):
    def update(self, balance, user=None):
        return (
            self.env["loyalty.card.update.balance"]
            .with_user(user or self.manager)
            .create({"card_id": self.card.id, "new_balance": balance, "description": "Correction"})
            .action_update_card_point()
        )

    def generate(self, user=None, **values):
        wizard = self.env["loyalty.generate.wizard"].with_user(user or self.manager).create(
            {
                "program_id": self.program.id, "mode": "anonymous", "coupon_qty": 3, "points_granted": 50,
                "description": "Opening gift", **values,
            }
        )  # fmt: skip
        return wizard.generate_coupons()

    def test_update_balance(self):
        """S21, C31: Odoo's Update Balance posts the difference with its description as the reason."""
        self.earn(30)
        self.update(100)
        self.assertRecordValues(
            self.card.entry_ids[0],
            [{"kind": "adjust", "points": 70, "reason": "Correction", "author_id": self.manager.id}],
        )
        self.assertRecordValues(self.card.history_ids, [{"issued": 70, "used": 0, "description": "Correction"}])
        with self.assertRaisesRegex(ValidationError, "differs"):
            self.update(100)
        with self.assertRaisesRegex(ValidationError, "zero or more"):
            self.update(-5)

    def test_update_balance_takes_a_manager(self):
        """S20: whoever has Odoo's access to the wizard without being a manager cannot set a balance."""
        self.env["ir.model.access"].create(
            {
                "name": "Everybody", "model_id": self.env["ir.model"]._get_id("loyalty.card.update.balance"),
                "group_id": self.env.ref("base.group_user").id, "perm_read": True, "perm_write": True, "perm_create": True,
            }
        )  # fmt: skip
        with self.assertRaises(AccessError):
            self.update(1000, user=self.clerk)
        self.assertBalances(points=0)

    def test_generate(self):
        """S20: generated cards begin with an entry that names program, reason and user."""
        cards = self.generate()
        self.assertEqual(cards.mapped("points"), [50, 50, 50])
        self.assertRecordValues(
            cards[0].entry_ids,
            [
                {
                    "kind": "adjust", "points": 50, "reason": "Opening gift", "res_model": "loyalty.program",
                    "res_id": self.program.id, "author_id": self.manager.id,
                }
            ],
        )  # fmt: skip
        with self.assertRaises(AccessError):
            cards[0].write({"points": 999})

    def test_generate_takes_a_manager(self):
        """S20: whoever may use the wizard but not set programs up issues no balance."""
        self.env["ir.model.access"].create(
            {
                "name": "Everybody", "model_id": self.env["ir.model"]._get_id("loyalty.generate.wizard"),
                "group_id": self.env.ref("base.group_user").id, "perm_read": True, "perm_write": True, "perm_create": True,
            }
        )  # fmt: skip
        with self.assertRaises(AccessError):
            self.generate(user=self.clerk)
