from datetime import timedelta

from odoo import models

#: The till's clock and the company's may stand on different days.
SLACK = timedelta(days=1)


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _is_offered_to(self, order):
        """Return whether the till of an order could apply the program to it, on the day of the order.

        ``pos.config._get_program_ids()`` answers for now; orders made offline arrive days later, when a program may
        have ended or reached its number of uses by that very order.
        """
        self.ensure_one()
        config, day = order.config_id, order._loyalty_day()
        return bool(
            self.active
            and self.pos_ok
            and (not self.pos_config_ids or config in self.pos_config_ids)
            and self.currency_id == config.currency_id
            and (not self.company_id or self.company_id in config.company_id.parent_ids)
            and (not self.pricelist_ids or order.pricelist_id in self.pricelist_ids)
            and (not self.date_from or self.date_from <= day + SLACK)
            and (not self.date_to or self.date_to >= day - SLACK)
        )
