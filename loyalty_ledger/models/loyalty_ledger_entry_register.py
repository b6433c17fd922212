from odoo import fields, models


class LoyaltyLedgerEntry(models.Model):
    _name = "loyalty.ledger.entry"
    _inherit = ["loyalty.ledger.entry", "loyalty.staff.sums.mixin"]

    level_id = fields.Many2one(related="card_id.level_id", string="Level of the Card")
