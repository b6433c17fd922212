"""Journal entries that carry the value of points: linked to their value lines, undone only by a dated reversal."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class AccountMove(models.Model):
    _inherit = "account.move"

    loyalty_program_id = fields.Many2one(
        "loyalty.program",
        "Loyalty Program",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The program whose outstanding points this entry values.",
    )
    loyalty_valuation_count = fields.Integer(compute="_compute_loyalty_valuation_count")

    @api.depends("loyalty_program_id")
    def _compute_loyalty_valuation_count(self):
        booked = self.filtered("loyalty_program_id")
        counts = {}
        if booked:
            # The number only; the lines themselves need the reader's own rights.
            lines = self.env["loyalty.valuation"].sudo()
            counts = dict(lines._read_group([("move_id", "in", booked.ids)], ["move_id"], ["__count"]))
        for move in self:
            move.loyalty_valuation_count = counts.get(move._origin, 0)

    def action_view_loyalty_valuations(self):
        """Open the value lines that this entry booked."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("loyalty_account.loyalty_valuation_action")
        return {**action, "domain": [("move_id", "=", self.id)], "context": {}}

    def action_view_loyalty_items(self):
        """Open the journal items; Invoicing alone does not show them on the entry."""
        self.ensure_one()
        return self._action_loyalty_items(self.display_name)

    def _action_loyalty_items(self, title):
        """Return the action that lists the items of these entries, entry by entry."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Journal Items of %s", title),
            "res_model": "account.move.line",
            "views": [(self.env.ref("loyalty_account.view_move_line_list_books").id, "list")],
            "search_view_id": [self.env.ref("loyalty_account.view_move_line_search_books").id, "search"],
            "domain": [("move_id", "in", self.ids)],
            "context": {"create": False},
        }

    def _compute_show_reset_to_draft_button(self):
        """No button for what is refused anyway."""
        super()._compute_show_reset_to_draft_button()
        for move in self.filtered("loyalty_program_id"):
            move.show_reset_to_draft_button = False

    def _check_draftable(self):
        """A posted value never disappears: it is undone by an entry of its own date."""
        for move in self.filtered("loyalty_program_id"):
            if move.loyalty_valuation_count:
                raise UserError(
                    self.env._(
                        "%(move)s books the value of loyalty points of %(program)s and cannot be changed. Undo the "
                        "redemption or adjustment behind it, or reverse the entry.",
                        move=move.name,
                        program=move.sudo().loyalty_program_id.name,
                    )
                )
        return super()._check_draftable()

    def _post(self, soft=True):
        """The reversal of a value entry takes the value lines back, with its own date."""
        posted = super()._post(soft)
        reversals = posted.filtered(
            lambda move: (
                move.state == "posted" and move.reversed_entry_id.loyalty_program_id and not move.loyalty_program_id
            )
        )
        if reversals:
            reversals._reverse_loyalty_valuations()
        return posted

    def _reverse_loyalty_valuations(self):
        for move in self:
            move.sudo().loyalty_program_id = move.reversed_entry_id.loyalty_program_id
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO loyalty_valuation (program_id, company_id, lot_id, entry_id, move_id, account_id, date,
                                               effective_date, kind, amount, points)
                SELECT v.program_id, v.company_id, v.lot_id, v.entry_id, m.id, v.account_id, m.date, m.date, 'reversal',
                       -v.amount, -v.points
                  FROM account_move m JOIN loyalty_valuation v ON v.move_id = m.reversed_entry_id
                 WHERE m.id = ANY(%s) AND v.amount <> 0
                   AND NOT EXISTS (SELECT 1 FROM loyalty_valuation x WHERE x.move_id = m.id)
                 ORDER BY v.id
                """,
                self.ids,
            )
        )
        self.env["loyalty.valuation"].invalidate_model(flush=False)
