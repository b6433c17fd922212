"""Returns that are not a plain part of one sale: combos, goods without receipt, gift cards, rounding of cash."""

from uuid import uuid4

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .test_till_earning import EarningCase


class ReturnCase(EarningCase):
    """Returns are entered at the till and in the back end (*Return Products*, then *Payment*)."""

    def return_products(self, order):
        """Make the draft of a return as the back end does; return it as its manager sees it."""
        action = order.with_user(self.env.user).refund()
        return self.env["pos.order"].browse(action["res_id"])

    def pay_in_back_end(self, order, amount=None, method=None):
        """Pay a draft order with the wizard of the back end."""
        wizard = self.env["pos.make.payment"].with_context(active_id=order.id, active_ids=order.ids)
        values = {"payment_method_id": (method or self.cash_method).id}
        if amount is not None:
            values["amount"] = amount
        wizard.create(values).check()


@tagged("post_install", "-at_install")
class TestReturnedCombos(ReturnCase):
    """A breakfast of 100.00 whose price stands on its parts, as Odoo sells combos."""

    def sell_combo(self):
        menu, tea, roll = (self.make_product(name) for name in ("Breakfast", "Tea", "Roll"))
        uuids = [str(uuid4()) for __ in range(3)]
        return self.sell(
            [
                self.line(menu, 0, uuid=uuids[0]),
                self.line(tea, 40, uuid=uuids[1]),
                self.line(roll, 60, uuid=uuids[2]),
            ],
            self.ann,
            payments=[self.pay(100.0, self.cash_method)],
            relations_uuid_mapping={
                "pos.order.line": {uuid: {"combo_parent_id": uuids[0]} for uuid in uuids[1:]},
            },
        )

    def test_returned_in_the_back_end(self):
        """N29, N4: a combo that is returned in the back end takes back what it earned; lines of the copy still name
        the combo of the sale."""
        order = self.sell_combo()
        self.assertEqual(order.loyalty_points_earned, 100)
        refund = self.return_products(order)
        self.pay_in_back_end(refund)
        self.assertEqual(refund.state, "paid")
        self.assertEqual((refund.loyalty_points_earned, self.card.points), (-100, 1000))

    def test_draft_of_the_back_end_beside_the_till(self):
        """N29, N4: while somebody prepares the return in the back end, the till takes the goods back."""
        order = self.sell_combo()
        self.return_products(order)
        preview = order.pos_refund_preview({line.id: 1 for line in order.lines})
        self.assertEqual((preview["taken_back"], preview["cash"]), (100, 100))
        refund = self.sell(
            [
                self.line(line.product_id, line.price_unit, -1, refunded_orderline_id=line.id)
                for line in order.lines.sorted("id")
            ],
            self.ann,
            payments=[self.pay(-100.0, self.cash_method)],
            is_refund=True,
        )
        self.assertTrue(refund.loyalty_settled)
        self.assertFalse(self.exceptions_of(refund))
        self.assertEqual((refund.loyalty_points_earned, self.card.points), (-100, 1000))

    def test_part_of_a_combo(self):
        """N29, N4: a part that comes back alone takes back the part of the money."""
        order = self.sell_combo()
        part = order.lines.filtered(lambda line: line.price_unit == 40)
        self.assertEqual(order.pos_refund_preview({part.id: 1})["taken_back"], 40)
        refund = self.sell(
            [self.line(part.product_id, 40, -1, refunded_orderline_id=part.id)],
            self.ann,
            payments=[self.pay(-40.0, self.cash_method)],
            is_refund=True,
        )
        self.assertEqual((refund.loyalty_points_earned, self.card.points), (-40, 1060))

    def test_combo_of_claimed_programs(self):
        """N29, N4: combos of the time when the till claimed the points are taken back as well."""
        self.program.issue_on = "order"
        order = self.sell_combo()
        self.confirm(order, {self.card.id: self.claim(100, card=self.card, partner_id=self.ann.id)})
        self.assertEqual(self.card.points, 1100)
        self.program.issue_on = "paid"
        refund = self.return_products(order)
        self.assertEqual(order._loyalty_earnable(self.program), 100)
        self.pay_in_back_end(refund)
        self.assertEqual(self.card.points, 1000)


