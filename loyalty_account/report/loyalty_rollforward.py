"""The roll-forward on paper: any period, one table for each program."""

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.loyalty_ledger.tools.today import loyalty_today

from ..books import combinations
from ..books.movements import ROLLFORWARD


class LoyaltyRollforward(models.TransientModel):
    _name = "loyalty.rollforward"
    _description = "Print the Roll-Forward of Loyalty Points"

    program_ids = fields.Many2many(
        "loyalty.program",
        string="Programs",
        required=True,
        default=lambda self: self._default_program_ids(),
        domain=["|", ("program_type", "=", "loyalty"), ("accounting_policy", "=", "stored_value")],
    )
    date_from = fields.Date(
        "From",
        required=True,
        default=lambda self: loyalty_today(self.env, self.env.company) - relativedelta(months=1, day=1),
    )
    date_to = fields.Date(
        "To",
        required=True,
        default=lambda self: loyalty_today(self.env, self.env.company) + relativedelta(day=1) - relativedelta(days=1),
    )

    def _default_program_ids(self):
        return self.env["loyalty.program"].search(
            [("accounting_policy", "in", combinations.LIABILITY_POLICIES), ("company_id", "in", self.env.companies.ids)]
        )

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        if any(report.date_from > report.date_to for report in self):
            raise ValidationError(self.env._("The end date is before the start date."))

    def action_print(self):
        """Print one table for each program."""
        self.program_ids.check_access("read")
        return self.env.ref("loyalty_account.action_report_loyalty_rollforward").report_action(self)

    def _now(self):
        return fields.Datetime.now()

    def _rows(self, program):
        """Return the lines of a program's table: (label, points or None, amount)."""
        self.ensure_one()
        self.program_ids.check_access("read")
        if program not in self.program_ids:
            return []
        labels = {
            "opening": self.env._("Opening balance"),
            "issued": self.env._("Issued, less taken back"),
            "redeemed": self.env._("Redeemed, less returned"),
            "expired": self.env._("Expired"),
            "adjusted": self.env._("Adjusted, incl. rounding"),
            "revalued": self.env._("Revalued"),
            "closing": self.env._("Closing balance"),
        }
        found = program._rollforward(self.date_from, self.date_to)
        return [(labels[name], None if name == "revalued" else found[name][0], found[name][1]) for name in ROLLFORWARD]
