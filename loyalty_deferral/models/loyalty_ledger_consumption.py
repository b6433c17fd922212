"""Of which cohort of deferred revenue points were used."""

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .loyalty_ledger_entry import COHORT_USES, READERS


class LoyaltyLedgerConsumption(models.Model):
    _inherit = "loyalty.ledger.consumption"

    cohort_id = fields.Many2one(
        "loyalty.cohort", "Cohort", compute="_compute_cohort_id", search="_search_cohort_id", groups=READERS
    )
    kind = fields.Selection(related="debit_entry_id.kind")
    effective_date = fields.Date(related="entry_id.effective_date")

    @api.depends("lot_id", "debit_entry_id")
    def _compute_cohort_id(self):
        self.env.flush_all()
        rows = self.env.execute_query(SQL(COHORT_USES, condition=SQL("c.id = ANY(%s)", self.ids)))
        found = {use: cohort for use, __, __, cohort in rows}
        for use in self:
            use.cohort_id = found.get(use.id, False)

    def _search_cohort_id(self, operator, value):
        if operator != "in":
            return NotImplemented
        self.env.flush_all()
        cohorts = (
            self.env["loyalty.cohort"].sudo().browse([number for number in value if number]).exists()
        )  # their months
        if not cohorts:
            return Domain.FALSE
        # The months are said once more: with them, PostgreSQL reads the lots of a month, and not all uses that there are.
        conditions = [
            SQL(
                "(k.id = %(cohort)s AND o.program_id = %(program)s AND %(day)s >= %(first)s AND %(day)s < %(next)s)",
                cohort=cohort.id,
                program=cohort.program_id.id,
                day=SQL("g.date") if cohort.kind == "sale" else SQL("o.date"),
                first=cohort.date_from,
                next=cohort.date_from + relativedelta(months=1),
            )
            for cohort in cohorts
        ]
        uses = SQL(COHORT_USES, condition=SQL("(%s)", SQL(" OR ").join(conditions)))
        return Domain("id", "in", SQL("(SELECT id FROM (%s) u)", uses))
