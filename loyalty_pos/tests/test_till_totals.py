"""What points may cover at the till: the total of the order as it is paid, and neither tips nor money in advance."""

from uuid import uuid4

from odoo.exceptions import UserError
from odoo.tests import tagged

from .test_session_closing import ClosingCase, ReductionCase


class TotalsCase(ClosingCase):
    """Points are worth 0.01; Ann has 100,000."""

    point_value = 0.01

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program.issue_on = "paid"
        cls.grant(99000)
        # Nothing is reserved here; that is not what these tests are about.
        cls.config.write({"loyalty_offline_policy": "cap", "loyalty_offline_cap": 1_000_000})

    def round_cash(self, only_cash):
        rounding = self.env["account.cash.rounding"].create(
            {
                "name": "Coins",
                "rounding": 0.05,
                "rounding_method": "HALF-UP",
                "strategy": "add_invoice_line",
                "profit_account_id": self.company_data["default_account_revenue"].copy({"code": "499998"}).id,
                "loss_account_id": self.company_data["default_account_expense"].id,
            }
        )
        self.config.write({"cash_rounding": True, "only_round_cash_method": only_cash, "rounding_method": rounding.id})

    def cost(self):
        lines = self.pos_session.move_id.line_ids
        return {
            account.name: round(sum(of_account.mapped("balance")), 2)
            for account, of_account in lines.grouped("account_id").items()
            if account in self.cost_account | self.input_vat
        }


