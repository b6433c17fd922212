"""Expected redemption from the program's own lots (N16): the triangle, and what the chain ladder proposes."""

from dateutil.relativedelta import relativedelta

from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.tools.sql_files import read_sql
from odoo.addons.loyalty_ledger.tools.today import loyalty_today

from ..tools import chain_ladder

DEFERRAL_TRIANGLE = read_sql(__file__, "deferral_triangle")
#: Months after which the back-test compares what would have been said with what happened.
BACK_TEST = 12


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _deferral_triangle(self, date=None):
        """Return what documents of each month issued and what was redeemed of it by age, and the rate that follows.

        Only points that documents earned: grants and opening balances have no age. Reads only; works for any program with
        points, so that the estimate is known before revenue is deferred.

        :param date: as of which day; the month of the day is the last one. Default today
        :return: dict with

            * ``cohorts``: for each month, oldest first and without gaps, a dict with ``month``, ``issued``, ``lapsed``,
              ``redeemed`` (cumulative points by age in months), ``rate`` (proposed percentage), ``low`` and ``high``, what single
              cohorts would make of it, ``is_borrowed`` (nothing redeemed yet: the rate of the others), ``in_force`` (percentage
              that holds on the day, 0 for none), ``expected`` and ``actual`` (cumulative points by now, as known a month ago, and
              as they are)
            * ``factors``: from each age to the next
            * ``rate``: of all cohorts together, percentage
            * ``back_test``: dict with ``predicted`` and ``actual`` points of the cohorts that existed a year ago, or None
        """
        self.ensure_one()
        date = fields.Date.to_date(date) or loyalty_today(self.env, self.company_id)
        months, issued, lapsed, triangle = self._read_triangle(date)
        last_age = self._last_age()
        proposed = chain_ladder.proposals(triangle, issued, last_age)
        steps = chain_ladder.expected_next(triangle, last_age)
        in_force = self._rates_in_force(date)
        cohorts = [
            {
                "month": month,
                "issued": issued[number],
                "lapsed": lapsed[number],
                "redeemed": triangle[number],
                "rate": 100 * proposed[number].rate,
                "low": 100 * proposed[number].low,
                "high": 100 * proposed[number].high,
                "is_borrowed": proposed[number].is_borrowed,
                "in_force": in_force(month),
                # The factors of other months know nothing of how many points this one has.
                "expected": min(steps[number][0], issued[number]),
                "actual": steps[number][1],
            }
            for number, month in enumerate(months)
        ]
        whole = sum(issued)
        together = sum(proposal.rate * points for proposal, points in zip(proposed, issued))
        return {
            "date": date,
            "cohorts": cohorts,
            "factors": chain_ladder.factors(triangle, last_age),
            "rate": 100 * together / whole if whole else 0.0,
            "back_test": self._back_test(triangle, issued, last_age),
        }

    def action_study_redemption(self):
        """Open what the program's own points say about its expected redemption."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Expected Redemption"),
            "res_model": "loyalty.redemption.study",
            "views": [(False, "form")],
            "context": {"default_program_id": self.id},
        }

    def _read_triangle(self, date):
        """Return ``(months, issued, lapsed, cumulative redemptions by age)``, a row for each month up to the day."""
        self.env.flush_all()
        rows = self.env.execute_query(SQL(DEFERRAL_TRIANGLE, program=self.id, date=date))
        if not rows:
            return [], [], [], []
        first, last = rows[0][0], date.replace(day=1)
        count = (last.year - first.year) * 12 + last.month - first.month + 1
        months = [first + relativedelta(months=number) for number in range(count)]
        position = {month: number for number, month in enumerate(months)}
        issued, lapsed = [0.0] * count, [0.0] * count
        triangle = [[0.0] * (count - number) for number in range(count)]
        for month, age, points, redeemed, gone in rows:
            number = position[month]
            issued[number] += points
            lapsed[number] += gone
            if age is not None:
                triangle[number][min(age, count - number - 1)] += redeemed
        for row in triangle:
            for age in range(1, len(row)):
                row[age] += row[age - 1]
        rounded = [[round(points, 4) for points in row] for row in triangle]
        return months, [round(points, 4) for points in issued], [round(points, 4) for points in lapsed], rounded

    def _last_age(self):
        """Return the age in months from which on nothing can be redeemed, as the points have expired, or None."""
        if self.expiry_policy != "lot" or not self.expiry_delay:
            return None
        months = {"month": self.expiry_delay, "year": 12 * self.expiry_delay}
        # The month in which they expire is the last one; days are rounded up.
        return months.get(self.expiry_unit, -(-self.expiry_delay // 28))

    def _rates_in_force(self, date):
        """Return a function of the month of a cohort: the expected redemption in percent that holds for it on a day."""
        own = self._cohort_rates_at(date)
        by_month = {cohort.date_from: own[cohort.id] for cohort in self.sudo().cohort_ids if cohort.id in own}
        rate = self._redemption_rate_at(date)
        return lambda month: float(by_month.get(month, rate))

    def _back_test(self, triangle, issued, last_age):
        """Return what the method would have said a year ago about redemptions by now, and what they are."""
        found = chain_ladder.back_test(triangle, BACK_TEST, last_age)
        # Of the oldest cohorts, since younger ones did not exist then; none redeems more than was issued.
        pairs = [(min(predicted, points), actual) for (predicted, actual), points in zip(found, issued)]
        if not any(predicted for predicted, __ in pairs):
            return None
        return {"predicted": sum(pair[0] for pair in pairs), "actual": sum(pair[1] for pair in pairs)}
