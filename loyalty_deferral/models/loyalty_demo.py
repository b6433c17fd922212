from odoo import api, models

from odoo.addons.loyalty_ledger.demo.telling import tell

from ..demo import story


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    @api.model
    def _load_demo_deferral(self):
        """Make the sales and entries of the program that defers revenue; only the demo data calls it."""
        tell(self.env, story.tell)
