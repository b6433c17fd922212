from unittest.mock import patch

import psycopg2

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.service.model import call_kw
from odoo.tests import tagged

from .earning_common import EarningCase


@tagged("post_install", "-at_install")
class TestEarningEvents(EarningCase):
    """Whatever changes how an invoice is paid changes what it has earned, once, no matter who does it and in which
    order."""

    def test_post(self):
        """C7: a draft has earned nothing, a posted invoice neither; both say what they can earn."""
        invoice = self.make_invoice(100)
        self.assertEarned(invoice, 0, 100)
        self.assertFalse(invoice.loyalty_earning_id)
        invoice.action_post()
        self.assertEarned(invoice, 0, 100)
        self.assertEqual(self.entries(), [])

    def test_partial_payment(self):
        """C7, bP7: a payment in part earns nothing; the payment of the rest earns everything."""
        invoice = self.make_invoice(100, post=True)
        self.pay(invoice, amount=99.99)
        self.assertEqual(invoice.payment_state, "partial")
        self.assertEarned(invoice, 0, 100)
        self.pay(invoice)
        self.assertEarned(invoice, 100)
        self.assertEqual(len(self.entries()), 1)

    def test_two_payments_of_different_kind(self):
        """C6, P22: a mix earns its share; until it is paid, the rest is taken to be paid in a way that earns."""
        invoice = self.make_invoice(100, post=True)
        self.pay(invoice, amount=30, journal=self.vouchers)
        self.assertEarned(invoice, 0, 70)
        self.pay(invoice, journal=self.cash)
        self.assertEarned(invoice, 70)
        self.assertIn("70.00 of 100.00 (70.00%) paid in ways that earn points", invoice.loyalty_explanation)

    def test_one_payment_for_two_invoices(self):
        """C12: one payment of several invoices earns for each of them."""
        invoices = self.make_invoice(10, post=True) | self.make_invoice(20, post=True)
        self.pay(invoices, group_payment=True)
        self.assertEarned(invoices[0], 10)
        self.assertEarned(invoices[1], 20)

    def test_payment_first(self):
        """C12, C15: a payment on account earns when it is allocated to the posted invoice."""
        payment = (
            self.env["account.payment"]
            .with_user(self.clerk)
            .create(
                {"partner_id": self.customer.id, "amount": 100, "journal_id": self.bank.id, "payment_type": "inbound"}
            )
        )
        payment.action_post()
        invoice = self.make_invoice(100, post=True)
        self.assertEarned(invoice, 0, 100)
        self.reconcile(invoice, payment.move_id)
        self.assertEarned(invoice, 100)

    def statement_line(self, amount=100):
        return self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.bank.id,
                "date": "2026-03-12",
                "payment_ref": "Transfer",
                "partner_id": self.customer.id,
                "amount": amount,
            }
        )

    def match(self, line, invoice, written_off=0.0):
        """Match a bank statement line with an invoice, as the bank reconciliation does."""
        __, suspense, __ = line._seek_for_lines()
        receivable = invoice.line_ids.filtered(lambda item: item.account_id.account_type == "asset_receivable")
        commands = [
            Command.delete(suspense.id),
            Command.create(
                {
                    "account_id": receivable.account_id.id,
                    "partner_id": self.customer.id,
                    "balance": -line.amount - written_off,
                }
            ),
        ]
        if written_off:
            account = self.company_data["default_account_expense"].id
            commands.append(Command.create({"account_id": account, "balance": written_off}))
        line.move_id.with_context(skip_readonly_check=True, force_delete=True).line_ids = commands
        self.reconcile(invoice, line.move_id)

    def test_bank_statement_match(self):
        """C6, C15: a match with a bank statement earns if its journal does, on the day of the statement."""
        invoice = self.make_invoice(100, post=True, invoice_date="2026-03-10")
        self.match(self.statement_line(), invoice)
        self.assertEqual(invoice.payment_state, "paid")
        self.assertEarned(invoice, 100)
        self.assertEqual(self.entries(), [("earn", 100, "2026-03-12")])
        self.bank.earns_loyalty = False
        second = self.make_invoice(100, post=True)
        self.match(self.statement_line(), second)
        self.assertEarned(second, 0)

    def test_payment_matched_with_the_bank(self):
        """C6: a payment through an outstanding account earns when registered, and the bank's match changes nothing."""
        outstanding = self.env["account.account"].create(
            {"name": "Outstanding", "code": "101499", "account_type": "asset_current", "reconcile": True}
        )
        self.bank.inbound_payment_method_line_ids.payment_account_id = outstanding
        invoice = self.make_invoice(100, post=True)
        payment = self.pay(invoice)
        self.assertEarned(invoice, 100)
        line = self.statement_line()
        __, suspense, __ = line._seek_for_lines()
        line.move_id.with_context(skip_readonly_check=True, force_delete=True).line_ids = [
            Command.delete(suspense.id),
            Command.create({"account_id": outstanding.id, "partner_id": self.customer.id, "balance": -100}),
        ]
        (line.move_id | payment.move_id).line_ids.filtered(lambda item: item.account_id == outstanding).reconcile()
        self.assertEarned(invoice, 100)
        self.assertEqual(len(self.entries()), 1)

    def test_written_off(self):
        """C6: what a payment or statement writes off was not paid: it earns nothing."""
        invoice = self.make_invoice(100, post=True)
        self.pay(
            invoice,
            amount=90,
            payment_difference_handling="reconcile",
            writeoff_account_id=self.company_data["default_account_expense"].id,
        )
        self.assertEqual(invoice.payment_state, "paid")
        self.assertEarned(invoice, 90)
        second = self.make_invoice(100, post=True)
        self.match(self.statement_line(75), second, written_off=25)
        self.assertEqual(second.payment_state, "paid")
        self.assertEarned(second, 75)

    def test_unreconcile(self):
        """N4, C7: undoing the reconciliation takes the points back out of their own lot; redoing it earns them again."""
        invoice = self.make_invoice(100, post=True)
        payment = self.pay(invoice, payment_date="2026-03-14", amount=100)
        invoice.line_ids.with_user(self.env.user).remove_move_reconcile()
        self.assertEarned(invoice, 0, 100)
        self.assertEqual(invoice.loyalty_earning_id.state, "waiting")
        self.reconcile(invoice, payment.move_id)
        self.assertEarned(invoice, 100)
        self.assertEqual(
            self.entries(), [("earn", 100, "2026-03-15"), ("reversal", -100, "2026-03-15"), ("earn", 100, "2026-03-15")]
        )
        first = self.env["loyalty.ledger.entry"].search([("card_id", "=", self.card.id)], order="id", limit=1)
        lots = self.env["loyalty.lot"].search([("card_id", "=", self.card.id)], order="id")
        self.assertEqual(lots.mapped("remaining"), [0, 100])
        self.assertEqual(lots[0].entry_id, first)
        self.assertEqual(self.env["loyalty.card"]._verify_ledger(), [])

    def test_unreconcile_and_reconcile_at_once(self):
        """C15: undone and redone within one transaction, nothing happened."""
        invoice = self.make_invoice(100, post=True)
        payment = self.pay(invoice)
        invoice.line_ids.sudo().remove_move_reconcile()
        (invoice | payment.move_id).line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        ).sudo().reconcile()
        self.assertEarned(invoice, 100)
        self.assertEqual(len(self.entries()), 1)

    def test_payment_cancelled(self):
        """C7: a payment that is reset, cancelled or deleted takes its points back; posted again it earns again."""
        invoice = self.make_invoice(100, post=True)
        payment = self.pay(invoice)
        payment.action_draft()
        self.assertEarned(invoice, 0, 100)
        payment.action_post()
        self.reconcile(invoice, payment.move_id)
        self.assertEarned(invoice, 100)
        payment.sudo().action_draft()
        payment.sudo().action_cancel()
        self.assertEarned(invoice, 0, 100)
        second = self.pay(invoice)
        self.assertEarned(invoice, 100)
        second.sudo().action_draft()
        second.sudo().unlink()
        self.assertEarned(invoice, 0, 100)
        self.assertEqual([kind for kind, __, __ in self.entries()], ["earn", "reversal"] * 3)

    def test_payment_swapped(self):
        """C6: a voucher instead of cash, while the invoice stays paid, leaves only what still qualifies."""
        invoice = self.make_invoice(100, post=True)
        self.pay(invoice)
        self.assertEarned(invoice, 100)
        voucher = self.env["account.payment"].create(
            {"partner_id": self.customer.id, "amount": 60, "journal_id": self.vouchers.id, "payment_type": "inbound"}
        )
        voucher.action_post()
        cash = self.env["account.payment"].create(
            {"partner_id": self.customer.id, "amount": 40, "journal_id": self.cash.id, "payment_type": "inbound"}
        )
        cash.action_post()
        invoice.line_ids.sudo().remove_move_reconcile()
        self.reconcile(invoice, voucher.move_id, cash.move_id)
        self.assertEqual(invoice.payment_state, "paid")
        self.assertEarned(invoice, 40)
        self.assertEqual(self.entries()[-1], ("reversal", -60, "2026-03-15"))

    def test_invoice_reset_to_draft(self):
        """C7, N4: reset to draft it has earned nothing; what is posted again earns, on the terms of the first time."""
        invoice = self.make_invoice(100, post=True)
        payment = self.pay(invoice)
        invoice.button_draft()
        self.assertEarned(invoice, 0, 100)
        self.assertEqual(invoice.loyalty_earning_id.state, "withdrawn")
        self.program.rule_ids.reward_point_amount = 5
        invoice.invoice_line_ids.price_unit = 60
        invoice.action_post()
        self.reconcile(invoice, payment.move_id)
        self.assertEqual(invoice.payment_state, "paid")
        self.assertEarned(invoice, 60)

    def test_card_changed_in_draft(self):
        """S9: another card, chosen when the invoice was a draft again, gets the points, even in one transaction."""
        invoice = self.make_invoice(100, post=True)
        self.pay(invoice)
        friend = self.make_card(self.env["res.partner"].create({"name": "Bob"}))
        invoice.button_draft()
        invoice.loyalty_card_id = friend
        invoice.action_post()
        self.assertEarned(invoice, 100)
        self.assertEqual((self.card.points, friend.points), (0, 100))
        invoice.button_draft()
        invoice.loyalty_card_id = False
        invoice.action_post()
        self.env.cr.flush()
        self.assertEqual((self.card.points, friend.points), (0, 0))

    def test_card_of_a_posted_invoice(self):
        """S9, P4: nobody moves points of a posted invoice to another card by writing it, through remote calls either."""
        invoice = self.make_invoice(100, post=True)
        self.pay(invoice)
        friend = self.make_card(self.env["res.partner"].create({"name": "Bob"}))
        with self.assertRaisesRegex(UserError, f"The loyalty card of {invoice.name} can no longer change"):
            call_kw(invoice, "write", [invoice.ids, {"loyalty_card_id": friend.id}], {})
        call_kw(invoice, "write", [invoice.ids, {"loyalty_card_id": self.card.id}], {})
        self.assertEarned(invoice, 100)

    def test_unused_card_deleted(self):
        """S5: a card that has earned nothing yet can be deleted, and takes the promise along; a used one stays."""
        invoice = self.make_invoice(100, post=True)
        self.env.cr.flush()
        self.card.unlink()
        self.assertFalse(self.card.exists())
        self.assertEarned(invoice, 0)
        self.pay(invoice)
        self.assertEarned(invoice, 0)

    def test_invoice_cancelled_or_deleted(self):
        """C7: a cancelled or deleted invoice keeps no points, even when it all happens in one transaction."""
        invoice = self.make_invoice(100, post=True)
        self.pay(invoice)
        invoice.sudo().button_cancel()
        self.assertEarned(invoice, 0)
        second = self.make_invoice(10, post=True)
        self.pay(second)
        second.line_ids.sudo().remove_move_reconcile()
        second.button_draft()
        second.sudo().with_context(force_delete=True).unlink()
        self.env.cr.flush()
        self.assertEqual(self.card.points, 0)
        never = self.make_invoice(5, post=True)
        self.env.cr.flush()
        earning = never.loyalty_earning_id
        never.button_draft()
        never.sudo().with_context(force_delete=True).unlink()
        self.assertFalse(earning.exists())

    def test_credit_note_before_payment(self):
        """C6: what was credited before the payment needs no payment and earns nothing; the rest earns in full."""
        invoice = self.make_invoice(100, post=True)
        note = self.credit(invoice, 40)
        self.assertEarned(invoice, 0, 60)
        self.reconcile(invoice, note)
        self.assertEqual(invoice.payment_state, "partial")
        self.pay(invoice)
        self.assertEarned(invoice, 60)
        self.assertIn("40.00 of", invoice.loyalty_explanation.replace("$\xa0", ""))

    def test_credit_note_after_payment(self):
        """N4, C6: a credit note of a paid invoice takes back what it earned, on its own date."""
        invoice = self.make_invoice(100, post=True, invoice_date="2026-03-01")
        self.pay(invoice, payment_date="2026-03-02")
        note = self.credit(invoice, post=False, date="2026-03-10")
        self.assertEarned(invoice, 100)
        note.action_post()
        self.assertEarned(invoice, 0)
        self.assertEqual(self.entries(), [("earn", 100, "2026-03-02"), ("reversal", -100, "2026-03-10")])
        self.pay(note)
        self.assertEarned(invoice, 0)
        note.button_draft()
        self.assertEarned(invoice, 100)

    def test_partial_credit_notes(self):
        """N4: partial credit notes take back pro rata, those of products that earned nothing take back nothing."""
        quiet = self.env["product.product"].create({"name": "Stamps", "loyalty_no_earn": True})
        invoice = self.make_invoice(100, {"price_unit": 30, "product_id": quiet.id}, post=True)
        self.pay(invoice, amount=65, journal=self.vouchers)
        self.pay(invoice, amount=65)
        self.assertEarned(invoice, 50)
        self.credit(invoice, {"price_unit": 30, "product_id": quiet.id})
        self.assertEarned(invoice, 50)
        self.credit(invoice, 40)
        self.assertEarned(invoice, 30)
        self.credit(invoice, 60)
        self.assertEarned(invoice, 0)

    def test_credit_note_without_invoice(self):
        """C6: a credit note of its own earns nothing and takes nothing back."""
        invoice = self.make_invoice(100, post=True)
        self.pay(invoice)
        note = self.make_invoice(40, move_type="out_refund", post=True)
        self.env.cr.flush()
        self.assertEqual(note.loyalty_points_earned, 0)
        self.assertEarned(invoice, 100)

    def test_points_spent_meanwhile(self):
        """N4: points that the customer spent before the credit note are owed or waived, as the program says."""
        for policy, points, debt in (("debt", -20, 20), ("clamp", 0, 0)):
            self.program.negative_policy = policy
            card = self.make_card(self.env["res.partner"].create({"name": policy}))
            invoice = self.make_invoice(100, partner=card.partner_id, post=True)
            self.pay(invoice)
            card._post_entries([{"card_id": card.id, "kind": "redeem", "points": -20, "key": f"test:{policy}"}])
            self.credit(invoice)
            self.assertEarned(invoice, 0)
            self.assertEqual((card.points, card.debt_points), (points, debt))
            self.assertStable(invoice)

    def test_cash_rounding(self):
        """C9: cash rounding earns nothing and costs nothing, as a line or in the tax."""
        for strategy in ("add_invoice_line", "biggest_tax"):
            rounding = self.env["account.cash.rounding"].create(
                {
                    "name": strategy,
                    "rounding": 0.05,
                    "strategy": strategy,
                    "rounding_method": "UP",
                    "profit_account_id": self.company_data["default_account_revenue"].id,
                    "loss_account_id": self.company_data["default_account_expense"].id,
                }
            )
            invoice = self.make_invoice(
                {"price_unit": 19.99, "tax_ids": [Command.set(self.tax.ids)]},
                invoice_cash_rounding_id=rounding.id,
                post=True,
            )
            self.assertEqual(invoice.amount_total, 23.0)
            self.pay(invoice, journal=self.cash)
            self.assertEarned(invoice, 19)

    def test_early_payment_discount(self):
        """C6: who takes the early-payment discount pays in full: all points, and the share of a mix without it."""
        terms = self.env["account.payment.term"].create(
            {
                "name": "2/10",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 10,
                "early_pay_discount_computation": "excluded",
                "company_id": self.company.id,
            }
        )
        for computation in ("excluded", "included", "mixed"):
            terms.early_pay_discount_computation = computation
            invoice = self.make_invoice(
                {"price_unit": 100, "tax_ids": [Command.set(self.tax.ids)]}, invoice_payment_term_id=terms.id, post=True
            )
            payment = self.pay(invoice)
            self.assertEqual(invoice.payment_state, "paid")
            self.assertLess(payment.amount, invoice.amount_total)
            self.assertEarned(invoice, 100)
        late = self.make_invoice(100, invoice_payment_term_id=terms.id, post=True, invoice_date="2026-02-01")
        self.assertEqual(self.pay(late).amount, 100)
        self.assertEarned(late, 100)

    def test_foreign_currency(self):
        """C1, C9: points are calculated in the currency of the program, at the invoice's own rate."""
        currency = self.setup_other_currency("EUR", rates=[("2026-01-01", 2.0), ("2026-03-14", 4.0)])
        invoice = self.make_invoice(100, post=True, currency_id=currency.id, invoice_date="2026-03-01")
        self.assertEqual(invoice.amount_total_signed, 50)
        self.assertEarned(invoice, 0, 50)
        self.pay(invoice)
        self.assertEqual(invoice.payment_state, "paid")
        self.assertTrue(invoice.line_ids.matched_credit_ids.exchange_move_id, "a difference of exchange was booked")
        self.assertEarned(invoice, 50)
        domestic = self.make_invoice(100, post=True, currency_id=currency.id, invoice_date="2026-03-01")
        self.pay(domestic, currency_id=self.company.currency_id.id)
        self.assertEqual(domestic.payment_state, "paid")
        self.assertEarned(domestic, 50)
        mixed = self.make_invoice(100, post=True, currency_id=currency.id, invoice_date="2026-03-01")
        self.pay(mixed, amount=50, journal=self.vouchers)
        self.pay(mixed, amount=50)
        self.assertEarned(mixed, 25)
        self.credit(mixed, 50)
        self.assertEarned(mixed, 12)

    def test_program_in_another_currency(self):
        """C1: a program in another currency than the company's converts at the rate of the invoice's day, once."""
        currency = self.setup_other_currency("EUR", rates=[("2026-01-01", 2.0), ("2026-03-14", 4.0)])
        program = self.make_program(name="Euro Points", currency_id=currency.id, issue_on="paid", company_id=False)
        stranger = self.env["res.partner"].create({"name": "Bob"})
        self.make_card(stranger, program)
        domestic = self.make_invoice(100, partner=stranger, post=True, invoice_date="2026-03-01")
        foreign = self.make_invoice(100, partner=stranger, post=True, currency_id=currency.id)
        self.pay(domestic | foreign, group_payment=False)
        self.assertEarned(domestic, 200)
        self.assertEarned(foreign, 100)

    def test_deposit_and_final_invoice(self):
        """C15: a deposit and its final invoice earn once: together what the sale is worth."""
        deposit = self.make_invoice(30, post=True)
        final = self.make_invoice(100, {"price_unit": 30, "quantity": -1}, post=True)
        self.pay(deposit)
        self.pay(final)
        self.assertEarned(deposit, 30)
        self.assertEarned(final, 70)
        self.assertEqual(self.card.points, 100)

    def test_installments(self):
        """bP7: with several due dates nothing is earned before the last one is paid."""
        terms = self.env["account.payment.term"].create(
            {
                "name": "Halves",
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": 50, "nb_days": days}) for days in (0, 30)
                ],
            }
        )
        invoice = self.make_invoice(100, invoice_payment_term_id=terms.id, post=True)
        self.pay(invoice, amount=50)
        self.assertEarned(invoice, 0, 100)
        self.pay(invoice, amount=50)
        self.assertEarned(invoice, 100)

    def test_rate_changed_in_between(self):
        """bM4: a rate that changes between two payments, or before a credit note, changes nothing."""
        invoice = self.make_invoice(100, post=True)
        self.pay(invoice, amount=50)
        self.program.rule_ids.reward_point_amount = 3
        self.pay(invoice)
        self.assertEarned(invoice, 100)
        self.program.rule_ids = [Command.clear()]
        self.credit(invoice, 25)
        self.assertEarned(invoice, 75)
        self.assertStable(invoice)

    def test_payment_without_journal_entry(self):
        """C6, C7: a payment without journal entry pays by its state alone; the bank's match later changes nothing."""
        lines = self.bank.inbound_payment_method_line_ids
        lines.payment_account_id = False
        invoice = self.make_invoice(100, post=True)
        with (
            patch.object(type(self.env["account.move"]), "_get_invoice_in_payment_state", lambda move: "in_payment"),
            patch.object(type(self.env["ir.module.module"]), "_get", lambda module, name: module.browse()),
        ):
            payment = self.env["account.payment"].create(
                {
                    "partner_id": self.customer.id,
                    "amount": 100,
                    "journal_id": self.bank.id,
                    "payment_type": "inbound",
                    "invoice_ids": [Command.set(invoice.ids)],
                }
            )
            self.assertFalse(payment.outstanding_account_id)
            payment.action_post()
        self.assertFalse(payment.move_id)
        self.assertEarned(invoice, 100)

    # --- redemption ----------------------------------------------------------------------------------------------

    def test_points_given_at_first(self):
        """C15: an invoice that earned keeps its points when nothing about it changes, whatever else is posted."""
        invoice = self.make_invoice(100, post=True)
        self.pay(invoice)
        other = self.make_invoice(7, post=True)
        self.pay(other)
        self.assertEarned(invoice, 100)
        self.assertEarned(other, 7)
        self.assertEqual(len(self.entries()), 2)

    # --- failures ------------------------------------------------------------------------------------------------

    def fail(self, error, only=None):
        """Make the gateway fail, for all cards or for one."""
        Card = type(self.env["loyalty.card"])
        original = Card._post_entries

        def post(cards, ops):
            ops = list(ops)
            if only is None or any(op["card_id"] == only.id for op in ops):
                raise error
            return original(cards, ops)

        return patch.object(Card, "_post_entries", post)

    def test_a_failure_never_blocks_a_payment(self):
        """C15, C12: a problem in loyalty leaves the payment alone; the invoice is marked, listed and tried again."""
        second_card = self.make_card(self.env["res.partner"].create({"name": "Bob"}))
        good = self.make_invoice(10, post=True)
        bad = self.make_invoice(20, partner=second_card.partner_id, post=True)
        with self.fail(UserError("The ledger is closed."), second_card), self.assertLogs("odoo", "WARNING"):
            self.pay(good | bad, group_payment=False)
        self.assertEqual((good | bad).mapped("payment_state"), ["paid", "paid"])
        self.assertEarned(good, 10)
        self.assertEqual(bad.loyalty_sync_error, "The ledger is closed.")
        self.assertEqual(second_card.points, 0)
        self.assertEqual(self.env["account.move"].search([("loyalty_sync_error", "!=", False)]), bad)
        with self.enter_registry_test_mode():
            self.env.ref("loyalty_account.cron_sync").method_direct_trigger()
        self.env.invalidate_all()
        self.assertEarned(bad, 20)
        self.assertEarned(good, 10)

    def test_unexpected_errors_are_survived_too(self):
        """C15: a programming or data error in loyalty blocks no payment either."""
        for error in (ValueError("oops"), psycopg2.errors.NumericValueOutOfRange("too large")):
            invoice = self.make_invoice(10, post=True)
            with self.fail(error), self.assertLogs("odoo", "ERROR"):
                self.pay(invoice)
            self.assertEqual(invoice.payment_state, "paid")
            self.assertEqual(invoice.loyalty_sync_error, str(error))
            invoice.action_retry_loyalty()
            self.assertEarned(invoice, 10)

    def test_concurrency_errors_are_raised(self):
        """N7: losing against another transaction is no problem of the invoice: the whole transaction tries again."""
        invoice = self.make_invoice(10, post=True)
        with self.fail(psycopg2.errors.SerializationFailure()), self.assertRaises(psycopg2.errors.SerializationFailure):
            self.pay(invoice)
        self.env.cr.precommit.clear()
        self.assertFalse(invoice.loyalty_sync_error)

    def test_number_of_queries(self):
        """C15: posting and paying many invoices asks the database no more often than a few, for loyalty."""
        invoices = self.env["account.move"]
        for __ in range(6):
            invoices |= self.make_invoice(10)
        counts = []
        for batch in (invoices[:2], invoices[2:]):
            batch.action_post()
            self.env.cr.flush()
            for move in batch:
                self.pay(move)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            batch._sync_loyalty()
            counts.append(self.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0])
        self.assertEqual(self.card.points, 60)
        self.assertEqual(fields.Date.today().isoformat(), "2026-03-15")
