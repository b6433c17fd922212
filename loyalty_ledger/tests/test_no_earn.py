from odoo.fields import Command
from odoo.tests import tagged

from .common import LedgerCase


@tagged("post_install", "-at_install")
class TestNoEarn(LedgerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shirt, cls.stamp, cls.voucher = cls.env["product.product"].create(
            [{"name": "Shirt"}, {"name": "Stamp", "loyalty_no_earn": True}, {"name": "Voucher"}]
        )
        cls.products = cls.shirt | cls.stamp | cls.voucher
        cls.program.rule_ids = [Command.create({"reward_point_mode": "money"})]

    def valid(self, program):
        return self.products.filtered_domain(program.rule_ids._get_valid_product_domain())

    def test_items(self):
        """C32, C33: every item earns by default; one flagged Don't Earn Points does not."""
        self.assertFalse(self.shirt.loyalty_no_earn)
        self.assertEqual(self.valid(self.program), self.shirt | self.voucher)
        self.assertIn(self.shirt, self.program.rule_ids._get_valid_products())
        self.assertNotIn(self.stamp, self.program.rule_ids._get_valid_products())
        self.program.rule_ids.product_ids = self.shirt | self.stamp
        self.assertEqual(self.valid(self.program), self.shirt)

    def test_gift_cards(self):
        """C32: gift cards earn nothing on loyalty cards."""
        gift = self.make_gift_program()
        self.assertEqual(self.valid(self.program), self.shirt)
        gift.rule_ids.product_ids = self.shirt
        self.assertEqual(self.valid(self.program), self.voucher)
        gift.rule_ids.active = False
        self.assertEqual(self.valid(self.program), self.shirt | self.voucher)
        gift.with_context(active_test=False).rule_ids.active = True
        self.assertEqual(self.valid(self.program), self.voucher)
        gift.rule_ids.unlink()
        self.assertEqual(self.valid(self.program), self.shirt | self.voucher)

    def test_gift_cards_that_earn(self):
        """bH9, C33: a setting of the program, off by default, lets selling gift cards and eWallet top-ups earn."""
        self.make_gift_program()
        self.assertFalse(self.program.gift_cards_earn)
        other = self.program.copy()
        other.gift_cards_earn = True
        self.assertEqual(self.valid(other), self.shirt | self.voucher)
        self.assertEqual(self.valid(self.program), self.shirt)
        self.voucher.loyalty_no_earn = True
        self.assertEqual(self.valid(other), self.shirt)

    def test_other_programs(self):
        """C33: gift-card programs keep their products, also when they name none, whatever the flag says."""
        gift = self.make_gift_program()
        self.assertEqual(self.valid(gift), self.voucher)
        self.voucher.loyalty_no_earn = True
        self.assertEqual(self.valid(gift), self.voucher)
        gift.rule_ids.product_ids = False
        plain_domain = gift.rule_ids._get_valid_product_domain()
        self.assertEqual(self.products.filtered_domain(plain_domain), self.products)

    def make_gift_program(self):
        return self.env["loyalty.program"].create(
            {
                "name": "Vouchers",
                "program_type": "gift_card",
                "applies_on": "future",
                "trigger": "auto",
                "rule_ids": [Command.create({"product_ids": self.voucher.ids, "reward_point_mode": "money"})],
            }
        )
