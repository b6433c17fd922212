"""One transaction after the other for what many tills want at once: a family's card, an order that is sent twice.

Under REPEATABLE READ a transaction that waited for a row fails when the row was changed, and is tried again from the
start: eight tills on one card would wait long and some would give up. Here they wait before they have seen anything.
"""

import logging

import psycopg2
from psycopg2 import errors

from odoo.http import request
from odoo.sql_db import Cursor
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

#: How long a till waits for the others.
PATIENCE = "15s"


class StillBusy(Exception):
    """The line did not move for as long as a call waits. The transaction has started over, without a lock."""


def stand_in_line(cr, names):
    """Wait for anybody who works on the same things, then start over with a fresh view of the database.

    The transaction that follows sees what those before it committed, and holds a lock for each name until it commits
    or rolls back: PostgreSQL itself lets go of them, whatever happens to the call, its cursor or its connection. Does
    nothing where the call has begun to write already, or is not a remote call of its own: then a conflict is tried
    again as everywhere in Odoo. Check rights first: who may not do a thing must not keep others waiting.

    :param names: what the call is going to change, such as ``loyalty.card:7``
    :return: whether the caller starts over; whatever it read before is forgotten
    :raises StillBusy: after ``PATIENCE``
    """
    names = sorted(set(names))
    if not names or not _is_call_of_its_own(cr):
        return False
    try:
        return _wait(cr, names)
    except BaseException as error:  # pylint: disable=broad-exception-caught
        _leave(cr.connection)
        if not isinstance(error, errors.LockNotAvailable):
            raise
    cr.rollback()
    _logger.info("Gave up waiting for %s", names)
    raise StillBusy


def _wait(cr, names):
    """Lock in the order of the names; return False where something was written already.

    A transaction sees the database as it was at its first statement, and that is the one that waits. So a lock of the
    session spans two transactions: the second takes over the lock as its own, which no other can get in between, and
    its view is taken while it is held.
    """
    cr.execute(
        SQL(
            """
            SELECT set_config('lock_timeout', %(patience)s, true) WHERE pg_current_xact_id_if_assigned() IS NULL;
            SELECT pg_advisory_lock(hashtextextended(name, 0)) FROM unnest(%(names)s) AS name
             WHERE pg_current_xact_id_if_assigned() IS NULL
            """,
            patience=PATIENCE,
            names=names,
        ),
        log_exceptions=False,
    )
    if not cr.rowcount:
        return False
    cr.rollback()
    cr.execute(
        SQL(
            """
            SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM unnest(%(names)s) AS name;
            SELECT pg_advisory_unlock(hashtextextended(name, 0)) FROM unnest(%(names)s) AS name
            """,
            names=names,
        )
    )
    return True


def _leave(connection):
    """Let go of the session's locks, of which there are no others: the call has only begun.

    Which of them it got nobody knows. Without Odoo's cursor, which may be on its way out; a connection that does not
    answer any longer has none, once it is closed.
    """
    try:
        connection.rollback()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock_all()")
        connection.rollback()
    except psycopg2.Error:
        connection.close()


def _is_call_of_its_own(cr):
    """Return whether this is a remote call on its own connection, whose transaction may start over."""
    return isinstance(cr, Cursor) and not cr.readonly and bool(request) and request.env.cr is cr
