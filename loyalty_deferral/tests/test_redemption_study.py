import io

import openpyxl
from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools.safe_eval import safe_eval

from ..tools import chain_ladder
from .common import DeferralCase


@tagged("post_install", "-at_install")
class TestRedemptionStudy(DeferralCase):
    """Three months of sales: 1,000, 500 and 200 points, of which some are redeemed each month."""

    rate = 60.0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.months = ["2025-12-01", "2026-01-01", "2026-02-01"]

    def history(self):
        self.sell(10000.0, day="2025-12-10")
        self.redeem(200, day="2025-12-20")
        self.redeem(100, day="2026-01-05")
        self.redeem(50, day="2026-02-05")
        cards = [self.make_card(self.env["res.partner"].create({"name": name})) for name in ("Bea", "Cem")]
        self.sell(5000.0, day="2026-01-10", partner=cards[0].partner_id, loyalty_card_id=cards[0].id)
        self.redeem(120, cards[0], day="2026-01-15")
        self.redeem(80, cards[0], day="2026-02-15")
        self.sell(2000.0, day="2026-02-10", partner=cards[1].partner_id, loyalty_card_id=cards[1].id)
        self.redeem(40, cards[1], day="2026-02-20")
        return cards

    def study(self, user=None, day="2026-02-28"):
        study = (
            self.env["loyalty.redemption.study"]
            .with_user(user or self.accountant)
            .create({"program_id": self.program.id, "date": day})
        )
        study.action_calculate()
        return study

    def test_triangle(self):
        """N16: cumulative redemptions by month of the document and age, from lots and consumptions, and what follows."""
        self.history()
        found = self.program._deferral_triangle("2026-02-28")
        cohorts = found["cohorts"]
        self.assertEqual([row["month"] for row in cohorts], [fields.Date.to_date(month) for month in self.months])
        self.assertEqual([row["issued"] for row in cohorts], [1000, 500, 200])
        self.assertEqual([row["redeemed"] for row in cohorts], [[200, 300, 350], [120, 200], [40]])
        self.assertEqual(found["factors"], [500 / 320, 350 / 300])
        expected = [350, 200 * 350 / 300, 40 * 500 / 320 * 350 / 300]
        self.assertEqual(
            [round(row["rate"], 6) for row in cohorts],
            [round(100 * end / points, 6) for end, points in zip(expected, (1000, 500, 200))],
        )
        self.assertAlmostEqual(found["rate"], 100 * sum(expected) / 1700)
        self.assertEqual([(row["expected"], row["actual"]) for row in cohorts], [(300, 350), (180, 200), (0, 40)])
        self.assertIsNone(found["back_test"])

    def test_no_month_redeems_more_than_it_has(self):
        """N16: what a fast month makes expected of another is at most what was issued in that, in the back-test too."""
        self.sell(10000.0, day="2025-01-10")
        self.redeem(10, day="2025-01-20")
        self.redeem(900, day="2025-02-20")
        other = self.make_card(self.env["res.partner"].create({"name": "Bea"}))
        self.sell(5000.0, day="2025-02-05", partner=other.partner_id, loyalty_card_id=other.id)
        self.redeem(100, other, day="2025-02-15")
        march = self.program._deferral_triangle("2025-03-31")["cohorts"]
        self.assertEqual([row["expected"] for row in march], [910, 500, 0])
        found = self.program._deferral_triangle("2026-02-28")
        self.assertEqual(found["back_test"], {"predicted": 910 + 500, "actual": 910 + 100})

    def test_what_moves_and_what_comes_back(self):
        """N16: returned sales were never issued, points that came back were not redeemed, transfers keep their month, grants
        and lapses are no redemptions."""
        invoice = self.sell(1000.0, 1000.0, day="2025-12-10")
        redeemed = self.redeem(60, day="2026-01-05")
        self.reverse(redeemed, 20, day="2026-02-05")
        self.credit(invoice, 1000.0, day="2026-02-10")
        self.post("adjust", 500, day="2026-01-07")
        other = self.make_card(self.env["res.partner"].create({"name": "Dora"}))
        self.post("transfer", -10, day="2026-02-12", target_card_id=other.id)
        self.redeem(10, other, day="2026-02-14")
        (first, *others) = self.program._deferral_triangle("2026-02-28")["cohorts"]
        self.assertEqual((first["issued"], first["redeemed"]), (100, [0, 60, 50]))
        self.assertFalse([row for row in others if row["issued"] or row["actual"]])

    def test_empty(self):
        """N16: a program without points has no triangle, and none of its screens fails."""
        found = self.program._deferral_triangle("2026-02-28")
        self.assertEqual((found["cohorts"], found["factors"], found["rate"]), ([], [], 0.0))
        study = self.study()
        self.assertFalse(study.line_ids | study.line_ids.study_id.line_ids)
        self.assertTrue(study._workbook())

    def test_decision_and_effect(self):
        """N16: the effect that is shown is what the close then posts; rate, person and reason are kept."""
        self.history()
        self.defer("2026-01-31")
        study = self.study()
        self.assertEqual(study.in_force, 60.0)
        row = self.program._deferral_triangle("2026-02-28")["cohorts"][0]
        values = study._line_values({**row, "expected": 101.6667})
        self.assertEqual(values["expected_points"], 102, "whole points, so that what the list shows foots")
        form = Form(study)
        with form.line_ids.edit(0) as line:  # the youngest month
            line.decision = "override"
            line.new_rate = 40
        with form.line_ids.edit(1) as line:
            line.decision = "keep"
        form.reason = "Reviewed with the auditor"
        study = form.save()
        shown = study.effect_amount
        self.assertGreater(shown, 0.0)
        self.assertEqual(study.line_ids[0].effect_amount, shown)
        before = sum(state.recognised for state in self.program._deferral_states(study.date))
        study.action_decide()
        after = sum(state.recognised for state in self.program._deferral_states(study.date))
        self.assertAlmostEqual(float(after - before), shown)
        rates = self.env["loyalty.cohort.rate"].search([("program_id", "=", self.program.id)], order="date, id")
        self.assertRecordValues(
            rates.sorted(lambda rate: rate.cohort_id.date_from),
            [
                {
                    "date": study.date,
                    "redemption_rate": 60.0,
                    "reason": "Keep the rate in force: Reviewed with the auditor",
                    "create_uid": self.accountant.id,
                },
                {
                    "date": study.date,
                    "redemption_rate": 40.0,
                    "reason": "Another rate: Reviewed with the auditor",
                    "create_uid": self.accountant.id,
                },
            ],
        )
        run = self.defer("2026-02-28")
        self.assertAlmostEqual(self.cohort("2026-02-01").redemption_rate, 40)
        self.assertEqual(run.state, "posted")

    def test_decide_on_a_phone(self):
        """N16: phones show the first button only; for who decides, that is Decide."""
        arch = etree.fromstring(self.env["loyalty.redemption.study"].get_view(view_type="form")["arch"])
        for values, first in (
            ({"is_calculated": False, "can_decide": True}, "action_calculate"),
            ({"is_calculated": True, "can_decide": True}, "action_decide"),
            ({"is_calculated": True, "can_decide": False}, "action_calculate"),
        ):
            shown = [
                button.get("name")
                for button in arch.findall("./header/button")
                if not safe_eval(button.get("invisible", "False"), values)
            ]
            self.assertEqual(shown[0], first, values)

    def test_decision_for_the_program(self):
        """N16: the proposal becomes the rate of the program from a day on, by who manages it, with the reason."""
        self.history()
        study = self.study(self.env.user)
        study.write({"decision": "take", "reason": "Chain ladder", "date_from": "2026-02-28"})
        rate = study.proposed_rate
        study.action_decide()
        self.assertAlmostEqual(float(self.program._redemption_rate_at(study.date)), rate, 4)
        row = self.program.point_value_ids.filtered(lambda row: row.date == study.date)
        self.assertRecordValues(
            row, [{"rate_reason": "Take the proposal: Chain ladder", "point_value": 1.0, "create_uid": self.env.uid}]
        )
        study.write({"decision": "override", "new_rate": 50, "reason": "Auditor"})
        study.action_decide()
        self.assertEqual(
            row.rate_reason, f"Another rate: Auditor (before: {round(rate, 4):g}%, Take the proposal: Chain ladder)"
        )

    def test_accountant_decides_for_the_program(self):
        """N16: an accountant, who may not change what a point is worth, decides on the estimate; readers see no decision."""
        self.history()
        study = self.study()
        self.assertFalse(self.env["loyalty.point.value"].with_user(self.accountant).has_access("create"))
        self.assertEqual((study.can_decide, study.can_decide_months), (True, True))
        study.write({"decision": "override", "new_rate": 55, "reason": "Reviewed", "date_from": "2026-02-28"})
        study.action_decide()
        row = self.program.point_value_ids.filtered(lambda row: row.date == study.date)
        self.assertRecordValues(
            row,
            [
                {
                    "redemption_rate": 55.0,
                    "point_value": 1.0,
                    "vat_rate": 15.0,
                    "rate_reason": "Another rate: Reviewed",
                    "create_uid": self.accountant.id,
                }
            ],
        )
        other = self.study(self.auditor)
        self.assertEqual((other.can_decide, other.can_decide_months), (False, False))
        other.write({"decision": "override", "new_rate": 40, "reason": "No right", "date_from": "2026-02-28"})
        with self.assertRaises(AccessError):
            other.action_decide()
        self.assertEqual(row.redemption_rate, 55.0)

    def test_refusals(self):
        """N16: no decision without a reason, none for a day that a close has used, and none without the right."""
        self.history()
        study = self.study()
        with self.assertRaisesRegex(UserError, "Decide for the program, or for single months"):
            study.action_decide()
        study.line_ids[:1].decision = "take"
        with self.assertRaisesRegex(UserError, "the reason: both are kept"):
            study.action_decide()
        study.write({"reason": "Late"})
        self.defer("2026-02-28")
        with self.assertRaisesRegex(UserError, "is closed until"):
            study.action_decide()
        with self.assertRaisesRegex(UserError, "a day to come is not known"):
            self.study(day="2026-12-31")
        for day, reason in (("2026-04-01", ""), ("2026-04-02", "  ")):
            with self.assertRaisesRegex(ValidationError, "Enter the reason"):
                self.env["loyalty.cohort.rate"].create(
                    {
                        "cohort_id": self.program.cohort_ids[:1].id,
                        "date": day,
                        "redemption_rate": 50,
                        "reason": reason,
                    }
                )
        other = self.study(self.auditor)
        other.line_ids[:1].decision = "take"
        other.reason = "No right"
        with self.assertRaises(AccessError):
            other.action_decide()

    def test_original_sale_is_refused(self):
        """N17, N2: revenue is not deferred together with the VAT of original sales: the wizard says what to choose."""
        wizard = self.env["loyalty.account.setup"].create(
            {
                "program_id": self.program.id,
                "accounting_policy": "deferral",
                "vat_mode": "earning_sale",
                "redemption_rate": 60,
            }
        )
        with self.assertRaisesRegex(UserError, "“Defer revenue .* does not go together with “Original sale”"):
            wizard.action_set_up()
        with self.assertRaisesRegex(UserError, "not supported"):
            self.program.vat_mode = "earning_sale"

    def test_curves_and_workbook(self):
        """N16: the curves go on from what was redeemed, between the slowest and the fastest months; the workbook has the
        triangle."""
        self.history()
        study = self.study(self.auditor)
        points = study.point_ids.filtered("month")
        self.assertEqual(len(points), 9)
        self.assertEqual(points.filtered(lambda point: point.kind == "projected").mapped("age"), [2, 1, 2])
        fan = study.point_ids - points
        last = {point.kind: point.percentage for point in fan if point.age == 2}
        self.assertAlmostEqual(last["projected"], study.proposed_rate, 1)
        self.assertTrue(last["low"] <= last["projected"] <= last["high"])
        # The totals of the pivot say what the proposal says: months count by what they issued.
        groups = points._read_group([("id", "in", points.ids)], ["age"], ["percentage:avg"])
        self.assertAlmostEqual(dict(groups)[2], study.proposed_rate, 1)
        self.assertEqual(study.action_view_fan()["context"]["graph_groupbys"], ["age", "kind"])
        self.assertIn("download=true", study.action_export()["url"])
        book = openpyxl.load_workbook(io.BytesIO(study._workbook()))
        sheet = book["Triangle"]
        self.assertEqual([cell.value for cell in sheet[2]][1:], [1000, 200, 300, 350])
        self.assertEqual(sheet.cell(6, 3).value, chain_ladder.factors([[200, 300, 350], [120, 200], [40]])[0])
