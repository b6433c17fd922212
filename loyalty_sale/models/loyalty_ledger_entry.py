from odoo import models


class LoyaltyLedgerEntry(models.Model):
    _inherit = "loyalty.ledger.entry"

    def _money_documents(self):
        return super()._money_documents() | {"sale.order"}