@tagged("post_install", "-at_install")
class TestPointsOfReturns(ReturnCase):
    """Points come back for the goods that they paid, and money for the rest."""

    def test_goods_beside_a_tip(self):
        """N29, N4: points paid the goods and money the tip: the goods come back as points alone."""
        tip = self.make_product("Tip")
        self.config.write({"iface_tipproduct": True, "tip_product_id": tip.id})
        order = self.sell(
            [self.line(), self.line(tip, 10)],
            self.ann,
            payments=[self.pay_points(100), self.pay(10.0, self.cash_method)],
        )
        preview = order.pos_refund_preview({order.lines[0].id: 1})
        self.assertEqual([(item["amount"], item["points"]) for item in preview["payments"]], [(100.0, 100.0)])
        self.assertEqual(preview["cash"], 0.0)

    def test_goods_beside_a_gift_card(self):
        """N29, N4: 60 points and money pay two cups and a gift card: a cup gives 30 points back, the card none; what
        the product says later changes nothing."""
        gift = self.make_product("Gift Card")
        self.make_stored_value("gift_card", gift)
        order = self.sell(
            [self.line(price=50, qty=2), self.line(gift, 50)],
            self.ann,
            payments=[self.pay_points(60), self.pay(90.0, self.cash_method)],
        )
        self.pen.loyalty_no_redeem = True
        cup, card = order.lines
        for line, points, cash in ((cup, [30.0], 20.0), (card, [], 50.0)):
            preview = order.pos_refund_preview({line.id: 1})
            self.assertEqual([item["amount"] for item in preview["payments"]], points)
            self.assertEqual(preview["cash"], cash)

    def test_after_too_much_money(self):
        """N29, N4: where an earlier return gave back more money, points make up for it: nothing is stuck."""
        gift = self.make_product("Gift Card")
        self.make_stored_value("gift_card", gift)
        order = self.sell(
            [self.line(), self.line(gift, 50)],
            self.ann,
            payments=[self.pay_points(100), self.pay(50.0, self.cash_method)],
        )
        self.sell(
            [self.line(qty=-1, refunded_orderline_id=order.lines[0].id)],
            self.ann,
            payments=[self.pay_points(-70), self.pay(-30.0, self.cash_method)],
            is_refund=True,
        )
        preview = order.pos_refund_preview({order.lines[1].id: 1})
        self.assertEqual([item["amount"] for item in preview["payments"]], [30.0])
        self.assertEqual(preview["cash"], 20.0)

    def test_pieces_dearer_than_the_whole(self):
        """N29, N4: three pieces of 1.10 and 15 % cost 3.80, and 1.27 each when they come back one by one: what the tax
        engine makes of the parts is no exception, and the back end pays the last one, too."""
        order = self.sell(
            [self.taxed(1.1, 15, qty=3)], self.ann, payments=[self.pay_points(1), self.pay(2.8, self.cash_method)]
        )
        for points, cash in ((0.33, 0.94), (0.34, 0.93), (0.33, 0.94)):
            preview = order.pos_refund_preview({order.lines.id: 1})
            self.assertEqual([item["amount"] for item in preview["payments"]], [points])
            refund = self.return_products(order)
            refund.lines.qty = -1
            refund._compute_prices()
            self.assertEqual(refund.amount_total, -1.27)
            self.pay_in_back_end(refund, -points, self.points_method)
            self.pay_in_back_end(refund, -cash)
            self.assertEqual(refund.state, "paid")
            self.assertFalse(self.exceptions_of(refund))
        self.assertEqual(self.card.points, 1000)


