"""Faults of money and points, planted one by one: the proof names each of them, and nothing that is right."""

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .books_common import BooksCase
from .proof_common import ProofVerbs
from .redemption_common import RedemptionCase
from .test_redemption_reduction import ReductionCase


class FaultCase(ProofVerbs, RedemptionCase):
    point_value = 0.1

    def sell(self, *lines, points=500, paid=True, **values):
        move = self.make_invoice(*(lines or (self.line(100, 15),)), post=True, **values)
        self.apply_points(move, points)
        if paid:
            self.pay(move)
        return move

    def returned(self, invoice):
        """The payments that gave points of an invoice back."""
        return self.env["account.payment"].search(
            [("loyalty_origin_id.loyalty_move_id", "=", invoice.id), ("payment_type", "=", "outbound")], order="id"
        )


@tagged("post_install", "-at_install")
class TestPaymentFaults(FaultCase):
    def test_right(self):
        """N29: what was redeemed and refunded shows nothing; half of it half; no check has anything to say."""
        move = self.sell()
        self.assertEqual(self.assertSound()["payments"]["ledger"], 50.0)
        self.credit(move, self.line(50, 15))
        proof = self.assertSound()["payments"]
        self.assertEqual((proof["ledger"], proof["books"], proof["items"]), (25.0, 25.0, []))
        self.credit(move, self.line(50, 15))
        proof = self.assertSound()["payments"]
        self.assertEqual((proof["ledger"], proof["books"], proof["items"]), (0.0, 0.0, []))

    def test_amounts_of_the_document(self):
        """N29: a payment whose own amount and points were changed together says nothing; the journal items do."""
        payment = self.loyalty_payments(self.sell())
        self.tamper("UPDATE account_payment SET amount = 60, loyalty_points = 600 WHERE id = %s", payment.id)
        self.assertSound()
        self.tamper(
            "UPDATE account_move_line SET balance = -60 WHERE move_id = %s AND account_id = %s",
            payment.move_id.id,
            self.receivable.id,
        )
        self.assertNamed(payment, "shows .60.00 paid with points, but its points are worth .50.00", size=10.0)

    def test_cost_on_another_account(self):
        """N29, N1: the cost of a redemption on the account of another program is named with it; what was booked before the
        account changed stays where it was, and other entries on the account are nobody's fault."""
        payment = self.loyalty_payments(self.sell())
        old, new = self.program.cost_account_id, self.make_account("Points of Second", "600951", "expense")
        second = self.make_program(name="Second")
        second.write({**self.accounting_values(), "cost_account_id": new.id})
        self.assertSound()
        self.tamper(
            "UPDATE account_move_line SET account_id = %s WHERE move_id = %s AND account_id = %s",
            new.id,
            payment.move_id.id,
            old.id,
        )
        self.assertNamed(
            payment, "are on 600951 Points of Second, the redemption account of program Second", size=43.48
        )
        second.cost_account_id = old
        self.assertNamed(payment, "43.48 of its cost are on 600951 Points of Second instead of", size=43.48)
        self.assertNamed(
            self.program, f"shared with program {self.program.name}, of which .43.48", explained=True, program=second
        )
        self.program.cost_account_id = new
        self.assertSound()
        self.sell()
        self.assertSound()

    def test_value_in_force(self):
        """N29: points paid what they were worth when they were redeemed, however often the value changed since."""
        self.sell(points=100)
        self.program.point_value = 0.5
        self.sell(points=100)
        self.program.point_value = 0.2
        self.sell(points=100)
        self.assertEqual(self.assertSound()["payments"]["ledger"], 80.0)

    def test_half_of_a_unit(self):
        """N29: a point worth half a cent pays nothing; one that paid a cent is named (B6)."""
        self.set_value(0.005)
        move = self.make_invoice(self.line(100, 15), post=True)
        self.apply_points(move, 2)
        self.assertSound()
        payment = self.loyalty_payments(move)
        self.tamper("UPDATE loyalty_ledger_entry SET points = -1 WHERE id = %s", payment.loyalty_entry_id.id)
        self.assertNamed(payment, "shows .0.01 paid with points, but its points are worth .0.00", size=0.01)

    def test_points_that_came_back_twice(self):
        """N29: a redemption that was undone in part although its document stands (B3)."""
        move = self.sell()
        payment = self.loyalty_payments(move)
        entry = payment.loyalty_entry_id
        self.card._post_entries(
            [
                {
                    "card_id": self.card.id,
                    "kind": "reversal",
                    "points": 56,
                    "key": "planted",
                    "document": ("account.payment", payment.id),
                    "reversed_entry_id": entry.id,
                }
            ]
        )
        self.assertNamed(payment, "shows .50.00 paid with points, but its points are worth .44.40", size=5.6)

    def test_cash_for_points(self):
        """N29: goods that points paid are credited in money, by a note that gives no points back (B2)."""
        move = self.sell(points=1000)
        note = self.plain_note(move, self.line(100, 15))
        self.assertNamed(note, "115.00 go back in money for this sale, but only .15.00 were paid in money", size=100.0)

    def test_written_off(self):
        """N29: 50.00 of 115.00 by points, 64.00 in money, 1.00 written off; the full credit note pays 65.00 back, as plain
        Odoo does. That is told, and no fault of the points."""
        for moves in (True, False):
            with self.subTest(moves):
                move = self.sell(paid=False)
                self.pay(
                    move,
                    64.0,
                    payment_difference_handling="reconcile",
                    writeoff_account_id=self.company_data["default_account_expense"].id,
                )
                self.assertEqual(move.amount_residual, 0.0)
                self.assertSound()
                if moves:
                    note = self.credit(move)
                    self.assertNamed(note, "1.00 of what goes back in money had never been paid", explained=True)
                else:
                    self.credit(move, self.line(50, 15))
                proof = self.assertSound()
                told = [item for item in proof["payments"]["items"] if "had never been paid" in item["problem"]]
                self.assertEqual(len(told), 1)

    def test_half_credit_without_points(self):
        """N29: half of the goods come back and no points with them, while money would suffice (B2)."""
        move = self.sell()
        note = self.plain_note(move, self.line(50, 15))
        self.assertNamed(note, "0 of the 500 points .* account for 249 of them")

    def test_foreign_currency(self):
        """N29: 230.00 at 1.25, 1,000 points cover 100.00 at 1.10; 880 points back leave 13.20 in cash (B1)."""
        currency = self.setup_other_currency("EUR", rates=[("2026-03-01", 1.25), ("2026-03-10", 1.1)])
        with freeze_time("2026-03-05 12:00:00"):
            move = self.make_invoice(self.line(200, 15), post=True, currency_id=currency.id)
        self.apply_points(move, 1000)
        self.assertEqual(move.amount_residual, 120.0)
        self.assertSound()
        note = self.plain_note(move, self.line(200, 15))
        self.loyalty_payments(move)._give_back_part(note, 88.0, None)
        proof = self.assertNamed(note, "go back in money|880 of the 1,000 points")
        self.assertEqual(round(proof["payments"]["difference"], 2), 0.0)

    def test_last_point(self):
        """N29: everything came back, but not the last point that the total of the document had cost (B7)."""
        move = self.sell(points=403)
        note = self.credit(move)
        self.assertSound()
        entry = self.returned(move).loyalty_entry_id
        self.tamper("UPDATE loyalty_ledger_entry SET points = points - 1 WHERE id = %s", entry.id)
        self.assertNamed(note, "402 of the 403 points")

    def test_vat_of_the_part(self):
        """N29: the VAT of a part is that of its own rate; a unit of money on the other rate is named (B4)."""
        move = self.sell(self.line(100, 15), self.line(100, 5))
        self.credit(move, self.line(50, 5))
        payment = self.returned(move)
        tax_lines = payment.move_id.line_ids.filtered(
            lambda line: line.tax_line_id == self.purchase_taxes[5]
        ) or payment.move_id.line_ids.filtered("tax_line_id")
        base = payment.move_id.line_ids.filtered(lambda line: line.account_id == self.cost_account)[:1]
        self.tamper("UPDATE account_move_line SET balance = balance - 3 WHERE id = %s", tax_lines[:1].id)
        self.tamper("UPDATE account_move_line SET balance = balance + 3 WHERE id = %s", base.id)
        self.assertNamed(move, "VAT relieved by points does not match the lines that they still cover .*5%: ")

    def test_tax_that_changed(self):
        """N29: an invoice that was edited after points had paid it keeps the relief of a tax that it has no more (B11)."""
        move = self.sell()
        lines = move.invoice_line_ids
        self.tamper("DELETE FROM account_move_line_account_tax_rel WHERE account_move_line_id = %s", lines.id)
        self.tamper("UPDATE account_move_line SET price_total = price_subtotal WHERE id = %s", lines.id)
        self.assertNamed(move, "15%: .6.52 instead of .0.00", size=6.52)

    def test_price_that_was_lowered(self):
        """N29: less is left than points had paid: the VAT that they relieve is more than the invoice has (B11)."""
        move = self.sell()
        self.tamper(
            "UPDATE account_move_line SET price_unit = 30, price_total = 34.5, price_subtotal = 30 WHERE id = %s",
            move.invoice_line_ids.id,
        )
        self.assertNamed(move, "15%: .6.52 instead of .4.50", size=2.02)

    def test_relief_that_stays(self):
        """N29: everything came back, but the VAT that had been recovered did not (B14)."""
        move = self.sell()
        self.credit(move)
        payment = self.returned(move)
        tax_line = payment.move_id.line_ids.filtered("tax_line_id")
        self.tamper(
            """
            UPDATE account_move_line SET tax_line_id = NULL, tax_repartition_line_id = NULL, account_id = %s WHERE id = %s
            """,
            self.cost_account.id,
            tax_line.id,
        )
        self.assertNamed(move, "15%: .6.52 instead of .0.00", size=6.52)

    def test_earned_points_stay(self):
        """N29, N4: everything of a sale came back, but what it had earned is still on the card (B2, B13)."""
        self.program.issue_on = "paid"
        move = self.sell(points=100)
        self.env.cr.flush()
        self.assertTrue(move.loyalty_points_earned)
        earned = move.loyalty_points_earned
        note = self.credit(move)
        self.env.cr.flush()
        self.assertSound()
        entries = self.env["loyalty.ledger.entry"].search(
            [("kind", "=", "reversal"), ("is_redemption", "=", False), ("program_id", "=", self.program.id)]
        )
        self.assertEqual(sum(entries.mapped("points")), -earned)
        self.tamper("UPDATE loyalty_ledger_entry SET res_model = 'res.partner' WHERE id = ANY(%s)", entries.ids)
        self.assertNamed(note, f"{earned:g} points that it earned are still on the card")

    def test_gift_card(self):
        """N29: points that paid more than what they may pay, gift cards left out (B9)."""
        gift = self.env["product.product"].create({"name": "Gift Card", "taxes_id": [Command.clear()]})
        self.make_program(
            name="Gift Cards",
            program_type="gift_card",
            applies_on="future",
            rule_ids=[Command.clear(), Command.create({"product_ids": [Command.set(gift.ids)]})],
        )
        move = self.sell(self.line(100, 15), self.line(50, product_id=gift.id))
        self.assertSound()
        line = move.invoice_line_ids.filtered(lambda line: line.product_id != gift)
        self.tamper("UPDATE account_move_line SET product_id = %s WHERE id = %s", gift.id, line.id)
        self.assertNamed(move, ".50.00 of points were redeemed on products that are not eligible")
        self.program.redeem_stored_value = True
        self.assertFalse([item for item in self.prove()["payments"]["items"] if "cannot buy" in item["problem"]])

    def test_reservations(self):
        """N29: reservations of documents that are posted, cancelled or gone; those of drafts are right (B10)."""
        draft = self.make_invoice(self.line(100, 15))
        self.apply_points(draft, 100)
        hold = draft.loyalty_hold_id
        self.assertSound()
        self.tamper("UPDATE account_move SET loyalty_hold_id = NULL WHERE id = %s", draft.id)
        self.assertNamed(hold, "100 points of card .* which no longer needs them", size=10.0)
        self.tamper("UPDATE account_move SET loyalty_hold_id = %s WHERE id = %s", hold.id, draft.id)
        self.assertSound()
        self.tamper("UPDATE account_move SET state = 'cancel' WHERE id = %s", draft.id)
        self.assertNamed(hold, "no longer needs them")
        self.tamper("UPDATE loyalty_hold SET res_id = 0 WHERE id = %s", hold.id)
        self.assertNamed(hold, "a document that was deleted")
        # A proof of the past says nothing about what is reserved now.
        self.assertSound("2026-03-14")

    def test_wizard_opens_what_is_wrong(self):
        """N29: Reconcile Loyalty shows the row in plain words, and opens the document behind it."""
        move = self.sell(points=1000)
        note = self.plain_note(move, self.line(100, 15))
        wizard = self.env["loyalty.proof"].create({"program_id": self.program.id})
        wizard.action_reconcile()
        self.assertEqual(wizard.state, "bad")
        line = wizard.line_ids.filtered(lambda line: line.res_id == note.id)
        self.assertEqual((line.part, line.size, line.is_explained), ("payments", 100.0, False))
        self.assertEqual(line.action_open_document()["res_id"], note.id)


