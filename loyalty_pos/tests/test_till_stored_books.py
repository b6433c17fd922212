from odoo.tests import tagged

from odoo.addons.loyalty_account.tests.proof_common import ProofVerbs

from .test_session_closing import ClosingCase


@tagged("post_install", "-at_install")
class TestTillStoredBooks(ProofVerbs, ClosingCase):
    """Gift cards that registers sell and spend, in the books."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gift = cls.make_product("Gift Card")
        cls.gifts = cls.make_stored_value("gift_card", cls.gift)
        cls.gifts.mail_template_id = cls.env.ref("loyalty.mail_template_gift_card")
        cls.gifts.pos_report_print_id = cls.env.ref("loyalty.report_gift_card")
        wizard = cls.env["loyalty.account.setup"].create({"program_id": cls.gifts.id})
        wizard.action_set_up()
        wizard.action_mend()

    def sell_card(self, price=50.0, **values):
        order = self.sell([self.line(self.gift, price)], payments=[self.pay(price, self.cash_method)], **values)
        self.confirm(order, {-1: self.claim(price, self.gifts)})
        return order, self.env["loyalty.card"].search([("source_pos_order_id", "=", order.id)])

    def spend(self, card, points, price=100.0):
        order = self.sell(
            [self.line(price=price), self.reward_line(card, points, -points, self.gifts.reward_ids)],
            payments=[self.pay(price - points, self.cash_method)],
        )
        self.confirm(order, {card.id: self.claim(-points, self.gifts, card, line_codes=["R"])})
        return order

    def assertBalance(self, points, booked):
        proof = self.assertSound(program=self.gifts)
        self.assertEqual((proof["value"]["ledger"], proof["value"]["books"]), (points, booked))

    def liability(self, move):
        lines = move.line_ids.filtered(lambda line: line.account_id == self.gifts.liability_account_id)
        return sorted((line.debit, line.credit) for line in lines)

    def test_sold_and_spent(self):
        """N14: the closing books what registers sold and spent; until then the proof says that it waits."""
        __, card = self.sell_card()
        self.assertBalance(50.0, 0.0)
        self.assertEqual(self.liability(self.close()), [(0.0, 50.0)])
        self.assertBalance(50.0, 50.0)
        self.pos_session = self.open_session(self.config)
        self.spend(card, 30.0)
        self.assertBalance(20.0, 50.0)
        self.assertEqual(self.liability(self.close()), [(30.0, 0.0)])
        self.assertBalance(20.0, 20.0)
        self.assertFalse(self.env["account.move"].search([("loyalty_program_id", "=", self.gifts.id)]))

    def test_returned(self):
        """N14: a gift card that comes back for cash is off the card and off the liability account."""
        order, card = self.sell_card()
        self.sell(
            [self.line(self.gift, 50, -1, refunded_orderline_id=order.lines.id)],
            payments=[self.pay(-50.0, self.cash_method)],
            is_refund=True,
        )
        self.assertEqual(card.points, 0)
        self.close()
        self.assertBalance(0.0, 0.0)

    def test_refund_of_a_spent_card(self):
        """N14, N29: 50.00 are paid out for a card on which 20.00 are left: the proof names the session and the 30.00."""
        order, card = self.sell_card()
        self.spend(card, 30.0)
        refund = self.sell(
            [self.line(self.gift, 50, -1, refunded_orderline_id=order.lines.id)],
            payments=[self.pay(-50.0, self.cash_method)],
            is_refund=True,
        )
        self.assertEqual(card.points, 0)
        self.close()
        proof = self.prove(program=self.gifts)
        self.assertEqual((proof["value"]["ledger"], proof["value"]["books"], proof["residual"]), (0.0, -30.0, 30.0))
        self.assertTrue(self.exceptions_of(refund))

    def test_wrong_account(self):
        """N14: a product that books on another account is named once the session is closed."""
        self.gift.property_account_income_id = self.company_data["default_account_revenue"]
        self.sell_card()
        self.close()
        proof = self.prove(program=self.gifts)
        self.assertEqual(proof["residual"], 50.0)
        words = " ".join(item["problem"] for item in proof["value"]["items"])
        self.assertIn("nothing was booked", words)
