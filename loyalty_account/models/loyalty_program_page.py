from odoo import models
from odoo.tools import format_amount

from odoo.addons.loyalty_ledger.tools.today import loyalty_today

#: Points whose value the page tells.
EXAMPLE = 100


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _public_worth(self):
        """Where points can be redeemed, say how much (bP11, bP4)."""
        company = self.company_id or self.env.company
        lines = super()._public_worth()
        if self._redemption_problem(company) or not self.point_value:
            return lines
        amount = format_amount(
            self.env,
            self._points_to_money(EXAMPLE, loyalty_today(self.env, company)),
            self.currency_id or company.currency_id,
        )
        return [
            self.env._("%(points)s cover %(amount)s", points=self._public_points(EXAMPLE), amount=amount),
            *lines,
        ]
