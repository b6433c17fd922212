"""The report pack of a close: what an auditor asks for, as one PDF and one workbook."""

import io

import xlsxwriter

from odoo import fields, models
from odoo.tools import format_date

#: Numbers of the workbook; the currency stands in the heading.
MONEY, POINTS = "#,##0.00;-#,##0.00", "#,##0.####;-#,##0.####"


class LoyaltyClose(models.Model):
    _inherit = "loyalty.close"

    pack_pdf_id = fields.Many2one("ir.attachment", "Filed PDF", readonly=True, copy=False, index="btree_not_null")

    def _pack_name(self):
        return self.env._("Loyalty close %(company)s %(date)s", company=self.company_id.name, date=self.date_to)

    def _attach_pack(self):
        """Attach the PDF and the workbook. What people attached themselves stays: it is evidence too.

        While add-ons are being installed no server gives the printer its style sheets: the demo's closes have the
        workbook only, and *Print* makes the PDF at any time.
        """
        self.ensure_one()
        name = self._pack_name()
        files = [
            (
                f"{name}.xlsx",
                self._workbook(),
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            )
        ]
        if self.env.registry.ready:
            pdf, __ = self.env["ir.actions.report"]._render_qweb_pdf(
                "loyalty_account.action_report_loyalty_close", self.ids
            )
            files.insert(0, (f"{name}.pdf", pdf, "application/pdf"))
        # The pack is the server's; the right to run was checked.
        attached = (
            self.env["ir.attachment"]
            .sudo()
            .create(
                [
                    {"name": title, "raw": content, "mimetype": mimetype, "res_model": self._name, "res_id": self.id}
                    for title, content, mimetype in files
                ]
            )
        )
        self.sudo().pack_pdf_id = attached[0] if len(attached) > 1 else False
        self.invalidate_recordset(["attachment_ids"])

    def action_print(self):
        """Give the PDF that was filed: what was signed stays what is printed, whatever programs became since (M17)."""
        self.check_access("read")
        self.ensure_one()
        # Who may read the close may read its files.
        if filed := self.pack_pdf_id.sudo():
            return {"type": "ir.actions.act_url", "url": f"/web/content/{filed.id}?download=true", "target": "self"}
        return self.env.ref("loyalty_account.action_report_loyalty_close").report_action(self)

    def _pack_programs(self):
        """Return what the pack shows, one dict for each program of the close, in the order of the steps."""
        self.ensure_one()
        result = []
        for step in self.step_ids.filtered(lambda step: step.code == "prove"):
            program = step.program_id.with_company(self.company_id)  # accounts are named with their codes
            figures = self.figure_ids.filtered(lambda figure: figure.program_id == program)  # noqa: B023 at once
            value, rate = program._point_value_at(self.date_to)
            expiry = program._liability_by_expiry(self.date_to) if program._keeps_liability() else []
            result.append(
                {
                    "program": program,
                    "figures": figures.filtered(lambda figure: figure.stage == "after"),
                    "account": program.liability_account_id,
                    "cost_account": program.cost_account_id,
                    "point_value": value,
                    "vat_rate": rate,
                    "point_value_text": program._say_point_value(self.date_to),
                    "expiry": expiry,
                    "current": sum(row["amount"] for row in expiry if row["is_current"]),
                    "non_current": sum(row["amount"] for row in expiry if not row["is_current"]),
                    "has_amounts": True,  # by month of expiry; the totals are there in any case
                    "expiry_note": self.env._(
                        "Points that never expire can be redeemed at any time and count as current."
                    ),
                    "relief": self._relief_of(program),
                    "proof": step.proof_id,
                    "reason": step.reason,
                    "run": self.step_ids.filtered(
                        lambda other: other.code == "accrue" and other.program_id == program  # noqa: B023 at once
                    ).run_id,
                }
            )
        return result

    def _relief_of(self, program):
        """Return the rows of the statement of original sales that the close's period has for a program (N17)."""
        return (
            self.env["loyalty.relief.report"]
            .sudo()  # the right to read the close was checked
            .search(
                [
                    ("program_id", "=", program.id),
                    ("company_id", "child_of", self.company_id.id),
                    ("date", ">=", self.date_from),
                    ("date", "<=", self.date_to),
                ]
            )
        )

    def _say_month(self, month):
        return format_date(self.env, month, date_format="LLLL yyyy") if month else self.env._("Never expires")

    # --- workbook ------------------------------------------------------------------------------------------------

    def _workbook(self):
        """Return the pack as the bytes of an XLSX file: numbers are numbers, dates are dates."""
        stream = io.BytesIO()
        # What people typed, such as names and reasons, stays text.
        options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(stream, options) as book:
            formats = {
                "title": book.add_format({"bold": True, "font_size": 14}),
                "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True}),
                "money": book.add_format({"num_format": MONEY}),
                "points": book.add_format({"num_format": POINTS}),
                "total": book.add_format({"num_format": MONEY, "bold": True, "top": 1}),
                "total_points": book.add_format({"num_format": POINTS, "bold": True, "top": 1}),
                "date": book.add_format({"num_format": "yyyy-mm-dd", "align": "left"}),
                "month": book.add_format({"num_format": "yyyy-mm", "align": "left"}),
            }
            programs = self._pack_programs()
            self._sheet_steps(book, formats)
            self._sheet_rollforward(book, formats, programs)
            self._sheet_expiry(book, formats, programs)
            self._sheet_relief(book, formats, programs)
            self._sheet_proof(book, formats, programs)
            self._add_sheets(book, formats, programs)
        return stream.getvalue()

    def _add_sheets(self, book, formats, programs):
        """Hook: add sheets to the workbook. Override in an add-on that has more to show.

        :param formats: dict of the workbook's formats
        :param programs: what :meth:`_pack_programs` returned
        """

    def _sheet(self, book, formats, title, columns):
        """Add a sheet with a title, the period and a heading; return it and the row on which its lines begin."""
        sheet = book.add_worksheet(title[:31])
        sheet.write(0, 0, f"{self.company_id.name}: {title}", formats["title"])
        sheet.write(1, 0, self.env._("From"))
        sheet.write_datetime(1, 1, fields.Datetime.to_datetime(self.date_from), formats["date"])
        sheet.write(1, 2, self.env._("To"))
        sheet.write_datetime(1, 3, fields.Datetime.to_datetime(self.date_to), formats["date"])
        for number, (label, width) in enumerate(columns):
            sheet.set_column(number, number, width)
            sheet.write(3, number, label, formats["head"])
        sheet.freeze_panes(4, 0)
        return sheet, 4

    def _sheet_steps(self, book, formats):
        _ = self.env._
        columns = [
            (_("Step"), 28),
            (_("Program"), 28),
            (_("Status"), 12),
            (_("Points"), 16),
            (_("Amount (%s)", self.currency_id.name), 16),
            (_("Done by"), 22),
            (_("Done on (UTC)"), 20),
            (_("Details"), 60),
        ]
        sheet, row = self._sheet(book, formats, _("Steps"), columns)
        states = dict(self.step_ids._fields["state"]._description_selection(self.env))
        for step in self.step_ids.filtered(lambda step: step.code != "pack"):
            sheet.write(row, 0, step._label())
            sheet.write(row, 1, step.program_id.name or "")
            sheet.write(row, 2, states[step.state])
            sheet.write_number(row, 3, step.points, formats["points"])
            sheet.write_number(row, 4, step.amount, formats["money"])
            sheet.write(row, 5, step.user_id.name or "")
            sheet.write(row, 6, fields.Datetime.to_string(step.done_at) if step.done_at else "")
            sheet.write(row, 7, step.reason or step.note or "")
            row += 1
        sheet.write(row + 1, 0, _("Unexplained"), formats["head"])
        sheet.write_number(row + 1, 4, self.residual, formats["total"])
        sheet.write(row + 2, 0, _("Last transaction seen"))
        sheet.write_number(row + 2, 4, self.last_entry_id)

    def _sheet_rollforward(self, book, formats, programs):
        _ = self.env._
        columns = [
            (_("Program"), 28),
            (_("Line"), 30),
            (_("Points"), 16),
            (_("Amount (%s)", self.currency_id.name), 18),
            (_("Liability Account"), 34),
            (_("Point Value"), 14),
            (_("Expected VAT (%)"), 14),
        ]
        sheet, row = self._sheet(book, formats, _("Roll-Forward"), columns)
        for data in programs:
            names = dict(data["figures"]._fields["name"]._description_selection(self.env))
            for figure in data["figures"]:
                is_total = figure.name in ("opening", "closing")
                sheet.write(row, 0, data["program"].name)
                sheet.write(row, 1, names[figure.name])
                if figure.name != "revalued":
                    sheet.write_number(row, 2, figure.points, formats["total_points" if is_total else "points"])
                if figure.name != "owed":
                    sheet.write_number(row, 3, figure.amount, formats["total" if is_total else "money"])
                sheet.write(row, 4, data["account"].display_name or "")
                sheet.write_number(row, 5, data["point_value"])
                sheet.write_number(row, 6, data["vat_rate"])
                row += 1

    def _sheet_expiry(self, book, formats, programs):
        _ = self.env._
        columns = [
            (_("Program"), 28),
            (_("Month of Expiry"), 22),
            (_("Points"), 16),
            (_("Current (%s)", self.currency_id.name), 18),
            (_("Non-current (%s)", self.currency_id.name), 18),
        ]
        sheet, row = self._sheet(book, formats, _("Liability by Expiry"), columns)
        for data in programs:
            for line in data["expiry"]:
                sheet.write(row, 0, data["program"].name)
                if line["month"]:
                    sheet.write_datetime(row, 1, fields.Datetime.to_datetime(line["month"]), formats["month"])
                else:
                    sheet.write(row, 1, self._say_month(None))
                sheet.write_number(row, 2, line["points"], formats["points"])
                if data["has_amounts"]:
                    sheet.write_number(row, 3 if line["is_current"] else 4, line["amount"], formats["money"])
                row += 1
            sheet.write(row, 0, data["program"].name, formats["head"])
            sheet.write(row, 1, _("Total"), formats["head"])
            sheet.write_number(row, 2, sum(line["points"] for line in data["expiry"]), formats["total_points"])
            sheet.write_number(row, 3, data["current"], formats["total"])
            sheet.write_number(row, 4, data["non_current"], formats["total"])
            row += 2

    def _sheet_relief(self, book, formats, programs):
        """List what redeemed points took off the VAT of which sale, where there is anything."""
        if not any(data["relief"] for data in programs):
            return
        _ = self.env._
        columns = [
            (_("Program"), 28),
            (_("Redeemed on"), 14),
            (_("Redeemed with"), 24),
            (_("Customer"), 28),
            (_("Original sale"), 30),
            (_("Sold on"), 14),
            (_("Rate"), 10),
            (_("Points"), 14),
            (_("Redeemed (%s)", self.currency_id.name), 16),
            (_("Net (%s)", self.currency_id.name), 16),
            (_("VAT (%s)", self.currency_id.name), 16),
        ]
        sheet, row = self._sheet(book, formats, _("Original Sales"), columns)
        origins = dict(self.env["loyalty.relief.report"]._fields["origin"]._description_selection(self.env))
        for data in programs:
            for line in data["relief"]:
                sheet.write(row, 0, data["program"].name)
                sheet.write_datetime(row, 1, fields.Datetime.to_datetime(line.date), formats["date"])
                sheet.write(row, 2, line.document_name or "")
                sheet.write(row, 3, line.partner_id.name or "")
                sheet.write(row, 4, line.sale_name or origins.get(line.origin, ""))
                if line.sale_date:
                    sheet.write_datetime(row, 5, fields.Datetime.to_datetime(line.sale_date), formats["date"])
                sheet.write(row, 6, line.rates or "")
                sheet.write_number(row, 7, line.points, formats["points"])
                for column, amount in enumerate((line.amount, line.net_amount, line.vat_amount), 8):
                    sheet.write_number(row, column, amount, formats["money"])
                row += 1
            for total in data["relief"]._totals():
                sheet.write(row, 0, data["program"].name, formats["head"])
                sheet.write(row, 4, total[0], formats["head"])
                sheet.write(row, 6, total[1], formats["head"])
                sheet.write_number(row, 7, total[2], formats["total_points"])
                for column, amount in enumerate(total[3:], 8):
                    sheet.write_number(row, column, amount, formats["total"])
                row += 1
            row += bool(data["relief"])

    def _sheet_proof(self, book, formats, programs):
        _ = self.env._
        columns = [
            (_("Program"), 28),
            (_("Comparison"), 16),
            (_("What"), 40),
            (_("Ledger"), 16),
            (_("Against"), 40),
            (_("Books"), 16),
            (_("Difference"), 16),
            (_("Unexplained"), 16),
        ]
        sheet, row = self._sheet(book, formats, _("Reconciliation"), columns)
        for data in programs:
            parts = dict(data["proof"].part_ids._fields["part"]._description_selection(self.env))
            for part in data["proof"].part_ids:
                texts = (data["program"].name, parts[part.part], part.ledger_label)
                for column, text in enumerate(texts):
                    sheet.write(row, column, text)
                sheet.write_number(row, 3, part.ledger, formats["money"])
                sheet.write(row, 4, part.books_label)
                for column, value in enumerate((part.books, part.difference, part.residual), 5):
                    sheet.write_number(row, column, value, formats["money"])
                row += 1
            for line in data["proof"].line_ids:
                sheet.write(row, 0, data["program"].name)
                sheet.write(row, 1, parts[line.part])
                sheet.write(row, 2, f"{line.problem} {line.row_name}")
                sheet.write_number(row, 6, line.amount, formats["money"])
                sheet.write_number(row, 7, 0 if line.is_explained else line.size or abs(line.amount), formats["money"])
                row += 1
