"""Confirming an order with our add-ons against plain Odoo (target: 1.05x)."""

import contextlib
import gc

from bench import common
from devtools import session

TARGET = 1.05
TABLES = (
    "loyalty_card",
    "loyalty_history",
    "mail_message",
    "sale_order",
    "sale_order_line",
    "stock_move",
    "stock_picking",
)


class Side:
    """One database with orders that wait for their confirmation: each earns, every second one spends too."""

    def __init__(self, name, env, number):
        self.name = name
        self.env = env
        self.clock = common.Clock()
        self.user = env.ref("base.user_admin").id
        self.program = env["loyalty.program"].create(
            {
                "name": "Benchmark",
                "program_type": "loyalty",
                "applies_on": "both",
                "trigger": "auto",
                "rule_ids": [(0, 0, {"reward_point_mode": "money", "reward_point_amount": 1})],
                "reward_ids": [(0, 0, {"required_points": 50, "discount": 5, "discount_applicability": "order"})],
            }
        )
        others = env["loyalty.program"].search([("id", "!=", self.program.id)])
        others.active = False
        product = env["product.product"].create({"name": "Benchmark", "list_price": 40, "taxes_id": False})
        partners = env["res.partner"].create([{"name": f"Customer {n}"} for n in range(number)])
        cards = (
            env["loyalty.card"]
            .with_context(loyalty_no_mail=True, tracking_disable=True)
            .create([{"program_id": self.program.id, "partner_id": partner.id, "points": 200} for partner in partners])
        )
        self.orders = env["sale.order"].create(
            [
                {
                    "partner_id": partner.id,
                    "order_line": [
                        (0, 0, {"product_id": product.id, "product_uom_qty": quantity}) for quantity in (1, 2, 3)
                    ],
                }
                for partner in partners
            ]
        )
        for number, (order, card) in enumerate(zip(self.orders, cards)):
            order._update_programs_and_rewards()
            if number % 2:
                order._apply_program_reward(self.program.reward_ids, card)
        env.cr.commit()
        env.registry.signal_changes()  # as the end of a request does
        self.queue = list(self.orders.ids)

    def confirm(self, keep=True):
        """Confirm the next order as a request of the administrator does: a cursor of its own, nothing cached."""
        with self.env.registry.cursor() as cr:
            env = self.env(cr, self.user)
            order = env["sale.order"].browse(self.queue.pop(0))
            with self.clock if keep else common.Clock():
                order.action_confirm()
                env.flush_all()
            cr.commit()

    def points(self):
        self.env.cr.commit()
        self.env.cr.execute("SELECT sum(points) FROM loyalty_card WHERE program_id = %s", (self.program.id,))
        return self.env.cr.fetchone()[0]


def main(options):
    with contextlib.ExitStack() as stack:
        sides = [
            Side(name, stack.enter_context(session.environment(plain=plain)), options.orders + options.warm)
            for name, plain in (("plain Odoo", True), ("with our add-ons", False))
        ]
        for turn in range(options.orders + options.warm):
            if turn == options.warm:
                gc.collect()
                gc.freeze()  # what both registries hold is not looked through in the middle of an order
                for side in sides:
                    common.vacuum(*TABLES, database=side.env.cr.dbname)  # plans of both sides know the tables alike
            # Every second order spends: who goes first must not depend on that.
            for side in sides if turn // 2 % 2 else reversed(sides):
                side.confirm(keep=turn >= options.warm)
        for side in sides:
            common.say(
                f"{side.name:<17} {side.clock.median * 1000:.2f} ms an order (median of {len(side.clock.runs)}), points {side.points():g}"
            )
        plain, ours = sides
        common.say(f"   fastest: {min(plain.clock.runs) * 1000:.2f} and {min(ours.clock.runs) * 1000:.2f} ms")
        same = plain.points() == float(ours.points())
        return common.verdict("order confirmation", ours.clock.median / plain.clock.median, TARGET) or int(not same)


if __name__ == "__main__":
    common.finish([main(common.arguments(__doc__, orders=300, warm=20))])
