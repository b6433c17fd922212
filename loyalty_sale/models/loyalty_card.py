from odoo import api, models


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    def action_archive(self):
        """Archive cards for users who may not write them: Odoo clears their rows on quotations with the user's rights."""
        self.check_access("write")
        self._check_may_manage({"active": False})
        return super(LoyaltyCard, self.sudo()).action_archive()

    @api.model
    def _fields_of_the_card(self):
        return super()._fields_of_the_card() | {"order_id"}

    def _documents_of_sale(self, document):
        """An order and its invoices are one sale."""
        found = super()._documents_of_sale(document)
        if document._name == "account.move":
            orders = document._loyalty_orders()
        elif document._name == "sale.order":
            orders = document.sudo()  # who confirms an order may have no access to its invoices
        else:
            return found
        return [*found, orders, orders.invoice_ids]
