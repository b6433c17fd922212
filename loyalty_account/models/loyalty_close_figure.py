from odoo import fields, models


class LoyaltyCloseFigure(models.Model):
    """A line of the roll-forward as it was when the close froze it. Append-only."""

    _name = "loyalty.close.figure"
    _description = "Figure of a Loyalty Close"
    _order = "program_id, stage, id"

    close_id = fields.Many2one("loyalty.close", "Close", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="close_id.company_id", store=True, precompute=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    program_id = fields.Many2one("loyalty.program", "Program", required=True, readonly=True, ondelete="restrict")
    stage = fields.Selection(
        [("before", "Before the Close"), ("after", "After the Close")], "Stage", required=True, readonly=True
    )
    name = fields.Selection(
        [
            ("opening", "Opening balance"),
            ("issued", "Issued, less taken back"),
            ("redeemed", "Redeemed, less returned"),
            ("expired", "Expired"),
            ("adjusted", "Adjusted"),
            ("revalued", "Revalued"),
            ("closing", "Closing balance"),
            ("owed", "of which owed by customers"),
        ],
        "Line",
        required=True,
        readonly=True,
    )
    points = fields.Float("Points", digits=(16, 4), readonly=True)
    amount = fields.Monetary("Amount", readonly=True)
