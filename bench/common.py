"""What the benchmarks share: arguments, figures, cards made by SQL, and the floor that raw SQL sets."""

import argparse
import contextlib
import statistics
import sys
import tempfile
import time

from devtools import session

TABLES = ("loyalty_ledger_entry", "loyalty_lot", "loyalty_ledger_consumption", "loyalty_card")
CONSTRAINTS = "loyalty_card_ledger, loyalty_entry_ledger, loyalty_lot_ledger, loyalty_consumption_ledger"


def arguments(description, **defaults):
    """Parse ``--name NUMBER`` options with the given defaults."""
    parser = argparse.ArgumentParser(description=description)
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", type=type(default), default=default, help=f"default: {default}")
    return parser.parse_args()


def say(text):
    print(text, flush=True)


class Clock:
    """Seconds spent inside ``with clock:``; ``last`` is the latest, ``runs`` are all of them."""

    def __init__(self):
        self.runs = []

    def __enter__(self):
        self._start = time.perf_counter()
        return self

    def __exit__(self, *error):
        self.runs.append(time.perf_counter() - self._start)

    @property
    def last(self):
        return self.runs[-1]

    @property
    def median(self):
        return statistics.median(self.runs)


def peak_memory():
    """The most memory this process ever held, in MiB (Linux), else None."""
    with contextlib.suppress(OSError), open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    return None


def verdict(name, ratio, limit):
    """Print a ratio against its target; return the exit code."""
    met = ratio <= limit
    say(f"{name}: {ratio:.2f}x, target at most {limit:.2f}x: {'met' if met else 'MISSED'}")
    return int(not met)


def finish(codes):
    sys.exit(int(any(codes)))


def make_program(env, levels=((0, "Member"),), **values):
    """A loyalty program with levels, pairs of threshold and name."""
    program = env["loyalty.program"].create(
        {
            "name": "Benchmark",
            "program_type": "loyalty",
            "level_ids": [(0, 0, {"min_points": minimum, "name": name}) for minimum, name in levels],
            **values,
        }
    )
    env.flush_all()
    return program


def make_cards(env, program, number):
    """Empty cards of a program, made by SQL; returns their ids in order."""
    env.cr.execute(
        """
        INSERT INTO loyalty_card (program_id, company_id, code, active, points, accumulated_points, redeemed_points,
                                  lifetime_points, debt_points, ledgered, level_id, welcome_sent, create_uid,
                                  create_date, write_uid, write_date)
        SELECT %s, %s, 'bench-' || %s || '-' || n, TRUE, 0, 0, 0, 0, 0, TRUE, %s, TRUE, 1, now(), 1, now()
          FROM generate_series(1, %s) n
        RETURNING id
        """,
        (
            program.id,
            program.company_id.id or None,
            program.id,
            program.level_ids.sorted("min_points")[:1].id or None,
            number,
        ),
    )
    return sorted(row[0] for row in env.cr.fetchall())


