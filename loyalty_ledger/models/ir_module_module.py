from odoo import models

from ..tools.leaving import check_balance_column


class IrModuleModule(models.Model):
    _inherit = "ir.module.module"

    def button_uninstall(self):
        """Refuse while something of the database's own reads the balance of cards, and name it."""
        if "loyalty_ledger" in (self | self.downstream_dependencies()).mapped("name"):
            check_balance_column(self.env)
        return super().button_uninstall()
