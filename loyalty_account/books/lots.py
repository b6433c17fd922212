"""Lots as they were on a day: what is left of each, and what it carries in the books."""

from odoo.tools import SQL

from odoo.addons.loyalty_ledger.tools.sql_files import read_sql

LOTS_ON = read_sql(__file__, "lots_on")

EXPIRY_ON = read_sql(__file__, "expiry_on")
#: What is joined row by row; who does so has PostgreSQL look at it first (`ledger.statistics`).
TABLES = (
    "loyalty_ledger_entry",
    "loyalty_lot",
    "loyalty_ledger_consumption",
    "loyalty_card",
    "loyalty_hold",
    "loyalty_earning",
    "loyalty_valuation",
    "account_move",
    "account_move_line",
)
#: The sale that a lot ``l`` came from first, as earning ``sale``.
SALE_OF_LOT = SQL(
    """LEFT JOIN loyalty_lot root ON root.id = COALESCE(l.origin_lot_id, l.id)
       LEFT JOIN loyalty_ledger_entry source ON source.id = root.entry_id AND source.kind = 'earn'
       LEFT JOIN loyalty_earning sale ON sale.res_model = source.res_model AND sale.res_id = source.res_id
            AND sale.program_id = source.program_id"""
)


def lots_on(program, date, dated="effective_date"):
    """Return SQL (a CTE list) that ends in ``state``: the lots of a program on a day and what they carry.

    Columns: ``id``, ``entry_id``, ``origin_lot_id``, ``remaining`` (points on that day, rolled back from today),
    ``amount`` (value lines up to that day), ``valued`` (whether there are any), ``worth`` (``remaining``, or less where
    redeeming takes off the VAT of the sale that earned: in whole points).

    :param dated: which date of the value lines counts
    """
    remaining = SQL("(l.remaining + COALESCE(r.points, 0))")
    own_rates = program._relieves_earning_sale()
    return SQL(
        LOTS_ON,
        program=program.id,
        date=date,
        dated=SQL.identifier(dated),
        worth=SQL("%s * (1 - COALESCE(sale.relief, 0))", remaining) if own_rates else remaining,
        sales=SALE_OF_LOT if own_rates else SQL(),
    )


def expiry_on(program, date):
    """Return SQL (a CTE list) that ends in ``dated``: the lots of a program on a day, and when they expire.

    Columns: ``id``, ``origin_lot_id``, ``remaining``, ``amount`` (as :func:`lots_on`), and ``expiry`` as it was known that day:
    a rolling expiry counts from the last earning until then, and an extension made later is left out. NULL: never.
    """
    return SQL(EXPIRY_ON, lots=lots_on(program, date, "date"), program=program.id, date=date)
