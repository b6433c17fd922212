"""From an order of a register to what it earned and to its transactions, and from there to the books."""

from odoo import models
from odoo.exceptions import UserError


class PosOrder(models.Model):
    _inherit = "pos.order"

    def _loyalty_trail(self, name):
        """Return the rows of a model that belong to the order, with the rights of the user."""
        self.check_access("read")
        self.ensure_one()
        rows = self.env[name]
        rows.check_access("read")
        return rows.search([("res_model", "=", self._name), ("res_id", "=", self.id)])

    def action_view_loyalty_earnings(self):
        """Open what the order earned, program by program: how it was calculated and, where revenue is deferred, what of its
        revenue falls to the points."""
        earnings = self._loyalty_trail("loyalty.earning")
        if not earnings:
            raise UserError(
                self.env._(
                    "%s earned no points: its programs award points with Odoo's own timing, or it sold nothing that earns. "
                    "What it redeemed is among its transactions.",
                    self.display_name,
                )
            )
        return earnings._get_records_action(name=self.env._("Points Earned by %s", self.display_name))

    def action_view_loyalty_transactions(self):
        """Open the transactions of points of the order: earned, redeemed and returned."""
        entries = self._loyalty_trail("loyalty.ledger.entry")
        action = self.env["ir.actions.act_window"]._for_xml_id("loyalty_ledger.loyalty_ledger_entry_action")
        name = self.env._("Transactions of %s", self.display_name)
        return {**action, "name": name, "domain": [("id", "in", entries.ids)], "context": {}}
