import io
import json
from decimal import Decimal

import openpyxl
from lxml import etree

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..tools.disclosure import expected_months
from .common import DeferralCase
from .test_deferral_tools import GOLDEN


@tagged("post_install", "-at_install")
class TestDisclosure(DeferralCase):
    def amounts(self, found):
        return {name: float(amount) for name, amount in found.items() if amount}

    def year(self):
        """1,000.00 sold in December and in January; redemptions of both in January, lapses, a return, an estimate."""
        self.sell(1000.0, day="2025-12-10")
        self.redeem(20, day="2025-12-20")
        self.defer("2025-12-31")
        self.sell(1000.0, day="2026-01-10")
        other = self.sell(500.0, day="2026-01-11")
        self.redeem(100, day="2026-01-20")
        self.defer("2026-01-31")
        self.credit(other, 500.0, day="2026-02-10")
        self.estimate(96.0, "2026-02-15")

    def test_roll_forward(self):
        """N15: opening, allocated, recognised from the opening balance and from this year's, estimate, returns; it adds up
        and is the balance of the liability account."""
        self.year()
        self.defer("2026-02-28")
        found = self.program._deferral_rollforward(*map(fields.Date.to_date, ("2026-01-01", "2026-02-28")))
        self.assertEqual(
            self.amounts(found),
            {
                "opening": 68.49,
                "allocated": 130.14,
                "recognised_opening": -68.49,
                "recognised_current": -18.27,
                "re_estimate": 0.19,
                "returns": -43.38,
                "closing": self.liability(),
            },
        )
        self.assertEqual(sum(found.values()) - found["closing"], found["closing"])
        disclosure = self.program._deferral_disclosure(*map(fields.Date.to_date, ("2026-01-01", "2026-02-28")))
        self.assertEqual(float(sum(amount for __, amount in disclosure["outlook"])), self.liability())
        self.assertEqual(float(disclosure["current"] + disclosure["non_current"]), self.liability())
        shifts = {shift: float(change) for shift, __, change in disclosure["sensitivity"]}
        self.assertTrue(shifts[-5] < shifts[-1] < 0 < shifts[1] <= shifts[5])

    def test_clicks(self):
        """N2, N15: an accountant follows a sale from its invoice to what is deferred, its cohort and the journal items."""
        invoice = self.sell(1000.0, day="2026-01-10").with_user(self.accountant)
        self.defer("2026-01-31")
        self.assertEqual(invoice.loyalty_deferred_amount, 86.76)
        action = invoice.action_view_loyalty_deferral()
        earning = self.env[action["res_model"]].with_user(self.accountant).browse(action["res_id"])
        self.assertEqual((earning.revenue_amount, earning.allocated_amount), (1000.0, 86.76))
        action = earning.action_view_cohort()
        cohort = self.env[action["res_model"]].with_user(self.accountant).browse(action["res_id"])
        items = self.env["account.move.line"].search(cohort.action_view_items()["domain"])
        self.assertEqual(items.move_id, cohort.line_ids.move_id)

    def test_dashboard(self):
        """N27, N29: what is deferred is a liability of the dashboard, month by month; it opens lines that add up to it."""
        self.year()
        self.defer("2026-02-28")
        options = {"program_id": self.program.id}
        dashboard = self.env["loyalty.dashboard"]
        liability = dashboard.load_figures(options)["hero"]["figures"][0]
        self.assertEqual((liability["key"], liability["values"][-1]), ("liability", self.liability()))
        self.assertEqual(liability["values"][7:10], [0.0, 68.49, 111.87])  # November to January
        action = dashboard.open_lines("liability", options)
        cohorts = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(round(sum(cohorts.mapped("deferred_amount")), 2), self.liability())
        self.env["loyalty.program"].create({"name": "Wallet", "program_type": "ewallet"})
        # Something else on the account is none of the points.
        self.env["account.move"].create(
            {
                "journal_id": self.program.loyalty_journal_id.id,
                "line_ids": [
                    Command.create({"account_id": self.liability_account.id, "credit": 5.0}),
                    Command.create({"account_id": self.cost_account.id, "debit": 5.0}),
                ],
            }
        ).action_post()
        liability = dashboard.load_figures({})["hero"]["figures"][0]
        action = dashboard.open_lines("liability", {})
        lines = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(round(sum(lines.mapped("amount")), 2), liability["values"][-1])
        self.assertEqual(lines.cohort_id, self.program.cohort_ids.filtered("deferred_amount"))

    def test_pack(self):
        """N15: PDF and workbook of a close show the disclosure of the financial year; so do those for any period."""
        self.year()
        close = self.close("2026-02-28", "2026-02-01")
        file = close.attachment_ids.filtered(lambda file: file.name.endswith("xlsx"))
        book = openpyxl.load_workbook(io.BytesIO(file.raw))
        rows = {row[1]: row[2] for row in book["Deferred Revenue"].iter_rows(min_row=5, values_only=True) if row[1]}
        self.assertEqual((rows["Opening balance"], rows["Closing balance"]), (68.49, self.liability()))
        self.assertEqual(
            [row[1] for row in book["Sensitivity"].iter_rows(min_row=5, values_only=True)][:7],
            [
                "-5 percentage points",
                "-1 percentage point",
                "As estimated",
                "+1 percentage point",
                "+5 percentage points",
                "Expected redemption of the program at the end of the period: 96%",
                "The expected redemption stops at 100%: no more points than issued can be redeemed.",
            ],
        )
        outlook = [row for row in book["Expected Revenue"].iter_rows(min_row=5, values_only=True) if row[1]]
        self.assertEqual(outlook[-1][1:], ("Closing balance", self.liability()))
        # Current and non-current are those of the disclosure; points show by when they can be redeemed.
        total = [row for row in book["Liability by Expiry"].iter_rows(values_only=True) if row[1] == "Total"]
        self.assertEqual(tuple(total[0][3:5]), (self.liability(), 0.0))
        months = list(book["Liability by Expiry"].iter_rows(min_row=5, values_only=True))[:1]
        self.assertEqual([row[2:5] for row in months], [(80.0, None, None)])
        html, __ = self.env["ir.actions.report"]._render_qweb_html(
            "loyalty_account.action_report_loyalty_close", close.ids
        )
        self.assertIn("expected to be recognised within twelve months", html.decode())
        self.assertIn("Recognised from the opening balance", html.decode())
        report = (
            self.env["loyalty.disclosure"]
            .with_user(self.accountant)
            .create({"company_id": self.company.id, "date_from": "2026-01-01", "date_to": "2026-02-28"})
        )
        self.assertEqual(report.program_ids, self.program)
        report.action_print()
        self.assertIn("/web/content/", report.action_export()["url"])
        html, __ = (
            self.env["ir.actions.report"]
            .with_user(self.accountant)
            ._render_qweb_html("loyalty_deferral.action_report_loyalty_disclosure", report.ids)
        )
        paper = etree.HTML(html)
        words = " ".join(" ".join(paper.itertext()).split())
        self.assertIn("Recognised from the opening balance", words)
        self.assertIn("-1 percentage point $", words.replace("\u00a0", " "))
        # In a language from right to left a sign stays before its number.
        amounts = paper.xpath("//span[@class='oe_currency_value']")
        self.assertTrue(amounts)
        self.assertFalse([amount for amount in amounts if not amount.xpath("ancestor::span[@dir='ltr']")])
        self.assertIn("Expected redemption of the program at the end of the period: 96%", words)
        self.assertIn("The expected redemption stops at 100%", words)
        self.assertEqual(words.count("Closing balance"), 2)
        self.assertNotIn("not closed yet", words)

    def test_pack_of_several_programs(self):
        """N15: the pack shows the disclosures of all programs together after those of each; of one there is no total."""
        self.year()

        def pack():
            vals = {"company_id": self.company.id, "date_from": "2026-02-01", "date_to": "2026-02-28"}
            close = self.env["loyalty.close"].create(vals)
            programs = close._pack_programs()
            html, __ = self.env["ir.actions.report"]._render_qweb_html(
                "loyalty_account.action_report_loyalty_close", close.ids
            )
            total = close._total_disclosure(programs)
            close.unlink()
            return [data["disclosure"]["rollforward"] for data in programs], total, html.decode()

        (own,), total, html = pack()
        self.assertFalse(total)
        self.assertNotIn("All Programs", html)
        self.program.copy({"name": "Other"})
        each, total, html = pack()
        self.assertEqual(len(each), 2)
        self.assertEqual(total["rollforward"], {name: sum(rows[name] for rows in each) for name in own})
        self.assertIn("All Programs", html)

    def test_not_closed(self):
        """N15: where the end of the period is not closed, the sensitivity says what the next close will still post."""
        self.year()
        days = map(fields.Date.to_date, ("2026-01-01", "2026-02-28"))
        disclosure = self.program._deferral_disclosure(*days)
        base = next(total for shift, total, __ in disclosure["sensitivity"] if not shift)
        self.assertEqual(disclosure["unposted"], base - disclosure["rollforward"]["closing"])
        self.assertTrue(disclosure["unposted"])
        notes = self.program._sensitivity_notes(disclosure)
        self.assertIn("not closed yet", notes[-1])
        self.defer("2026-02-28")
        self.assertEqual(float(base), self.liability())

    def test_odd_inputs(self):
        """N15: a period that has not ended, or no program, is refused with what to do."""
        self.year()
        report = self.env["loyalty.disclosure"].with_user(self.accountant)
        report = report.create({"company_id": self.company.id, "date_from": "2026-01-01", "date_to": "2026-12-31"})
        for action in (report.action_print, report.action_export):
            with self.assertRaisesRegex(UserError, "a day to come is not known"):
                action()
        report.write({"date_to": "2026-02-28", "program_ids": [Command.clear()]})
        with self.assertRaisesRegex(UserError, "Choose at least one program"):
            report.action_print()

    def test_pages(self):
        """N15: each program begins on a page of its own with its heading, and so does the total."""
        self.year()
        other = self.program.copy({"name": "Second Club", "active": True})
        self.assertFalse(other.cohort_ids)
        report = self.env["loyalty.disclosure"].create(
            {
                "company_id": self.company.id,
                "program_ids": [Command.set((self.program | other).ids)],
                "date_from": "2026-01-01",
                "date_to": "2026-02-28",
            }
        )
        html, __ = self.env["ir.actions.report"]._render_qweb_html(
            "loyalty_deferral.action_report_loyalty_disclosure", report.ids
        )
        headings = etree.HTML(html).xpath("//h3")
        self.assertEqual(
            [
                (" ".join("".join(h.itertext()).split()), "page-break-before" in (h.get("style") or ""))
                for h in headings
            ],
            [(self.program.name, False), ("Second Club", True), ("All Programs", True)],
        )

    def test_expiry_of_the_day(self):
        """N15: expected months end where points expired as it was known on the day; later uses and extensions change nothing."""
        self.sell(1000.0, day="2025-12-10")
        self.card.expiration_date = "2026-04-30"
        self.defer("2025-12-31")
        day = fields.Date.to_date("2025-12-31")
        before = self.program._deferral_outlook(day)
        self.assertEqual([(str(month), float(amount)) for month, amount in before][-1:], [("2026-04-01", 21.69)])
        self.redeem(95, day="2026-01-20")
        self.post("adjust", -5, day="2026-01-21")
        self.assertEqual(self.program._deferral_outlook(day), before)

    def test_published_roll_forwards(self):
        """N15: published roll-forwards, entered as lines, foot and chain to the same closing figures."""
        golden = json.loads((GOLDEN / "rollforwards.json").read_text())
        rows = [row for row in golden["stored_value_and_loyalty_usd_m"] if "quarter to 2023" in row[0]]
        for number, (__, opening, deferred, recognised, other, closing) in enumerate(rows):
            self._enter(f"202{number + 1}-01-01", [] if number else [("transition", opening, 2020)])
            self._enter(
                f"202{number + 1}-06-30",
                [("allocate", deferred, 2021), ("redeem", recognised, 2021), ("re_estimate", other, 2021)],
            )
            found = self.program._deferral_rollforward(
                *map(fields.Date.to_date, (f"202{number + 1}-01-02", f"202{number + 1}-12-31"))
            )
            self.assertEqual((float(found["opening"]), float(found["closing"])), (opening, closing))

    def test_published_airline(self):
        """N15: a published roll-forward with revenue from the opening balance apart from that of the year's additions."""
        years = json.loads((GOLDEN / "rollforwards.json").read_text())["airline_rmb_m"]
        self._enter("2017-12-31", [("transition", years["2018"]["opening"], 2017)])
        for year in ("2018", "2019"):
            figures = years[year]
            self._enter(
                f"{year}-12-31",
                [
                    ("allocate", figures["increase"], int(year)),
                    ("redeem", figures["recognised_from_opening"], int(year) - 1),
                    ("redeem", figures["recognised_from_additions"], int(year)),
                ],
            )
            found = self.program._deferral_rollforward(*map(fields.Date.to_date, (f"{year}-01-01", f"{year}-12-31")))
            self.assertEqual(
                self.amounts(found),
                {
                    "opening": figures["opening"],
                    "allocated": figures["increase"],
                    "recognised_opening": figures["recognised_from_opening"],
                    "recognised_current": figures["recognised_from_additions"],
                    "closing": figures["closing"],
                },
            )
            self.assertEqual(figures["current"] + figures["non_current"], figures["closing"])

    def _enter(self, day, lines):
        """Enter published figures as lines: ``(kind, amount, year of the sales)``."""
        rows = []
        for kind, amount, year in lines:
            month = fields.Date.to_date(f"{year}-01-01")
            cohort = self.cohort(month) or self.env["loyalty.cohort"].sudo().create(
                {"program_id": self.program.id, "company_id": self.company.id, "date_from": month, "kind": "sale"}
            )
            rows.append((cohort, kind, "recognised" if kind in ("redeem", "re_estimate") else "allocated", amount))
        self.env["loyalty.cohort.line"]._book(rows, fields.Date.to_date(day), self.env["account.move"])

    def test_expected_months(self):
        """N15: expected months follow the ages at which earlier sales were redeemed, and end where points expire."""
        cent = Decimal("0.01")
        pattern = {0: Decimal("0.3"), 1: Decimal("0.2"), 2: Decimal("0.1"), 12: Decimal("0.1")}
        self.assertEqual(
            expected_months(Decimal(100), 0, pattern, None, cent),
            [(1, Decimal("50.00")), (2, Decimal("25.00")), (12, Decimal("25.00"))],
        )
        self.assertEqual(
            expected_months(Decimal("0.05"), 0, pattern, 6, cent), [(1, Decimal("0.03")), (2, Decimal("0.02"))]
        )
        self.assertEqual(expected_months(Decimal(10), 13, pattern, 12, cent), [(1, Decimal("10.00"))])
