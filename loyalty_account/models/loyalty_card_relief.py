from odoo import models


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    def _relief_statement(self):
        """Return the rows of the statement of original sales of these cards, for their reader."""
        self.check_access("read")
        return self.env["loyalty.relief.report"].search([("card_id", "in", self.ids)])