def seed(env, number=2_000):
    """A ledger that has been in use: on tables that were vacuumed empty PostgreSQL plans like on no real one."""
    program = make_program(env)
    cards = make_cards(env, program, number // 4)
    Card = quiet(env)["loyalty.card"]
    for kind, points in (("earn", 20), ("redeem", -5), ("earn", 3), ("redeem", -1)):
        Card._post_entries(
            {"card_id": card_id, "kind": kind, "points": points, "key": f"seed:{points}:{card_id}"} for card_id in cards
        )
    env.cr.commit()


def quiet(env):
    """The environment of bulk work: neither tracking nor mails."""
    return env(context={**env.context, "tracking_disable": True, "loyalty_no_mail": True})


def vacuum(*tables, database=None):
    """Leave no dead rows behind, so that both sides find the tables alike."""
    connection = session.connect(database)
    connection.autocommit = True
    with connection.cursor() as cr:
        for table in tables or TABLES:
            cr.execute(f"VACUUM ANALYZE {table}")
        cr.execute("CHECKPOINT" if _may_checkpoint(cr) else "SELECT 1")
    connection.close()


@contextlib.contextmanager
def copied(database, name):
    """A copy of a database that nobody is connected to, dropped at the end."""
    connection = session.connect("postgres")
    connection.autocommit = True
    copy = f"{database}_{name}"
    with connection.cursor() as cr:
        cr.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{database}"')
        try:
            yield copy
        finally:
            _close_pool()
            cr.execute(f'DROP DATABASE "{copy}"')
    connection.close()


def _close_pool():
    import odoo.sql_db

    odoo.sql_db.close_all()


def _may_checkpoint(cr):
    cr.execute(
        "SELECT rolsuper OR current_setting('server_version_num')::int >= 150000"
        " AND pg_has_role('pg_checkpoint', 'member') FROM pg_roles WHERE rolname = current_user"
        if _has_role(cr)
        else "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
    )
    return cr.fetchone()[0]


def _has_role(cr):
    cr.execute("SELECT 1 FROM pg_roles WHERE rolname = 'pg_checkpoint'")
    return bool(cr.fetchone())


class Floor:
    """The least that PostgreSQL needs for the rows that the gateway wrote.

    Made before the gateway runs; :meth:`stage` afterwards copies out what it wrote, in its transaction, and
    :meth:`run` writes the same rows set-based out of staging tables: entries, lots and consumptions inserted,
    earlier lots and the cards updated once. Same indexes, same triggers, constraints deferred the same way.
    """

    CARD_COLUMNS = (
        "points accumulated_points redeemed_points lifetime_points debt_points last_earning_date last_use_date "
        "ledger_revision level_id write_date write_uid"
    ).split()

    def __init__(self, cr, database=None):
        self.database = database
        self.mark = {table: self._max(cr, table) for table in TABLES[:3]}
        self.columns = {table: self._columns(cr, table) for table in TABLES[:3]}
        self.files = {}
        self.rows = {}

    @staticmethod
    def _max(cr, table):
        cr.execute(f"SELECT COALESCE(max(id), 0) FROM {table}")
        return cr.fetchone()[0]

    @staticmethod
    def _columns(cr, table):
        cr.execute(
            "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
            (table,),
        )
        return cr.fetchone()[0]

    def _queries(self):
        entry, lot, consumption = (self.mark[table] for table in TABLES[:3])
        queries = {
            f"stage_{table}": f"SELECT {self.columns[table]} FROM {table} WHERE id > {self.mark[table]} ORDER BY id"
            for table in TABLES[:3]
        }
        queries["stage_changed_lot"] = (
            "SELECT id, remaining, expiration_date, expiry_entry_id FROM loyalty_lot"
            f" WHERE id <= {lot} AND (expiry_entry_id > {entry}"
            f" OR id IN (SELECT lot_id FROM loyalty_ledger_consumption WHERE id > {consumption})) ORDER BY id"
        )
        queries["stage_card"] = (
            f"SELECT id, {', '.join(self.CARD_COLUMNS)} FROM loyalty_card"
            f" WHERE id IN (SELECT card_id FROM loyalty_ledger_entry WHERE id > {entry}) ORDER BY id"
        )
        return queries

    def stage(self, cr):
        """Copy out what was written since; call it before the gateway's transaction is rolled back."""
        for name, query in self._queries().items():
            self.files[name] = tempfile.TemporaryFile()  # noqa: SIM115 - kept until the run
            cr.copy_expert(f"COPY ({query}) TO STDOUT", self.files[name])
            self.rows[name] = cr.rowcount

    def run(self, times=1):
        """Write the rows from staging tables, roll back; return the :class:`Clock`."""
        connection = session.connect(self.database)
        clock = Clock()
        with connection.cursor() as cr:
            for name, query in self._queries().items():
                cr.execute(f"CREATE TEMP TABLE {name} AS {query} LIMIT 0")
                self.files[name].seek(0)
                cr.copy_expert(f"COPY {name} FROM STDIN", self.files[name])
                cr.execute(f"ANALYZE {name}")
            connection.commit()
            for __ in range(times):
                with clock:
                    self._write(cr)
                connection.rollback()
                vacuum(database=self.database)
        connection.close()
        return clock

    def _write(self, cr):
        cr.execute(f"SET CONSTRAINTS {CONSTRAINTS} DEFERRED")
        for table in TABLES[:3]:
            cr.execute(f"INSERT INTO {table} ({self.columns[table]}) SELECT * FROM stage_{table} ORDER BY id")
        if self.rows["stage_changed_lot"]:
            cr.execute(
                "UPDATE loyalty_lot l SET remaining = s.remaining, expiration_date = s.expiration_date,"
                " expiry_entry_id = s.expiry_entry_id FROM stage_changed_lot s WHERE l.id = s.id"
            )
        sets = ", ".join(f"{column} = s.{column}" for column in self.CARD_COLUMNS)
        cr.execute(f"UPDATE loyalty_card c SET {sets} FROM stage_card s WHERE c.id = s.id")
        cr.execute(f"SET CONSTRAINTS {CONSTRAINTS} IMMEDIATE")

    def describe(self):
        return (
            f"{self.rows['stage_loyalty_ledger_entry']:,} entries, {self.rows['stage_loyalty_lot']:,} lots, "
            f"{self.rows['stage_loyalty_ledger_consumption']:,} consumptions, "
            f"{self.rows['stage_changed_lot']:,} earlier lots and {self.rows['stage_card']:,} cards changed"
        )
