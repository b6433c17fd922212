"""What a deferral adds to roll-forward and reconciliation: lines of cohorts beside value lines of lots."""

from collections import defaultdict
from decimal import Decimal

from odoo import models
from odoo.tools import SQL, format_date

from odoo.addons.loyalty_account.models.loyalty_program_proof import Part
from odoo.addons.loyalty_ledger.ledger.rounding import to_decimal, to_units


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    # --- figures -------------------------------------------------------------------------------------------------

    def _movements(self):
        own = SQL("WHERE c.program_id = %s", self.id) if self.id else SQL()
        return SQL(
            """
            %s
             UNION ALL
            SELECT c.program_id, c.date,
                   CASE c.kind WHEN 'redeem' THEN 'redeemed' WHEN 'breakage' THEN 'expired' WHEN 're_estimate' THEN 'revalued'
                               WHEN 'transition' THEN 'adjusted' ELSE 'issued' END,
                   0, c.amount, NULL::int
              FROM loyalty_cohort_line c %s
            """,
            super()._movements(),
            own,
        )

    def _carrying_values(self):
        """What is deferred counts as value on the books too."""
        values = super()._carrying_values()
        if self._origin.ids:
            lines = self.env["loyalty.cohort.line"].sudo()  # write access to the program was checked
            for program, amount in lines._read_group(
                [("program_id", "in", self._origin.ids)], ["program_id"], ["amount:sum"]
            ):
                values[program.id] = to_decimal(values.get(program.id, 0)) + to_decimal(amount)
        return values

    # --- reconciliation ------------------------------------------------------------------------------------------

    def _sql_value_lines(self, date):
        return SQL(
            """%s UNION ALL
               SELECT move_id, account_id, run_id, amount FROM loyalty_cohort_line WHERE program_id = %s AND date <= %s""",
            super()._sql_value_lines(date),
            self.id,
            date,
        )

    def _proof_completeness(self, date):
        """What is deferred on the day by sales and points, cohort by cohort, against the lines that were booked."""
        if not self._defers():
            return super()._proof_completeness(date)
        states = self._deferral_states(date)
        booked = self._booked_until(date)
        target = sum((state.deferred for state in states), Decimal(0))
        part = Part(target, sum(booked.values(), Decimal(0)), self._proof_rounding())
        run = self._last_run(date)
        off = [state for state in states if state.deferred != booked.get(state.cohort.id, Decimal(0))]
        at_run = self._deferral_states(run.date_to) if off and run and run.date_to < date else states
        before = {(state.month, state.kind): state for state in at_run}
        for state in off:
            difference = state.deferred - booked.get(state.cohort.id, Decimal(0))
            text, explained = self._say_difference(state, date, run, difference, before)
            model, res_id = (state.cohort._name, state.cohort.id) if state.cohort else (self._name, self.id)
            part.add(model, res_id, text, difference, explained=explained)
        return part

    def _booked_until(self, date):
        lines = self.env["loyalty.cohort.line"].sudo()
        groups = lines._read_group([("program_id", "=", self.id), ("date", "<=", date)], ["cohort_id"], ["amount:sum"])
        return defaultdict(Decimal, {cohort.id: to_decimal(amount) for cohort, amount in groups})

    def _last_run(self, date):
        runs = self.env["loyalty.accrual.run"].sudo()
        return runs.search(
            [("program_id", "=", self.id), ("state", "=", "posted"), ("date_to", "<=", date)],
            order="date_to desc, id desc",
            limit=1,
        )

    def _booked_later(self, cohort, date):
        """Return what closes until a day booked for a cohort after it, because the period was locked."""
        lines = self.env["loyalty.cohort.line"].sudo()
        lines = lines.search([("cohort_id", "=", cohort.id), ("effective_date", "<=", date), ("date", ">", date)])
        return sum(map(to_decimal, lines.mapped("amount")), Decimal(0))

    def _say_difference(self, state, date, run, difference, before):
        """Return why the lines of a cohort are not what they should be, in words, and whether that is as expected.

        :param before: ``{(month, kind): CohortState}`` on the day of the run
        """
        _ = self.env._
        month = format_date(self.env, state.month, date_format="LLLL yyyy")
        if not run:
            return _("%s: not closed yet; the next close books it", month), True
        day = format_date(self.env, run.date_to)
        late = self._booked_later(state.cohort, date)
        if late and late == difference:
            return _("%s: booked later, because the period was locked", month), True
        if run.date_to < date:
            old = before.get((state.month, state.kind))
            late = self._booked_later(state.cohort, run.date_to)
            if not old or old.deferred == self._booked_until(run.date_to)[state.cohort.id] + late:
                return _("%(month)s: sales and points since the last close (%(day)s)", month=month, day=day), True
            state = old
        if self._is_changed_since(state, run):
            return _("%(month)s: came after the close until %(day)s; the next one books it", month=month, day=day), True
        return (
            _(
                "%(month)s: the lines are not what the close until %(day)s booked: one was changed.",
                month=month,
                day=day,
            ),
            False,
        )

    def _is_changed_since(self, state, run):
        """Return whether sales, points or estimates of a cohort are others than the close saw, or an entry was reversed."""
        cohort = state.cohort
        if not cohort or cohort.date_to != run.date_to:
            return True  # a later close has seen them since
        names = ("issued_points", "redeemed_points", "lapsed_points")
        seen = (*(to_units(cohort[name]) for name in names), to_decimal(cohort.allocated_amount))
        now = (state.points.issued, state.points.redeemed, state.points.lapsed, state.allocated)
        return seen != now or bool(cohort.line_ids.move_id.reversal_move_ids)
