from odoo import models


class LoyaltyCloseStep(models.Model):
    _inherit = "loyalty.close.step"

    def _preview_defer(self):
        return {"note": self._say_accrued_later()} if self._is_accrued_later() else self._preview_run()

    def _step_defer(self):
        """Defer revenue of the period's sales, and recognise what was redeemed or lapsed until its end."""
        return self._step_accrue()
