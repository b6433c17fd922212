from types import SimpleNamespace
from unittest.mock import patch

from odoo import http
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools.translate import code_translations

from ..ledger.rounding import to_units
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
        wizard = (
            self.env["loyalty.generate.wizard"]
            .with_user(user or self.manager)
            .create(
                {
                    "program_id": self.program.id,
                    "mode": "anonymous",
                    "coupon_qty": 3,
                    "points_granted": 50,
                    "description": "Opening gift",
                    **values,
                }
            )
        )
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
        """S20: anybody who has Odoo's access to the wizard without being a manager cannot set a balance."""
        self.env["ir.model.access"].create(
            {
                "name": "Everybody",
                "model_id": self.env["ir.model"]._get_id("loyalty.card.update.balance"),
                "group_id": self.env.ref("base.group_user").id,
                "perm_read": True,
                "perm_write": True,
                "perm_create": True,
            }
        )
        with self.assertRaises(AccessError):
            self.update(1000, user=self.clerk)
        self.assertBalances(points=0)

    def test_generate_too_many(self):
        """N29, S20: a quantity that no shop prints is refused before anything is made, with what to do."""
        known = self.env["loyalty.card"].search_count([])
        for program in (self.program, self.make_program(program_type="gift_card")):
            for quantity in (2_000_000_000, 1_000_001):
                with self.assertRaisesRegex(
                    ValidationError, f"At most 1,000,000 cards .* in one go, not {quantity:,}. Enter a smaller quantity"
                ):
                    self.generate(program_id=program.id, coupon_qty=quantity, points_granted=0)
        self.assertEqual(self.env["loyalty.card"].search_count([]), known)

    def test_generate(self):
        """S20: generated cards begin with an entry that names program, reason and user."""
        cards = self.generate()
        self.assertEqual(cards.mapped("points"), [50, 50, 50])
        self.assertRecordValues(
            cards[0].entry_ids,
            [
                {
                    "kind": "adjust",
                    "points": 50,
                    "reason": "Opening gift",
                    "res_model": "loyalty.program",
                    "res_id": self.program.id,
                    "author_id": self.manager.id,
                }
            ],
        )
        with self.assertRaises(AccessError):
            cards[0].write({"points": 999})

    def test_generate_takes_a_manager(self):
        """S20: anybody who may use the wizard but not set programs up issues no balance."""
        self.env["ir.model.access"].create(
            {
                "name": "Everybody",
                "model_id": self.env["ir.model"]._get_id("loyalty.generate.wizard"),
                "group_id": self.env.ref("base.group_user").id,
                "perm_read": True,
                "perm_write": True,
                "perm_create": True,
            }
        )
        with self.assertRaises(AccessError):
            self.generate(user=self.clerk)

    def test_no_number_in_the_language_of_the_user(self):
        """N29: a number that no card can have is refused in the language of the user who sent it."""
        self.env["res.lang"]._activate_lang("de_DE")
        source = "“%(points)s” is not a number of points below %(limit)s."
        words = {source: "„%(points)s“ ist keine Punktzahl unter %(limit)s."}
        request = SimpleNamespace(env=self.env(context={"lang": "de_DE"}))
        with (
            patch.object(http, "request", request),
            patch.dict(code_translations.python_translations, {("loyalty_ledger", "de_DE"): words}),
            self.assertRaisesRegex(ValidationError, "^„viele“ ist keine Punktzahl unter 100,000,000,000.$"),
        ):
            to_units("viele")
        with self.assertRaisesRegex(ValidationError, "^“viele” is not a number of points below 100,000,000,000.$"):
            to_units("viele")
