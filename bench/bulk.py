"""Bulk posting and the nightly purge against what raw SQL needs for the same rows (target: 2x each)."""

import datetime

from bench import common
from devtools import session

TARGET = 2.0
START = datetime.date(2024, 1, 1)


def movements(cards, number):
    """Earnings with a redemption in every fourth movement; each card has enough points when it redeems."""
    for position in range(number):
        turn, slot = divmod(position, len(cards))
        day = START + datetime.timedelta(days=turn)
        if turn % 4 == 3:
            kind, points = "redeem", -25 - slot % 20
        else:
            kind, points = "earn", 10 + (slot * 7 + turn * 3) % 40
        yield {
            "card_id": cards[slot],
            "kind": kind,
            "points": points,
            "key": f"bench:{position}",
            "document": ("res.partner", 1),
            "effective_date": day,
        }


def bench_posting(options):
    """Post everything in one call, then write the same rows set-based."""
    with session.environment() as env:
        common.seed(env)
        program = common.make_program(env, levels=((0, "Silver"), (101, "Gold"), (501, "Platinum")))
        cards = common.make_cards(env, program, options.cards)
        env.cr.commit()
        common.vacuum()
        gateway = common.Clock()
        for turn in range(options.times):
            floor = common.Floor(env.cr)
            Card = common.quiet(env)["loyalty.card"]
            with gateway:
                Card._post_entries(movements(cards, options.entries))
            if not turn:
                memory = common.peak_memory()
                floor.stage(env.cr)
                first = floor
            env.cr.rollback()
            env.invalidate_all()
            common.vacuum()
        raw = first.run(options.times)
    common.say(f"posting {options.entries:,} movements on {options.cards:,} cards: {first.describe()}")
    common.say(
        f"   gateway {gateway.median:.2f} s ({options.entries / gateway.median:,.0f} a second), peak {memory} MiB"
    )
    common.say(f"   raw SQL {raw.median:.2f} s ({options.entries / raw.median:,.0f} a second)")
    return common.verdict("bulk posting", gateway.median / raw.median, TARGET)


def bench_purge(options):
    """Expire lots of many cards in one night, then write the same rows set-based."""
    with session.environment() as env:
        common.seed(env)
        program = common.make_program(env, expiry_policy="lot", expiry_delay=30, expiry_unit="day")
        cards = common.make_cards(env, program, options.lots // 2)
        Card = common.quiet(env)["loyalty.card"]
        Card._post_entries(
            {
                "card_id": cards[position // 2],
                "kind": "earn",
                "points": 10 + position % 7,
                "key": f"purge:{position}",
                "effective_date": START + datetime.timedelta(days=position % 2),
            }
            for position in range(options.lots)
        )
        env.cr.commit()
        common.vacuum()
        purge = common.Clock()
        for turn in range(options.nights):
            floor = common.Floor(env.cr)
            with purge:
                done = Card._purge(
                    programs=program.with_env(Card.env), as_of=START + datetime.timedelta(days=60), commit=False
                )
            assert done == len(cards), done
            if not turn:
                floor.stage(env.cr)
                first = floor
            env.cr.rollback()
            env.invalidate_all()
            common.vacuum()
        raw = first.run(options.nights)
    common.say(f"purge of {options.lots:,} lots on {len(cards):,} cards: {first.describe()}")
    common.say(f"   gateway {purge.median:.2f} s ({options.lots / purge.median:,.0f} lots a second)")
    common.say(f"   raw SQL {raw.median:.2f} s ({options.lots / raw.median:,.0f} lots a second)")
    return common.verdict("purge", purge.median / raw.median, TARGET)


if __name__ == "__main__":
    asked = common.arguments(__doc__, entries=1_000_000, cards=100_000, lots=100_000, times=1, nights=3)
    common.finish([bench_purge(asked), bench_posting(asked)])
