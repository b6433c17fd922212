from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.loyalty_ledger.tools.trusted import is_server


class LoyaltyPointValue(models.Model):
    _inherit = "loyalty.point.value"

    redemption_rate = fields.Float(
        "Expected Redemption (%)",
        digits=(16, 4),
        help="How many of all points are expected to be redeemed in the end. Revenue is allocated to the points of a "
        "document with the rate of its date, and recognised with the rate of the close. Empty: the rate before "
        "goes on.",
    )

    rate_reason = fields.Char("Reason of the Estimate", help="Why the expected redemption is what it is.")

    @api.constrains("redemption_rate")
    def _check_redemption_rate(self):
        if any(not 0 <= row.redemption_rate <= 100 for row in self):
            raise ValidationError(
                self.env._("The Expected Redemption is a percentage. Enter a number above 0, at most 100.")
            )

    def _check_not_accrued(self):
        """The estimate with which a deferral begins is none that the runs before it have used."""
        if not is_server(self):
            super()._check_not_accrued()

    def write(self, vals):
        if "redemption_rate" in vals:
            self._check_not_accrued()
        return super().write(vals)
