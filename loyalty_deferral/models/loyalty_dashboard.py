"""Deferred revenue is a liability of the dashboard too. Its lines are few: some for each cohort and close."""

from odoo import models
from odoo.tools import SQL

from odoo.addons.loyalty_account.books import combinations


class LoyaltyDashboard(models.AbstractModel):
    _inherit = "loyalty.dashboard"

    def _liability_rows(self):
        return SQL("%s UNION ALL SELECT program_id, date, amount FROM loyalty_cohort_line", super()._liability_rows())

    def _lines_liability(self, scope, value):
        """The cohorts of a program that defers. Of several programs the report by expiry has cohorts and points."""
        if not scope.programs or any(program.accounting_policy != combinations.DEFERRAL for program in scope.programs):
            return super()._lines_liability(scope, value)
        title = self.env._("Liability on the books")
        return self._list("loyalty_deferral.loyalty_cohort_action", title, self._of_programs(scope))
