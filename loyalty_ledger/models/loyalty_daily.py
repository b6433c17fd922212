"""Sums by day of rows that are only ever added to: what a dashboard reads in milliseconds.

Writers do not know of them, so no till waits for another one on a busy row. The rows themselves are the log: a job folds those
that it has not seen into the sums of their day, and who reads adds what came since, by id. Sums are a projection: "Verify
Ledger" compares them, and what is wrong is thrown away and made again.
"""

import logging

from odoo import api, fields, models
from odoo.tools import SQL

from ..ledger.movements import DAILY_COLUMN
from ..ledger.settled import wait_for_writers
from ..tools import jobs

_logger = logging.getLogger(__name__)


class LoyaltyDailyMixin(models.AbstractModel):
    """Sums of an append-only table by day and what else its model says."""

    _name = "loyalty.daily.mixin"
    _inherit = ["loyalty.readonly.mixin"]
    _description = "Sums by Day"
    _log_access = False
    _order = "date desc, id"

    #: The table that is summed up. Its ids grow and its rows never change.
    _source_table = None

    date = fields.Date("Date", required=True, readonly=True)
    row_count = fields.Integer("Lines", required=True, readonly=True)
    last_source_id = fields.Integer(
        "Complete Up To", required=True, readonly=True, aggregator=None, help="The last line that these sums contain."
    )

    _program_idx = models.Index("(program_id, date)")
    _last_idx = models.Index("(last_source_id)")

    @api.model
    def _day_keys(self):
        """Return ``{column: SQL}`` of what sums are kept by; the table is called ``s``. Override to add some."""
        raise NotImplementedError

    @api.model
    def _day_sums(self):
        """Return ``{column: SQL}`` of what is summed up; the table is called ``s``."""
        raise NotImplementedError

    @api.model
    def _folded_up_to(self):
        """Return the id of the last line that the sums contain; 0 where there are none."""
        ((last,),) = self.env.execute_query(
            SQL("SELECT COALESCE(max(last_source_id), 0) FROM %s", SQL.identifier(self._table))
        )
        return last

    @api.model
    def _day_rows(self):
        """Return SQL of rows with the keys and sums of this model, complete as of now: sums, and lines that came since."""
        columns = SQL(", ").join(map(SQL.identifier, [*self._day_keys(), *self._day_sums()]))
        return SQL(
            "SELECT %s FROM %s UNION ALL %s",
            columns,
            SQL.identifier(self._table),
            self._source_rows(SQL("s.id > %s", self._folded_up_to())),
        )

    def _source_rows(self, condition):
        columns = {**self._day_keys(), **self._day_sums()}
        return SQL(
            "SELECT %s FROM %s s WHERE %s",
            SQL(", ").join(SQL("%s AS %s", code, SQL.identifier(name)) for name, code in columns.items()),
            SQL.identifier(self._source_table),
            condition,
        )

    @api.model
    def _fold(self, up_to=None):
        """Add the lines that came since to the sums of their days, in one statement.

        :param up_to: id up to which all lines are there (:func:`wait_for_writers`); default the last one, for callers that
            nobody else writes beside
        :return: number of rows of sums that were written
        """
        keys, sums = list(self._day_keys()), list(self._day_sums())
        condition = SQL("s.id > %s", self._folded_up_to())
        if up_to is None:
            ((up_to,),) = self.env.execute_query(
                SQL("SELECT COALESCE(max(id), 0) FROM %s", SQL.identifier(self._source_table))
            )
        names = SQL(", ").join(map(SQL.identifier, [*keys, *sums]))
        key_names = SQL(", ").join(map(SQL.identifier, keys))
        summed = SQL(", ").join(SQL("sum(%s) AS %s", SQL.identifier(name), SQL.identifier(name)) for name in sums)
        self.env.cr.execute(
            SQL(
                """
                WITH fresh AS (SELECT %(keys)s, %(summed)s FROM (%(rows)s) r GROUP BY %(keys)s),
                gone AS (DELETE FROM %(table)s d USING fresh f WHERE %(same)s RETURNING %(old)s)
                INSERT INTO %(table)s (%(names)s, last_source_id)
                SELECT %(keys)s, %(summed)s, %(last)s
                  FROM (SELECT %(names)s FROM fresh UNION ALL SELECT %(names)s FROM gone) n GROUP BY %(keys)s
                """,
                keys=key_names,
                names=names,
                summed=summed,
                rows=self._source_rows(SQL("%s AND s.id <= %s", condition, up_to)),
                table=SQL.identifier(self._table),
                same=SQL(" AND ").join(
                    # Equality finds its rows by the index; only what may be empty needs the other comparison.
                    SQL(
                        "%s = %s" if self._fields[name].required else "%s IS NOT DISTINCT FROM %s",
                        SQL.identifier("d", name),
                        SQL.identifier("f", name),
                    )
                    for name in keys
                ),
                old=SQL(", ").join(SQL.identifier("d", name) for name in [*keys, *sums]),
                last=up_to,
            )
        )
        written = self.env.cr.rowcount
        self.invalidate_model()
        return written

    @api.model
    def _cron_fold(self):
        """Fold what was added; nobody who writes waits for it."""
        self.env["ir.cron"]._commit_progress()
        cursor = self.env.cr  # of the job, which ends transactions as it goes on
        ((pid,),) = self.env.execute_query(SQL("SELECT pg_backend_pid()"))

        def fold():
            cursor.commit()
            up_to = wait_for_writers(self.env.registry, self._source_table, pid)
            if up_to is None:
                return 0
            # The lock is no view of the database yet: what is read from here on is complete, and summed up once.
            self.env.cr.execute(SQL("LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE", SQL.identifier(self._table)))
            return self._fold(up_to)

        jobs.run_batch(self.env, fold)

    @api.model
    def _differences(self):
        """Return SQL of ``(program, found, expected)`` by day where the sums are not those of their lines.

        They are compared by what every line has: a sum under another movement is wrong, too.
        """
        last = self._folded_up_to()
        sums = list(self._day_sums())
        keys = [name for name in self._day_keys() if self._fields[name].required]
        totals = SQL(", ").join(SQL("sum(%s) AS %s", SQL.identifier(name), SQL.identifier(name)) for name in sums)

        def row(alias):
            return SQL("ROW(%s)", SQL(", ").join(SQL("COALESCE(%s, 0)", SQL.identifier(alias, name)) for name in sums))

        return SQL(
            """
            SELECT COALESCE(f.program_id, e.program_id) AS id, concat(f.date, ': ', %(found)s),
                   concat(e.date, ': ', %(expected)s)
              FROM (SELECT %(keys)s, %(totals)s FROM %(table)s GROUP BY %(keys)s) f
              FULL JOIN (SELECT %(keys)s, %(totals)s FROM (%(rows)s) r GROUP BY %(keys)s) e ON %(same)s
             WHERE %(found)s IS DISTINCT FROM %(expected)s
             ORDER BY 1
            """,
            found=row("f"),
            expected=row("e"),
            keys=SQL(", ").join(map(SQL.identifier, keys)),
            same=SQL(" AND ").join(
                SQL("%s = %s", SQL.identifier("e", name), SQL.identifier("f", name)) for name in keys
            ),
            totals=totals,
            table=SQL.identifier(self._table),
            rows=self._source_rows(SQL("s.id <= %s", last)),
        )

    @api.model
    def _start_again(self):
        """Throw the sums away: until the job has made them again, figures come from the lines themselves."""
        self.env.cr.execute(SQL("DELETE FROM %s", SQL.identifier(self._table)))
        self.invalidate_model()


class LoyaltyDaily(models.Model):
    """Points of a program by day: issued, redeemed, expired, adjusted, and taken over."""

    _name = "loyalty.daily"
    _inherit = ["loyalty.daily.mixin"]
    _description = "Points by Day"
    _source_table = "loyalty_ledger_entry"

    program_id = fields.Many2one("loyalty.program", "Program", required=True, readonly=True, ondelete="cascade")
    movement = fields.Selection(
        [
            ("opening", "Taken over"),
            ("issued", "Issued"),
            ("redeemed", "Redeemed"),
            ("expired", "Expired"),
            ("adjusted", "Adjusted"),
        ],
        "Movement",
        required=True,
        readonly=True,
    )
    points = fields.Float("Points", digits=(16, 4), required=True, readonly=True)

    @api.model
    def _day_keys(self):
        return {
            "program_id": SQL("s.program_id"),
            "date": SQL("s.effective_date"),
            "movement": SQL(DAILY_COLUMN.format("s")),
        }

    @api.model
    def _day_sums(self):
        return {"points": SQL("s.points"), "row_count": SQL("1")}
