"""Payments with points that somebody unreconciles hold their part of the invoice, which no other points cover again."""

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import Form, new_test_user, tagged

from .proof_common import ProofVerbs
from .redemption_common import RedemptionCase


class TakenOffCase(ProofVerbs, RedemptionCase):
    def redeem(self, points=50, **values):
        move = self.make_invoice(self.line(100, 15), post=True, **values)
        self.apply_points(move, points)
        return move, self.loyalty_payments(move).with_user(self.clerk)

    def take_off(self, payment):
        payment.move_id._loyalty_receivable().remove_move_reconcile()
        self.env.invalidate_all()

    def put_back(self, move, payment):
        entry = payment if payment._name == "account.move" else payment.move_id
        move.js_assign_outstanding_line(entry._loyalty_receivable().id)

    def offered(self, move):
        return move._loyalty_payable_amount(self.program)

    def assertRelieved(self, vat, *moves):
        """All payments with points for these documents together recover this input VAT."""
        payments = self.env["account.payment"].search([("loyalty_move_id", "in", [move.id for move in moves])])
        lines = payments.move_id.line_ids.filtered(lambda line: line.account_id == self.input_vat)
        self.assertEqual(round(sum(lines.mapped("balance")), 2), vat)


@tagged("post_install", "-at_install")
class TestTakenOff(TakenOffCase):
    """115.00, of which 50 points paid 50.00 before the payment was taken off."""

    def test_redeemed_again(self):
        """N29, N4: points cover the rest only; the payment goes back to its invoice like any credit."""
        move, payment = self.redeem()
        self.take_off(payment)
        self.assertEqual((move.amount_residual, self.offered(move)), (115, 65))
        self.apply_points(move, 65)
        self.assertEqual((move.amount_residual, self.offered(move)), (50, 0))
        self.put_back(move, payment)
        self.assertEqual((move.amount_residual, self.card.points), (0, 1000 - 115))
        self.assertRelieved(15, move)
        self.assertSound()

    def test_what_the_user_reads(self):
        """N29, C21: the refusal, the dialog and Register Payment name the payment that waits, and what to do with it."""
        move, payment = self.redeem()
        self.take_off(payment)
        words = f"50.00 of it was paid with points already and is outstanding: {payment.display_name}.*cancel it"
        with self.assertRaisesRegex(UserError, f"cover .*65.00 of .*, not .*66.00.*{words}"), self.cr.savepoint():
            move._apply_loyalty_points(self.card, 66)
        dialog = self.env["loyalty.apply.points"].with_user(self.clerk).with_context(default_move_id=move.id)
        wizard = Form(dialog)
        self.assertEqual((wizard.due_amount, wizard.points), (65, 65))
        self.assertRegex(wizard.notice, words)
        register = Form(
            self.env["account.payment.register"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=move.ids)
        )
        register.journal_id = self.loyalty_journal
        self.assertEqual(register.loyalty_points, 65)
        self.assertRegex(register.loyalty_notice, words)
        self.apply_points(move, 65)
        wizard = Form(dialog)
        self.assertRegex(wizard.notice, f"No more points can be redeemed.*{words}")
        draft = self.env["account.payment"].create(
            {"payment_type": "inbound", "partner_type": "customer", "partner_id": self.customer.id, "amount": 1}
        )
        with self.assertRaisesRegex(UserError, words):
            draft.with_user(self.clerk).action_apply_loyalty_points()
        self.put_back(move, payment)
        self.assertFalse(move._say_outstanding())

    def test_cancelled(self):
        """N29, S11: cancelling what waits returns its points, and points cover all of the invoice again."""
        move, payment = self.redeem()
        self.take_off(payment)
        payment.action_cancel()
        self.assertEqual((self.card.points, self.offered(move)), (1000, 115))
        self.apply_points(move, 115)
        self.assertEqual((move.payment_state, self.card.points), ("paid", 885))
        self.assertSound()

    def test_reset_and_confirmed_again(self):
        """N29, S11: a payment that was reset asks for itself when it is confirmed, and pays its invoice again."""
        move, payment = self.redeem()
        self.take_off(payment)
        payment.action_draft()
        self.assertEqual(self.offered(move), 115)
        payment.action_post()
        self.assertEqual((move.amount_residual, self.offered(move), self.card.points), (65, 65, 950))

    def test_reversed(self):
        """N29, S11: what a dated entry reversed holds nothing."""
        move, payment = self.redeem()
        self.take_off(payment)
        payment.move_id._reverse_moves([{"date": payment.date}], cancel=True)
        self.assertEqual((self.card.points, self.offered(move)), (1000, 115))

    def test_pays_another_invoice(self):
        """N29, N4: what it pays of another invoice of the customer it holds there; only the rest waits."""
        move, payment = self.redeem()
        other = self.make_invoice(self.line(20, 15), post=True)
        self.take_off(payment)
        self.put_back(other, payment)
        self.assertEqual((other.amount_residual, other.loyalty_points_redeemed), (0, 23))
        self.assertEqual((self.offered(other), self.offered(move)), (0, 115 - 27))
        self.put_back(move, payment)
        self.assertEqual((move.amount_residual, self.offered(move), move.loyalty_points_redeemed), (88, 88, 27))
        self.apply_points(move, 88)
        self.assertEqual((move.payment_state, self.card.points), ("paid", 1000 - 138))
        self.assertRelieved(18, move)
        notes = [self.credit(other), self.credit(move)]
        self.assertEqual([note.amount_residual for note in notes], [0, 0])
        self.assertEqual(self.card.points, 1000)
        self.assertRelieved(0, move, *notes)
        self.assertSound()

    def test_credited_in_part(self):
        """N29, N4: half is credited before or after the payment was taken off: half of its points wait for the rest."""
        for first in (False, True):
            with self.subTest(taken_off_first=first):
                before = self.card.points
                move, payment = self.redeem()
                if first:
                    self.take_off(payment)
                note = self.credit(move, self.line(50, 15))
                if not first:
                    self.take_off(payment)
                self.assertEqual((self.card.points, self.offered(move)), (before - 25, 32.5))
                self.apply_points(move, 32)
                if payment.move_id._loyalty_receivable().amount_residual:
                    self.put_back(move, payment)
                self.assertEqual((move.amount_residual, note.amount_residual), (0.5, 0))
                rest = self.credit(move, self.line(50, 15))
                self.assertEqual((self.card.points, rest.amount_residual + move.amount_residual), (before, 0))
                self.assertRelieved(0, move, note, rest)
                self.assertSound()

    def test_draft_invoice(self):
        """N29, S11: an invoice that is a draft again offers what it will accept when it is confirmed."""
        move, payment = self.redeem()
        self.take_off(payment)
        move.button_draft()
        self.assertEqual(self.offered(move), 65)
        with self.assertRaisesRegex(UserError, "65.00.*outstanding"), self.cr.savepoint():
            self.apply_points(move, 115)
        self.apply_points(move, 65)
        move.action_post()
        self.assertEqual((move.amount_residual, self.card.points), (0, 885))
        self.assertRelieved(15, move)

    def test_batch(self):
        """N29, N4: payments that are confirmed together cover no more than is due together."""
        move = self.make_invoice(self.line(100, 15), post=True)
        drafts = self.env["account.payment"].with_user(self.clerk)
        for points in (60, 60, 55):
            drafts += drafts.create(
                {
                    "payment_type": "inbound",
                    "partner_type": "customer",
                    "partner_id": self.customer.id,
                    "journal_id": self.loyalty_journal.id,
                    "payment_method_line_id": self.loyalty_journal.inbound_payment_method_line_ids.id,
                    "amount": points,
                    "loyalty_card_id": self.card.id,
                    "loyalty_points": points,
                    "loyalty_move_id": move.id,
                }
            )
        with self.assertRaisesRegex(UserError, "115.00.*not .*120.00"), self.cr.savepoint():
            drafts[:2].action_post()
        self.env.invalidate_all()
        self.assertEqual((self.card.points, move.amount_residual), (1000, 115))
        drafts[1:].action_post()
        self.assertEqual((self.card.points, move.amount_residual), (885, 0))
        self.assertRelieved(15, move)
        # All were taken off: each one that is confirmed again finds what the others hold.
        self.take_off(drafts[1:])
        drafts[1:].action_draft()
        drafts[1].action_post()
        self.take_off(drafts[1])
        with self.assertRaisesRegex(UserError, "55.00.*not .*60.00.*outstanding"), self.cr.savepoint():
            drafts[0].action_post()
        self.env.invalidate_all()
        drafts[2].action_post()
        self.assertEqual((self.card.points, move.amount_residual), (885, 60))

    def test_user_of_one_branch(self):
        """N29, S10: a payment that the user must not see counts as well."""
        move, payment = self.redeem()
        self.take_off(payment)
        self.env["ir.rule"].sudo().create(
            {
                "name": "no payments",
                "model_id": self.env["ir.model"]._get_id("account.payment"),
                "domain_force": "[('id', '=', 0)]",
            }
        )
        self.env.registry.clear_cache()
        clerk = new_test_user(self.env, "blind", groups="account.group_account_invoice", company_id=self.company.id)
        self.assertFalse(self.env["account.payment"].with_user(clerk).search_count([("id", "=", payment.id)]))
        self.assertEqual(self.offered(move.with_user(clerk)), 65)
        self.assertIn("50.00", move.with_user(clerk)._say_outstanding())

    def test_mode_became_price_reduction(self):
        """N29, N3: the program lowers prices since: the credit note takes off what no payment holds."""
        move, payment = self.redeem()
        self.take_off(payment)
        account = self.make_account("Sales Paid with Points", "400900", "income")
        self.program.write({"vat_mode": "price_reduction", "cost_account_id": account.id})
        with self.assertRaisesRegex(UserError, "65.00.*outstanding"), self.cr.savepoint():
            self.apply_points(move, 66)
        self.apply_points(move, 65)
        self.put_back(move, payment)
        self.assertEqual((move.amount_residual, self.card.points), (0, 885))
        self.assertEqual(self.vat(move, move.reversal_move_ids), 6.52)  # that of the 50.00 that the payment pays


