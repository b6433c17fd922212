from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    loyalty_adjustment_limit = fields.Float(related="company_id.loyalty_adjustment_limit", readonly=False)
    loyalty_tracked_default = fields.Boolean(related="company_id.loyalty_tracked_default", readonly=False)
    loyalty_value_limit = fields.Monetary(
        related="company_id.loyalty_value_limit", currency_field="loyalty_currency_id", readonly=False
    )
    loyalty_currency_id = fields.Many2one(related="company_id.currency_id", string="Currency of the Limit")
