"""Cards of a family, lost cards and closed cards, used at the till."""

from uuid import uuid4

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .test_till_earning import EarningCase


@tagged("post_install", "-at_install")
class TestTillFamily(EarningCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program.level_ids = [
            Command.create({"name": "First", "min_points": 0}),
            Command.create({"name": "Second", "min_points": 1100}),
        ]
        cls.carl = cls.env["res.partner"].create({"name": "Carl"})
        cls.bobs = cls.make_card(cls.bob)
        cls.carls = cls.make_card(cls.carl)

    def pay_with_points(self, points, card, partner):
        uuid = str(uuid4())
        self.hold(points, uuid, card)
        return self.sell([self.line(price=points)], partner, payments=[self.pay_points(points, card, uuid=uuid)])

    def test_family_earns_for_one(self):
        """H14, H18, H19, H20, H21: what a family buys is earned by one card, whose level rises; the others stay empty."""
        (self.bobs | self.carls).points_to_id = self.card
        first = self.sell([self.taxed(60, 15)], self.bob)
        second = self.sell([self.taxed(70, 15)], self.carl, loyalty_card_id=self.carls.id)
        self.assertEntries(first, [(self.card, "earn", 60)])
        self.assertEntries(second, [(self.card, "earn", 70)])
        self.assertRecordValues(self.card, [{"points": 1130, "accumulated_points": 1130}])
        self.assertEqual(self.card.level_id.name, "Second")
        for card in (self.bobs, self.carls):
            self.assertRecordValues(card, [{"points": 0, "accumulated_points": 0, "available_points": 0}])
            self.assertEqual(card.level_id.name, "First")

    def test_family_pays_with_one(self):
        """H22: a source card pays nothing, neither with its own points nor with the master's; what it earned it can lose."""
        self.bobs.points_to_id = self.card
        order = self.sell([self.taxed(60, 15)], self.bob)
        self.assertEqual(self.card.points, 1060)
        with self.assertRaisesRegex(UserError, self.card.code):
            self.hold(10, str(uuid4()), self.bobs)
        line = order.lines
        back = self.taxed(60, 15, qty=-1, refunded_orderline_id=line.id)
        refund = self.sell([back], self.bob, is_refund=True)
        self.assertEqual(refund.loyalty_points_earned, -60)
        self.assertEntries(order, [(self.card, "earn", 60), (self.card, "reversal", -60)])
        self.assertRecordValues(self.card | self.bobs, [{"points": 1000}, {"points": 0}])
        # The master pays for its own customer, and only its own.
        self.assertEntries(self.pay_with_points(50, self.card, self.ann), [(self.card, "redeem", -50)])

    def test_lost_card(self):
        """H23, H24: balance and level of a lost card move to the new one, once; its old number still earns for the new."""
        self.sell([self.taxed(100, 15)], self.ann)
        self.assertEqual((self.card.points, self.card.level_id.name), (1100, "Second"))
        new = self.make_card(self.ann)
        self.card.points_to_id = new
        self.assertRecordValues(self.card | new, [{"points": 0}, {"points": 1100}])
        self.assertEqual((self.card | new).mapped("level_id.name"), ["First", "Second"])
        self.assertEqual(self.ann.loyalty_outstanding_points, 1100)
        order = self.sell([self.taxed(100, 15)], self.ann, loyalty_card_id=self.card.id)
        self.assertEntries(order, [(new, "earn", 100)])
        self.assertEntries(self.pay_with_points(50, new, self.ann), [(new, "redeem", -50)])
        self.assertFalse(self.card.closed)
        self.assertEqual(self.ann.loyalty_outstanding_points, 1150)
        self.assertEqual((self.card | new)._verify_ledger(), [])

    def test_closed_and_opened_again(self):
        """H25, H2: a closed card can neither earn nor redeem points at the till; opened again it does both."""
        self.card.closed = True
        with self.assertRaisesRegex(UserError, "closed"):
            self.hold(50, str(uuid4()))
        self.assertEntries(self.sell([self.taxed(100, 15)], self.ann), [])
        self.card.closed = False
        self.assertEntries(self.pay_with_points(50, self.card, self.ann), [(self.card, "redeem", -50)])
        self.assertEntries(self.sell([self.taxed(100, 15)], self.ann), [(self.card, "earn", 100)])
        self.assertEqual(self.card.points, 1050)

    def test_manual_level(self):
        """H14, H16: a level that was set by hand is lost at the next use at the till, whether it earns or redeems."""
        second = self.program.level_ids.filtered(lambda level: level.name == "Second")
        self.card.level_id = second
        self.pay_with_points(50, self.card, self.ann)
        self.assertEqual(self.card.level_id.name, "First")
        self.card.level_id = second
        self.sell([self.taxed(10, 15)], self.ann)
        self.assertEqual(self.card.level_id.name, "First")
