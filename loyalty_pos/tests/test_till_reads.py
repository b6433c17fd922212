from datetime import timedelta

from odoo.tests import tagged

from .common import TillCase


@tagged("post_install", "-at_install")
class TestTillReads(TillCase):
    def setUp(self):
        super().setUp()
        self.card = self.make_card(self.ann, 100)
        self.card._hold(30, key="test-hold", document=("res.partner", self.ann.id), ttl=timedelta(minutes=30))
        self.cards = self.env["loyalty.card"].with_user(self.cashier)

    def till_fields(self):
        return self.cards._load_pos_data_fields(self.config)

    def test_till_gets_spendable_points(self):
        """C18, P11: the till reads what the card can spend, other readers what is outstanding."""
        read = self.cards.browse(self.card.id).read(self.till_fields(), load=False)
        self.assertEqual(read[0]["points"], 70)
        found = self.cards.search_read([("partner_id", "=", self.ann.id)], self.till_fields(), limit=1, load=False)
        self.assertEqual([vals["points"] for vals in found], [70])
        self.assertEqual(self.cards.browse(self.card.id).read(["points"])[0]["points"], 100)

    def test_till_finds_only_cards_that_can_be_used(self):
        """H8, H10, H18, H25: closed, expired, not started and points-to cards stay out; the default card comes first."""
        for values in (
            {"closed": True},
            {"expiration_date": "2026-03-14"},
            {"start_date": "2026-03-16"},
            {"points_to_id": self.card.id},
        ):
            self.make_card(self.ann, **values)
        preferred = self.make_card(self.ann, is_default=True)
        found = self.cards.search_read([("partner_id", "=", self.ann.id)], self.till_fields(), load=False)
        self.assertEqual([vals["id"] for vals in found], [preferred.id, self.card.id])

    def test_scanned_card_identifies_its_customer(self):
        """H18, H25: a closed card does not identify its customer, one that is linked to another card does."""
        for values, expected in (
            ({}, self.bob),
            ({"closed": True}, None),
            ({"expiration_date": "2026-03-14"}, None),
            ({"points_to_id": self.card.id}, self.bob),
        ):
            card = self.make_card(self.bob, **values)
            partner = self.cards.get_loyalty_card_partner_by_code(card.code)
            self.assertEqual(partner or None, expected)

    def test_validation_before_payment(self):
        """C18: an order that spends more than is available is refused before payment, with the real balance."""
        Order = self.env["pos.order"].with_user(self.cashier)
        refused = Order.validate_coupon_programs({str(self.card.id): -80}, [])
        self.assertFalse(refused["successful"])
        self.assertEqual(refused["payload"]["updated_points"], {self.card.id: 70})
        self.assertTrue(Order.validate_coupon_programs({str(self.card.id): -70}, [])["successful"])

    def test_gift_card_code(self):
        """C18, H25: a gift card pays with what it has available; a closed one is refused with the reason."""
        program = self.make_stored_value("gift_card", self.make_product("Voucher"))
        gift = self.make_card(self.env["res.partner"], 50, program)
        gift._hold(20, key="test-gift", document=("res.partner", self.ann.id), ttl=timedelta(minutes=30))
        config = self.config.with_user(self.cashier)
        answer = config.use_coupon_code(gift.code, "2026-03-15 12:00:00", False, False)
        self.assertTrue(answer["successful"])
        self.assertEqual(answer["payload"]["points"], 30)
        self.assertTrue(self.cards.get_gift_card_status(gift.code, self.config.id)["status"])
        gift.closed = True
        answer = config.use_coupon_code(gift.code, "2026-03-15 12:00:00", False, False)
        self.assertFalse(answer["successful"])
        self.assertIn(gift.code, answer["payload"]["error_message"])
        self.assertFalse(self.cards.get_gift_card_status(gift.code, self.config.id)["status"])

    def test_card_in_debt_earns(self):
        """N8: a card that owes points spends none, and is no reason to refuse an order that earns on it."""
        card = self.make_card(self.ann, 10)
        debit = {"card_id": card.id, "kind": "redeem", "points": -30, "key": "test-debt", "overdraw": "debt"}
        card._post_entries([debit])
        orders = self.env["pos.order"].with_user(self.cashier)
        self.assertTrue(orders.validate_coupon_programs({str(card.id): 5}, [])["successful"])
        self.assertFalse(orders.validate_coupon_programs({str(card.id): -5}, [])["successful"])
