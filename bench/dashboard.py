"""The dashboard of a large ledger: its time, its sums by day against a raw SQL floor, and that postings do not suffer (N27)."""

import itertools
import random
from datetime import timedelta

from odoo import fields
from odoo.tools import SQL

from bench import bulk, common
from devtools import session

CALL = 500_000
#: Days over which the business is spread.
DAYS = 730
LIMIT = 1.0


def spread(movements, today, name):
    """The movements of the bulk bench, on business dates of two years, with keys of their own."""
    choice = random.Random(2)
    for movement in movements:
        day = today - timedelta(days=choice.randrange(DAYS))
        yield {**movement, "effective_date": day, "key": f"{name}:{movement['key']}"}


def main(options):
    with session.environment() as env:
        programs = [
            common.make_program(env, levels=((0, "Silver"), (101, "Gold"), (501, "Platinum"))) for __ in range(3)
        ]
        today = fields.Date.today()
        fill = common.Clock()
        for program in programs:
            cards = common.make_cards(env, program, options.cards // len(programs))
            env.cr.commit()
            movements = spread(bulk.movements(cards, options.entries // len(programs)), today, program.id)
            while of_call := list(itertools.islice(movements, CALL)):
                with fill:
                    common.quiet(env)["loyalty.card"]._post_entries(of_call)
                    env.cr.commit()
                env.invalidate_all()
        common.vacuum()
        common.say(f"{options.entries:,} entries on {options.cards:,} cards posted in {sum(fill.runs):.0f} s")
        Daily, Dashboard = env["loyalty.daily"], env["loyalty.dashboard"]
        fold, cards, verify = common.Clock(), common.Clock(), common.Clock()
        with fold:
            Daily._fold()
            env.cr.commit()
        with cards:
            env["loyalty.dashboard.cards"]._cron_calculate()
            env.cr.commit()
        with verify:
            wrong = env.execute_query(Daily._differences())
        env.cr.execute("SELECT count(*) FROM loyalty_daily")
        common.say(
            f"   job folds all of it: {fold.last:.1f} s into {env.cr.fetchone()[0]:,} rows; figures of cards: "
            f"{cards.last:.1f} s; verification: {verify.last:.1f} s, {len(wrong)} differences"
        )
        load, floor = common.Clock(), common.Clock()
        for __ in range(options.times):
            env.invalidate_all()
            with load:
                Dashboard.load_figures({})
            with floor:
                env.execute_query(
                    SQL(
                        "SELECT program_id, movement, date_trunc('month', date), sum(points) FROM loyalty_daily GROUP BY 1, 2, 3"
                    )
                )
        common.say(f"   dashboard {load.median * 1000:.0f} ms, its sums in raw SQL {floor.median * 1000:.1f} ms")
        tail = list(
            spread(bulk.movements(common.make_cards(env, common.make_program(env), 1000), 20_000), today, "tail")
        )
        common.quiet(env)["loyalty.card"]._post_entries(tail)
        env.cr.commit()
        env.invalidate_all()
        behind = common.Clock()
        with behind:
            Dashboard.load_figures({})
        common.say(f"   with {len(tail):,} transactions that the job has not seen: {behind.last * 1000:.0f} ms")
        return common.verdict("seconds of the dashboard", load.median, LIMIT) | int(bool(wrong))


if __name__ == "__main__":
    common.finish([main(common.arguments(__doc__, cards=100_000, entries=1_000_000, times=5))])
