from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    def _may_earn_loyalty(self):
        """The till gives the points of its own sales; an invoice of them gives none."""
        return super()._may_earn_loyalty() and not self.sudo().pos_order_ids