@tagged("post_install", "-at_install")
class TestMoneyOfReturns(ReturnCase):
    """What is paid out never exceeds what was paid in money."""

    def gift_program(self):
        gift = self.make_product("Gift Card")
        return gift, self.make_stored_value("gift_card", gift)

    def sell_gift_card(self, program, product, price=50.0):
        order = self.sell([self.line(product, price)], payments=[self.pay(price, self.cash_method)])
        self.confirm(order, {-1: self.claim(price, program)})
        return order, self.env["loyalty.card"].search([("source_pos_order_id", "=", order.id)])

    def take_back(self, order, amount, lines=None):
        lines = lines or order.lines
        return self.sell(
            [self.line(line.product_id, line.price_unit, -line.qty, refunded_orderline_id=line.id) for line in lines],
            order.partner_id,
            payments=[self.pay(-amount, self.cash_method)],
            is_refund=True,
        )

    def test_goods_without_receipt(self):
        """N29, N4: goods that come back without their sale are paid out and listed for a manager."""
        for policy in ("exception", "refuse"):
            self.program.unlinked_return_policy = policy
            order = self.sell([self.taxed(100, 15, qty=-1)], payments=[self.pay(-115.0, self.cash_method)])
            self.assertEqual(order.state, "paid")
            self.assertRecordValues(
                self.exceptions_of(order),
                [
                    {
                        "program_id": self.program.id,
                        "state": "open",
                        "note": "Pen came back without the original order, so it is unknown whether it was paid with "
                        "points and what it had earned: $\xa0115.00 were refunded for it.",
                    }
                ],
            )
            order._loyalty_settle()
            self.assertEqual(len(self.exceptions_of(order)), 1)

    def test_goods_that_points_cannot_pay(self):
        """N29, bP5: bottles that points cannot cover come back without receipt as ever."""
        self.pen.loyalty_no_redeem = True
        order = self.sell([self.line(qty=-1)], payments=[self.pay(-100.0, self.cash_method)])
        self.assertFalse(self.exceptions_of(order))

    def test_goods_without_receipt_in_the_back_end(self):
        """N29, N4: before anything is paid out the back end refuses, where the program says so."""
        for policy in ("exception", "refuse"):
            self.program.unlinked_return_policy = policy
            order = self.sell([self.line(qty=-1)], payments=[], state="draft")
            order = order.with_user(self.env.user)
            order._compute_prices()
            if policy == "refuse":
                with self.assertRaisesRegex(UserError, "without the original order"):
                    self.pay_in_back_end(order)
            else:
                self.pay_in_back_end(order)
                self.assertEqual(len(self.exceptions_of(order)), 1)

    def test_gift_card_that_was_spent(self):
        """N29, N4: what comes back for a gift card is what is left on it; more is listed, and never paid twice."""
        product, program = self.gift_program()
        order, card = self.sell_gift_card(program, product)
        self.assertEqual(card.points, 50)
        bought = self.sell(
            [self.line(price=30), self.reward_line(card, 30, -30, program.reward_ids)], payments=[self.pay(0.0)]
        )
        self.confirm(bought, {card.id: self.claim(-30, program, card, line_codes=["R"])})
        self.assertEqual(card.points, 20)
        refund = self.return_products(order)
        program.unlinked_return_policy = "refuse"
        with self.assertRaisesRegex(UserError, "20.00"):
            self.pay_in_back_end(refund)
        refund = self.take_back(order, 50.0)
        self.assertEqual((refund.state, card.points), ("paid", 0))
        self.assertRecordValues(self.exceptions_of(refund), [{"card_id": card.id, "points": 30}])
        refund._loyalty_settle()
        self.assertEqual(len(self.exceptions_of(refund)), 1)

    def test_gift_card_that_was_not_used(self):
        """N29, N4: money that comes back for a gift card is no longer on the card, in the back end and at the till."""
        product, program = self.gift_program()
        order, card = self.sell_gift_card(program, product)
        refund = self.return_products(order)
        self.pay_in_back_end(refund)
        self.assertEqual((refund.state, card.points), ("paid", 0))
        self.assertFalse(self.exceptions_of(refund))
        order, card = self.sell_gift_card(program, product)
        refund = self.take_back(order, 50.0)
        self.assertEqual(card.points, 0)
        self.assertFalse(self.exceptions_of(refund))

    def test_goods_without_their_gift_card_line(self):
        """N29, N4: goods for which a gift card paid 40.00 give back 60.00 in money, not 100.00."""
        product, program = self.gift_program()
        __, card = self.sell_gift_card(program, product, 40.0)
        order = self.sell(
            [self.line(), self.reward_line(card, 40, -40, program.reward_ids)],
            payments=[self.pay(60.0, self.cash_method)],
        )
        self.confirm(order, {card.id: self.claim(-40, program, card, line_codes=["R"])})
        self.assertEqual(order.pos_refund_preview({order.lines[0].id: 1})["cash"], 60.0)
        refund = self.return_products(order)
        refund.lines.filtered(lambda line: line.price_unit < 0).unlink()
        refund._compute_prices()
        program.unlinked_return_policy = "refuse"
        with self.assertRaisesRegex(UserError, "60.00"):
            self.pay_in_back_end(refund, -100.0)
        refund.unlink()
        program.unlinked_return_policy = "exception"
        refund = self.return_products(order)
        refund.lines.filtered(lambda line: line.price_unit < 0).unlink()
        refund._compute_prices()
        self.pay_in_back_end(refund, -100.0)
        self.assertIn("of which $\xa060.00 were paid in money", self.exceptions_of(refund).note)

    def test_goods_without_their_reward(self):
        """N29, N4: goods whose price a reward lowered to 95.00 give back 95.00."""
        self.grant(100)
        reward = self.program.reward_ids[:1]
        order = self.sell(
            [self.line(), self.reward_line(self.card, 100, -10, reward)],
            self.ann,
            payments=[self.pay(90.0, self.cash_method)],
        )
        self.assertEqual(order.pos_refund_preview({order.lines[0].id: 1})["cash"], 90.0)
        refund = self.take_back(order, 100.0, order.lines[0])
        self.assertIn("$\xa090.00 were paid in money", self.exceptions_of(refund).note)

    def test_goods_without_their_discount(self):
        """N29, N4: 70.00 less 10 % and 33 points were paid 30.00 in cash: the goods alone do not give 37.00 back."""
        discount = self.make_product("10 % on your order")
        promotion = self.env["loyalty.program"].create(
            {
                "name": "Ten",
                "program_type": "promotion",
                "applies_on": "current",
                "trigger": "auto",
                "rule_ids": [Command.clear(), Command.create({})],
                "reward_ids": [
                    Command.clear(),
                    Command.create({"discount": 10, "discount_line_product_id": discount.id}),
                ],
            }
        )
        order = self.sell(
            [self.line(price=70), self.reward_line(None, 1, -7, promotion.reward_ids)],
            self.ann,
            payments=[self.pay_points(33), self.pay(30.0, self.cash_method)],
        )
        goods, reduction = order.lines
        preview = order.pos_refund_preview({goods.id: 1})
        self.assertEqual([item["amount"] for item in preview["payments"]], [33.0])
        self.assertEqual((preview["cash"], preview["capped"], preview["refused"]), (30.0, True, True))
        preview = order.pos_refund_preview({goods.id: 1, reduction.id: 1})
        self.assertEqual((preview["cash"], preview["payments"][0]["points"]), (30.0, 33.0))
        refund = self.return_products(order)
        refund.lines.filtered(lambda line: line.price_unit < 0).unlink()
        refund._compute_prices()
        self.pay_in_back_end(refund, -33.0, self.points_method)
        with self.assertRaisesRegex(UserError, "30.00"):
            self.pay_in_back_end(refund, -37.0)
        refund.unlink()
        refund = self.sell(
            [self.line(price=70, qty=-1, refunded_orderline_id=goods.id)],
            self.ann,
            payments=[self.pay_points(-33), self.pay(-37.0, self.cash_method)],
            is_refund=True,
        )
        self.assertIn("$\xa037.00 were paid out", self.exceptions_of(refund).note)
        self.assertIn("$\xa030.00 were paid in money", self.exceptions_of(refund).note)

    def exchange(self, order, price=100.0, payments=()):
        line = order.lines[0]
        return self.sell(
            [self.line(qty=-1, refunded_orderline_id=line.id), self.line(price=price)],
            self.ann,
            payments=list(payments),
        )

    def test_exchange_that_is_paid_out(self):
        """N29, N4: 60.00 and 40 points paid for a pen, which is exchanged for another: that one does not give 100.00
        back, nor more than 60.00 in parts, whichever comes back first."""
        sale = self.sell(
            [self.line(qty=2)], self.ann, payments=[self.pay_points(80), self.pay(120.0, self.cash_method)]
        )
        exchange = self.exchange(sale)
        self.assertFalse(self.exceptions_of(exchange))
        new = exchange.lines[1]
        preview = exchange.pos_refund_preview({new.id: 1})
        self.assertEqual((preview["cash"], preview["capped"], preview["refused"]), (100.0, True, False))
        self.program.unlinked_return_policy = "refuse"
        self.assertTrue(exchange.pos_refund_preview({new.id: 1})["refused"])
        refund = self.take_back(exchange, 100.0, new)
        self.assertFalse(self.exceptions_of(refund))
        self.assertEqual(sale.pos_refund_preview({sale.lines.id: 1})["cash"], 20.0)
        last = self.sell(
            [self.line(qty=-1, refunded_orderline_id=sale.lines.id)],
            self.ann,
            payments=[self.pay(-100.0, self.cash_method)],
            is_refund=True,
        )
        self.assertIn("$\xa0200.00 were paid out", self.exceptions_of(last).note)
        self.assertIn("$\xa0120.00 were paid in money", self.exceptions_of(last).note)

    def test_exchange_of_what_points_paid(self):
        """N29, N4: a sale, its exchange for something dearer, and the exchange of that: the money of all three counts."""
        sale = self.sell([self.line()], self.ann, payments=[self.pay_points(40), self.pay(60.0, self.cash_method)])
        dearer = self.exchange(sale, 120.0, [self.pay(20.0, self.cash_method)])
        again = self.sell(
            [self.line(price=120, qty=-1, refunded_orderline_id=dearer.lines[1].id), self.line(price=110)],
            self.ann,
            payments=[self.pay(-10.0, self.cash_method)],
        )
        self.assertFalse((self.exceptions_of(dearer) | self.exceptions_of(again)).exists())
        refund = self.take_back(again, 110.0, again.lines[1])
        self.assertIn("$\xa0110.00 were paid out", self.exceptions_of(refund).note)
        self.assertIn("$\xa070.00 were paid in money", self.exceptions_of(refund).note)

    def test_exchange_after_too_much_money(self):
        """N29, N4: who paid out too much is listed, not who exchanges the rest for something dearer later."""
        sale = self.sell(
            [self.line(qty=2)], self.ann, payments=[self.pay_points(180), self.pay(20.0, self.cash_method)]
        )
        cheaper = self.exchange(sale, 30.0, [self.pay(-70.0, self.cash_method)])
        self.assertIn("$\xa070.00 were paid out", self.exceptions_of(cheaper).note)
        self.assertIn("$\xa020.00 were paid in money", self.exceptions_of(cheaper).note)
        dearer = self.exchange(sale, 120.0, [self.pay(20.0, self.cash_method)])
        even = self.sell(
            [self.line(price=120, qty=-1, refunded_orderline_id=dearer.lines[1].id), self.line(price=120)], self.ann
        )
        self.assertFalse(self.exceptions_of(dearer) | self.exceptions_of(even))

    def test_exchange_in_the_back_end(self):
        """N29, N4: where the program refuses it, the back end pays out no more for exchanged goods either."""
        sale = self.sell([self.line()], self.ann, payments=[self.pay_points(40), self.pay(60.0, self.cash_method)])
        exchange = self.exchange(sale)
        self.program.unlinked_return_policy = "refuse"
        refund = self.env["pos.order"].browse(exchange.with_user(self.env.user).refund()["res_id"])
        refund.lines.filtered(lambda line: line.refunded_orderline_id.qty < 0).unlink()
        refund._compute_prices()
        with self.assertRaisesRegex(UserError, "60.00 can come back as .* in exchange, .* Adjust on the card"):
            self.pay_in_back_end(refund, -100.0)

    def test_exchange_that_money_paid(self):
        """N29: exchanges of what money alone paid are nobody's business."""
        sale = self.sell([self.line()], self.ann, payments=[self.pay(100.0, self.cash_method)])
        exchange = self.exchange(sale)
        refund = self.take_back(exchange, 100.0, exchange.lines[1])
        self.assertFalse(self.exceptions_of(exchange) | self.exceptions_of(refund))

    def test_plain_returns(self):
        """N29: returns of what money alone paid are nobody's business."""
        order = self.sell([self.line(qty=2)], self.ann, payments=[self.pay(200.0, self.cash_method)])
        refund = self.take_back(order, 200.0)
        self.assertFalse(self.exceptions_of(refund) | self.exceptions_of(order))


