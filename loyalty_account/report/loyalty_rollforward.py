"""The roll-forward on paper: any period, one table for each program."""

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from .loyalty_rollforward_report import MOVEMENTS, movements


class LoyaltyRollforward(models.TransientModel):
    _name = "loyalty.rollforward"
    _description = "Print the Roll-Forward of Loyalty Points"

    program_ids = fields.Many2many(
        "loyalty.program",
        string="Programs",
        required=True,
        default=lambda self: self._default_program_ids(),
        domain=[("program_type", "=", "loyalty")],
    )
    date_from = fields.Date(
        "From", required=True, default=lambda self: fields.Date.context_today(self) - relativedelta(months=1, day=1)
    )
    date_to = fields.Date(
        "To",
        required=True,
        default=lambda self: fields.Date.context_today(self) + relativedelta(day=1) - relativedelta(days=1),
    )

    def _default_program_ids(self):
        return self.env["loyalty.program"].search(
            [("accounting_policy", "=", "accrual"), ("company_id", "in", self.env.companies.ids)]
        )

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        if any(report.date_from > report.date_to for report in self):
            raise ValidationError(self.env._("The end date is before the start date."))

    def action_print(self):
        """Print one table for each program."""
        self.program_ids.check_access("read")
        return self.env.ref("loyalty_account.action_report_loyalty_rollforward").report_action(self)

    def _rows(self, program):
        """Return the lines of a program's table: (label, points or None, amount)."""
        self.ensure_one()
        self.program_ids.check_access("read")
        if program not in self.program_ids:
            return []
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT CASE WHEN day < %(start)s THEN 'opening' ELSE name END, sum(points), sum(amount)
                  FROM (%(movements)s) n WHERE day <= %(end)s GROUP BY 1
                """,
                start=self.date_from,
                end=self.date_to,
                movements=movements(SQL("AND e.program_id = %s", program.id), SQL("AND v.program_id = %s", program.id)),
            )
        )
        found = {name: (points, amount) for name, points, amount in rows}
        labels = {
            "opening": self.env._("Opening balance"),
            "issued": self.env._("Issued, less taken back"),
            "redeemed": self.env._("Redeemed, less returned"),
            "expired": self.env._("Expired"),
            "adjusted": self.env._("Adjusted"),
            "revalued": self.env._("Revalued"),
        }
        lines = [
            (labels[name], None if name == "revalued" else found.get(name, (0, 0))[0], found.get(name, (0, 0))[1])
            for name in ("opening", *MOVEMENTS)
        ]
        closing = (sum(points or 0 for __, points, __ in lines), sum(amount for __, __, amount in lines))
        return [*lines, (self.env._("Closing balance"), *closing)]
