from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .redemption_common import RedemptionCase
from .test_redemption_reduction import ReductionCase


@tagged("post_install", "-at_install")
class TestOddReductions(ReductionCase):
    """What an invoicing user can do to documents whose price points lower: money and points stay together."""

    def draft(self, points=50, *lines, **values):
        move = self.make_invoice(*(lines or (self.line(100, 15),)), **values)
        self.apply_points(move, points)
        return move

    def assertRefused(self, message, move):
        with self.assertRaisesRegex(UserError, message), self.cr.savepoint():
            move.action_post()
        self.env.invalidate_all()

    def test_currency_changed(self):
        """S10, S11: points that were worth 50.00 pay no 50.00 of another currency, nor of another day's rate."""
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 0.5), ("2026-03-01", 0.8)])
        move = self.draft()
        move.currency_id = euro
        self.assertRefused("Use Apply Loyalty Points again", move)
        self.apply_points(move, 50)
        self.assertEqual(move.amount_total, 115 - 40)
        move.invoice_date = "2026-02-01"
        self.assertRefused("Use Apply Loyalty Points again", move)
        self.apply_points(move, 50)
        self.assertEqual(move.amount_total, 115 - 25)
        move.action_post()
        reduction = move.line_ids.filtered("is_loyalty_reduction")
        self.assertAlmostEqual(sum(reduction.mapped("balance")), 43.48)
        self.assertEqual(self.card.points, 950)

    def test_foreign_currency_posted_again(self):
        """S10, S11: posted, reset and posted again, points cover what they paid at first, whatever a point is worth
        now."""
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 0.8)])
        move = self.draft(33, self.line(19.99, 15), self.line(30.03, 5), currency_id=euro.id)
        total = move.amount_total
        for value in (1.0, 0.5):
            self.set_value(value)
            move.action_post()
            self.assertEqual((move.amount_total, move.loyalty_amount_redeemed, self.card.points), (total, 26.4, 967))
            move.button_draft()
            self.assertEqual((self.card.points, self.card.available_points), (1000, 967))
        move.button_cancel()
        self.assertEqual(self.card.available_points, 1000)

    def test_several_credit_notes_at_once(self):
        """N4: credit notes that are confirmed together give each their part back."""
        move = self.draft()
        move.action_post()
        self.pay(move)
        notes = self.credit(move, self.line(50, 15), post=False) | self.credit(move, self.line(50, 15), post=False)
        notes.action_post()
        self.assertEqual((notes.mapped("amount_residual"), self.card.points), ([32.5, 32.5], 1000))

    def test_another_company(self):
        """M2, S11: a draft that moved to another company is not paid with points of this one."""
        other = self.setup_other_company(name="Other")
        self.clerk.company_ids |= other["company"]
        move = self.draft()
        with self.assertRaises(UserError), self.cr.savepoint():
            move.with_context(allowed_company_ids=self.clerk.company_ids.ids).journal_id = other["default_journal_sale"]
            move.action_post()
        self.env.invalidate_all()
        self.assertEqual((move.company_id, self.card.points), (self.company, 1000))

    def test_goods_changed(self):
        """S24, bP6: lines of points carry the taxes of what they pay, and never pay for shipping."""
        move = self.draft()
        goods = move.invoice_line_ids.filtered(lambda line: not line.is_loyalty_reduction)
        goods.tax_ids = self.sale_taxes[5]
        self.assertRefused("Use Apply Loyalty Points again", move)
        self.apply_points(move, 50)
        self.assertEqual((move.amount_total, move.amount_tax), (55, 2.62))
        self.product.loyalty_no_redeem = True
        self.assertRefused("Use Apply Loyalty Points again", move)
        self.product.loyalty_no_redeem = False
        points = move.invoice_line_ids.filtered("is_loyalty_reduction")
        points.write({"tax_ids": [Command.clear()], "price_unit": -50, "extra_tax_data": False})
        self.assertEqual(move.amount_total, 55)
        self.assertRefused("Use Apply Loyalty Points again", move)
        self.apply_points(move, 50)
        move.action_post()
        self.assertEqual(self.card.points, 950)

    def test_switched_type(self):
        """S11: an invoice with points does not become a credit note."""
        for move in (self.draft(), self.make_invoice(self.line(100, 15))):
            with self.subTest(points=move.loyalty_redeem_points):
                if move.loyalty_redeem_points:
                    with self.assertRaisesRegex(UserError, "Remove them first"):
                        move.action_switch_move_type()
                else:
                    move.action_switch_move_type()
                    self.assertEqual(move.move_type, "out_refund")

    def test_credit_note_of_points_confirmed_too_late(self):
        """S10, S11: what money has paid since is not paid by points again: points never become credit."""
        move = self.make_invoice(self.line(100, 15), post=True)
        self.apply_points(move, 50)
        note = move._loyalty_reductions().with_user(self.clerk)
        note.button_draft()
        self.assertEqual((self.card.points, move.amount_residual), (1000, 115))
        self.pay(move)
        self.assertRefused("Points can cover .*0.00", note)
        self.assertEqual((self.card.points, note.state), (1000, "draft"))

    def test_corrected_invoice(self):
        """S11, N4: the invoice that replaces a cancelled one asks for the points anew."""
        move = self.draft()
        move.action_post()
        wizard = (
            self.env["account.move.reversal"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id})
        )
        new = self.env["account.move"].browse(wizard.modify_moves()["res_id"])
        self.assertEqual((new.state, new.amount_total, self.card.points), ("draft", 115, 1000))
        self.apply_points(new, 50)
        new.action_post()
        self.assertEqual((new.amount_total, self.card.points), (65, 950))

    def test_reversal_of_what_gave_back(self):
        """S11, N4: the reversal of an entry that gave points back is final: the points were taken with it."""
        move = self.make_invoice(self.line(100, 15), post=True)
        self.apply_points(move, 50)
        self.credit(move)
        entry = move._loyalty_reductions().loyalty_redeem_return_ids
        reverse = entry._reverse_moves([{"date": entry.date}], cancel=True)
        self.assertEqual(self.card.points, 950)
        for cancel in (True, False):
            with self.assertRaisesRegex(UserError, "cannot be reversed"), self.cr.savepoint():
                again = reverse._reverse_moves([{"date": entry.date}], cancel=cancel)
                again.filtered(lambda move: move.state == "draft").action_post()
        self.env.invalidate_all()
        self.assertEqual(self.card.points, 950)

    def test_credit_note_of_goods_alone(self):
        """N4: whatever lines the credit note has, points come back pro rata: cash never exceeds the cash that was paid."""
        move = self.draft()
        move.action_post()
        self.pay(move)
        half = self.credit(move, self.line(50, 15))
        self.assertEqual((half.amount_residual, half.amount_tax, self.card.points), (32.5, 4.24, 975))
        rest = self.credit(move, self.line(50, 15))
        self.assertEqual((rest.amount_residual, rest.amount_tax, self.card.points), (32.5, 4.24, 1000))
        self.assertAlmostEqual(self.vat(move, half, rest), 0)
        half.button_draft()
        self.assertEqual(self.card.points, 975)
        half.action_post()
        self.assertEqual((half.amount_total, self.card.points), (32.5, 1000))
        more = self.credit(move, self.line(10, 15))
        self.assertEqual((more.amount_total, self.card.points), (11.5, 1000))

    def test_paid_with_points_alone(self):
        """N4, S11: an invoice of 0.00 after points; its credit note gives points back and no money."""
        move = self.draft(115)
        move.action_post()
        self.assertEqual((move.amount_total, self.card.points), (0, 885))
        note = self.credit(move, self.line(40, 15))
        self.assertEqual((note.amount_total, self.card.points), (0, 931))
        self.credit(move, self.line(60, 15))
        self.assertEqual(self.card.points, 1000)

    def test_several_redemptions(self):
        """N4: points on the draft and again on the posted invoice, credited in parts."""
        move = self.draft(20)
        move.action_post()
        self.apply_points(move, 30)
        self.pay(move)
        half = self.credit(move, self.line(50, 15))
        self.assertEqual((half.amount_residual, self.card.points), (32.5, 975))
        rest = self.credit(move, self.line(50, 15))
        self.assertEqual((rest.amount_residual, self.card.points), (32.5, 1000))


