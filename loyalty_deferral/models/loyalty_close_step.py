from odoo import models


class LoyaltyCloseStep(models.Model):
    _inherit = "loyalty.close.step"

    def _preview_defer(self):
        return self._preview_accrue()

    def _step_defer(self):
        """Defer revenue of the period's sales, and recognise what was redeemed or lapsed until its end."""
        return self._step_accrue()
