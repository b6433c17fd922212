from odoo import fields, models


class LoyaltyException(models.Model):
    _inherit = "loyalty.exception"

    kind = fields.Selection(
        selection_add=[("foreign", "Another Customer's Card"), ("return", "Return without Receipt")],
        ondelete={
            "foreign": lambda exceptions: exceptions.write({"kind": "claim"}),
            "return": lambda exceptions: exceptions.write({"kind": "claim"}),
        },
        help="Overspent: the card had fewer points than the event took; the rest is owed.\n"
        "Waived: points should have been taken back but were spent; the program waives them.\n"
        "Claim Reduced: a document claimed more points than the program's rules give.\n"
        "Integrity Check Failed: the verification found a row that was changed.\n"
        "Another Customer's Card: an order or invoice earns or redeems points on a card of somebody else, or of nobody.\n"
        "Return without Receipt: money was given back that points or gift cards may have paid.",
    )
