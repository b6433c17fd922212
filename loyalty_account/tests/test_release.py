from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from .books_common import BooksCase


def day(text):
    return fields.Date.to_date(text)


@tagged("post_install", "-at_install")
class TestRelease(BooksCase):
    """Part R: the value of points follows them, in journal entries."""

    def assertReleased(self, *amounts):
        """The latest journal entries of the books move these amounts; negative: the liability grows."""
        moves = self.books_moves()[-len(amounts) :] if amounts else self.books_moves()[:0]
        for move, amount in zip(moves, amounts):
            pair = [(self.liability_account, abs(amount), 0.0), (self.cost_account, 0.0, abs(amount))]
            if amount < 0:
                pair = [(self.cost_account, abs(amount), 0.0), (self.liability_account, 0.0, abs(amount))]
            self.assertMove(move, *pair)

    def accrued(self, *lots):
        for points in lots:
            self.earn(points)
        self.run_accrual()
        return len(self.books_moves())

    def test_release_piece_by_piece(self):
        """P13: a lot used up in pieces releases exactly what it carried, rounded cumulatively."""
        self.accrued(100)
        for points in (33, 33, 33, 1):
            self.redeem(points)
        self.assertReleased(2.87, 2.87, 2.87, 0.09)
        self.assertEqual(self.liability(), 0.0)

    def test_one_entry_a_document(self):
        """P13: one journal entry for each document, dated as the redemption, with the customer and the document."""
        self.accrued(100, 100)
        invoice = self.make_invoice(100, post=True)
        self.redeem(150, document=("account.move", invoice.id), day="2026-03-12")
        move = self.books_moves()[-1]
        self.assertReleased(13.04)
        self.assertRecordValues(
            move, [{"date": day("2026-03-12"), "partner_id": self.customer.id, "journal_id": self.loyalty_journal.id}]
        )
        self.assertIn(invoice.name, move.ref)
        self.assertRecordValues(
            self.env["loyalty.valuation"].search([("move_id", "=", move.id)], order="id"),
            [
                {"kind": "redeem", "amount": -8.70, "points": -100.0},
                {"kind": "redeem", "amount": -4.34, "points": -50.0},
            ],
        )

    def test_restored_points(self):
        """N4, P13: a reversal gives back what that debit released on those lots, pro rata; the last part the rest."""
        self.accrued(100, 100)
        entry = self.redeem(150)
        self.assertReleased(13.04)
        for _ in range(3):
            self.reverse(entry, 50)
        self.assertReleased(-4.34, -4.35, -4.35)
        self.assertEqual(self.carrying(), [8.70, 8.69])

    def test_restored_past_expiry(self):
        """N4, P13: points that come back past their date carry their value in the lot that took them."""
        self.program.write(
            {"expiry_policy": "lot", "expiry_delay": 1, "expiry_unit": "month", "reversal_grace_days": 30}
        )
        self.earn(100, day="2026-03-01")
        self.run_accrual()
        entry = self.redeem(40)
        with self.on("2026-04-20"):
            self.env["loyalty.card"]._purge(commit=False)
            self.assertReleased(3.48, 5.22)
            self.reverse(entry)
            self.assertReleased(-3.48)
        self.assertEqual(self.carrying(), [0.0, 3.48])
        self.assertEqual(self.liability(), 3.48)

    def test_never_accrued(self):
        """P13: points that were never accrued release nothing, and come back with nothing."""
        self.earn(100)
        entry = self.redeem(100)
        self.reverse(entry)
        self.assertFalse(self.books_moves())

    def test_expiry(self):
        """P12: the nightly purge writes off in one entry for each program and month; a second run does nothing."""
        self.program.write({"expiry_policy": "lot", "expiry_delay": 1, "expiry_unit": "month"})
        cards = [self.card, self.make_card(), self.make_card()]
        for number, card in enumerate(cards):
            self.earn(100, card, day=f"2026-03-0{number + 1}")
        before = self.accrued(0.5)
        with self.on("2026-04-10"):
            self.env["loyalty.card"]._purge(commit=False)
            self.assertEqual(len(self.books_moves()), before + 1)
            move = self.books_moves()[-1]
            self.assertMove(
                move,
                (self.liability_account, 26.09, 0.0),
                (self.cost_account, 0.0, 26.09),
                date=day("2026-04-04"),
            )
            self.env["loyalty.card"]._purge(commit=False)
            self.assertEqual(self.books_moves()[-1], move)
        self.assertEqual(self.liability(), 0.04)

    def liability_on(self, day_):
        lines = self.env["account.move.line"].search(
            [("account_id", "=", self.liability_account.id), ("date", "<=", day_), ("parent_state", "=", "posted")]
        )
        return round(-sum(lines.mapped("balance")), 2)

    def purge_of_two_months(self):
        """Write off, on 2 May, points that expired on 20 April and on 1 May; return the journal entries."""
        self.program.write({"expiry_policy": "lot", "expiry_delay": 1, "expiry_unit": "month"})
        cards = [self.card, self.make_card(), self.make_card()]
        for card, expiry in zip(cards, ("2026-04-19", "2026-04-30", "2026-12-31")):
            self.earn(100, card, day="2026-03-01", expiration_date=expiry)
        self.run_accrual()
        before = self.books_moves()
        self.env.company.fiscalyear_lock_date = self.locked
        with self.on("2026-05-02"):
            self.env["loyalty.card"]._purge(commit=False)
        return self.books_moves() - before

    locked = False

    def test_expiry_of_two_months(self):
        """N29, P12: a purge that writes off points of several months makes an entry for each month."""
        april, may = self.purge_of_two_months().sorted("date")
        self.assertMove(
            april, (self.liability_account, 8.70, 0.0), (self.cost_account, 0.0, 8.70), date=day("2026-04-20")
        )
        self.assertMove(
            may, (self.liability_account, 8.69, 0.0), (self.cost_account, 0.0, 8.69), date=day("2026-05-01")
        )
        self.assertEqual(
            [self.liability_on(date) for date in ("2026-04-19", "2026-04-30", "2026-05-02")], [26.09, 17.39, 8.70]
        )

    def test_expiry_of_a_locked_month(self):
        """N29, P12, M8: what expired in a locked month is booked on the next day that is open, and says so."""
        self.locked = "2026-04-30"
        april, may = self.purge_of_two_months().sorted("id")
        self.assertGreater(april.date, day("2026-04-30"))
        self.assertEqual(may.date, day("2026-05-01"))
        self.assertRecordValues(
            self.env["loyalty.valuation"].search([("move_id", "=", april.id)]),
            [{"kind": "expire", "amount": -8.70, "date": april.date, "effective_date": day("2026-04-20")}],
        )

    def test_expiry_job(self):
        """P12: the job itself books what it purged, batch by batch."""
        self.program.write({"expiry_policy": "lot", "expiry_delay": 1, "expiry_unit": "month"})
        self.accrued(100)
        with self.on("2026-05-01"), self.enter_registry_test_mode():
            self.env.ref("loyalty_ledger.cron_purge").method_direct_trigger()
        self.assertReleased(8.70)
        self.assertEqual(self.liability(), 0.0)

    def test_grants_and_adjustments(self):
        """P13: granted points are valued at once, taken ones release what they carry."""
        self.post("adjust", 100)
        self.assertReleased(-8.70)
        self.post("adjust", -50)
        self.assertReleased(4.35)
        self.assertEqual(self.run_accrual().amount, 0.0)

    def test_taken_back(self):
        """P13: what a credit note takes back of earned points releases their value; points not accrued have none."""
        self.accrued(100)
        entry = self.env["loyalty.ledger.entry"].search([("card_id", "=", self.card.id)])
        self.reverse(entry, 50)
        self.assertReleased(4.35)
        self.assertEqual(self.env["loyalty.valuation"].search([], limit=1).kind, "clawback")

    def test_debt_carries_none(self):
        """P13: points that settle a debt were never a liability; what a grant pays of a debt is not valued."""
        self.accrued(100)
        entry = self.env["loyalty.ledger.entry"].search([("card_id", "=", self.card.id)])
        self.redeem(80)
        self.reverse(entry)  # 80 of the 100 points are gone: the card owes them
        self.assertReleased(6.96, 1.74)
        self.assertEqual(self.card.debt_points, 80)
        self.post("adjust", 100)
        self.assertReleased(-1.74)
        self.assertEqual(self.liability(), 1.74)
        self.assertEqual(self.run_accrual().amount, 0.0)

    def test_transfer(self):
        """N11, P13: points that move take their value along, without any journal entry."""
        moves = self.accrued(100, 100)
        target = self.make_card()
        self.post("transfer", -150, target_card_id=target.id)
        self.assertEqual(len(self.books_moves()), moves)
        self.assertEqual(self.carrying(), [0.0, 4.35, 8.70, 4.34])
        self.redeem(150, target)
        self.assertReleased(13.04)
        self.assertEqual(self.run_accrual().amount, 0.0)

    def test_locked_period(self):
        """P13: never into a locked period: the entry moves, and the value line has its date."""
        self.earn(100, day="2026-02-10")
        self.run_accrual("2026-02-28")
        self.company.fiscalyear_lock_date = "2026-02-28"
        self.redeem(100, day="2026-02-20")
        move = self.books_moves()[-1]
        self.assertReleased(8.70)
        self.assertGreater(move.date, day("2026-02-28"))
        line = self.env["loyalty.valuation"].search([("move_id", "=", move.id)])
        self.assertRecordValues(line, [{"date": move.date, "effective_date": day("2026-02-20")}])

    def test_remap(self):
        """M6: accounts are entered once and posting is automatic; another account is for later entries only."""
        self.accrued(100)
        first = self.books_moves()
        self.program.liability_account_id = self.make_account("Accrued 2", "251950", "liability_current")
        self.redeem(100)
        self.assertMove(first, (self.cost_account, 8.70, 0.0), (self.liability_account, 0.0, 8.70))
        self.assertMove(
            self.books_moves()[-1], (self.program.liability_account_id, 8.70, 0.0), (self.cost_account, 0.0, 8.70)
        )

    def test_other_policies_book_nothing(self):
        """P13, M1: without accrual no value is kept, and the hook asks the database nothing."""
        other = self.make_program(name="Plain")
        card = self.make_card(program=other)
        self.post("earn", 100, card)
        entry = self.post("redeem", -50, card)
        self.assertEqual(entry.program_id.accounting_policy, "none")  # in the cache, as the gateway leaves it
        with self.assertQueryCount(0):
            entry._entries_posted()
        self.assertFalse(self.env["loyalty.valuation"].search([("program_id", "=", other.id)]))

    def test_policy_stays_while_there_is_a_liability(self):
        """M6: an accruing program keeps its policy while points are on the books."""
        self.accrued(100)
        with self.assertRaisesRegex(Exception, "a liability of .*8.70"):
            self.program.accounting_policy = "redemption"
        self.redeem(100)
        self.program.accounting_policy = "redemption"

    def test_deferred(self):
        """P13: documents booked together later: the hook leaves them out, and they are booked once."""
        self.accrued(100)
        entries = []

        def defer(records):
            entries.append(records.filtered(lambda entry: entry.kind == "redeem"))
            return entries[-1]

        self.patch(type(self.env["loyalty.ledger.entry"]), "_defer_release", defer)
        moves = len(self.books_moves())
        self.redeem(50)
        self.assertEqual(len(self.books_moves()), moves)
        for _ in range(2):
            entries[-1]._book_values()
            self.assertEqual(len(self.books_moves()), moves + 1)
        self.assertReleased(4.35)

    def test_many_at_once(self):
        """P13: one chunk of adjustments is one journal entry, however many cards."""
        cards = self.env["loyalty.card"].create(
            [{"program_id": self.program.id, "partner_id": self.customer.id} for _ in range(50)]
        )
        ops = [
            {"card_id": card.id, "kind": "adjust", "points": 100, "key": f"many:{card.id}", "reason": "Welcome"}
            for card in cards
        ]
        cards._post_entries(ops)
        self.assertEqual(len(self.books_moves()), 1)
        self.assertReleased(-435.0)  # each grant stands for itself: 50 x 8.70
        self.assertEqual(self.run_accrual().amount, -0.22)  # 5,000 points are 434.78

    def test_clerk_redeems(self):
        """P13: an invoicing user's redemption is booked, without any right on value lines or the loyalty journal."""
        self.accrued(100)
        invoice = self.make_invoice(self.line(100.0, 15), post=True)
        wizard = self.env["loyalty.apply.points"].with_user(self.clerk).create({"move_id": invoice.id, "points": 100})
        wizard.action_apply()
        self.assertReleased(8.70)
        move = self.books_moves()[-1]
        self.assertEqual(move.create_uid, self.clerk)
        payment = invoice.reconciled_payment_ids
        self.assertMove(
            payment.move_id,
            (self.cost_account, 8.70, 0.0),
            (self.input_vat, 1.30, 0.0),
            (self.receivable, 0.0, 10.0),
        )

    def test_branch(self):
        """P13: a branch's invoice paid with the points of the parent's program is booked in the parent's books."""
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.env.user.company_ids |= branch
        self.clerk.company_ids |= branch
        self.accrued(100)
        self.redeem(100)
        self.assertEqual(self.books_moves()[-1].company_id, self.company)
        program = self.make_program(name="Branch", company_id=branch.id, currency_id=branch.currency_id.id)
        program.write(self.accounting_values(tax_map_ids=[Command.clear()], vat_mode="tender"))
        self.post("adjust", 100, self.make_card(program=program))
        self.assertRecordValues(self.books_moves(program), [{"company_id": branch.id, "amount_total": 10.0}])
