from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL, format_date

from odoo.addons.loyalty_ledger.tools.sql_files import read_sql

from ..books.movements import MOVEMENTS

ROLLFORWARD = read_sql(__file__, "rollforward")


class LoyaltyRollforwardReport(models.Model):
    """Opening, movements and closing of points and of their value, by program and month."""

    _name = "loyalty.rollforward.report"
    _inherit = ["loyalty.program.sums.mixin"]
    _description = "Roll-Forward of Loyalty Points"
    _auto = False
    _order = "month desc, program_id"
    _rec_name = "program_id"

    program_id = fields.Many2one("loyalty.program", "Program", readonly=True)
    company_id = fields.Many2one("res.company", "Company", readonly=True)
    currency_id = fields.Many2one("res.currency", "Currency", readonly=True)
    month = fields.Date("Month", readonly=True)
    month_name = fields.Char("Name of the Month", compute="_compute_month_name")
    opening_points = fields.Float("Opening Points", digits=(16, 4), readonly=True, aggregator=None)
    issued_points = fields.Float("Issued Points", digits=(16, 4), readonly=True)
    redeemed_points = fields.Float("Redeemed Points", digits=(16, 4), readonly=True)
    expired_points = fields.Float("Expired Points", digits=(16, 4), readonly=True)
    adjusted_points = fields.Float("Adjusted Points", digits=(16, 4), readonly=True)
    closing_points = fields.Float("Closing Points", digits=(16, 4), readonly=True, aggregator=None)
    opening_amount = fields.Monetary("Opening", readonly=True, aggregator=None)
    issued_amount = fields.Monetary("Issued", readonly=True)
    redeemed_amount = fields.Monetary("Redeemed", readonly=True)
    expired_amount = fields.Monetary("Expired", readonly=True)
    adjusted_amount = fields.Monetary(
        "Adjusted", readonly=True, help="With the cents by which what was booked differs from the rounded total."
    )
    revalued_amount = fields.Monetary("Revalued", readonly=True)
    closing_amount = fields.Monetary("Closing", readonly=True, aggregator=None)

    @api.depends("month")
    def _compute_month_name(self):
        for row in self:
            row.month_name = format_date(self.env, row.month, date_format="LLLL yyyy")

    def action_view_transactions(self):
        """Open the transactions of points of the month, by type."""
        return self._open("loyalty_ledger.loyalty_ledger_entry_action", "effective_date")

    def action_view_values(self):
        """Open the value lines of the month, by type; where points have no value on the books, their transactions."""
        self.check_access("read")
        self.ensure_one()
        if not self.env["loyalty.valuation"].search_count(self._domain_of_month("date"), limit=1):
            return self.action_view_transactions()
        return self._open("loyalty_account.loyalty_valuation_action", "date")

    def _open(self, xml_id, date):
        """Return the action, of the rows of this program and month only, by type.

        :param date: name of the field that says in which month a row counts
        """
        self.check_access("read")
        self.ensure_one()
        domain = self._domain_of_month(date)
        action = self.env["ir.actions.act_window"]._for_xml_id(xml_id)
        return {**action, "name": self._title(action["name"]), "domain": domain, "context": {"group_by": ["kind"]}}

    def _domain_of_month(self, date):
        end = self.month + relativedelta(months=1)
        return [("program_id", "=", self.program_id.id), (date, ">=", self.month), (date, "<", end)]

    def _title(self, name):
        return f"{name}: {self.program_id.name}, {self.month_name}"

    @property
    def _table_query(self):
        columns = SQL(", ").join(
            SQL("sum(%s) FILTER (WHERE name = %s) AS %s", SQL.identifier(what), name, SQL.identifier(f"{name}_{what}"))
            for what in ("points", "amount")
            for name in MOVEMENTS
        )
        shown = SQL(", ").join(
            SQL("COALESCE(f.%s, 0) AS %s", SQL.identifier(f"{name}_{what}"), SQL.identifier(f"{name}_{what}"))
            for what in ("points", "amount")
            for name in MOVEMENTS
            if (name, what) != ("revalued", "points")
        )
        return SQL(
            ROLLFORWARD,
            columns=columns,
            shown=shown,
            movements=self.env["loyalty.program"]._movements(),
        )
