from odoo.exceptions import AccessError, RedirectWarning, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .register_common import RegisterCase


@tagged("post_install", "-at_install")
class TestProgramEnd(RegisterCase):
    """Customers and programs that somebody wants to get rid of while there are points."""

    def test_customer_with_a_used_card(self):
        """N29, S5: a customer with a used card cannot be deleted, and the message names the card; an unused card goes on
        without its customer."""
        self.earn(10)
        for cards in (self.card, self.card.with_context(active_test=False)):
            with self.assertRaisesRegex(UserError, self.card.code):
                self.partner.unlink()
            cards.active = False  # archived cards count as well
        newcomer = self.env["res.partner"].create({"name": "Newcomer"})
        card = self.make_card(partner_id=newcomer.id)
        newcomer.unlink()
        self.assertFalse(card.partner_id)

    def test_merged_customers_keep_their_cards(self):
        """N29, N11: merging contacts still works, as cards move first."""
        self.earn(10)
        survivor = self.env["res.partner"].create({"name": "Ann A."})
        self.env["base.partner.merge.automatic.wizard"].create({})._merge((self.partner | survivor).ids, survivor)
        self.assertEqual(sum(survivor.loyalty_card_ids.mapped("points")), 10)
        self.assertFalse(self.partner.exists())

    def test_program_with_points_is_not_archived_by_a_click(self):
        """N29, bP2: archiving a program whose cards have points is refused with the way out, in whatever way a user does it;
        with empty cards it is archived."""
        self.earn(10)
        program = self.program.with_user(self.manager)
        for archive in (program.action_archive, lambda: program.write({"active": False})):
            with self.assertRaisesRegex(
                RedirectWarning, "One card of Points still has 10 points.*Customers Earn Points"
            ):
                archive()
        self.redeem(10)
        program.action_archive()
        self.assertFalse(self.program.active)

    def test_copied_program_starts_archived(self):
        """N29: a copy has no cards and awards nothing until somebody activates it."""
        self.earn(10)
        copied = self.program.with_user(self.manager).copy()
        self.assertRecordValues(copied, [{"active": False, "program_type": "loyalty"}])
        self.assertFalse(copied.with_context(active_test=False).coupon_ids)
        self.assertEqual(copied.name, f"{self.program.name} (copy)")
        # What it would award is seen before it is activated.
        asked = {"rule_ids": {"fields": {}}, "reward_ids": {"fields": {}}}
        for program in (copied, self.program, copied | self.program):
            rows = program.with_user(self.manager).web_read(asked)
            self.assertEqual([row["id"] for row in rows], program.ids)
            for row in rows:
                self.assertEqual(
                    (len(row["rule_ids"]), len(row["reward_ids"])),
                    (len(self.program.rule_ids), len(self.program.reward_ids)),
                )

    def test_summary_of_a_copy(self):
        """N29: the line at the top of an archived copy says what it will give, as that of the original does."""
        rule = {"reward_point_mode": "money", "reward_point_amount": 1}
        program = self.make_program(rule_ids=[Command.clear(), Command.create(rule)]).with_user(self.manager)
        copied = program.copy()
        self.assertIn("1 point", program.terms_summary.lower())
        self.assertEqual(copied.terms_summary, program.terms_summary)

    def test_used_program_cannot_be_deleted(self):
        """N29, S5: deleting a program with transactions says why it stays; an unused one goes."""
        self.earn(10)
        self.redeem(10)
        program = self.program.with_user(self.manager)
        with self.assertRaisesRegex(UserError, "Points has transactions in the points ledger.*Archive it instead"):
            program.unlink()
        program.action_archive()
        with self.assertRaisesRegex(UserError, "Points has transactions in the points ledger"):
            program.unlink()
        unused = self.make_program(name="Unused", active=False).with_user(self.manager)
        unused.unlink()
        self.assertFalse(unused.exists())


@tagged("post_install", "-at_install")
class TestUnledgeredCards(RegisterCase):
    """What loyalty users may do in programs without a points ledger."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.coupons = cls.env["loyalty.program"].create(
            {
                "name": "Coupons",
                "program_type": "coupons",
                "reward_ids": [(5, 0, 0), (0, 0, {"required_points": 1, "discount": 10})],
            }
        )

    def test_coupons_of_choice(self):
        """N29: a loyalty user makes no coupons, neither directly nor by the default program of a context, and changes none."""
        Card = self.Card.with_user(self.user)
        coupon = self.Card.create({"program_id": self.coupons.id, "points": 1})
        for create in (
            lambda: Card.create({"program_id": self.coupons.id, "points": 1_000_000, "code": "MINE"}),
            lambda: Card.with_context(active_id=self.coupons.id).create({"points": 1_000_000}),
            lambda: Card.with_context(default_program_id=self.coupons.id).create({"points": 1_000_000}),
            lambda: coupon.with_user(self.user).write({"points": 5}),
            lambda: coupon.with_user(self.user).write({"code": "MINE"}),
        ):
            with self.assertRaisesRegex(AccessError, "loyalty cards, gift cards and eWallets only"):
                create()
        self.assertEqual(coupon.points, 1)
        self.assertTrue(Card.create({"program_id": self.program.id}))

    def test_plain_odoo_rights_stay(self):
        """N29: anybody who may write coupons in plain Odoo may as a loyalty user too, and a manager creates them."""
        coupon = self.Card.with_user(self.manager).create({"program_id": self.coupons.id, "points": 1})
        self.env["ir.model.access"].create(
            {
                "name": "Another group writes coupons",
                "model_id": self.env["ir.model"]._get_id("loyalty.card"),
                "group_id": self.env.ref("base.group_partner_manager").id,
                "perm_write": True,
            }
        )
        seller = self.make_user("seller", "loyalty_ledger.group_loyalty_user,base.group_partner_manager")
        coupon.with_user(seller).write({"points": 2})
        self.assertEqual(coupon.points, 2)
        with self.assertRaises(AccessError):
            self.Card.with_user(seller).create({"program_id": self.coupons.id})
