"""Two years of business with the members of the Rewards Club, so that every chart has something to say.

Everything goes through the gateway in one call, on dates relative to today. Who stops buying loses the points a year later.
"""

import random

from dateutil.relativedelta import relativedelta

from odoo import fields

#: The members, the month in which each joined (counted back from now) and the month of the last purchase.
MEMBERS = [
    ("Amelia Brooks", 23, 0),
    ("Noah Fischer", 23, 1),
    ("Lucia Romano", 22, 15),
    ("Kwame Mensah", 21, 0),
    ("Sofia Almeida", 20, 2),
    ("Liam O'Connor", 20, 14),
    ("Maja Nowak", 19, 0),
    ("Daniel Cohen", 18, 1),
    ("Thandi Nkosi", 17, 13),
    ("Oliver Smith", 16, 0),
    ("Elena Petrova", 15, 12),
    ("Hiro Tanaka", 14, 0),
    ("Chloe Martin", 13, 1),
    ("Jonas Berg", 12, 0),
    ("Priya Sharma", 10, 0),
    ("Mateo Garcia", 9, 0),
    ("Ella Johansson", 8, 0),
    ("Omar Haddad", 6, 0),
    ("Zoe Papadakis", 5, 0),
    ("Victor Dubois", 3, 0),
    ("Nina Kovac", 1, 0),
    ("Samuel Adeyemi", 0, 0),
]
#: How much members buy; few of them much.
APPETITE = (0.2, 0.6, 0.3, 1.0)
#: What a redemption takes, and the balance from which on a member redeems.
REWARD, ENOUGH = 200, 260


def tell(env):
    """Let the members join, buy and redeem; a second call changes nothing."""
    if env["res.partner"].search_count([("ref", "=", "DEMO-CLUB-1")], limit=1):
        return
    program = env.ref("loyalty_ledger.demo_program_rewards")
    today = fields.Date.today()
    chance = random.Random(19)
    partners = env["res.partner"].create(
        [
            {"name": name, "ref": f"DEMO-CLUB-{number}", "email": f"club{number}@example.com"}
            for number, (name, *__) in enumerate(MEMBERS, 1)
        ]
    )
    joined = [_day(today, first, 1 + number % 7) for number, (__, first, ___) in enumerate(MEMBERS)]
    cards = env["loyalty.card"].create(
        [
            {"program_id": program.id, "partner_id": partner.id, "start_date": day}
            for partner, day in zip(partners, joined)
        ]
    )
    cards._post_entries(
        sorted(
            (
                op
                for number, (card, (__, first, last), day) in enumerate(zip(cards, MEMBERS, joined))
                for op in _history(card, first, last, day, today, chance, APPETITE[number % len(APPETITE)])
            ),
            key=lambda op: op["effective_date"],
        )
    )
    cards._refresh_ledger()


def _day(today, months_ago, day):
    """Return a day of a month; in the current one not later than today."""
    return min(today.replace(day=1) - relativedelta(months=months_ago) + relativedelta(days=day - 1), today)


def _history(card, first, last, joined, today, chance, appetite):
    """Yield what happens to a card: more is bought each month as the shop grows, and most of all in December."""
    balance = 0
    for month in range(first, last - 1, -1):
        day = max(_day(today, month, chance.randint(2, 26)), joined)
        points = round(appetite * (chance.randint(40, 90) + 2 * (23 - month) + (60 if day.month == 12 else 0)))
        yield _op(card, "earn", points, day, "Purchase in the shop")
        balance += points
        if balance >= ENOUGH:
            later = min(day + relativedelta(days=chance.randint(0, 3)), today)
            yield _op(card, "redeem", -REWARD, later, "Points redeemed in the shop")
            balance -= REWARD


def _op(card, kind, points, day, reason):
    return {
        "card_id": card.id,
        "kind": kind,
        "points": points,
        "key": f"demo:club:{card.id}:{kind}:{day}",
        "effective_date": day,
        "reason": reason,
    }
