from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .golden_vat_split import REFUND, REFUND_IN_THIRDS
from .redemption_common import RedemptionCase


@tagged("post_install", "-at_install")
class TestRedemptionRefund(RedemptionCase):
    """Credit notes of invoices that points paid in part: 115.00 incl. 15 %, 65.00 in money and 500 points of 0.10."""

    point_value = 0.1

    def sell(self, *lines, paid=True, points=500):
        move = self.make_invoice(*(lines or (self.line(100, 15),)), post=True)
        self.apply_points(move, points)
        if paid:
            self.pay(move)
        return move

    def returns(self, *notes):
        payments = self.env["account.payment"]
        return payments.search([("loyalty_move_id", "in", [note.id for note in notes])], order="id")

    def test_refund(self):
        """N4, S24: a full and a half refund give points back pro rata; cash never exceeds the cash that was paid."""
        for name, case in REFUND.items():
            with self.subTest(name):
                move = self.sell()
                before = self.card.points
                lots = {lot.id: lot.remaining for lot in self.card.lot_ids}
                note = self.credit(move, *([self.line(50, 15)] if name == "half" else []))
                self.assertEqual(note.amount_total, case["credit_note"])
                payment = self.returns(note)
                self.assertEqual(note.amount_residual, case["cash"], "what is still to be paid out in money")
                self.assertEqual(self.card.points - before, case["points"])
                self.assertEqual((payment.payment_type, payment.loyalty_points), ("outbound", case["points"]))
                self.assertAlmostEqual(self.vat(note, payment.move_id), -case["net_vat_reversed"])
                self.assertEqual(
                    sum(lot.remaining - lots[lot.id] for lot in self.card.lot_ids), case["points"], "the very lots"
                )
                self.assertRecordValues(
                    payment.loyalty_entry_id,
                    [{"kind": "reversal", "points": case["points"], "res_id": payment.id, "is_redemption": True}],
                )
                self.assertEqual(payment.loyalty_entry_id.reversed_entry_id.res_id, payment.loyalty_origin_id.id)
                self.assertEqual(note.loyalty_points_redeemed, case["points"])
                refund = self.pay(note)
                self.assertEqual((refund.amount, note.payment_state), (case["cash"], "paid"))

    def test_refund_lines(self):
        """N4, S24: the journal items that come back carry the refund side of the tax."""
        move = self.sell()
        note = self.credit(move)
        self.assertEntry(
            self.returns(note).move_id,
            [
                (self.cost_account, -43.48, [self.tags["purchase", 15, "refund", "base"]]),
                (self.input_vat, -6.52, [self.tags["purchase", 15, "refund", "tax"]]),
                (self.receivable, 50.0, []),
            ],
        )

    def test_refund_in_thirds(self):
        """N4, S24: three partial refunds take back VAT, money and points to the cent; the last takes the rest."""
        move = self.sell(*[self.line(33.33, 15), self.line(33.33, 15), self.line(33.34, 15)])
        self.assertEqual(move.amount_total, 115)
        points = self.card.points
        notes = [self.credit(move, self.line(price, 15)) for price in (33.33, 33.33, 33.34)]
        payments = self.returns(*notes)
        vat = [
            -sum(payment.move_id.line_ids.filtered(lambda line: line.account_id == self.input_vat).mapped("balance"))
            for payment in payments
        ]
        self.assertEqual([round(amount, 2) for amount in vat], REFUND_IN_THIRDS)
        self.assertEqual(sum(payments.mapped("loyalty_points")), 500)
        self.assertTrue(all(payment.loyalty_points == int(payment.loyalty_points) for payment in payments))
        self.assertAlmostEqual(sum(payments.mapped("amount")), 50)
        self.assertEqual(self.card.points - points, 500)
        origin = payments.loyalty_origin_id
        for account in (self.cost_account, self.input_vat):
            lines = (origin | payments).move_id.line_ids.filtered(lambda line: line.account_id == account)  # noqa: B023
            self.assertAlmostEqual(sum(lines.mapped("balance")), 0)
        self.assertAlmostEqual(sum(note.amount_residual for note in notes), 65)

    def test_several_rates_in_parts(self):
        """N4, S24: every account and tag of a redemption over several rates is back after the last refund."""
        lines = [self.line(100, 15), self.line(200, 5), self.line(50, 0)]
        move = self.sell(*lines)
        notes = [self.credit(move, line) for line in lines]
        payments = self.returns(*notes)
        origin = payments.loyalty_origin_id
        self.assertAlmostEqual(sum(payments.mapped("amount")), 50)
        both = (origin | payments).move_id.line_ids
        for tax in (self.purchase_taxes[15], self.purchase_taxes[5], self.purchase_taxes[0]):
            for lines in (
                both.filtered(lambda line: tax in line.tax_ids),  # noqa: B023
                both.filtered(lambda line: line.tax_line_id == tax),  # noqa: B023
            ):
                self.assertAlmostEqual(sum(lines.mapped("balance")), 0)

    def test_unpaid_rest(self):
        """N4: on an invoice that is still open for the money, a half credit leaves half of the money due."""
        move = self.sell(paid=False)
        self.assertEqual(move.amount_residual, 65)
        note = self.credit(move, self.line(50, 15))
        self.assertEqual(note.amount_residual, 0)
        self.assertEqual(move.amount_residual, 32.5)
        self.assertEqual(self.returns(note).loyalty_points, 250)
        rest = self.credit(move, self.line(50, 15))
        self.assertEqual((rest.amount_residual, move.amount_residual, self.card.points), (0, 0, 1000))

    def test_cancelling_credit_note(self):
        """N4: a credit note that cancels the invoice frees the money and gives all points back."""
        move = self.sell()
        wizard = (
            self.env["account.move.reversal"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id})
        )
        action = wizard.modify_moves()
        note = move.reversal_move_ids
        self.assertEqual((move.payment_state, note.amount_residual, self.card.points), ("reversed", 0, 1000))
        payment = self.returns(note)
        self.assertTrue(payment.is_reconciled and payment.loyalty_origin_id.is_reconciled)
        new = self.env["account.move"].browse(action["res_id"])
        self.assertEqual((new.state, new.amount_total, new.loyalty_points_reserved), ("draft", 115, 0))

    def test_points_paid_more_than_goods(self):
        """N4: crediting shipping alone, which points never paid, costs no points; the goods take them all."""
        shipping = self.env["product.product"].create({"name": "Shipping", "loyalty_no_redeem": True})
        freight = self.line(50, 0, product_id=shipping.id)
        move = self.sell(self.line(100, 15), freight)
        note = self.credit(move, freight)
        self.assertFalse(self.returns(note))
        self.assertEqual(note.amount_residual, 50)
        note = self.credit(move, self.line(100, 15))
        self.assertEqual((self.returns(note).loyalty_points, note.amount_residual), (500, 65))

    def test_lump_sum_never_pays_points_out(self):
        """N4: even a credit note over lines that points never cover gives points back before cash exceeds cash."""
        shipping = self.env["product.product"].create({"name": "Shipping", "loyalty_no_redeem": True})
        move = self.sell()
        note = self.credit(move, self.line(100, 15, product_id=shipping.id))
        self.assertEqual((note.amount_residual, self.returns(note).loyalty_points), (65, 500))

    def test_undo_of_a_refund(self):
        """N4: cancelling the payment that gave points back takes them again; the origin waits for it."""
        move = self.sell()
        note = self.credit(move)
        payment = self.returns(note)
        with self.assertRaisesRegex(UserError, "already returned by .* Cancel that first"), self.cr.savepoint():
            payment.loyalty_origin_id.with_user(self.clerk).action_cancel()
        self.env.invalidate_all()
        payment.with_user(self.clerk).action_cancel()
        self.assertEqual((self.card.points, note.amount_residual), (500, 115))
        payment.loyalty_origin_id.with_user(self.clerk).action_cancel()
        self.assertEqual(self.card.points, 1000)
        self.assertEqual(self.card._verify_ledger(), [])

    def test_two_redemptions(self):
        """N4: an invoice paid by two redemptions gives each its share back."""
        other = self.make_card()
        self.grant(300, other)
        move = self.make_invoice(self.line(100, 15), post=True)
        self.apply_points(move, 200)
        self.apply_points(move, 300, card=other)
        note = self.credit(move, self.line(50, 15))
        self.assertEqual(self.returns(note).mapped("loyalty_points"), [100, 150])
        self.credit(move, self.line(50, 15))
        self.assertEqual((self.card.points, other.points), (1000, 300))

    def test_credit_note_is_cancelled(self):
        """N4: a credit note that is cancelled takes the points that it gave back."""
        move = self.sell(paid=False)
        note = self.credit(move)
        self.assertEqual(self.card.points, 1000)
        note.button_draft()
        note.button_cancel()
        self.assertEqual(self.card.points, 500)

    def test_credit_note_is_posted_again(self):
        """N4: a credit note that is reset takes its points, and gives back by its new lines when it is posted again."""
        move = self.sell()
        note = self.credit(move)
        note.button_draft()
        self.assertEqual(self.card.points, 500)
        note.action_post()
        self.assertEqual((self.card.points, note.amount_residual), (1000, 65))
        note.button_draft()
        note.write(
            {
                "invoice_line_ids": [
                    Command.clear(),
                    Command.create({"product_id": self.product.id, **self.line(10, 15)}),
                ]
            }
        )
        note.action_post()
        self.assertEqual((self.card.points, note.amount_residual), (550, 6.5))
        self.assertEqual(self.card._verify_ledger(), [])

    def test_program_changed_since(self):
        """N4: a refund is never refused: the program has another journal by now, or is archived."""
        for values in ({"loyalty_journal_id": self.make_loyalty_journal(code="LOY2").id}, {"active": False}):
            with self.subTest(values):
                move = self.sell()
                self.program.sudo().write(values)  # users do not archive a program with points
                self.assertEqual(self.credit(move).amount_residual, 65)
                self.assertEqual(self.card.points, 1000)
                self.program.loyalty_journal_id = self.loyalty_journal

    def test_points_after_an_earlier_credit(self):
        """N4: points that paid what an earlier credit note left come back with later ones, never more than they credit."""
        move = self.make_invoice(self.line(100, 15), post=True)
        self.credit(move, self.line(20, 15))
        self.apply_points(move, 920)
        self.assertEqual(move.amount_residual, 0)
        notes = [self.credit(move, self.line(20, 15)) for __ in range(4)]
        self.assertEqual([note.amount_residual for note in notes], [0, 0, 0, 0])
        self.assertEqual(self.card.points, 1000)
        self.assertEqual(sum(self.returns(*notes).mapped("amount")), 92)

    def test_payment_of_two_invoices(self):
        """N4: a redemption that was matched with two invoices gives each its own part back."""
        first = self.sell(paid=False)
        payment = self.loyalty_payments(first)
        first.js_remove_outstanding_partial(payment.move_id.line_ids.matched_debit_ids.id)
        small = self.make_invoice(self.line(17.39, 15), post=True)
        credit = payment.move_id.line_ids.filtered(lambda line: line.account_id == self.receivable)
        small.js_assign_outstanding_line(credit.id)
        first.js_assign_outstanding_line(credit.id)
        self.assertEqual((small.payment_state, first.amount_residual), ("paid", 85))
        self.credit(small)
        self.assertEqual(self.card.points, 700)
        self.credit(first)
        self.assertEqual((self.card.points, first.amount_residual), (1000, 0))

    def test_card_cannot_be_used_any_more(self):
        """N4, H25: a refund is never refused: points go back to a closed card, and those of a source to its master."""
        move, other = self.sell(), self.make_card()
        self.grant(500, other)
        second = self.make_invoice(self.line(100, 15), post=True)
        self.apply_points(second, 500, card=other)
        master = self.make_card()
        other.points_to_id = master
        self.card.action_close()
        self.assertEqual(self.credit(move).amount_residual, 65)
        self.assertEqual(self.card.points, 1000)
        self.credit(second)
        self.assertEqual((other.points, master.points), (0, 500))
