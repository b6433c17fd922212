from dateutil.relativedelta import relativedelta

from odoo import models


class LoyaltyRollforwardReport(models.Model):
    _inherit = "loyalty.rollforward.report"

    def action_view_values(self):
        """Open the lines of cohorts where the program deferred revenue then: it may have changed since."""
        self.check_access("read")
        self.ensure_one()
        if not self.program_id._deferred_on(self.month + relativedelta(months=1, days=-1)):
            return super().action_view_values()
        action = self.env["loyalty.cohort.line"]._action_list(
            self._domain_of_month("date"), f"{self.program_id.name}, {self.month_name}"
        )
        return {**action, "context": {"group_by": ["kind"]}}
