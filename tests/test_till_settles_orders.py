"""Sales orders that a till settles (needs pos_sale, which installs itself beside Sales and the Point of Sale)."""

from uuid import uuid4

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.loyalty_pos.tests.common import TillPointsCase


@tagged("post_install", "-at_install")
class TestTillSettlesOrders(TillPointsCase):
    """Sales orders that a till settles: what they reserved pays there, and is free when it is no longer needed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program.issue_on = "paid"
        # Odoo's app has the cashier confirm quotations.
        cls.cashier.group_ids += cls.env.ref("sales_team.group_sale_salesman_all_leads")

    def make_order(self, confirm=True, price=100.0):
        """Return an order of the customer over one product that uses all points that it can."""
        seller = new_test_user(
            self.env,
            f"seller{uuid4()}",
            groups="sales_team.group_sale_salesman",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        line = {"product_id": self.product.id, "price_unit": price, "tax_ids": [Command.clear()]}
        order = (
            self.env["sale.order"]
            .with_user(seller)
            .create({"partner_id": self.ann.id, "loyalty_use_points": True, "order_line": [Command.create(line)]})
        )
        if confirm:
            order.action_confirm()
        return order.sudo()

    def settle(self, order, payments=None, quantity=1, partner=None):
        """Settle the order at the till as its app does."""
        line = order.order_line[0]
        values = self.line(
            price=line.price_unit, qty=quantity, sale_order_origin_id=order.id, sale_order_line_id=line.id
        )
        sold = self.sell([values], partner or self.ann, **({"payments": payments} if payments else {}))
        self.env.cr.flush()
        self.env.invalidate_all()
        return sold

    def available(self):
        self.card.invalidate_recordset()
        return self.card.available_points

    def test_paid_in_cash(self):
        """N29, N6: an order that is settled at the till in cash needs its reserved points no longer."""
        order = self.make_order()
        reserved = order.loyalty_points_reserved
        self.assertTrue(reserved)
        self.assertEqual(self.available(), 1000 - reserved)
        self.settle(order)
        self.assertEqual((order.loyalty_points_reserved, self.card.reserved_points), (0, 0))
        order.action_recalculate_loyalty_points()
        self.assertEqual((order.loyalty_points_to_use, self.card.reserved_points), (0, 0))

    def test_reserved_points_pay(self):
        """N29, N6, C18: the till offers what the order reserved, and nobody else's points; these pay the order there."""
        order = self.make_order(price=2000.0)
        reserved = order.loyalty_points_reserved
        self.assertEqual((reserved, self.available()), (1000, 0))
        config, card = self.config.id, self.card.id
        self.assertEqual(self.as_till.pos_reserved_by_orders(config, card, [order.id]), {"points": 1000})
        self.assertEqual(self.as_till.pos_reserved_by_orders(config, card, [order.id + 1]), {"points": 0})
        with self.assertRaises(ValidationError):
            self.hold(400, "p1")
        answer = self.as_till.pos_hold(config, card, 400, "p1", "order", [order.id])
        self.assertEqual(answer["points"], 400)
        self.env.invalidate_all()
        self.assertEqual((order.loyalty_points_reserved, self.card.reserved_points), (600, 1000))
        self.as_till.pos_hold(config, card, 1000, "p1", "order", [order.id])
        self.env.invalidate_all()
        self.assertEqual((order.loyalty_points_reserved, self.card.reserved_points), (0, 1000))
        self.assertEqual(self.env["loyalty.card"]._verify_ledger(), [])

    def test_in_part(self):
        """N29, N6: a till that sells a part leaves the points for the rest reserved."""
        order = self.make_order(confirm=False)
        order.order_line.product_uom_qty = 2
        order.action_recalculate_loyalty_points()
        order.action_confirm()
        reserved = order.loyalty_points_reserved
        self.settle(order, quantity=1)
        self.assertEqual((order.loyalty_points_reserved, self.card.reserved_points), (reserved, reserved))

    def test_quotation(self):
        """N29, N6: a quotation that the till sells is confirmed without reserving, also where its points are gone."""
        self.program.vesting_days = 30  # what the sale itself earns cannot be used at once
        for spend in (0, 1000):
            order = self.make_order(confirm=False)
            if spend:
                self.card._post_entries(
                    [{"card_id": self.card.id, "kind": "redeem", "points": -self.available(), "key": "spent"}]
                )
            sold = self.settle(order)
            self.assertEqual((order.state, sold.state), ("sale", "paid"))
            self.assertEqual((order.loyalty_points_reserved, self.card.reserved_points), (0, 0))

    def test_gift_card(self):
        """N14: an order of a gift card that a register settles is on the books by the closing of the session."""
        gift = self.make_product("Gift Card")
        gifts = self.make_stored_value("gift_card", gift)
        wizard = self.env["loyalty.account.setup"].create({"program_id": gifts.id})
        wizard.action_set_up()
        wizard.action_correct()
        self.product = gift
        order = self.make_order(confirm=False, price=50.0)
        order._update_programs_and_rewards()
        order.action_confirm()
        cards = order.coupon_point_ids.coupon_id.filtered(lambda card: card.program_id == gifts)
        self.assertEqual(cards.mapped("points"), [50.0])
        self.sell(
            [self.line(gift, 50, sale_order_origin_id=order.id, sale_order_line_id=order.order_line.id)], self.ann
        )
        for booked in (0.0, 50.0):
            proof = gifts._loyalty_proof()
            self.assertEqual(
                (proof["value"]["ledger"], proof["value"]["books"], proof["residual"]), (50.0, booked, 0.0)
            )
            if not booked:
                self.pos_session.sudo().action_pos_session_closing_control()
                self.assertEqual(self.pos_session.state, "closed")
                self.env.invalidate_all()
