from odoo import fields, models

from odoo.addons.loyalty_ledger.ledger import schema

KINDS = [
    ("issue", "Accrued"),
    ("opening", "Opening balance"),
    ("redeem", "Redeemed"),
    ("expire", "Expired"),
    ("clawback", "Taken back"),
    ("adjust", "Adjusted"),
    ("transfer", "Transferred"),
    ("revalue", "Revalued"),
    ("correct", "Corrected by the accrual run"),
    ("reversal", "Journal entry reversed"),
]
COLUMNS = (
    "id program_id company_id lot_id entry_id consumption_id run_id move_id account_id date effective_date kind amount "
    "points"
).split()


class LoyaltyValuation(models.Model):
    """A change of what a lot carries in the books. Append-only; the carrying value of a lot is the sum of its lines.

    Each line names the posted journal entry that booked it, whose date it has. Transfers between lots are not booked:
    their two lines add up to nothing.
    """

    _name = "loyalty.valuation"
    _inherit = ["loyalty.readonly.mixin", "loyalty.program.sums.mixin"]
    _description = "Value of Loyalty Points"
    _order = "id desc"
    _log_access = False

    program_id = fields.Many2one("loyalty.program", "Program", required=True, readonly=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", "Company", required=True, readonly=True, ondelete="restrict")
    currency_id = fields.Many2one(related="company_id.currency_id")
    lot_id = fields.Many2one("loyalty.lot", "Lot", required=True, readonly=True, ondelete="restrict")
    card_id = fields.Many2one(related="lot_id.card_id")
    partner_id = fields.Many2one(related="lot_id.partner_id", string="Customer")
    entry_id = fields.Many2one(
        "loyalty.ledger.entry",
        "Transaction",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="The transaction that changed the value; empty for lines of an accrual run.",
    )
    consumption_id = fields.Many2one("loyalty.ledger.consumption", "Consumption", readonly=True, ondelete="restrict")
    run_id = fields.Many2one(
        "loyalty.accrual.run", "Accrual Run", readonly=True, ondelete="restrict", index="btree_not_null"
    )
    move_id = fields.Many2one(
        "account.move",
        "Journal Entry",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="Empty for transfers, which change no account.",
    )
    account_id = fields.Many2one(
        "account.account",
        "Liability Account",
        readonly=True,
        ondelete="restrict",
        help="Account of the liability when the line was booked.",
    )
    date = fields.Date("Accounting Date", required=True, readonly=True, help="Date of the journal entry.")
    effective_date = fields.Date(
        "Business Date",
        required=True,
        readonly=True,
        help="When it happened; the accounting date is later where the period was locked.",
    )
    kind = fields.Selection(KINDS, "Type", required=True, readonly=True)
    amount = fields.Monetary("Amount", required=True, readonly=True, help="Positive: the liability grows.")
    points = fields.Float(
        "Points", digits=(16, 4), required=True, readonly=True, help="Number of points behind the amount."
    )

    _lot_idx = models.Index("(lot_id)")
    _program_idx = models.Index("(program_id, date)")
    _consumption_unique = models.UniqueIndex(
        "(consumption_id) WHERE consumption_id IS NOT NULL", "The value of this redemption is booked already."
    )

    def init(self):
        super().init()
        schema.immutable(
            self.env.cr,
            "loyalty_valuation",
            "valuation",
            COLUMNS,
            "Value lines of loyalty points cannot be changed or deleted.",
        )

    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for line in self:
            line.display_name = f"{kinds.get(line.kind, '')} {line.currency_id.format(line.amount)}"

    def _refusal(self):
        return self.env._(
            "Value lines follow the points and their journal entries, and cannot be created, changed or deleted. "
            "Reverse the journal entry instead."
        )
