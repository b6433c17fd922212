"""The e-mail about one card that its form proposes."""

from odoo import models


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    def action_coupon_send(self):
        """Propose an e-mail about the balance: a loyalty card is no coupon, and was welcomed before."""
        action = super().action_coupon_send()
        template = self.env.ref("loyalty_ledger.mail_template_balance", raise_if_not_found=False)
        if template and self.ledgered and self.program_type == "loyalty":
            action["context"] = {**action["context"], "default_template_id": template.id}
        return action
