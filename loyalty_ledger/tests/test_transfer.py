from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .test_adjust import AdjustCase


@tagged("post_install", "-at_install")
class TestTransfer(AdjustCase):
    def transfer(self, user=None, **values):
        wizard = (
            self.env["loyalty.transfer.wizard"]
            .with_user(user or self.manager)
            .create({"card_id": self.card.id, "target_card_id": self.other.id, "reason": "Family card", **values})
        )
        wizard.action_confirm()
        return wizard

    def test_lots_keep_their_dates(self):
        """N11: transferred points keep the dates between which they can be used."""
        self.earn(40, expiration_date="2026-06-30")
        self.earn(60, available_from="2026-04-01")
        self.transfer(points=30)
        self.assertEqual(self.open_lots(self.other), [(30, None, "2026-06-30")])
        self.transfer(everything=True)
        self.assertEqual(
            self.open_lots(self.other),
            [(30, None, "2026-06-30"), (10, None, "2026-06-30"), (60, "2026-04-01", None)],
        )
        self.assertBalances(points=0)
        self.assertBalances(self.other, points=100, pending=60)
        self.assertClean()

    def test_audit(self):
        """N11: both cards show the transfer with user and reason; the second click posts nothing."""
        self.earn(100)
        wizard = self.transfer(points=30)
        wizard.action_confirm()
        self.assertRecordValues(
            self.card.entry_ids[0] | self.other.entry_ids,
            [
                {"kind": "transfer", "points": -30, "reason": "Family card", "author_id": self.manager.id},
                {"kind": "transfer", "points": 30, "reason": "Family card", "author_id": self.manager.id},
            ],
        )

    def test_refused(self):
        """N11, S20: no transfer without a reason, beyond what is available, to a closed card, or by a user."""
        self.earn(100)
        with self.assertRaisesRegex(ValidationError, "reason"):
            self.transfer(points=10, reason=" ")
        with self.assertRaisesRegex(ValidationError, "positive"):
            self.transfer(points=0)
        with self.assertRaisesRegex(ValidationError, "100"):
            self.transfer(points=101)
        with self.assertRaises(AccessError):
            self.transfer(points=10, user=self.clerk)
        self.other.closed = True
        with self.assertRaisesRegex(ValidationError, "closed"):
            self.transfer(points=10)
        self.assertBalances(points=100)


