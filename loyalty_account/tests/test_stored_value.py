from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .redemption_common import RedemptionCase


@tagged("post_install", "-at_install")
class TestStoredValue(RedemptionCase):
    """Points do not cover money in advance: gift cards and top-ups of wallets."""

    point_value = 0.1

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gift_card, cls.top_up = cls.env["product.product"].create(
            [{"name": name, "type": "service", "taxes_id": [Command.clear()]} for name in ("Gift Card", "Top-Up")]
        )
        for program_type, product in (("gift_card", cls.gift_card), ("ewallet", cls.top_up)):
            cls.env["loyalty.program"].create(
                {
                    "name": product.name,
                    "program_type": program_type,
                    "trigger": "auto",
                    "applies_on": "future",
                    "rule_ids": [Command.clear(), Command.create({"product_ids": product.ids})],
                    "reward_ids": [
                        Command.clear(),
                        Command.create({"required_points": 1, "discount_mode": "per_point"}),
                    ],
                }
            )

    def use_mode(self, mode):
        values = {"vat_mode": mode}
        if mode == "price_reduction":
            values["cost_account_id"] = self.make_account("Points Redeemed", "400900", "income").id
        self.program.write(values)

    def money(self, product, amount):
        return {"product_id": product.id, "price_unit": amount}

    def test_goods_only(self):
        """N29, bP5: of 115.00 goods, a gift card of 50.00 and a top-up of 20.00, points cover the goods; on drafts and
        on posted invoices, in every VAT mode."""
        goods = {"price_unit": 100, "tax_ids": [Command.set(self.sale_taxes[15].ids)]}
        for mode in ("tender", "input_tax", "price_reduction"):
            self.use_mode(mode)
            for post in (False, True):
                with self.subTest(mode=mode, post=post):
                    self.grant(10000)
                    lines = (goods, self.money(self.gift_card, 50), self.money(self.top_up, 20))
                    move = self.make_invoice(*lines, post=post)
                    self.assertEqual(move._loyalty_payable_amount(self.program), 115)
                    with self.assertRaisesRegex(UserError, "115.00"):
                        move._apply_loyalty_points(self.card, 1151)
                    self.apply_points(move, points=1150)
                    if not post:
                        move.action_post()
                    self.assertEqual((move.amount_residual, move.loyalty_points_redeemed), (70, 1150))
                    self.assertEqual(move._loyalty_payable_amount(self.program), 0)

    def test_nothing_but_stored_value(self):
        """N29: an invoice over a gift card takes no points, no matter who asks, and says so."""
        for product in (self.gift_card, self.top_up):
            for post in (False, True):
                move = self.make_invoice(self.money(product, 50), post=post)
                self.assertEqual(move._loyalty_payable_amount(self.program), 0)
                with self.assertRaises(UserError):
                    move._apply_loyalty_points(self.card, 10)
        wizard = self.env["loyalty.apply.points"].with_user(self.clerk).create({"move_id": move.id})
        self.assertIn("None of the products", wizard.notice)

    def test_becomes_a_gift_card(self):
        """N29: a product that becomes a gift card is one at once, also for a program that is archived since."""
        product = self.env["product.product"].create({"name": "Voucher", "taxes_id": [Command.clear()]})
        move = self.make_invoice(self.money(product, 50), post=True)
        self.assertEqual(move._loyalty_payable_amount(self.program), 50)
        program = self.env["loyalty.program"].search([("program_type", "=", "gift_card")], order="id desc", limit=1)
        program.rule_ids.product_ids |= product
        self.assertEqual(move._loyalty_payable_amount(self.program), 0)
        program.active = False
        self.assertEqual(move._loyalty_payable_amount(self.program), 0)

    def test_no_longer_a_gift_card(self):
        """N29: a product is a gift card as long as a rule of a gift card program names it, and its copies are none."""
        product = self.env["product.product"].create({"name": "Voucher", "taxes_id": [Command.clear()]})
        self.assertFalse(product.loyalty_stored_value)
        program = self.env["loyalty.program"].search([("program_type", "=", "gift_card")], order="id desc", limit=1)
        for end in (
            lambda rule: rule.write({"product_ids": [Command.unlink(product.id)]}),
            lambda rule: rule.unlink(),
            lambda rule: rule.program_id.write({"program_type": "promotion"}),
            lambda rule: (rule.program_id.write({"active": False}), rule.program_id.unlink()),
        ):
            rule = program.copy({"active": True}).rule_ids
            rule.product_ids = product
            self.assertTrue(product.loyalty_stored_value)
            self.assertFalse(product.copy().loyalty_stored_value)
            rule.active = False
            self.assertTrue(product.loyalty_stored_value)
            rule.active = True
            end(rule)
            self.assertFalse(product.loyalty_stored_value)
            self.env.flush_all()
            self.env.invalidate_all()
            self.assertFalse(product.loyalty_stored_value)

    def test_allowed(self):
        """N29: a program that redeems points gift cards pays them in full."""
        self.program.redeem_stored_value = True
        move = self.make_invoice(self.money(self.gift_card, 50), post=True)
        self.apply_points(move, points=500)
        self.assertEqual((move.payment_state, move.loyalty_points_redeemed), ("paid", 500))
