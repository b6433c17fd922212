from odoo import api, fields, models


class LoyaltyEarning(models.Model):
    _inherit = "loyalty.earning"

    blocked = fields.Selection(
        selection_add=[("period", "Sales of a period are credited together when it is over, not document by document")],
    )

    @api.model
    def _blocked_reason(self, claim):
        """Programs that credit a period give nothing for a single document, in any channel."""
        return super()._blocked_reason(claim) or (claim.card.program_id.award_mode == "period" and "period")
