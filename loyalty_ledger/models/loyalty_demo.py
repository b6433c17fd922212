from odoo import api, models

from ..demo import story, telling, year


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    @api.model
    def _load_demo_story(self):
        """Post the history of the demo cards; only the demo data calls it."""
        story.tell(self.env)
        telling.tell(self.env, year.tell)


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    @api.model
    def _demo_number(self, number):
        """Return the number of a demo card: another one where the card stayed behind when the add-on was removed."""
        taken = self.with_context(active_test=False).search_count([("code", "=", number)], limit=1)
        return self._generate_code() if taken else number
