from odoo import models


class LoyaltyEarning(models.Model):
    _inherit = "loyalty.earning"

    def _synchronise_documents(self):
        super()._synchronise_documents()
        ids = [earning.res_id for earning in self if earning.res_model == "account.move"]
        self.env["account.move"].browse(ids).exists()._sync_loyalty()
