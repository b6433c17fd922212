from odoo import models


class LoyaltyClose(models.Model):
    _inherit = "loyalty.close"

    def _programs_of_step(self, code):
        programs = super()._programs_of_step(code)
        if code != "defer":
            return programs
        own = self.env["loyalty.program"].sudo().with_context(active_test=False)  # the close checks the right to run
        return programs | own.search(
            [("company_id", "=", self.company_id.id), ("accounting_policy", "=", "deferral")], order="id"
        )


class LoyaltyCloseStep(models.Model):
    _inherit = "loyalty.close.step"

    def _preview_defer(self):
        return self._preview_accrue()

    def _step_defer(self):
        """Defer revenue of the period's sales, and recognise what was redeemed or lapsed until its end."""
        return self._step_accrue()
