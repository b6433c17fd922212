from odoo import api, models

from .pos_order_line_self_order import without_cards


class PosPayment(models.Model):
    _inherit = "pos.payment"

    @api.model
    def _load_pos_self_data_fields(self, config):
        return without_cards(self, super()._load_pos_self_data_fields(config))
