from odoo import fields, models


class LoyaltyException(models.Model):
    _inherit = "loyalty.exception"

    kind = fields.Selection(
        selection_add=[("overpaid", "Credited Too Much"), ("unposted", "Credits Not Posted")],
        ondelete={
            "overpaid": lambda exceptions: exceptions.write({"kind": "claim"}),
            "unposted": lambda exceptions: exceptions.write({"kind": "claim"}),
        },
    )
