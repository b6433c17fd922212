import json

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.loyalty_ledger.tools.source import CONTEXT_KEY, Source

from ..tools.order_event import OrderEvent
from .common import OrderCase


@tagged("post_install", "-at_install")
class TestOrderGuards(OrderCase):
    """The back doors of orders, as a salesperson or a sales manager would try them by RPC."""

    def setUp(self):
        super().setUp()
        self.card = self._card(500)
        self.order = self._order(2)
        self.order._update_programs_and_rewards()
        self._claim(self.order)
        self.paying = self.order.order_line.filtered("reward_id")
        self.order.action_confirm()

    def assertRefused(self, function, *args, **kwargs):
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            function(*args, **kwargs)
        self.assertPosted(self.order, [(self.card, "redeem", -100), (self.card, "earn", 200)])

    def test_costs_of_lines(self):
        """P4, H17: nobody makes points by writing what a line costs."""
        other = self._card(0, partner=self.stranger)
        plain = self.order.order_line - self.paying
        for user in (self.salesperson, self.manager):
            order, paying, line = (records.with_user(user) for records in (self.order, self.paying, plain))
            self.assertRefused(paying.write, {"points_cost": -1_000_000})
            self.assertRefused(paying.write, {"points_cost": 0})
            self.assertRefused(paying.write, {"coupon_id": other.id})
            self.assertRefused(paying.write, {"reward_id": False})
            self.assertRefused(line.write, {"coupon_id": other.id, "points_cost": -1000})
            self.assertRefused(order.write, {"order_line": [Command.update(paying.id, {"points_cost": -5})]})
            self.assertRefused(
                order.write,
                {
                    "order_line": [
                        Command.create(
                            {"product_id": self.product.id, "coupon_id": other.id, "points_cost": -1_000_000}
                        )
                    ]
                },
            )
            self.assertRefused(
                self._order,
                user=user,
                order_line=[
                    Command.create(
                        {
                            "product_id": self.product.id,
                            "coupon_id": other.id,
                            "reward_id": self.reward.id,
                            "points_cost": -9,
                        }
                    )
                ],
            )
            self.assertRefused(paying.copy, {"order_id": self._order(1).id})
            self.assertRefused(paying.write, {"order_id": self._order(1).id})

    def test_used_cards_are_archived_by_managers(self):
        """S5: Odoo lets salespeople write cards, but a customer's points are not theirs to put away."""
        for user in (self.salesperson, self.manager):
            card = self.card.with_user(user)
            self.assertRefused(card.action_archive)
            self.assertRefused(card.write, {"active": False})
        unused = self._card(0, partner=self.stranger).with_user(self.salesperson)
        unused.action_archive()
        self.assertFalse(unused.active)

    def test_same_values_are_no_change(self):
        """P4: a client that sends back what it read is not refused."""
        self.paying.write({"points_cost": 100, "coupon_id": self.card.id, "reward_id": self.reward.id})
        self.assertPosted(self.order, [(self.card, "redeem", -100), (self.card, "earn", 200)])

    def test_given_points(self):
        """P4: nobody makes points by writing what an order gives."""
        draft = self._order(1)
        draft._update_programs_and_rewards()
        for user in (self.salesperson, self.manager):
            given = draft.coupon_point_ids.with_user(user)
            order = draft.with_user(user)
            self.assertRefused(given.write, {"points": 1_000_000})
            self.assertRefused(order.write, {"coupon_point_ids": [Command.update(given.id, {"points": 1_000_000})]})
            self.assertRefused(
                given.create, {"order_id": self._order(1).id, "coupon_id": self.card.id, "points": 1_000_000}
            )
            self.assertRefused(
                order.write, {"coupon_point_ids": [Command.create({"coupon_id": self.card.id, "points": 1_000_000})]}
            )
            self.assertRefused(order.write, {"loyalty_in_ledger": True})
            self.assertRefused(self.card.with_user(user).write, {"points": 1_000_000})
        draft.action_confirm()
        self.assertPosted(draft, [(self.card, "earn", 100)])

    def test_forged_context(self):
        """P4: a context that a remote client sends opens nothing, even one that an action handed to it."""
        leaked = json.loads(json.dumps({CONTEXT_KEY: OrderEvent.bound(self.order)[0]}))
        for value in (True, 1, [1], {"document": ["sale.order", self.order.id]}, leaked[CONTEXT_KEY]):
            self.assertRefused(self.paying.with_context(**{CONTEXT_KEY: value}).write, {"points_cost": -1_000_000})
            self.assertRefused(
                self.card.with_user(self.salesperson).with_context(**{CONTEXT_KEY: value}).write, {"points": 1000}
            )
        self.assertIsNone(Source.of(self.order.with_context(**leaked).env))

    def test_forged_defaults(self):
        """P4, S20: neither a context nor a default of one's own gives points where values are refused."""
        forged = {"points_cost": -1_000_000, "coupon_id": self.card.id, "reward_id": self.reward.id}
        for user in (self.salesperson, self.manager):
            order = self._order(1, user=user)
            context = {f"default_{name}": value for name, value in forged.items()}
            context["default_loyalty_in_ledger"] = True
            other = order.with_context(**context).copy({"order_line": []})
            self.assertFalse(other.loyalty_in_ledger)
            self.assertFalse(
                order.create({"partner_id": self.customer.id, "loyalty_in_ledger": True}).loyalty_in_ledger
            )
            values = {"order_id": order.id, "product_id": self.product.id, "name": "Free"}
            order.order_line.with_context(**context).create(values)
            for name, value in forged.items():
                self.env["ir.default"].with_user(user).set("sale.order.line", name, value, user_id=True)
            order.order_line.create(values)
            self.assertEqual(order.order_line.mapped("points_cost"), [0, 0, 0])
            self.assertFalse(order.order_line.coupon_id)
            self.assertFalse(order.order_line.reward_id)
            before = self.card.points
            order.write({"state": "sale"})
            self.assertEqual(self.card.points, before)

    def test_card_of_a_stranger(self):
        """C18, H6: putting a stranger's card on an order does not let it pay."""
        other = self._card(1000, partner=self.stranger)
        order = self._order(2)
        order.applied_coupon_ids += other
        self.assertNotIn(other, order._get_claimable_rewards())
        self.assertEqual(order._apply_program_reward(self.reward, other).keys(), {"error"})
        order._update_programs_and_rewards()
        self.assertNotIn(other, order.applied_coupon_ids)
        order.action_confirm()
        self.assertEqual(other.points, 1000)

    def test_copies(self):
        """P24: a copy of an order has no rewards, and moves no points until it is confirmed."""
        copy = self.order.copy()
        self.assertFalse(copy.order_line.filtered("reward_id"))
        self.assertFalse(copy.loyalty_in_ledger)
        self.assertPosted(self.order | copy, [(self.card, "redeem", -100), (self.card, "earn", 200)])
        copy._update_programs_and_rewards()
        copy.action_confirm()
        self.assertPosted(copy, [(self.card, "earn", 200)])

    def test_no_event_survives(self):
        """S12: what an event of an order returned does not carry its rights on."""
        bound = OrderEvent.bound(self.paying)[1]
        self.assertRefused(bound.write, {"points_cost": -1_000_000})
        for records in (self.order.copy(), self.paying._reset_loyalty(), bound):
            self.assertIsNone(Source.of(records.env))
