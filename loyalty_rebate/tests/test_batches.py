"""Closes of more than one batch, as the job runs them: nobody is left out, nobody is credited twice, and they come to an end."""

from datetime import date

from odoo.tests import tagged

from odoo.addons.loyalty_account.models import loyalty_close_progress
from odoo.addons.loyalty_rebate.models import loyalty_program_account_credit, loyalty_program_roll_over

from .common import RebateCase

JANUARY, FEBRUARY = date(2026, 1, 31), date(2026, 2, 28)


@tagged("post_install", "-at_install")
class TestBatches(RebateCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.others = cls.env["res.partner"].create([{"name": f"Customer {number}"} for number in range(2)])
        cls.partners = cls.customer | cls.others

    def setUp(self):
        super().setUp()
        self.patch(loyalty_program_roll_over, "BATCH", 1)
        self.patch(loyalty_program_account_credit, "CREDIT_BATCH", 1)

    def sell_all(self, day):
        for partner in self.partners:
            self.sell(1100.0, day=day, partner=partner)

    def run_job(self, close):
        """Run a close as the job does; after 30 commits there is no more time."""
        commits = []

        def commit(cron, processed=0, **kwargs):
            commits.append(processed)
            return len(commits) < 30

        self.patch(self.registry["ir.cron"], "_commit_progress", commit)
        close.with_context(cron_id=1)._run()
        return close

    def points(self):
        cards = self.env["loyalty.card"].search([("program_id", "=", self.program.id)])
        points = {card.partner_id: card.points for card in cards}
        return [points.get(partner, 0.0) for partner in self.partners]

    def test_on_the_screen(self):
        """M13, M17: on the screen a close goes on batch by batch, each a request of its own that says what is left."""
        self.patch(loyalty_close_progress, "PART", 0.0)
        self.sell_all("2026-02-10")
        close = self.close(FEBRUARY)
        self.assertEqual(close.action_run()["params"]["message"], f"Step 1 of 6: Freeze Figures ({self.program.name})")
        said = []
        while message := close.action_run_part():
            said.append(message)
        name = self.program.name
        self.assertEqual(
            said,
            [
                f"Step 2 of 6: Write Off Expired Points ({name})",
                f"Step 3 of 6: Roll Over Credits ({name})",
                f"Step 3 of 6: Roll Over Credits ({name}). Customers left: 2",
                f"Step 3 of 6: Roll Over Credits ({name}). Customers left: 1",
                f"Step 4 of 6: Accrue ({name})",
                f"Step 5 of 6: Reconcile ({name})",
                "Step 6 of 6: Report Pack",
            ],
        )
        self.assertEqual((close.state, self.points()), ("done", [10.0] * 3))

    def test_two_periods(self):
        """M13, M12, bM1: a close of two months goes on in the second where it was; closed again, it adds what came since."""
        self.sell_all("2026-01-10")
        self.sell_all("2026-02-10")
        close = self.run_job(self.close(FEBRUARY, "2026-01-01"))
        self.assertEqual((close.state, close.problem), ("done", False))
        self.assertEqual(self.points(), [20.0] * 3)
        self.assertEqual(self.step(close, "roll_over").points, 60.0)
        self.sell(100.0, day="2026-01-20")
        again = self.env["loyalty.close"].browse(close.action_close_again()["res_id"]).with_user(self.accountant)
        again.action_preview()
        self.assertEqual(self.step(again, "roll_over").points, 10.0)
        self.run_job(again)
        self.assertEqual((again.state, again.problem), ("done", False))
        self.assertEqual(self.points(), [30.0, 20.0, 20.0])

    def test_lapse_behind_closed_cards(self):
        """bM5, M13: closed cards, whose credits cannot lapse, do not hold up those behind them."""
        self.program.unused_credits = "zero"
        cards = self.card | self.make_card(self.others[0]) | self.make_card(self.others[1])
        for card in cards:
            self.post("opening", 10.0, card, day="2026-01-31")
        cards[:2].closed = True
        self.sell(1050.0, day="2026-02-10", partner=self.others[1])
        close = self.run_job(self.close(FEBRUARY))
        self.assertEqual((close.state, close.problem), ("done", False))
        self.assertEqual(cards.mapped("points"), [10.0, 10.0, 5.0])

    def test_what_is_left(self):
        """bM5, M13: as long as unused credits lapse, cards are left; from then on customers with sales."""
        self.program.unused_credits = "zero"
        for card in self.card | self.make_card(self.others[0]):
            self.post("opening", 10.0, card, day="2026-01-31")
        self.sell_all("2026-02-10")
        close, notes = self.close(FEBRUARY), []
        step = self.step(close, "roll_over")
        self.patch(
            self.registry["ir.cron"], "_commit_progress", lambda cron, *args, **kwargs: notes.append(step.note) or 30
        )
        close.with_context(cron_id=1)._run()
        self.assertEqual(
            [note for note in dict.fromkeys(notes) if note],
            ["Cards whose unused credits are still to lapse: 1", "Customers left: 2", "Customers left: 1"],
        )

    def test_old_periods_never_lapse(self):
        """bM5: a period that was rolled over before it noted whether credits lapse takes none, whatever is set now."""
        self.sell(1050.0, day="2026-02-10")
        self.program._roll_over(FEBRUARY)
        self.post("opening", 10.0, day="2026-01-31")
        self.env.cr.execute("UPDATE loyalty_period SET is_lapsed = NULL WHERE program_id = %s", [self.program.id])
        for unused in ("carry", "zero"):
            self.program.unused_credits = unused
            self.env.invalidate_all()
            self.assertEqual(self.program._roll_over(FEBRUARY), (0, 0.0))
            self.assertEqual(self.card.points, 15.0)

    def test_kept_since(self):
        """bM5: credits that are kept now do not lapse in the rest of a roll-over that was interrupted."""
        self.program.unused_credits = "zero"
        other = self.make_card(self.others[0])
        for card in self.card | other:
            self.post("opening", 10.0, card, day="2026-01-31")
        self.program._roll_over(FEBRUARY, batches=1)
        self.program.unused_credits = "carry"
        self.program._roll_over(FEBRUARY)
        self.program.unused_credits = "zero"
        self.program._roll_over(FEBRUARY)
        self.assertEqual((self.card.points, other.points), (0.0, 10.0))

    def refuse(self, *partners):
        account = self.make_account("Archived Receivable", "121999", "asset_receivable", reconcile=True)
        for partner in partners:
            partner.with_company(self.company).property_account_receivable_id = account
        account.active = False
        return account

    def test_first_batch_is_refused(self):
        """M14, M13: customers who cannot be credited do not keep those behind them from their credits."""
        self.program.settlement = "account"
        self.sell_all("2026-02-10")
        self.program._roll_over(FEBRUARY)
        self.refuse(self.customer, self.others[1])
        close = self.run_job(self.close(FEBRUARY))
        self.assertEqual((close.state, close.problem), ("done", False))
        self.assertEqual(self.points(), [10.0, 0.0, 10.0])
        note = self.step(close, "account_journals").note
        for partner in (self.customer, self.others[1]):
            self.assertIn(f"stay on their cards: 1. {partner.name}:", note)

    def test_all_batches_are_refused(self):
        """M14, M13: where nobody can be credited the close stops; when that is corrected, it begins with the first again."""
        self.program.settlement = "account"
        self.sell_all("2026-02-10")
        self.program._roll_over(FEBRUARY)
        account = self.refuse(*self.partners)
        close = self.run_job(self.close(FEBRUARY))
        self.assertEqual((close.state, self.points()), ("running", [10.0] * 3))
        for partner in self.partners:
            self.assertIn(f"{partner.name}:", close.problem)
        account.active = True
        self.run_job(close)
        self.assertEqual((close.state, close.problem, self.points()), ("done", False, [0.0] * 3))
        self.assertRecordValues(self.step(close, "account_journals"), [{"points": 30.0, "amount": 30.0, "note": False}])
