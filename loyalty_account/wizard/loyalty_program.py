from odoo import models


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def action_reconcile_loyalty(self):
        """Prove this program as of today and show the result."""
        self.ensure_one()
        proof = self.env["loyalty.proof"].create({"program_id": self.id})
        proof.action_reconcile()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Reconcile Loyalty"),
            "res_model": proof._name,
            "res_id": proof.id,
            "views": [(False, "form")],
        }
