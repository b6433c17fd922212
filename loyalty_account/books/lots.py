"""Lots as they were on a day: what is left of each, and what it carries in the books."""

from odoo.tools import SQL

from odoo.addons.loyalty_ledger.tools.sql_files import read_sql

LOTS_ON = read_sql(__file__, "lots_on")


def lots_on(program, date, dated="effective_date"):
    """Return SQL (a CTE list) that ends in ``state``: the lots of a program on a day and what they carry.

    Columns: ``id``, ``entry_id``, ``origin_lot_id``, ``remaining`` (points on that day, rolled back from today),
    ``amount`` (value lines up to that day), ``valued`` (whether there are any).

    :param dated: which date of the value lines counts
    """
    return SQL(LOTS_ON, program=program.id, date=date, dated=SQL.identifier(dated))
