from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    pos_loyalty_offline_policy = fields.Selection(related="pos_config_id.loyalty_offline_policy", readonly=False)
    pos_loyalty_offline_cap = fields.Float(related="pos_config_id.loyalty_offline_cap", readonly=False)
