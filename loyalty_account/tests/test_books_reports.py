from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .books_common import BooksCase


@tagged("post_install", "-at_install")
class TestBooksReports(BooksCase):
    """Liability by expiry and roll-forward."""

    def story(self):
        """February: 300 points earned, 100 spent. March: 50 come back, 20 are granted, 30 expire, all are worth more."""
        self.earn(270, day="2026-02-10")
        self.run_accrual("2026-02-10")
        spent = self.redeem(100, day="2026-02-20")
        self.earn(30, day="2026-02-21", expiration_date="2026-03-09")
        self.run_accrual("2026-02-28")
        self.program.point_value_ids = [(0, 0, {"date": "2026-03-01", "point_value": 0.2, "vat_rate": 15})]
        self.reverse(spent, 50, day="2026-03-02")
        self.post("adjust", 20, day="2026-03-05")
        self.env["loyalty.card"]._purge(commit=False)
        self.run_accrual()

    def rollforward(self, month):
        return self.env["loyalty.rollforward.report"].search(
            [("program_id", "=", self.program.id), ("month", "=", month)]
        )

    def test_rollforward(self):
        """N2, P13: opening, movements and closing of points and money follow one another, and tie to the books."""
        self.story()
        february, march = self.rollforward("2026-02-01"), self.rollforward("2026-03-01")
        self.assertRecordValues(
            february | march,
            [
                {
                    "opening_points": 0.0,
                    "issued_points": 300.0,
                    "redeemed_points": -100.0,
                    "expired_points": 0.0,
                    "adjusted_points": 0.0,
                    "closing_points": 200.0,
                    "opening_amount": 0.0,
                    "issued_amount": 26.09,
                    "redeemed_amount": -8.70,
                    "expired_amount": 0.0,
                    "adjusted_amount": 0.0,
                    "revalued_amount": 0.0,
                    "closing_amount": 17.39,
                },
                {
                    "opening_points": 200.0,
                    "issued_points": 0.0,
                    "redeemed_points": 50.0,
                    "expired_points": -30.0,
                    "adjusted_points": 20.0,
                    "closing_points": 240.0,
                    "opening_amount": 17.39,
                    "issued_amount": 0.0,
                    "redeemed_amount": 4.35,
                    "expired_amount": -2.61,
                    "adjusted_amount": 3.48,
                    "revalued_amount": 19.13,
                    "closing_amount": 41.74,
                },
            ],
        )
        self.assertEqual(march.closing_amount, self.liability())

    def test_rollforward_on_paper(self):
        """N2: printed for any period, it has the same figures; accountants and auditors print it, clerks do not."""
        self.story()
        for user in (self.accountant, self.auditor):
            report = (
                self.env["loyalty.rollforward"]
                .with_user(user)
                .create({"program_ids": self.program.ids, "date_from": "2026-02-15", "date_to": "2026-03-15"})
            )
            rows = [(points, round(amount, 2)) for __, points, amount in report._rows(self.program)]
            self.assertEqual(
                rows,
                [
                    (270.0, 23.48),
                    (30.0, 2.61),
                    (-50.0, -4.35),
                    (-30.0, -2.61),
                    (20.0, 3.48),
                    (None, 19.13),
                    (240.0, 41.74),
                ],
            )
            self.assertEqual(report.action_print()["type"], "ir.actions.report")
            reports = self.env["ir.actions.report"].with_user(report.env.user)
            html = reports._render_qweb_html("loyalty_account.report_loyalty_rollforward", report.ids)[0]
            page = html.decode()
            for text in (
                "41.74",
                self.liability_account.display_name,
                "0.20 USD, expected VAT 15%",
                report.env.user.name,
            ):
                self.assertIn(text, page)
            self.assertIn(fields.Date.today().strftime("%m/%d/%Y"), page)
            self.assertEqual(page.split("<tbody>")[1].split("</tbody>")[0].count("<tr"), 7)
        with self.assertRaises(AccessError):
            self.env["loyalty.rollforward"].with_user(self.clerk).create({"program_ids": self.program.ids})

    def test_liability_by_expiry(self):
        """P13, P3: open points by month of expiry, with what they carry; the sum is the liability."""
        self.earn(100, expiration_date="2026-05-10")
        self.earn(100, expiration_date="2026-06-20")
        self.earn(100)
        self.run_accrual()
        self.redeem(50)
        report = self.env["loyalty.liability.report"].with_user(self.auditor)
        groups = report._read_group(
            [("program_id", "=", self.program.id)], ["expiration_date:month"], ["points:sum", "amount:sum"]
        )
        found = [(str(month or ""), points, round(amount, 2)) for month, points, amount in groups]
        self.assertEqual(found, [("2026-05-01", 50.0, 4.35), ("2026-06-01", 100.0, 8.69), ("", 100.0, 8.70)])
        self.assertEqual(round(sum(row[2] for row in found), 2), self.liability())
