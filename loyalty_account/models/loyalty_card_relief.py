from odoo import models


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    def _relief_statement(self):
        """Return the rows of the statement of original sales of these cards, for their reader."""
        self.check_access("read")
        return self.env["loyalty.relief.report"].search([("card_id", "in", self.ids)])

    def _has_relief(self):
        """Return whether the statement of original sales has rows."""
        self.check_access("read")
        return bool(self.env["loyalty.relief.report"].search_count([("card_id", "in", self.ids)], limit=1))
