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
    if not names or not _may_start_over(cr):
        return False
    held = []

    def leave():
        while held:
            cr.execute(SQL("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", held.pop()))

    try:
        cr.execute(SQL("SELECT set_config('lock_timeout', %s, true)", PATIENCE))
        for name in names:
            cr.execute(SQL("SELECT pg_advisory_lock(hashtextextended(%s, 0))", name), log_exceptions=False)
            held.append(name)
    except psycopg2.Error:
        _logger.info("Gave up waiting for %s", names)
        cr.rollback()
        leave()
        raise
    cr.rollback()
    cr.postcommit.add(leave)
    cr.postrollback.add(leave)
    return True


def _may_start_over(cr):
    """Return whether nothing is lost by a rollback: a remote call on its own connection that has written nothing."""
    if not isinstance(cr, Cursor) or cr.readonly or not request or request.env.cr is not cr:
        return False
    cr.execute("SELECT pg_current_xact_id_if_assigned() IS NULL")
    return cr.fetchone()[0]
