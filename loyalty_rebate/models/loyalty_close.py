from odoo import models


class LoyaltyClose(models.Model):
    _inherit = "loyalty.close"

    def _programs_of_step(self, code):
        programs = super()._programs_of_step(code)
        if code not in ("roll_over", "account_journals"):
            return programs
        own = self.env["loyalty.program"].sudo().with_context(active_test=False)  # the close checks the right to run
        own = own.search([("company_id", "=", self.company_id.id), ("award_mode", "=", "period")])
        own = own.filtered(
            lambda program: self.date_from and self.date_to and program._periods_ending(self.date_from, self.date_to)
        )
        goes_on = own.filtered(lambda program: program.active and program.accumulates)
        if code == "roll_over":
            return programs | goes_on
        own = own.filtered(lambda program: program.settlement == "account" and program.accounting_policy != "none")
        # A program that ended posts what is left on its cards.
        return programs | own.filtered(
            lambda program: program in goes_on or program._cards_with_points(self.date_to, limit=1)
        )
