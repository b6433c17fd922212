from odoo import models

#: Kinds of cohort lines behind the columns of the roll-forward, as `loyalty.program._movements` sorts them.
KINDS = {
    "issued": ("allocate", "return"),
    "redeemed": ("redeem",),
    "expired": ("breakage",),
    "revalued": ("re_estimate",),
    "adjusted": ("transition",),
}


class LoyaltyCloseFigure(models.Model):
    _inherit = "loyalty.close.figure"

    def action_view_values(self):
        """Open the lines of cohorts where the program deferred revenue then: it may have changed since."""
        self.check_access("read")
        self.ensure_one()
        if not self.program_id._deferred_on(self.close_id.date_to):
            return super().action_view_values()
        domain = [("program_id", "=", self.program_id.id)]
        if self.name == "opening":
            domain.append(("date", "<", self.close_id.date_from))
        else:
            domain.append(("date", "<=", self.close_id.date_to))
        if self.name in KINDS:
            domain += [("date", ">=", self.close_id.date_from), ("kind", "in", KINDS[self.name])]
        return self.env["loyalty.cohort.line"]._action_list(domain, self.program_id.name)
