"""The proof: points ledger = lots = value lines = general ledger, and what paid invoices, for any date (N1)."""

from decimal import Decimal

from odoo import fields, models
from odoo.tools import SQL, format_date

from odoo.addons.loyalty_ledger.ledger import schema
from odoo.addons.loyalty_ledger.ledger.rounding import round_to, to_decimal
from odoo.addons.loyalty_ledger.ledger.statistics import analyze_grown
from odoo.addons.loyalty_ledger.tools.sql_files import read_sql
from odoo.addons.loyalty_ledger.tools.today import loyalty_today
from odoo.addons.loyalty_ledger.tools.words import say_points

from ..books.lots import TABLES, lots_on

PROOF_COMPLETENESS = read_sql(__file__, "proof_completeness")

PROOF_POINTS = read_sql(__file__, "proof_points")

PARTS = ("points", "value", "completeness", "payments")
#: Rows of one kind that are named; what is beyond is one line.
NAMED = 200


class Part:
    """One comparison: two totals, their difference, and the rows that make it."""

    def __init__(self, ledger, books, rounding):
        self.ledger = to_decimal(ledger or 0)
        self.books = to_decimal(books or 0)
        self.rounding = rounding
        self.items = []

    def add(self, model, res_id, problem, amount=0, explained=False, size=None):
        """Add a row.

        :param amount: what of the difference it is, signed
        :param explained: it is as it should be, for example points that wait for the next run
        :param size: how large the fault is, where it is no part of the difference
        """
        amount = to_decimal(amount or 0)
        self.items.append(
            {
                "model": model,
                "id": res_id,
                "problem": problem,
                "amount": float(amount),
                "explained": explained,
                "size": 0.0 if explained else float(abs(to_decimal(size)) if size is not None else abs(amount)),
            }
        )

    @property
    def difference(self):
        return self.ledger - self.books

    def as_dict(self):
        """Return the part; its ``residual`` is what is wrong or unexplained, in the unit of the part, 0 when all is well."""
        unexplained = self.difference - sum((to_decimal(item["amount"]) for item in self.items), Decimal(0))
        residual = abs(unexplained) + sum((to_decimal(item["size"]) for item in self.items), Decimal(0))
        return {
            "ledger": float(self.ledger),
            "books": float(self.books),
            "difference": float(self.difference),
            "items": self.items,
            "unexplained": float(unexplained),
            "residual": float(residual),
        }


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _loyalty_proof(self, date=None):
        """Compare the ledger of points with the books as of a day. Reads only; can be repeated for any day.

        :param date: default today
        :return: dict with ``points``, ``value``, ``completeness`` and ``payments``, each a dict with ``ledger``,
            ``books``, ``difference`` and ``items`` (``model``, ``id``, ``problem``, ``amount``, ``explained``); and
            ``residual``: the money that is wrong or not explained, and ``residual_points``: the points that are; both 0.0
            when the program is proved
        """
        self.ensure_one()
        # Nobody has access to all rows that the proof covers; the actions check the right to reconcile.
        program = self.sudo()
        program.env.flush_all()
        analyze_grown(self.env.cr, *TABLES)
        date = fields.Date.to_date(date) or loyalty_today(self.env, self.company_id)
        parts = {name: getattr(program, f"_proof_{name}")(date).as_dict() for name in PARTS}
        # Points are no money, so they are never added to it.
        residual = sum((to_decimal(parts[name]["residual"]) for name in PARTS if name != "points"), Decimal(0))
        return {
            **parts,
            "date": date,
            "residual": float(residual),
            "residual_points": parts["points"]["residual"],
        }

    def _proof_rounding(self):
        return to_decimal(self.currency_id.rounding)

    # --- points: entries = lots - debt ---------------------------------------------------------------------------

    def _proof_points(self, date):
        """Sum of the transactions up to the day, against lots less debt, rolled back to that day."""
        ((entries, lots, debt),) = self.env.execute_query(
            SQL(
                PROOF_POINTS,
                program=self.id,
                date=date,
            )
        )
        part = Part(entries, to_decimal(lots) - to_decimal(debt), Decimal("0.0001"))
        self._name_lots_and_cards(part)
        self._name_entries(part)
        self._name_taken_twice(part, date)
        return part

    def _lots_expected(self):
        """SQL of the program's lots with what they must hold: what their credit brought, less what was taken.

        A reversal may come back in several lots; their own points are taken as they are.
        """
        return SQL(
            """
            SELECT l.id, l.card_id, l.remaining,
                   CASE WHEN e.kind = 'reversal' THEN l.points ELSE e.points END - COALESCE(c.taken, 0) AS expected
              FROM loyalty_lot l JOIN loyalty_ledger_entry e ON e.id = l.entry_id
              LEFT JOIN (SELECT lot_id, sum(points) FILTER (WHERE moved_to_lot_id IS NULL) AS taken
                           FROM loyalty_ledger_consumption GROUP BY lot_id) c ON c.lot_id = l.id
             WHERE l.program_id = %s
            """,
            self.id,
        )

    def _name_lots_and_cards(self, part):
        """Name lots that do not hold what their transactions leave, then cards whose lots do not make their points."""
        rows = self.env.execute_query(
            SQL(
                """
                WITH lots AS MATERIALIZED (%(lots)s)
                SELECT 1 AS part, id, expected AS ledger, remaining AS found FROM lots
                 WHERE remaining IS DISTINCT FROM expected
                 UNION ALL
                SELECT 2, c.id, COALESCE(e.points, 0), COALESCE(l.points, 0) - COALESCE(e.unpaid, 0)
                  FROM loyalty_card c
                  LEFT JOIN (SELECT card_id, sum(points) AS points, sum(unpaid_points) AS unpaid
                               FROM loyalty_ledger_entry WHERE program_id = %(program)s GROUP BY card_id) e
                         ON e.card_id = c.id
                  LEFT JOIN (SELECT card_id, sum(expected) AS points FROM lots GROUP BY card_id) l ON l.card_id = c.id
                 WHERE c.program_id = %(program)s
                   AND COALESCE(e.points, 0) <> COALESCE(l.points, 0) - COALESCE(e.unpaid, 0)
                 ORDER BY part, id
                """,
                program=self.id,
                lots=self._lots_expected(),
            )
        )
        for number, record_id, ledger, found in rows:
            if number == 1:
                model, problem = (
                    "loyalty.lot",
                    self.env._(
                        "The lot was changed: it holds %(found)s points, its transactions leave %(expected)s.",
                        found=say_points(self.env, found),
                        expected=say_points(self.env, ledger),
                    ),
                )
            else:
                model, problem = (
                    "loyalty.card",
                    self.env._(
                        "The transactions of the card make %(points)s points, its lots less what it owes %(lots)s.",
                        points=say_points(self.env, ledger),
                        lots=say_points(self.env, found),
                    ),
                )
            part.add(model, record_id, problem, to_decimal(ledger) - to_decimal(found))

    def _name_entries(self, part):
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id, points FROM loyalty_ledger_entry e
                 WHERE program_id = %s AND row_hash IS DISTINCT FROM %s ORDER BY id LIMIT %s
                """,
                self.id,
                schema.row_hash("e"),
                NAMED,
            )
        )
        for entry_id, points in rows:
            part.add(
                "loyalty.ledger.entry",
                entry_id,
                self.env._("The transaction was changed: its hash does not match its contents."),
                size=points,
            )

    def _name_taken_twice(self, part, date):
        """Points of a sale that expired are gone: its return takes back only those that were still there or were spent."""
        rows = self.env.execute_query(
            SQL(
                """
                WITH back AS (
                     SELECT e.id, e.points, -sum(r.points) AS taken, max(r.id) AS last_id
                       FROM loyalty_ledger_entry r JOIN loyalty_ledger_entry e ON e.id = r.reversed_entry_id
                      WHERE r.program_id = %(program)s AND r.kind = 'reversal' AND e.points > 0
                        AND r.effective_date <= %(date)s
                      GROUP BY e.id, e.points),
                expired AS (
                     SELECT b.id, sum(c.points) AS points
                       FROM back b JOIN loyalty_lot l ON l.entry_id = b.id
                       JOIN loyalty_ledger_consumption c ON c.lot_id = l.id
                       JOIN loyalty_ledger_entry d ON d.id = c.debit_entry_id AND d.kind = 'expire'
                      WHERE d.effective_date <= %(date)s GROUP BY b.id)
                SELECT b.last_id, b.points, b.taken, x.points FROM back b JOIN expired x ON x.id = b.id
                 WHERE b.taken + x.points > b.points ORDER BY b.last_id LIMIT %(named)s
                """,
                program=self.id,
                date=date,
                named=NAMED,
            )
        )
        for entry_id, points, taken, expired in rows:
            part.add(
                "loyalty.ledger.entry",
                entry_id,
                self.env._(
                    "%(taken)s points were taken back although %(expired)s of the %(points)s that had been earned were "
                    "written off before.",
                    taken=say_points(self.env, taken),
                    expired=say_points(self.env, expired),
                    points=say_points(self.env, points),
                ),
                size=to_decimal(taken) + to_decimal(expired) - to_decimal(points),
            )

    # --- completeness: what points are worth = value lines -------------------------------------------------------

    def _proof_completeness(self, date):
        """What outstanding points are worth on the day, against the value lines; the rest waits for the next run."""
        if self._keeps_stored_value():
            return self._proof_balances_completeness(date)
        if not self._values_lots():
            return Part(0, 0, self._proof_rounding())
        numerator, denominator = self._unit_value_at(date)
        run = self.env["loyalty.accrual.run"].search(
            [("program_id", "=", self.id), ("state", "=", "posted"), ("date_to", "<=", date)],
            order="date_to desc, id desc",
            limit=1,
        )
        revalued = bool(run) and (run.point_value, run.vat_rate) != self._point_value_at(date)
        rounding = self._proof_rounding()
        self.env.cr.execute(
            SQL(
                PROOF_COMPLETENESS,
                lots=lots_on(self, date, "date"),
                numerator=str(numerator),
                denominator=str(denominator),
                rounding=str(rounding),
                date=date,
                run=run.id or None,
                until=run.date_to or None,
                last=run.last_entry_id or None,
                posted=run.posted_at or None,
                revalued=revalued,
                deferred=self._deferred_entries(),
                named=NAMED,
            )
        )
        classes = {row[0]: row[1:] for row in self.env.cr.fetchall()}
        target = sum((to_decimal(row[1] or 0) for row in classes.values()), Decimal(0))
        ((booked,),) = self.env.execute_query(
            SQL(
                "SELECT COALESCE(sum(amount), 0) FROM loyalty_valuation WHERE program_id = %s AND date <= %s",
                self.id,
                date,
            )
        )
        part = Part(round_to(target, rounding), booked, rounding)
        self._name_points_of_later_days(part, date)
        self._name_classes(part, classes, run)
        return part

    def _name_points_of_later_days(self, part, date):
        """Documents of the past may use points that came later: their value is booked before the points count."""
        ((lots, amount),) = self.env.execute_query(
            SQL(
                """
                SELECT count(DISTINCT l.id), COALESCE(sum(v.amount), 0)
                  FROM loyalty_valuation v JOIN loyalty_lot l ON l.id = v.lot_id
                 WHERE l.program_id = %(program)s AND l.date > %(date)s AND v.date <= %(date)s
                """,
                program=self.id,
                date=date,
            )
        )
        if amount:
            text = self.env._("Points of later days, used by documents that are dated up to this day")
            part.add(self._name, self.id, f"{text} ({self._lots_text(lots)})", -amount, explained=True)

    def _deferred_entries(self):
        """Return SQL of the ids of transactions whose value is released later. Override with ``_defer_release``."""
        return SQL("SELECT NULL::int AS id WHERE FALSE")

    def _name_classes(self, part, classes, run):
        texts = self._completeness_texts(run)
        listed = sum((to_decimal(item["amount"]) for item in part.items), Decimal(0))
        for name, (count, __, deviation, lot_ids, entry_ids, amounts, deviations) in classes.items():
            if name == "rounding":
                continue
            if name in texts:
                amount = round_to(to_decimal(deviation), part.rounding)
                model, res_id = ("loyalty.accrual.run", run.id) if run else (self._name, self.id)
                part.add(model, res_id, f"{texts[name]} ({self._lots_text(count)})", amount, explained=True)
                listed += amount
                continue
            for lot_id, entry_id, carried, off in zip(lot_ids, entry_ids, amounts, deviations):
                amount = round_to(to_decimal(off), part.rounding)
                part.add(*self._name_lot(name, lot_id, entry_id, carried, run), amount, explained=name == "late")
                listed += amount
            if count > NAMED:
                rest = round_to(to_decimal(deviation) - sum(map(to_decimal, deviations)), part.rounding)
                part.add(
                    self._name,
                    self.id,
                    self.env._("%s more of this kind.", count - NAMED),
                    rest,
                    explained=name == "late",
                )
                listed += rest
        if remainder := part.difference - listed:
            # Less than a unit of the currency for each lot: the next run takes it along.
            lots = classes.get("rounding", (0,))[0] + sum(row[0] for row in classes.values())
            if abs(remainder) <= part.rounding * (lots + 1):
                part.add(self._name, self.id, self.env._("Rounding, until the next accrual run"), remainder, True)

    def _completeness_texts(self, run):
        _ = self.env._
        day = format_date(self.env, run.date_to) if run else ""
        return {
            "no_run": _("Not accrued yet: there was no accrual run up to this day"),
            "opening": _("Opening balances that were not entered; an accrual run with a counter-account enters them"),
            "locked": _("Booked later, because the period was locked"),
            "deferred": _("Used by documents that are booked later, such as open Point of Sale sessions"),
            "after": _("Points since the last accrual run (%s)", day),
            "revalued": _("The value of a point changed since the last accrual run (%s)", day),
            "moved": _("Points that were returned or settled a debt since the last accrual run (%s)", day),
            "reversed": _("The journal entry was reversed; the next accrual run books it again"),
        }

    def _lots_text(self, count):
        return self.env._("%s lots", count) if count != 1 else self.env._("one lot")

    def _name_lot(self, name, lot_id, entry_id, carried, run):
        """Return (model, id, problem) for a lot that does not carry what it should."""
        _ = self.env._
        entry = self.env["loyalty.ledger.entry"].browse(entry_id)
        if name == "late":
            return (
                entry._name,
                entry_id,
                _(
                    "Posted late: %(entry)s of %(date)s (%(document)s) came after the accrual run until %(until)s.",
                    entry=entry.display_name,
                    date=format_date(self.env, entry.effective_date),
                    document=entry.document_name or _("no document"),
                    until=format_date(self.env, run.date_to),
                ),
            )
        if not self.env["loyalty.valuation"].search_count([("lot_id", "=", lot_id)], limit=1):
            return (
                entry._name,
                entry_id,
                _(
                    "%(entry)s of %(date)s has no value line, although the accrual run until %(until)s covered it.",
                    entry=entry.display_name,
                    date=format_date(self.env, entry.effective_date),
                    until=format_date(self.env, run.date_to),
                ),
            )
        return (
            "loyalty.lot",
            lot_id,
            _(
                "The lot of %(entry)s is carried at %(carried)s, which is not the value of its points: a value line "
                "is missing or was changed.",
                entry=entry.display_name,
                carried=self.currency_id.format(carried),
            ),
        )
