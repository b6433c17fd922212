from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    loyalty_adjustment_limit = fields.Float(related="company_id.loyalty_adjustment_limit", readonly=False)
    loyalty_tracked_default = fields.Boolean(related="company_id.loyalty_tracked_default", readonly=False)
