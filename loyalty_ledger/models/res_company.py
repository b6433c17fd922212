from odoo import api, fields, models

from ..tools.memory import forget, remembered
from ..tools.units import to_units


class ResCompany(models.Model):
    _inherit = "res.company"

    loyalty_adjustment_limit = fields.Float(
        "Adjustments Without Approval Up To", digits=(16, 4), prefetch="loyalty",
        help="An adjustment that moves more points than this, all its cards together, waits until a second manager "
        "approves it. What the same person moved on these cards within 24 hours counts too. 0: no limit.",
    )  # fmt: skip
    loyalty_tracked_default = fields.Boolean(
        "New Customers Collect Points", default=True, prefetch="loyalty",
        help="Whether points are tracked for new customers.",
    )  # fmt: skip

    _check_loyalty_adjustment_limit = models.Constraint(
        "CHECK (loyalty_adjustment_limit >= 0)", "The limit for adjustments cannot be negative."
    )

    def _loyalty_timezone(self):
        """Return the name of the time zone in which the company's days begin, or False."""
        return self._origin._timezone_of_contact()

    @remembered("self.id")
    def _timezone_of_contact(self):
        """Every transaction asks, and companies hardly ever move: remembered until one does."""
        return self.sudo().partner_id.tz

    def write(self, vals):
        result = super().write(vals)
        if "partner_id" in vals:
            forget(self.env)  # its time zone
        return result

    @api.model
    def _exceeds_loyalty_limit(self, totals):
        """Return whether one of the totals needs a second person's approval (N10).

        A program without company is held to the strictest limit of all companies.

        :param totals: dict company (empty record: none) -> ten-thousandths of points moved, positive
        """
        limits = self._loyalty_limits()
        if not limits:
            return False
        limits[self.browse()] = min(limits.values())
        return any(company in limits and total > limits[company] for company, total in totals.items())

    @api.model
    def _loyalty_limits(self):
        """Return ``{company with a limit: ten-thousandths of points}``."""
        return {
            company: to_units(company.loyalty_adjustment_limit)
            for company in self.sudo().search([("loyalty_adjustment_limit", ">", 0)])
        }
