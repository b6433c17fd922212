"""An order of the till that earns and redeems, against plain Odoo (target: 1.0x of its server time).

Server time of all remote calls that a till makes for the order, in the same shop on both sides: three lines with tax,
a customer's card, 50 points that take 5.00 off.

    plain Odoo         validate_coupon_programs, sync_from_ui (with the reward's line), confirm_coupon_programs
    points as payment  pos_hold, validate_coupon_programs, sync_from_ui (with a payment by points)
    points for reward  validate_coupon_programs, sync_from_ui (with the reward's line); points are given when paid

Each call has a cursor and an environment of its own, its commit included, as the server makes them.
"""

import contextlib
import gc

from bench import common
from bench.till_common import POINTS, Shop, call
from devtools import session

TARGET = 1.0


class Till:
    """A way to sell, with the time that its orders took."""

    def __init__(self, name, shop, sell):
        self.name = name
        self.shop = shop
        self.clock = common.Clock()
        self.sell = sell
        self.queue = []

    def next(self, keep=True):
        shop, card = self.shop, self.queue.pop(0)
        data = shop.order(
            shop.sessions[0], card, tender=self.sell is pay_with_points, reward=self.sell is not pay_with_points
        )
        registry, uid = shop.env.registry, shop.cashiers[0].id
        with self.clock if keep else common.Clock():
            self.sell(lambda *args: call(registry, uid, *args), shop, card, data)


def validate(rpc, card, points):
    result = rpc("pos.order", "validate_coupon_programs", [], {str(card.id): points}, [])
    assert result["successful"], result


def sync(rpc, data):
    return rpc("pos.order", "sync_from_ui", [data])["pos.order"][0]


def sell_with_odoo(rpc, shop, card, data):
    validate(rpc, card, data["amount_total"] - POINTS)
    order = sync(rpc, data)
    rpc("pos.order", "confirm_coupon_programs", [order["id"]], shop.claim(card, data))


def spend_on_reward(rpc, shop, card, data):
    validate(rpc, card, data["amount_total"] - POINTS)
    assert sync(rpc, data)["loyalty_settled"]


def pay_with_points(rpc, shop, card, data):
    uuid = data["payment_ids"][0][2]["uuid"]
    rpc("loyalty.card", "pos_hold", shop.sessions[0].config_id.id, card.id, POINTS, uuid, data["uuid"])
    validate(rpc, card, data["amount_total"])
    assert sync(rpc, data)["loyalty_points_redeemed"] == POINTS


def main(options):
    number = options.orders + options.warm
    with contextlib.ExitStack() as stack:
        plain = Shop("plain Odoo", stack.enter_context(session.environment(plain=True)), False, number)
        ours = Shop("with our add-ons", stack.enter_context(session.environment()), True, 2 * number)
        tills = [
            Till("plain Odoo", plain, sell_with_odoo),
            Till("points as payment", ours, pay_with_points),
            Till("points for reward", ours, spend_on_reward),
        ]
        tills[0].queue = list(plain.cards)
        tills[1].queue, tills[2].queue = list(ours.cards[:number]), list(ours.cards[number:])
        for shop in (plain, ours):
            shop.cards.mapped("partner_id.name")
        for turn in range(number):
            if turn == options.warm:
                gc.collect()
                gc.freeze()  # what both registries hold is not looked through in the middle of an order
            for till in tills[turn % 3 :] + tills[: turn % 3]:
                till.next(keep=turn >= options.warm)
        for till in tills:
            common.say(
                f"{till.name:<18} {till.clock.median * 1000:.2f} ms an order (median of {len(till.clock.runs)}), "
                f"fastest {min(till.clock.runs) * 1000:.2f}"
            )
        common.say(f"   points: {plain.points():g} and {ours.points():g}")
        odoo = tills[0].clock.median
        return max(common.verdict(till.name, till.clock.median / odoo, TARGET) for till in tills[1:])


if __name__ == "__main__":
    common.finish([main(common.arguments(__doc__, orders=200, warm=20))])