@tagged("post_install", "-at_install")
class TestPointsTo(AdjustCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program.level_ids = [
            Command.create({"name": name, "min_points": points})
            for name, points in (("Silver", 0), ("Gold", 101), ("Platinum", 501))
        ]
        cls.third = cls.make_card()

    def test_earnings_go_to_the_master(self):
        """H18, H19, H20, H21: cards send what they earn to one master, whose level rises; they stay at zero."""
        (self.other | self.third).points_to_id = self.card
        self.earn(60, self.other)
        self.earn(70, self.third)
        self.assertBalances(points=130)
        self.assertEqual(self.card.level_id.name, "Gold")
        for source in (self.other, self.third):
            self.assertBalances(source, points=0, available=0)
            self.assertEqual(source.level_id.name, "Silver")

    def test_source_cannot_redeem(self):
        """H22: a card that is linked to another card neither redeems nor is adjusted at the master's cost."""
        self.other.points_to_id = self.card
        entry = self.earn(60, self.other)
        with self.assertRaisesRegex(ValidationError, self.card.code):
            self.redeem(10, self.other)
        with self.assertRaisesRegex(ValidationError, self.card.code):
            self.adjust(self.other, mode="subtract", points=10)
        with self.assertRaisesRegex(ValidationError, self.card.code):
            self.adjust(self.other, mode="set", points=10)
        self.assertBalances(points=60)
        self.post(self.other, "reversal", -60, reversed_entry_id=entry.id)
        self.assertBalances(points=0)

    def test_lost_card(self):
        """H23, H24: points-to on a lost card moves balance and level at save; the customer's total never doubles."""
        self.earn(450)
        self.earn(100)
        self.assertEqual(self.card.level_id.name, "Platinum")
        self.assertEqual(self.partner.loyalty_outstanding_points, 550)
        self.card.points_to_id = self.other
        self.assertBalances(points=0)
        self.assertBalances(self.other, points=550, available=550, lifetime=550)
        self.assertEqual((self.card.level_id.name, self.other.level_id.name), ("Silver", "Platinum"))
        self.assertFalse(self.card.closed)
        self.assertEqual(self.partner.loyalty_outstanding_points, 550)
        self.earn(50, self.card)
        self.assertEqual(self.partner.loyalty_outstanding_points, 600)
        self.assertBalances(self.other, points=600)
        self.assertClean()

    def test_merged_master(self):
        """N11: when customers are merged, cards point to the survivor; sources of a merged master do so directly."""
        bob = self.env["res.partner"].create({"name": "Bob"})
        master, source = self.make_card(partner_id=bob.id), self.make_card(partner_id=bob.id)
        self.earn(200, master, expiration_date="2026-09-30")
        source.points_to_id = master
        numbers = (master | source).mapped("code")
        self.earn(50, self.card)
        (self.other | self.third).closed = True
        self.env["base.partner.merge.automatic.wizard"]._merge([bob.id, self.partner.id], self.partner)
        self.assertEqual((master | source).points_to_id, self.card)
        self.assertEqual((master | source).partner_id, self.partner)
        self.assertEqual((master | source).mapped("code"), numbers)
        self.assertTrue(master.active and source.active)
        self.assertBalances(points=250, available=250)
        self.assertEqual(self.open_lots(), [(50, None, None), (200, None, "2026-09-30")])
        self.earn(10, source)
        self.assertBalances(points=260)
        self.assertClean()

    def test_merge_keeps_the_only_card(self):
        """N11: a customer who is merged into one without a card brings the card along, as the default it was."""
        bob = self.env["res.partner"].create({"name": "Bob"})
        card = self.make_card(partner_id=bob.id, is_default=True)
        carl = self.env["res.partner"].create({"name": "Carl"})
        self.earn(100, card)
        self.env["base.partner.merge.automatic.wizard"]._merge([bob.id, carl.id], carl)
        self.assertRecordValues(
            card, [{"partner_id": carl.id, "is_default": True, "points_to_id": False, "points": 100}]
        )

    def test_merge_with_reserved_points(self):
        """N29, N11: merged customers have one default card with everything, also where points are reserved."""
        bob = self.env["res.partner"].create({"name": "Bob"})
        card = self.make_card(partner_id=bob.id, is_default=True)
        self.card.is_default = True
        self.earn(100, card)
        self.earn(30, self.card)
        hold = card._hold(40, "order:1")
        self.env["base.partner.merge.automatic.wizard"]._merge([bob.id, self.partner.id], self.partner)
        self.assertRecordValues(
            card | self.card,
            [
                {"partner_id": self.partner.id, "is_default": True, "points_to_id": False, "points": 130},
                {"partner_id": self.partner.id, "is_default": False, "points_to_id": card.id, "points": 0},
            ],
        )
        hold._consume("Order")
        self.assertBalances(card, points=90, available=90)
        self.assertEqual(self.Card._default_card(self.partner, self.program), card)
        self.assertClean()

    def test_merge_with_points_reserved_on_both(self):
        """N29, N11: where both have reserved points, the free ones move at once and the rest once they are settled."""
        bob = self.env["res.partner"].create({"name": "Bob"})
        card = self.make_card(partner_id=bob.id, is_default=True)
        self.card.is_default = True
        self.earn(100, card)
        self.earn(30, self.card)
        hold, other = card._hold(40, "order:1"), self.card._hold(10, "order:2")
        self.env["base.partner.merge.automatic.wizard"]._merge([bob.id, self.partner.id], self.partner)
        self.assertRecordValues(
            self.card | card,
            [
                {"is_default": True, "points_to_id": False, "points": 90, "available_points": 80},
                {"is_default": False, "points_to_id": False, "points": 40, "available_points": 0},
            ],
        )
        self.assertEqual(self.Card._default_card(self.partner, self.program), self.card)
        hold._release()
        self.Card._finish_merges()
        self.assertRecordValues(
            self.card | card,
            [
                {"points_to_id": False, "points": 130, "available_points": 120},
                {"points_to_id": self.card.id, "points": 0, "available_points": 0},
            ],
        )
        other._consume("Order")
        self.assertBalances(self.card, points=120)
        self.assertClean()
