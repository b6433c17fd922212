from odoo import models


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _loyalty_statement_cards(self):
        """Cards of the customers and of their contacts, archived and closed ones included."""
        return (
            self.env["loyalty.card"]
            .with_context(active_test=False)
            .search([("partner_id", "child_of", self.ids), ("ledgered", "=", True)], order="id")
        )

    def action_print_loyalty_statement(self):
        """Ask for the period of a statement of the customers' cards."""
        return self.env["loyalty.statement"]._open(self._loyalty_statement_cards())
