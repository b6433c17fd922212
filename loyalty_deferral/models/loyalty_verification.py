from odoo import api, models


class LoyaltyVerification(models.TransientModel):
    _inherit = "loyalty.verification"

    @api.model
    def _protected_triggers(self):
        return {
            **super()._protected_triggers(),
            "loyalty_cohort_line_immutable": "loyalty_cohort_line",
            "loyalty_cohort_line_immutable_truncate": "loyalty_cohort_line",
        }
