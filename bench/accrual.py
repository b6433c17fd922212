"""Accrual of a million transactions against the bare aggregate query (target: 2x).

A program with policy accrual and ten movements a card. The first nine tenths were accrued by an earlier run; since
then came new points, and redemptions that released what the lots carried. Half of the last tenth is dated today, and
the run goes until yesterday, so lots have to be rolled back to that day. Measured is planning with the preview.

The floor is the least SQL that says from the same tables what is missing in the books on that day, lot by lot: one
pass over the program's lots (what is left, plus the consumptions of transactions dated later, summed by lot; the
transactions here hold no reversals, so the date of the debit suffices), joined with the value lines up to the day,
summed by lot. It returns the number of lots and the sum of target minus posted. It rounds nothing, writes no row and
says no reason. Both sides have the same memory and statistics and are measured in turns, each rolled back.

Shown without a target: posting, next to the bare insert of the same value lines with their foreign keys and indexes,
and the proof. A second run must post nothing and the proof must leave nothing unexplained.
"""

import datetime

from bench import common
from devtools import session

TARGET = 2.0
DAYS = 60
TABLES = (*common.TABLES, "loyalty_valuation")

FLOOR = """
    WITH later AS (
         SELECT c.lot_id, sum(c.points) AS points
           FROM loyalty_ledger_consumption c JOIN loyalty_ledger_entry d ON d.id = c.debit_entry_id
          WHERE d.program_id = %(program)s AND d.effective_date > %(date)s
          GROUP BY c.lot_id),
    lots AS (
         SELECT l.id, (l.remaining + COALESCE(r.points, 0)) * %(unit)s::numeric - COALESCE(v.amount, 0) AS missing
           FROM loyalty_lot l
           LEFT JOIN later r ON r.lot_id = l.id
           LEFT JOIN (SELECT lot_id, sum(amount) AS amount FROM loyalty_valuation
                       WHERE program_id = %(program)s AND effective_date <= %(date)s GROUP BY lot_id) v
                  ON v.lot_id = l.id
          WHERE l.program_id = %(program)s AND l.date <= %(date)s)
    SELECT count(*), sum(missing) FROM lots
"""