@tagged("post_install", "-at_install")
class TestTakenOffForeign(TakenOffCase):
    """115.00 in pounds, at 2.00 to one of the company's when it was paid, at 4.00 when it is asked for again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.foreign = cls.setup_other_currency("GBP", rounding=0.01, rates=[("2026-01-01", 2.0), ("2026-03-20", 4.0)])

    def test_rate_changed(self):
        """N29, N4: 20 points held 40.00 pounds of 115.00, at their own day's rate; the other 75.00 are 18.75 today."""
        move, payment = self.redeem(20, currency_id=self.foreign.id)
        self.assertEqual((move.amount_residual, payment.amount), (75, 20))
        self.take_off(payment)
        with freeze_time("2026-03-20 12:00:00"):
            self.assertEqual((move.amount_residual, self.offered(move)), (115, 18.75))
            with self.assertRaisesRegex(UserError, "18.75.*40.00 of it was paid with points"), self.cr.savepoint():
                self.apply_points(move, 19)
            self.apply_points(move, 18)
            self.put_back(move, payment)
            self.assertEqual((move.amount_residual, self.card.points), (3, 962))
            note = self.credit(move)
        self.assertEqual((note.amount_residual, move.amount_residual, self.card.points), (0, 0, 1000))
        self.assertRelieved(0, move, note)


