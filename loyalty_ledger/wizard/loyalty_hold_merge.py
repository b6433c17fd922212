"""Reserved points of customers who become one."""

from odoo import api, models


class LoyaltyHold(models.Model):
    _inherit = "loyalty.hold"

    def _close(self, state):
        closed = super()._close(state)
        if closed.card_id.filtered("merge_into_id"):
            self.env.ref("loyalty_ledger.cron_holds").sudo()._trigger()  # it links the cards
        return closed

    @api.model
    def _cron_time_out(self, batch=1000):
        super()._cron_time_out(batch)
        self.env["loyalty.card"]._finish_merges()
