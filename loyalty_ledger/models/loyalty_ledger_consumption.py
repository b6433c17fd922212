from odoo import fields, models

from ..ledger import schema


class LoyaltyLedgerConsumption(models.Model):
    """How many points of which lot a debit took (negative: a reversal gave them back). Append-only."""

    _name = "loyalty.ledger.consumption"
    _inherit = ["loyalty.readonly.mixin"]
    _description = "Loyalty Lot Consumption"
    _order = "id"
    _log_access = False

    debit_entry_id = fields.Many2one(
        "loyalty.ledger.entry", "Debit", required=True, readonly=True, ondelete="restrict", index=True
    )
    lot_id = fields.Many2one("loyalty.lot", "Lot", required=True, readonly=True, ondelete="restrict")
    points = fields.Float("Points", digits=(16, 4), required=True, readonly=True)
    remaining_after = fields.Float("Left in Lot", digits=(16, 4), required=True, readonly=True, aggregator=None)
    entry_id = fields.Many2one(
        "loyalty.ledger.entry",
        "Caused By",
        required=True,
        readonly=True,
        ondelete="restrict",
        help="The debit itself, the credit that settled it later, or the reversal that returned the points.",
    )
    moved_to_lot_id = fields.Many2one(
        "loyalty.lot",
        "Given Back In",
        readonly=True,
        ondelete="restrict",
        help="The lot that took the points back where the original lot could not.",
    )

    _lot_idx = models.Index("(lot_id, id)")
    _caused_idx = models.Index("(entry_id) WHERE entry_id <> debit_entry_id")

    def init(self):
        super().init()
        schema.protect_consumptions(self.env.cr)

    def _refusal(self):
        return self.env._("Consumptions follow the points ledger and cannot be changed directly.")