@tagged("post_install", "-at_install")
class TestReductionFaults(ProofVerbs, ReductionCase):
    point_value = 0.1

    def test_right(self):
        """N29: points that lower a price before or after posting, and what comes back, in another currency too."""
        currency = self.setup_other_currency("EUR", rates=[("2026-03-01", 1.25)])
        for values in ({}, {"currency_id": currency.id}):
            with self.subTest(values):
                draft = self.make_invoice(self.line(100, 15), self.line(100, 5), **values)
                self.apply_points(draft, 300)
                draft.action_post()
                posted = self.make_invoice(self.line(100, 15), post=True, **values)
                self.apply_points(posted, 200)
                self.assertSound()
                self.credit(draft)
                self.credit(posted)
                proof = self.assertSound()["payments"]
                self.assertEqual((proof["ledger"], proof["books"]), (0.0, 0.0))

    def test_reduction_on_another_account(self):
        """N29, N1: points that lowered a price on an account that is not the redemption account; a former one is right."""
        draft = self.make_invoice(self.line(100, 15))
        self.apply_points(draft, 300)
        draft.action_post()
        posted = self.make_invoice(self.line(100, 15), post=True)
        self.apply_points(posted, 200)
        self.program.cost_account_id = self.make_account("Points Redeemed 2", "400951", "income")
        note = self.credit(draft)
        self.assertSound()
        for move in (draft, posted._loyalty_reductions(), note):
            line = move.line_ids.filtered("is_loyalty_reduction")
            account = line.account_id
            query = "UPDATE account_move_line SET account_id = %s WHERE id = %s"
            self.tamper(query, self.revenue.id, line.id)
            self.assertNamed(
                move, f"of its cost are on {self.revenue.code}.* instead of 400951", size=abs(line.balance)
            )
            self.tamper(query, account.id, line.id)

    def test_wrong_rate(self):
        """N29: 500 points are 50.00 in the books, whatever the rate of the invoice was (B1)."""
        move = self.make_invoice(self.line(100, 15), post=True)
        self.apply_points(move, 500)
        note = move._loyalty_reductions()
        self.tamper("UPDATE account_move_line SET balance = balance * 0.88 WHERE move_id = %s", note.id)
        self.assertNamed(note, "shows .44.00 paid with points, but its points are worth .50.00", size=6.0)

    def test_reversals_of_other_kinds(self):
        """N29: points that were earned and taken back are no redemption that came back (B3)."""
        move = self.make_invoice(self.line(100, 15))
        self.apply_points(move, 500)
        move.action_post()
        entry = self.env["loyalty.ledger.entry"].search([("res_model", "=", "account.move"), ("res_id", "=", move.id)])
        self.card._post_entries(
            [
                {
                    "card_id": self.card.id,
                    "kind": "reversal",
                    "points": 56,
                    "key": "planted",
                    "document": ("account.move", move.id),
                    "reversed_entry_id": entry.id,
                }
            ]
        )
        self.assertNamed(move, "shows .50.00 paid with points, but its points are worth .44.40", size=5.6)

    def test_vat_of_the_part(self):
        """N29: a credit note that takes points back at another rate than that of its goods (B4)."""
        move = self.make_invoice(self.line(100, 15), self.line(100, 5))
        self.apply_points(move, 460)
        move.action_post()
        self.assertSound()
        note = self.credit(move, self.line(100, 5))
        lines = note.invoice_line_ids.filtered("is_loyalty_reduction")
        self.assertTrue(lines)
        self.tamper("UPDATE account_move_line SET price_subtotal = price_total WHERE id = ANY(%s)", lines.ids)
        self.assertNamed(move, "5%: ")


