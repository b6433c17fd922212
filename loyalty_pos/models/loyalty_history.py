from odoo import api, models
from odoo.exceptions import AccessError

from odoo.addons.loyalty_ledger.tools.source import Source

from ..tools.trust import server_vouches


class LoyaltyHistory(models.Model):
    _inherit = "loyalty.history"

    @api.model_create_multi
    def create(self, vals_list):
        if any(vals.get("order_model") == "pos.order" for vals in vals_list):
            self._check_till_may_write()
        return super().create(vals_list)

    def write(self, vals):
        if vals.get("order_model") == "pos.order" or "pos.order" in self.sudo().mapped("order_model"):
            self._check_till_may_write()
        return super().write(vals)

    def _check_till_may_write(self):
        """The till's code recognizes by these rows which orders it has settled: no client forges or removes them."""
        if not server_vouches(self.env) and not Source.of(self.env):
            raise AccessError(self.env._("The loyalty history of an order is written when the order is settled."))
