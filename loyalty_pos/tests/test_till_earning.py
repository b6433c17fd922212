from datetime import timedelta
from uuid import uuid4

from freezegun import freeze_time

from odoo import Command, fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user, tagged

from .common import TillPointsCase, make_order_data


class EarningCase(TillPointsCase):
    """The program gives a point per unit of money without tax, when the order is paid."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program.issue_on = "paid"

    def earning_of(self, order):
        return self.env["loyalty.earning"].search([("res_model", "=", "pos.order"), ("res_id", "=", order.id)])


@tagged("post_install", "-at_install")
class TestTillEarning(EarningCase):
    def test_paid_in_money(self):
        """C6, S2, C9: an order that is paid in money earns on its amount without tax, in the same transaction."""
        order = self.sell([self.taxed(100, 15)], self.ann, payments=[self.pay(115.0, self.cash_method)])
        self.assertEntries(order, [(self.card, "earn", 100)])
        self.assertRecordValues(
            order,
            [
                {
                    "loyalty_points_earned": 100,
                    "loyalty_points_earnable": 100,
                    "loyalty_points_redeemed": 0,
                    "loyalty_balance_after": 1100,
                    "loyalty_card_id": self.card.id,
                }
            ],
        )
        self.assertIn("100", self.earning_of(order).explanation)
        self.assertEqual(order.with_user(self.env.user).loyalty_explanation, self.earning_of(order).explanation)
        self.assertNotIn("loyalty_explanation", order.read_pos_data([], self.config)["pos.order"][0])

    def test_points_of_several_programs_are_no_sum(self):
        """C6, N27: an order that earns in two programs says what its card's program gave, and a return what it took."""
        other = self.make_program(name="Stars", issue_on="paid", pos_ok=True)
        other.rule_ids.reward_point_amount = 3
        stars = self.make_card(partner=self.ann, program=other)
        for card, points in ((self.card, 100), (stars, 300)):
            order = self.sell(
                [self.taxed(100, 15)], self.ann, payments=[self.pay(115.0, self.cash_method)], loyalty_card_id=card.id
            )
            self.assertEqual(len(self.earning_of(order)), 2)
            before = card.points
            self.assertRecordValues(
                order,
                [
                    {
                        "loyalty_points_earned": points,
                        "loyalty_points_earnable": points,
                        "loyalty_balance_after": before,
                    }
                ],
            )
            refund = self.sell(
                [self.taxed(100, 15, qty=-1, refunded_orderline_id=order.lines.id)],
                self.ann,
                payments=[self.pay(-115.0, self.cash_method)],
                is_refund=True,
                loyalty_card_id=card.id,
            )
            self.assertEqual((refund.loyalty_points_earned, card.points), (-points, before - points))

    def test_card_with_odoo_timing_beside_another_program(self):
        """C7, N27: what the order's card earned by Odoo's own timing is on the order once the register confirmed it."""
        other = self.make_program(name="Stars", issue_on="order", pos_ok=True)
        stars = self.make_card(partner=self.ann, program=other)
        order = self.sell(
            [self.taxed(100, 15)], self.ann, payments=[self.pay(115.0, self.cash_method)], loyalty_card_id=stars.id
        )
        self.assertEqual((order.loyalty_points_earned, self.card.points), (0, 1100))
        self.confirm(order, {stars.id: self.claim(115, other, stars)})
        self.assertEqual((order.loyalty_points_earned, order.loyalty_balance_after), (115, 115))

    def test_paid_partly_with_points(self):
        """C6, bH10: one docket redeems and earns; only the part paid in money earns: 65 of 115 of 100 points."""
        uuid = str(uuid4())
        self.hold(50, uuid)
        order = self.sell([self.taxed(100, 15)], self.ann, payments=[self.pay(65.0), self.pay_points(50, uuid=uuid)])
        self.assertEntries(order, [(self.card, "redeem", -50), (self.card, "earn", 56)])
        self.assertEqual((order.loyalty_points_earned, order.loyalty_points_redeemed), (56, 50))
        self.assertEqual(order.loyalty_balance_after, 1006)

    def test_change_is_no_payment(self):
        """C6: change counts against the money that was given, so it does not raise the share."""
        uuid = str(uuid4())
        self.hold(50, uuid)
        order = self.sell(
            [self.taxed(100, 15)],
            self.ann,
            payments=[self.pay(165.0, self.cash_method), self.pay_points(50, uuid=uuid)],
            amount_return=-100,
        )
        self.assertEqual(order.loyalty_points_earned, 56)

    def test_methods_that_earn(self):
        """bH5, C6: only payment methods that earn points do; points and the customer's account never by default."""
        account = self.env["pos.payment.method"].create({"name": "Account", "split_transactions": True})
        self.assertEqual(
            [method.earns_loyalty for method in (self.cash_method, self.method, self.points_method, account)],
            [True, True, False, False],
        )
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            self.points_method.earns_loyalty = True
        self.method.earns_loyalty = False
        order = self.sell(
            [self.taxed(100, 0)], self.ann, payments=[self.pay(40.0, self.cash_method), self.pay(60.0, self.method)]
        )
        self.assertEqual(order.loyalty_points_earned, 40)

    def test_client_says_nothing(self):
        """N8: what the till claims to have earned is not looked at; the answer has the real balance."""
        order = self.sell([self.taxed(100, 15)], self.ann)
        for points in (1_000_000, -500, 0):
            reply = self.confirm(order, {self.card.id: self.claim(points, card=self.card, partner_id=self.ann.id)})
            self.assertEqual([(u["id"], u["points"]) for u in reply["coupon_updates"]], [(self.card.id, 1100)])
        self.assertEntries(order, [(self.card, "earn", 100)])
        self.assertFalse(self.exceptions_of(order))

    def test_lost_second_call(self):
        """N8: the points are there although the till's second call never came."""
        order = self.sell([self.taxed(100, 15)], self.ann)
        self.assertEqual(self.card.points, 1100)
        self.assertTrue(order.loyalty_settled)

    def test_new_customer(self):
        """H1, H3: a first sale issues one card, and the till learns which one its own number stands for."""
        order = self.sell([self.taxed(100, 15)], self.bob)
        card = self.env["loyalty.card"].search([("partner_id", "=", self.bob.id)])
        self.assertEntries(order, [(card, "earn", 100)])
        reply = self.confirm(order, {-7: self.claim(100, partner_id=self.bob.id)})
        self.assertEqual([(u["old_id"], u["id"]) for u in reply["coupon_updates"]], [(-7, card.id)])
        self.assertEqual(self.env["loyalty.card"].search([("partner_id", "=", self.bob.id)]), card)

    def test_no_card_for_nothing(self):
        """H2, C4: sales that earn nothing issue no card, nor do customers who do not participate, nor anonymous
        sales."""
        self.sell([self.line(price=0.2)], self.bob)
        self.bob.loyalty_tracked = False
        self.sell([self.taxed(100, 15)], self.bob)
        anonymous = self.sell([self.taxed(100, 15)])
        self.assertFalse(self.env["loyalty.card"].search([("partner_id", "=", self.bob.id)]))
        self.assertEntries(anonymous, [])

    def test_card_that_was_scanned(self):
        """S9, bH6: the card that the till scanned earns, and no other customer's card."""
        second, stranger = self.make_card(), self.make_card(self.bob)
        order = self.sell([self.taxed(100, 15)], self.ann, loyalty_card_id=second.id)
        self.assertEntries(order, [(second, "earn", 100)])
        order = self.sell([self.taxed(100, 15)], self.ann, loyalty_card_id=stranger.id)
        self.assertEntries(order, [(self.card, "earn", 100)])

    def test_card_without_customer(self):
        """N29, S9: a card that is nobody's earns on a sale to a named customer, and a manager sees it once; without a
        customer it is the holder's own affair."""
        card = self.make_card()
        card.partner_id = False
        order = self.sell([self.taxed(100, 15)], self.ann, loyalty_card_id=card.id)
        order._loyalty_settle()
        self.assertEntries(order, [(card, "earn", 100)])
        found = self.exceptions_of(order, "foreign")
        self.assertEqual(found.card_id, card)
        self.assertIn("used a card without a customer for a document of", found.note)
        unnamed = self.sell([self.taxed(100, 15)], loyalty_card_id=card.id)
        self.assertEntries(unnamed, [(card, "earn", 100)])
        self.assertFalse(self.exceptions_of(unnamed, "foreign"))

    def test_unusable_and_source_cards(self):
        """H8, H10, H18, H25: closed and expired cards earn nothing; what a source card earns goes to its master."""
        self.card.closed = True
        order = self.sell([self.taxed(100, 15)], self.ann)
        self.assertEntries(order, [])
        source, master = self.make_card(self.bob), self.make_card()
        source.points_to_id = master
        order = self.sell([self.taxed(100, 15)], self.bob)
        self.assertEntries(order, [(master, "earn", 100)])

    def test_level_and_till(self):
        """bH2, bS1: the level multiplies; a till can have a rate of its own, for all levels or for one."""
        gold = self.env["loyalty.level"].create(
            {"program_id": self.program.id, "name": "Gold", "min_points": 0, "multiplier": 2}
        )
        self.card.level_id = gold
        order = self.sell([self.taxed(100, 15)], self.ann)
        self.assertEqual(order.loyalty_points_earned, 200)
        rate = self.env["loyalty.till.rate"].create(
            {"program_id": self.program.id, "config_id": self.config.id, "multiplier": 3}
        )
        order = self.sell([self.taxed(100, 15)], self.ann)
        self.assertEqual(order.loyalty_points_earned, 300)
        self.env["loyalty.till.rate"].create(
            {"program_id": self.program.id, "config_id": self.config.id, "level_id": gold.id, "multiplier": 5}
        )
        self.assertEqual(self.sell([self.taxed(100, 15)], self.ann).loyalty_points_earned, 500)
        rate.config_id = self.env["pos.config"].create(
            {"name": "Other", "payment_method_ids": [Command.set(self.method.ids)]}
        )
        self.assertEqual(self.earning_of(order).multiplier, 3)

    def test_level_before_the_order(self):
        """bS1, bH10: the level before the order multiplies, also when what the order spends lowers the level."""
        self.program.level_basis = "balance"
        self.program.level_ids = [
            Command.create({"name": "Silver", "min_points": 0, "multiplier": 1}),
            Command.create({"name": "Gold", "min_points": 1000, "multiplier": 2}),
        ]
        self.grant(1)
        self.assertEqual(self.card.level_id.name, "Gold")
        order = self.sell([self.taxed(100, 0)], self.ann, payments=[self.pay(50.0), self.pay_points(50, uuid="p")])
        self.assertEqual(self.card.level_id.name, "Gold")
        self.assertEqual(self.earning_of(order).level_name, "Gold")
        self.assertEntries(order, [(self.card, "redeem", -50), (self.card, "earn", 100)])

    def test_items_that_earn_nothing(self):
        """C33, C13: products that earn no points are left out, as on invoices and orders."""
        stamp = self.make_product("Stamp", loyalty_no_earn=True)
        order = self.sell([self.taxed(100, 15), self.taxed(30, 15, product=stamp)], self.ann)
        self.assertEntries(order, [(self.card, "earn", 100)])

    def test_gift_cards_that_earn(self):
        """bH9, C32: selling a gift card or topping an eWallet up earns only where the program says so."""
        for kind in ("gift_card", "ewallet"):
            voucher = self.make_product(kind)
            self.make_stored_value(kind, voucher)
            for earns, points in ((False, 100), (True, 150)):
                self.program.gift_cards_earn = earns
                order = self.sell([self.taxed(100, 15), self.line(voucher, 50)], self.ann)
                self.assertEntries(order, [(self.card, "earn", points)])

    def test_rewards_of_the_program(self):
        """bH10: a reward of the same program is paid for, and takes its part off what is earned."""
        reward = self.program.reward_ids[:1]
        order = self.sell(
            [self.taxed(100, 0), self.reward_line(self.card, 100, -10, reward)],
            self.ann,
            payments=[self.pay(90.0)],
            source=False,
        )
        self.assertEntries(order, [(self.card, "redeem", -100), (self.card, "earn", 90)])
        self.confirm(order, {self.card.id: self.claim(0, card=self.card, partner_id=self.ann.id, line_codes=["R"])})
        self.assertEntries(order, [(self.card, "redeem", -100), (self.card, "earn", 90)])

    def test_reward_on_a_strangers_card(self):
        """N8: a reward that a client writes on a stranger's card is paid by the customer's own."""
        stranger = self.make_card(self.bob)
        self.grant(500, stranger)
        reward = self.program.reward_ids[:1]
        order = self.sell(
            [self.taxed(100, 0), self.reward_line(stranger, 100, -10, reward)], self.ann, payments=[self.pay(90.0)]
        )
        self.assertEqual((stranger.points, self.card.points), (500, 990))
        self.assertEqual(order.lines[1].coupon_id, self.card)
        self.assertIn(stranger.code, self.exceptions_of(order).note)

    def test_customers_own_devices(self):
        """N8, H2: what a customer's phone or a kiosk sends spends nobody's points, and says nothing about results."""
        reward = self.program.reward_ids[:1]
        data = make_order_data(
            self.pos_session,
            self.method,
            [self.taxed(100, 0), self.reward_line(self.card, 100, -10, reward)],
            self.ann,
            payments=[self.pay(100.0), self.pay_points(50)],
            source="pos",
            loyalty_card_id=self.card.id,
            loyalty_points_earned=5000,
        )
        data["source"] = "kiosk"
        data["amount_total"] = 100
        Order = self.env["pos.order"]
        Order._forget_points_of_self_order(data)
        self.assertEqual(len(data["lines"]), 1)
        self.assertEqual((data["payment_ids"], data["state"]), ([], "draft"))
        self.assertNotIn("loyalty_card_id", data)

    def test_orders_of_customers_paid_at_the_till(self):
        """N8, bH10: tills send orders of phones and kiosks with their source; the cashier takes points for them."""
        order = self.sell(
            [self.taxed(100, 0)], self.ann, payments=[self.pay(50.0), self.pay_points(50, uuid="p")], source=False
        )
        self.assertEqual((order.loyalty_points_earned, order.loyalty_points_redeemed), (50, 50))

    def test_gift_card_earns_nothing(self):
        """C6, N4: what a gift card paid earns nothing; the money comes back to it with the goods."""
        product = self.make_product("Gift")
        gifts = self.env["loyalty.program"].create(
            {
                "name": "Gifts",
                "program_type": "gift_card",
                "rule_ids": [Command.create({"reward_point_mode": "money", "product_ids": [Command.set(product.ids)]})],
                "reward_ids": [Command.create({"discount_mode": "per_point", "discount": 1, "required_points": 1})],
            }
        )
        gift = self.env["loyalty.card"].create({"program_id": gifts.id, "points": 40})
        order = self.sell(
            [self.taxed(100, 0), self.reward_line(gift, 40, -40, gifts.reward_ids)], self.ann, payments=[self.pay(60.0)]
        )
        self.assertEqual(order.loyalty_points_earned, 60)
        self.confirm(order, {gift.id: self.claim(-40, gifts, gift, line_codes=["R"])})
        self.assertEqual(gift.points, 0)
        back = self.reward_line(gift, 40, -40, gifts.reward_ids, qty=-1, refunded_orderline_id=order.lines[1].id)
        del back["is_reward_line"], back["coupon_id"]
        sold = self.taxed(100, 0, qty=-1, refunded_orderline_id=order.lines[0].id)
        self.sell([sold, back], self.ann, payments=[self.pay(-60.0)], is_refund=True)
        self.assertEqual((gift.points, self.card.points), (40, 1000))

    def test_invoiced_order_earns_once(self):
        """C15: an order with an invoice earns at the till, and its invoice earns nothing."""
        order = self.sell([self.taxed(100, 15)], self.ann, to_invoice=True)
        self.env.cr.flush()
        self.assertEqual(order.account_move.payment_state, "paid")
        self.assertEntries(order, [(self.card, "earn", 100)])
        self.assertEqual(self.card.points, 1100)

    def test_resent_and_settled_again(self):
        """N8: the same order again, settling and confirming again earn once, whatever changed in the meantime."""
        data = make_order_data(self.pos_session, self.method, [self.taxed(100, 15)], self.ann)
        Order = self.env["pos.order"].with_user(self.cashier)
        Order.sync_from_ui([{**data, "lines": list(data["lines"]), "payment_ids": list(data["payment_ids"])}])
        self.program.rule_ids.reward_point_amount = 5
        self.make_card(is_default=True)
        Order.sync_from_ui([{**data, "lines": list(data["lines"]), "payment_ids": list(data["payment_ids"])}])
        order = Order.search([("uuid", "=", data["uuid"])])
        order.action_pos_order_paid()
        self.assertEntries(order, [(self.card, "earn", 100)])

    def test_level_basis_of_purchases(self):
        """H14, H15: the level is calculated again at each use at the till."""
        self.program.level_ids = [
            Command.create({"name": "First", "min_points": 0}),
            Command.create({"name": "Second", "min_points": 1050}),
        ]
        self.assertEqual(self.card.level_id.name or "First", "First")
        self.sell([self.taxed(100, 15)], self.ann)
        self.assertEqual(self.card.level_id.name, "Second")


