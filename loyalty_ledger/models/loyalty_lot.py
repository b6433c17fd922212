from odoo import api, fields, models

from ..ledger import schema
from ..ledger.plan import add_delay
from ..ledger.snapshot import Snapshot
from ..tools.words import say_points


class LoyaltyLot(models.Model):
    """The open part of a credit: a projection of entries and consumptions that "Verify" can rebuild."""

    _name = "loyalty.lot"
    _inherit = ["loyalty.readonly.mixin", "loyalty.program.sums.mixin"]
    _description = "Loyalty Lot"
    _order = "id"
    _log_access = False

    entry_id = fields.Many2one(
        "loyalty.ledger.entry", "Credit", required=True, readonly=True, ondelete="restrict", index=True
    )
    card_id = Snapshot("loyalty.card", "Card", required=True, readonly=True, ondelete="restrict")
    partner_id = fields.Many2one(related="card_id.partner_id", string="Customer")
    program_id = Snapshot("loyalty.program", "Program", required=True, readonly=True, ondelete="restrict")
    company_id = Snapshot("res.company", "Company", readonly=True, ondelete="restrict")
    points = fields.Float("Points", digits=(16, 4), required=True, readonly=True)
    remaining = fields.Float("Remaining", digits=(16, 4), required=True, readonly=True)
    date = fields.Date(
        "Date", required=True, readonly=True, help="Business date of the credit that the points came with."
    )
    available_from = fields.Date("Available From", readonly=True)
    expiration_date = fields.Date(
        "Own Expiry",
        readonly=True,
        help="Last usable day of these points; empty when only the card or the program's rolling expiry limits them.",
    )
    effective_expiration_date = fields.Date(
        "Expires On",
        compute="_compute_effective_expiration_date",
        help="The sooner of the card's date and these points' own or rolling date.",
    )
    expiry_entry_id = fields.Many2one(
        "loyalty.ledger.entry", "Dated By", readonly=True, ondelete="restrict", index="btree_not_null"
    )
    origin_lot_id = fields.Many2one(
        "loyalty.lot",
        "Original Lot",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="The lot that these points were in before a transfer or a late refund.",
    )
    consumption_ids = fields.One2many("loyalty.ledger.consumption", "lot_id", "Consumptions", readonly=True)

    _card_idx = models.Index("(card_id, remaining)")
    _dated_idx = models.Index("(expiration_date) WHERE remaining > 0 AND expiration_date IS NOT NULL")
    _check_remaining = models.Constraint(
        "CHECK (remaining >= 0 AND remaining <= points)",
        "A lot holds between zero points and the points it was created with.",
    )

    def init(self):
        super().init()
        schema.protect_lots(self.env.cr)

    @api.depends("remaining", "program_id", "effective_expiration_date")
    @api.depends_context("lang", "uid")
    def _compute_display_name(self):
        for lot in self:
            remaining, points = say_points(self.env, lot.remaining), say_points(self.env, lot.points)
            lot.display_name = f"{lot.card_id._shown_code()} {remaining}/{points}"

    @api.depends("expiration_date", "card_id.expiration_date", "card_id.last_earning_date", "program_id.expiry_policy")
    def _compute_effective_expiration_date(self):
        for lot in self:
            program, card = lot.program_id, lot.card_id
            own = lot.expiration_date
            if not own and program.expiry_policy == "rolling" and card.last_earning_date:
                own = add_delay(card.last_earning_date, program.expiry_delay, program.expiry_unit)
            dates = [date for date in (own, card.expiration_date) if date]
            lot.effective_expiration_date = min(dates) if dates else False

    def _refusal(self):
        return self.env._("Lots follow the points ledger and cannot be changed directly.")