def movements(cards, first, last, turns, today):
    """Earnings; every fifth movement of a card redeems points of earlier days; half of the last turn is of today."""
    for position in range(first, last):
        turn, slot = divmod(position, len(cards))
        day = today - datetime.timedelta(days=(turns - 1 - turn) * DAYS // turns)
        if turn == turns - 1 and slot // 5 % 2:
            day -= datetime.timedelta(days=2)
        if turn and (turn + slot) % 5 == 4:
            kind, points = "redeem", -25 - slot % 20
        else:
            kind, points = "earn", 40 + (slot * 7 + turn * 3) % 40
        yield {
            "card_id": cards[slot],
            "kind": kind,
            "points": points,
            "key": f"accrual:{cards[slot]}:{turn}",
            "document": ("res.partner", 1),
            "effective_date": day,
        }


def set_up(env):
    program = common.make_program(env, company_id=env.company.id, currency_id=env.company.currency_id.id)
    setup = env["loyalty.account.setup"].create(
        {"program_id": program.id, "accounting_policy": "accrual", "vat_mode": "tender"}
    )
    setup.action_set_up()
    return program


def accrue(env, program, date):
    run = env["loyalty.accrual.run"].create({"program_id": program.id, "date_to": date})
    run.action_post()
    return run


def bare_query(env, program, date, clock):
    """Run the floor; return what is missing."""
    numerator, denominator = program._unit_value_at(date)
    env.cr.execute("SET LOCAL work_mem = '256MB'")
    with clock:
        env.cr.execute(FLOOR, {"program": program.id, "date": date, "unit": str(numerator / denominator)})
        __, missing = env.cr.fetchone()
    return missing


def bare_insert(env, run, clock):
    """Write the value lines of a run once more, from a staging table; return their number."""
    env.cr.execute("DISCARD PLANS")
    columns = "program_id, company_id, lot_id, run_id, account_id, date, effective_date, kind, amount, points"
    env.cr.execute(
        f"CREATE TEMPORARY TABLE stage ON COMMIT DROP AS SELECT {columns} FROM loyalty_valuation WHERE run_id = %s",
        (run.id,),
    )
    env.cr.execute("ANALYZE stage")
    with clock:
        env.cr.execute(f"INSERT INTO loyalty_valuation ({columns}) SELECT {columns} FROM stage ORDER BY lot_id")
    return env.cr.rowcount


def fill(env, program, cards, entries):
    """Post nine tenths, accrue them, post the rest; return the day of the next run and what the first run took."""
    today = datetime.date.today()
    turns = -(-entries // len(cards))
    earlier = turns * 9 // 10 * len(cards)
    day = today - datetime.timedelta(days=(turns - turns * 9 // 10) * DAYS // turns)
    clock = common.Clock()
    for first, last in ((0, earlier), (earlier, entries)):
        env["loyalty.card"]._post_entries(movements(cards, first, last, turns, today))
        env.cr.commit()
        env.invalidate_all()
        common.vacuum(*TABLES)
        if not first:
            with clock:
                accrue(env, program, day)
            env.cr.commit()
            env.invalidate_all()
            common.say(f"   the first run, of {earlier:,} transactions: {clock.last:.2f} s")
    return today - datetime.timedelta(days=1)


def main(options):
    with session.environment() as env:
        env = common.quiet(env)
        common.seed(env)
        program = set_up(env)
        cards = common.make_cards(env, program, options.cards)
        env.cr.commit()
        date = fill(env, program, cards, options.entries)
        floor, ours, post, insert = (common.Clock() for __ in range(4))
        for turn in range(options.times):
            for side in (True, False) if turn % 2 else (False, True):
                if side:
                    run = env["loyalty.accrual.run"].create({"program_id": program.id, "date_to": date})
                    env.flush_all()
                    with ours:
                        run.action_preview()
                        env.flush_all()
                    planned = run.amount
                else:
                    missing = bare_query(env, program, date, floor)
                env.cr.rollback()
                env.invalidate_all()
            run = env["loyalty.accrual.run"].create({"program_id": program.id, "date_to": date})
            env.flush_all()
            with post:
                run.action_post()
                env.flush_all()
            lines = bare_insert(env, run, insert)
            env.cr.rollback()
            env.invalidate_all()
            common.vacuum("loyalty_valuation")
        memory = common.peak_memory()
        accrue(env, program, date)
        again = accrue(env, program, date)
        repeated = again.amount if again.move_id else 0
        env.cr.commit()
        common.vacuum(*TABLES)
        proof = common.Clock()
        with proof:
            result = program._loyalty_proof()
            residual = result["residual"] or result["residual_points"]
        env.cr.execute("SELECT count(*) FROM loyalty_lot WHERE program_id = %s", (program.id,))
        (lots,) = env.cr.fetchone()
        env.cr.execute("SELECT count(*) FROM loyalty_valuation WHERE program_id = %s", (program.id,))
        (valued,) = env.cr.fetchone()
    common.say(
        f"accrual over {options.entries:,} transactions on {options.cards:,} cards: {lots:,} lots, {valued:,} value lines"
    )
    common.say(f"   bare query   {floor.median:.2f} s (median of {len(floor.runs)})")
    common.say(f"   planned      {ours.median:.2f} s, peak {memory} MiB")
    common.say(
        f"   posted       {post.median:.2f} s with {lines:,} value lines, whose bare insert takes {insert.median:.2f} s"
    )
    common.say(f"   proof        {proof.last:.2f} s, residual {residual:g}")
    same = round(missing, 2) == round(planned, 2)
    common.say(f"   planned {planned:,.2f}, the bare query finds {missing:,.2f}; a second run posts {repeated:g}")
    wrong = not same or residual or repeated
    return common.verdict("accrual", ours.median / floor.median, TARGET) or int(bool(wrong))


if __name__ == "__main__":
    common.finish([main(common.arguments(__doc__, entries=1_000_000, cards=100_000, times=5))])
