from odoo import api, models

#: Code of the payment method that spends points (inbound) and gives them back (outbound).
LOYALTY = "loyalty"


class AccountPaymentMethod(models.Model):
    _inherit = "account.payment.method"

    @api.model
    def _get_payment_method_information(self):
        information = super()._get_payment_method_information()
        information[LOYALTY] = {"mode": "multi", "type": ("cash",)}
        return information
