from copy import deepcopy
from datetime import timedelta
from uuid import uuid4

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import TillPointsCase, make_order_data


@tagged("post_install", "-at_install")
class TestTillRedeem(TillPointsCase):
    def sell_with_points(self, points, money=65.0, uuid=None, hold=True, amount=None, **values):
        """Ann buys for 115.00 and pays a part with points, as the till does it: reserve, then send the order."""
        uuid, order_uuid = uuid or str(uuid4()), str(uuid4())
        if hold:
            self.hold(points, uuid, order_uuid=order_uuid)
        payments = [self.pay(money), self.pay_points(points if amount is None else amount, uuid=uuid)]
        return self.sell([self.taxed(100, 15)], self.ann, payments=payments, uuid=order_uuid, **values)

    def test_points_pay_at_the_till(self):
        """M4, S11, C25: points that were reserved are spent in the transaction that pays the order."""
        order = self.sell_with_points(50)
        self.assertEqual(order.state, "paid")
        self.assertEntries(order, [(self.card, "redeem", -50)])
        self.assertEqual((self.card.points, self.card.reserved_points, self.card.redeemed_points), (950, 0, 50))
        self.assertEqual(self.card.hold_ids.state, "consumed")
        self.assertFalse(self.exceptions_of(order) | self.exceptions_of(order, "debt"))
        self.assertRecordValues(
            order,
            [
                {
                    "loyalty_card_id": self.card.id,
                    "loyalty_points_redeemed": 50,
                    "loyalty_points_reserved": 0,
                    "loyalty_balance_after": 950,
                    "loyalty_settled": True,
                }
            ],
        )
        payment = order.payment_ids.filtered("loyalty_card_id")
        self.assertEqual((payment.loyalty_points, payment.loyalty_card_code), (50, self.card.code))

    def test_answer_of_the_server_has_the_results(self):
        """N8: the till reads from the answer what came of the order; results that a client sends are ignored."""
        uuid = str(uuid4())
        self.hold(50, uuid)
        data = make_order_data(
            self.pos_session,
            self.method,
            [self.taxed(100, 15)],
            self.ann,
            payments=[self.pay(65.0), self.pay_points(50, uuid=uuid, loyalty_points=1)],
            loyalty_points_redeemed=7,
            loyalty_points_earned=1_000_000,
            loyalty_balance_after=5,
            loyalty_settled=True,
        )
        answer = self.env["pos.order"].with_user(self.cashier).sync_from_ui([data])
        vals = answer["pos.order"][0]
        self.assertEqual((vals["loyalty_points_redeemed"], vals["loyalty_balance_after"]), (50, 950))
        self.assertEqual(vals["loyalty_points_earned"], 0)
        self.assertEqual(sorted(payment["loyalty_points"] for payment in answer["pos.payment"]), [0, 50])
        order = self.env["pos.order"].browse(vals["id"]).with_user(self.cashier)
        order.write({"loyalty_points_redeemed": 0, "loyalty_settled": False})
        self.assertEqual((order.loyalty_points_redeemed, order.loyalty_settled), (50, True))

    def test_resent_and_settled_again(self):
        """N8: the same order again, and settling again, take the points once."""
        uuid = str(uuid4())
        self.hold(50, uuid)
        data = make_order_data(
            self.pos_session,
            self.method,
            [self.taxed(100, 15)],
            self.ann,
            payments=[self.pay(65.0), self.pay_points(50, uuid=uuid)],
        )
        Order = self.env["pos.order"].with_user(self.cashier)
        for __ in range(2):
            Order.sync_from_ui([{**data, "lines": list(data["lines"]), "payment_ids": list(data["payment_ids"])}])
        order = Order.search([("uuid", "=", data["uuid"])])
        order.action_pos_order_paid()
        order._loyalty_settle()
        self.assertEntries(order, [(self.card, "redeem", -50)])
        with self.assertRaisesRegex(UserError, "spent already"):
            self.hold(50, uuid)

    def test_call_that_is_made_again(self):
        """N7, N8: after a conflict the same call is made again: what the till sent is still whole."""
        Order = self.env["pos.order"].with_user(self.cashier)
        data = make_order_data(
            self.pos_session, self.method, [self.taxed(100, 15)], self.ann, payments=[], state="draft", access_token=""
        )
        for original in (data, {**data, "lines": [], "general_customer_note": "Again"}):
            sent = deepcopy(original)
            Order.sync_from_ui([sent])
            self.assertEqual(sent, original)

    def test_card_that_was_deleted(self):
        """N8: an order that names a card that no longer exists is taken."""
        gone = self.make_card(self.bob)
        card_id, code = gone.id, gone.code
        gone.unlink()
        payment = {**self.pay_points(50), "loyalty_card_id": card_id, "loyalty_card_code": code}
        order = self.sell([self.taxed(100, 15)], self.ann, payments=[self.pay(65.0), payment], loyalty_card_id=card_id)
        self.assertEntries(order, [(self.card, "redeem", -50)])

    def test_order_saved_before_it_is_paid(self):
        """N6, H14: an open tab keeps its points reserved; they are spent when it is paid, at another table or not."""
        uuid, order_uuid = str(uuid4()), str(uuid4())
        self.hold(50, uuid, order_uuid=order_uuid)
        lines = [self.taxed(100, 15)]
        data = make_order_data(
            self.pos_session, self.method, lines, self.ann, payments=[], uuid=order_uuid, state="draft"
        )
        Order = self.env["pos.order"].with_user(self.cashier)
        Order.sync_from_ui([data])
        order = Order.search([("uuid", "=", order_uuid)])
        self.assertEqual((order.loyalty_points_reserved, self.card.points), (50, 1000))
        self.assertEntries(order, [])
        paid = make_order_data(
            self.pos_session,
            self.method,
            [],
            self.ann,
            uuid=order_uuid,
            payments=[self.pay(65.0), self.pay_points(50, uuid=uuid)],
            amount_total=115,
            access_token="",
        )
        Order.sync_from_ui([paid])
        self.assertEqual(order.state, "paid")
        self.assertEntries(order, [(self.card, "redeem", -50)])
        self.assertEqual(order.loyalty_points_reserved, 0)

    def test_points_follow_the_money(self):
        """C20, N8: points are calculated from the stored payment at the value of the day, whatever the client says."""
        self.program.point_value = 0.01
        order = self.sell([self.line(price=10)], self.ann, payments=[self.pay(7.5), self.pay_points(2.5)])
        self.assertEntries(order, [(self.card, "redeem", -250)])
        uuid = str(uuid4())
        self.hold(250, uuid)
        order = self.sell([self.line(price=10)], self.ann, payments=[self.pay(9.0), self.pay_points(1.0, uuid=uuid)])
        self.assertEntries(order, [(self.card, "redeem", -100)])
        self.assertEqual((self.card.points, self.card.reserved_points), (650, 0))

    def test_who_splits_gets_no_more(self):
        """N29, N8: points worth less than a cent: one is not reserved, and payments that nobody reserved are rounded up."""
        self.program.point_value = 0.005
        with self.assertRaisesRegex(
            UserError, "Redeem at least 2 points, which are worth .*0.01.* 1 would be worth nothing"
        ):
            self.hold(1, "p1")
        self.assertEqual(self.card.reserved_points, 0)
        self.assertEqual(self.hold(2, "p1")["amount"], 0.01)
        self.assertEqual(self.hold(3, "p1")["amount"], 0.01)
        cents = [self.pay_points(0.01, uuid=str(uuid4())) for _number in range(4)]
        order = self.sell([self.line(price=10)], self.ann, payments=[self.pay(9.96), *cents])
        self.assertEntries(order, [(self.card, "redeem", -2)] * 4)

    def test_amounts_that_no_points_pay(self):
        """N29, C20, C21: an amount between two numbers of points takes the higher one; the back end refuses it."""
        self.program.point_value = 0.03
        order = self.sell([self.line(price=10)], self.ann, payments=[self.pay(7.5), self.pay_points(2.5)])
        self.assertEntries(order, [(self.card, "redeem", -84)])
        order = self.sell([self.line(price=10)], self.ann, state="draft", paid=0)
        with self.assertRaisesRegex(UserError, "83 points are worth .*2.49, 84 are worth .*2.52.* Enter one of these"):
            order.add_payment({"pos_order_id": order.id, "amount": 2.5, "payment_method_id": self.points_method.id})
        order.add_payment({"pos_order_id": order.id, "amount": 2.52, "payment_method_id": self.points_method.id})
        self.assertEqual(self.card.hold_ids.filtered(lambda hold: hold.state == "active").points, 84)

    def test_value_is_that_of_the_reservation(self):
        """N6, bP4: what was reserved pays what it was worth then, also when the order comes after a change."""
        uuid = str(uuid4())
        self.hold(50, uuid)
        self.program.point_value = 2
        order = self.sell_with_points(50, uuid=uuid, hold=False)
        self.assertEntries(order, [(self.card, "redeem", -50)])
        order = self.sell_with_points(25, money=65, amount=50, hold=True)
        self.assertEntries(order, [(self.card, "redeem", -25)])

    def test_timed_out_reservation(self):
        """N6: an order that comes after the reservation timed out takes the points like any redemption."""
        uuid = str(uuid4())
        self.hold(50, uuid)
        with freeze_time(fields.Datetime.now() + timedelta(hours=2)):
            order = self.sell_with_points(50, uuid=uuid, hold=False)
            self.assertEntries(order, [(self.card, "redeem", -50)])
            self.assertFalse(self.exceptions_of(order))
            with self.assertRaisesRegex(UserError, "spent already"):
                self.hold(50, uuid)

    def test_late_order_is_never_refused(self):
        """N8, S10: points that are no longer there become debt, an exception and somebody's task."""
        order = self.sell_with_points(50, hold=False)
        self.assertIn("without connection", self.exceptions_of(order).note)
        gone = self.make_card()
        order = self.sell(
            [self.taxed(100, 15)], self.ann, payments=[self.pay(65.0), self.pay_points(50, gone, uuid="late")]
        )
        self.assertEqual(order.state, "paid")
        self.assertEntries(order, [(gone, "redeem", -50)])
        self.assertEqual((gone.points, gone.debt_points), (-50, 50))
        exception = self.exceptions_of(order, "debt")
        self.assertEqual((exception.points, exception.state), (50, "open"))
        self.assertIn(gone.code, exception.activity_ids.note)
        order.action_pos_order_paid()
        self.assertEqual(len(exception.activity_ids), 1)

    def test_offline_cap(self):
        """N8: with a cap per card, points up to it may be spent without connection; more is listed."""
        self.config.write({"loyalty_offline_policy": "cap", "loyalty_offline_cap": 50})
        self.assertFalse(self.exceptions_of(self.sell_with_points(50, hold=False)))
        order = self.sell_with_points(51, money=64, hold=False)
        self.assertEntries(order, [(self.card, "redeem", -51)])
        self.assertIn("more than the limit of 50", self.exceptions_of(order).note)

    def test_strangers_card_never_pays(self):
        """N8, H2: points of another customer's card are not taken; the customer's own card answers for them."""
        stranger = self.make_card(self.bob)
        self.grant(500, stranger)
        order = self.sell(
            [self.taxed(100, 15)], self.ann, payments=[self.pay(65.0), self.pay_points(50, stranger, uuid="p")]
        )
        self.assertEntries(order, [(self.card, "redeem", -50)])
        self.assertEqual(stranger.points, 500)
        self.assertIn(stranger.code, self.exceptions_of(order).mapped("note")[-1] + self.exceptions_of(order)[0].note)

    def test_payment_without_any_card(self):
        """N8, H6: an order that pays with points of nobody is kept, and listed."""
        order = self.sell(
            [self.taxed(100, 15)], payments=[self.pay(65.0), self.pay(50.0, self.points_method, uuid="nobody")]
        )
        self.assertEqual(order.state, "paid")
        self.assertEntries(order, [])
        self.assertIn("no card", self.exceptions_of(order).note)

    def test_number_alone_names_the_card(self):
        """N8: the card's number on the payment is enough when the till has lost the card itself."""
        order = self.sell(
            [self.taxed(100, 15)],
            self.ann,
            payments=[self.pay(65.0), self.pay_points(50, loyalty_card_id=False, uuid="number")],
        )
        self.assertEntries(order, [(self.card, "redeem", -50)])

    def test_payments_of_a_paid_order_are_history(self):
        """C24, N8: after the order is paid no client changes its payments by points; an added one takes its points."""
        order = self.sell_with_points(50)
        payment = order.payment_ids.filtered("loyalty_card_id")
        for vals in ({"amount": 10}, {"loyalty_points": 1}, {"loyalty_card_id": False}):
            with self.assertRaises(UserError):
                payment.with_user(self.cashier).write(vals)
        with self.assertRaises(UserError):
            payment.with_user(self.cashier).unlink()
        with self.assertRaises(UserError):
            (order.payment_ids - payment).with_user(self.cashier).payment_method_id = self.points_method
        self.env["pos.payment"].with_user(self.cashier).create(
            {**self.pay_points(10, uuid="added"), "pos_order_id": order.id}
        )
        self.assertEntries(order, [(self.card, "redeem", -50), (self.card, "redeem", -10)])

    def test_leftover_reservations_come_back(self):
        """N6: what a till reserved for the order and did not use is free once the order is paid."""
        order_uuid = str(uuid4())
        self.hold(300, "removed", order_uuid=order_uuid)
        self.hold(50, "used", order_uuid=order_uuid)
        self.sell(
            [self.taxed(100, 15)],
            self.ann,
            payments=[self.pay(65.0), self.pay_points(50, uuid="used")],
            uuid=order_uuid,
        )
        self.assertEqual((self.card.points, self.card.reserved_points), (950, 0))

    def test_cancelled_order_reserves_nothing(self):
        """N6: an order that is cancelled or deleted before it is paid gives back what it reserved."""
        Order = self.env["pos.order"].with_user(self.cashier)
        for number, leave in enumerate(("action_pos_order_cancel", "unlink")):
            order_uuid = str(uuid4())
            self.hold(100, f"left{number}", order_uuid=order_uuid)
            data = make_order_data(
                self.pos_session,
                self.method,
                [self.taxed(100, 15)],
                self.ann,
                payments=[],
                uuid=order_uuid,
                state="draft",
            )
            Order.sync_from_ui([data])
            self.assertEqual(self.card.reserved_points, 100)
            getattr(Order.search([("uuid", "=", order_uuid)]), leave)()
            self.assertEqual(self.card.reserved_points, 0)

    def test_wizard_of_the_back_end(self):
        """M4: a till order that is paid in the back end spends points too, and not more than there are."""
        data = make_order_data(
            self.pos_session, self.method, [self.taxed(100, 15)], self.ann, payments=[], state="draft"
        )
        self.env["pos.order"].with_user(self.cashier).sync_from_ui([data])
        order = self.env["pos.order"].search([("uuid", "=", data["uuid"])])
        order._compute_prices()

        def pay(amount, method):
            self.env["pos.make.payment"].with_context(active_id=order.id, active_ids=order.ids).create(
                {"payment_method_id": method.id, "amount": amount}
            ).check()

        self.grant(1)
        with self.assertRaises(UserError), self.env.cr.savepoint():
            pay(1002, self.points_method)
        self.env.invalidate_all()
        pay(50, self.points_method)
        self.assertEqual((self.card.points, self.card.reserved_points), (1001, 50))
        pay(65, self.method)
        self.assertEqual(order.state, "paid")
        self.assertEntries(order, [(self.card, "redeem", -50)])
        self.assertFalse(self.exceptions_of(order))

    def test_failure_never_blocks_the_order(self):
        """N8: when points cannot be settled the order stands and is listed, once."""
        lines = [self.line(price=5e11)]
        with self.assertLogs("odoo.addons.loyalty_pos.models.pos_order_settle", "WARNING"):
            order = self.sell(lines, self.ann, payments=[self.pay_points(5e11, uuid="x")])
            order._loyalty_settle()
        self.assertEqual((order.state, order.loyalty_settled), ("paid", False))
        self.assertEqual(self.card.points, 1000)
        self.assertEqual(len(self.exceptions_of(order)), 1)


