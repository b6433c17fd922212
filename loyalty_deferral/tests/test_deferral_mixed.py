"""Programs that share accounts, points that change cards, expire or belong to branches, and published cases at other scales:
each program is proved and disclosed alone, and together they are the account."""

from decimal import Decimal

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import DeferralCase
from .test_deferral_tools import cases


@tagged("post_install", "-at_install")
class TestDeferralMixed(DeferralCase):
    def make_other(self, **values):
        """A program with accounts of the first, and a card of it."""
        program = self.make_program(name="Other", **self.accounting_values(**values))
        program.rule_ids.reward_point_amount = 0.1
        self.assertEqual(program.liability_account_id, self.liability_account)
        return program, self.make_card(program=program)

    def assertDisclosed(self, day, *programs):
        """Each program is sound on a day; its roll-forward, its months and its current part are its own closing balance.
        Return the closing balances."""
        end, closings = fields.Date.to_date(day), []
        for program in programs or self.program:
            self.assertSound(day, program)
            found = program._deferral_disclosure(end.replace(day=1), end)
            closing = found["rollforward"]["closing"]
            parts = [amount for name, amount in found["rollforward"].items() if name != "closing"]
            self.assertEqual(sum(parts), closing)
            self.assertEqual(found["current"] + found["non_current"], closing)
            self.assertEqual(sum((amount for __, amount in found["outlook"]), Decimal(0)), closing)
            self.assertEqual(float(closing), round(sum(program.cohort_ids.mapped("deferred_amount")), 2))
            closings.append(float(closing))
        return closings

    def test_two_deferrals_share_accounts(self):
        """N2, N15: two programs that defer to the same accounts close together; each has its own figures, their sum is the
        account."""
        other, card = self.make_other()
        self.sell(1000.0, day="2026-01-10")
        self.sell(2000.0, day="2026-01-11", loyalty_card_id=card.id)
        self.assertEqual((self.card.points, card.points), (100, 200))
        self.redeem(40, day="2026-01-20")
        self.redeem(100, card, day="2026-01-21")
        close = self.close("2026-01-31", "2026-01-01")
        steps = close.step_ids.filtered(lambda step: step.code == "defer")
        self.assertEqual(steps.program_id, self.program | other)
        self.assertEqual(len(steps.run_id.move_id), 2)
        closings = self.assertDisclosed("2026-01-31", self.program, other)
        self.assertEqual(closings, [50.23, 82.19])
        self.assertEqual(round(sum(closings), 2), self.liability())
        self.redeem(55, day="2026-02-20")
        self.redeem(90, card, day="2026-02-20")
        self.close("2026-02-28")
        self.assertEqual(self.assertDisclosed("2026-02-28", self.program, other), [0.0, 0.0])
        self.assertEqual(self.liability(), 0.0)
        self.assertEqual(self.prove("2026-01-31")["residual"], 0.0)
        report = (
            self.env["loyalty.disclosure"]
            .with_user(self.accountant)
            .create({"company_id": self.company.id, "date_from": "2026-01-01", "date_to": "2026-01-31"})
        )
        *each, total = report._disclosures()
        self.assertEqual(len(each), 2)
        for name in each[0]["rollforward"]:
            self.assertEqual(total["rollforward"][name], sum(found["rollforward"][name] for found in each), name)

    def test_deferral_and_accrual_share_accounts(self):
        """N2, N1: a program that defers and one that accrues book to one liability account; each is proved alone."""
        income, expense = self.cost_account, self.make_account("Cost of Points", "600910", "expense")
        other, card = self.make_other(accounting_policy="accrual", cost_account_id=expense.id)
        other.cost_account_id = expense
        self.assertEqual((other.accounting_policy, self.program.cost_account_id), ("accrual", income))
        self.sell(1000.0, day="2026-01-10")
        self.sell(2000.0, day="2026-01-11", loyalty_card_id=card.id)
        self.redeem(40, day="2026-01-20")
        self.redeem(120, card, day="2026-01-21")
        close = self.close("2026-01-31", "2026-01-01")
        runs = close.step_ids.filtered("run_id").mapped(lambda step: (step.code, step.program_id))
        self.assertEqual(sorted(runs), [("accrue", other), ("defer", self.program)])
        self.assertEqual(self.assertDisclosed("2026-01-31"), [50.23])
        self.assertSound("2026-01-31", other)
        self.assertEqual(self.liability(), round(50.23 + 80.0, 2))
        self.redeem(30, card, day="2026-02-20")
        self.close("2026-02-28")
        self.assertEqual(self.assertDisclosed("2026-02-28"), [50.23])
        self.assertSound("2026-02-28", other)
        period = [fields.Date.to_date(day) for day in ("2026-02-01", "2026-02-28")]
        rolled = [round(program._rollforward(*period)["closing"][1], 2) for program in (self.program, other)]
        self.assertEqual(rolled, [50.23, 50.0])
        self.assertEqual(round(sum(rolled), 2), self.liability())

    def test_merge_across_cohorts(self):
        """N2, N29: cards with points of several months are merged and give points away; each point stays in its cohort."""
        bob = self.env["res.partner"].create({"name": "Bob"})
        card, third = self.make_card(bob), self.make_card(self.env["res.partner"].create({"name": "Carla"}))
        self.sell(1000.0, day="2026-01-10")
        self.sell(1000.0, day="2026-02-10")
        self.sell(500.0, day="2026-02-11", partner=bob, loyalty_card_id=card.id)
        self.defer("2026-02-28")
        with self.on("2026-03-02"):
            self.env["loyalty.card"]._post_entries([self.card._transfer_op(third, 150, "Gift")])
            (self.card | card)._merge_cards()
        self.redeem(120, third, day="2026-03-05")
        self.redeem(60, day="2026-03-06")
        self.defer("2026-03-15")
        self.assertEqual(self.defer("2026-03-15").move_id, self.env["account.move"])
        cohorts = self.program.cohort_ids.sorted("date_from")
        self.assertEqual(cohorts.mapped("kind"), ["sale", "sale"])
        self.assertEqual(cohorts.mapped("issued_points"), [100, 150])
        self.assertEqual(sum(cohorts.mapped("redeemed_points")), 180)
        self.assertEqual(self.assertDisclosed("2026-03-15"), [self.liability()])
        self.assertSound("2026-02-28")

    def expire(self, day):
        """Let all points of the card expire on a day, as the night's job does it."""
        with self.on(day):
            self.env["loyalty.card"]._purge(self.program, commit=False)
            self.env.cr.flush()

    def test_expiry_on_the_day_of_the_close(self):
        """N2: points that expire on the last day of a month are still owed on it; their revenue is that of the next day."""
        self.sell(1000.0, day="2026-01-10")
        self.redeem(40, day="2026-01-20")
        self.card.expiration_date = "2026-01-31"
        self.close("2026-01-31", "2026-01-01")
        self.assertEqual(self.assertDisclosed("2026-01-31"), [50.23])
        self.expire("2026-02-01")
        self.assertEqual(self.card.points, 0)
        self.assertSound("2026-01-31")
        again = self.defer("2026-01-31")
        self.assertFalse(again.move_id)
        self.close("2026-02-28")
        self.assertEqual(self.assertDisclosed("2026-02-28"), [0.0])
        self.assertEqual((self.liability(), self.cohort("2026-01-01").lapsed_points), (0.0, 60))

    def test_return_after_expiry(self):
        """N2, N4: goods come back whose points have expired: all of their part was revenue, and is returned with them."""
        invoice = self.sell(1000.0, day="2026-01-10")
        self.sell(500.0, day="2026-01-11", pay=False)
        self.redeem(30, day="2026-01-20")
        self.card.expiration_date = "2026-01-31"
        self.defer("2026-01-31")
        self.expire("2026-02-05")
        self.defer("2026-02-28")
        self.credit(invoice, 400.0, day="2026-03-05")
        self.defer("2026-03-14")
        self.assertEqual(self.defer("2026-03-14").move_id, self.env["account.move"])
        for day in ("2026-01-31", "2026-02-28"):
            self.assertSound(day)
        self.assertEqual(self.assertDisclosed("2026-03-14"), [self.liability()])

    def test_branches(self):
        """N2, N29: sales of company and branch are one cohort in the books of the company, returned and redeemed at either."""
        branch = self._create_company(name="Branch", parent_id=self.company.id)
        self.env.user.company_ids |= branch
        self.sell(1000.0, day="2026-01-10")
        with self.on("2026-01-12"):
            values = {
                "partner_id": self.customer.id,
                "loyalty_card_id": self.card.id,
                "invoice_date": "2026-01-12",
                "company_id": branch.id,
                "invoice_line_ids": [
                    Command.create({"name": "Tea", "price_unit": 1000.0, "tax_ids": [Command.clear()]})
                ],
            }
            moves = self.env["account.move"].with_company(branch)
            invoice = moves.create({"move_type": "out_invoice", **values})
            invoice.action_post()
            self.env.cr.flush()
        self.close("2026-01-31", "2026-01-01")
        self.assertEqual(self.program.cohort_ids.issued_points, 200)
        self.assertEqual(self.assertDisclosed("2026-01-31"), [173.52])
        self.redeem(60, day="2026-02-03")
        with self.on("2026-02-10"):
            note = moves.create({"move_type": "out_refund", "reversed_entry_id": invoice.id, **values})
            note.invoice_date = "2026-02-10"
            note.action_post()
            self.env.cr.flush()
        self.close("2026-02-28")
        self.assertEqual(self.program.cohort_ids.revenue_amount, 1000.0)
        self.assertEqual(self.assertDisclosed("2026-02-28"), [self.liability()])
        self.assertSound("2026-01-31")

    def test_switched_twice(self):
        """N2: from deferral to accrual; there is no way back, and the refusal says what to do instead."""
        self.sell(1000.0, day="2026-01-10")
        self.redeem(40, day="2026-01-20")
        self.defer("2026-01-31")
        equity = self.make_account("Retained Earnings", "300900", "equity")
        expense = self.make_account("Cost of Points", "600910", "expense")
        switches = self.env["loyalty.deferral.switch"].with_user(
            self.make_role("administrator", "account.group_account_manager")
        )
        values = {"program_id": self.program.id, "redemption_rate": 95, "counterpart_id": equity.id}
        back = switches.create(
            {
                **values,
                "date": "2026-02-28",
                "policy": "accrual",
                "cost_account_id": expense.id,
                "reason": "Not material",
            }
        )
        back.action_post()
        self.assertEqual(self.liability(), 60.0)
        self.redeem(20, day="2026-03-05")
        self.run_accrual("2026-03-10")
        again = switches.create(
            {**values, "date": "2026-03-14", "policy": "deferral", "cost_account_id": self.cost_account.id}
        )
        with self.assertRaisesRegex(UserError, "a program of its own"):
            again.action_post()
        self.assertEqual((self.program.accounting_policy, self.liability()), ("accrual", 40.0))
        for day in ("2026-01-31", "2026-02-28", "2026-03-10"):
            with self.subTest(day):
                self.assertSound(day)

    def test_published_cases_scaled(self):
        """N2: each published case at 3 and 1,000 times its size scales every figure within a cent for each period."""
        for case in cases():
            for k in (3, 1000):
                with self.subTest(case["name"], k=k):
                    figures = self.run_scaled(case, k)
                    for period, (revenue, deferred) in zip(case["periods"], figures):
                        # Published figures are rounded to the cent; at k times the size, a cent of theirs is k cents.
                        self.assertAlmostEqual(revenue / k, period["revenue_period"], delta=0.0100001)
                        self.assertAlmostEqual(deferred / k, period["liability"], delta=0.0100001)

    def run_scaled(self, case, k):
        """Return ``[(revenue, deferred)]`` of a case with ``k`` times the sales and points, period by period, as booked."""
        first = case["periods"][0]["expected_total"]
        value = case["points_standalone"] / first
        values = self.accounting_values()

        def estimate(day, total):
            rate = 100 * total / case["points_issued"]
            return Command.create({"date": day, "point_value": value, "redemption_rate": rate})

        values["point_value_ids"] = [estimate("2020-01-01", first)]
        program = self.make_program(name=f"{case['name']} {k}", **values)
        program.rule_ids.reward_point_amount = case["points_issued"] / case["sales"]
        program.earning_rounding = "nearest"
        card = self.make_card(program=program)
        self.sell(case["sales"] * k, day="2025-07-10", loyalty_card_id=card.id)
        self.assertEqual(card.points, case["points_issued"] * k)
        done, figures, booked = 0, [], 0.0
        for month, period in enumerate(case["periods"], 8):
            self.redeem((period["redeemed_cumulative"] - done) * k, card, day=f"2025-{month:02}-10")
            done = period["redeemed_cumulative"]
            program.point_value_ids = [estimate(f"2025-{month:02}-11", period["expected_total"])]
            run = self.run_accrual(f"2025-{month:02}-28", program)
            lines = run.move_id.line_ids.filtered(lambda line: line.account_id == self.cost_account)
            revenue = -sum(lines.mapped("balance")) + (0.0 if figures else program.cohort_ids.allocated_amount)
            figures.append((revenue, program.cohort_ids.deferred_amount))
            booked += revenue
        self.assertAlmostEqual(booked + program.cohort_ids.deferred_amount, program.cohort_ids.allocated_amount, 2)
        self.assertSound("2025-12-31", program)
        return figures
