"""Deferred revenue is a liability of the dashboard too. Its lines are few: some for each cohort and close."""

from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.loyalty_account.books import combinations


class LoyaltyDashboard(models.AbstractModel):
    _inherit = "loyalty.dashboard"

    def _liability_rows(self):
        return SQL("%s UNION ALL SELECT program_id, date, amount FROM loyalty_cohort_line", super()._liability_rows())

    def _lines_liability(self, scope, value):
        """The cohorts of a program that defers; the journal items of all programs where some of them do."""
        deferring = scope.programs.filtered(lambda program: program.accounting_policy == combinations.DEFERRAL)
        if not deferring:
            return super()._lines_liability(scope, value)
        title = self.env._("Liability on the books")
        if deferring == scope.programs:
            return self._list("loyalty_deferral.loyalty_cohort_action", title, self._of_programs(scope))
        domain = Domain("account_id", "in", scope.programs.liability_account_id.ids) & Domain(
            "parent_state", "=", "posted"
        )
        return self._list("account.action_account_moves_all", title, domain, search_default_group_by_account=True)
