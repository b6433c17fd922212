from odoo import api, models


class LoyaltyVerification(models.TransientModel):
    _inherit = "loyalty.verification"

    @api.model
    def _protected_triggers(self):
        return {
            **super()._protected_triggers(),
            "loyalty_valuation_immutable": "loyalty_valuation",
            "loyalty_valuation_immutable_truncate": "loyalty_valuation",
        }
