"""The deferral of a program: what its cohorts are on a day, and what a close posts for them (target minus posted)."""

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction

from dateutil.relativedelta import relativedelta

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from odoo.addons.loyalty_ledger.ledger.rounding import UNIT, to_decimal, to_points, to_units
from odoo.addons.loyalty_ledger.tools.sql_files import read_sql
from odoo.addons.loyalty_ledger.tools.words import say_points

from ..tools.deferral import (
    Cohort,
    expected,
    is_exceeded,
    kept_of_transition,
    recognised,
    round_amount,
    split_change,
    standalone_price,
)

DEFERRAL_STATE = read_sql(__file__, "deferral_state")
DEFERRAL_USES = read_sql(__file__, "deferral_uses")

#: Above any id of a transaction.
EVERY_ENTRY = 2**31 - 1


class CohortState:
    """A cohort on a day: its facts, the estimate that holds, and what both make of its amounts."""

    def __init__(self, row, cohort, rate, rounding, transition=Decimal(0), price=Fraction(0)):
        self.month, self.kind, self.revenue = row["month"], row["kind"], row["revenue"]
        self.cohort, self.rate, self.rounding = cohort, rate, rounding
        # What was taken over of a sale that is returned goes with it, as the share of a document does. Points that were
        # redeemed before and are given back are owed again, at the price of those that were taken over.
        issued, taken_back, restored = row["issued"], row["taken_back"], row["restored"]
        kept = kept_of_transition(transition, issued - restored, taken_back, rounding)
        kept += round_amount(price * Fraction(restored, UNIT), rounding)
        self.allocated = kept + round_amount(Decimal(row["allocated"]), rounding)
        self.returned = kept - transition + round_amount(Decimal(row["returned"]), rounding)
        self.points = Cohort(self.allocated, row["issued"], row["redeemed"], row["lapsed"])
        self.expected = expected(self.points, rate)
        self.recognised = recognised(self.points, rate, rounding)

    @property
    def deferred(self):
        return self.allocated - self.recognised

    def figures(self, date):
        """Return the state as values of ``loyalty.cohort``."""
        return {
            "date_to": date,
            "revenue_amount": self.revenue,
            "issued_points": to_points(self.points.issued),
            "redeemed_points": to_points(self.points.redeemed),
            "lapsed_points": to_points(self.points.lapsed),
            "open_points": to_points(self.points.open),
            "expected_points": to_points(float(self.expected)),
            "redemption_rate": float(self.rate),
            "allocated_amount": float(self.allocated),
            "recognised_amount": float(self.recognised),
            "deferred_amount": float(self.deferred),
        }


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _deferral_states(self, date):
        """Return a :class:`CohortState` for each cohort of the program as of a day, oldest first. Reads only."""
        self.ensure_one()
        self.env.flush_all()
        rows = self.env.execute_query_dict(
            SQL(
                DEFERRAL_STATE,
                program=self.id,
                date=date,
                uses=self._sql_cohort_uses(date),
            )
        )
        cohorts = {(cohort.date_from, cohort.kind): cohort for cohort in self.sudo().cohort_ids}
        rates, transitions = self._cohort_rates_at(date), self._transition_amounts(date)
        rate, rounding = self._redemption_rate_at(date), to_decimal(self.currency_id.rounding)
        none, price = self.env["loyalty.cohort"], self._price_taken_over()
        states = []
        for row in rows:
            cohort = cohorts.get((row["month"], row["kind"]), none)
            own = rates.get(cohort.id, rate)
            # Of sales that were not paid at the transition their documents say what falls to the points.
            moved = transitions.get(cohort.id, Decimal(0)) if row["kind"] == "transition" else Decimal(0)
            states.append(CohortState(row, cohort, own, rounding, moved, price))
        return states

    def _price_taken_over(self):
        """Return the stand-alone price of a point when the program began to defer, as a fraction; 0 where it had none."""
        if not self.deferral_from:
            return Fraction(0)
        day = self.deferral_from - relativedelta(days=1)
        return standalone_price(1, self._unit_value_at(day), self._redemption_rate_at(day))

    def _sql_cohort_uses(self, date):
        """Return SQL (a CTE list) that ends in ``lots`` and ``uses``: where points of the program came to cards, by cohort
        (``kind`` and ``month``), and what was used of them until a day: ``day``, ``points``, and ``what``: ``redeemed``,
        ``lapsed``, ``less`` (taken back with its sale), ``before`` or ``restored`` (never part of the cohort, or given back
        since). Points that were given back are negative."""
        return SQL(
            DEFERRAL_USES,
            program=self.id,
            date=date,
            begin=self.deferral_from or None,
            taken_over=self._last_entry_taken_over(),
        )

    def _last_entry_taken_over(self):
        """Return the last transaction that the transition entry knew. Registers send orders of the days before it later."""
        switches = self.env["loyalty.deferral.switch"].sudo()  # an id only
        switch = switches.search(
            [("program_id", "=", self.id), ("state", "=", "posted"), ("policy", "=", "deferral")], limit=1
        )
        return switch.last_entry_id if switch else EVERY_ENTRY

    def _cohort_rates_at(self, date):
        """Return ``{cohort id: its own expected redemption}`` of a day, of cohorts that have one."""
        rows = self.env["loyalty.cohort.rate"].sudo().search([("program_id", "=", self.id), ("date", "<=", date)])
        return {row.cohort_id.id: Decimal(f"{row.redemption_rate:.4f}") for row in rows.sorted("date")}

    def _transition_amounts(self, date):
        """Return ``{cohort id: what the transition entry allocated}``."""
        groups = self.env["loyalty.cohort.line"].sudo()
        groups = groups._read_group(
            [
                ("program_id", "=", self.id),
                ("kind", "=", "transition"),
                ("part", "=", "allocated"),
                ("effective_date", "<=", date),
            ],
            ["cohort_id"],
            ["amount:sum"],
        )
        return {cohort.id: to_decimal(amount) for cohort, amount in groups}

    def _posted_of_cohorts(self):
        """Return ``{cohort id: {(kind, part): amount}}`` of all lines so far."""
        posted = defaultdict(lambda: defaultdict(Decimal))
        lines = self.env["loyalty.cohort.line"].sudo()
        for cohort, kind, part, amount in lines._read_group(
            [("program_id", "=", self.id)], ["cohort_id", "kind", "part"], ["amount:sum"]
        ):
            posted[cohort.id][kind, part] += to_decimal(amount)
        return posted

    def _deferral_plan(self, date):
        """Return what a close of the day posts: ``[(CohortState, {(kind, part): amount})]``, positive: the liability grows.

        :raises odoo.exceptions.UserError: where more points were redeemed than expected, with what to do
        """
        states = self._deferral_states(date)
        self._check_estimates(states, date)
        posted = self._posted_of_cohorts()
        return [(state, self._cohort_changes(state, posted[state.cohort.id])) for state in states]

    def _make_cohorts(self, states):
        """Create the cohorts that were not known before, and name them in their states."""
        new = [state for state in states if not state.cohort]
        cohorts = self.env["loyalty.cohort"].sudo()  # cohorts are the server's; the right to run was checked
        cohorts = cohorts.create(
            [
                {
                    "program_id": self.id,
                    "company_id": self.company_id.id,
                    "date_from": state.month,
                    "kind": state.kind,
                }
                for state in new
            ]
        )
        for state, cohort in zip(new, cohorts):
            state.cohort = cohort

    def _check_estimates(self, states, date):
        exceeded = [state for state in states if is_exceeded(state.points, state.rate)]
        if not exceeded:
            return
        lines = [
            self.env._(
                "%(month)s: %(redeemed)s of %(issued)s points were redeemed, %(rate)s%% are expected",
                month=format_date(self.env, state.month, date_format="LLLL yyyy"),
                redeemed=say_points(self.env, to_points(state.points.redeemed)),
                issued=say_points(self.env, to_points(state.points.issued)),
                rate=say_points(self.env, float(state.rate)),
            )
            for state in exceeded
        ]
        raise UserError(
            self.env._(
                "%(program)s: more points were redeemed than expected, and others can still be redeemed, for which nothing "
                "would be left. Enter a higher Expected Redemption on the program, or on the cohort, that holds on "
                "%(date)s.\n%(cohorts)s",
                program=self.name,
                date=format_date(self.env, date),
                cohorts="\n".join(lines),
            )
        )

    def _cohort_changes(self, state, posted):
        """Return ``{(kind, part): amount}`` that brings the lines of a cohort to its state."""
        allocated = {kind: amount for (kind, part), amount in posted.items() if part == "allocated"}
        before = self._cohort_before(state, sum(allocated.values(), Decimal(0)))
        on_books = -sum((amount for (__, part), amount in posted.items() if part == "recognised"), Decimal(0))
        seen = to_decimal(state.cohort.recognised_amount)
        old_rate = state.cohort and Decimal(f"{state.cohort.redemption_rate:.4f}") or state.rate
        reasons = split_change(before, state.points, old_rate, state.rate, seen, state.rounding)
        # Entries that were reversed since are booked again as revenue of redeemed points, not as returns.
        reasons["redeem"] += seen - on_books
        sold = state.allocated - state.returned - allocated.get("transition", Decimal(0))
        changes = {
            ("allocate", "allocated"): sold - allocated.get("allocate", Decimal(0)),
            ("return", "allocated"): state.returned - allocated.get("return", Decimal(0)),
            **{(kind, "recognised"): -amount for kind, amount in reasons.items()},
        }
        return {key: amount for key, amount in changes.items() if amount}

    def _cohort_before(self, state, allocated):
        """Return the :class:`Cohort` as the last close saw it."""
        cohort = state.cohort
        names = ("issued_points", "redeemed_points", "lapsed_points")
        return Cohort(allocated, *(to_units(cohort[name]) for name in names))
