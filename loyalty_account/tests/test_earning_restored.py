from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged

from .earning_common import EarningCase
from .redemption_common import RedemptionCase


@tagged("post_install", "-at_install")
class TestEarningRestored(EarningCase):
    """A credit note that is reversed itself: the invoice that reverses it gives back what the credit note took."""

    def restore(self, note, *lines, cancel=False, post=True):
        """Reverse a credit note, as the invoicing user does; ``lines`` are prices."""
        if cancel:
            invoice = note._reverse_moves([{"invoice_date": "2026-03-15"}], cancel=True)
        else:
            invoice = self.credit(note, *lines, post=False)
            self.assertEqual((invoice.move_type, invoice.reversed_entry_id), ("out_invoice", note))
            if post:
                invoice.action_post()
        self.env.cr.flush()
        return invoice

    def assertRestored(self, invoice, again, earned):
        self.assertEarned(invoice, earned)
        self.assertEarned(again, 0)
        self.assertEqual(self.card.points, earned)
        self.assertEqual(self.card._verify_ledger(), [])
        self.assertStable(invoice | again)

    def sell(self, *lines, paid=True):
        invoice = self.make_invoice(*lines, post=True)
        if paid:
            self.pay(invoice)
        return invoice

    def test_set_off(self):
        """N4, C15: reversed before the money went back, the invoice earns again what the credit note took, once."""
        for cancel in (True, False):
            with self.subTest(cancel=cancel):
                invoice = self.sell()
                note = self.credit(invoice)
                self.assertEarned(invoice, 0)
                again = self.restore(note, cancel=cancel)
                self.assertEqual((again.amount_residual, note.amount_residual), (0, 0))
                self.assertRestored(invoice, again, 100)
                again.button_draft()
                self.assertEarned(invoice, 0)
                again.button_cancel()
                self.assertRestored(invoice, again, 0)

    def test_paid_again(self):
        """C7, N4: the money went back: nothing is earned before it is paid again, and then by how it is paid."""
        invoice = self.sell()
        note = self.credit(invoice)
        self.pay(note)
        again = self.restore(note)
        self.assertRestored(invoice, again, 0)
        self.pay(again, 40)
        self.assertRestored(invoice, again, 0)
        payment = self.pay(again)
        self.assertRestored(invoice, again, 100)
        payment.action_draft()
        payment.action_cancel()
        self.env.cr.flush()
        self.assertRestored(invoice, again, 0)
        self.pay(again, journal=self.vouchers)
        self.assertRestored(invoice, again, 40)

    def test_never_paid(self):
        """C7, N4: an invoice that was credited unpaid earns when what reverses the credit note is paid."""
        invoice = self.sell(paid=False)
        again = self.restore(self.credit(invoice))
        self.assertEqual((invoice.payment_state, again.amount_residual), ("reversed", 100))
        self.assertRestored(invoice, again, 0)
        self.pay(again)
        self.assertRestored(invoice, again, 100)

    def test_in_part(self):
        """N4, C6: half of a credit note of half an invoice; a quarter of the price comes back, with its own share."""
        invoice = self.make_invoice(200.0, post=True)
        self.pay(invoice, 100)
        self.pay(invoice, journal=self.vouchers)
        self.assertEarned(invoice, 100)
        note = self.credit(invoice, 100.0)
        self.assertEarned(invoice, 50)
        again = self.restore(note, 50.0)
        self.assertRestored(invoice, again, 75)

    def test_credited_once_more(self):
        """N4: what was restored can be taken back, by a credit note of either invoice, and restored again."""
        invoice = self.sell()
        again = self.restore(self.credit(invoice))
        second = self.credit(again)
        self.assertRestored(invoice, again, 0)
        third = self.restore(second)
        self.assertRestored(invoice, third, 100)
        self.credit(invoice)
        self.assertRestored(invoice, again, 0)

    def test_frozen_terms(self):
        """C15, N4: the restored points are those of the sale, whatever rate holds by now, and dated when they return."""
        invoice = self.sell()
        note = self.credit(invoice)
        self.program.rule_ids.reward_point_amount = 7
        with freeze_time("2026-03-20 12:00:00"):
            again = self.restore(note)
            self.assertRestored(invoice, again, 100)
        self.assertEqual(
            self.entries(),
            [("earn", 100, "2026-03-15"), ("reversal", -100, "2026-03-15"), ("earn", 100, "2026-03-20")],
        )

    def test_points_per_unit(self):
        """N4: points per unit come back by the units."""
        self.program.rule_ids.write({"reward_point_mode": "unit", "reward_point_amount": 3})
        invoice = self.sell({"price_unit": 10, "quantity": 5})
        note = self.credit(invoice, {"price_unit": 10, "quantity": 4})
        self.assertEarned(invoice, 3)
        self.assertRestored(invoice, self.restore(note, {"price_unit": 10, "quantity": 2}), 9)

    def test_credit_note_without_invoice(self):
        """C6: a credit note that took nothing back gives nothing back when it is reversed, however that is paid."""
        note = self.make_invoice(100.0, move_type="out_refund", post=True)
        self.pay(note)
        again = self.restore(note)
        self.assertEqual(again.loyalty_points_earnable, 0)
        self.pay(again)
        self.assertEarned(again, 0)
        self.assertIn(note.name, again.loyalty_explanation)
        self.assertEqual(self.card.points, 0)


