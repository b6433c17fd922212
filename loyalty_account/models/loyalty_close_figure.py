from odoo import fields, models

#: Transactions and value lines behind the columns of the roll-forward, as `books/movements.py` sorts them.
TRANSACTIONS = {
    "issued": [
        ("is_redemption", "=", False),
        *("|", ("kind", "in", ("opening", "earn", "reversal")), "&", ("kind", "=", "external"), ("points", ">", 0)),
    ],
    "redeemed": ["|", ("is_redemption", "=", True), "&", ("kind", "=", "external"), ("points", "<", 0)],
    "expired": [("is_redemption", "=", False), ("kind", "=", "expire")],
    "adjusted": [
        ("is_redemption", "=", False),
        ("kind", "not in", ("opening", "earn", "external", "reversal", "expire")),
    ],
}
VALUES = {
    "issued": [("kind", "in", ("issue", "opening", "clawback"))],
    "redeemed": [("kind", "=", "redeem")],
    "expired": [("kind", "=", "expire")],
    "revalued": [("kind", "=", "revalue")],
    "adjusted": [("kind", "not in", ("issue", "opening", "clawback", "redeem", "expire", "revalue"))],
}


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
            ("adjusted", "Adjusted, incl. rounding"),
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

    def action_view_transactions(self):
        """Open the transactions of points behind the line."""
        return self._open("loyalty_ledger.loyalty_ledger_entry_action", "effective_date", TRANSACTIONS)

    def action_view_values(self):
        """Open the value lines behind the line."""
        return self._open("loyalty_account.loyalty_valuation_action", "date", VALUES)

    def _open(self, action, date, lines):
        self.check_access("read")
        self.ensure_one()
        close = self.close_id
        domain = [("program_id", "=", self.program_id.id), *lines.get(self.name, [])]
        if self.name == "opening":
            domain.append((date, "<", close.date_from))
        else:
            domain.append((date, "<=", close.date_to))
            if self.name in lines:
                domain.append((date, ">=", close.date_from))
        return {**self.env["ir.actions.act_window"]._for_xml_id(action), "domain": domain, "context": {}}
