from odoo import api, models

from ..demo import story


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    @api.model
    def _load_demo_rebates(self):
        """Make the sales, closes and credits of the demo rebate; only the demo data calls it."""
        story.tell(self.env)