@tagged("post_install", "-at_install")
class TestRedemptionRestored(RedemptionCase):
    """Points that a credit note gave back, when the credit note is reversed itself."""

    def sell(self, draft=False):
        move = self.make_invoice(self.line(100, 15), post=not draft)
        self.apply_points(move, 50)
        if draft:
            move.action_post()
        self.pay(move)
        return move

    def mode_values(self, mode):
        account = self.revenue if mode == "price_reduction" else self.cost_account
        return {"vat_mode": mode, "cost_account_id": account.id}

    def open_amount(self):
        lines = self.env["account.move.line"].search(
            [("account_id", "=", self.receivable.id), ("parent_state", "=", "posted")]
        )
        return round(sum(lines.mapped("balance")), 2)

    def test_reversed_later(self):
        """N4, S11: the points stay where they are; the invoice that reverses the credit note asks for their money."""
        for mode in ("tender", "input_tax", "price_reduction"):
            for draft in (False, True):
                with self.subTest(mode=mode, draft=draft):
                    self.program.write(self.mode_values(mode))
                    before = self.open_amount()
                    points = self.card.points
                    move = self.sell(draft)
                    note = self.credit(move)
                    self.assertEqual((note.amount_residual, self.card.points), (65, points))
                    again = self.credit(note)
                    self.assertEqual((again.amount_total, again.amount_residual), (115, 50))
                    self.assertEqual(self.card.points, points)
                    self.apply_points(again, 50)
                    self.assertEqual((again.amount_residual, self.card.points), (0, points - 50))
                    self.assertEqual(self.open_amount(), before)
                    self.assertEqual(self.card._verify_ledger(), [])
                    # Credited once more, by either of the two: the points come back once, the cash was paid once.
                    half = self.credit(move, self.line(50, 15))
                    self.assertEqual((half.amount_residual, self.card.points), (32.5, points - 25))
                    rest = self.credit(again, self.line(50, 15))
                    self.assertEqual((rest.amount_residual, self.card.points), (32.5, points))

    def test_credit_note_of_points(self):
        """S11: a credit note by which points lower a price is cancelled, or its invoice credited, but not reversed."""
        self.program.write(self.mode_values("price_reduction"))
        move = self.make_invoice(self.line(100, 15), post=True)
        self.apply_points(move, 50)
        for cancel in (False, True):
            with self.assertRaisesRegex(UserError, "reset the credit note to draft and cancel it"):
                move._loyalty_reductions()._reverse_moves([{}], cancel=cancel)

    def test_points_spent_meanwhile(self):
        """S10, S11: a reversal cannot take points that are gone: without cancelling, their money is asked for."""
        move = self.sell()
        note = self.credit(move)
        self.card._post_entries([{"card_id": self.card.id, "kind": "redeem", "points": -1000, "key": "till"}])
        with self.assertRaisesRegex(UserError, "fewer than the 50"), self.cr.savepoint():
            note._reverse_moves([{"invoice_date": move.invoice_date}], cancel=True)
        self.env.invalidate_all()
        self.assertEqual(self.credit(note).amount_residual, 50)

    def test_earns_again(self):
        """C6, N4: with points in the payment, what is restored has the share of what money pays in the end."""
        self.program.issue_on = "paid"
        for mode in ("tender", "price_reduction"):
            for draft in (False, True):
                for cancel in (False, True):
                    with self.subTest(mode=mode, draft=draft, cancel=cancel):
                        self.program.write(self.mode_values(mode))
                        move = self.sell(draft)
                        self.assertEarned(move, 56)
                        note = self.credit(move)
                        self.assertEarned(move, 0)
                        if cancel:
                            again = note._reverse_moves([{"invoice_date": move.invoice_date}], cancel=True)
                        else:
                            again = self.credit(note)
                            self.assertEarned(move, 0)
                        if again.amount_residual:
                            self.assertEqual(again.amount_residual, 50)
                            self.apply_points(again, 50)
                        self.assertEarned(move, 56)
                        money = self.loyalty_payments(again) if mode == "tender" and not cancel else None
                        if money:
                            money.action_cancel()
                            self.pay(again)
                            self.assertEarned(move, 100)

    def assertEarned(self, move, points):
        self.env.cr.flush()
        move.invalidate_recordset()
        self.assertFalse(move.loyalty_sync_error)
        self.assertEqual(move.loyalty_points_earned, points)

    def test_reversed_and_cancelled(self):
        """N4, S11: a reversal that cancels the credit note takes the points again that it gave back."""
        for mode in ("tender", "input_tax", "price_reduction"):
            with self.subTest(mode=mode):
                self.program.write(self.mode_values(mode))
                before = self.open_amount()
                points = self.card.points
                move = self.sell()
                note = self.credit(move)
                self.assertEqual(self.card.points, points)
                again = note._reverse_moves([{"invoice_date": move.invoice_date}], cancel=True)
                self.assertEqual((again.amount_residual, note.amount_residual, self.card.points), (0, 0, points - 50))
                self.assertEqual((move.payment_state, self.open_amount()), ("paid", before))
                half = self.credit(move, self.line(50, 15))
                self.assertEqual((half.amount_residual, self.card.points), (32.5, points - 25))
                self.credit(move, self.line(50, 15))
                self.assertEqual(self.card.points, points)
