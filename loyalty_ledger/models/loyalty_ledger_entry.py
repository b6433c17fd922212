from odoo import api, fields, models

from ..ledger import schema
from ..tools.words import say_points

KINDS = [
    ("opening", "Opening balance"),
    ("earn", "Earned"),
    ("redeem", "Redeemed"),
    ("adjust", "Adjustment"),
    ("expire", "Expired"),
    ("redate", "Expiry date changed"),
    ("transfer", "Transfer"),
    ("reversal", "Reversal"),
    ("external", "Other change"),
]


class LoyaltyLedgerEntry(models.Model):
    """One signed, immutable change of one card's points. Rows come only from ``loyalty.card._post_entries``."""

    _name = "loyalty.ledger.entry"
    _inherit = ["loyalty.readonly.mixin", "loyalty.document.mixin"]
    _description = "Loyalty Transaction"
    _order = "id desc"
    _log_access = False
    _allow_sudo_commands = False

    card_id = fields.Many2one("loyalty.card", "Card", required=True, readonly=True, ondelete="restrict")
    partner_id = fields.Many2one(related="card_id.partner_id", string="Customer")
    program_id = fields.Many2one("loyalty.program", "Program", required=True, readonly=True, ondelete="restrict")
    program_type = fields.Selection(related="program_id.program_type")
    currency_id = fields.Many2one(related="program_id.currency_id")
    company_id = fields.Many2one(
        "res.company", "Company", readonly=True, ondelete="restrict", help="Company of the program at posting time."
    )
    kind = fields.Selection(KINDS, "Type", required=True, readonly=True)
    points = fields.Float("Points", digits=(16, 4), required=True, readonly=True)
    balance_after = fields.Float(
        "Balance After",
        digits=(16, 4),
        required=True,
        readonly=True,
        aggregator=None,
        help="Balance of the card once this transaction was posted.",
    )
    date = fields.Datetime("Posted On", required=True, readonly=True, help="Never backdated.")
    effective_date = fields.Date(
        "Date", required=True, readonly=True, help="Business date: it decides expiry and levels."
    )
    expiration_date = fields.Date(
        "Expires On",
        readonly=True,
        help="Last usable day of the points that this transaction added or whose expiry it changed.",
    )
    available_from = fields.Date("Available From", readonly=True, help="Until then the points are pending.")
    last_earning_date = fields.Date(
        "Last Earning",
        readonly=True,
        help="Last earning of the card since this transaction, where it moved it: rolling expiry counts from that day.",
    )
    reason = fields.Char("Reason", readonly=True)
    res_model = fields.Char("Document Model", readonly=True)
    res_id = fields.Many2oneReference("Document", model_field="res_model", readonly=True)
    document_name = fields.Char("Source Document", compute="_compute_document_name")
    idempotency_key = fields.Char(
        "Key", required=True, readonly=True, help="Identifies the event: there is one transaction per key."
    )
    reversed_entry_id = fields.Many2one(
        "loyalty.ledger.entry", "Reversal Of", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    is_redemption = fields.Boolean(
        "Counts as Redeemed",
        required=True,
        readonly=True,
        help="Redemptions and their reversals make the redeemed total; everything else is accumulated.",
    )
    level_points = fields.Float(
        "Level Points", digits=(16, 4), required=True, readonly=True, help="What counts towards the member's level."
    )
    waived_points = fields.Float(
        "Waived Points",
        digits=(16, 4),
        required=True,
        readonly=True,
        help="Points that a return did not take back: those that had expired or been removed by an adjustment, and "
        "those that were spent if the program waives them.",
    )
    author_id = fields.Integer("Author ID", required=True, readonly=True, aggregator=None)
    author_name = fields.Char("Author", compute="_compute_author_name")
    row_hash = fields.Char("Row Hash", required=True, readonly=True)
    unpaid_points = fields.Float(
        "Unpaid Points",
        digits=(16, 4),
        required=True,
        readonly=True,
        help="Points that this transaction took beyond the card's balance and that no later credit has settled yet.",
    )
    consumption_ids = fields.One2many("loyalty.ledger.consumption", "debit_entry_id", "Taken From", readonly=True)

    _key_unique = models.UniqueIndex("(idempotency_key)", "This event was already posted.")
    # Not the bare id: while PostgreSQL believes the table empty, foreign keys would be looked up here, row by row in full.
    _card_idx = models.Index("(card_id, (id + 0))")
    _document_idx = models.Index("(res_id, res_model) WHERE res_id IS NOT NULL")
    _unpaid_idx = models.Index("(card_id) WHERE unpaid_points > 0")
    _date_idx = models.Index("USING brin (effective_date)")

    def init(self):
        super().init()
        schema.protect_entries(self.env.cr)

    @api.depends("kind", "points", "effective_date")
    @api.depends_context("lang")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for entry in self:
            entry.display_name = f"{kinds.get(entry.kind, '')} {say_points(self.env, entry.points, signed=True)}"

    def _compute_author_name(self):
        users = self.env["res.users"].sudo().with_context(active_test=False)
        names = {user.id: user.name for user in users.browse(set(self.mapped("author_id"))).exists()}
        for entry in self:
            entry.author_name = names.get(entry.author_id) or self.env._("Deleted user %s", entry.author_id)

    @api.depends_context("uid")
    def _compute_document_name(self):
        self.document_name = False
        for model, entries in self.filtered("res_id").grouped("res_model").items():
            if model not in self.env:
                continue
            # The name alone is shown to anybody who may read the transaction, as the customer's own card says it.
            documents = self.env[model].sudo().browse(entries.mapped("res_id")).exists()
            names = self._names_of_documents(documents)
            for entry in entries:
                entry.document_name = names.get(entry.res_id, False)

    def _entries_posted(self):
        """Hook: the gateway posted these entries, all within one chunk, and everything about them is written.

        Override to react, for example to book their value; call super. Be set-based: a chunk can hold 20,000 entries.
        """

    def _refusal(self):
        return self.env._(
            "Transactions of the points ledger cannot be created, changed or deleted, by anybody. "
            "Correct a mistake with another transaction: use Adjust Points on the card."
        )
