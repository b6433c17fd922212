"""Up to which id the ledger is complete. Seals, accrual runs and the proof ask here.

Ids are drawn before they are committed, and transactions do not commit in the order of their ids: ``max(id)`` alone
proves nothing. Who writes entries locks the table (ROW EXCLUSIVE) before an id is drawn, so a SHARE lock waits for
anybody who has drawn one.
"""

import logging
import time

from psycopg2 import errors

from odoo.tools import SQL

from . import arrays

_logger = logging.getLogger(__name__)

#: How long to wait for transactions that are writing: anybody who wants to write in the meantime waits as well.
PATIENCE = "2s"
#: How long :func:`wait_for_writers` waits, in seconds, and how often it looks. Nobody waits for it.
WRITERS_PATIENCE, WRITERS_LOOK = 5, 0.05


def settle(cursor):
    """Return the entry id up to which transactions can no longer add entries, and let the others go on.

    Whatever is read with this cursor from here on sees all those entries.

    :param cursor: a cursor of its own that has read nothing yet: its transaction must not have a view of the database
        that is older than the lock
    :raises psycopg2.errors.LockNotAvailable: when somebody writes for longer than ``PATIENCE``
    """
    # Neither of the two gives the transaction its view yet.
    cursor.execute(SQL("SET LOCAL lock_timeout = %s", PATIENCE))
    cursor.execute("LOCK TABLE loyalty_ledger_entry IN SHARE MODE", log_exceptions=False)
    cursor.execute("SELECT COALESCE(max(id), 0) FROM loyalty_ledger_entry")
    up_to = cursor.fetchone()[0]
    cursor.commit()
    return up_to


def seen_up_to(cursor, registry):
    """Return the entry id up to which the transaction of ``cursor`` sees every entry that there will ever be.

    A transaction that was in flight when this one began, and drew a lower id than others that it sees, ends what it
    sees completely. Where others do not stop writing, the answer is what was sealed before.
    """
    cursor.execute(
        SQL(
            """
            SELECT sealed.id, array(SELECT e.id FROM loyalty_ledger_entry e WHERE e.id > sealed.id ORDER BY e.id),
                   pg_backend_pid(),
                   EXISTS (SELECT 1 FROM pg_locks WHERE pid = pg_backend_pid() AND granted
                              AND relation = 'loyalty_ledger_entry'::regclass AND mode = 'AccessExclusiveLock')
              FROM (SELECT COALESCE(max(last_entry_id), 0) AS id FROM loyalty_ledger_seal) sealed
            """
        )
    )
    sealed, seen, pid, alone = cursor.fetchone()
    if not seen:
        return sealed
    if (
        alone
    ):  # an installation that just made or altered the table: nobody else writes, and another connection would wait
        return seen[-1]
    with registry.cursor() as other:
        if not _others_are_done(other, pid):
            _logger.info("Transactions of the points ledger are in flight: complete up to the seal at %s", sealed)
            return sealed
        other.execute(
            SQL(
                """
                SELECT min(e.id) FROM loyalty_ledger_entry e
                 WHERE e.id > %s AND e.id < %s AND NOT EXISTS (SELECT 1 FROM unnest(%s::int[]) s(id) WHERE s.id = e.id)
                """,
                sealed,
                seen[-1],
                arrays.numbers(seen),
            )
        )
        missed = other.fetchone()[0]
    return missed - 1 if missed else seen[-1]


def misses_entries(cursor, registry, program_id):
    """Return whether the transaction of ``cursor`` misses entries of a program that were committed since it began.

    Entries of the last seal and before are seen by everybody. To have no others follow, lock the program's row first.
    """
    cursor.execute(
        SQL(
            """
            SELECT sealed.id, array(SELECT e.id FROM loyalty_ledger_entry e WHERE e.id > sealed.id AND e.program_id = %s)
              FROM (SELECT COALESCE(max(last_entry_id), 0) AS id FROM loyalty_ledger_seal) sealed
            """,
            program_id,
        )
    )
    sealed, seen = cursor.fetchone()
    with registry.cursor() as other:
        other.execute(
            SQL(
                """
                SELECT EXISTS (SELECT 1 FROM loyalty_ledger_entry e WHERE e.id > %s AND e.program_id = %s
                                  AND NOT EXISTS (SELECT 1 FROM unnest(%s::int[]) s(id) WHERE s.id = e.id))
                """,
                sealed,
                program_id,
                arrays.numbers(seen),
            )
        )
        return other.fetchone()[0]


def _others_are_done(cursor, pid):
    """Return whether anybody who drew an id before now is done, but for connection ``pid``; what ``cursor`` reads next
    sees it."""
    cursor.execute(
        SQL(
            """
            SELECT COALESCE(bool_or(pid = %(pid)s), FALSE), COALESCE(bool_or(pid <> %(pid)s), FALSE)
              FROM pg_locks WHERE relation = 'loyalty_ledger_entry'::regclass AND mode = 'RowExclusiveLock'
               AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """,
            pid=pid,
        )
    )
    own, others = cursor.fetchone()
    cursor.commit()
    if not others:
        return True
    if own:  # it writes itself, and would be waited for
        return False
    try:
        settle(cursor)
    except errors.LockNotAvailable:
        return False
    return True


def wait_for_writers(registry, table, own_pid):
    """Return an id of ``table`` up to which transactions can no longer add rows, without keeping anybody waiting.

    A transaction that writes rows holds ROW EXCLUSIVE on the table before it draws an id, until its end. So the last id that
    was drawn is read first, then transactions that write now are waited for; those that begin later draw higher ids. A
    transaction that reads for the first time afterwards sees all rows up to that id.

    :param table: name of the table, whose ids come from its sequence
    :param own_pid: the caller's connection, which is not waited for
    :return: the id; None where somebody wrote for longer than ``WRITERS_PATIENCE``
    """
    with registry.cursor() as cursor:
        cursor.execute(SQL("SELECT last_value FROM %s", SQL.identifier(f"{table}_id_seq")))
        (last,) = cursor.fetchone()
        writers, until = None, time.monotonic() + WRITERS_PATIENCE
        while True:
            cursor.execute(
                SQL(
                    """
                    SELECT pid, virtualtransaction FROM pg_locks WHERE relation = %s::regclass
                       AND mode = 'RowExclusiveLock' AND granted AND pid NOT IN (pg_backend_pid(), %s)
                       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                    """,
                    table,
                    own_pid,
                )
            )
            now = set(cursor.fetchall())
            writers = now if writers is None else writers & now
            if not writers:
                return last
            if time.monotonic() > until:
                _logger.info("Transactions are in flight on %s: it is read up to their rows next time", table)
                return None
            time.sleep(WRITERS_LOOK)
