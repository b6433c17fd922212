from odoo import api, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    @api.model
    def _load_pos_data_fields(self, config):
        """The till's preview of points leaves customers out who do not collect any."""
        return [*super()._load_pos_data_fields(config), "loyalty_tracked"]