@tagged("post_install", "-at_install")
class TestOddPayments(RedemptionCase):
    """What an invoicing user can do to payments with points, and to drafts that reserve some."""

    def test_draft_payment_moves(self):
        """S10, S11: a draft payment with points stays with the customer of its invoice, which is confirmed first."""
        move = self.make_invoice(self.line(100, 15), post=True)
        values = {
            "payment_type": "inbound",
            "partner_type": "customer",
            "partner_id": self.customer.id,
            "journal_id": self.loyalty_journal.id,
            "payment_method_line_id": self.loyalty_journal.inbound_payment_method_line_ids.id,
            "amount": 50,
            "loyalty_card_id": self.card.id,
            "loyalty_points": 50,
            "loyalty_move_id": move.id,
        }
        Payment = self.env["account.payment"].with_user(self.clerk)
        payment = Payment.create(values)
        bob = self.env["res.partner"].create({"name": "Bob"})
        with self.assertRaisesRegex(ValidationError, "of the same customer"), self.cr.savepoint():
            payment.write({"partner_id": bob.id, "payment_method_line_id": values["payment_method_line_id"]})
        self.env.invalidate_all()
        payment.unlink()
        self.assertEqual(self.card.available_points, 1000)
        draft = self.make_invoice(self.line(100, 15))
        early = Payment.create({**values, "loyalty_move_id": draft.id})
        with self.assertRaisesRegex(UserError, "Confirm"), self.cr.savepoint():
            early.action_post()
        self.env.invalidate_all()
        self.assertEqual(self.card.points, 1000)

    def test_program_archived(self):
        """S10, S11: a draft whose program was archived is not confirmed with points; they can be taken off it."""
        for mode in ("tender", "price_reduction"):
            with self.subTest(mode=mode):
                account = self.revenue if mode == "price_reduction" else self.cost_account
                self.program.write({"vat_mode": mode, "cost_account_id": account.id})
                move = self.make_invoice(self.line(100, 15))
                wizard = self.apply_points(move, 50)
                self.program.sudo().active = False
                with self.assertRaisesRegex(UserError, "is archived"), self.cr.savepoint():
                    move.action_post()
                self.env.invalidate_all()
                self.assertTrue(move.can_apply_loyalty_points)
                wizard = self.env["loyalty.apply.points"].with_user(self.clerk).create({"move_id": move.id})
                wizard.action_remove()
                move.action_post()
                self.assertEqual((move.amount_residual, self.card.available_points), (115, 1000))
                self.program.active = True

    def test_card_archived(self):
        """S10, S11: a card that was archived or closed in the meantime: the draft is refused, and freed of its
        points."""
        for mode in ("tender", "price_reduction"):
            for values in ({"active": False}, {"closed": True}):
                with self.subTest(mode=mode, values=values):
                    account = self.revenue if mode == "price_reduction" else self.cost_account
                    self.program.write({"vat_mode": mode, "cost_account_id": account.id})
                    card = self.make_card()
                    self.grant(100, card)
                    move = self.make_invoice(self.line(100, 15))
                    self.apply_points(move, 50, card=card)
                    try:
                        with self.cr.savepoint():
                            card.write(values)
                    except UserError:
                        continue  # a card with reserved points stays
                    with self.assertRaises(UserError), self.cr.savepoint():
                        move.action_post()
                    self.env.invalidate_all()
                    self.env["loyalty.apply.points"].with_user(self.clerk).create({"move_id": move.id}).action_remove()
                    move.action_post()
                    self.assertEqual((move.amount_residual, card.points, card.reserved_points), (115, 100, 0))

    def test_customer_changed(self):
        """S10, S11: the card that was presented pays, no matter who the invoice is for; the payment is the invoice's
        customer's."""
        bob = self.env["res.partner"].create({"name": "Bob"})
        move = self.make_invoice(self.line(100, 15))
        self.apply_points(move, 50)
        move.partner_id = bob
        move.action_post()
        payment = self.loyalty_payments(move)
        self.assertEqual((payment.partner_id, move.amount_residual, self.card.points), (bob, 65, 950))

    def test_early_payment_discount(self):
        """S11, C6: points and an early-payment discount on one invoice leave nothing open and no cent too much."""
        term = self.env["account.payment.term"].create(
            {
                "name": "2 % in 10 days",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 10,
                "line_ids": [Command.create({"value": "percent", "value_amount": 100, "nb_days": 30})],
            }
        )
        self.program.issue_on = "paid"
        move = self.make_invoice(self.line(100, 15), invoice_payment_term_id=term.id, post=True)
        self.apply_points(move, 50)
        self.pay(move)
        self.env.cr.flush()
        self.assertEqual((move.amount_residual, self.card.points), (0, 950 + move.loyalty_points_earned))
        paid = sum(move.reconciled_payment_ids.mapped("amount"))
        self.assertIn(round(paid, 2), (115.0, 112.7))
        note = self.credit(move)
        self.env.cr.flush()
        self.assertEqual((note.amount_residual, self.card.points), (65, 1000))

    def test_cash_rounding(self):
        """S11, S24: points cover no more than a rounded invoice asks for, in each way of rounding."""
        for strategy in ("add_invoice_line", "biggest_tax"):
            for mode in ("tender", "input_tax", "price_reduction"):
                with self.subTest(strategy=strategy, mode=mode):
                    account = self.revenue if mode == "price_reduction" else self.cost_account
                    self.program.write({"vat_mode": mode, "cost_account_id": account.id, "point_value": 0.01})
                    rounding = self.env["account.cash.rounding"].create(
                        {
                            "name": "0.05",
                            "rounding": 0.05,
                            "strategy": strategy,
                            "profit_account_id": self.revenue.id,
                            "loss_account_id": self.cost_account.id,
                        }
                    )
                    for draft in (True, False):
                        move = self.make_invoice(self.line(9.97, 15), invoice_cash_rounding_id=rounding.id)
                        total = move.amount_total
                        if not draft:
                            move.action_post()
                        self.apply_points(move, 333)
                        if draft:
                            move.action_post()
                        before = self.card.points
                        self.pay(move)
                        self.assertEqual(move.amount_residual, 0)
                        note = self.credit(move)
                        self.assertAlmostEqual(note.amount_residual, total - 3.33, delta=0.05)
                        self.assertEqual(self.card.points, before + 333)
                        self.assertEqual(self.card._verify_ledger(), [])

    def test_rpc(self):
        """S10, S11: what the server decides about points cannot be written by remote call."""
        move = self.make_invoice(self.line(100, 15))
        self.apply_points(move, 50)
        for values in (
            {"loyalty_redeem_points": 10},
            {"loyalty_items": [[1]]},
            {"loyalty_redeem_note_id": move.id},
        ):
            with self.assertRaises(AccessError):
                move.write(values)
            with self.assertRaises(AccessError):
                move.copy(values)
