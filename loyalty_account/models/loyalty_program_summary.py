from odoo import api, models


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    @api.depends("accounting_policy", "point_value_ids.point_value", "point_value_ids.date")
    def _compute_terms_summary(self):
        super()._compute_terms_summary()

    def _summary_value(self):
        """Where points are a means of payment, they are worth what they pay."""
        return self.point_value if self.accounting_policy != "none" else super()._summary_value()
