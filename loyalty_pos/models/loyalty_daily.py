from odoo import api, fields, models
from odoo.tools import SQL


class LoyaltyDaily(models.Model):
    """Points by day are kept by shop, too."""

    _inherit = "loyalty.daily"

    config_id = fields.Many2one("pos.config", "Point of Sale", readonly=True, ondelete="set null")

    @api.model
    def _day_keys(self):
        of_order = SQL("(SELECT o.config_id FROM pos_order o WHERE s.res_model = 'pos.order' AND o.id = s.res_id)")
        return {**super()._day_keys(), "config_id": of_order}
