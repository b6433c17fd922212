from odoo import api, models

from odoo.addons.loyalty_ledger.demo.telling import tell

from ..demo import story


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    @api.model
    def _load_demo_rebates(self):
        """Make the sales, closes and credits of the demo rebate; only the demo data calls it."""
        tell(self.env, story.tell)
