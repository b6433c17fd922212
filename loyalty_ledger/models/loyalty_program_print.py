"""How the cards of a program are printed."""

from odoo import fields, models


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    card_layout = fields.Selection(
        [
            ("plastic", "Card printer (85.6 × 54 mm)"),
            ("sheet", "A4 sheet of ten cards (85.6 × 54 mm)"),
            ("receipt", "Receipt printer (80 mm)"),
        ],
        "Card Layout",
        required=True,
        default="plastic",
        help="How cards of this program are printed from the register: Print > Loyalty Card.",
    )
