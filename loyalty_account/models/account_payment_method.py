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

    def _auto_link_payment_methods(self, payment_methods, methods_info):
        """Points are received in the loyalty journal only: installing does not offer them in every cash journal."""
        others = payment_methods.filtered(lambda method: method.code != LOYALTY)
        super()._auto_link_payment_methods(others, methods_info)
        return payment_methods
