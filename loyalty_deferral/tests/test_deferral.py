from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import DeferralCase
from .test_deferral_tools import cases

NEW, REDEEMED = "Revenue deferred for loyalty points", "Revenue of redeemed loyalty points"
AGAIN, LAPSED = "Change of the expected redemption", "Revenue of lapsed loyalty points"
RETURNED = "Deferred revenue of returned sales"


@tagged("post_install", "-at_install")
class TestDeferral(DeferralCase):
    def test_example_52(self):
        """N2: Example 52 of IFRS 15 as journal entries, to the cent, over its three years."""
        invoice = self.sell(100000.0, day="2023-05-10")
        self.assertEqual(self.card.points, 10000)
        self.redeem(4500, day="2023-09-01")
        first = self.close("2023-12-31", "2023-01-01")
        self.assertEqual(self.items(self.step(first).run_id), {NEW: (8675.80, -8675.80), REDEEMED: (-4109.59, 4109.59)})
        self.assertRecordValues(
            self.cohort("2023-05-01"),
            [
                {
                    "issued_points": 10000,
                    "redeemed_points": 4500,
                    "open_points": 5500,
                    "expected_points": 9500,
                    "revenue_amount": 100000.0,
                    "allocated_amount": 8675.80,
                    "recognised_amount": 4109.59,
                    "deferred_amount": 4566.21,
                }
            ],
        )
        self.assertEqual(self.liability(), 4566.21)
        self.redeem(4000, day="2024-06-01")
        self.estimate(97.0, "2024-12-01")
        second = self.close("2024-12-31")
        self.assertEqual(
            self.items(self.step(second).run_id), {REDEEMED: (-3652.97, 3652.97), AGAIN: (160.05, -160.05)}
        )
        self.assertEqual(self.liability(), 1073.29)
        self.redeem(1200, day="2025-06-01")
        third = self.close("2025-12-31")
        self.assertEqual(self.items(self.step(third).run_id), {REDEEMED: (-1073.29, 1073.29)})
        self.assertEqual(self.liability(), 0.0)
        # A new estimate never allocates again.
        self.assertEqual(self.cohort("2023-05-01").allocated_amount, 8675.80)
        self.assertEqual(invoice.loyalty_earning_id.allocated_amount, 8675.80)
        self.assertSound("2025-12-31")

    def test_published_cases(self):
        """N2: the other published cases as journal entries over all their periods, each in a program of its own."""
        for case in cases()[1:]:
            first = case["periods"][0]["expected_total"]
            values = self.accounting_values()
            values["point_value_ids"] = [
                Command.create(
                    {
                        "date": "2020-01-01",
                        "point_value": case["points_standalone"] / first,
                        "redemption_rate": 100 * first / case["points_issued"],
                    }
                )
            ]
            program = self.make_program(name=case["name"], **values)
            program.rule_ids.reward_point_amount = case["points_issued"] / case["sales"]
            program.earning_rounding = "nearest"
            card = self.make_card(program=program)
            self.sell(case["sales"], day="2025-07-10", loyalty_card_id=card.id)
            self.assertEqual(card.points, case["points_issued"])
            done = posted = 0
            for month, period in enumerate(case["periods"], 8):
                self.redeem(period["redeemed_cumulative"] - done, card, day=f"2025-{month:02}-10")
                done = period["redeemed_cumulative"]
                program.point_value_ids = [
                    Command.create(
                        {
                            "date": f"2025-{month:02}-11",
                            "point_value": case["points_standalone"] / first,
                            "redemption_rate": 100 * period["expected_total"] / case["points_issued"],
                        }
                    )
                ]
                run = self.run_accrual(f"2025-{month:02}-28", program)
                lines = run.move_id.line_ids.filtered(lambda line: line.account_id == self.cost_account)
                revenue = sum(-line.balance for line in lines) + (case["allocated_points"] if month == 8 else 0)
                with self.subTest(case["name"], month=month):
                    self.assertAlmostEqual(revenue, period["revenue_period"], 2)
                    self.assertAlmostEqual(program.cohort_ids.deferred_amount, period["liability"], 2)
                posted += revenue
            self.assertSound("2025-12-31", program)

    def test_wrong_answers(self):
        """N2: neither points issued as divisor, nor face value as liability, nor a lower price of the goods."""
        self.sell(100000.0, day="2026-01-10")
        self.redeem(4500, day="2026-01-20")
        self.defer("2026-01-31")
        self.assertEqual(self.liability(), 4566.21)
        self.assertNotIn(self.liability(), (5500.0, 10000.0, 4771.69, 9132.42 - 4109.59))

    def test_second_run_posts_nothing(self):
        """N2, M12: closing a month again posts nothing; what came late is posted then, as the difference."""
        self.sell(1000.0, day="2026-01-10")
        first = self.close("2026-01-31", "2026-01-01")
        self.assertEqual(self.liability(), 86.76)
        again = self.env["loyalty.close"].browse(first.action_close_again()["res_id"]).with_user(self.accountant)
        again._run()
        self.assertEqual((again.state, self.step(again).run_id.move_id), ("done", self.env["account.move"]))
        self.sell(500.0, day="2026-01-20")
        proof = self.prove("2026-01-31")
        self.assertEqual([item["explained"] for item in proof["completeness"]["items"]], [True])
        third = self.env["loyalty.close"].browse(again.action_close_again()["res_id"]).with_user(self.accountant)
        third._run()
        self.assertEqual(self.items(self.step(third).run_id), {NEW: (43.38, -43.38)})
        self.assertSound("2026-01-31")

    def test_unpaid(self):
        """N2: a posted sale that is not paid yet is revenue, so its points count as issued; payment changes nothing."""
        invoice = self.sell(1000.0, day="2026-01-10", pay=False)
        self.defer("2026-01-31")
        self.assertEqual((self.liability(), self.card.points), (86.76, 0.0))
        self.assertEqual(self.cohort("2026-01-01").open_points, 100)
        with self.on("2026-02-05"):
            self.pay(invoice)
        february = self.defer("2026-02-28")
        self.assertEqual((self.items(february), self.card.points), ({}, 100.0))
        self.assertEqual(self.program.cohort_ids.mapped("issued_points"), [100.0])
        self.assertSound("2026-02-28")
        self.assertSound("2026-01-31")

    def test_returns(self):
        """N2, N4: a credit note takes its share of what was deferred, in the month in which it comes."""
        invoice = self.sell(1000.0, day="2026-01-10")
        self.defer("2026-01-31")
        self.credit(invoice, 500.0, day="2026-02-10")
        self.assertEqual(self.card.points, 50)
        february = self.defer("2026-02-28")
        self.assertEqual(self.items(february), {RETURNED: (-43.38, 43.38)})
        self.assertRecordValues(
            self.cohort("2026-01-01"),
            [{"issued_points": 50, "revenue_amount": 500.0, "allocated_amount": 43.38, "deferred_amount": 43.38}],
        )
        self.credit(invoice, 500.0, day="2026-03-10")
        self.defer("2026-03-15")
        self.assertEqual(self.liability(), 0.0)
        self.assertSound()

    def test_return_of_spent_points(self):
        """N2: what was recognised for points of a sale that is returned is returned with it, also where another lot settles them."""
        invoice = self.sell(1000.0, day="2026-01-10")
        self.redeem(60, day="2026-01-20")
        self.defer("2026-01-31")
        self.assertEqual(self.liability(), round(86.76 - 54.80, 2))
        self.credit(invoice, 1000.0, day="2026-02-10")
        self.assertEqual(self.card.points, -60)
        self.defer("2026-02-28")
        self.assertEqual(self.liability(), 0.0)
        # The next sale pays the debt: its points are redeemed as it comes.
        self.sell(1000.0, day="2026-03-02")
        self.assertEqual(self.card.points, 40)
        self.defer("2026-03-15")
        self.assertEqual(self.cohort("2026-03-01").redeemed_points, 60)
        self.assertSound()

    def test_grants(self):
        """N2: points without a sale defer nothing, and do not dilute those of sales."""
        self.sell(1000.0, day="2026-01-10")
        self.post("adjust", 500, day="2026-01-12")
        self.redeem(50, day="2026-01-20")
        self.defer("2026-01-31")
        self.assertEqual(self.liability(), round(86.76 - 45.66, 2))
        grant = self.cohort("2026-01-01", "grant")
        self.assertEqual((grant.open_points, grant.allocated_amount, grant.deferred_amount), (500, 0.0, 0.0))
        self.assertSound("2026-01-31")

    def test_lapsed(self):
        """N2: more points lapse than expected, so the others carry all of it; the last one releases what is left."""
        self.sell(1000.0, day="2026-01-10")
        self.redeem(40, day="2026-01-20")
        self.defer("2026-01-31")
        self.assertEqual(self.liability(), round(86.76 - 36.53, 2))
        self.post("adjust", -20, day="2026-02-10")
        february = self.defer("2026-02-28")
        self.assertEqual(self.items(february), {LAPSED: (-6.85, 6.85)})
        self.card.expiration_date = "2026-03-14"
        self.env["loyalty.card"]._purge(self.program, commit=False)
        self.assertEqual(self.card.points, 0)
        self.defer("2026-03-15")
        self.assertEqual(self.liability(), 0.0)
        self.assertSound()

    def test_restored_points(self):
        """N2: points that a refund gives back return to the cohort that they came from."""
        self.sell(1000.0, day="2026-01-10")
        spent = self.redeem(60, day="2026-01-20")
        self.sell(1000.0, day="2026-02-03")
        self.defer("2026-01-31")
        self.reverse(spent, 30, day="2026-02-10")
        february = self.defer("2026-02-28")
        self.assertEqual(
            self.items(february), {NEW: (86.76, -86.76), "Value of loyalty points given back": (27.40, -27.40)}
        )
        self.assertEqual(self.cohort("2026-01-01").redeemed_points, 30)
        self.assertSound("2026-02-28")

    def test_transfer(self):
        """N2: points that move to another card stay in the cohort of their sale."""
        self.sell(1000.0, day="2026-01-10")
        other = self.make_card(self.env["res.partner"].create({"name": "Bob"}))
        self.card.points_to_id = other
        self.assertEqual((self.card.points, other.points), (0, 100))
        self.redeem(50, other, day="2026-03-15")
        self.defer("2026-03-15")
        self.assertRecordValues(
            self.program.cohort_ids, [{"issued_points": 100, "redeemed_points": 50, "open_points": 50, "kind": "sale"}]
        )
        self.assertSound()

    def test_exceeded_estimate(self):
        """N2: more redemptions than expected stop the close, with what to do; an estimate for the cohort goes on."""
        self.sell(1000.0, day="2026-01-10")
        self.close("2026-01-31", "2026-01-01")
        self.redeem(97, day="2026-02-10")
        close = self.close("2026-02-28", run=False)
        close._run()
        self.assertEqual((close.state, self.step(close).state), ("running", "todo"))
        self.assertRegex(self.step(close).problem, "97 of 100 points were redeemed, 95% are expected")
        self.env["loyalty.cohort.rate"].with_user(self.accountant).create(
            {
                "cohort_id": self.cohort("2026-01-01").id,
                "date": "2026-02-28",
                "redemption_rate": 98,
                "reason": "Christmas campaign",
            }
        )
        close._run()
        self.assertEqual(close.state, "done")
        self.assertEqual(self.liability(), round(86.76 - 85.87, 2))
        self.assertSound("2026-02-28")
        with self.assertRaisesRegex(UserError, "closed until"):
            self.cohort("2026-01-01").rate_ids.with_user(self.accountant).redemption_rate = 99

    def test_estimates(self):
        """N2: raising the expected rate lowers this month's revenue, lowering it raises it; nothing is allocated again."""
        self.sell(1000.0, day="2026-01-10")
        self.redeem(50, day="2026-01-20")
        self.defer("2026-01-31")
        self.estimate(100.0, "2026-02-01")
        self.assertEqual(self.items(self.defer("2026-02-28")), {AGAIN: (2.28, -2.28)})
        self.estimate(50.0, "2026-03-01")
        self.defer("2026-03-15")
        self.assertEqual((self.liability(), self.cohort("2026-01-01").allocated_amount), (0.0, 86.76))
        with self.assertRaisesRegex(UserError, "closed until"):
            self.program.point_value_ids.sorted("date")[-1].redemption_rate = 60

    def test_locked_month(self):
        """N2, M8: into a locked month nothing is posted: the entry has the next open day, and the step says so."""
        self.sell(1000.0, day="2026-01-10")
        self.company.sudo().fiscalyear_lock_date = "2026-02-28"
        close = self.close("2026-01-31", "2026-01-01")
        move = self.step(close).run_id.move_id
        self.assertGreater(move.date, fields.Date.to_date("2026-02-28"))
        self.assertIn("locked", self.step(close).note)
        line = self.cohort("2026-01-01").line_ids
        self.assertEqual((line.date, str(line.effective_date)), (move.date, "2026-01-31"))
        self.assertSound("2026-01-31")
        self.assertSound(move.date)

    def test_what_is_revenue(self):
        """N2: gift cards are money and no revenue; a foreign currency counts at the rate of its document."""
        gift = self.env["product.product"].create({"name": "Voucher", "taxes_id": [Command.clear()]})
        self.env["loyalty.program"].create(
            {
                "name": "Gift Cards",
                "program_type": "gift_card",
                "rule_ids": [Command.clear(), Command.create({"product_ids": [Command.set(gift.ids)]})],
            }
        )
        one = self.sell(1000.0, {"product_id": gift.id, "price_unit": 300.0}, day="2026-01-10")
        self.assertEqual(one.loyalty_earning_id.revenue_amount, 1000.0)
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": euro.id, "name": "2026-01-01", "rate": 0.5, "company_id": self.company.id}
        )
        other = self.sell(100.0, day="2026-01-12", currency_id=euro.id)
        self.assertEqual(other.loyalty_earning_id.revenue_amount, 200.0)

    def test_with_tax(self):
        """N2: revenue is without VAT; where a redemption lowers VAT a point is worth less in the books."""
        one = self.sell(self.line(1000.0, 15), day="2026-01-10")
        self.assertEqual(
            (one.amount_total, one.loyalty_earning_id.revenue_amount, one.loyalty_earning_id.allocated_amount),
            (1150.0, 1000.0, 86.76),
        )
        self.program.vat_mode = "price_reduction"
        other = self.sell(self.line(100000.0, 15), day="2026-01-12")
        self.assertEqual(other.loyalty_earning_id.allocated_amount, 7630.52)

    def test_refusals(self):
        """N2, M5: what does not go together is refused with the reason."""
        for text, values in (
            (
                "recover input tax",
                {"vat_mode": "input_tax", "cost_account_id": self.make_account("X", "600901", "expense")},
            ),
            ("Points Are Awarded", {"issue_on": "order"}),
            ("Income, because deferred revenue", {"cost_account_id": self.make_account("Y", "600902", "expense")}),
            (
                "enter the Expected Redemption",
                {"point_value_ids": [Command.clear(), Command.create({"date": "2020-01-01", "point_value": 1})]},
            ),
        ):
            values = {name: getattr(value, "id", value) for name, value in values.items()}
            with self.subTest(text), self.assertRaisesRegex(ValidationError, text), self.env.cr.savepoint():
                self.program.write(values)
        for rate in (-1, 101):
            with self.assertRaisesRegex(ValidationError, "percentage"), self.env.cr.savepoint():
                self.program.redemption_rate = rate

    def test_reversed_entry(self):
        """N2: an entry of a close is never changed; reversed, the next close books it again."""
        self.sell(1000.0, day="2026-01-10")
        run = self.defer("2026-01-31")
        move = run.move_id
        with self.assertRaisesRegex(UserError, "deferred revenue"):
            move.button_draft()
        reversal = move._reverse_moves([{"date": "2026-02-02"}])
        reversal.action_post()
        self.assertEqual(self.liability(), 0.0)
        self.assertSound("2026-02-02")
        self.defer("2026-02-28")
        self.assertEqual(self.liability(), 86.76)
        self.assertSound("2026-02-28")

    def test_reversed_entry_of_redeemed_points(self):
        """N15: what a reversed entry had recognised is booked again as what it was, and not as a return."""
        self.sell(1000.0, day="2026-01-10")
        self.redeem(50, day="2026-01-20")
        run = self.defer("2026-01-31")
        run.move_id._reverse_moves([{"date": "2026-02-02"}]).action_post()
        february = self.defer("2026-02-28")
        self.assertEqual(self.items(february), {NEW: (86.76, -86.76), REDEEMED: (-45.66, 45.66)})
        self.assertSound("2026-02-28")

    def test_changed_entry_is_named(self):
        """N2, N1: a line that was changed, or a journal item, is named by the reconciliation."""
        self.sell(1000.0, day="2026-01-10")
        run = self.defer("2026-01-31")
        self.env.cr.execute("ALTER TABLE loyalty_cohort_line DISABLE TRIGGER USER")
        self.env.cr.execute("UPDATE loyalty_cohort_line SET amount = amount + 1 WHERE move_id = %s", [run.move_id.id])
        self.env.cr.execute("ALTER TABLE loyalty_cohort_line ENABLE TRIGGER USER")
        proof = self.prove("2026-01-31")
        self.assertEqual(proof["residual"], 3.0)
        self.assertNamed(self.cohort("2026-01-01"), "one was changed", "completeness", date="2026-01-31", size=1.0)

    def test_estimate_of_a_cohort(self):
        """N2: the accountant estimates one cohort on its form; who, when and why stay with it, and the program's is left alone."""
        self.sell(1000.0, day="2026-01-10")
        self.redeem(50, day="2026-01-20")
        self.defer("2026-01-31")
        with Form(self.cohort("2026-01-01").with_user(self.accountant)) as form, form.rate_ids.new() as rate:
            rate.date, rate.redemption_rate, rate.reason = "2026-02-01", 80, "Survey"
        run = self.defer("2026-02-28")
        self.assertEqual(self.items(run), {AGAIN: (-8.57, 8.57)})
        self.assertEqual((self.cohort("2026-01-01").redemption_rate, self.program.redemption_rate), (80.0, 95.0))
        self.assertEqual(self.cohort("2026-01-01").rate_ids.create_uid, self.accountant)

    def test_first_value_holds_before(self):
        """N2: a program that was set up after its first sales values them as on the first day for which there is a value."""
        self.program.point_value_ids.date = "2026-03-01"
        invoice = self.sell(1000.0, day="2026-01-10")
        self.assertRecordValues(
            invoice.loyalty_earning_id, [{"unit_value": 1.0, "redemption_rate": 95.0, "allocated_amount": 86.76}]
        )

    def test_branch(self):
        """N2: sales of a branch are deferred in the books of the program's company."""
        branch = self._create_company(name="Branch", parent_id=self.company.id)
        self.clerk.company_ids |= branch
        with self.on("2026-01-10"):
            invoice = self.make_invoice(1000.0, post=True, company=branch, loyalty_card_id=self.card.id)
            self.env.cr.flush()
        self.assertEqual(invoice.sudo().loyalty_earning_id.revenue_amount, 1000.0)
        run = self.defer("2026-01-31")
        self.assertEqual((self.items(run), run.move_id.company_id), ({NEW: (86.76, -86.76)}, self.company))
        self.assertSound("2026-01-31")

    def test_paid_with_points(self):
        """N2: the amount of a sale that is covered by points is no revenue of it, so nothing of it is deferred again."""
        self.sell(1000.0, day="2026-01-10")
        invoice = self.sell(100.0, day="2026-01-15", pay=False)
        with self.on("2026-01-15"):
            self.env["loyalty.apply.points"].with_user(self.clerk).create(
                {"move_id": invoice.id, "card_id": self.card.id, "points": 50}
            ).action_apply()
            self.pay(invoice)
        self.assertEqual(invoice.payment_state, "paid")
        self.assertEqual(invoice.loyalty_earning_id.revenue_amount, 50.0)
        self.defer("2026-01-31")
        self.assertSound("2026-01-31")

    def test_reduction(self):
        """N2: where points lower the price, what they took off without VAT is no revenue; a return takes its share."""
        self.sell(1000.0, day="2026-01-10")
        self.program.vat_mode = "price_reduction"
        with self.on("2026-01-15"):
            invoice = self.make_invoice(self.line(1000.0, 15), invoice_date="2026-01-15", date="2026-01-15")
            self.env["loyalty.apply.points"].with_user(self.clerk).create(
                {"move_id": invoice.id, "card_id": self.card.id, "points": 46}
            ).action_apply()
            invoice.action_post()
            self.env.cr.flush()
            self.pay(invoice)
        self.assertEqual(invoice.amount_total, 1104.0)
        self.assertEqual(invoice.loyalty_earning_id.revenue_amount, 960.0)
        self.credit(invoice, self.line(500.0, 15), day="2026-02-10")
        self.assertEqual(invoice.loyalty_earning_id.revenue_amount, 480.0)
        other = self.sell(self.line(1000.0, 15), day="2026-02-12", pay=False)
        with self.on("2026-02-12"):
            self.env["loyalty.apply.points"].with_user(self.clerk).create(
                {"move_id": other.id, "card_id": self.card.id, "points": 46}
            ).action_apply()
            self.pay(other)
        self.assertEqual(other.loyalty_earning_id.revenue_amount, 960.0)
        self.credit(other, self.line(500.0, 15), day="2026-02-20")
        self.assertEqual(other.loyalty_earning_id.revenue_amount, 480.0)
        self.defer("2026-02-28")
        self.assertSound("2026-02-28")
