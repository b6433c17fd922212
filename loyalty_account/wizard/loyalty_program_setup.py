from odoo import models

from ..books import combinations


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _action_set_up_stored_value(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Set Up Accounting"),
            "res_model": "loyalty.account.setup",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_program_id": self.id},
        }

    def action_set_up_accounting(self):
        """Open Set Up Accounting for this program."""
        self.ensure_one()
        if self.program_type in combinations.STORED_VALUE_TYPES:
            return self._action_set_up_stored_value()
        known = self.accounting_policy in ("redemption", *combinations.ACCRUED_POLICIES, combinations.DEFERRAL)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Set Up Accounting"),
            "res_model": "loyalty.account.setup",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_program_id": self.id,
                "default_accounting_policy": self.accounting_policy if known else False,
                "default_vat_mode": self.vat_mode,
            },
        }
