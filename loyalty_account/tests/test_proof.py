from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL

from .books_common import BooksCase

PARTS = ("points", "value", "completeness", "payments")


class ProofCase(BooksCase):
    """A program with earnings, a run, redemptions by payment and an expiry; everything agrees."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.make_card()

    def story(self):
        """Three earnings in February, accrued; in March one is redeemed on an invoice, one given back in part."""
        self.first = self.earn(100, day="2026-02-10")
        self.second = self.earn(200, day="2026-02-12")
        self.third = self.earn(100, self.other, day="2026-02-20")
        self.run = self.run_accrual("2026-02-28")
        self.invoice = self.make_invoice(self.line(100.0, 15), post=True)
        self.payment = self.invoice._apply_loyalty_points(self.card, 150)
        entry = self.redeem(60, self.other, day="2026-03-05", document=("res.partner", self.customer.id))
        self.reverse(entry, 20, day="2026-03-10", document=("res.partner", self.customer.id))

    def prove(self, date="2026-03-15", program=None):
        self.env.invalidate_all()
        return (program or self.program)._loyalty_proof(date)

    def assertProved(self, date="2026-03-15", **parts):
        """Everything agrees; ``parts``: expected (ledger, books)."""
        proof = self.prove(date)
        problems = [item for part in PARTS for item in proof[part]["items"] if not item["explained"]]
        self.assertEqual((proof["residual"], proof["residual_points"], problems), (0.0, 0.0, []))
        for name, (ledger, books) in parts.items():
            self.assertEqual((proof[name]["ledger"], proof[name]["books"]), (ledger, books), name)
        return proof

    def assertFound(self, part, model, res_id, text, date="2026-03-15", residual=True, difference=True):
        """The proof differs in ``part`` and names the row."""
        proof = self.prove(date)
        found = [item for item in proof[part]["items"] if (item["model"], item["id"]) == (model, res_id)]
        self.assertTrue(found, proof[part])
        self.assertRegex(found[0]["problem"], text)
        self.assertEqual(bool(proof["residual_points" if part == "points" else "residual"]), residual, proof)
        if difference:
            self.assertTrue(proof[part]["difference"], proof[part])
        # Nothing of the difference stays without a row.
        self.assertEqual(proof[part]["unexplained"], 0.0)
        return proof

    def tamper(self, query, *args):
        """Change rows as a database administrator can: with triggers off."""
        self.env.flush_all()
        self.switch_triggers("DISABLE")
        self.env.cr.execute(SQL(query, *args))
        self.assertTrue(self.env.cr.rowcount)
        self.switch_triggers("ENABLE")
        self.env.invalidate_all()

    def switch_triggers(self, verb):
        for table in ("ledger_entry", "lot", "ledger_consumption", "valuation", "card"):
            self.env.cr.execute(f"ALTER TABLE loyalty_{table} {verb} TRIGGER USER")

    def liability_line(self, move):
        return move.line_ids.filtered(lambda line: line.account_id == self.program.liability_account_id)


@tagged("post_install", "-at_install")
class TestProof(ProofCase):
    """The proof on books that are right."""

    def test_nothing_yet(self):
        """N1: a program without points is proved."""
        proof = self.assertProved(points=(0.0, 0.0), value=(0.0, 0.0), completeness=(0.0, 0.0), payments=(0.0, 0.0))
        self.assertEqual([proof[part]["items"] for part in PARTS], [[], [], [], []])

    def test_story(self):
        """N1, P13: ledger, lots, value lines, liability account and payments agree to the cent, on each day."""
        self.story()
        self.assertProved("2026-02-15")
        self.assertProved("2026-02-28", points=(400.0, 400.0), value=(34.78, 34.78), completeness=(34.78, 34.78))
        self.assertProved("2026-03-07", payments=(0.0, 0.0))
        # The payment took 100 points of 8.70 and 50 of 17.39; 40 of the other card's points are gone.
        self.assertProved(points=(210.0, 210.0), value=(18.26, 18.26), payments=(15.0, 15.0))
        self.run_accrual()
        proof = self.assertProved(completeness=(18.26, 18.26))
        self.assertFalse(proof["completeness"]["items"])

    def test_waits_for_the_next_run(self):
        """N1, M13: what was earned since the run is listed as such; it is no fault."""
        self.earn(100)
        proof = self.assertProved(completeness=(8.70, 0.0))
        (item,) = proof["completeness"]["items"]
        self.assertEqual((item["amount"], item["explained"]), (8.70, True))
        self.assertIn("no accrual run", item["problem"])
        self.run_accrual("2026-03-14")
        proof = self.assertProved(completeness=(8.70, 0.0))
        self.assertIn("since the last accrual run", proof["completeness"]["items"][0]["problem"])
        self.run_accrual()
        self.assertFalse(self.assertProved()["completeness"]["items"])

    def test_new_value(self):
        """N1, M6: a changed point value is listed until the run that books it."""
        self.earn(100, day="2026-02-10")
        self.run_accrual("2026-02-28")
        self.program.point_value_ids = [(0, 0, {"date": "2026-03-01", "point_value": 0.2, "vat_rate": 15})]
        proof = self.assertProved(completeness=(17.39, 8.70))
        self.assertIn("value of a point changed", proof["completeness"]["items"][0]["problem"])
        self.assertProved("2026-02-28", completeness=(8.70, 8.70))
        self.run_accrual()
        self.assertProved(completeness=(17.39, 17.39))

    def test_everything_at_once(self):
        """N1, P12, N11: expiry, grants, transfers, debts and points given back late: no residual on any day."""
        self.program.write({"expiry_policy": "lot", "expiry_delay": 1, "expiry_unit": "month"})
        first = self.earn(100, day="2026-02-20")
        self.post("adjust", 33, day="2026-02-21")
        self.run_accrual("2026-02-28")
        spent = self.redeem(120, day="2026-03-02")
        self.reverse(first, day="2026-03-03")
        self.assertEqual(self.card.debt_points, 87.0)
        self.earn(50, day="2026-03-04")
        self.post("transfer", -0.0, target_card_id=self.other.id, day="2026-03-05")
        self.earn(1000.5, self.other, day="2026-03-06")
        with self.on("2026-05-02"):
            self.reverse(spent)
            self.env["loyalty.card"]._purge(commit=False)
            self.run_accrual("2026-04-30")
            for date in (
                "2026-02-21",
                "2026-02-28",
                "2026-03-03",
                "2026-03-05",
                "2026-03-31",
                "2026-04-30",
                "2026-05-02",
            ):
                with self.subTest(date):
                    self.assertProved(date)
            self.run_accrual("2026-05-02")
            self.assertFalse(self.assertProved("2026-05-02")["completeness"]["items"])

    def test_locked_period(self):
        """N1, M12: what a lock moved is listed on the day it belongs to, and on the books from its date on."""
        self.earn(100, day="2026-02-10")
        self.company.fiscalyear_lock_date = "2026-02-28"
        run = self.run_accrual("2026-02-28")
        proof = self.assertProved("2026-02-28", value=(0.0, 0.0), completeness=(8.70, 0.0))
        self.assertIn("period was locked", proof["completeness"]["items"][0]["problem"])
        self.assertProved(run.move_id.date, value=(8.70, 8.70), completeness=(8.70, 8.70))

    def test_opening(self):
        """N1: opening balances that were not entered are listed, not hidden."""
        self.post("opening", 1000)
        self.run_accrual()
        proof = self.assertProved(completeness=(86.96, 0.0))
        self.assertIn("Opening balances", proof["completeness"]["items"][0]["problem"])

    def test_other_programs_on_the_account(self):
        """N1: two programs may share a liability account; each proves its own part of it."""
        program = self.make_program(name="Second")
        program.write(self.accounting_values())
        self.story()
        self.earn(500, self.make_card(program=program))
        self.run_accrual(program=program)
        self.assertProved(value=(18.26, 18.26))
        proof = self.prove(program=program)
        self.assertEqual((proof["value"]["books"], proof["residual"]), (43.48, 0.0))

    def test_reversed_run(self):
        """N1, M12: a reversed run is on the books with its own date, and waits for the next run."""
        self.earn(100, day="2026-02-10")
        run = self.run_accrual("2026-02-28")
        run.move_id._reverse_moves([{"date": "2026-03-02"}], cancel=True)
        self.assertProved("2026-02-28", value=(8.70, 8.70), completeness=(8.70, 8.70))
        self.assertProved(value=(0.0, 0.0), completeness=(8.70, 0.0))

    def test_both_sides_open(self):
        """N1: each side of each comparison opens its rows, which add up to it; all programs are reconciled at once."""
        self.story()
        program = self.make_program(name="Second")
        program.write(self.accounting_values())
        action = self.env["loyalty.proof"].with_user(self.accountant).action_reconcile_all()
        proofs = self.env["loyalty.proof"].with_user(self.accountant).search(action["domain"])
        self.assertLessEqual(self.program | program, proofs.program_id)
        self.assertNotIn("draft", proofs.mapped("state"))
        proof = proofs.filtered(lambda proof: proof.program_id == self.program)
        sums = {}
        for part in proof.part_ids:
            for side in ("ledger", "books"):
                action = getattr(part, f"action_view_{side}")()
                rows = self.env[action["res_model"]].with_user(self.accountant).search(action["domain"])
                self.assertTrue(rows, (part.part, side))
                field = {
                    "loyalty.ledger.entry": "points",
                    "loyalty.lot.report": "remaining",
                    "loyalty.valuation": "amount",
                    "account.move.line": "balance",
                }[action["res_model"]]
                sums[part.part, side] = round(sum(rows.mapped(field)), 2)
        parts = {part.part: part for part in proof.part_ids}
        self.assertEqual(sums["points", "ledger"], parts["points"].ledger)
        self.assertEqual(sums["points", "books"], parts["points"].books)
        self.assertEqual(sums["value", "ledger"], parts["value"].ledger)
        self.assertEqual(-sums["value", "books"], parts["value"].books)

    def test_screen(self):
        """N1: auditors and accountants reconcile from the menu or the program, drill down, and change nothing."""
        self.story()
        self.earn(100)
        for user in (self.auditor, self.accountant):
            proof = self.env["loyalty.proof"].with_user(user).create({"program_id": self.program.id})
            proof.action_reconcile()
            self.assertRecordValues(proof, [{"state": "waiting", "residual": 0.0}])
            self.assertEqual(proof.part_ids.mapped("part"), list(PARTS))
            with self.assertRaises(AccessError):
                proof.write({"state": "ok"})
            # What was found is kept with its question; proving again is another record.
            with self.assertRaisesRegex(UserError, "kept as it is"):
                proof.date = "2026-02-28"
            with self.assertRaisesRegex(UserError, "cannot be deleted"):
                proof.unlink()
            again = self.env["loyalty.proof"].browse(proof.action_reconcile()["res_id"])
            self.assertNotEqual(again, proof)
            self.assertRecordValues(again, [{"state": "waiting", "date": proof.date, "user_id": user.id}])
        self.run_accrual()
        proof = self.env["loyalty.proof"].with_user(self.auditor).create({"program_id": self.program.id})
        proof.action_reconcile()
        self.assertEqual((proof.state, proof.line_ids.ids), ("ok", []))
        self.assertEqual(proof.point_part_ids + proof.money_part_ids, proof.part_ids)
        self.tamper("UPDATE loyalty_lot SET remaining = remaining - 1 WHERE entry_id = %s", self.second.id)
        proof = self.env["loyalty.proof"].with_user(self.auditor).browse(proof.action_reconcile()["res_id"])
        self.assertEqual(proof.state, "bad")
        reports = self.env["ir.actions.report"].with_user(self.auditor)
        html = reports._render_qweb_html("loyalty_account.report_loyalty_proof", proof.ids)[0]
        page = html.decode()
        for text in (
            "The lot was changed",
            self.liability_account.display_name,
            self.cost_account.display_name,
            "0.1",
            "15.0",
            self.auditor.name,
            proof.proved_at.strftime("%m/%d/%Y"),
        ):
            self.assertIn(text, page)
        self.assertEqual(page.split("<tbody>")[1].split("</tbody>")[0].count("<tr"), len(PARTS))
        self.assertEqual(page.split("<tbody>")[2].split("</tbody>")[0].count("<tr"), len(proof.line_ids))
        action = proof.line_ids.filtered(lambda line: line.part == "points")[0].action_open_document()
        self.assertEqual(action["res_model"], "loyalty.lot")
        with self.assertRaises(AccessError):
            self.env["loyalty.proof"].with_user(self.clerk).create({"program_id": self.program.id})


@tagged("post_install", "-at_install")
class TestPlantedDifferences(ProofCase):
    """Each planted difference is found, and the row is named."""

    def setUp(self):
        super().setUp()
        self.story()
        self.assertProved()

    def test_edited_liability_line(self):
        """N1: a journal item on the liability account that was changed."""
        line = self.liability_line(self.run.move_id)
        self.tamper("UPDATE account_move_line SET balance = -30, credit = 30 WHERE id = %s", line.id)
        proof = self.assertFound("value", "account.move.line", line.id, "the journal item was changed")
        self.assertEqual(proof["value"]["difference"], 4.78)

    def test_deleted_value_line(self):
        """N1: a value line of a run that was deleted: its journal entry and its transaction are named."""
        lot = self.env["loyalty.lot"].search([("entry_id", "=", self.third.id)])
        self.tamper("DELETE FROM loyalty_valuation WHERE lot_id = %s AND run_id = %s", lot.id, self.run.id)
        line = self.liability_line(self.run.move_id)
        proof = self.assertFound("value", "account.move.line", line.id, "or a value line is missing")
        self.assertEqual(proof["value"]["difference"], -8.69)
        self.assertFound("completeness", "loyalty.lot", lot.id, "a value line is missing")

    def test_deleted_value_line_of_a_redemption(self):
        """N1: a value line of a redemption that was deleted."""
        move = self.env["account.move"].search([("loyalty_program_id", "=", self.program.id)], order="id")[1]
        self.tamper("DELETE FROM loyalty_valuation WHERE move_id = %s AND amount = -8.70", move.id)
        proof = self.assertFound("value", "account.move.line", self.liability_line(move).id, "a value line is missing")
        self.assertEqual(proof["value"]["difference"], 8.70)

    def test_entry_without_value_line_after_a_run(self):
        """N1: a transaction that a run covered, without any value line."""
        card = self.make_card()
        entry = self.earn(100, card, day="2026-02-25")
        # The run claims to have seen it.
        self.tamper("UPDATE loyalty_accrual_run SET last_entry_id = %s WHERE id = %s", entry.id, self.run.id)
        self.assertFound("completeness", "loyalty.ledger.entry", entry.id, "has no value line, although", "2026-02-28")

    def test_manual_entry(self):
        """N1: a manual entry on the liability account."""
        move = self.env["account.move"].create(
            {
                "journal_id": self.company_data["default_journal_misc"].id,
                "date": "2026-03-10",
                "line_ids": [
                    (0, 0, {"account_id": self.liability_account.id, "debit": 5}),
                    (0, 0, {"account_id": self.cost_account.id, "credit": 5}),
                ],
            }
        )
        move.action_post()
        self.assertFound("value", "account.move.line", self.liability_line(move).id, "manual entry of")
        self.assertProved("2026-03-09")

    def test_wrong_date_reversal(self):
        """N1: a reversal whose journal entry got another date than its value lines."""
        reverse = self.books_moves()[-1]
        self.assertEqual(reverse.date, fields.Date.to_date("2026-03-10"))
        self.tamper("UPDATE account_move SET date = '2026-03-14' WHERE id = %s", reverse.id)
        self.tamper("UPDATE account_move_line SET date = '2026-03-14' WHERE move_id = %s", reverse.id)
        self.assertFound("value", "account.move", reverse.id, "is dated 03/14/2026", "2026-03-12")
        self.assertFound("value", "account.move", reverse.id, "is dated 03/14/2026", difference=False)

    def test_changed_lot(self):
        """N1: a lot that was changed in SQL with triggers off."""
        lot = self.env["loyalty.lot"].search([("entry_id", "=", self.second.id)])
        self.tamper("UPDATE loyalty_lot SET remaining = remaining + 10 WHERE id = %s", lot.id)
        proof = self.assertFound("points", "loyalty.lot", lot.id, "The lot was changed: it holds 160 points")
        self.assertEqual(proof["points"]["difference"], -10.0)
        # Neither can it be hidden by making the lot larger from the start.
        self.tamper("UPDATE loyalty_lot SET points = points + 10 WHERE id = %s", lot.id)
        self.assertFound("points", "loyalty.lot", lot.id, "it holds 160 points, its transactions leave 150")

    def test_changed_entry(self):
        """N1, N5: a transaction that was changed."""
        self.tamper("UPDATE loyalty_ledger_entry SET points = 300 WHERE id = %s", self.third.id)
        self.assertFound("points", "loyalty.ledger.entry", self.third.id, "its hash does not match")

    def test_redemption_without_payment(self):
        """N1: points that were redeemed for a payment that is gone."""
        move = self.payment.move_id
        self.tamper("UPDATE account_move_line SET parent_state = 'cancel' WHERE move_id = %s", move.id)
        entry = self.payment.loyalty_entry_id
        proof = self.assertFound("payments", "loyalty.ledger.entry", entry.id, "nothing was paid with them")
        self.assertEqual(proof["payments"]["difference"], 15.0)

    def test_payment_without_redemption(self):
        """N1: a payment with points for which none were taken."""
        entry = self.payment.loyalty_entry_id
        self.tamper("UPDATE loyalty_ledger_entry SET res_id = NULL, res_model = NULL WHERE id = %s", entry.id)
        proof = self.assertFound("payments", "account.payment", self.payment.id, "no points were redeemed for it")
        self.assertEqual(proof["payments"]["difference"], -15.0)

    def test_backdated_invoice(self):
        """N1, M17: what is earned for an accrued month after its run is listed with its document, until the next run."""
        invoice = self.make_invoice(self.line(100.0), post=True)
        entry = self.earn(115, day="2026-02-15", document=("account.move", invoice.id))
        proof = self.assertFound(
            "completeness",
            "loyalty.ledger.entry",
            entry.id,
            f"Posted late.*{invoice.name}",
            "2026-02-28",
            residual=False,
        )
        self.assertEqual(proof["completeness"]["difference"], 10.0)
        self.run_accrual()
        self.assertProved()

    def test_remapped_account(self):
        """N1, M6: what stands on the former liability account, until a journal entry moves it."""
        old, new = self.liability_account, self.make_account("Accrued 2", "251950", "liability_current")
        self.program.liability_account_id = new
        self.assertFound("value", "account.account", old.id, "former liability account")
        move = self.env["account.move"].create(
            {
                "journal_id": self.company_data["default_journal_misc"].id,
                "date": "2026-03-15",
                "line_ids": [
                    (0, 0, {"account_id": old.id, "debit": 18.26}),
                    (0, 0, {"account_id": new.id, "credit": 18.26}),
                ],
            }
        )
        move.action_post()
        proof = self.prove()
        self.assertEqual((proof["value"]["difference"], proof["value"]["books"]), (0.0, 18.26))
