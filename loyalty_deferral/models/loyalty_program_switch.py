"""What a change to or from deferred revenue does to the program, its points and its cohorts."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.loyalty_account.books import combinations
from odoo.addons.loyalty_ledger.ledger.rounding import to_decimal, to_units
from odoo.addons.loyalty_ledger.tools.sql_files import read_sql
from odoo.addons.loyalty_ledger.tools.trusted import by_server, is_server

from ..tools.deferral import round_amount

OPEN_POINTS = read_sql(__file__, "open_points")
RELEASE_VALUES = read_sql(__file__, "release_values")


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def write(self, vals):
        if "accounting_policy" in vals and not is_server(self):
            self._check_switched(vals["accounting_policy"])
        return super().write(vals)

    def _check_switched(self, policy):
        """Refuse to begin or end a deferral while there is value on the books: that takes a transition entry."""
        changed = self.filtered(lambda program: program._defers() != (policy == combinations.DEFERRAL))
        values = changed._carrying_values()
        for program in changed:
            if amount := values.get(program.id):
                raise UserError(
                    self.env._(
                        "%(program)s: %(amount)s of its points are on the books. Use “Begin or End Deferral” on the "
                        "Accounting tab: it changes the policy at a date, and shows the transition entry first.",
                        program=program.name,
                        amount=program.currency_id.format(float(amount)),
                    )
                )

    def _check_no_value(self):
        if not is_server(self):  # the transition entry takes the value along
            super()._check_no_value()

    def _deferral_obstacle(self):
        """Return which setting keeps revenue of the program from being deferred, in words, or False (M5)."""
        self.ensure_one()
        problem = self._vat_mode_problem(combinations.DEFERRAL) or self._timing_problem()
        return self._with_name(problem) if problem else False

    def action_switch_deferral(self):
        """Open the change to deferred revenue, or back."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Begin or End Deferral"),
            "res_model": "loyalty.deferral.switch",
            "views": [(False, "form")],
            "context": {
                "default_program_id": self.id,
                "default_policy": "accrual" if self._defers() and self.deferral_state != "open" else "deferral",
            },
        }

    deferral_state = fields.Selection(
        [("off", "Off"), ("open", "Points Not Taken Over"), ("on", "On")], compute="_compute_deferral_state"
    )

    @api.depends("accounting_policy", "deferral_from", "accrued_until", "outstanding_points")
    def _compute_deferral_state(self):
        """Say whether customers have points from before the deferral that are not on the books."""
        for program in self:
            program.deferral_state = "off"
            if program._defers():
                waiting = not program.deferral_from and not program.accrued_until and program.outstanding_points
                program.deferral_state = "open" if waiting else "on"

    # --- what the transition reads -------------------------------------------------------------------------------

    def _cost_group_of(self, policy):
        """Return the internal group that the redemption account needs under a policy."""
        return combinations.COST_GROUP.get((policy, self.vat_mode))

    def _last_booked_day(self):
        """Return the last day for which the old policy booked the value of points, or False."""
        days = [self.accrued_until]
        for model in ("loyalty.valuation", "loyalty.cohort.line"):
            lines = self.env[model].sudo()  # the day only; the right to change the policy was checked
            days += lines.search([("program_id", "=", self.id)], order="date desc", limit=1).mapped("date")
        return max((day for day in days if day), default=False)

    def _open_points_by_month(self, date, taken_over=True):
        """Return ``[(first day of the month in which they came, ten-thousandths of points)]`` that are open on a day.

        :param taken_over: without points of sales that are deferred already
        """
        self.env.flush_all()
        return self.env.execute_query(SQL(OPEN_POINTS, program=self.id, date=date, taken_over=taken_over))

    def _last_entry_id(self):
        """Return the id of the last transaction of the program that this transaction sees."""
        ((last,),) = self.env.execute_query(
            SQL("SELECT COALESCE(max(id), 0) FROM loyalty_ledger_entry WHERE program_id = %s", self.id)
        )
        return last

    def _waiting_by_month(self, earnings, date):
        """Return ``[("sale", first day of the month, ten-thousandths of points, amount)]``: what falls to the points of
        documents that are not paid yet, of their revenue as it was known on the day."""
        groups = self.env["loyalty.earning.revenue"].sudo()  # sums; the right to change the policy was checked
        groups = groups._read_group(
            [("earning_id", "in", earnings.ids), ("date", "<=", date)],
            ["month:day"],
            ["points:sum", "allocated:sum"],
            order="month:day",
        )
        rounding = to_decimal(self.currency_id.rounding)
        return [
            ("sale", month, to_units(points), round_amount(to_decimal(allocated), rounding))
            for month, points, allocated in groups
            if allocated
        ]

    # --- what it changes -----------------------------------------------------------------------------------------

    def _estimate_from(self, rate, date):
        """Let an expected redemption hold from a day on: also from one that a run of the old policy has used, which knew
        of none."""
        rows = by_server(self.point_value_ids)
        row = rows.filtered(lambda row: row.date == date)
        if row:
            row.redemption_rate = rate
        elif to_decimal(self._redemption_rate_at(date)) != to_decimal(rate):
            values = {**self._dated_values_at(date), "program_id": self.id, "date": date, "redemption_rate": rate}
            rows.create(values)

    def _release_values(self, date, move, run, account):
        """Take what lots carry off the books, with the entry of the transition.

        :param account: the liability account of the old policy
        """
        self.env.cr.execute(
            SQL(
                RELEASE_VALUES,
                program=self.id,
                run=run.id,
                move=move.id or None,
                account=account.id,
                date=date,
            )
        )
        self.env["loyalty.valuation"].invalidate_model(flush=False)

    def _release_cohorts(self, date, move, run):
        """Take what is deferred off the books, with the entry of the transition."""
        posted = self._posted_of_cohorts()
        cohorts = self.cohort_ids
        rows = [(cohort, "transition", "recognised", -sum(posted[cohort.id].values())) for cohort in cohorts]
        self.env["loyalty.cohort.line"]._book([row for row in rows if row[3]], date, move, run=run)
        run._note_cohorts(dict.fromkeys(cohorts, 0))
        for cohort in cohorts:
            cohort.write({"recognised_amount": cohort.allocated_amount, "deferred_amount": 0.0})

    def _take_over_points(self, rows, date, move, run):
        """Make the cohorts of points that customers have, and the lines that the transition entry booked for them."""
        wanted = {(kind, month) for kind, month, __, __ in rows}
        states = {(state.kind, state.month): state for state in self._deferral_states(date)}
        states = {key: state for key, state in states.items() if key in wanted}
        self._make_cohorts(list(states.values()))
        self.env["loyalty.cohort.line"]._book(
            [
                (states[kind, month].cohort, "transition", "allocated", amount)
                for kind, month, __, amount in rows
                if amount
            ],
            date,
            move,
            run=run,
        )
        states = [state for state in self._deferral_states(date) if state.cohort]
        run._note_cohorts({state.cohort: state.deferred for state in states})
        for state in states:
            state.cohort.write(state.figures(date))

    def _defer_later_sales(self, date):
        """Freeze the terms of documents that were calculated already but belong to the new policy: later ones, and those
        whose points are not earned yet. Return their earnings."""
        earnings = self.env["loyalty.earning"].sudo()
        earnings = earnings.search(
            [("program_id", "=", self.id), "|", ("date", ">", date), ("state", "=", "waiting")], order="id"
        )
        earnings = earnings.filtered(lambda earning: not (earning.terms or {}).get("deferral") and earning.terms)
        for earning in earnings:
            vals = {"terms": earning.terms}
            earnings._freeze_deferral(vals, self, earning.date)
            earning.write(vals)
        earnings._synchronise_documents()
        return earnings