@tagged("post_install", "-at_install")
class TestTotals(TotalsCase):
    def test_rounded_total(self):
        """N29, C21: 9.98 that the till rounds to 10.00 are paid in full by 1,000 points, and come back as such."""
        self.round_cash(only_cash=False)
        order = self.sell([self.line(price=9.98)], self.ann, payments=[self.pay_points(10.0)])
        self.assertEqual((order.state, order.loyalty_points_redeemed, self.card.points), ("paid", 1000, 99000))
        self.close()
        self.pos_session = self.open_session(self.config)
        refund = self.sell(
            [self.line(price=9.98, qty=-1, refunded_orderline_id=order.lines.id)],
            self.ann,
            payments=[self.pay_points(-10.0)],
            is_refund=True,
        )
        self.close()
        self.assertEqual(self.card.points, 100000)
        self.assertFalse(self.exceptions_of(order) | self.exceptions_of(refund))

    def test_taxes_rounded_for_the_whole_order(self):
        """N29, C21: 10 times 0.35 and 15 % are 4.03, which 403 points cover and get back."""
        self.company.tax_calculation_rounding_method = "round_globally"
        lines = [self.taxed(0.35, 15) for __ in range(10)]
        for line in lines:
            line["price_subtotal_incl"] = 0.403
        order = self.sell(lines, self.ann, payments=[self.pay_points(4.03)], amount_total=4.03)
        self.assertEqual((order.state, order.loyalty_points_redeemed), ("paid", 403))
        self.assertEqual(round(sum(total for total, __ in order._loyalty_totals().values()), 2), 4.03)
        self.close()
        self.assertEqual(self.cost(), {"Loyalty Points Redeemed": 3.5, "Input VAT": 0.53})
        self.pos_session = self.open_session(self.config)
        preview = order.pos_refund_preview({line.id: 1 for line in order.lines})
        self.assertEqual((preview["payments"][0]["amount"], preview["cash"]), (4.03, 0.0))
        back = [
            {**line, "qty": -1, "refunded_orderline_id": sold.id, "price_subtotal_incl": -0.403, "uuid": str(uuid4())}
            for line, sold in zip(lines, order.lines)
        ]
        refund = self.sell(back, self.ann, payments=[self.pay_points(-4.03)], is_refund=True, amount_total=-4.03)
        self.close()
        self.assertEqual(self.cost(), {"Loyalty Points Redeemed": -3.5, "Input VAT": -0.53})
        self.assertEqual(self.card.points, 100000)
        self.assertFalse(self.exceptions_of(order) | self.exceptions_of(refund))

    def test_prices_rounded_for_the_whole_order(self):
        """N29, C21: 10 times 0.35 less 10 % are 3.15, not 10 times 0.32: with 15 % 3.62, which 362 points cover."""
        self.company.tax_calculation_rounding_method = "round_globally"
        lines = [{**self.taxed(0.35, 15), "discount": 10, "price_subtotal": 0.315} for __ in range(10)]
        for line in lines:
            line["price_subtotal_incl"] = 0.36225
        order = self.sell(lines, self.ann, payments=[self.pay_points(3.62)], amount_total=3.62)
        self.assertEqual((order.state, order.loyalty_points_redeemed), ("paid", 362))
        totals = order._loyalty_totals().values()
        self.assertEqual(tuple(round(sum(amounts), 2) for amounts in zip(*totals)), (3.62, 3.15))
        self.close()
        self.assertEqual(self.cost(), {"Loyalty Points Redeemed": 3.15, "Input VAT": 0.47})
        self.assertFalse(self.exceptions_of(order))

    def test_tips(self):
        """N29, C6: of 100.00 and a tip of 10.00, 50.00 are points: the tip is paid in money and earns nothing."""
        tip = self.config.tip_product_id = self.make_product("Tip")
        order = self.sell([self.line(), self.line(tip, 10)], self.ann, payments=[self.pay(60.0), self.pay_points(50.0)])
        self.assertEqual(order.loyalty_points_earned, 50)
        self.assertFalse(self.exceptions_of(order))
        order = self.sell([self.line(), self.line(tip, 10)], self.ann)
        self.assertEqual(order.loyalty_points_earned, 100)

    def test_tip_that_points_paid(self):
        """N29: a tip that points paid anyway is accepted, as it is handed over, and listed."""
        tip = self.config.tip_product_id = self.make_product("Tip")
        order = self.sell([self.line(), self.line(tip, 10)], self.ann, payments=[self.pay_points(110.0)])
        self.assertEqual((order.state, order.loyalty_points_redeemed), ("paid", 11000))
        self.assertIn("only $\xa0100.00 of the order are eligible", self.exceptions_of(order).note)
        order._loyalty_settle()
        self.assertEqual(len(self.exceptions_of(order)), 1)

    def test_tips_of_claimed_programs(self):
        """N29, C6: with Odoo's own timing a tip earns nothing either."""
        self.program.issue_on = "order"
        tip = self.config.tip_product_id = self.make_product("Tip")
        order = self.sell([self.line(), self.line(tip, 10)], self.ann)
        self.confirm(order, {self.card.id: self.claim(110, card=self.card, partner_id=self.ann.id)})
        self.assertEqual(self.card.points, 100100)

    def test_reservation_for_tips_and_gift_cards(self):
        """N29: the server reserves no points for tips and gift cards; a nonsense basket is refused in words."""
        tip = self.config.tip_product_id = self.make_product("Tip")
        gift = self.make_product("Gift Card")
        self.make_stored_value("gift_card", gift)

        def hold(points, *basket):
            return self.as_till.pos_hold(
                self.config.id, self.card.id, points, str(uuid4()), "order", basket=list(basket)
            )

        for basket in ([tip.id, 10.0], [gift.id, 10.0]):
            with self.assertRaisesRegex(UserError, "can cover \\$\xa010.00 of this order"), self.env.cr.savepoint():
                hold(1500, [self.pen.id, 10.0], basket)
            self.env.invalidate_all()
            self.assertEqual(hold(1000, [self.pen.id, 10.0], basket)["amount"], 10.0)
        with self.assertRaises(UserError), self.env.cr.savepoint():
            hold(10, "nonsense")
        with self.assertRaises(UserError), self.env.cr.savepoint():
            hold(10, [self.pen.id, None])
        self.env.invalidate_all()
        self.program.redeem_stored_value = True
        self.assertEqual(hold(2000, [self.pen.id, 10.0], [gift.id, 10.0])["amount"], 20.0)

    def test_gift_card_that_points_paid(self):
        """N29: points that paid a gift card anyway are listed, unless the program lets them."""
        gift = self.make_product("Gift Card")
        self.make_stored_value("gift_card", gift)
        for allowed in (False, True):
            self.program.redeem_stored_value = allowed
            order = self.sell(
                [self.line(), self.line(gift, 50)], self.ann, payments=[self.pay(30.0), self.pay_points(120.0)]
            )
            self.assertEqual(bool(self.exceptions_of(order)), not allowed)


@tagged("post_install", "-at_install")
class TestReducedTotals(TotalsCase, ReductionCase):
    def test_tip_that_points_reduced(self):
        """N29: a reduction of more than the goods is listed."""
        tip = self.config.tip_product_id = self.make_product("Tip")
        order = self.sell(
            [self.taxed(100, 15), self.line(tip, 20), self.reduction(117.39, "r")],
            self.ann,
            payments=[],
        )
        self.assertEqual(order.loyalty_points_redeemed, 13500)
        self.assertIn("only $\xa0115.00 of the order are eligible", self.exceptions_of(order).note)
