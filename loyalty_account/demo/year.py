"""A year of the Trade Club before last month: four customers who earn and redeem, and the accrual of each month, so that
the liability has a history."""

import random

from dateutil.relativedelta import relativedelta

CUSTOMERS = ["Alpine Lodge", "Corner Bakery", "Dockside Grill", "Museum Cafe"]
#: Points that are kept; what is above is redeemed every other month.
KEPT = 40


def tell(env, program, month_end):
    """Tell it, up to the end of the month before ``month_end``; the program's point value is from a year ago."""
    partners = env["res.partner"].create([{"name": name, "is_company": True} for name in CUSTOMERS])
    months = [month_end + relativedelta(day=1, months=-count) for count in range(10, 0, -1)]
    cards = env["loyalty.card"].create(
        [
            {"program_id": program.id, "partner_id": partner.id, "start_date": months[0] + relativedelta(days=number)}
            for number, partner in enumerate(partners)
        ]
    )
    chance, balances = random.Random(16), dict.fromkeys(cards, 0)
    for number, month in enumerate(months):
        ops = []
        for place, card in enumerate(cards):
            points = chance.randint(15, 30) + 2 * number
            ops.append(_op(card, "earn", points, month + relativedelta(days=5 + place), "Purchases of the month"))
            balances[card] += points
            if (number + place) % 2 and balances[card] > KEPT:
                used = balances[card] - KEPT
                ops.append(
                    _op(card, "redeem", -used, month + relativedelta(days=20 + place), "Redeemed at the counter")
                )
                balances[card] = KEPT
        cards._post_entries(ops)
        run = env["loyalty.accrual.run"].create(
            {"program_id": program.id, "date_to": month + relativedelta(months=1, days=-1)}
        )
        run.action_post()


def _op(card, kind, points, day, reason):
    return {
        "card_id": card.id,
        "kind": kind,
        "points": points,
        "key": f"demo:trade:{card.id}:{kind}:{day}",
        "effective_date": day,
        "reason": reason,
    }
