"""The disclosures of deferred revenue for any period: on paper, and as a workbook."""

import base64
import io

import xlsxwriter
from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

from odoo.addons.loyalty_ledger.tools.today import loyalty_today

from ..tools.disclosure_sheets import add_sheets, total_of

MONEY = "#,##0.00;-#,##0.00"


class LoyaltyDisclosure(models.TransientModel):
    _name = "loyalty.disclosure"
    _description = "Disclosures of Deferred Revenue"

    company_id = fields.Many2one("res.company", "Company", required=True, default=lambda self: self.env.company)
    currency_id = fields.Many2one(related="company_id.currency_id")
    program_ids = fields.Many2many(
        "loyalty.program",
        string="Programs",
        compute="_compute_program_ids",
        store=True,
        readonly=False,
        domain="[('company_id', '=', company_id), ('program_type', '=', 'loyalty')]",
    )
    date_from = fields.Date("From", required=True, default=lambda self: self._default_date_from())
    date_to = fields.Date("To", required=True, default=lambda self: self._default_date_to())

    def _default_date_to(self):
        return loyalty_today(self.env, self.env.company) + relativedelta(day=1) - relativedelta(days=1)

    def _default_date_from(self):
        return self.env.company.compute_fiscalyear_dates(self._default_date_to())["date_from"]

    @api.depends("company_id")
    def _compute_program_ids(self):
        """Programs that defer, and those that did: their roll-forward goes on until nothing is left."""
        for report in self:
            lines = self.env["loyalty.cohort"].search([("company_id", "=", report.company_id.id)])
            report.program_ids = lines.program_id

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        if any(report.date_from > report.date_to for report in self):
            raise ValidationError(self.env._("The end date is before the start date."))

    def _programs(self):
        self.check_access("read")
        self.program_ids.check_access("read")
        if not self.program_ids:
            raise UserError(
                self.env._(
                    "Choose at least one program. If none can be chosen, set the accounting policy “Defer revenue (IFRS 15)” "
                    "on a program first."
                )
            )
        if self.date_to > loyalty_today(self.env, self.company_id):
            raise UserError(
                self.env._("What will be deferred on a day to come is not known. End with today or an earlier day.")
            )
        return self.program_ids.sudo()  # figures of lines; the right to read programs and cohorts was checked

    def action_print(self):
        """Print the disclosures."""
        self._programs()
        return self.env.ref("loyalty_deferral.action_report_loyalty_disclosure").report_action(self)

    def action_export(self):
        """Download the disclosures as a workbook."""
        self._programs()
        self.ensure_one()
        stream = io.BytesIO()
        with xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False}) as book:
            add_sheets(self, book, self._formats(book), self._disclosures(), self._period())
        name = self.env._("Deferred revenue %(company)s %(date)s.xlsx", company=self.company_id.name, date=self.date_to)
        file = self.env["ir.attachment"].create(
            {"name": name, "datas": base64.b64encode(stream.getvalue()), "res_model": self._name, "res_id": self.id}
        )
        return {"type": "ir.actions.act_url", "url": f"/web/content/{file.id}?download=true", "target": "self"}

    def _period(self):
        return f"{format_date(self.env, self.date_from)} – {format_date(self.env, self.date_to)}"

    @staticmethod
    def _formats(book):
        return {
            "title": book.add_format({"bold": True, "font_size": 14}),
            "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True}),
            "money": book.add_format({"num_format": MONEY}),
            "total": book.add_format({"num_format": MONEY, "bold": True, "top": 1}),
            "month": book.add_format({"num_format": "yyyy-mm", "align": "left"}),
        }

    def _disclosures(self):
        """Return the disclosure of each program, and of all together where there are several."""
        self.ensure_one()
        return total_of([program._deferral_disclosure(self.date_from, self.date_to) for program in self._programs()])
