"""Returns that are not a plain part of one sale: combos, goods without receipt, gift cards, rounding of cash."""

from uuid import uuid4

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
