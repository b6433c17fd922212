"""Installing the points ledger on a million existing cards against the raw insert of their openings (target: 3x)."""

import os

from psycopg2 import sql

from bench import common
from devtools import session

TARGET = 3.0


def make_cards(env, number):
    """Cards as plain Odoo has them: fractions, some debts, some empty, one in fifty archived."""
    program = env["loyalty.program"].create({"name": "Benchmark", "program_type": "loyalty"})
    env.flush_all()
    env.cr.execute(
        """
        INSERT INTO loyalty_card (program_id, code, active, points, create_uid, create_date, write_uid, write_date)
        SELECT %s, 'bench-' || n, n %% 50 <> 0,
               CASE WHEN n %% 100 = 0 THEN 0 WHEN n %% 1000 = 1 THEN -5 ELSE n %% 997 + (n %% 8) / 8.0 END,
               1, now(), 1, now()
          FROM generate_series(1, %s) n
        """,
        (program.id, number),
    )
    env.cr.commit()


def install(database):
    """Install the add-on as Odoo does, everything included; return the seconds."""
    from odoo.modules.registry import Registry

    clock = common.Clock()
    with clock:
        Registry.new(database, install_modules=["loyalty_ledger"])
    return clock.last


def raw_insert(database, times):
    """Insert the same rows again, set-based, into the emptied tables; return the clock."""
    connection = session.connect(database)
    clock = common.Clock()
    tables = common.TABLES[:3]
    with connection.cursor() as cr:
        for table in tables:
            cr.execute(f"CREATE TEMP TABLE stage_{table} AS SELECT * FROM {table} ORDER BY id")
            cr.execute(f"ANALYZE stage_{table}")
            cr.execute(f"SELECT count(*) FROM stage_{table}")
            common.say(f"   {cr.fetchone()[0]:,} rows of {table}")
        connection.commit()
        cr.execute(
            """
            SELECT conrelid::regclass::text, conname FROM pg_constraint
             WHERE contype = 'f' AND confrelid = ANY(%(tables)s::regclass[]) AND conrelid <> ALL(%(tables)s::regclass[])
            """,
            {"tables": list(tables)},
        )
        references = cr.fetchall()
        for __ in range(times):
            # Emptied in the transaction of the run: until then nobody else, autovacuum included, may see them empty.
            for table, constraint in references:
                cr.execute(
                    sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(
                        sql.Identifier(table), sql.Identifier(constraint)
                    )
                )
            for table in tables:
                cr.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cr.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(map(sql.Identifier, tables))))
            for table in tables:
                cr.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            with clock:
                cr.execute(f"SET CONSTRAINTS {common.CONSTRAINTS} DEFERRED")
                for table in tables:
                    cr.execute(f"INSERT INTO {table} SELECT * FROM stage_{table} ORDER BY id")
                cr.execute(f"SET CONSTRAINTS {common.CONSTRAINTS} IMMEDIATE")
            connection.rollback()
    connection.close()
    return clock


def main(options):
    plain = os.environ["LOYALTY_BENCH_PLAIN_DB"]
    with common.copied(plain, "empty") as empty:
        session.load(empty)
        constant = install(empty)
    with session.environment(plain=True) as env:
        make_cards(env, options.cards)
    common.vacuum("loyalty_card", database=plain)
    took = install(plain)
    with session.environment(plain=True) as env:
        problems = env["loyalty.card"]._verify_ledger() if options.verify else []
    common.say(f"adoption of {options.cards:,} cards")
    raw = raw_insert(plain, options.times)
    common.say(
        f"   installation {took:.1f} s, of which {constant:.1f} s without any card; peak {common.peak_memory()} MiB"
    )
    common.say(f"   raw insert   {raw.median:.1f} s")
    if problems:
        common.say(f"   Verify finds {len(problems)} problems, the first: {problems[0]}")
    return common.verdict("adoption", took / raw.median, TARGET) or int(bool(problems))


if __name__ == "__main__":
    common.finish([main(common.arguments(__doc__, cards=1_000_000, times=1, verify=1))])
