from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .books_common import BooksCase
from .proof_common import ProofVerbs


@tagged("post_install", "-at_install")
class TestBooksReports(ProofVerbs, BooksCase):
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

    def test_gross_flows(self):
        """N1: points earned and used between two runs carry their value in both columns; what comes back undoes it."""
        period = {
            month: tuple(map(fields.Date.to_date, days))
            for month, days in {"february": ("2026-02-01", "2026-02-28"), "march": ("2026-03-01", "2026-03-31")}.items()
        }

        def flows(month):
            found = self.program._rollforward(*period[month])
            return {name: tuple(map(float, pair)) for name, pair in found.items() if any(pair)}

        self.earn(100, day="2026-02-03")
        entry = self.redeem(40, day="2026-02-10")
        self.run_accrual("2026-02-28")
        february = {"issued": (100.0, 8.7), "redeemed": (-40.0, -3.48), "closing": (60.0, 5.22)}
        self.assertEqual(flows("february"), february)
        self.reverse(entry, day="2026-03-05")
        self.run_accrual("2026-03-15")
        self.assertEqual(flows("march"), {"opening": (60.0, 5.22), "redeemed": (40.0, 3.48), "closing": (100.0, 8.7)})
        self.assertEqual(flows("february"), february)
        # Points that a run has valued carry their value lines, nothing else.
        self.redeem(50, day="2026-03-06")
        self.assertEqual(flows("march"), {"opening": (60.0, 5.22), "redeemed": (-10.0, -0.87), "closing": (50.0, 4.35)})

    def test_gross_flows_of_many(self):
        """N1: 20,883 issued points at 0.10 less 15 % VAT are 1,815.91 issued, however many of them were used at once."""
        for number in range(30):
            self.earn(20_883 / 30 if number else 20_883 - 29 * 696.1, day="2026-02-03")
            self.redeem(557.03, day="2026-02-04")
        self.run_accrual("2026-02-28")
        found = self.program._rollforward(*map(fields.Date.to_date, ("2026-02-01", "2026-02-28")))
        self.assertEqual([round(float(found["issued"][place]), 2) for place in (0, 1)], [20883.0, 1815.91])
        self.assertEqual([round(float(found["redeemed"][place]), 2) for place in (0, 1)], [-16710.9, -1453.12])
        self.assertEqual(found["adjusted"], (0, 0))
        self.assertEqual(float(found["closing"][1]), self.liability())

    def test_as_of_expiry(self):
        """N1: liability by month of expiry is what it was that day, whatever happened since."""
        self.program.write({"expiry_policy": "rolling", "expiry_delay": 6, "expiry_unit": "month"})
        self.earn(100, day="2026-01-10")
        self.run_accrual("2026-01-31")
        january = self.program._liability_by_expiry(fields.Date.to_date("2026-01-31"))
        self.assertEqual(
            [(str(row["month"]), float(row["points"]), float(row["amount"])) for row in january],
            [("2026-07-01", 100.0, 8.70)],
        )
        self.earn(50, day="2026-03-02")
        self.redeem(30, day="2026-03-03")
        self.assertEqual(self.program._liability_by_expiry(fields.Date.to_date("2026-01-31")), january)
        self.run_accrual("2026-03-15")
        march = self.program._liability_by_expiry(fields.Date.to_date("2026-03-15"))
        self.assertEqual(
            [(str(row["month"]), float(row["points"]), float(row["amount"])) for row in march],
            [("2026-09-01", 120.0, 10.43)],
        )

    def test_renewed_expiry(self):
        """N1, bP3: a bonus that renewed rolling expiry counts as of each past day, one that did not never does, and a
        transfer brings its renewal along."""
        self.program.write({"expiry_policy": "rolling", "expiry_delay": 6, "expiry_unit": "month"})
        self.earn(100, day="2026-01-10")
        self.post("adjust", 10, day="2026-01-20")
        bonus = self.post("adjust", 5, day="2026-02-10", renews=True)
        other = self.make_card()
        self.earn(40, card=other, day="2026-01-05")
        self.post("transfer", -15, day="2026-02-20", target_card_id=other.id)
        self.earn(1, day="2026-03-02")
        self.assertEqual([str(entry.last_earning_date) for entry in bonus], ["2026-02-10"])

        def months(day):
            rows = self.program._liability_by_expiry(fields.Date.to_date(day))
            return [(str(row["month"]), float(row["points"])) for row in rows]

        self.assertEqual(months("2026-01-31"), [("2026-07-01", 150.0)])
        self.assertEqual(months("2026-02-15"), [("2026-07-01", 40.0), ("2026-08-01", 115.0)])
        self.assertEqual(months("2026-02-28"), [("2026-08-01", 155.0)])
        self.assertEqual(months("2026-03-15"), [("2026-08-01", 55.0), ("2026-09-01", 101.0)])
        self.assertFalse(self.env["loyalty.card"]._verify_ledger())
        # As an earlier release left it.
        self.tamper("UPDATE loyalty_ledger_entry SET last_earning_date = NULL WHERE program_id = %s", self.program.id)
        self.assertEqual(months("2026-03-15"), [("2026-08-01", 55.0), ("2026-09-01", 101.0)])
        self.assertEqual(months("2026-01-31"), [("2026-07-01", 150.0)])
