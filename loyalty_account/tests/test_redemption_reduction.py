import random

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .redemption_common import RedemptionCase


class ReductionCase(RedemptionCase):
    vat_mode = "price_reduction"

    @classmethod
    def accounting_values(cls, **values):
        account = cls.make_account("Sales Paid with Points", "400900", "income")
        cls.contra_account = account
        return super().accounting_values(cost_account_id=account.id, **values)

    def assertPoints(self, move, points, kind="redeem"):
        entries = self.env["loyalty.ledger.entry"].search(
            [("res_model", "=", "account.move"), ("res_id", "=", move.id)], order="id DESC", limit=1
        )
        self.assertRecordValues(entries, [{"kind": kind, "points": points}])


@tagged("post_install", "-at_install")
class TestPriceReduction(ReductionCase):
    """Points that lower the price: less output VAT, no payment."""

    def test_foreign_points_are_seen(self):
        """N29, S9: points of somebody else's card that lower the price, without a payment, are listed for a manager: once for
        each invoice, on a draft and after its posting."""
        friend = self.make_card(self.env["res.partner"].create({"name": "Bob"}))
        self.grant(100, friend)
        draft, posted = self.make_invoice(self.line(100, 15)), self.make_invoice(self.line(100, 15), post=True)
        for move in (draft, posted):
            self.apply_points(move, 50, card=friend)
        draft.action_post()
        uses = self.env["loyalty.exception"].search([("kind", "=", "foreign")], order="id")
        self.assertEqual(
            [(use.res_model, use.res_id, use.card_id) for use in uses],
            [("account.move", draft.id, friend), ("account.move", posted.id, friend)],
        )

    def test_draft(self):
        """N3, S24: on a draft, a negative line with the invoice's own tax; its posting redeems the points."""
        move = self.make_invoice(self.line(100, 15))
        self.apply_points(move, 50)
        self.assertEqual((move.amount_untaxed, move.amount_tax, move.amount_total), (56.52, 8.48, 65))
        self.assertEqual((move.loyalty_points_reserved, self.card.available_points), (50, 950))
        printed = move.invoice_line_ids.filtered(lambda line: line.account_id == self.contra_account).name
        self.assertEqual(printed, f"50 points, loyalty card ending in {self.card.code[-4:]}")
        move.action_post()
        self.assertIn("50 loyalty points", str(move.message_ids.mapped("body")))
        self.assertIn("lowered the price", str(move.message_ids.mapped("body")))
        self.assertEntry(
            move,
            [
                (self.revenue, -100, [self.tags["sale", 15, "invoice", "base"]]),
                (self.contra_account, 43.48, [self.tags["sale", 15, "invoice", "base"]]),
                (self.output_vat, -8.48, [self.tags["sale", 15, "invoice", "tax"]]),
                (self.receivable, 65, []),
            ],
        )
        self.assertFalse(self.loyalty_payments(move))
        self.assertPoints(move, -50)
        self.assertEqual((move.loyalty_points_redeemed, move.loyalty_amount_redeemed), (50, 50))
        self.assertEqual((self.card.points, self.card.reserved_points), (950, 0))

    def test_posted(self):
        """N3, S24, C27: on a posted invoice, a credit note of these lines, matched with the invoice."""
        move = self.make_invoice(self.line(100, 15), post=True)
        self.apply_points(move, 50)
        note = move.reversal_move_ids
        self.assertEntry(
            note,
            [
                (self.contra_account, 43.48, [self.tags["sale", 15, "refund", "base"]]),
                (self.output_vat, 6.52, [self.tags["sale", 15, "refund", "tax"]]),
                (self.receivable, -50, []),
            ],
        )
        self.assertEqual((move.amount_residual, move.payment_state, note.payment_state), (65, "partial", "paid"))
        self.assertPoints(note, -50)
        self.assertEqual((move.loyalty_points_redeemed, self.card.points), (50, 950))
        self.assertEqual([row["loyalty_label"] for row in move.invoice_payments_widget["content"]], ["with 50 points"])
        self.assertAlmostEqual(self.vat(move, note), 8.48)

    def test_several_rates(self):
        """S24, N3: shared over the rates to the cent, both rounding methods, prices with and without tax."""
        for method in ("round_per_line", "round_globally"):
            for include in ("tax_excluded", "tax_included"):
                with self.subTest(method=method, include=include):
                    self.company.tax_calculation_rounding_method = method
                    taxes = self.env["account.tax"].union(*self.sale_taxes.values())
                    taxes.price_include_override = include
                    rate = {15: 1.15, 5: 1.05, 0: 1} if include == "tax_included" else {15: 1, 5: 1, 0: 1}
                    lines = [
                        self.line(round(100 * rate[15], 2), 15),
                        self.line(round(200 * rate[5], 2), 5),
                        self.line(50, 0),
                    ]
                    draft = self.make_invoice(*lines)
                    self.assertEqual(draft.amount_total, 375)
                    self.apply_points(draft, 50)
                    self.assertEqual(draft.amount_total, 325)
                    draft.action_post()
                    posted = self.make_invoice(*lines, post=True)
                    self.apply_points(posted, 50)
                    note = posted.reversal_move_ids
                    self.assertEqual(note.amount_total, 50)
                    for document in (draft, note):
                        reduction = document.line_ids.filtered("is_loyalty_reduction")
                        self.assertEqual(
                            [
                                (line.tax_ids.amount, abs(line.price_subtotal), round(abs(line.price_total), 2))
                                for line in reduction.sorted("id")
                            ],
                            [(15, 13.33, 15.33), (5, 26.67, 28.0), (0, 6.67, 6.67)],
                        )
                        self.assertEqual(
                            [round(abs(line.balance), 2) for line in reduction.sorted("id")], [13.33, 26.67, 6.67]
                        )

    def test_odd_amounts(self):
        """S24: whatever the amount, the total drops by exactly what the points are worth."""
        self.set_value(0.01)
        for points in (1, 7, 33, 99, 333, 997):
            move = self.make_invoice(self.line(19.99, 15), self.line(7.77, 5), self.line(3.33, 0))
            total = move.amount_total
            self.apply_points(move, points)
            self.assertAlmostEqual(total - move.amount_total, points / 100)
            move._remove_loyalty_points()
            self.assertEqual(move.amount_total, total)

    def test_reset_cancel_delete(self):
        """S11: resetting keeps the points reserved; cancelling and deleting free them."""
        move = self.make_invoice(self.line(100, 15))
        self.apply_points(move, 50)
        move.action_post()
        move.button_draft()
        self.assertEqual((self.card.points, self.card.available_points, move.loyalty_points_reserved), (1000, 950, 50))
        self.assertPoints(move, 50, "reversal")
        move.action_post()
        self.assertEqual((self.card.points, self.card.available_points), (950, 950))
        move.button_cancel()
        self.assertEqual((self.card.points, self.card.available_points), (1000, 1000))
        self.assertEqual(self.card._verify_ledger(), [])

    def test_replace_and_copy(self):
        """S10: applying again replaces the lines; a duplicate has none; changed lines are not posted."""
        move = self.make_invoice(self.line(100, 15))
        self.apply_points(move, 50)
        self.apply_points(move, 20)
        self.assertEqual((move.amount_total, self.card.available_points), (95, 980))
        self.assertEqual(move.copy().amount_total, 115)
        move.line_ids.filtered("is_loyalty_reduction").price_unit = -60
        with self.assertRaisesRegex(UserError, "add up to"), self.cr.savepoint():
            move.action_post()
        self.env.invalidate_all()
        self.apply_points(move, 115)
        self.assertEqual((move.amount_total, move.amount_untaxed), (0, 0))
        with self.assertRaisesRegex(UserError, "Points can cover"):
            self.apply_points(move, 116)

    def test_credit_note(self):
        """N4: a credit note takes the lines of points back, and gives these points back, the half of it half."""
        move = self.make_invoice(self.line(100, 15))
        self.apply_points(move, 50)
        move.action_post()
        self.pay(move)
        note = self.credit(move, post=False)
        self.assertEqual(note.amount_total, 65)
        for line in note.invoice_line_ids:
            line.price_unit /= 2
        note.action_post()
        self.assertEqual((note.amount_residual, self.card.points), (32.5, 975))
        rest = self.credit(move, post=False)
        for line in rest.invoice_line_ids:
            line.price_unit /= 2
        rest.action_post()
        self.assertEqual((rest.amount_residual, self.card.points), (32.5, 1000))
        note.button_draft()
        self.assertEqual(self.card.points, 975)

    def test_credit_note_after_posted_reduction(self):
        """N4: an invoice whose price a credit note of points lowered: crediting the goods undoes that, pro rata."""
        move = self.make_invoice(self.line(100, 15), post=True)
        self.apply_points(move, 50)
        self.pay(move)
        half = self.credit(move, self.line(50, 15))
        self.assertEqual((half.amount_residual, self.card.points), (32.5, 975))
        entry = move.loyalty_redeem_return_ids or self.env["account.move"].search(
            [("loyalty_redeem_origin_id", "in", move.reversal_move_ids.ids)]
        )
        self.assertEntry(
            entry,
            [
                (self.contra_account, -21.74, [self.tags["sale", 15, "invoice", "base"]]),
                (self.output_vat, -3.26, [self.tags["sale", 15, "invoice", "tax"]]),
                (self.receivable, 25, []),
            ],
        )
        rest = self.credit(move, self.line(50, 15))
        self.assertEqual((rest.amount_residual, self.card.points), (32.5, 1000))
        both = (
            move | move.reversal_move_ids | self.env["account.move"].search([("loyalty_redeem_origin_id", "!=", False)])
        )
        self.assertAlmostEqual(self.vat(*both), 0)
        contra = both.line_ids.filtered(lambda line: line.account_id == self.contra_account)
        self.assertAlmostEqual(sum(contra.mapped("balance")), 0)

    def test_reduction_is_cancelled(self):
        """S10, S11: a credit note of points gave its points up when it was cancelled; it no longer lowers a price."""
        move = self.make_invoice(self.line(100, 15), post=True)
        self.apply_points(move, 50)
        note = move._loyalty_reductions().with_user(self.clerk)
        note.button_draft()
        note.button_cancel()
        self.assertEqual(self.card.points, 1000)
        note.button_draft()
        with self.assertRaisesRegex(UserError, "0 points are worth"), self.cr.savepoint():
            note.action_post()

    def test_cancelled_invoice_as_draft(self):
        """S11: an invoice that was cancelled gave its points up: as a draft again it has no lines of points."""
        move = self.make_invoice(self.line(100, 15))
        self.apply_points(move, 50)
        move.action_post()
        move.button_draft()
        move.button_cancel()
        move.button_draft()
        self.assertEqual((move.amount_total, self.card.available_points), (115, 1000))
        self.apply_points(move, 20)
        move.action_post()
        self.assertEqual((move.amount_total, self.card.points), (95, 980))

    def test_posted_lines_stay(self):
        """S11: the dialog takes points off drafts only."""
        move = self.make_invoice(self.line(100, 15))
        wizard = self.apply_points(move, 50)
        move.action_post()
        with self.assertRaisesRegex(UserError, "is not a draft"):
            wizard.action_remove()
        self.assertEqual(move.loyalty_redeem_points, 50)

    def test_credit_note_without_the_lines_of_points(self):
        """N4: a credit note that is posted again without the lines of points gets them back: cash never exceeds cash."""
        move = self.make_invoice(self.line(100, 15))
        self.apply_points(move, 50)
        move.action_post()
        note = self.credit(move)
        self.assertEqual(self.card.points, 1000)
        note.button_draft()
        lines = note.invoice_line_ids.filtered("is_loyalty_reduction")
        note.write({"invoice_line_ids": [Command.delete(line.id) for line in lines]})
        note.action_post()
        self.assertEqual((note.amount_total, self.card.points), (65, 1000))

    def test_undo_after_posted_reduction(self):
        """N4, S11: cancelling what gave a price reduction back, or the invoice itself, undoes that too."""
        move = self.make_invoice(self.line(100, 15), post=True)
        self.apply_points(move, 50)
        note = self.credit(move)
        self.assertEqual((self.card.points, note.amount_residual), (1000, 0))
        note.button_draft()
        self.assertEqual(self.card.points, 950)
        note.action_post()
        self.assertEqual((self.card.points, note.amount_residual), (1000, 0))
        note.button_cancel()
        self.assertEqual((self.card.points, move.amount_residual), (950, 65))
        reduction = move._loyalty_reductions()
        move.button_draft()
        self.assertEqual(self.card.points, 950)
        move.button_cancel()
        self.assertEqual((self.card.points, reduction.state), (1000, "cancel"))
        self.assertEqual(self.card._verify_ledger(), [])

    def test_entry_that_gives_back_keeps_its_lines(self):
        """N4, S11: what undoes a price reduction is posted as it was made: contra revenue and VAT stay."""
        move = self.make_invoice(self.line(100, 15), post=True)
        self.apply_points(move, 50)
        note = self.credit(move)
        entry = move._loyalty_reductions().loyalty_redeem_return_ids
        self.assertEqual(entry.loyalty_redeem_note_id, note)
        entry.button_draft()
        self.assertEqual((self.card.points, note.amount_residual), (950, 50))
        entry = entry.with_user(self.clerk).with_context(skip_invoice_sync=True)
        vat = entry.line_ids.filtered("tax_line_id")
        contra = entry.line_ids.filtered(lambda line: line.account_id == self.contra_account)
        with self.assertRaisesRegex(UserError, "carries 50 loyalty points"), self.cr.savepoint():
            entry.write({"line_ids": [(1, vat.id, {"credit": 0}), (1, contra.id, {"credit": 50})]})
            entry.action_post()
        self.env.invalidate_all()
        entry.action_post()
        self.assertEqual((self.card.points, note.amount_residual), (1000, 0))

    def test_goods_on_a_credit_note_of_points(self):
        """N4, C6: goods are credited by a credit note of their own, which takes back what they earned."""
        self.program.issue_on = "paid"
        move = self.make_invoice(self.line(100, 15), post=True)
        self.apply_points(move, 50)
        self.pay(move)
        self.env.cr.flush()
        self.assertEqual(move.loyalty_points_earned, 56)
        note = move._loyalty_reductions().with_user(self.clerk)
        note.button_draft()
        goods = {"product_id": self.product.id, **self.line(100, 15)}
        for values in (goods, {**goods, "is_loyalty_reduction": True}):
            with self.assertRaisesRegex(UserError, "separate credit note|add up to"), self.cr.savepoint():
                note.write({"invoice_line_ids": [Command.create(values)]})
                note.action_post()
            self.env.invalidate_all()
        note.write({"invoice_line_ids": [Command.create({"display_type": "line_note", "name": "Thank you"})]})
        note.action_post()
        self.env.cr.flush()
        self.assertEqual((note.amount_total, note.loyalty_redeem_points), (50, 50))

    def test_lines_of_points_are_marked_by_the_server(self):
        """N4, S10: nobody turns goods of a posted credit note into lines of points, which would keep what they earned."""
        self.program.issue_on = "paid"
        move = self.make_invoice(self.line(100, 15), post=True)
        self.pay(move)
        note = self.credit(move)
        self.env.cr.flush()
        with self.assertRaisesRegex(AccessError, "Use Apply Loyalty Points"):
            note.invoice_line_ids.with_user(self.clerk).write({"is_loyalty_reduction": True})

    def test_no_payment(self):
        """N3: in this mode points are no means of payment, neither in Register Payment nor as a receipt."""
        move = self.make_invoice(self.line(100, 15), post=True)
        wizard = (
            self.env["account.payment.register"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": self.loyalty_journal.id, "loyalty_card_id": self.card.id, "loyalty_points": 10})
        )
        self.assertIn("lower the price and are no payment", wizard.loyalty_problem)
        with self.assertRaisesRegex(UserError, "lower the price"):
            wizard._create_payments()

    def test_cash_basis(self):
        """S7: a tax that is due on payment is refused with the fix."""
        self.company.tax_exigibility = True
        tax = self.make_tax(
            "sale",
            10,
            tax_exigibility="on_payment",
            cash_basis_transition_account_id=self.make_account(
                "Waiting VAT", "251903", "liability_current", reconcile=True
            ).id,
        )
        move = self.make_invoice({"price_unit": 100, "tax_ids": [Command.set(tax.ids)]})
        with self.assertRaisesRegex(UserError, "10 % sale is due on payment"):
            self.apply_points(move, 10)


@tagged("post_install", "-at_install")
class TestTender(RedemptionCase):
    """Points as a means of payment: no VAT effect."""

    vat_mode = "tender"

    def test_tender(self):
        """N3: one line at cost, no VAT, whatever the rates, and no mapping needed."""
        self.program.tax_map_ids.unlink()
        for post in (False, True):
            move = self.make_invoice(self.line(100, 15), self.line(200, 5), post=post)
            self.apply_points(move, 50)
            if not post:
                move.action_post()
            self.assertEntry(
                self.loyalty_payments(move).move_id, [(self.cost_account, 50, []), (self.receivable, -50, [])]
            )
            self.assertAlmostEqual(self.vat(move), 25)
        note = self.credit(move)
        back = self.env["account.payment"].search([("loyalty_move_id", "=", note.id)])
        self.assertEntry(back.move_id, [(self.cost_account, -50, []), (self.receivable, 50, [])])
        self.assertEqual(self.card.points, 950)


@tagged("post_install", "-at_install")
class TestReductionInParts(ReductionCase):
    """An invoice whose price points lowered, credited in parts."""

    def reductions(self, moves):
        """Net, VAT and gross of the lines of points, in all."""
        lines = moves.invoice_line_ids.filtered("is_loyalty_reduction")
        rounded = self.company.currency_id.round
        gross, net = sum(lines.mapped("price_total")), sum(lines.mapped("price_subtotal"))
        return rounded(net), rounded(gross - net), rounded(gross)

    def test_parts_add_up(self):
        """N3, N4, S24: whatever the rates, the points and the parts, the credit notes together are the invoice."""
        cases = random.Random(5)
        for number in range(16):
            method = ("round_per_line", "round_globally")[number % 2]
            self.company.tax_calculation_rounding_method = method
            include = ("tax_excluded", "tax_included")[number // 2 % 2]
            self.env["account.tax"].union(*self.sale_taxes.values()).price_include_override = include
            parts = cases.randint(2, 7)
            rates = cases.sample([15, 5, 0], cases.randint(1, 3))
            # Whole hundreds: what Odoo itself rounds of the goods adds up.
            lines = [
                self.line(100 * cases.randint(1, 3) * (1 + rate / 100 * (number // 2 % 2)), rate) for rate in rates
            ]
            lines = [{**line, "quantity": parts} for line in lines]
            points = cases.randint(parts, 199)
            with self.subTest(number=number, method=method, include=include, parts=parts, points=points):
                card = self.make_card()
                self.grant(points, card)
                move = self.make_invoice(*lines)
                self.apply_points(move, points, card=card)
                move.action_post()
                notes = self.env["account.move"]
                for __ in range(parts):
                    notes |= self.credit(move, *({**line, "quantity": 1} for line in lines))
                self.assertEqual(self.reductions(notes), self.reductions(move))
                self.assertAlmostEqual(sum(notes.mapped("amount_total")), move.amount_total)
                self.assertAlmostEqual(self.vat(move, *notes), 0)
                for account, items in (move | notes).line_ids.grouped("account_id").items():
                    self.assertAlmostEqual(sum(items.mapped("balance")), 0, msg=account.name)
                self.assertEqual((card.points, move.amount_residual), (points, 0))