@tagged("post_install", "-at_install")
class TestTillEarningRefund(EarningCase):
    def refund(self, order, qty, payments=None, extra=(), **values):
        line = order.lines[0]
        back = self.taxed(line.price_unit, 15, qty=-qty, refunded_orderline_id=line.id)
        return self.sell([back, *extra], self.ann, payments=payments, is_refund=not extra, **values)

    def test_part_and_rest(self):
        """N4: returned goods take back what they earned, pro rata, from the lot they brought; the rest the rest."""
        order = self.sell([self.taxed(50, 15, qty=3)], self.ann)
        self.assertEqual(order.loyalty_points_earned, 150)
        first = self.refund(order, 1)
        self.assertEqual((first.loyalty_points_earned, self.card.points), (-50, 1100))
        self.refund(order, 2)
        self.assertEqual(self.card.points, 1000)
        self.assertEqual(self.earning_of(order).points, 0)
        first.action_pos_order_paid()
        self.assertEqual((first.loyalty_points_earned, self.card.points), (-50, 1000))

    def test_redeemed_and_earned(self):
        """N4, S24: 115.00 paid 65.00 and 50 points: half comes back as 32.50, 25 points, and half of what it earned."""
        uuid = str(uuid4())
        self.hold(50, uuid)
        order = self.sell(
            [self.taxed(50, 15, qty=2)], self.ann, payments=[self.pay(65.0), self.pay_points(50, uuid=uuid)]
        )
        self.assertEqual(self.card.points, 1006)
        refund = self.refund(order, 1, [self.pay(-32.5), self.pay_points(-25)])
        self.assertEqual((refund.loyalty_points_redeemed, refund.loyalty_points_earned), (-25, -28))
        self.assertEqual(self.card.points, 1003)
        self.refund(order, 1, [self.pay(-32.5), self.pay_points(-25)])
        self.assertEqual(self.card.points, 1000)

    def test_spent_already(self):
        """N4: points that were spent before the goods came back are owed, or waived where the program says so."""
        for policy, left in (("debt", -100), ("clamp", 0)):
            self.program.negative_policy = policy
            partner = self.env["res.partner"].create({"name": policy})
            order = self.sell([self.taxed(100, 15)], partner)
            card = order.loyalty_card_id
            self.sell([self.line(price=100)], partner, payments=[self.pay_points(100, card, uuid=policy)])
            self.assertEqual(card.points, 0)
            line = order.lines[0]
            self.sell([self.taxed(100, 15, qty=-1, refunded_orderline_id=line.id)], partner, is_refund=True)
            self.assertEqual(card.points, left)

    def test_expired_already(self):
        """N29, N4: points that expired before the goods came back are not owed, and the till says so before."""
        self.program.write({"expiry_policy": "lot", "expiry_delay": 1, "expiry_unit": "month"})
        partner = self.env["res.partner"].create({"name": "Bea"})
        order = self.sell([self.taxed(100, 15)], partner)
        card = order.loyalty_card_id
        self.sell([self.line(price=40)], partner, payments=[self.pay_points(40, card, uuid="bea")])
        self.assertEqual(card.points, 60)
        with freeze_time(fields.Datetime.now() + timedelta(days=60)):
            self.env["loyalty.card"]._purge(programs=self.program, commit=False)
            preview = order.with_user(self.cashier).pos_refund_preview({order.lines[0].id: 1})
            self.assertEqual((preview["taken_back"], preview["lost"], preview["missing"]), (100, 60, 40))
            line = order.lines[0]
            refund = self.sell([self.taxed(100, 15, qty=-1, refunded_orderline_id=line.id)], partner, is_refund=True)
            self.assertEqual((refund.loyalty_points_earned, card.points, card.debt_points), (-40, -40, 40))
            self.assertEqual(refund.loyalty_points_taken_back, 40)
            refund.action_pos_order_paid()
            self.assertEqual((refund.loyalty_points_earned, refund.loyalty_points_taken_back), (-40, 40))

    def test_exchange(self):
        """N4: goods exchanged for goods of the same price leave the points as they are."""
        order = self.sell([self.taxed(100, 15)], self.ann)
        exchange = self.refund(order, 1, [], extra=[self.taxed(100, 15)])
        self.assertEqual(exchange.loyalty_points_earned, 0)
        self.assertEqual(self.card.points, 1100)

    def test_odoos_own_timing(self):
        """N29, N4: with Odoo's own timing returns leave points alone, as Odoo's till does, and the till says so."""
        self.program.issue_on = "order"
        order = self.sell([self.taxed(50, 15, qty=2)], self.ann)
        self.confirm(order, {self.card.id: self.claim(115, card=self.card, partner_id=self.ann.id)})
        preview = order.pos_refund_preview({order.lines.id: 1})
        kept = [{"program_id": self.program.id, "points": 58}]
        self.assertEqual((preview["taken_back"], preview["kept"]), (0, kept))
        refund = self.refund(order, 1)
        self.assertEqual((refund.loyalty_points_earned, self.card.points), (0, 1115))

    def test_orders_from_before(self):
        """N4: what the till had claimed before the program gave points when paid is taken back with the goods, too."""
        self.program.issue_on = "order"
        order = self.sell([self.taxed(50, 15, qty=2)], self.ann)
        self.confirm(order, {self.card.id: self.claim(115, card=self.card, partner_id=self.ann.id)})
        self.program.issue_on = "paid"
        self.assertEqual(self.card.points, 1115)
        refund = self.refund(order, 1)
        self.assertEqual((refund.loyalty_points_earned, self.card.points), (-58, 1057))
        refund.action_pos_order_paid()
        last = self.refund(order, 1)
        self.assertEqual((last.loyalty_points_earned, self.card.points), (-57, 1000))

    def test_reward_comes_back(self):
        """N4: returning a reward gives its points back to their lots."""
        reward = self.program.reward_ids[:1]
        order = self.sell(
            [self.taxed(100, 0), self.reward_line(self.card, 100, -10, reward)], self.ann, payments=[self.pay(90.0)]
        )
        self.assertEqual(self.card.points, 990)
        lines = [
            self.taxed(100, 0, qty=-1, refunded_orderline_id=order.lines[0].id),
            self.reward_line(self.card, 100, -10, reward, qty=-1, refunded_orderline_id=order.lines[1].id),
        ]
        refund = self.sell(lines, self.ann, payments=[self.pay(-90.0)], is_refund=True)
        self.assertEqual(self.card.points, 1000)
        self.assertEqual((refund.loyalty_points_redeemed, refund.loyalty_points_earned), (-100, -90))

    def test_preview(self):
        """N4: before validating the cashier sees what comes back as points and money, and what is taken back."""
        uuid = str(uuid4())
        self.hold(50, uuid)
        order = self.sell(
            [self.taxed(50, 15, qty=2)], self.ann, payments=[self.pay(65.0), self.pay_points(50, uuid=uuid)]
        )
        line = order.lines
        preview = order.pos_refund_preview({str(line.id): 1})
        self.assertEqual(
            preview,
            {
                "payments": [
                    {
                        "method_id": self.points_method.id,
                        "card_id": self.card.id,
                        "card_code": self.card.code,
                        "amount": 25.0,
                        "points": 25.0,
                    }
                ],
                "cash": 32.5,
                "capped": True,
                "refused": True,
                "taken_back": 28.0,
                "lost": 0.0,
                "kept": [],
                "program_id": self.program.id,
                "missing": 0.0,
                "policy": "debt",
            },
        )
        self.assertEqual(self.card.points, 1006)
        refund = self.refund(order, 1, [self.pay(-32.5), self.pay_points(-25)])
        self.assertEqual(-refund.loyalty_points_earned, preview["taken_back"])
        again = order.pos_refund_preview({line.id: 1})
        self.assertEqual((again["payments"][0]["points"], again["cash"], again["taken_back"]), (25, 32.5, 28))
        self.card._post_entries([{"card_id": self.card.id, "kind": "redeem", "points": -1003, "key": "gone"}])
        self.assertEqual(order.pos_refund_preview({line.id: 1})["missing"], 3)
        with self.assertRaises(AccessError):
            stranger = new_test_user(self.env, "no_till", groups="base.group_user")
            order.with_user(stranger).pos_refund_preview({line.id: 1})

    def test_changes_before_payment(self):
        """N29: what the till took off redemptions, and why, can be read on the order; no copy says it again."""
        note = "500 points ($ 5.00) of card 1 are no longer redeemed: card 1 was removed."
        order = self.sell([self.taxed(100, 15)], self.ann, loyalty_note=note)
        self.assertEqual(order.with_user(self.env.user).loyalty_note, note)
        views = order.with_user(self.env.user).get_views([(self.env.ref("point_of_sale.view_pos_pos_form").id, "form")])
        self.assertIn('name="loyalty_note"', views["views"]["form"]["arch"])
        self.assertFalse(order.copy().loyalty_note)

    def test_changes_before_payment_stay(self):
        """N29: cashiers neither change nor remove what the till noted, by whatever call; until payment registers add to it."""
        first, second = "500 points of card 1 are no longer redeemed.", "40 points of card 2 are no longer redeemed."
        data = make_order_data(self.pos_session, self.method, [self.taxed(100, 15)], self.ann, loyalty_note=first)
        Order = self.env["pos.order"].with_user(self.cashier)
        Order.sync_from_ui([{**data, "state": "draft", "payment_ids": [], "amount_paid": 0}])
        order = Order.search([("uuid", "=", data["uuid"])])
        for text in ("", "Nothing", False, first):
            order.write({"loyalty_note": text})
            self.assertIn(first, order.loyalty_note)
        order.write({"loyalty_note": second})
        self.assertEqual(order.loyalty_note, f"{first}\nNothing\n{second}")
        Order.sync_from_ui([{**data, "lines": [], "access_token": "", "loyalty_note": f"{first}\n{second}"}])
        self.assertEqual((order.state, order.loyalty_note), ("paid", f"{first}\nNothing\n{second}"))
        for text in ("", f"{first}\nMore"):
            order.write({"loyalty_note": text})
        self.assertEqual(order.loyalty_note, f"{first}\nNothing\n{second}")
        both = order | order.copy()
        both.write({"loyalty_note": "Again"})
        self.assertNotIn("Again", order.loyalty_note)

    def test_two_cards_in_one_order(self):
        """N4: where two cards paid, each gets its own points back."""
        other = self.make_card()
        self.grant(100, other)
        order = self.sell(
            [self.taxed(50, 15, qty=2)],
            self.ann,
            payments=[self.pay(55.0), self.pay_points(40, uuid="one"), self.pay_points(20, other, uuid="two")],
        )
        preview = order.pos_refund_preview({order.lines.id: 1})
        self.assertEqual(
            [(payment["card_id"], payment["points"]) for payment in preview["payments"]],
            [(self.card.id, 20), (other.id, 10)],
        )
        refund = self.refund(
            order, 1, [self.pay(-27.5), self.pay_points(-20, uuid="one-"), self.pay_points(-10, other, uuid="two-")]
        )
        returned = refund._entries_of_order().filtered("is_redemption")
        self.assertEqual([(entry.card_id, entry.points) for entry in returned], [(self.card, 20), (other, 10)])
        self.assertFalse(self.exceptions_of(refund))
