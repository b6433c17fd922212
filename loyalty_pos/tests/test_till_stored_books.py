from uuid import uuid4

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command
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
        wizard.action_correct()

    @classmethod
    def make_config(cls, name):
        cls.account_method = cls.env["pos.payment.method"].create({"name": "Account", "split_transactions": True})
        config = super().make_config(name)
        config.payment_method_ids = [Command.link(cls.account_method.id)]
        return config

    def sell_card(self, price=50.0, partner=None, payments=None, **values):
        payments = payments or [self.pay(price, self.cash_method)]
        order = self.sell([self.line(self.gift, price)], partner, payments=payments, **values)
        self.confirm(order, {-1: self.claim(price, self.gifts)})
        return order, self.env["loyalty.card"].search([("source_pos_order_id", "=", order.id)])

    def spend(self, card, points, price=100.0, partner=None):
        order = self.sell(
            [self.line(price=price), self.reward_line(card, points, -points, self.gifts.reward_ids)],
            partner,
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

    def test_on_account(self):
        """N14: a gift card on the customer's account is worth its money at once, and the customer owes it: Dr receivable,
        Cr liability at the closing."""
        __, card = self.sell_card(partner=self.ann, payments=[self.pay(50.0, self.account_method)])
        self.assertEqual(card.points, 50.0)
        session = self.pos_session.with_user(self.cashier)
        session.post_closing_cash_details(session.cash_register_balance_end)
        self.assertTrue(session.close_session_from_ui()["successful"])
        move = session.sudo().move_id
        self.assertEqual(self.liability(move), [(0.0, 50.0)])
        owed = move.line_ids.filtered(lambda line: line.partner_id == self.ann and line.balance > 0)
        self.assertEqual((owed.account_id.account_type, owed.amount_residual), ("asset_receivable", 50.0))
        self.assertBalance(50.0, 50.0)

    def test_bought_with_points(self):
        """N14, N29: where the program lets points buy gift cards, the card is worth its full amount and the books of
        both programs are even; when it comes back, so do the points, and no cash."""
        self.program.redeem_stored_value = True
        uuid, order_uuid = str(uuid4()), str(uuid4())
        self.hold(50, uuid, order_uuid=order_uuid)
        order, card = self.sell_card(partner=self.ann, payments=[self.pay_points(50, uuid=uuid)], uuid=order_uuid)
        self.assertFalse(self.exceptions_of(order))
        points = self.card.points
        self.assertEqual(self.liability(self.close()), [(0.0, 50.0)])
        self.assertBalance(50.0, 50.0)
        self.assertSound()
        self.pos_session = self.open_session(self.config)
        self.sell(
            [self.line(self.gift, 50, -1, refunded_orderline_id=order.lines.id)],
            self.ann,
            payments=[self.pay_points(-50)],
            is_refund=True,
        )
        self.assertEqual((card.points, self.card.points), (0.0, points + 50))
        self.close()
        self.assertBalance(0.0, 0.0)
        self.assertSound()

    def test_wallet(self):
        """N14: a wallet is topped up and spent at a register; the closing books both on its own liability account."""
        credit = self.make_product("Credit")
        self.gifts = self.make_stored_value("ewallet", credit)
        wizard = self.env["loyalty.account.setup"].create({"program_id": self.gifts.id})
        wizard.action_set_up()
        wizard.action_correct()
        order = self.sell([self.line(credit, 50)], self.ann, payments=[self.pay(50.0, self.cash_method)])
        self.confirm(order, {-1: self.claim(50, self.gifts, partner_id=self.ann.id)})
        wallet = self.gifts.coupon_ids
        self.assertBalance(50.0, 0.0)
        self.spend(wallet, 30.0, partner=self.ann)
        self.assertEqual(wallet.points, 20.0)
        self.assertEqual(self.liability(self.close()), [(0.0, 50.0), (30.0, 0.0)])
        self.assertBalance(20.0, 20.0)

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

    def test_returned_after_it_was_replaced(self):
        """N14, N29, N4: what is paid out for a gift card is taken off the card that replaced it, as far as it is there."""
        order, card = self.sell_card()
        other_order, other = self.sell_card()
        new = self.env["loyalty.card"].create({"program_id": self.gifts.id})
        (card | other).points_to_id = new
        self.assertEqual((card.points, other.points, new.points), (0, 0, 100))
        self.spend(new, 70.0)
        refunds = []
        for sold, left in ((order, 0), (other_order, 0)):
            refunds.append(
                self.sell(
                    [self.line(self.gift, 50, -1, refunded_orderline_id=sold.lines.id)],
                    payments=[self.pay(-50.0, self.cash_method)],
                    is_refund=True,
                )
            )
            self.assertEqual(new.points, left)
        self.assertEqual([self.exceptions_of(refund).points for refund in refunds], [20, 50])
        self.assertEqual((card | other).mapped("points"), [0, 0])

    def test_numbers_in_notes(self):
        """N29: notes and tasks about gift cards do not tell their numbers, which can be spent."""
        order, card = self.sell_card()
        overspent = self.spend(card, 80.0)
        refund = self.sell(
            [self.line(self.gift, 50, -1, refunded_orderline_id=order.lines.id)],
            payments=[self.pay(-50.0, self.cash_method)],
            is_refund=True,
        )
        overspent._call_for_review()
        task = self.exceptions_of(overspent, "debt").activity_ids
        for note in (self.exceptions_of(refund).note, task[:1].note):
            self.assertIn(card._masked_code(), note)
            self.assertNotIn(card.code, note)

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

    def test_invoiced_after_the_closing(self):
        """N14: an order that is invoiced after its session was closed is on the books once: the sale of a card and the
        payment with it."""
        order, card = self.sell_card()
        spent = self.spend(card, 30.0)
        self.close()
        for one, liability in ((order, [(0.0, 50.0)]), (spent, [(30.0, 0.0)])):
            one.partner_id = self.ann
            one.sudo().action_pos_order_invoice()
            self.assertEqual(self.liability(one.account_move), liability)
            self.assertBalance(20.0, 20.0)

    def test_goods_returned(self):
        """N14, N4: goods that a card paid partly come back: 30.00 on the card, 70.00 in cash; also where it has expired
        since."""
        __, card = self.sell_card()
        spent = self.spend(card, 30.0)
        self.close()
        card.expiration_date = "2026-03-20"
        with freeze_time("2026-03-25 12:00:00"):
            self.env["loyalty.card"]._purge(self.gifts, commit=False)
            self.assertBalance(0.0, 0.0)
            self.pos_session = self.open_session(self.config)
            refund = spent.with_user(self.cashier)._refund()
            self.assertEqual(refund.amount_total, -70)
            refund.add_payment({"pos_order_id": refund.id, "amount": -70, "payment_method_id": self.cash_method.id})
            refund.action_pos_order_paid()
            self.assertEqual((card.points, card.available_points), (30, 30))
            self.close()
            self.assertBalance(30.0, 30.0)

    def test_credited_in_accounting(self):
        """N14, N29: an invoice of a register over a gift card that Accounting credits leaves the card its money: refused,
        or for a manager to see; so is one that a card paid."""
        sold = self.sell(
            [self.line(self.gift, 50.0)], self.ann, payments=[self.pay(50.0, self.cash_method)], to_invoice=True
        )
        self.confirm(sold, {-1: self.claim(50.0, self.gifts)})
        card = self.env["loyalty.card"].search([("source_pos_order_id", "=", sold.id)])
        spent = self.spend(card, 30.0)
        spent.partner_id = self.ann
        spent.sudo().action_pos_order_invoice()
        for order, balance in ((sold, 50.0), (spent, -30.0)):
            note = order.sudo().account_move._reverse_moves()
            self.gifts.unlinked_return_policy = "refuse"
            with self.assertRaisesRegex(UserError, "refund it there"):
                note.action_post()
            self.gifts.unlinked_return_policy = "exception"
            note.action_post()
            exception = self.env["loyalty.exception"].search(
                [("res_model", "=", "account.move"), ("res_id", "=", note.id)]
            )
            self.assertRecordValues(exception, [{"card_id": card.id, "kind": "return"}])
            self.assertNamed(order, "changed cards by .*, but nothing was booked", "value", program=self.gifts)
            self.assertTrue(balance)
