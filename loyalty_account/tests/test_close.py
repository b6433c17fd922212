import io

import openpyxl

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from .close_common import CloseCase


@tagged("post_install", "-at_install")
class TestClose(CloseCase):
    """The guided close."""

    def test_story(self):
        """M17: a month is closed in one go: written off, accrued, reconciled, filed; then it is what it was."""
        self.february()
        close = self.make_close()
        self.assertRecordValues(
            close,
            [
                {
                    "date_from": fields.Date.to_date("2026-02-01"),
                    "date_to": fields.Date.to_date("2026-02-28"),
                    "state": "draft",
                    "display_name": "February 2026",
                }
            ],
        )
        self.assertEqual(
            self.steps(close, "code", "program_id", "state"),
            [
                (code, program, "todo")
                for code, program in (
                    ("inquire", self.program),
                    ("write_off", self.program),
                    ("accrue", self.program),
                    ("prove", self.program),
                    ("pack", self.env["loyalty.program"]),
                )
            ],
        )
        close._run()
        self.assertRecordValues(
            close,
            [{"state": "done", "residual": 0.0, "problem": False, "progress": 100, "closed_by_id": self.accountant.id}],
        )
        # 900 + 100 - 300 = 700 before; redeeming took the 100 that expire first, so nothing is left to expire.
        self.assertEqual(
            self.steps(close, "code", "state", "points", "amount"),
            [
                ("inquire", "done", 700.0, 0.0),
                ("write_off", "done", 0.0, 0.0),
                ("accrue", "done", 700.0, 60.87),
                ("prove", "done", 0.0, 0.0),
                ("pack", "done", 0.0, 0.0),
            ],
        )
        run = close.step_ids.run_id
        self.assertMove(run.move_id, (self.cost_account, 60.87, 0.0), (self.liability_account, 0.0, 60.87))
        self.assertEqual(run.move_id.date, fields.Date.to_date("2026-02-28"))
        figures = {(figure.stage, figure.name): (figure.points, figure.amount) for figure in close.figure_ids}
        self.assertEqual(figures["before", "closing"], (700.0, 0.0))
        self.assertEqual(figures["after", "opening"], (100.0, 0.0))
        self.assertEqual(figures["after", "issued"], (900.0, 86.96))
        self.assertEqual(figures["after", "redeemed"], (-300.0, -26.09))
        self.assertEqual(figures["after", "closing"], (700.0, 60.87))
        self.assertEqual(close.step_ids.proof_id.state, "ok")
        self.assertEqual(len(close.attachment_ids), 2)
        for figure in close.figure_ids.filtered(lambda figure: figure.stage == "after" and figure.name != "owed"):
            if figure.name != "revalued":
                entries = self.env["loyalty.ledger.entry"].search(figure.action_view_transactions()["domain"])
                self.assertEqual(sum(entries.mapped("points")), figure.points, figure.name)
            if figure.name not in ("issued", "redeemed"):  # these are gross
                values = self.env["loyalty.valuation"].search(figure.action_view_values()["domain"])
                self.assertEqual(round(sum(values.mapped("amount")), 2), figure.amount, figure.name)

    def test_expired_points(self):
        """P9, M17: what expired until the end of the month is written off by the close, dated in its month."""
        self.earn(100, day="2026-01-10", expiration_date="2026-02-20")
        self.earn(40, day="2026-01-10", expiration_date="2026-02-28")
        self.earn(30, day="2026-01-10", expiration_date="2026-03-01")
        self.run_accrual("2026-01-31")
        close = self.make_close()
        close.action_preview()
        preview = close.step_ids.filtered(lambda step: step.code == "write_off")
        self.assertEqual((preview.state, preview.points, preview.amount), ("todo", -100.0, -8.7))
        self.assertEqual(self.card.points, 170)
        self.assertFalse(self.books_moves().filtered(lambda move: move.date > fields.Date.to_date("2026-01-31")))
        close._run()
        self.assertEqual((preview.state, preview.points, preview.amount), ("done", -100.0, -8.7))
        # What is usable on the last day of February expires in March.
        self.assertEqual(self.card.points, 70)
        moves = self.books_moves().filtered(lambda move: move.date > fields.Date.to_date("2026-01-31"))
        self.assertMove(
            moves[0],
            (self.liability_account, 8.7, 0.0),
            (self.cost_account, 0.0, 8.7),
            date=fields.Date.to_date("2026-02-21"),
        )
        self.assertEqual((close.state, close.residual), ("done", 0.0))
        self.assertEqual(self.liability(), 6.09)

    def test_order(self):
        """M17: a step before its time is refused with the reason; nothing is posted."""
        self.february()
        close = self.make_close()
        with self.assertRaisesRegex(UserError, "“Accrue” comes after “Freeze Figures”, which is not done yet"):
            close._run_step("accrue")
        close._run_step("inquire")
        with self.assertRaisesRegex(UserError, "“Reconcile” comes after “Write Off Expired Points”"):
            close._run_step("prove")
        self.assertFalse(self.books_moves())
        for code in ("write_off", "accrue", "prove", "pack"):
            self.assertTrue(close._run_step(code))
        self.assertEqual(close.state, "done")

    def test_second_run_posts_nothing(self):
        """M12, M17: a step that is done is left alone, and closing again posts what changed since, nothing else."""
        self.february()
        close = self.make_close()
        close._run()
        rows = len(self.books_moves()), len(close.figure_ids), close.attachment_ids.ids
        for code in ("inquire", "write_off", "accrue", "prove", "pack"):
            self.assertTrue(close._run_step(code))
        close._run()
        self.assertEqual((len(self.books_moves()), len(close.figure_ids), close.attachment_ids.ids), rows)
        self.earn(100, day="2026-02-27")
        again = self.env["loyalty.close"].browse(close.action_close_again()["res_id"])
        self.assertRecordValues(again, [{"reopened_id": close.id, "date_to": close.date_to, "state": "draft"}])
        again.with_user(self.accountant)._run()
        self.assertEqual(self.books_moves()[-1].line_ids.mapped("balance"), [8.7, -8.7])
        self.assertEqual((again.state, again.residual, self.liability()), ("done", 0.0, 69.57))

    def test_what_may_be_missing(self):
        """M17: the frozen figures say what may still change them: exceptions, and invoices whose points failed."""
        self.february()
        invoice = self.make_invoice(100, post=True, invoice_date="2026-02-10")
        # The error as the job notes it, which no invoice of a test has by itself.
        invoice.sudo().loyalty_sync_error = "Card closed"
        self.program.negative_policy = "debt"
        earned = self.earn(100, day="2026-02-12")
        self.redeem(self.card.points)
        self.reverse(earned)
        close = self.make_close()
        close.action_preview()
        note = close.step_ids.filtered(lambda step: step.code == "inquire").note
        self.assertIn("1 exception is not resolved.", note)
        self.assertIn("1 invoice has a loyalty problem.", note)

    def test_differences_in_points(self):
        """N1, M17: points that do not agree are said at the end too, although they are no money."""
        self.february()
        close = self.make_close()
        for code in ("inquire", "write_off", "accrue"):
            close._run_step(code)
        lot = self.env["loyalty.lot"].search([("program_id", "=", self.program.id), ("remaining", "=", 0)], limit=1)
        self.tamper("UPDATE loyalty_lot SET points = points + 1 WHERE id = %s", lot.id)
        self.tamper("UPDATE loyalty_lot SET remaining = remaining + 1 WHERE id = %s", lot.id)
        close._run()
        step = close.step_ids.filtered(lambda step: step.code == "prove")
        self.assertEqual((close.state, step.state, step.proof_id.state), ("running", "todo", "bad"))
        self.assertGreater(step.points, 0)
        step.reason = "Found by the test"
        step.action_accept()
        close._run()
        self.assertEqual((close.state, close.has_differences), ("done", True))

    def test_stops_and_goes_on(self):
        """M17, M5: a step that cannot be done says why and stops the close; what was done stays; then it goes on."""
        self.february()
        close = self.make_close()
        self.loyalty_journal.active = False
        account = self.liability_account
        account.active = False
        close._run()
        self.assertEqual(close.state, "running")
        self.assertEqual(
            self.steps(close, "code", "state"),
            [("inquire", "done"), ("write_off", "done"), ("accrue", "todo"), ("prove", "todo"), ("pack", "todo")],
        )
        self.assertIn("Accrue", close.problem)
        self.assertFalse(self.books_moves())
        account.active = True
        self.loyalty_journal.active = True
        close._run()
        self.assertEqual((close.state, close.problem, self.liability()), ("done", False, 60.87))

    def test_differences(self):
        """N1, M17: differences stop the close; with a reason it goes on, and says for ever that they were there."""
        self.february()
        close = self.make_close()
        for code in ("inquire", "write_off", "accrue"):
            close._run_step(code)
        run = close.step_ids.run_id
        line = run.move_id.line_ids.filtered(lambda line: line.account_id == self.liability_account)
        self.tamper_line(line, 5.0)
        close._run()
        step = close.step_ids.filtered(lambda step: step.code == "prove")
        self.assertEqual((close.state, step.state, step.proof_id.state), ("running", "todo", "bad"))
        self.assertGreater(close.residual, 0)
        self.assertIn("do not agree", close.problem)
        with self.assertRaisesRegex(UserError, "Write the reason"):
            step.action_accept()
        step.reason = "Journal item changed by the migration, corrected in March"
        step.action_accept()
        close._run()
        self.assertEqual((close.state, step.state), ("done", "done"))
        self.assertGreater(close.residual, 0)
        with self.assertRaises(UserError):
            step.reason = "Something else"

    def tamper_line(self, line, by):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_move_line SET balance = balance + %s, credit = credit - %s WHERE id = %s", [by, by, line.id]
        )
        self.env.invalidate_all()

    def test_period(self):
        """M17: a period that is not over, or closed already, is refused with the reason; periods follow one another."""
        self.february()
        with self.assertRaisesRegex(UserError, "is not over yet"):
            self.make_close(date_to="2026-03-15")._run()
        self.env["loyalty.close"].search([]).unlink()
        close = self.make_close()
        with self.assertRaisesRegex(UserError, "February 2026 is not closed yet"):
            self.make_close(date_to="2026-03-10")
        close._run()
        proposed = Form(self.env["loyalty.close"].with_user(self.accountant))
        self.assertEqual((str(proposed.date_from), str(proposed.date_to)), ("2026-03-01", "2026-03-31"))
        with self.assertRaisesRegex(ValidationError, "is closed until"), self.env.cr.savepoint():
            self.make_close(date_to="2026-01-31")
        with self.assertRaisesRegex(ValidationError, "Let it begin on"), self.env.cr.savepoint():
            self.make_close(date_from="2026-02-15", date_to="2026-03-10")
        following = self.make_close(date_to="2026-03-10")
        self.assertEqual(following.date_from, fields.Date.to_date("2026-03-01"))
        with self.assertRaisesRegex(UserError, "cannot be deleted"):
            close.unlink()
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            close.date_to = "2026-02-27"

    def test_rights(self):
        """M17, P4: accountants close; auditors read; nobody writes what a close found."""
        self.february()
        close = self.make_close()
        for values in (
            {"state": "done"},
            {"residual": 0.0},
            {"closed_by_id": self.accountant.id},
            {"step_ids": [(5,)]},
        ):
            with self.assertRaises(AccessError):
                close.write(values)
        with self.assertRaises(AccessError):
            self.make_close(state="done")
        with self.assertRaises(UserError):
            close.step_ids[0].write({"state": "done"})
        self.assertEqual(close.with_user(self.auditor).state, "draft")
        with self.assertRaises(AccessError):
            close.with_user(self.auditor)._run()
        with self.assertRaises(AccessError):
            self.make_close(user=self.clerk)
        with self.assertRaises(AccessError):
            self.env["loyalty.close.figure"].with_user(self.accountant).create(
                {"close_id": close.id, "program_id": self.program.id, "stage": "after", "name": "closing"}
            )

    def test_form(self):
        """M17: a new close proposes the month that is over; its steps are listed once it is saved."""
        form = Form(self.env["loyalty.close"].with_user(self.accountant))
        self.assertEqual((form.date_from, form.date_to), tuple(map(fields.Date.to_date, ("2026-02-01", "2026-02-28"))))
        close = form.save()
        self.assertEqual(close.step_ids.filtered("is_next").mapped("code"), ["inquire"])

    def test_nothing_to_close(self):
        """M1, M17: a company without a program with accounting is told what to do."""
        self.program.accounting_policy = "none"
        close = self.make_close()
        with self.assertRaisesRegex(UserError, "has no loyalty program with accounting"):
            close._run()

    def test_pack(self):
        """M17, N1: the workbook has the account, the value of a point, who and when, and as many rows as the close."""
        self.february()
        self.earn(70, day="2026-02-05", expiration_date="2027-06-30")
        close = self.make_close()
        close._run()
        pdf, sheet = close.attachment_ids.sorted("mimetype", reverse=False)
        self.assertEqual(
            (pdf.mimetype, pdf.name), ("application/pdf", f"Loyalty close {self.company.name} 2026-02-28.pdf")
        )
        book = openpyxl.load_workbook(io.BytesIO(sheet.raw))
        self.assertEqual(book.sheetnames, ["Steps", "Roll-Forward", "Liability by Expiry", "Reconciliation"])
        rows = {
            row[1].value: (row[2].value, row[3].value, row[4].value, row[5].value, row[6].value)
            for row in book["Roll-Forward"].iter_rows(min_row=5)
        }
        account = self.liability_account.display_name
        self.assertEqual(rows["Closing balance"], (770, 66.96, account, 0.1, 15))
        self.assertEqual(len(rows), 8)
        expiry = [[cell.value for cell in row] for row in book["Liability by Expiry"].iter_rows(min_row=5)]
        self.assertEqual(expiry[0][2:], [70, None, 6.09])
        self.assertEqual(expiry[1][1:], ["Never expires", 700, 60.87, None])
        self.assertEqual(expiry[2][1:], ["Total", 770, 60.87, 6.09])
        steps = [[cell.value for cell in row] for row in book["Steps"].iter_rows(min_row=5)]
        self.assertEqual([row[5] for row in steps[:4]], [self.accountant.name] * 4)
        html = self.env["ir.actions.report"]._render_qweb_html("loyalty_account.report_loyalty_close", close.ids)[0]
        for text in (account, self.cost_account.display_name, self.accountant.name, "Never expires", "66.96", "Proved"):
            self.assertIn(text, html.decode())

    def test_print_gives_what_was_filed(self):
        """M17: Print of a finished close gives the PDF that was filed, not one of what the program is today."""
        self.february()
        close = self.make_close()
        close._run()
        filed = close.attachment_ids.filtered(lambda file: file.mimetype == "application/pdf")
        self.program.sudo().name = "Another name since"
        reader = new_test_user(
            self.env, "close_reader", groups="loyalty_ledger.group_loyalty_auditor", company_id=self.company.id
        )
        for user in (self.accountant, reader):
            action = close.with_user(user).action_print()
            self.assertEqual(
                (action["type"], action["url"]), ("ir.actions.act_url", f"/web/content/{filed.id}?download=true")
            )
            self.assertTrue(filed.with_user(user).raw)

    def test_pack_keeps_what_people_attached(self):
        """M17, P4: what people attached to the close stays; what they typed is text in the workbook, never a formula."""
        self.february()
        self.program.name = '=HYPERLINK("http://example.com")'
        close = self.make_close()
        close.message_post(body="Stock count", attachments=[("count.txt", b"1")])
        close._run()
        self.assertEqual(
            sorted(name.rsplit(".")[-1] for name in close.attachment_ids.mapped("name")), ["pdf", "txt", "xlsx"]
        )
        sheet = close.attachment_ids.filtered(lambda file: file.name.endswith("xlsx"))
        cell = openpyxl.load_workbook(io.BytesIO(sheet.raw))["Roll-Forward"]["A5"]
        self.assertEqual((cell.data_type, cell.value, cell.hyperlink), ("s", self.program.name, None))

    def test_files_are_evidence(self):
        """M17: nobody deletes or changes the files of a close that is done; those of an open one are like any others."""
        self.february()
        close = self.make_close()
        draft = self.env["ir.attachment"].create(
            {"name": "a", "raw": b"1", "res_model": close._name, "res_id": close.id}
        )
        draft.with_user(self.accountant).unlink()
        close._run()
        self.assertEqual(len(close.attachment_ids), 2)
        for user in (self.accountant, self.env.ref("base.user_root")):
            files = close.attachment_ids.with_user(user)
            with self.assertRaisesRegex(UserError, "The files of the loyalty close February 2026 are evidence"):
                files.unlink()
            for change in ({"raw": b"else"}, {"res_id": 0}, {"name": "else"}):
                with self.assertRaisesRegex(UserError, "neither changed nor deleted"):
                    files[0].write(change)
        self.assertEqual(len(close.attachment_ids.exists()), 2)
        close.message_post(body="Signed", attachments=[("signed.txt", b"1")])
        self.assertEqual(len(close.attachment_ids), 3)

    def test_whole_run_on_a_draft(self):
        """M17: one call does all steps of a close that nobody began; its pack is a PDF and a workbook."""
        self.february()
        close = self.make_close()
        with self.assertRaisesRegex(UserError, "comes after “Freeze Figures”"):
            close._run_step("accrue")
        self.assertEqual(close.state, "draft")
        close._run_step("inquire")
        with self.assertRaisesRegex(
            UserError, "“Accrue” comes after “Write Off Expired Points”, which is not done yet"
        ):
            close._run_step("accrue")
        self.assertTrue(close._run())
        self.assertEqual(close.state, "done")
        self.assertEqual(sorted(file.name.rsplit(".")[-1] for file in close.attachment_ids), ["pdf", "xlsx"])

    def test_preview_of_a_period_to_come(self):
        """What is still to come is not known: the preview says so in words of the close, with the day that can be shown."""
        close = self.make_close(date_from="2999-01-01", date_to="2999-01-31")
        with self.assertRaisesRegex(UserError, "01/31/2999 is still to come.*set the end of the period to"):
            close.action_preview()

    def test_preview_again(self):
        """M17, M12: previews are made again, not added up; what changed before the close begins is part of it."""
        self.february()
        close = self.make_close(date_to="2026-02-27")
        runs = self.env["loyalty.accrual.run"].search([("program_id", "=", self.program.id)])
        self.assertFalse(runs)
        for __ in range(2):
            close.action_preview()
            run = self.env["loyalty.accrual.run"].search([("program_id", "=", self.program.id)])
            self.assertRecordValues(run, [{"state": "preview", "date_to": fields.Date.to_date("2026-02-27")}])
        close.date_to = "2026-02-28"
        self.assertFalse(run.exists())
        close.action_preview()
        other = self.program.copy({"name": "Another", "active": True})
        self.assertEqual(other.accounting_policy, "accrual")
        close._begin()
        pairs = [(code, one) for code in ("inquire", "write_off", "accrue", "prove") for one in (self.program, other)]
        self.assertEqual(self.steps(close, "code", "program_id"), [*pairs, ("pack", self.env["loyalty.program"])])
        close._run()
        self.assertEqual(close.state, "done")
        runs = self.env["loyalty.accrual.run"].search([("program_id", "in", (self.program | other).ids)])
        self.assertEqual(runs, close.step_ids.run_id)
        self.assertEqual(set(runs.mapped("state")), {"posted"})

    def test_again_is_the_same_period(self):
        """M17: a close that runs again is about the period of the first one."""
        self.february()
        close = self.make_close()
        close._run()
        again = self.env["loyalty.close"].browse(close.action_close_again()["res_id"])
        with self.assertRaisesRegex(ValidationError, "This close runs February 2026 again"):
            again.with_user(self.accountant).date_to = "2026-03-10"

    def test_redemption_policy(self):
        """N1, M17: a program that books at redemption has nothing to accrue, and is reconciled all the same."""
        self.program.accounting_policy = "redemption"
        self.february()
        close = self.make_close()
        close._run()
        self.assertEqual(
            self.steps(close, "code", "state"),
            [("inquire", "done"), ("write_off", "done"), ("prove", "done"), ("pack", "done")],
        )
        self.assertEqual(close.state, "done")

    def test_accrued_later(self):
        """M12, M17: what a later run accrued already is not accrued again, and the close says so."""
        self.february()
        self.run_accrual("2026-03-10")
        close = self.make_close()
        close._run()
        step = close.step_ids.filtered(lambda step: step.code == "accrue")
        self.assertEqual((step.state, step.run_id.ids), ("skipped", []))
        self.assertIn("later day already", step.note)

    def test_lock(self):
        """M17: the end of the close offers to lock the period; only administrators of Accounting can."""
        self.february()
        close = self.make_close()
        close._run()
        with self.assertRaises(AccessError):
            close.action_lock()
        admin = self.make_role("admin", "account.group_account_manager")
        close.with_user(admin).action_lock()
        self.assertEqual(self.company.fiscalyear_lock_date, close.date_to)
        self.assertTrue(close.is_locked)