@tagged("post_install", "-at_install")
class TestTakenOffTender(TestTakenOff):
    """The same where points recover no tax."""

    vat_mode = "tender"

    def assertRelieved(self, vat, *moves):
        super().assertRelieved(0, *moves)


@tagged("post_install", "-at_install")
class TestTakenOffReduction(TakenOffCase):
    """Points that lowered the price of the posted invoice by a credit note, which somebody unreconciles."""

    vat_mode = "price_reduction"

    @classmethod
    def accounting_values(cls, **values):
        account = cls.make_account("Sales Paid with Points", "400900", "income")
        return super().accounting_values(**{"cost_account_id": account.id, **values})

    def test_taken_off(self):
        """N29, N3: the price stays lowered by it: points cover the rest."""
        move = self.make_invoice(self.line(100, 15), post=True)
        self.apply_points(move, 50)
        note = move._loyalty_reductions()
        note._loyalty_receivable().remove_move_reconcile()
        self.env.invalidate_all()
        self.assertEqual((move.amount_residual, self.offered(move)), (115, 65))
        with self.assertRaisesRegex(UserError, f"65.00.*50.00 of it .*{note.name}"), self.cr.savepoint():
            self.apply_points(move, 66)
        self.apply_points(move, 65)
        self.put_back(move, note)
        self.assertEqual((move.amount_residual, self.card.points, self.vat(move, *move.reversal_move_ids)), (0, 885, 0))
        credit = self.credit(move)
        self.assertEqual((credit.amount_residual, self.card.points), (0, 1000))
        self.assertSound()

    def test_goods_come_back(self):
        """N29, N4: half is credited while the credit note of points waits."""
        move = self.make_invoice(self.line(100, 15), post=True)
        self.apply_points(move, 50)
        note = move._loyalty_reductions()
        note._loyalty_receivable().remove_move_reconcile()
        self.env.invalidate_all()
        half = self.credit(move, self.line(50, 15))
        self.assertEqual((self.card.points, self.offered(move)), (975, 32.5))
        rest = self.credit(move, self.line(50, 15))
        self.assertEqual(self.card.points, 1000)
        everything = move | note | half | rest | note.loyalty_redeem_return_ids
        owed = everything._loyalty_receivable().filtered(lambda line: line.parent_state == "posted")
        self.assertEqual(round(sum(owed.mapped("amount_residual")), 2), 0)
        self.assertSound()
