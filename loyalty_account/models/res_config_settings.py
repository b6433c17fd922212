from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    loyalty_close_schedule = fields.Selection(related="company_id.loyalty_close_schedule", readonly=False)
    loyalty_close_delay = fields.Integer(related="company_id.loyalty_close_delay", readonly=False)
    loyalty_close_user_id = fields.Many2one(related="company_id.loyalty_close_user_id", readonly=False)
