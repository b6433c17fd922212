"""A ledger of a million cards and ten million entries: what the daily work takes there (N13)."""

import itertools
import random

from bench import bulk, common
from devtools import session

CALL = 500_000


def main(options):
    with session.environment() as env:
        program = common.make_program(env, levels=((0, "Silver"), (101, "Gold"), (501, "Platinum")))
        cards = common.make_cards(env, program, options.cards)
        env.cr.commit()
        fill = common.Clock()
        movements = bulk.movements(cards, options.entries)
        while of_call := list(itertools.islice(movements, CALL)):
            with fill:
                common.quiet(env)["loyalty.card"]._post_entries(of_call)
                env.cr.commit()
            env.invalidate_all()
            common.say(
                f"   {min(CALL * len(fill.runs), options.entries):,} movements: {len(of_call) / fill.last:,.0f} a second"
            )
        common.vacuum()
        env.cr.execute("SELECT pg_size_pretty(pg_database_size(current_database()))")
        common.say(
            f"{options.entries:,} entries on {options.cards:,} cards: posted in {sum(fill.runs):.0f} s, "
            f"database {env.cr.fetchone()[0]}, peak memory {common.peak_memory()} MiB"
        )
        Card = common.quiet(env)["loyalty.card"]
        choice = random.Random(1)
        redeem, read = common.Clock(), common.Clock()
        for turn in range(options.times):
            card_id = choice.choice(cards)
            with redeem:
                Card._post_entries([{"card_id": card_id, "kind": "redeem", "points": -1, "key": f"scale:{turn}"}])
            env.cr.commit()
            env.invalidate_all()
            with read:
                Card.browse(card_id).read(["points", "available_points", "level_id"])
        common.say(f"   one redemption {redeem.median * 1000:.1f} ms, one card read {read.median * 1000:.1f} ms")
        for name, work in (
            ("nightly write-off, nothing due", lambda: Card._purge(programs=program.with_env(Card.env), commit=False)),
            ("seal", lambda: env["loyalty.ledger.seal"]._seal(options.entries * 2)),
            ("verification", Card._verify_ledger),
        ):
            clock = common.Clock()
            with clock:
                result = work()
            env.cr.commit()
            common.say(f"   {name}: {clock.last:.1f} s")
    return int(bool(result))


if __name__ == "__main__":
    common.finish([main(common.arguments(__doc__, cards=1_000_000, entries=10_000_000, times=200))])
