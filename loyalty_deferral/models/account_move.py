from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL


class AccountMove(models.Model):
    _inherit = "account.move"

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
