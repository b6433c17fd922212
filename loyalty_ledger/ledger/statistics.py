"""What PostgreSQL knows of our tables, before queries that join many rows.

PostgreSQL plans by what it saw when it last analyzed a table, which a job of its own does some time after many rows were
written. Until then it takes a table that a bulk load has filled for nearly empty, and compares each row with each: a
reconciliation of 20,000 lots took more than two minutes instead of two seconds.

How to use it. Before the queries, with the tables that may have grown in this transaction or just before it:

>>> analyze_grown(env.cr, "loyalty_lot")
"""

from odoo.tools import SQL

#: A table has grown when it has a tenth more pages than when it was analyzed, as for PostgreSQL's own job, and these at least.
PAGES = 100


def analyze_grown(cr, *tables):
    """Have PostgreSQL look at those of the tables that have grown since it last did; one cheap query when none has.

    A table that somebody else analyzes at this moment is left to them.
    """
    if cr.readonly:
        return
    cr.execute(
        SQL(
            """
            SELECT relname FROM pg_class
             WHERE oid = ANY(%s::regclass[]) AND relkind = 'r'
               AND pg_relation_size(oid) / current_setting('block_size')::int > relpages * 1.1 + %s
            """,
            list(tables),
            PAGES,
        )
    )
    for (table,) in cr.fetchall():
        cr.execute(SQL("ANALYZE (SKIP_LOCKED) %s", SQL.identifier(table)))
