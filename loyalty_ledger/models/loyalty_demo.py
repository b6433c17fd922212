from odoo import api, models

from ..demo import story


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    @api.model
    def _load_demo_story(self):
        """Post the history of the demo cards; only the demo data calls it."""
        story.tell(self.env)
