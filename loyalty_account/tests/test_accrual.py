from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import format_date

from .books_common import BooksCase


@tagged("post_install", "-at_install")
class TestAccrual(BooksCase):
    """The accrual run."""

    def test_lifecycle_with_relief(self):
        """M12, P13: five sales of 100 points make 43.48, spread over the lots; redeeming all of them releases 43.48."""
        for _ in range(5):
            self.earn(100)
        run = self.run_accrual()
        self.assertRecordValues(
            run, [{"state": "posted", "amount": 43.48, "target_amount": 43.48, "posted_amount": 0.0}]
        )
        self.assertMove(
            run.move_id,
            (self.cost_account, 43.48, 0.0),
            (self.liability_account, 0.0, 43.48),
            date=fields.Date.to_date("2026-03-15"),
            journal_id=self.loyalty_journal.id,
        )
        self.assertEqual(self.carrying(), [8.70, 8.69, 8.70, 8.69, 8.70])
        entry = self.redeem(500)
        move = self.books_moves()[-1]
        self.assertMove(move, (self.liability_account, 43.48, 0.0), (self.cost_account, 0.0, 43.48))
        self.assertEqual(self.env["loyalty.valuation"].search([("move_id", "=", move.id)]).entry_id, entry)
        self.assertEqual(self.liability(), 0.0)

    def test_lifecycle_as_tender(self):
        """M12, P13: without VAT relief 100 points are 10.00 each, and 500 redeemed points release 50.00."""
        self.program.write({"vat_mode": "tender"})
        for _ in range(5):
            self.earn(100)
        self.assertEqual(self.run_accrual().amount, 50.0)
        self.redeem(500)
        self.assertMove(self.books_moves()[-1], (self.liability_account, 50.0, 0.0), (self.cost_account, 0.0, 50.0))

    def test_second_run_posts_nothing(self):
        """M12: a second run for the period posts nothing, no matter who starts it and also when nothing happened."""
        self.earn(100)
        self.run_accrual()
        again = self.run_accrual()
        self.assertRecordValues(again, [{"state": "posted", "amount": 0.0, "move_id": False}])
        self.assertFalse(again.line_ids)
        self.assertEqual(len(self.books_moves()), 1)
        self.assertEqual(self.liability(), 8.70)

    def test_month_end(self):
        """M12, M17: by default a run takes the month that is over; points of the present month wait for the next."""
        self.earn(100, day="2026-02-28")
        self.earn(100, day="2026-03-01")
        run = Form(self.env["loyalty.accrual.run"].with_user(self.accountant))
        run.program_id = self.program
        run = run.save()
        self.assertEqual(run.date_to, fields.Date.to_date("2026-02-28"))
        run.action_preview()
        self.assertRecordValues(run.line_ids, [{"kind": "issue", "lot_count": 1, "points": 100.0, "amount": 8.70}])
        self.assertFalse(self.books_moves())
        run.action_post()
        self.assertEqual(run.move_id.date, fields.Date.to_date("2026-02-28"))
        self.assertEqual(self.carrying(), [8.70, 0.0])

    def test_order(self):
        """M17: nothing is accrued for a day that is not over, nor before what is accrued already."""
        self.earn(100)
        with self.assertRaisesRegex(UserError, "03/31/2026 is not over yet"):
            self.run_accrual("2026-03-31")
        self.run_accrual("2026-03-10")
        with self.assertRaisesRegex(UserError, "accrued until 03/10/2026 already"):
            self.run_accrual("2026-02-28")

    def test_not_active(self):
        """M1: nothing is accrued before accounting is activated, and the run says so."""
        self.program.accounting_policy = "redemption"
        self.earn(100)
        with self.assertRaisesRegex(UserError, "Loyalty accounting is not active for Points.*Set Up Accounting"):
            self.run_accrual()
        self.assertFalse(self.books_moves())

    def test_spent_before_the_run(self):
        """M12: points spent before they were accrued release nothing, and the run values only what remains."""
        self.earn(100)
        self.redeem(40)
        self.assertFalse(self.books_moves())
        self.assertEqual(self.run_accrual().amount, 5.22)
        self.redeem(60)
        self.assertEqual(self.liability(), 0.0)

    def test_late_run(self):
        """M12, M17: the run of last month sees the points of that day; what was spent since is released by the next."""
        self.earn(100, day="2026-02-10")
        self.redeem(100, day="2026-03-02")
        self.assertEqual(self.run_accrual("2026-02-28").amount, 8.70)
        run = self.run_accrual("2026-03-15")
        self.assertRecordValues(run.line_ids, [{"kind": "redeem", "amount": -8.70}])
        self.assertMove(run.move_id, (self.liability_account, 8.70, 0.0), (self.cost_account, 0.0, 8.70))

    def test_late_entry(self):
        """M12, M17: what is posted late for an accrued month is part of the next run."""
        self.earn(100, day="2026-02-10")
        self.run_accrual("2026-02-28")
        self.earn(100, day="2026-02-15")
        self.assertEqual(self.run_accrual("2026-02-28").amount, 8.69)
        self.assertEqual(self.liability(), 17.39)

    def test_revaluation(self):
        """M6, M12: another point value is a visible line of the next run, and earlier runs stay as they are."""
        self.earn(100, day="2026-02-10")
        first = self.run_accrual("2026-02-28")
        self.program.point_value_ids = [(0, 0, {"date": "2026-03-01", "point_value": 0.2, "vat_rate": 15})]
        self.earn(100, day="2026-03-02")
        run = self.run_accrual("2026-03-15")
        self.assertRecordValues(
            run.line_ids,
            [{"kind": "issue", "points": 100.0, "amount": 17.39}, {"kind": "revalue", "points": 100.0, "amount": 8.69}],
        )
        self.assertEqual(self.liability(), 34.78)
        self.assertMove(first.move_id, (self.cost_account, 8.70, 0.0), (self.liability_account, 0.0, 8.70))

    def test_used_values_stay(self):
        """M6, bP4: the values that a run has used can no longer change; later ones can, and can be deleted."""
        self.earn(100)
        self.run_accrual()
        with self.assertRaisesRegex(UserError, "closed until 03/15/2026"):
            self.program.point_value_ids.point_value = 0.5
        with self.assertRaisesRegex(UserError, "closed until 03/15/2026"):
            self.program.point_value = 0.5  # from today on
        with self.assertRaisesRegex(UserError, "closed until 03/15/2026"):
            self.program.point_value_ids.unlink()
        row = self.env["loyalty.point.value"].create(
            {"program_id": self.program.id, "date": "2026-03-16", "point_value": 0.5, "vat_rate": 15}
        )
        row.point_value = 0.2
        row.unlink()

    def test_opening_balances(self):
        """P13: balances from before the ledger enter by a dated entry against a chosen account, not as a cost.

        1,100 points are 95.65, of which the opening's 1,000 take 86.96.
        """
        equity = self.make_account("Transition", "399900", "equity")
        self.post("opening", 1000)
        self.earn(100)
        run = self.run_accrual("2026-03-14")
        self.assertRecordValues(run, [{"amount": 0.0, "opening_amount": 0.0}])
        run = self.env["loyalty.accrual.run"].create({"program_id": self.program.id, "date_to": "2026-03-15"})
        run.action_preview()
        self.assertRecordValues(run, [{"amount": 8.70, "opening_amount": 86.96, "state": "preview"}])
        run.opening_account_id = equity
        self.assertEqual(run.state, "draft")
        run.action_post()
        self.assertMove(
            run.move_id,
            (equity, 86.96, 0.0),
            (self.liability_account, 0.0, 86.96),
            (self.cost_account, 8.69, 0.0),
            (self.liability_account, 0.0, 8.69),
        )

    def test_small_lots_keep_the_total(self):
        """P13: a thousand lots of one point are worth what a thousand points are, and few lines follow later."""
        self.env["loyalty.card"]._post_entries(
            [{"card_id": self.card.id, "kind": "earn", "points": 1, "key": f"small:{n}"} for n in range(1000)]
        )
        self.assertEqual(self.run_accrual("2026-03-14").amount, 0.0)
        self.assertEqual(self.run_accrual().amount, 86.96)
        self.redeem(333)
        self.earn(1)
        run = self.run_accrual()
        self.assertEqual(run.target_amount, 58.09)  # 668 points
        self.assertEqual(self.liability(), 58.09)
        self.assertLessEqual(self.env["loyalty.valuation"].search_count([("run_id", "=", run.id)]), 5)

    def test_locked_period(self):
        """M12: never into a locked period: the entry moves to the first open one, and is not posted again."""
        self.earn(100, day="2026-02-10")
        self.company.fiscalyear_lock_date = "2026-02-28"
        planned = (
            self.env["loyalty.accrual.run"]
            .with_user(self.accountant)
            .create({"program_id": self.program.id, "date_to": "2026-02-28"})
        )
        planned.action_preview()
        run = self.run_accrual("2026-02-28")
        self.assertGreater(run.move_id.date, fields.Date.to_date("2026-02-28"))
        self.assertIn(format_date(self.env, run.move_id.date), planned.lock_message)
        self.assertIn("The period was locked", run.lock_message)
        planned.date_to = "2026-03-15"
        self.assertFalse(planned.lock_message)
        line = self.env["loyalty.valuation"].search([("run_id", "=", run.id)])
        self.assertRecordValues(
            line, [{"date": run.move_id.date, "effective_date": fields.Date.to_date("2026-02-28"), "amount": 8.70}]
        )
        self.assertEqual(self.run_accrual("2026-02-28").amount, 0.0)
        self.assertEqual(self.liability(), 8.70)

    def test_reversed_run(self):
        """M12: a run's entry is undone by a dated reversal, which takes its value lines back; the next run posts again."""
        self.earn(100)
        run = self.run_accrual()
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            run.move_id.with_user(self.accountant).button_draft()
        with self.assertRaisesRegex(UserError, "posted accrual run"):
            run.unlink()
        run.move_id._reverse_moves([{"date": "2026-03-15"}], cancel=True)
        self.assertEqual((self.liability(), self.carrying()), (0.0, [0.0]))
        self.assertEqual(self.run_accrual().amount, 8.70)
        self.assertEqual(self.liability(), 8.70)

    def test_roles(self):
        """M12: accountants run it; invoicing users and auditors do not, auditors read it."""
        self.earn(100)
        for user in (self.clerk, self.auditor):
            with self.assertRaises(AccessError):
                self.run_accrual(user=user)
        run = self.run_accrual(user=self.make_role("administrator", "account.group_account_manager"))
        self.assertEqual(run.with_user(self.auditor).amount, 8.70)
        for name in ("action_preview", "action_post"):
            with self.assertRaises(AccessError):
                getattr(run.with_user(self.auditor), name)()

    def test_cron(self):
        """M12: when the month is over the job accrues the programs that want it, once."""
        cron = self.env.ref("loyalty_account.cron_accrue")
        by_hand = self.make_program(name="By hand")
        by_hand.write(self.accounting_values(accrual_schedule="off"))
        self.earn(100, day="2026-02-10")
        self.earn(100, self.make_card(program=by_hand), day="2026-02-10")
        self.earn(100, day="2026-03-02")
        for _ in range(2):
            with self.enter_registry_test_mode():
                cron.method_direct_trigger()
            self.assertEqual(self.books_moves().mapped("amount_total"), [8.70])
        self.assertEqual(self.program.accrued_until, fields.Date.to_date("2026-02-28"))
        self.assertFalse(self.books_moves(by_hand))

    def three_programs(self):
        """Points of last month in three programs, of which the second one cannot be accrued."""
        programs = self.program
        for name in ("Broken", "Third"):
            program = self.make_program(name=name)
            program.write(self.accounting_values(loyalty_journal_id=self.make_loyalty_journal(code=name[:3]).id))
            programs |= program
        for program in programs:
            self.earn(100, self.make_card(program=program), day="2026-02-10")
        programs[1].loyalty_journal_id.active = False
        return programs

    def amounts(self, programs):
        return [self.books_moves(program).mapped("amount_total") for program in programs]

    def test_cron_goes_on(self):
        """M12: a program that cannot be accrued is logged, and the others are; archived ones owe their points as well."""
        programs = self.three_programs()
        programs[2].sudo().active = False  # users do not archive a program with points
        cron = self.env.ref("loyalty_account.cron_accrue")
        with self.enter_registry_test_mode(), self.assertLogs("odoo.addons.loyalty_account", "WARNING") as logs:
            cron.method_direct_trigger()
        self.assertEqual(len(logs.output), 1)
        self.assertIn("Broken", logs.output[0])
        self.assertEqual(self.amounts(programs), [[8.7], [], [8.7]])
        programs[1].loyalty_journal_id.active = True
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.assertEqual(self.amounts(programs), [[8.7], [8.7], [8.7]])

    def test_cron_resumes(self):
        """M12, N13: the job commits and reports each program; when its time is over, the next call goes on from there."""
        programs = self.three_programs()
        programs[1].loyalty_journal_id.active = True
        reports = []
        for call in (1, 2, 3, 4):
            with self.enter_registry_test_mode(), self.registry.cursor() as cr:
                cron = self.env(cr=cr).ref("loyalty_account.cron_accrue")
                cron, progress = cron.with_context(cron_id=cron.id, cron_end_time=float("-inf"))._add_progress()
                cron.env["loyalty.accrual.run"]._cron_accrue()
                reports.append((progress.done, progress.remaining))
            self.env.invalidate_all()
            self.assertEqual(len(sum(self.amounts(programs), [])), min(call, 3))
        self.assertEqual(reports, [(1, 2), (1, 1), (1, 0), (0, 0)])

    def test_two_companies(self):
        """M2, M12: each company's program posts into its own books."""
        data = self.setup_other_company(name="Other")
        company = data["company"]
        self.env.user.company_ids |= company
        accounts = {
            "liability_account_id": self.make_account(
                "Accrued", "251999", "liability_current", company_ids=[(6, 0, company.ids)]
            ).id,
            "cost_account_id": self.make_account("Redeemed", "610999", "expense", company_ids=[(6, 0, company.ids)]).id,
        }
        program = self.make_program(name="Elsewhere", company_id=company.id, currency_id=company.currency_id.id)
        program.write({"accounting_policy": "accrual", "vat_mode": "tender", "point_value": 0.1, **accounts})
        self.earn(100)
        self.earn(100, self.make_card(program=program))
        self.run_accrual()
        run = self.env["loyalty.accrual.run"].create({"program_id": program.id, "date_to": "2026-03-15"})
        run.action_post()
        self.assertRecordValues(run.move_id, [{"company_id": company.id, "amount_total": 10.0, "state": "posted"}])
        self.assertEqual(run.move_id.journal_id.company_id, company)
        self.assertEqual((self.liability(), self.liability(program)), (8.70, 10.0))
        with self.assertRaises(AccessError):
            run.with_user(self.accountant).read(["amount"])
