"""Payments and reconciliations that change what invoices earn."""

from odoo import models


class AccountPayment(models.Model):
    _inherit = "account.payment"

    def write(self, vals):
        """A payment without journal entry settles its invoices by its state alone."""
        result = super().write(vals)
        if "state" in vals:
            self.filtered(lambda payment: not payment.move_id).invoice_ids._mark_loyalty_dirty()
        return result

    def unlink(self):
        invoices = self.invoice_ids
        result = super().unlink()
        invoices.exists()._mark_loyalty_dirty()
        return result
