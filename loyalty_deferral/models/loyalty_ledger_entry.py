"""Which cohorts of deferred revenue a transaction used points of."""

from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.tools.sql_files import read_sql

COHORT_USES = read_sql(__file__, "cohort_uses")

#: Who may read cohorts.
READERS = (
    "account.group_account_readonly,account.group_account_user,account.group_account_manager,"
    "loyalty_ledger.group_loyalty_auditor,loyalty_ledger.group_loyalty_manager"
)


class LoyaltyLedgerEntry(models.Model):
    _inherit = "loyalty.ledger.entry"

    cohort_ids = fields.Many2many(
        "loyalty.cohort",
        string="Cohorts",
        compute="_compute_cohort_ids",
        groups=READERS,
        help="Deferred revenue whose points the transaction redeemed, took off, or gave back.",
    )

    @api.depends("consumption_ids")
    def _compute_cohort_ids(self):
        self.env.flush_all()
        found, entries = defaultdict(set), self.ids
        mine = SQL(
            "(c.debit_entry_id = ANY(%(entries)s) OR c.entry_id <> c.debit_entry_id AND c.entry_id = ANY(%(entries)s))",
            entries=entries,
        )
        for __, debit, giving, cohort in self.env.execute_query(SQL(COHORT_USES, condition=mine)):
            found[debit].add(cohort)
            found[giving].add(cohort)
        for entry in self:
            entry.cohort_ids = sorted(found[entry.id])

    def action_view_cohorts(self):
        """Open the cohorts of deferred revenue that the transaction used points of, with the rights of the user."""
        self.check_access("read")
        self.ensure_one()
        return self.cohort_ids._get_records_action(name=self.env._("Deferred Revenue"))
