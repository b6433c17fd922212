"""One transaction after the other for what many tills want at once: a family's card, an order that is sent twice.

Under REPEATABLE READ a transaction that waited for a row fails when the row was changed, and is tried again from the
start: eight tills on one card would wait long and some would give up. Here they wait before they have seen anything.
"""

import logging

import psycopg2

from odoo.http import request
from odoo.sql_db import Cursor
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

#: How long a till waits for the others; then the call fails and is tried again as after any conflict.
PATIENCE = "15s"


def stand_in_line(cr, names):
    """Wait for whoever works on the same things, then start over with a fresh view of the database.

    Takes a lock of the session for each name and rolls back: the transaction that follows sees what those before it
    committed. The locks go when it commits or rolls back. Does nothing where the call has begun to write already, or
    is not a remote call of its own: then a conflict is tried again as everywhere in Odoo.

    :param names: what the call is going to change, such as ``loyalty.card:7``
    :return: whether the caller starts over; whatever it read before is forgotten
    """
    names = sorted(set(names))
    if not names or not _is_call_of_its_own(cr):
        return False
    try:
        # One round trip. It locks in the order of the names, and nothing where something was written already.
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
    except psycopg2.Error:
        _logger.info("Gave up waiting for %s", names)
        cr.rollback()
        # Which of them it got nobody knows; there are no others, as the call has only begun.
        cr.execute(SQL("SELECT pg_advisory_unlock_all()"))
        raise
    if not cr.rowcount:
        return False
    held = [names]

    def leave():
        while held:
            cr.execute(SQL("SELECT pg_advisory_unlock(hashtextextended(name, 0)) FROM unnest(%s) AS name", held.pop()))

    cr.rollback()
    cr.postcommit.add(leave)
    cr.postrollback.add(leave)
    return True


def _is_call_of_its_own(cr):
    """Return whether this is a remote call on its own connection, whose transaction may start over."""
    return isinstance(cr, Cursor) and not cr.readonly and bool(request) and request.env.cr is cr
