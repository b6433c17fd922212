from odoo import fields, models


class LoyaltyException(models.Model):
    """Something that the ledger had to accept and that a person should look at."""

    _name = "loyalty.exception"
    _description = "Loyalty Exception"
    _order = "id desc"

    kind = fields.Selection(
        [
            ("debt", "Overspent"),
            ("waived", "Waived"),
            ("claim", "Claim Cut Down"),
            ("verify", "Ledger Damaged"),
        ],
        "Problem", required=True, readonly=True,
        help="Overspent: the card had fewer points than the event took; the rest is owed.\n"
        "Waived: points should have been taken back but were spent; the program waives them.\n"
        "Claim Cut Down: a document claimed more points than the program's rules give.\n"
        "Ledger Damaged: the verification found a row that does not fit.",
    )  # fmt: skip
    card_id = fields.Many2one("loyalty.card", "Card", readonly=True, ondelete="restrict", index="btree_not_null")
    partner_id = fields.Many2one(related="card_id.partner_id", string="Customer")
    program_id = fields.Many2one("loyalty.program", "Program", readonly=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", "Company", readonly=True, ondelete="restrict")
    entry_id = fields.Many2one("loyalty.ledger.entry", "Transaction", readonly=True, ondelete="restrict")
    points = fields.Float("Points", digits=(16, 4), readonly=True)
    res_model = fields.Char("Document Model", readonly=True)
    res_id = fields.Many2oneReference("Document", model_field="res_model", readonly=True)
    note = fields.Char("Details", readonly=True)
    state = fields.Selection(
        [("open", "To Review"), ("resolved", "Resolved")], "Status", required=True, default="open", readonly=True
    )
    resolution = fields.Char("Resolution", readonly=True)
    resolved_by_id = fields.Many2one("res.users", "Resolved By", readonly=True)
    resolved_on = fields.Datetime("Resolved On", readonly=True)

    _open_idx = models.Index("(state) WHERE state = 'open'")
    _entry_idx = models.Index("(entry_id) WHERE entry_id IS NOT NULL")
