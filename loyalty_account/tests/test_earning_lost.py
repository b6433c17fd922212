from freezegun import freeze_time

from odoo import fields
from odoo.tests import tagged

from .books_common import BooksCase
from .earning_common import EarningCase


@tagged("post_install", "-at_install")
class TestEarningLost(EarningCase):
    """Invoices whose points expired before the goods came back. Points live for one month."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program.write({"expiry_policy": "lot", "expiry_delay": 1, "expiry_unit": "month"})

    def sell(self, spent):
        """Sell for 1,000 and spend some of the points; a month later the rest is written off."""
        card = self.make_card(self.env["res.partner"].create({"name": f"Spent {spent}"}))
        invoice = self.make_invoice(1000, partner=card.partner_id, post=True)
        self.pay(invoice)
        if spent:
            card._post_entries([{"card_id": card.id, "kind": "redeem", "points": -spent, "key": f"{card.code}:spent"}])
        return card, invoice

    def on(self, day):
        return freeze_time(f"{day} 12:00:00")

    def assertCard(self, card, points, debt):
        card.invalidate_recordset()
        self.assertEqual((card.points, card.debt_points), (points, debt))
        self.assertEqual(card._verify_ledger(), [])

    def test_credit_note(self):
        """N29, N4: an invoice of 1,000 points, 400 spent, 600 expired, is credited: -400; 0 where nothing was spent."""
        sales = [(self.sell(spent), spent) for spent in (400, 0)]
        with self.on("2026-05-10"):
            self.env["loyalty.card"]._purge(programs=self.program, commit=False)
            for (card, invoice), spent in sales:
                self.assertCard(card, 0, 0)
                self.credit(invoice)
                self.assertEarned(invoice, 0)
                self.assertCard(card, -spent, spent)
                self.assertStable(invoice)

    def test_credit_notes_in_parts(self):
        """N29, N4: three credit notes, one of them before the points expired, end where one ends."""
        card, invoice = self.sell(400)
        self.credit(invoice, 250.0)
        self.assertCard(card, 350, 0)
        with self.on("2026-05-10"):
            self.env["loyalty.card"]._purge(programs=self.program, commit=False)
            self.credit(invoice, 500.0)
            self.assertCard(card, -150, 150)
            self.credit(invoice, 250.0)
            self.assertCard(card, -400, 400)
            self.assertEarned(invoice, 0)

    def test_credit_note_is_reversed(self):
        """N29, C15, N4: what a return did not take, because it had expired or was waived, does not come back with it."""
        for policy, spent, expired, balances in (
            ("debt", 400, True, (-400, 0, -400)),
            ("debt", 0, True, (0, 0, 0)),
            ("clamp", 400, False, (0, 600, 0)),
        ):
            with self.subTest(policy=policy, spent=spent, expired=expired):
                self.program.negative_policy = policy
                card, invoice = self.sell(spent)
                with self.on("2026-05-10" if expired else "2026-03-16"):
                    self.env["loyalty.card"]._purge(programs=self.program, commit=False)
                    note = self.credit(invoice)
                    self.assertCard(card, balances[0], -min(0, balances[0]))
                    again = note._reverse_moves([{"invoice_date": fields.Date.today()}], cancel=True)
                    self.env.cr.flush()
                    self.assertEqual(invoice.loyalty_points_earned, 1000)
                    self.assertCard(card, balances[1], 0)
                    self.assertStable(invoice | again)
                    self.credit(again)
                    self.assertEqual(invoice.loyalty_points_earned, 0)
                    self.assertCard(card, balances[2], -min(0, balances[2]))
                    self.assertStable(invoice | again)


@tagged("post_install", "-at_install")
class TestLostValue(BooksCase):
    """The books of points that expired before the goods came back: 0.10 a point, 15 % VAT expected."""

    def test_books(self):
        """N29, P13: what was written off carries nothing, and the return books nothing a second time; the proof is even."""
        self.program.write({"expiry_policy": "lot", "expiry_delay": 1, "expiry_unit": "month"})
        earned = self.earn(1000, day="2026-03-01")
        self.run_accrual()
        self.assertEqual(self.liability(), 86.96)
        self.redeem(400)
        self.assertEqual(self.liability(), 52.18)
        with self.on("2026-05-10"):
            self.env["loyalty.card"]._purge(commit=False)
            self.assertEqual(self.liability(), 0.0)
            moves = self.books_moves()
            self.reverse(earned)
            self.assertEqual((self.card.points, self.card.debt_points), (-400, 400))
            self.assertEqual((self.books_moves(), self.liability()), (moves, 0.0))
            self.run_accrual("2026-05-10")
            self.assertEqual(self.liability(), 0.0)
            proof = self.program._loyalty_proof(fields.Date.to_date("2026-05-10"))
            self.assertEqual((proof["residual"], proof["residual_points"]), (0.0, 0.0))
            # The next points settle the debt first, and only the rest is a liability.
            self.earn(1000)
            self.assertEqual((self.card.points, self.card.debt_points), (600, 0))
