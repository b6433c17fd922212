from odoo import models


class LoyaltyLedgerEntry(models.Model):
    _inherit = "loyalty.ledger.entry"

    def _defer_release(self):
        """The value of points that till orders use is released when their session is closed, together (part R)."""
        deferred = super()._defer_release() or self.browse()
        of_till = self.filtered(lambda entry: entry.res_model == "pos.order")
        if not of_till:
            return deferred
        orders = self.env["pos.order"].sudo().browse(of_till.mapped("res_id"))  # cashiers of other tills, too
        open_ids = set(orders.filtered(lambda order: order.session_id.state not in (False, "closed")).ids)
        return deferred | of_till.filtered(lambda entry: entry.res_id in open_ids)

    def _money_documents(self):
        return super()._money_documents() | {"pos.order"}
