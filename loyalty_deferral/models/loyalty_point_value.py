from odoo import fields, models


class LoyaltyPointValue(models.Model):
    _inherit = "loyalty.point.value"

    redemption_rate = fields.Float(
        "Expected Redemption (%)",
        digits=(16, 4),
        help="How many of all points are expected to be redeemed in the end. Revenue is allocated to the points of a "
        "document with the rate of its date, and recognised with the rate of the close. Empty: the rate before "
        "goes on.",
    )

    _check_redemption_rate = models.Constraint(
        "CHECK (redemption_rate IS NULL OR redemption_rate >= 0 AND redemption_rate <= 100)",
        "The expected redemption is a percentage: enter a number between 0 and 100.",
    )

    def write(self, vals):
        if "redemption_rate" in vals:
            self._check_not_accrued()
        return super().write(vals)
