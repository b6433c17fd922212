from odoo import api, models


class LoyaltyDashboard(models.AbstractModel):
    _inherit = "loyalty.dashboard"

    @api.model
    def _template_menus(self):
        return [*super()._template_menus(), ("account_rebate", ["account_rebate"])]
