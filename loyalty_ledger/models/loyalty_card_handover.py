"""Cards that got another owner: no transaction says so, and yet somebody got their points."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..ledger import arrays
from ..ledger.rounding import to_units

#: How long the list is kept; the single-approver limit needs a day of it.
KEPT = timedelta(days=90)


class LoyaltyCardHandover(models.Model):
    """A card with points that a user gave to another customer."""

    _name = "loyalty.card.handover"
    _inherit = ["loyalty.readonly.mixin"]
    _description = "Card Given to Another Customer"
    _order = "id desc"
    _log_access = False

    date = fields.Datetime("Given On", required=True, readonly=True)
    user_id = fields.Many2one("res.users", "User", required=True, readonly=True, ondelete="cascade")
    card_id = fields.Many2one("loyalty.card", "Card", required=True, readonly=True, ondelete="cascade")
    customer_id = fields.Many2one("res.partner", "Customer", readonly=True, ondelete="cascade", index=True)
    program_id = fields.Many2one("loyalty.program", "Program", required=True, readonly=True, ondelete="cascade")
    points = fields.Float("Points", digits=(16, 4), required=True, readonly=True)

    @api.model
    def _note(self, cards):
        """Note that the user gave these cards, with their points, to the customers that they have now."""
        rows = arrays.table(
            "u",
            card_id=("int", cards.ids),
            customer_id=("int", [card.partner_id.id or None for card in cards]),
            program_id=("int", [card.program_id.id for card in cards]),
            points=("numeric", [to_units(card.points) for card in cards]),
        )
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO loyalty_card_handover (date, user_id, card_id, customer_id, program_id, points)
                SELECT %s::timestamp, %s, u.* FROM %s
                """,
                fields.Datetime.now(),
                self.env.uid,
                rows,
            )
        )

    @api.autovacuum
    def _gc_old(self):
        self.env.cr.execute("DELETE FROM loyalty_card_handover WHERE date < %s", [fields.Datetime.now() - KEPT])
