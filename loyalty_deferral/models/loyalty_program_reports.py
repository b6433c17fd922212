"""What a deferral adds to roll-forward and reconciliation: lines of cohorts beside value lines of lots."""

from collections import defaultdict
from decimal import Decimal

from odoo import models
from odoo.tools import SQL, format_date

from odoo.addons.loyalty_account.models.loyalty_program_proof import Part
from odoo.addons.loyalty_ledger.ledger.rounding import to_decimal


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
        """What is deferred on the day by sales and points, cohort by cohort, against the lines that were booked.

        The difference of a cohort has three parts that add up: what came since the last close, or later than that for its
        time; what of its lines was booked on later days, or reversed; and what lines say that the close did not book, which
        is a fault. What the cohorts are made of is checked document by document.
        """
        if not self._deferred_on(date):
            return super()._proof_completeness(date)
        states = self._deferral_states(date)
        booked, run = self._booked_until(date), self._last_run(date)
        part = Part(
            sum((state.deferred for state in states), Decimal(0)),
            sum(booked.values(), Decimal(0)),
            self._proof_rounding(),
        )
        seen, closed = self._seen_at(run, booked)
        known = {state.cohort.id for state in states}
        others = self.env["loyalty.cohort"].sudo().browse(sorted({*booked, *closed, *seen} - known))
        before = self._deferred_before(run, date)
        for cohort, state in [(state.cohort, state) for state in states] + [(cohort, None) for cohort in others]:
            due = state.deferred if state else Decimal(0)
            then, lines = seen[cohort.id], closed[cohort.id]
            if due == then == lines == booked[cohort.id]:
                continue
            is_new = not state or before.get((state.month, state.kind), 0) == then
            for text, amount, explained in (
                (self._say_since(run, date, is_new), due - then, True),
                (
                    self.env._("booked later, as the period was locked, or reversed since"),
                    lines - booked[cohort.id],
                    True,
                ),
                (self._say_changed(run), then - lines, False),
            ):
                if amount:
                    model, res_id = (cohort._name, cohort.id) if cohort else (self._name, self.id)
                    month = format_date(self.env, state.month if state else cohort.date_from, date_format="LLLL yyyy")
                    part.add(model, res_id, f"{month}: {text}", amount, explained=explained)
        self._add_deferral_checks(part, date)
        return part

    def _deferred_on(self, date):
        """Return whether revenue was deferred on a day: the policy may have been changed since.

        The last day of the old policy has the transition entry, and so the new policy.
        """
        switches = self.env["loyalty.deferral.switch"].sudo()  # days only; the caller has the right to reconcile
        later = switches.search(
            [("program_id", "=", self.id), ("state", "=", "posted"), ("date", ">", date)], order="date, id", limit=1
        )
        return later.policy_before == "deferral" if later else self._defers()

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

    def _seen_at(self, run, booked):
        """Return ``{cohort id: what a run left deferred by its own word}``, and ``{cohort id: the lines until then}``.

        Without a run nothing should be booked. A run of the policy before knew of no cohort.
        """
        none = defaultdict(Decimal)
        if not run:
            return none, booked
        lines, kept = self.env["loyalty.cohort.line"].sudo(), run.seen_cohorts or {"last_line": 0, "deferred": {}}
        until = [("program_id", "=", self.id), ("id", "<=", kept["last_line"])]
        groups = lines._read_group(until, ["cohort_id"], ["amount:sum"])
        closed = defaultdict(Decimal, {cohort.id: to_decimal(amount) for cohort, amount in groups})
        return defaultdict(Decimal, {int(key): Decimal(amount) for key, amount in kept["deferred"].items()}), closed

    def _deferred_before(self, run, date):
        """Return ``{(month, kind): what is deferred on the day of a run as it is known now}``."""
        if not run:
            return {}
        states = self._deferral_states(run.date_to) if run.date_to < date else []
        return {(state.month, state.kind): state.deferred for state in states}

    def _say_since(self, run, date, is_new):
        if not run:
            return self.env._("not closed yet; the next close books it")
        day = format_date(self.env, run.date_to)
        if is_new and run.date_to < date:
            return self.env._("sales and points since the last close (%s)", day)
        return self.env._("came after the close until %s; the next one books it", day)

    def _say_changed(self, run):
        if not run:
            return self.env._("lines are booked although no close booked any")
        return self.env._(
            "the lines are not what the close until %s booked: one was changed.", format_date(self.env, run.date_to)
        )