@tagged("post_install", "-at_install")
class TestRoundedReturns(ReturnCase):
    """Cash is rounded to 0.05."""

    def setUp(self):
        super().setUp()
        self.rounding = self.env["account.cash.rounding"].create(
            {
                "name": "Coins",
                "rounding": 0.05,
                "rounding_method": "HALF-UP",
                "strategy": "add_invoice_line",
                "profit_account_id": self.revenue.id,
                "loss_account_id": self.company_data["default_account_expense"].id,
            }
        )
        self.config.write({"cash_rounding": True, "only_round_cash_method": True, "rounding_method": self.rounding.id})

    def paid_by_card(self):
        return self.sell(
            [self.line(price=9.98)], self.ann, payments=[self.pay(7.98), self.pay_points(2, uuid=str(uuid4()))]
        )

    def test_card_sale_refunded_in_coins(self):
        """N29, N4: 7.98 paid by card come back as 8.00 in coins; that is no exception."""
        order = self.paid_by_card()
        refund = self.sell(
            [self.line(price=9.98, qty=-1, refunded_orderline_id=order.lines.id)],
            self.ann,
            payments=[self.pay(-8.0, self.cash_method), self.pay_points(-2)],
            is_refund=True,
        )
        self.assertFalse(self.exceptions_of(refund))
        self.assertEqual(self.card.points, 1000)

    def test_coins_in_the_back_end(self):
        """N29, N4: the back end pays 8.00 in coins, before or after the points, and 7.98 to the bank; not 8.05."""
        for payments in (
            [(-7.98, self.cash_method), (-2.0, self.points_method)],
            [(-2.0, self.points_method), (-7.98, self.cash_method)],
            [(-8.0, self.cash_method), (-2.0, self.points_method)],
            [(-7.98, self.method), (-2.0, self.points_method)],
        ):
            order = self.paid_by_card()
            refund = self.return_products(order)
            with self.assertRaises(UserError), self.env.cr.savepoint():
                self.pay_in_back_end(refund, -8.05, self.cash_method)
            self.env.invalidate_all()
            for amount, method in payments:
                self.pay_in_back_end(refund, amount, method)
            self.assertEqual(refund.state, "paid")
            self.assertFalse(self.exceptions_of(refund))
            self.assertEqual(self.card.points, 1000)

    def test_coins_that_were_paid(self):
        """N29, N4: 8.02 paid as 8.00 in coins come back as 8.02 to a bank account."""
        order = self.sell(
            [self.line(price=10.02)],
            self.ann,
            payments=[self.pay(8.0, self.cash_method), self.pay_points(2, uuid="p")],
        )
        refund = self.sell(
            [self.line(price=10.02, qty=-1, refunded_orderline_id=order.lines.id)],
            self.ann,
            payments=[self.pay(-8.02), self.pay_points(-2)],
            is_refund=True,
        )
        self.assertFalse(self.exceptions_of(refund))
