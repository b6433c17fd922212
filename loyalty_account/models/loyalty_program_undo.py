"""On which day the books undo a redemption."""

from odoo import models

from odoo.addons.loyalty_ledger.tools.today import loyalty_today


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _is_accrued(self, date):
        """Return whether an accrual run has counted the points of this day."""
        return bool(self._keeps_liability() and self.accrued_until and date and date <= self.accrued_until)

    def _undo_date(self, date):
        """Return the day on which something of ``date`` is undone: today, where an accrual run has counted it."""
        return max(date, loyalty_today(self.env, self.company_id)) if self._is_accrued(date) else date
