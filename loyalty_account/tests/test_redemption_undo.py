from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged

from odoo.addons.loyalty_ledger.tools.trusted import by_server

from .redemption_common import RedemptionCase


@tagged("post_install", "-at_install")
class TestRedemptionUndo(RedemptionCase):
    """Points and journal entries move together, or not at all."""

    def redeem(self, points=50):
        move = self.make_invoice(self.line(100, 15), post=True)
        self.apply_points(move, points)
        return move, self.loyalty_payments(move).with_user(self.clerk)

    def test_cancel(self):
        """S11: cancelling gives the points back to their lot, by a reversal, and opens the invoice."""
        move, payment = self.redeem()
        lot = self.card.lot_ids
        self.assertEqual(lot.remaining, 950)
        payment.action_cancel()
        self.assertEqual((payment.state, payment.move_id.state), ("canceled", "cancel"))
        self.assertEqual((self.card.points, lot.remaining, move.amount_residual), (1000, 1000, 115))
        self.assertRecordValues(
            payment.loyalty_entry_id, [{"kind": "reversal", "points": 50, "res_id": payment.id, "is_redemption": True}]
        )
        self.assertEqual((self.card.accumulated_points, self.card.redeemed_points), (1000, 0))

    def test_reset_and_confirm_again(self):
        """S11, C18: reset to draft reserves the points; confirming redeems them again, with the same journal items."""
        move, payment = self.redeem(100)
        items = [(line.account_id, line.balance) for line in payment.move_id.line_ids]
        payment.action_draft()
        self.assertEqual((self.card.points, self.card.available_points), (1000, 900))
        self.assertEqual((payment.loyalty_points_reserved, move.amount_residual), (100, 115))
        payment.action_post()
        self.assertEqual((self.card.points, self.card.available_points, move.amount_residual), (900, 900, 15))
        self.assertEqual([(line.account_id, line.balance) for line in payment.move_id.line_ids], items)
        self.assertEqual(self.card._verify_ledger(), [])

    def test_delete(self):
        """S11: a payment that is reset and deleted leaves the card as it was."""
        __, payment = self.redeem()
        payment.action_draft()
        payment.unlink()
        self.assertEqual((self.card.points, self.card.available_points), (1000, 1000))

    def test_never_edited(self):
        """S24: Odoo would rebuild the lines of an edited draft and lose the VAT, so the payment is frozen."""
        move, payment = self.redeem()
        other = self.make_card()
        for reset in (False, True):
            if reset:
                payment.action_draft()
            for values in (
                {"amount": 40},
                {"loyalty_points": 40},
                {"loyalty_card_id": other.id},
                {"date": "2026-03-01"},
                {"partner_id": self.env["res.partner"].create({"name": "Bob"}).id},
            ):
                with (
                    self.subTest(values=values, reset=reset),
                    self.assertRaisesRegex(UserError, "was paid with points"),
                ):
                    payment.write(values)
        with self.assertRaisesRegex(UserError, "saving a draft"):
            payment.write({"loyalty_hold_id": False})
        payment.write({"memo": "Thank you", "amount": 50})
        self.assertEqual(payment.move_id.line_ids.filtered("credit").credit, 50)

    def test_edited_entry_is_not_posted(self):
        """S11: journal items that no longer match the points cannot be posted."""
        __, payment = self.redeem()
        payment.action_draft()
        lines = payment.move_id.sudo().line_ids.with_context(skip_invoice_sync=True)
        receivable = lines.filtered("credit")
        base = lines.filtered(lambda line: line.account_id == self.cost_account)
        payment.move_id.sudo().with_context(skip_invoice_sync=True).write(
            {"line_ids": [(1, receivable.id, {"credit": 51}), (1, base.id, {"debit": base.debit + 1})]}
        )
        with self.assertRaisesRegex(UserError, "carries 50 loyalty points"):
            payment.action_post()

    def test_entry_keeps_its_lines(self):
        """S8, S11, S24: net, VAT, tags and customer of a reset entry cannot change, no matter who writes, by remote
        call too."""
        __, payment = self.redeem()
        payment.action_draft()
        entry = payment.move_id.with_user(self.clerk).with_context(skip_invoice_sync=True)
        receivable = entry.line_ids.filtered("credit")
        vat = entry.line_ids.filtered("tax_line_id")
        base = entry.line_ids - receivable - vat
        bob = self.env["res.partner"].create({"name": "Bob"})
        cases = {
            "less VAT": [(1, vat.id, {"debit": 0}), (1, base.id, {"debit": 50})],
            "account": [(1, base.id, {"account_id": self.revenue.id})],
            "tags": [(1, base.id, {"tax_tag_ids": [(6, 0, self.tags["purchase", 5, "invoice", "base"].ids)]})],
            "taxes": [(1, base.id, {"tax_ids": [(5,)]})],
            "customer": [(1, receivable.id, {"partner_id": bob.id})],
            "split": [
                (1, base.id, {"debit": base.debit - 10}),
                (0, 0, {"account_id": self.revenue.id, "debit": 10}),
            ],
        }
        for name, commands in cases.items():
            with (
                self.subTest(name),
                self.assertRaisesRegex(UserError, "carries 50 loyalty points"),
                self.cr.savepoint(),
            ):
                entry.write({"line_ids": commands})
                entry.action_post()
            self.env.invalidate_all()
        with self.assertRaisesRegex(AccessError, "Use Apply Loyalty Points"):
            entry.write({"loyalty_items": []})
        base.name = "Points of Ann"
        payment.action_post()
        self.assertEqual(payment.move_id.state, "posted")
        self.assertEqual(self.card.points, 950)

    def test_reversal_mirrors_its_entry(self):
        """S8, S11: the reversal of a redemption takes back its net and its VAT, and nothing else."""
        __, payment = self.redeem()
        reverse = payment.move_id._reverse_moves([{"date": payment.date}]).with_context(skip_invoice_sync=True)
        vat = reverse.line_ids.filtered("tax_line_id")
        base = reverse.line_ids.filtered(lambda line: line.account_id == self.cost_account)
        with self.assertRaisesRegex(UserError, "carries 50 loyalty points"), self.cr.savepoint():
            reverse.write({"line_ids": [(1, vat.id, {"credit": 0}), (1, base.id, {"credit": 50})]})
            reverse.action_post()
        self.env.invalidate_all()
        reverse.action_post()
        self.assertEqual(self.card.points, 1000)

    def test_locked_period(self):
        """S11: in a locked period a dated entry reverses the redemption, and the points come back on that date."""
        move, payment = self.redeem()
        with freeze_time("2026-04-20 12:00:00"):
            self.company.sudo().fiscalyear_lock_date = "2026-03-31"
            payment.action_cancel()
            reverse = payment.move_id.reversal_move_ids
            self.assertEqual((payment.move_id.state, str(payment.move_id.date)), ("posted", "2026-03-15"))
            self.assertEqual((reverse.state, str(reverse.date)), ("posted", "2026-04-20"))
            self.assertEqual((payment.state, self.card.points, move.amount_residual), ("canceled", 1000, 115))
            self.assertEqual(str(payment.loyalty_entry_id.effective_date), "2026-04-20")
            self.assertEntry(
                reverse,
                [
                    (self.cost_account, -43.48, [self.tags["purchase", 15, "invoice", "base"]]),
                    (self.input_vat, -6.52, [self.tags["purchase", 15, "invoice", "tax"]]),
                    (self.receivable, 50, []),
                ],
            )

    def test_hashed_journal(self):
        """S11: a journal whose entries are hashed: reset is refused and changes nothing; cancelling reverses."""
        self.loyalty_journal.restrict_mode_hash_table = True
        move, payment = self.redeem()
        self.assertTrue(payment.move_id.inalterable_hash)
        with self.assertRaises(UserError), self.cr.savepoint():
            payment.action_draft()
        self.env.invalidate_all()
        self.assertEqual((self.card.points, payment.move_id.state), (950, "posted"))
        payment.action_cancel()
        self.assertEqual((self.card.points, move.amount_residual, payment.state), (1000, 115, "canceled"))

    def test_reversed_once(self):
        """S11, N4: a payment that was reversed is not reversed again, nor is its reversal; cancelling it changes nothing."""
        move, payment = self.redeem()
        reverse = payment.move_id._reverse_moves([{"date": payment.date}], cancel=True)
        with self.assertRaisesRegex(UserError, "can go back only once"), self.cr.savepoint():
            payment.move_id._reverse_moves([{"date": payment.date}], cancel=True)
        with self.assertRaisesRegex(UserError, "cannot be reversed"), self.cr.savepoint():
            reverse._reverse_moves([{"date": payment.date}], cancel=True)
        payment.action_cancel()
        self.assertEqual((payment.state, payment.move_id.state, reverse.state), ("canceled", "posted", "posted"))
        self.assertEqual((self.card.points, move.amount_residual), (1000, 115))

    def test_reverse_entry(self):
        """S11: Odoo's own Reverse Entry gives the points back; undoing the reversal takes them again."""
        move, payment = self.redeem()
        reverse = payment.move_id._reverse_moves([{"date": payment.date}], cancel=True)
        self.assertEqual(self.card.points, 1000)
        reverse.button_draft()
        self.assertEqual(self.card.points, 950)
        with self.assertRaisesRegex(UserError, "carries 50 loyalty points"), self.cr.savepoint():
            line = reverse.line_ids.filtered(lambda line: line.account_id == self.receivable)
            other = reverse.line_ids.filtered(lambda line: line.account_id == self.cost_account)
            reverse.with_context(skip_invoice_sync=True).write(
                {"line_ids": [(1, line.id, {"debit": 40}), (1, other.id, {"credit": 33.48})]}
            )
            reverse.action_post()
        self.env.invalidate_all()
        reverse.action_post()
        self.assertEqual(self.card.points, 1000)

    def test_undo_needs_points_again(self):
        """S10, S11: when the points were spent on something else, the entry cannot come back either."""
        __, payment = self.redeem(100)
        payment.action_draft()
        payment.action_cancel()
        self.card._post_entries([{"card_id": self.card.id, "kind": "redeem", "points": -950, "key": "till"}])
        with self.assertRaisesRegex(ValidationError, "fewer than the 100 asked for"), self.cr.savepoint():
            payment.action_draft()
        self.env.invalidate_all()
        self.assertEqual((payment.state, self.card.points), ("canceled", 50))

    def test_invoice_is_cancelled(self):
        """S11: an invoice that is cancelled or deleted gives its points back; money stays the customer's credit."""
        for delete in (False, True):
            with self.subTest(delete=delete):
                move, payment = self.redeem()
                self.pay(move)
                move.button_draft()
                self.assertEqual(self.card.points, 950)
                if delete:
                    move.name = False
                    move.unlink()
                else:
                    move.button_cancel()
                self.assertEqual((self.card.points, payment.state), (1000, "canceled"))

    def test_unreconciled(self):
        """S11: unmatching keeps points redeemed; they wait as the customer's credit and pay another invoice."""
        move, payment = self.redeem()
        partial = payment.move_id.line_ids.matched_debit_ids
        move.js_remove_outstanding_partial(partial.id)
        self.assertEqual((self.card.points, move.amount_residual, move.loyalty_points_redeemed), (950, 115, 0))
        other = self.make_invoice(self.line(100, 15), post=True)
        other.js_assign_outstanding_line(payment.move_id.line_ids.filtered("credit").id)
        self.assertEqual((other.loyalty_points_redeemed, other.amount_residual), (50, 65))

    def test_unreconciled_then_credited(self):
        """N29, N4: points that were unmatched wait as the customer's credit; crediting the invoice gives them back, not money."""
        move, payment = self.redeem()
        self.pay(move)
        move.js_remove_outstanding_partial(payment.move_id.line_ids.matched_debit_ids.id)
        half = self.credit(move, self.line(50, 15))
        self.assertEqual((self.card.points, half.amount_residual), (975, 7.5))  # 50.00 settled what was open again
        rest = self.credit(move, self.line(50, 15))
        self.assertEqual((self.card.points, rest.amount_residual), (1000, 57.5))  # together the 65.00 that were paid
        line = payment.move_id.line_ids.filtered(lambda line: line.account_id == self.receivable)
        self.assertTrue(line.reconciled)
        returns = payment.loyalty_return_ids
        self.assertEqual(
            (returns.mapped("amount"), self.vat(move, half, rest, payment.move_id, returns.move_id)), ([25, 25], 0)
        )

    def test_reset_behind_a_lock(self):
        """N29, S11: behind a lock date a payment with points says what to do, and Cancel does it."""
        __, payment = self.redeem()
        for lock in ("tax_lock_date", "fiscalyear_lock_date"):
            with self.env.cr.savepoint() as savepoint:
                self.company[lock] = "2026-03-31"
                with self.assertRaisesRegex(UserError, "locked period.*Cancel it instead"):
                    payment.action_draft()
                savepoint.rollback()
        self.company.tax_lock_date = "2026-03-31"
        payment.action_cancel()
        self.assertEqual((self.card.points, payment.state), (1000, "canceled"))

    def test_forged(self):
        """S10, M3: payments with points are made as the rules say, no matter who writes the fields."""
        move = self.make_invoice(self.line(100, 15), post=True)
        line = self.loyalty_journal.inbound_payment_method_line_ids
        values = {
            "payment_type": "inbound",
            "partner_type": "customer",
            "partner_id": self.customer.id,
            "journal_id": self.loyalty_journal.id,
            "payment_method_line_id": line.id,
            "amount": 50,
            "loyalty_card_id": self.card.id,
            "loyalty_points": 50,
            "loyalty_move_id": move.id,
        }
        out = self.loyalty_journal.outbound_payment_method_line_ids
        bill = self.make_invoice(self.line(100), move_type="in_invoice")
        hold = self.card._hold(50, "someone else's", ("res.partner", 1))
        cases = [
            ({"loyalty_card_id": False}, "choose the invoice and the card"),
            ({"loyalty_points": 0}, "whole number of points"),
            ({"loyalty_points": 10.5, "amount": 10.5}, "whole number of points, not 10.5"),
            ({"amount": 100}, "50 points are worth"),
            ({"loyalty_points": 1, "amount": 50}, "1 points are worth"),
            ({"loyalty_move_id": bill.id}, "of the same customer"),
            ({"journal_id": self.bank_journal.id, "payment_method_line_id": False}, "method Loyalty Points"),
            ({"payment_type": "outbound", "payment_method_line_id": out.id}, "returned by the credit note"),
        ]
        Payment = self.env["account.payment"].with_user(self.clerk)
        for change, message in cases:
            with self.subTest(message), self.assertRaisesRegex(ValidationError, message), self.cr.savepoint():
                Payment.create({**values, **change})
        foreign = {**values, "loyalty_hold_id": hold.id}
        with self.assertRaisesRegex(AccessError, "Points are reserved by saving"):
            Payment.create(foreign)
        with self.assertRaisesRegex(ValidationError, "belong to another document"), self.cr.savepoint():
            by_server(Payment).create(foreign)
        with self.assertRaisesRegex(ValidationError, "fewer than the 2,000"), self.cr.savepoint():
            Payment.create({**values, "loyalty_points": 2000, "amount": 2000})
        payment = Payment.create({**values, "loyalty_points": 200, "amount": 200})
        with self.assertRaisesRegex(UserError, "Points can cover .*115.00"), self.cr.savepoint():
            payment.action_post()
        for name in ("loyalty_redeem_points", "loyalty_redeem_card_id", "loyalty_hold_id"):
            with self.assertRaisesRegex(AccessError, "Use Apply Loyalty Points"):
                move.write({name: 1})
        draft = self.make_invoice(self.line(100, 15))
        self.apply_points(draft, 50)
        with self.assertRaisesRegex(AccessError, "Use Apply Loyalty Points"):
            draft.write({"loyalty_hold_id": False})

    def test_forged_return(self):
        """S10, S11: points come back only for a credit note, as many as its money, no matter who writes the fields."""
        move, payment = self.redeem()
        note = self.credit(move, self.line(10, 15), post=False)
        values = {
            "payment_type": "outbound",
            "partner_type": "customer",
            "partner_id": self.customer.id,
            "journal_id": self.loyalty_journal.id,
            "payment_method_line_id": self.loyalty_journal.outbound_payment_method_line_ids.id,
            "amount": 1,
            "loyalty_card_id": self.card.id,
            "loyalty_points": 50,
            "loyalty_move_id": note.id,
            "loyalty_origin_id": payment.id,
        }
        for change, message in (
            ({}, "1 points go back for"),
            ({"loyalty_points": 1, "loyalty_move_id": move.id}, "returned by a credit note"),
        ):
            with self.subTest(message), self.assertRaisesRegex(ValidationError, message), self.cr.savepoint():
                self.env["account.payment"].with_user(self.clerk).create({**values, **change})

    def test_no_entry_no_payment(self):
        """S10, S11: a payment with points always has its journal entry, and stays with it."""
        move, payment = self.redeem()
        with self.assertRaisesRegex(AccessError, "stays with its payment"):
            payment.move_id.write({"origin_payment_id": False})
        draft = (
            self.env["account.payment"]
            .with_user(self.clerk)
            .create(
                {
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
            )
        )
        draft.outstanding_account_id = False
        draft.invoice_ids = move
        with self.assertRaisesRegex(ValidationError, "needs a journal entry"), self.cr.savepoint():
            draft.action_post()
        self.env.invalidate_all()
        self.assertEqual((self.card.points, move.amount_residual), (950, 65))

    def test_confirmed_again_too_late(self):
        """S10, S11: a payment that was reset does not pay what money has paid since: points never become credit."""
        move, payment = self.redeem()
        payment.action_draft()
        self.assertEqual((move.amount_residual, move.payment_state), (115, "not_paid"))
        self.pay(move)
        with self.assertRaisesRegex(UserError, "Points can cover .*0.00"), self.cr.savepoint():
            payment.action_post()
        self.env.invalidate_all()
        self.assertEqual((self.card.points, payment.state), (1000, "draft"))

    def test_used_reservation(self):
        """N6: a reservation freezes the money once; it does not carry an old value into another payment."""
        move = self.make_invoice(self.line(100, 15))
        self.apply_points(move, 50)
        hold = move.loyalty_hold_id
        move.action_post()
        self.set_value(0.5)
        values = move._prepare_loyalty_payment_vals(self.card, 50, 50)
        with self.assertRaisesRegex(ValidationError, "used already"):
            by_server(self.env["account.payment"]).create({**values, "loyalty_hold_id": hold.id})

    def test_roles(self):
        """S10: an invoicing user redeems without any loyalty right; a salesperson without accounting cannot."""
        self.assertFalse(self.clerk.has_group("loyalty_ledger.group_loyalty_user"))
        move, __ = self.redeem()
        self.assertEqual(move.loyalty_points_redeemed, 50)
        seller = new_test_user(self.env, "loyalty_seller", groups="base.group_user", company_id=self.company.id)
        with self.assertRaises(AccessError):
            self.env["loyalty.apply.points"].with_user(seller).create({"move_id": move.id})
        with self.assertRaises(AccessError):
            move.with_user(seller).action_apply_loyalty_points()

    def test_missing_setup(self):
        """S3, M3, S7: without policy, journal, account or mapping redemption is refused, and the message says where."""
        move = self.make_invoice(self.line(100, 15), post=True)
        self.program.tax_map_ids.filtered(lambda row: row.sale_tax_id == self.sale_taxes[15]).unlink()
        with self.assertRaisesRegex(UserError, "15 % sale.*no input tax is mapped.*Input Taxes"):
            self.apply_points(move, 50)
        self.assertEqual(self.card.points, 1000)
        for values, message in (
            ({"cost_account_id": False}, "Redemption Account"),
            ({"loyalty_journal_id": False}, "Loyalty Journal"),
            ({"accounting_policy": "none"}, "not a means of payment yet"),
        ):
            self.env.cr.execute(
                "UPDATE loyalty_program SET cost_account_id = %s, loyalty_journal_id = %s, accounting_policy = %s WHERE id = %s",
                [
                    values.get("cost_account_id", self.cost_account.id) or None,
                    values.get("loyalty_journal_id", self.loyalty_journal.id) or None,
                    values.get("accounting_policy", "redemption"),
                    self.program.id,
                ],
            )
            self.program.invalidate_recordset()
            with self.subTest(message), self.assertRaisesRegex(UserError, message):
                move._apply_loyalty_points(self.card, 50)
        move.invalidate_recordset()
        self.assertFalse(move.can_apply_loyalty_points)
