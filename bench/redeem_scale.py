"""One redemption in a ledger of a million entries against one in a ledger of ten thousand (target: 1.1x)."""

import contextlib
import os
import random

from bench import bulk, common
from devtools import session

TARGET = 1.1
#: Entries a card has in either database: only the size of the tables differs.
PER_CARD = 10


def fill(env, entries):
    """Post the movements and return the cards; statistics as a running shop has them."""
    program = common.make_program(env, levels=((0, "Silver"), (101, "Gold"), (501, "Platinum")))
    cards = common.make_cards(env, program, entries // PER_CARD)
    common.quiet(env)["loyalty.card"]._post_entries(bulk.movements(cards, entries))
    env.cr.commit()
    env.invalidate_all()
    common.vacuum(database=env.cr.dbname)
    return cards


def redeem(env, card_id, key, clock):
    Card = common.quiet(env)["loyalty.card"]
    with clock:
        Card._post_entries([{"card_id": card_id, "kind": "redeem", "points": -1, "key": key}])
    env.cr.commit()
    env.invalidate_all()


def main(options):
    choice = random.Random(1)
    with common.copied(os.environ["LOYALTY_BENCH_DB"], "large") as large, contextlib.ExitStack() as stack:
        sides = []
        for database, entries in ((os.environ["LOYALTY_BENCH_DB"], options.small), (large, options.large)):
            env = stack.enter_context(session.environment(database))
            sides.append((entries, env, fill(env, entries), common.Clock()))
        for turn in range(options.times + options.warm):
            for __, env, cards, clock in sides if turn % 2 else reversed(sides):
                redeem(env, choice.choice(cards), f"one:{turn}", clock if turn >= options.warm else common.Clock())
        for entries, __, __, clock in sides:
            common.say(
                f"one redemption at {entries:>9,} entries: {clock.median * 1000:.2f} ms (median of {len(clock.runs)})"
            )
        return common.verdict("redemption", sides[1][3].median / sides[0][3].median, TARGET)


if __name__ == "__main__":
    common.finish([main(common.arguments(__doc__, small=10_000, large=1_000_000, times=400, warm=50))])
