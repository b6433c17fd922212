"""What the notes to the financial statements say about deferred revenue (IFRS 15.116-122): roll-forward, expected months,
sensitivity. Every figure is a sum of lines of cohorts, or a recomputation of them."""

from collections import defaultdict
from decimal import Decimal

from dateutil.relativedelta import relativedelta

from odoo import models
from odoo.tools import SQL, formatLang

from odoo.addons.loyalty_account.books.lots import expiry_on
from odoo.addons.loyalty_ledger.ledger.rounding import to_decimal
from odoo.addons.loyalty_ledger.tools.sql_files import read_sql
from odoo.addons.loyalty_ledger.tools.words import say_percentage

from ..tools.deferral import recognised
from ..tools.disclosure import expected_months
from ..tools.disclosure_sheets import ROLLFORWARD

REDEMPTION_PATTERN = read_sql(__file__, "redemption_pattern")
LAST_EXPIRY = read_sql(__file__, "last_expiry")

#: Changes of the expected redemption that the sensitivity shows, in percentage points.
SHIFTS = (-5, -1, 0, 1, 5)


def months_between(start, end):
    """Return how many months the month of ``end`` is after that of ``start``."""
    return (end.year - start.year) * 12 + end.month - start.month


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _deferral_rollforward(self, date_from, date_to):
        """Return what deferred revenue did in a period, as ``{name of ROLLFORWARD: amount}``; it adds up.

        Revenue from redemptions is apart by whether its cohort was on the books when the period began: what was booked late
        or taken over in the period was no part of the opening balance. Amounts count on the accounting date of their journal
        entries. Several programs are summed.
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT CASE WHEN l.date < %(start)s THEN 'opening' WHEN l.kind = 'allocate' THEN 'allocated'
                            WHEN l.kind = 'return' THEN 'returns'
                            WHEN l.kind <> 'redeem' THEN l.kind
                            WHEN o.cohort_id IS NOT NULL THEN 'recognised_opening' ELSE 'recognised_current' END,
                       sum(l.amount)
                  FROM loyalty_cohort_line l
                  LEFT JOIN (SELECT DISTINCT cohort_id FROM loyalty_cohort_line
                              WHERE program_id = ANY(%(programs)s) AND date < %(start)s) o ON o.cohort_id = l.cohort_id
                 WHERE l.program_id = ANY(%(programs)s) AND l.date <= %(end)s GROUP BY 1
                """,
                programs=self.ids,
                start=date_from,
                end=date_to,
            )
        )
        found = dict.fromkeys(ROLLFORWARD, Decimal(0)) | {name: to_decimal(amount) for name, amount in rows}
        found["closing"] = sum(found.values(), Decimal(0))
        return found

    def _deferral_outlook(self, date):
        """Return ``[(first day of a month, amount)]``: when what is deferred on a day is expected to become revenue.

        The amounts add up to what the lines of the cohorts say.
        """
        self.ensure_one()
        booked = {cohort: amount for cohort, amount in self._booked_until(date).items() if amount}
        if not booked:
            return []
        pattern, ends = self._redemption_pattern(date), self._last_expiries(date)
        rounding, months = to_decimal(self.currency_id.rounding), defaultdict(Decimal)
        for cohort in self.env["loyalty.cohort"].sudo().browse(booked):  # the figures only; rights are the caller's
            age, end = months_between(cohort.date_from, date), ends.get((cohort.kind, cohort.date_from))
            last_age = months_between(cohort.date_from, end) if end else None
            for later, amount in expected_months(booked[cohort.id], age, pattern, last_age, rounding):
                months[date.replace(day=1) + relativedelta(months=later)] += amount
        return sorted(months.items())

    def _redemption_pattern(self, date):
        """Return ``{age in months: part of their points that cohorts redeemed at this age}``."""
        rows = self.env.execute_query(SQL(REDEMPTION_PATTERN, uses=self._sql_cohort_uses(date), date=date))
        return {age: to_decimal(part) for age, part in rows if part}

    def _last_expiries(self, date):
        rows = self.env.execute_query(SQL(LAST_EXPIRY, uses=self._sql_cohort_uses(date), expiry=expiry_on(self, date)))
        return {(kind, month): expiry for kind, month, expiry in rows if expiry}

    def _deferral_sensitivity(self, date):
        """Return ``([(shift in percentage points, deferred then, change)], stopped)``: what another expected redemption would
        make, 0 being the present one, and whether a shift stopped at 100 %.

        Only of what is still open: the allocation of past sales never changes.
        """
        self.ensure_one()
        states = [] if self._deferral_ended(date) else self._deferral_states(date)
        base = sum((state.deferred for state in states), Decimal(0))
        stopped = any(state.deferred and state.rate + max(SHIFTS) > 100 for state in states)
        result = []
        for shift in SHIFTS:
            total = sum(
                (
                    state.allocated
                    - recognised(state.points, min(Decimal(100), max(Decimal(0), state.rate + shift)), state.rounding)
                    for state in states
                ),
                Decimal(0),
            )
            result.append((shift, total, total - base))
        return result, stopped

    def _deferral_ended(self, date):
        """Return whether the program deferred revenue until this day or an earlier one; it cannot begin again."""
        ended = [
            ("program_id", "=", self.id),
            ("state", "=", "posted"),
            ("policy", "!=", "deferral"),
            ("date", "<=", date),
        ]
        # Only whether there is one; the right to read the program's figures is the caller's.
        return bool(self.env["loyalty.deferral.switch"].sudo().search_count(ended, limit=1))

    def _deferral_disclosure(self, date_from, date_to):
        """Return the disclosure of a program as one dict: ``rollforward``, ``outlook``, ``current``, ``non_current``,
        ``sensitivity``, ``stopped`` (a shift of it stops at 100 %) and ``unposted``: by how much the next close changes what is
        deferred on the last day."""
        self.ensure_one()
        outlook = self._deferral_outlook(date_to)
        year = date_to + relativedelta(years=1)
        rollforward = self._deferral_rollforward(date_from, date_to)
        sensitivity, stopped = self._deferral_sensitivity(date_to)
        current = sum((amount for month, amount in outlook if month <= year), Decimal(0))
        return {
            "program": self,
            "currency": self.currency_id,
            "rollforward": rollforward,
            "outlook": outlook,
            "current": current,
            "non_current": sum((amount for __, amount in outlook), Decimal(0)) - current,
            "sensitivity": sensitivity,
            "stopped": stopped,
            "unposted": next(total for shift, total, __ in sensitivity if not shift) - rollforward["closing"],
            "rate": None if self._deferral_ended(date_to) else self._redemption_rate_at(date_to),
        }

    def _sensitivity_label(self, shift):
        """Return the words of a row of the sensitivity."""
        if not shift:
            return self.env._("As estimated")
        if abs(shift) == 1:
            return self.env._("%+d percentage point", shift)
        return self.env._("%+d percentage points", shift)

    def _sensitivity_notes(self, data):
        """Return what a reader of the sensitivity of a disclosure has to know, one sentence each."""
        _, notes = self.env._, []
        if data["rate"]:
            notes.append(
                _(
                    "Expected redemption of the program at the end of the period: %s%%",
                    say_percentage(self.env, data["rate"]),
                )
            )
        if data["stopped"]:
            notes.append(_("The expected redemption stops at 100%: no more points than issued can be redeemed."))
        if data["unposted"]:
            notes.append(
                _(
                    "The end of the period is not closed yet: the sensitivity includes %s that the next close will post.",
                    formatLang(self.env, float(data["unposted"]), currency_obj=data["currency"]),
                )
            )
        return notes

    def _rollforward_labels(self):
        """Return ``{name of ROLLFORWARD: words}``."""
        _ = self.env._
        return {
            "opening": _("Opening balance"),
            "allocated": _("Deferred: revenue allocated to points"),
            "recognised_opening": _("Recognised from the opening balance"),
            "recognised_current": _("Recognised from sales of the period"),
            "breakage": _("Recognised for lapsed points"),
            "re_estimate": _("Change of the expected redemption (catch-up)"),
            "returns": _("Returned sales"),
            "transition": _("Transition"),
            "closing": _("Closing balance"),
        }
