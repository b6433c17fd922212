from odoo import models
from odoo.exceptions import UserError

from ..hooks import open_sessions_with_points


class IrModuleModule(models.Model):
    _inherit = "ir.module.module"

    def button_uninstall(self):
        """Refuse while tills are open where points are redeemed: their closing would book these payments as unpaid."""
        if "loyalty_pos" in (self | self.downstream_dependencies()).mapped("name"):
            sessions = open_sessions_with_points(self.env)
            if sessions:
                raise UserError(
                    self.env._(
                        "Points can be redeemed in open Point of Sale sessions. Close these sessions first, then uninstall: %s.",
                        ", ".join(sessions[:5].mapped("display_name")),
                    )
                )
        return super().button_uninstall()
