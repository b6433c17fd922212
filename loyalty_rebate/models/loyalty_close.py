from odoo import models


class LoyaltyClose(models.Model):
    _inherit = "loyalty.close"

    def _programs_of_step(self, code):
        programs = super()._programs_of_step(code)
        if code not in ("roll_over", "account_journals"):
            return programs
        own = self.env["loyalty.program"].sudo()  # the close checks the right to run
        own = own.search(
            [("company_id", "=", self.company_id.id), ("award_mode", "=", "period"), ("accumulates", "=", True)]
        )
        if code == "account_journals":
            own = own.filtered(lambda program: program.settlement == "account" and program.accounting_policy != "none")
        return programs | own.filtered(
            lambda program: self.date_from and self.date_to and program._periods_ending(self.date_from, self.date_to)
        )
