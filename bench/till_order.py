"""An order of the till that earns and redeems, against plain Odoo (target: 1.0x of its server time).

Server time of all remote calls that a till makes for the order, in the same shop on both sides: three lines with tax,
a customer's card, 50 points that take 5.00 off.

    plain Odoo         validate_coupon_programs, sync_from_ui (with the reward's line), confirm_coupon_programs
    points as payment  pos_hold, sync_from_ui (with a payment by points)
    points for reward  sync_from_ui (with the reward's line); the program gives points when the order is paid

Which calls our till makes is shown by loyalty_pos/static/tests/unit/utils/order_payment_validation.test.js. Each call
has a cursor and an environment of its own, its commit included, as the server makes them.
"""

import contextlib
import gc

from bench import common
from bench.till_common import POINTS, Shop, call
from devtools import session

TARGET = 1.0


def sync(rpc, data):
    return rpc("pos.order", "sync_from_ui", [data])["pos.order"][0]


def sell_with_odoo(rpc, shop, till, card):
    data = shop.order(till, card)
    change = {str(card.id): data["amount_total"] - POINTS}
    assert rpc("pos.order", "validate_coupon_programs", [], change, [])["successful"]
    order = sync(rpc, data)
    rpc("pos.order", "confirm_coupon_programs", [order["id"]], shop.claim(card, data))


def spend_on_reward(rpc, shop, till, card):
    assert sync(rpc, shop.order(till, card))["loyalty_settled"]


def pay_with_points(rpc, shop, till, card):
    data = shop.order(till, card, tender=True)
    uuid = data["payment_ids"][0][2]["uuid"]
    rpc("loyalty.card", "pos_hold", till.config_id, card.id, POINTS, uuid, data["uuid"])
    assert sync(rpc, data)["loyalty_points_redeemed"] == POINTS


class Seller:
    """A way to sell to customers in turn, with the time that its orders took."""

    def __init__(self, name, shop, sell, cards):
        self.name = name
        self.shop = shop
        self.sell = sell
        self.cards = list(cards)
        self.clock = common.Clock()

    def next(self, keep=True):
        till = self.shop.tills[0]
        with self.clock if keep else common.Clock():
            self.sell(lambda *args: call(self.shop.registry, till.user_id, *args), self.shop, till, self.cards.pop(0))


def make_sellers(stack, number):
    """Return who sells: plain Odoo first."""
    plain = Shop("plain Odoo", stack.enter_context(session.environment(plain=True)), False, number)
    ours = Shop("with our add-ons", stack.enter_context(session.environment()), True, 2 * number)
    return [
        Seller("plain Odoo", plain, sell_with_odoo, plain.cards),
        Seller("points as payment", ours, pay_with_points, ours.cards[:number]),
        Seller("points for reward", ours, spend_on_reward, ours.cards[number:]),
    ]


def main(options):
    with contextlib.ExitStack() as stack:
        sellers = make_sellers(stack, options.orders + options.warm)
        for turn in range(options.orders + options.warm):
            if turn == options.warm:
                gc.collect()
                gc.freeze()  # what both registries hold is not looked through in the middle of an order
            for seller in sellers[turn % 3 :] + sellers[: turn % 3]:
                seller.next(keep=turn >= options.warm)
        for seller in sellers:
            common.say(
                f"{seller.name:<18} {seller.clock.median * 1000:.2f} ms an order (median of {len(seller.clock.runs)}), "
                f"fastest {min(seller.clock.runs) * 1000:.2f}"
            )
        plain, *ours = sellers
        common.say(f"   points: {plain.shop.points():g} and {ours[0].shop.points():g}")
        return max(common.verdict(seller.name, seller.clock.median / plain.clock.median, TARGET) for seller in ours)


if __name__ == "__main__":
    common.finish([main(common.arguments(__doc__, orders=200, warm=20))])
