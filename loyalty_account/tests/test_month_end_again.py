"""Documents of a month that is over, made or made again when it is accrued: the proof of every day stays even."""

from freezegun import freeze_time

from odoo.tests import tagged

from .proof_common import ProofVerbs
from .redemption_common import RedemptionCase
from .test_redemption_reduction import ReductionCase


class MonthEndCase(ProofVerbs):
    def on(self, day):
        return freeze_time(f"{day} 12:00:00")

    def run_accrual(self, day):
        self.env["loyalty.accrual.run"].create({"program_id": self.program.id, "date_to": day}).action_post()

    def give(self, points, kind="opening"):
        """Points of now, valued at once where they are a gift."""
        op = {"card_id": self.card.id, "kind": kind, "points": points, "key": f"given:{self.card.ledger_revision}"}
        self.card._post_entries([{**op, "reason": "Gift"} if kind == "adjust" else op])

    def sell(self, day, points=512):
        """An invoice of that day, whatever today is, paid with points in the same document or by one of today."""
        move = self.make_invoice(self.line(1000, 15), invoice_date=day)
        self.apply_points(move, points)
        move.action_post()
        return move

    def assertEven(self, *days):
        for day in days:
            with self.subTest(day):
                self.assertSound(day)

    def check_made_again(self, policy):
        """Redeemed in February, accrued, and the document is a draft for a moment in March."""
        self.program.accounting_policy = policy
        with self.on("2026-02-01"):
            self.give(2000)
        with self.on("2026-02-10"):
            move = self.sell("2026-02-10")
            document = self.redemption(move)
        with self.on("2026-02-28"):
            if policy == "accrual":
                self.run_accrual("2026-02-28")
            self.assertEven("2026-02-09", "2026-02-28")
        with self.on("2026-03-03"):
            self.make_again(document)
            self.assertEven("2026-02-09", "2026-02-10", "2026-02-28", "2026-03-03")
        with self.on("2026-03-31"):
            if policy == "accrual":
                self.run_accrual("2026-03-31")
            self.assertEven("2026-02-10", "2026-02-28", "2026-03-03", "2026-03-31")

    @classmethod
    def grant(cls, points, card=None, **values):
        """The card starts empty."""
        return cls.env["loyalty.ledger.entry"]

    def test_made_again(self):
        """N29, N1: what was redeemed in an accrued month is undone and done again."""
        self.check_made_again("accrual")


class PaidLaterCase(MonthEndCase):
    def test_credited_as_of_an_earlier_day(self):
        """N29, N1: an invoice of February, points of March, and a credit note of March with the date of the invoice: points
        never come back before they were taken."""
        with self.on("2026-02-01"):
            self.give(2000)
        with self.on("2026-02-10"):
            move = self.make_invoice(self.line(1000, 15), post=True)
        with self.on("2026-03-03"):
            self.apply_points(move, 512)
        with self.on("2026-03-05"):
            self.credit(move)
            self.assertEven("2026-02-10", "2026-02-28", "2026-03-02", "2026-03-03", "2026-03-05")
            self.assertEqual((self.card.points, move.amount_residual), (2000, 0))


@tagged("post_install", "-at_install")
class TestReductionMonthEnd(MonthEndCase, ReductionCase):
    def redemption(self, move):
        return move

    def make_again(self, document):
        document.button_draft()
        document.action_post()

    def test_made_again_without_liability(self):
        """N29, N1: the same without a liability for outstanding points."""
        self.check_made_again("redemption")

    def check_dated_back(self, kind, policy):
        """Points of March pay a document of February, which is accrued."""
        self.program.accounting_policy = policy
        with self.on("2026-02-28"):
            if policy == "accrual":
                self.run_accrual("2026-02-28")
        with self.on("2026-03-02"):
            self.give(1000, kind)
        with self.on("2026-03-03"):
            move = self.sell("2026-02-10")
            self.assertEven("2026-02-09", "2026-02-10", "2026-02-28", "2026-03-01", "2026-03-02", "2026-03-03")
        with self.on("2026-03-05"):
            note = move.with_user(self.clerk)._reverse_moves([{"invoice_date": "2026-03-05"}])
            note.action_post()
            self.assertEven("2026-02-10", "2026-02-28", "2026-03-02", "2026-03-03", "2026-03-05")
        with self.on("2026-03-31"):
            if policy == "accrual":
                self.run_accrual("2026-03-31")
            self.assertEven("2026-02-28", "2026-03-02", "2026-03-31")

    def test_dated_back(self):
        """N29, N1: a document of February takes points of March: as of February they are owed."""
        self.check_dated_back("opening", "redemption")

    def test_dated_back_accrued(self):
        """N29, N1: the same where outstanding points are a liability, with points that wait for their accrual."""
        self.check_dated_back("opening", "accrual")

    def test_dated_back_valued(self):
        """N29, N1: the same with points that were valued when they were given."""
        self.check_dated_back("adjust", "accrual")


@tagged("post_install", "-at_install")
class TestNoteMonthEnd(PaidLaterCase, ReductionCase):
    def sell(self, day, points=512):
        move = self.make_invoice(self.line(1000, 15), invoice_date=day, post=True)
        self.apply_points(move, points)
        return move

    def redemption(self, move):
        return move._loyalty_reductions()

    def make_again(self, document):
        document.button_draft()
        document.action_post()


@tagged("post_install", "-at_install")
class TestPaymentMonthEnd(PaidLaterCase, RedemptionCase):
    def redemption(self, move):
        return self.loyalty_payments(move)

    def make_again(self, document):
        document.action_draft()
        document.action_post()
