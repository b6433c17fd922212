from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class AccountMove(models.Model):
    _inherit = "account.move"

    loyalty_deferred_amount = fields.Monetary(
        "Deferred for Points",
        compute="_compute_loyalty_deferred_amount",
        currency_field="company_currency_id",
        help="Part of the revenue of this document that falls to the points it earns.",
    )

    loyalty_cohort_line_count = fields.Integer(compute="_compute_loyalty_cohort_line_count")

    @api.depends("loyalty_program_id")
    def _compute_loyalty_cohort_line_count(self):
        booked, counts = self.filtered("loyalty_program_id"), {}
        if booked:
            lines = self.env["loyalty.cohort.line"].sudo()  # the number only; the lines need the reader's own rights
            counts = dict(lines._read_group([("move_id", "in", booked.ids)], ["move_id"], ["__count"]))
        for move in self:
            move.loyalty_cohort_line_count = counts.get(move._origin, 0)

    @api.depends("loyalty_earning_id")
    def _compute_loyalty_deferred_amount(self):
        for move in self:
            # access: users who may read the invoice see what of it is deferred, without access to earnings
            move.loyalty_deferred_amount = move.sudo().loyalty_earning_id.allocated_amount

    def action_view_loyalty_deferral(self):
        """Open what of the document's revenue is deferred for its points; from there the cohort and its journal items."""
        self.check_access("read")
        self.env["loyalty.earning"].check_access("read")
        self.ensure_one()
        earning = self.env["loyalty.earning"].browse(self.sudo().loyalty_earning_id.id)
        earning.check_access("read")
        return earning._get_records_action()

    def action_view_loyalty_cohort_lines(self):
        """Open the lines of cohorts that this entry booked."""
        self.check_access("read")
        self.ensure_one()
        return self.env["loyalty.cohort.line"]._action_list([("move_id", "=", self.id)], self.display_name)

    def _check_draftable(self):
        """What a close booked never disappears: it is undone by an entry of its own date."""
        booked = self.filtered("loyalty_program_id")
        lines = self.env["loyalty.cohort.line"].sudo()  # whether there are any; nothing of them is shown
        found = lines.search([("move_id", "in", booked.ids)], limit=1) if booked else lines
        if found:
            raise UserError(
                self.env._(
                    "%(move)s books deferred revenue of %(program)s and cannot be changed. Reverse the entry; the next "
                    "close books it again.",
                    move=found.move_id.name,
                    program=found.program_id.name,
                )
            )
        return super()._check_draftable()

    def _reverse_loyalty_valuations(self):
        """The reversal of a close's entry takes the lines of its cohorts back, with its own date."""
        super()._reverse_loyalty_valuations()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO loyalty_cohort_line (cohort_id, program_id, company_id, kind, part, amount, date, effective_date,
                                                 move_id, account_id)
                SELECT c.cohort_id, c.program_id, c.company_id, c.kind, c.part, -c.amount, m.date, m.date, m.id, c.account_id
                  FROM account_move m JOIN loyalty_cohort_line c ON c.move_id = m.reversed_entry_id
                 WHERE m.id = ANY(%s) AND NOT EXISTS (SELECT 1 FROM loyalty_cohort_line x WHERE x.move_id = m.id)
                 ORDER BY c.id
                """,
                self.ids,
            )
        )
        self.env["loyalty.cohort.line"].invalidate_model(flush=False)
