"""What the points of a program did in a period and what they carry on a day: the figures of reports and of the close."""

from dateutil.relativedelta import relativedelta

from odoo import models
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.tools.sql_files import read_sql

from ..books.lots import expiry_on
from ..books.movements import ROLLFORWARD, movements

LIABILITY_BY_EXPIRY = read_sql(__file__, "liability_by_expiry")


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _rollforward(self, date_from, date_to):
        """Return what points and their value did in a period.

        Points move on their business date, values on the accounting date of their journal entry.

        :return: dict from each name of :data:`ROLLFORWARD` to a pair (points, amount in the program's currency)
        """
        self.ensure_one()
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT CASE WHEN day < %(start)s THEN 'opening' ELSE name END, sum(points), sum(amount)
                  FROM (%(movements)s) n WHERE day <= %(end)s GROUP BY 1
                """,
                start=date_from,
                end=date_to,
                movements=self._movements(),
            )
        )
        found = {name: (points, amount) for name, points, amount in rows}
        result = {name: found.get(name, (0, 0)) for name in ROLLFORWARD[:-1]}
        points, amount = map(sum, zip(*result.values()))
        result["closing"] = round(points, 4), self.currency_id.round(amount)
        return result

    def _movements(self):
        """Return SQL of what moved the points of the program and their value, or of all programs (:mod:`books.movements`).

        Override to add movements of value of another kind.
        """
        return movements(self.id or None)

    def _owed_points(self, date):
        """Return the points that cards of the program owed on a day, as a positive number.

        They are negative points in the roll-forward, and carry no value: a customer owes points, not money.
        """
        self.ensure_one()
        self.env.flush_all()
        ((points,),) = self.env.execute_query(
            SQL(
                """
                SELECT COALESCE(sum(-balance), 0) FROM (
                       SELECT sum(points) AS balance FROM loyalty_ledger_entry
                        WHERE program_id = %s AND effective_date <= %s GROUP BY card_id HAVING sum(points) < 0) n
                """,
                self.id,
                date,
            )
        )
        return points

    def _liability_by_expiry(self, date):
        """Return what open points carried in the books on a day, by the month in which they expire.

        Expiry is what it was that day: a rolling expiry counts from the last earning until then, and an extension made
        later is left out. Points that never expire can be redeemed at any time and count as current.

        :return: list of dicts ``month`` (its first day, None: never expires), ``points``, ``amount`` and ``is_current``
            (expires within twelve months after the day), in the order of the months, never expiring points last
        """
        self.ensure_one()
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                LIABILITY_BY_EXPIRY,
                lots=expiry_on(self, date),
                year=date + relativedelta(years=1),
            )
        )
        return [
            {"month": month, "is_current": current, "points": points, "amount": amount}
            for month, current, points, amount in rows
        ]