@tagged("post_install", "-at_install")
class TestValueFaults(ProofVerbs, BooksCase):
    def test_expired_points_taken_twice(self):
        """N29: 1,000 earned, 400 spent, 600 expired; the return takes 400, or 1,000 and is named (B5)."""
        self.program.write({"expiry_policy": "lot", "expiry_delay": 1, "expiry_unit": "month"})
        earned = self.earn(1000, day="2026-02-01")
        self.redeem(400, day="2026-02-10")
        self.env["loyalty.card"]._purge(commit=False)
        self.assertEqual(self.card.points, 0)
        entry = self.reverse(earned, 400, day="2026-03-15")
        self.tamper("UPDATE loyalty_ledger_entry SET points = -400, waived_points = 0 WHERE id = %s", entry.id)
        self.assertFalse([item for item in self.prove()["points"]["items"] if "written off before" in item["problem"]])
        self.tamper("UPDATE loyalty_ledger_entry SET points = -1000 WHERE id = %s", entry.id)
        proof = self.assertNamed(
            entry, "1,000 points were taken back although 600 of the 1,000 .* written off before", "points"
        )
        # Transaction, lot and card of the planted row differ too, by points: none of it is money.
        self.assertEqual((proof["residual"], proof["residual_points"]), (0.0, proof["points"]["residual"]))
        wizard = self.env["loyalty.proof"].create({"program_id": self.program.id})
        wizard.action_reconcile()
        self.assertRecordValues(
            wizard, [{"state": "bad", "residual": 0.0, "residual_points": proof["points"]["residual"]}]
        )

    def test_cost_of_value(self):
        """N29, N1: value entries whose other side is not on the redemption account; a former one, and the counter-account
        of opening balances, are right."""
        opening = self.make_account("Opening", "610952", "equity")
        self.post("opening", 500, day="2026-01-01")
        self.earn(100, day="2026-03-01")
        self.run_accrual(opening_account_id=opening.id)
        self.redeem(100)
        self.assertSound()
        old = self.cost_account
        self.program.cost_account_id = self.make_account("Points Redeemed 2", "610950", "expense")
        self.redeem(50)
        self.assertSound()
        for value in ([Command.link(self.revenue.id)], [Command.clear()], False):
            with self.assertRaisesRegex(AccessError, "Former redemption accounts are noted"):
                self.program.with_user(self.env.user).write({"former_cost_account_ids": value})
        move = self.books_moves()[-2]
        self.tamper(
            "UPDATE account_move_line SET account_id = %s WHERE move_id = %s AND account_id = %s",
            self.revenue.id,
            move.id,
            old.id,
        )
        self.assertNamed(move, "books .0.00 on redemption account .* its value lines say .-8.70", "value", size=8.7)

    def test_archived_branch(self):
        """N29, N1: what a branch booked before it was archived is still in the books."""
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": self.company.id, "country_id": self.company.country_id.id}
        )
        self.cr.precommit.run()  # the branch takes over the chart of accounts
        self.env.user.write({"company_ids": [Command.link(branch.id)]})
        self.earn(100, day="2026-03-01")
        self.run_accrual()
        move = (
            self.env["account.move"]
            .with_company(branch)
            .create(
                {
                    "journal_id": self.company_data["default_journal_misc"].id,
                    "company_id": branch.id,
                    "date": "2026-03-10",
                    "line_ids": [
                        Command.create({"account_id": self.liability_account.id, "debit": 5}),
                        Command.create({"account_id": self.cost_account.id, "credit": 5}),
                    ],
                }
            )
        )
        move.action_post()
        line = move.line_ids.filtered(lambda line: line.account_id == self.liability_account)
        self.assertNamed(line, "a manual entry of", "value")
        branch.sudo().active = False
        self.assertNamed(line, "a manual entry of", "value")

    def test_purge_over_two_months(self):
        """N29: one entry for points of two months puts the value of the first one into the second (B11)."""
        self.earn(100, day="2026-01-20")
        self.earn(10, day="2026-02-10")
        self.run_accrual("2026-02-28")
        first = self.post("adjust", -100, day="2026-02-20")
        second = self.post("adjust", -10, day="2026-03-02")
        self.assertSound()
        move = self.env["loyalty.valuation"].search([("entry_id", "=", second.id)]).move_id
        self.assertEqual(move.date, fields.Date.to_date("2026-03-02"))
        self.tamper(
            "UPDATE loyalty_valuation SET move_id = %s, date = '2026-03-02' WHERE entry_id = %s", move.id, first.id
        )
        self.assertNamed(move, "of 03/02/2026 books .* for points that moved on 02/20/2026, in another month", "value")

    def test_undone_before(self):
        """N29: a redemption that is undone after the accrual, as of the month that was accrued (B11)."""
        self.earn(100, day="2026-02-01")
        self.run_accrual("2026-02-10")
        with self.on("2026-02-20"):
            entry = self.redeem(40, day="2026-02-20", document=("res.partner", self.customer.id))
        with self.on("2026-03-01"):
            self.run_accrual("2026-02-28")
        with self.on("2026-03-20"):
            self.reverse(entry, day="2026-03-20", document=("res.partner", self.customer.id))
            self.assertSound()
            other = self.redeem(10, day="2026-02-25", document=("res.partner", self.customer.id))
            back = self.reverse(other, day="2026-02-25", document=("res.partner", self.customer.id))
            self.assertNamed(back, "reversed on 03/20/2026 is dated 02/25/2026", "value")

    def test_shared_account(self):
        """N29: two programs on one liability account: the balance is the sum of both, and the one that differs is named."""
        other = self.make_program(name="Second", **self.accounting_values())
        card = self.make_card(program=other)
        for mine in (self.card, card):
            self.earn(100, mine, day="2026-03-01")
        self.run_accrual()
        self.run_accrual(program=other)
        self.assertSound()
        self.assertSound(program=other)
        move = self.books_moves(other)[-1]
        line = move.line_ids.filtered(lambda line: line.account_id == self.liability_account)
        self.tamper("UPDATE account_move_line SET balance = balance - 1 WHERE id = %s", line.id)
        self.assertNamed(line, "says .9.70 on the liability account", "value", program=other)
        proof = self.assertNamed(other, "is shared with program Second", "value", explained=True)
        self.assertEqual((proof["value"]["difference"], proof["residual"]), (0.0, 0.0))
        self.tamper("UPDATE account_move SET loyalty_program_id = %s WHERE id = %s", self.program.id, move.id)
        self.assertNamed(move, "is an entry of program Points, but", "value", program=other)
