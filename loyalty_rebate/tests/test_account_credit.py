from datetime import date

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import RebateCase

FEBRUARY = date(2026, 2, 28)


class AccountCreditCase(RebateCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program.settlement = "account"

    def close_february(self):
        self.sell(self.line(1100.0, 15), day="2026-02-10")
        close = self.close(FEBRUARY)
        close._run()
        self.assertEqual((close.state, close.residual), ("done", 0.0), close.problem)
        self.assertEqual(self.step(close, "account_journals").amount, 10.0)
        self.assertEqual(self.card.points, 0.0)
        document = self.env["account.move"].search([("is_loyalty_credit", "=", True)])
        self.assertEqual((len(document), document.date, document.state), (1, FEBRUARY, "posted"))
        return document

    def outstanding(self, invoice):
        widget = invoice.invoice_outstanding_credits_debits_widget
        return [(row["amount"], row["id"]) for row in widget["content"]] if widget else []


@tagged("post_install", "-at_install")
class TestAccountCredit(AccountCreditCase):
    def test_tender(self):
        """M14, M17, bM1: credits go to the customer's account, where Odoo's widget applies them to the next invoice."""
        entry = self.close_february()
        self.assertMove(entry, (self.cost_account, 10.0, 0.0), (self.receivable, 0.0, 10.0))
        self.assertEqual(entry.journal_id, self.loyalty_journal)
        # Part R: liability against the redemption account, so that together Dr liability / Cr receivable remains.
        self.assertEqual(self.liability(), 0.0)
        invoice = self.sell(115.0, day="2026-03-10")
        ((amount, line_id),) = self.outstanding(invoice)
        self.assertEqual(amount, 10.0)
        invoice.js_assign_outstanding_line(line_id)
        self.assertEqual(invoice.amount_residual, 105.0)
        self.assertSound(FEBRUARY)
        self.assertSound()

    def test_second_run(self):
        """M12, M14: a second run posts nothing."""
        self.close_february()
        self.assertFalse(self.program._post_account_credits(FEBRUARY))

    def test_undo(self):
        """M14: reversing the entry returns the credits to the card, money and points together."""
        entry = self.close_february()
        entry._reverse_moves([{"date": date(2026, 3, 15)}], cancel=True)
        self.assertEqual(self.card.points, 10.0)
        self.assertEqual(self.liability(), 10.0)
        self.assertSound()

    def test_planted_fault(self):
        """M14, N1: an account credit whose amount was changed in the database is named by the proof."""
        entry = self.close_february()
        self.env.flush_all()
        line = entry.line_ids.filtered(lambda line: line.account_id == self.receivable)
        self.env.cr.execute("UPDATE account_move_line SET balance = -12, credit = 12 WHERE id = %s", [line.id])
        self.assertNamed(entry, "12.00")

    def test_payment(self):
        """M15: credits that stay on the card never become a credit of the customer's account."""
        self.program.settlement = "payment"
        self.sell(1100.0, day="2026-02-10")
        close = self.close(FEBRUARY)
        close._run()
        self.assertEqual((close.state, self.card.points), ("done", 10.0), close.problem)
        self.assertFalse(self.step(close, "account_journals"))
        invoice = self.sell(115.0, day="2026-03-10")
        self.assertEqual(self.outstanding(invoice), [])

    def test_lock_date(self):
        """M14, N29: in a locked period the entry is dated on the next open day, and the step says so."""
        self.sell(self.line(1100.0, 15), self.line(1100.0, 15), day="2026-03-10")
        self.company.fiscalyear_lock_date = date(2026, 3, 31)
        with self.on("2026-04-05"):
            close = self.close(date(2026, 3, 31), date(2026, 3, 1))
            close._run()
            self.assertEqual((close.state, close.residual), ("done", 0.0), close.problem)
            step = self.step(close, "account_journals")
            self.assertEqual(step.amount, 120.0)
            self.assertIn("Entries are dated 04/05/2026, because the period is locked", step.note)
            entry = self.env["account.move"].search([("is_loyalty_credit", "=", True)])
            self.assertEqual((entry.date, self.card.points), (date(2026, 4, 5), 0.0))
            self.assertSound(date(2026, 4, 5))

    def test_points_that_came_later(self):
        """M14: points that came after the period stay on the card; the entry takes what was there at its end."""
        self.sell(self.line(1100.0, 15), day="2026-02-10")
        self.post("opening", 7.0, day="2026-03-10")
        self.close(FEBRUARY)._run()
        entry = self.env["account.move"].search([("is_loyalty_credit", "=", True)])
        self.assertEqual((entry.loyalty_redeem_amount, self.card.points), (10.0, 7.0))

    def test_some_are_refused(self):
        """M14, M13: one customer who cannot be credited is named in the step; the others are credited."""
        other = self.env["res.partner"].create({"name": "Bob"})
        self.sell(1100.0, day="2026-02-10")
        self.sell(1100.0, day="2026-02-10", partner=other)
        self.program._roll_over(FEBRUARY)
        account = self.make_account("Archived Receivable", "121999", "asset_receivable", reconcile=True)
        other.with_company(self.company).property_account_receivable_id = account
        account.active = False
        close = self.close(FEBRUARY)
        close._run()
        self.assertEqual(close.state, "done", close.problem)
        step = self.step(close, "account_journals")
        self.assertEqual((step.points, step.amount, self.card.points), (10.0, 10.0, 0.0))
        self.assertIn("Customers whose credits are not posted and stay on their cards: 1. Bob:", step.note)

    def test_preview_is_what_is_posted(self):
        """M17: a preview shows of each step what it posts after those before it: what expires and what is rolled over."""
        self.earn(5.0, day="2026-02-12")
        self.earn(40.0, day="2026-01-10", expiration_date="2026-02-10")
        self.sell(1100.0, day="2026-02-10")
        self.sell(1300.0, day="2026-02-11", partner=self.env["res.partner"].create({"name": "Bob"}))
        close = self.close(FEBRUARY)
        close.action_preview()
        codes = ("write_off", "roll_over", "accrue", "account_journals")
        previewed = [(step.points, step.amount) for step in close.step_ids if step.code in codes]
        self.assertEqual(previewed, [(-40.0, 0.0), (40.0, 40.0), (45.0, 45.0), (45.0, 45.0)])
        close._run()
        self.assertEqual([(step.points, step.amount) for step in close.step_ids if step.code in codes], previewed)
        self.assertEqual(close.residual, 0.0)

    def test_cards_that_keep_theirs(self):
        """M14, M17: credits of a card that was closed since, and those that a document reserves, stay; the step names both."""
        other = self.make_card(self.env["res.partner"].create({"name": "Bob"}))
        self.sell(1100.0, day="2026-02-10")
        self.sell(1100.0, day="2026-02-10", partner=other.partner_id)
        self.program._roll_over(FEBRUARY)
        self.card._hold(4, "kept:hold")
        other.closed = True
        close = self.close(FEBRUARY)
        close._run()
        step = self.step(close, "account_journals")
        self.assertEqual((close.state, step.state, step.amount), ("done", "done", 6.0), close.problem)
        self.assertEqual((self.card.points, other.points), (4.0, 10.0))
        self.assertRegex(step.note, r"^Cards that keep their credits.* customer: 2, for example .*\(Ann\), .*\(Bob\)")

    def test_draft_of_a_month_that_is_accrued(self):
        """M14, N1: what a close accrued stays as it is: an account credit is reversed, with a day of its own."""
        entry = self.close_february()
        with self.assertRaisesRegex(UserError, "Use Reverse Entry"):
            entry.with_user(self.accountant).button_draft()
        entry.with_user(self.accountant)._reverse_moves([{"date": date(2026, 3, 15)}], cancel=True)
        self.assertEqual(self.card.points, 10.0)
        self.assertSound(FEBRUARY)
        self.assertSound()

    def test_second_click(self):
        """M4: the button of a payout pays once, however often it is pressed."""
        self.program.settlement = "payment"
        self.sell(self.line(1100.0, 15), day="2026-02-10")
        self.program._roll_over(FEBRUARY)
        values = {"card_id": self.card.id, "journal_id": self.bank_journal.id, "points": 4.0}
        payout = self.env["loyalty.payout"].with_user(self.accountant).create(values)
        payout.action_pay_out()
        payout.action_pay_out()
        self.assertEqual(self.card.points, 6.0)

    def test_program_that_ended(self):
        """M14, M17: of a program that awards nothing any longer, what is on the cards is posted, and the close says what the
        sales of the month would be worth."""
        self.sell(1100.0, day="2026-01-10")
        self.program._roll_over(date(2026, 1, 31))
        self.sell(1200.0, day="2026-02-10")
        self.program.accumulates = False
        close = self.close(FEBRUARY)
        close._run()
        self.assertFalse(self.step(close, "roll_over"))
        self.assertEqual(
            (close.state, self.step(close, "account_journals").amount, self.card.points), ("done", 10.0, 0.0)
        )
        note = self.step(close, "inquire").note.replace("\N{NO-BREAK SPACE}", "")
        self.assertIn("are worth $20.00 of credits that nobody gets", note)

    def test_archived_before_the_close(self):
        """M13: a program of whose sales credits are due is not archived; the message names the period and the amount."""
        self.sell(1100.0, day="2026-02-10")
        manager = self.make_role("manager", "base.group_user,loyalty_ledger.group_loyalty_manager")
        with self.assertRaisesRegex(UserError, r"Sales of February 2026 bring .*10\.00 of credits"):
            self.program.with_user(manager).active = False
        self.close(FEBRUARY)._run()
        self.program.with_user(manager).active = False
        self.assertFalse(self.program.active)

    def test_payout_undone(self):
        """M4, M14: a cancelled payout leaves the credit on the account; undoing that gives the points back, once."""
        self.program.settlement = "payment"
        self.sell(self.line(1100.0, 15), day="2026-03-10")
        self.program._roll_over(date(2026, 3, 31))
        with self.on("2026-04-05"):
            payouts = self.env["loyalty.payout"].with_user(self.accountant)
            payout = payouts.create({"card_id": self.card.id, "journal_id": self.bank_journal.id, "points": 4.0})
            payment = self.env["account.payment"].browse(payout.action_pay_out()["res_id"])
            self.assertEqual((payment.amount, self.card.points), (4.0, 6.0))  # a part of what is there
            credit = self.env["account.move"].search([("is_loyalty_credit", "=", True)])
            payment.action_cancel()
            receivable = credit.line_ids.filtered(lambda line: line.account_id == self.receivable)
            self.assertEqual((receivable.amount_residual, self.card.points), (-4.0, 6.0))
            credit._reverse_moves([{"date": date(2026, 4, 5)}], cancel=True)
            self.assertEqual((self.card.points, receivable.amount_residual), (10.0, 0.0))
            self.run_accrual("2026-04-05")
            self.assertEqual(self.liability(), 10.0)
            self.assertSound("2026-04-05")

    def test_payout_from_a_wrong_journal(self):
        """M4, M15: the journal of the points themselves pays nothing out, nor does one of another company."""
        self.program.settlement = "payment"
        self.sell(1100.0, day="2026-02-10")
        self.program._roll_over(FEBRUARY)
        sales = self.company_data["default_journal_sale"]
        for journal in (self.loyalty_journal, sales):
            payout = (
                self.env["loyalty.payout"]
                .with_user(self.accountant)
                .create({"card_id": self.card.id, "journal_id": journal.id})
            )
            with self.assertRaisesRegex(UserError, "bank or cash journal"):
                payout.action_pay_out()
        self.assertEqual(self.card.points, 10.0)


@tagged("post_install", "-at_install")
class TestAccountCreditInputTax(AccountCreditCase):
    vat_mode = "input_tax"

    def test_input_tax(self):
        """M14: 10.00 at 15 % recover 1.30 of VAT: 8.70 + 1.30."""
        entry = self.close_february()
        self.assertMove(entry, (self.cost_account, 8.7, 0.0), (self.input_vat, 1.3, 0.0), (self.receivable, 0.0, 10.0))
        self.assertSound(FEBRUARY)


@tagged("post_install", "-at_install")
class TestAccountCreditReduction(AccountCreditCase):
    vat_mode = "price_reduction"

    @classmethod
    def accounting_values(cls, **values):
        values = super().accounting_values(**values)
        cls.cost_account = cls.make_account("Loyalty Discounts", "400901", "income")
        return {**values, "cost_account_id": cls.cost_account.id}

    def test_price_reduction(self):
        """M14: a credit note at the rates of the sales that earned: 8.70 + 1.30 = 10.00."""
        note = self.close_february()
        self.assertRecordValues(note, [{"move_type": "out_refund", "amount_untaxed": 8.7, "amount_tax": 1.3}])
        self.assertEqual(self.figures(FEBRUARY)["sales"], 1100.0)  # the credit note is no return
        invoice = self.sell(115.0, day="2026-03-10")
        ((amount, line_id),) = self.outstanding(invoice)
        invoice.js_assign_outstanding_line(line_id)
        self.assertEqual((amount, invoice.amount_residual), (10.0, 105.0))
        self.assertSound(FEBRUARY)


class PayoutVerbs:
    def pay_out(self):
        self.program.settlement = "payment"
        self.sell(self.line(1100.0, 15), day="2026-03-10")
        self.program._roll_over(date(2026, 3, 31))
        with self.on("2026-04-05"):
            self.run_accrual("2026-03-31")
            payout = (
                self.env["loyalty.payout"]
                .with_user(self.accountant)
                .create({"card_id": self.card.id, "journal_id": self.bank_journal.id})
            )
            self.assertEqual((payout.points, payout.amount), (10.0, 10.0))
            action = payout.action_pay_out()
        payment = self.env["account.payment"].browse(action["res_id"])
        self.assertEqual((payment.payment_type, payment.amount, self.card.points), ("outbound", 10.0, 0.0))
        self.assertEqual(self.liability(), 0.0)
        credit = self.env["account.move"].search([("is_loyalty_credit", "=", True)])
        receivable = credit.line_ids.filtered(lambda line: line.account_id == self.receivable)
        self.assertTrue(receivable.reconciled)
        self.assertSound("2026-04-05")
        return credit


@tagged("post_install", "-at_install")
class TestPayout(PayoutVerbs, AccountCreditCase):
    def test_money(self):
        """M4, M2: credits are paid out in money; the payment settles what left the card."""
        credit = self.pay_out()
        self.assertMove(credit, (self.cost_account, 10.0, 0.0), (self.receivable, 0.0, 10.0))


@tagged("post_install", "-at_install")
class TestPayoutReduction(PayoutVerbs, TestAccountCreditReduction):
    def test_price_reduction(self):
        """M4: in price reduction a payout is a credit note of 8.70 + 1.30, and its refund."""
        note = self.pay_out()
        self.assertRecordValues(note, [{"move_type": "out_refund", "amount_untaxed": 8.7, "amount_tax": 1.3}])


class GiftPayoutVerbs:
    carried = 10.0

    def make_gifts(self):
        product = self.env["product.product"].create({"name": "Gift Card", "type": "service", "taxes_id": False})
        rule = {"reward_point_mode": "money", "reward_point_amount": 1, "product_ids": product.ids}
        reward = {"required_points": 1, "discount_mode": "per_point", "discount": 1}
        return self.env["loyalty.program"].create(
            {
                "name": "Gift Cards",
                "program_type": "gift_card",
                "trigger": "auto",
                "applies_on": "future",
                "company_id": self.company.id,
                "currency_id": self.company.currency_id.id,
                "rule_ids": [Command.clear(), Command.create(rule)],
                "reward_ids": [Command.clear(), Command.create(reward)],
                "communication_plan_ids": [
                    Command.clear(),
                    Command.create(
                        {
                            "trigger": "create",
                            "mail_template_id": self.env.ref("loyalty.mail_template_gift_card").id,
                        }
                    ),
                ],
            }
        )

    def test_gift_card(self):
        """M4, N14: a payout as gift card moves the liability from one program to the other, without VAT."""
        self.program.settlement = "payment"
        gifts = self.make_gifts()
        self.sell(self.line(1100.0, 15), day="2026-03-10")
        self.program._roll_over(date(2026, 3, 31))
        with self.on("2026-04-05"):
            self.run_accrual("2026-03-31")
            payout = (
                self.env["loyalty.payout"]
                .with_user(self.accountant)
                .create({"card_id": self.card.id, "pay_as": "gift_card", "gift_program_id": gifts.id})
            )
            with self.assertRaisesRegex(UserError, "Choose a gift card program of .* that has accounting"):
                payout.action_pay_out()
            self.assertEqual(self.card.points, 10.0)
            wizard = self.env["loyalty.account.setup"].with_context(**gifts.action_set_up_accounting()["context"])
            wizard = wizard.create({})
            wizard.action_set_up()
            wizard.action_correct()
            before = self.books_moves()
            action = payout.action_pay_out()
            gift = self.env["loyalty.card"].browse(action["res_id"])
            self.assertEqual((gift.program_id, gift.partner_id, gift.points), (gifts, self.customer, 10.0))
            self.assertEqual(self.card.points, 0.0)
            mail = self.env["mail.mail"].search([("model", "=", "loyalty.card"), ("res_id", "=", gift.id)])
            self.assertEqual(len(mail), 1)
            self.assertIn(gift.code, mail.body_html)
            self.assertIn("10.00", mail.body_html)
            self.assertMove(
                self.books_moves(gifts), (gifts.cost_account_id, 10.0, 0.0), (gifts.liability_account_id, 0.0, 10.0)
            )
            self.run_accrual("2026-04-05")
            self.assertMove(
                self.books_moves() - before,
                (self.program.liability_account_id, self.carried, 0.0),
                (self.program.cost_account_id, 0.0, self.carried),
            )
            self.assertEqual((self.liability(), self.liability(gifts)), (0.0, 10.0))
            # It is a redemption, so the inquiry shows it as taken.
            self.assertEqual(self.card.entry_ids[0].kind, "redeem")
            self.assertEqual(self.figures(date(2026, 3, 31))["taken"], 10.0)
            self.assertSound("2026-04-05")
            self.assertSound("2026-04-05", program=gifts)
            self.check_undone(gift, gifts)

    def check_undone(self, gift, gifts):
        """The accountant undoes the payout: refused while a part of it is spent; then both cards and both books are as
        they were, and the gift card is closed; once."""
        with self.env.cr.savepoint() as savepoint:
            gift._post_entries([{"card_id": gift.id, "kind": "redeem", "points": -3, "key": "test:spent"}])
            with self.assertRaisesRegex(UserError, "Of the .*10.00 .* only .*7.00 are left to take back"):
                gift.with_user(self.accountant).action_undo_payout()
            savepoint.rollback()
        self.env.invalidate_all()
        self.assertTrue(gift.is_loyalty_payout)
        gift.with_user(self.accountant).action_undo_payout()
        self.assertRecordValues(gift | self.card, [{"points": 0.0, "closed": True}, {"points": 10.0, "closed": False}])
        self.assertMove(
            self.books_moves(gifts)[-1], (gifts.liability_account_id, 10.0, 0.0), (gifts.cost_account_id, 0.0, 10.0)
        )
        self.assertEqual((self.liability(), self.liability(gifts)), (self.carried, 0.0))
        self.assertEqual(self.figures(date(2026, 3, 31))["taken"], 0.0)
        self.assertFalse(gift.is_loyalty_payout)
        self.run_accrual("2026-04-05")
        self.assertSound("2026-04-05")
        self.assertSound("2026-04-05", program=gifts)
        with self.assertRaisesRegex(UserError, "or that was undone"):
            gift.with_user(self.accountant).action_undo_payout()


@tagged("post_install", "-at_install")
class TestGiftPayout(GiftPayoutVerbs, AccountCreditCase):
    vat_mode = "tender"


@tagged("post_install", "-at_install")
class TestGiftPayoutInputTax(GiftPayoutVerbs, AccountCreditCase):
    vat_mode = "input_tax"
    carried = 8.7


@tagged("post_install", "-at_install")
class TestGiftPayoutReduction(GiftPayoutVerbs, TestAccountCreditReduction):
    carried = 8.7
    test_price_reduction = None
