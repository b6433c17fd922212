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
