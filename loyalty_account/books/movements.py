"""What moved points and their value: the rows that roll-forwards sum up.

>>> MOVEMENTS
('issued', 'redeemed', 'expired', 'adjusted', 'revalued')
>>> ROLLFORWARD[0], ROLLFORWARD[-1]
('opening', 'closing')
"""

from odoo.tools import SQL

from odoo.addons.loyalty_ledger.ledger.movements import MOVEMENTS as OF_POINTS
from odoo.addons.loyalty_ledger.ledger.movements import POINTS_COLUMN
from odoo.addons.loyalty_ledger.tools.sql_files import read_sql

from . import combinations
from .lots import SALE_OF_LOT

MOVEMENTS_SQL = read_sql(__file__, "movements")

#: Columns of the roll-forward between opening and closing, with what goes into them.
MOVEMENTS = (*OF_POINTS, "revalued")
#: Lines of a roll-forward, in their order.
ROLLFORWARD = ("opening", *MOVEMENTS, "closing")
#: What a value line is in the roll-forward.
VALUE_COLUMN = SQL(
    """CASE v.kind WHEN 'redeem' THEN 'redeemed' WHEN 'expire' THEN 'expired' WHEN 'revalue' THEN 'revalued'
                   WHEN 'opening' THEN 'issued' WHEN 'issue' THEN 'issued' WHEN 'clawback' THEN 'issued'
                   ELSE 'adjusted' END"""
)


def movements(program_id=None):
    """Return SQL of rows program_id, day, name, points, amount, entry_id: each movement of points and of their value.

    ``entry_id`` is the transaction behind it; lines of an accrual run have none.
    Points move on their business date, values on the accounting date. Points that were earned and used between two
    accrual runs never had a value line: what they were worth on the day of their use is issued and used at once, so
    that flows are gross and the balance is what is on the books.

    :param program_id: rows of one program only
    """
    of_program = {
        name: SQL("AND %s.program_id = %s", SQL.identifier(name), program_id) if program_id else SQL()
        for name in ("e", "v", "u")
    }
    return SQL(
        MOVEMENTS_SQL,
        points=SQL(POINTS_COLUMN.format("e")),
        cause=SQL(POINTS_COLUMN.format("u")),
        value=VALUE_COLUMN,
        entries=of_program["e"],
        values=of_program["v"],
        uses=of_program["u"],
        policies=combinations.ACCRUED_POLICIES,
        relief=(combinations.INPUT_TAX, combinations.PRICE_REDUCTION),
        own_rates=combinations.EARNING_SALE,
        sale_of_lot=SALE_OF_LOT,
    )
