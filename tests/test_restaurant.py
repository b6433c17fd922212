"""Points on the tabs of a restaurant: open for long, moved, split and merged (needs pos_restaurant)."""

from odoo import Command
from odoo.tests import tagged

from odoo.addons.loyalty_pos.tests.test_tours import LoyaltyTours


class RestaurantTours(LoyaltyTours):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        floor = cls.env["restaurant.floor"].create({"name": "Dining Room"})
        cls.tables = cls.env["restaurant.table"].create(
            [
                {"table_number": number, "floor_id": floor.id, "seats": 4, "position_h": number * 120, "position_v": 90}
                for number in (2, 4, 5)
            ]
        )
        cls.main_pos_config.write(
            {"module_pos_restaurant": True, "iface_splitbill": True, "floor_ids": [Command.set(floor.ids)]}
        )
        ben = cls.env["res.partner"].create({"name": "Ben Member"})
        cls.bens_card = cls.make_card("1000000006", ben)
        cls.env["loyalty.card"]._post_entries(
            [{"card_id": cls.bens_card.id, "kind": "opening", "points": 500, "key": "tour-opening-ben"}]
        )

    def assertEntries(self, orders, expected):
        """Compare what orders did in the ledger, beginning with the oldest entry."""
        entries = self.env["loyalty.ledger.entry"].search(
            [("res_model", "=", "pos.order"), ("res_id", "in", orders.ids)], order="id"
        )
        self.assertEqual([(entry.card_id, entry.kind, entry.points) for entry in entries], expected)

    def take_back(self, order, sold=None):
        """Take back what is left of an order, or exchange it for ``sold``; points first, the rest in cash."""
        refund = order.browse(order.refund()["res_id"])
        if sold:
            refund.write({"lines": [Command.create(sold)]})
            refund._compute_prices()
        quantities = {line.refunded_orderline_id.id: -line.qty for line in refund.lines if line.refunded_orderline_id}
        for item in order.pos_refund_preview(quantities)["payments"]:
            amount = min(item["amount"], -refund.amount_total)
            self.pay(refund, order.payment_ids.payment_method_id.filtered("loyalty_program_id"), -amount)
        if refund.state == "draft":
            self.pay(refund, order.config_id.payment_method_ids.filtered("is_cash_count"))
        self.assertEqual(refund.state, "paid")
        return refund

    def pay(self, order, method, amount=None):
        wizard = self.env["pos.make.payment"].with_context(active_id=order.id, active_ids=order.ids)
        wizard.create({"payment_method_id": method.id, **({"amount": amount} if amount is not None else {})}).check()

    def assertAllComesBack(self, orders, points):
        """Take the goods of each order back, where money paid for them in exchange for something cheap that comes back, too."""
        before = self.card.points
        for order in orders:
            if not order.payment_ids.payment_method_id.filtered("is_cash_count"):
                self.take_back(order)
                continue
            sold = order.lines.filtered(lambda line: not line.loyalty_redeem_uuid)[:1]
            cheap = {
                "product_id": sold.product_id.id,
                "full_product_name": "Cup",
                "qty": 1,
                "price_unit": 1.0,
                "price_subtotal": 1.0,
                "price_subtotal_incl": 1.0,
                "tax_ids": [Command.set(sold.tax_ids.ids)],
            }
            self.take_back(self.take_back(order, cheap))
        self.assertEqual(self.card.points - before, points)
        self.assertNothingReserved()
        orders.session_id.action_pos_session_closing_control()
        proof = self.card.program_id._loyalty_proof()
        self.assertEqual((proof["residual"], proof["residual_points"]), (0.0, 0.0), proof)

    def assertNothingReserved(self):
        self.assertFalse(self.env["loyalty.hold"].search([("state", "=", "active")]))
        self.assertFalse(self.env["loyalty.exception"].search([("card_id", "in", (self.card | self.bens_card).ids)]))
        self.assertEqual(self.card._verify_ledger() + self.bens_card._verify_ledger(), [])


@tagged("post_install", "-at_install")
class TestRestaurant(RestaurantTours):
    def test_tab(self):
        """H14, N6: points on a tab stay reserved while it is open and moved; the level counts what it earned."""
        order = self.play("loyalty_restaurant_tab")
        self.assertEqual(order.table_id.table_number, 4)
        self.assertPoints(order, earned=211, redeemed=250, after=961)
        self.assertEntries(order, [(self.card, "redeem", -250), (self.card, "earn", 211)])
        self.assertRecordValues(
            order.payment_ids.sorted("amount"),
            [
                {"amount": 2.5, "loyalty_points": 250, "loyalty_card_id": self.card.id},
                {"amount": 105.5, "loyalty_points": 0, "loyalty_card_id": False},
            ],
        )
        self.assertEqual(self.card.level_id.name, "Gold")
        self.assertNothingReserved()

    def test_two_devices(self):
        """H14, N6: a tab with points that was left on one device is changed and paid on another one."""
        self.assertFalse(self.play("loyalty_restaurant_leave"))
        self.assertEqual((self.card.reserved_points, self.bens_card.reserved_points), (250, 100))
        first, second = self.play("loyalty_restaurant_come_back")
        self.assertPoints(first, earned=188, redeemed=600, after=588)
        self.assertEntries(
            first | second,
            [
                (self.card, "redeem", -600),
                (self.card, "earn", 188),
                (self.bens_card, "redeem", -100),
                (self.bens_card, "earn", 14),
            ],
        )
        self.assertNothingReserved()

    def test_split_bill(self):
        """N29, H14, N6: both parts of a split bill keep customer and card; redeemed points stay on the part that is left,
        and are no more than that part costs."""
        # Not the card that an order of the customer begins with.
        self.ann.loyalty_card_ids.filtered(lambda card: card.code == "1000000002").is_default = True
        paid, rest = self.play("loyalty_restaurant_split").sorted("amount_total", reverse=True)
        self.assertEqual((paid | rest).loyalty_card_id, self.card)
        self.assertPoints(paid, earned=200, redeemed=0, after=1200)
        self.assertPoints(rest, earned=0, redeemed=800, after=400)
        self.assertEntries(paid | rest, [(self.card, "earn", 200), (self.card, "redeem", -800)])
        self.assertNothingReserved()
        self.assertAllComesBack(paid | rest, 800 - 200)

    def test_merged_tables(self):
        """H14, N6: tables that become one keep the card and the points; another customer's points are left alone."""
        order = self.play("loyalty_restaurant_merge")
        self.assertEqual(order.amount_total, 116)
        self.assertEntries(order, [(self.card, "redeem", -250), (self.card, "earn", 227)])
        self.assertEqual(self.bens_card.available_points, 500)
        self.assertNothingReserved()


@tagged("post_install", "-at_install")
class TestRestaurantPriceReduction(RestaurantTours):
    vat_mode = "price_reduction"

    def test_split_and_merge(self):
        """H14, N6: what points take off the price stays one redemption, on the tab of its card."""
        paid, order = self.play("loyalty_restaurant_split_reduction")
        self.assertEqual((paid.amount_total, order.amount_total), (100, 103))
        self.assertEntries(
            paid | order, [(self.card, "earn", 200), (self.card, "redeem", -500), (self.card, "earn", 206)]
        )
        self.assertNothingReserved()
        self.assertAllComesBack(paid | order, 500 - 200 - 206)