@tagged("post_install", "-at_install")
class TestTillRefund(TillPointsCase):
    def setUp(self):
        super().setUp()
        self.uuid = str(uuid4())
        self.hold(50, self.uuid)
        self.order = self.sell(
            [self.taxed(50, 15, qty=2)],
            self.ann,
            payments=[self.pay(65.0), self.pay_points(50, uuid=self.uuid)],
        )

    def refund(self, qty, points, **values):
        """Return some of two pieces of 57.50 each; the points come back with a negative payment."""
        line = self.order.lines
        total = -57.5 * qty
        return self.sell(
            [self.taxed(50, 15, qty=-qty, refunded_orderline_id=line.id)],
            self.ann,
            payments=[payment for payment in (self.pay(total + points), self.pay_points(-points)) if payment["amount"]],
            is_refund=True,
            **values,
        )

    def test_full_refund(self):
        """N4: a full refund gives back 65.00 in cash and the 50 points, to their lots."""
        lot = self.card.lot_ids
        refund = self.refund(2, 50)
        self.assertEntries(refund, [(self.card, "reversal", 50)])
        self.assertEqual((self.card.points, self.card.redeemed_points, lot.remaining), (1000, 0, 1000))
        self.assertEqual(refund.loyalty_points_redeemed, -50)
        self.assertEqual(refund.payment_ids.filtered("loyalty_card_id").loyalty_points, -50)
        self.assertFalse(self.exceptions_of(refund))

    def test_half_and_the_rest(self):
        """N4: half of the goods give back half of the points, the rest takes the remainder; again changes nothing."""
        first = self.refund(1, 25)
        self.assertEntries(first, [(self.card, "reversal", 25)])
        second = self.refund(1, 25)
        self.assertEntries(second, [(self.card, "reversal", 25)])
        for order in (first, second):
            order.action_pos_order_paid()
        self.assertEqual(self.card.points, 1000)
        self.assertFalse(self.exceptions_of(first) | self.exceptions_of(second))

    def test_more_points_than_were_paid(self):
        """N4, N8: a refund never gives back more points than the order took; what is too much is listed."""
        refund = self.refund(2, 80)
        self.assertEntries(refund, [(self.card, "reversal", 50)])
        self.assertIn("only", self.exceptions_of(refund).note)

    def test_points_from_nowhere(self):
        """N8: a negative payment by points without returned goods brings no points."""
        order = self.sell([self.line(price=10)], self.ann, payments=[self.pay(110.0), self.pay_points(-100)])
        self.assertEntries(order, [])
        self.assertEqual(self.card.points, 950)
        self.assertTrue(self.exceptions_of(order))

    def test_cash_for_points(self):
        """N4: cash above the cash that was paid is listed, and no points come back with it."""
        refund = self.refund(2, 0)
        self.assertEntries(refund, [])
        self.assertIn("115.00", self.exceptions_of(refund).note)
