"""A year in the life of a small shop's customers, told through the gateway, relative to today."""

from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import fields

#: (customer, days ago, kind, points): what happened to the customer's card, oldest first.
EVENTS = [
    ("hugo", 355, "earn", 95),
    ("ines", 420, "earn", 30),
    ("ben", 300, "earn", 120),
    ("anna", 330, "earn", 80),
    ("anna", 270, "earn", 60),
    ("carla", 210, "earn", 260),
    ("david", 240, "earn", 75),
    ("anna", 180, "earn", 140),
    ("anna", 150, "redeem", -100),
    ("ben", 95, "earn", 90),
    ("emma", 90, "earn", 150),
    ("emma", 62, "redeem", -150),
    ("anna", 60, "earn", 320),
    ("grace", 45, "opening", 1200),
    ("ben", 30, "redeem", -30),
    ("grace", 12, "adjust", 25),
]
REASONS = {
    "opening": "Balance of the old system",
    "adjust": "Goodwill for a late delivery",
    "redeem": "Points spent in the shop",
    "earn": "Purchase in the shop",
}


def tell(env):
    """Give the demo cards their history; a second call changes nothing."""
    env = env(context={**env.context, "tracking_disable": True, "loyalty_no_mail": True})
    if env.ref("loyalty_ledger.demo_program_rewards")._has_entries():
        return
    today = fields.Date.today()
    cards = {
        name: env.ref(f"loyalty_ledger.demo_card_{name}")
        for name in "anna ben carla carla_new david emma grace hugo ines".split()
    }
    for name, days, *__ in sorted(EVENTS, key=lambda event: event[1]):
        cards[name].start_date = today - timedelta(days=days)  # the first event is the last to say so
    posted = {}
    for number, (name, days, kind, points) in enumerate(EVENTS):
        posted[name, days] = env["loyalty.card"]._post_entries(
            [
                {
                    "card_id": cards[name].id,
                    "kind": kind,
                    "points": points,
                    "key": f"demo:{number}",
                    "effective_date": today - timedelta(days=days),
                    "reason": REASONS[kind],
                }
            ]
        )
    _give_back(env, posted["anna", 60], 40, today - timedelta(days=21), "Part of the purchase came back")
    # Emma spent her points and then brought goods back: her card owes them, and the exceptions list says so.
    _give_back(env, posted["emma", 90], 60, today - timedelta(days=18), "The purchase came back")
    cards["carla"].points_to_id = cards["carla_new"]
    env["loyalty.card"]._post_entries(
        [
            {
                "card_id": cards["carla_new"].id,
                "kind": "earn",
                "points": 45,
                "key": "demo:carla:new",
                "effective_date": today - timedelta(days=5),
                "reason": REASONS["earn"],
            },
            {
                "card_id": cards["grace"].id,
                "kind": "earn",
                "points": 40,
                "key": "demo:grace:pending",
                "effective_date": today - timedelta(days=4),
                "available_from": today + relativedelta(days=10),
                "reason": REASONS["earn"],
            },
        ]
    )
    cards["david"].closed = True
    cards["anna"]._hold(50, "Web shop, basket 1042")
    env["loyalty.card"].browse([card.id for card in cards.values()])._refresh_ledger()


def _give_back(env, entry, points, date, reason):
    env["loyalty.card"]._post_entries(
        [
            {
                "card_id": entry.card_id.id,
                "kind": "reversal",
                "points": -points,
                "key": f"demo:back:{entry.id}",
                "reversed_entry_id": entry.id,
                "effective_date": date,
                "reason": reason,
            }
        ]
    )
