"""The triangle as a workbook."""

import base64
import io

import xlsxwriter

from odoo import fields, models


class LoyaltyRedemptionStudy(models.TransientModel):
    _inherit = "loyalty.redemption.study"

    file = fields.Binary("Workbook", readonly=True, attachment=False)
    file_name = fields.Char(readonly=True)

    def action_export(self):
        """Download triangle, factors and proposals as XLSX."""
        self.ensure_one()
        self.check_access("write")
        self.program_id.check_access("read")
        name = self.env._("Expected redemption %(program)s %(date)s", program=self.program_id.name, date=self.date)
        self.write({"file": base64.b64encode(self._workbook()), "file_name": f"{name}.xlsx"})
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/file/{self.file_name.replace('/', '-')}?download=true",
            "target": "self",
        }

    def _workbook(self):
        """Return the bytes of an XLSX file: numbers are numbers, months are dates."""
        found = self.program_id.sudo()._deferral_triangle(self.date)  # sums, which readers of the study may see
        stream = io.BytesIO()
        options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(stream, options) as book:
            formats = {
                "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True}),
                "points": book.add_format({"num_format": "#,##0.####"}),
                "percent": book.add_format({"num_format": "0.00"}),
                "factor": book.add_format({"num_format": "0.000000"}),
                "month": book.add_format({"num_format": "yyyy-mm", "align": "left"}),
            }
            self._sheet_triangle(book, formats, found)
            self._sheet_proposals(book, formats, found)
        return stream.getvalue()

    def _sheet_triangle(self, book, formats, found):
        _ = self.env._
        sheet = book.add_worksheet(_("Triangle"))
        count = len(found["factors"]) + 1
        for number, label in enumerate([_("Month"), _("Issued"), *range(count)]):
            sheet.write(0, number, label, formats["head"])
        sheet.set_column(0, count + 1, 12)
        row = 1
        for cohort in found["cohorts"]:
            sheet.write_datetime(row, 0, fields.Datetime.to_datetime(cohort["month"]), formats["month"])
            sheet.write_number(row, 1, cohort["issued"], formats["points"])
            for age, points in enumerate(cohort["redeemed"]):
                sheet.write_number(row, 2 + age, points, formats["points"])
            row += 1
        sheet.write(row + 1, 0, _("Factor to the next age"))
        for age, factor in enumerate(found["factors"]):
            sheet.write_number(row + 1, 2 + age, factor, formats["factor"])
        sheet.freeze_panes(1, 2)

    def _sheet_proposals(self, book, formats, found):
        _ = self.env._
        sheet = book.add_worksheet(_("Proposals"))
        columns = {
            _("Month"): ("month", "month"),
            _("Issued"): ("issued", "points"),
            _("Lapsed"): ("lapsed", "points"),
            _("Redeemed"): ("actual", "points"),
            _("Expected a month ago"): ("expected", "points"),
            _("In force (%)"): ("in_force", "percent"),
            _("Proposal (%)"): ("rate", "percent"),
            _("Low (%)"): ("low", "percent"),
            _("High (%)"): ("high", "percent"),
        }
        sheet.set_column(0, len(columns), 14)
        for number, label in enumerate(columns):
            sheet.write(0, number, label, formats["head"])
        for row, cohort in enumerate(found["cohorts"], start=1):
            for number, (name, style) in enumerate(columns.values()):
                value = cohort[name]
                write = sheet.write_number
                if name == "month":
                    value, write = fields.Datetime.to_datetime(value), sheet.write_datetime
                write(row, number, value, formats[style])
        sheet.freeze_panes(1, 1)
