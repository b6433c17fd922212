from dateutil.relativedelta import relativedelta

from odoo import fields, models


class LoyaltyCloseStep(models.Model):
    _inherit = "loyalty.close.step"

    def _warnings(self):
        """Sessions of the period that are still open book their points when they close."""
        found = super()._warnings()
        sessions = self.env["pos.session"].sudo()  # counted only; accountants need no right at the Point of Sale
        count = sessions.search_count(
            [
                ("company_id", "=", self.company_id.id),
                ("state", "!=", "closed"),
                ("rescue", "=", False),
                ("start_at", "<", fields.Datetime.to_datetime(self.close_id.date_to + relativedelta(days=1))),
            ]
        )
        if count:
            _ = self.env._
            found.append(
                _("%s Point of Sale sessions of the period are still open.", count)
                if count > 1
                else _("1 Point of Sale session of the period is still open.")
            )
        return found
