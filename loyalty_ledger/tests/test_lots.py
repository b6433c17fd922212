from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import TODAY, LedgerCase


@tagged("post_install", "-at_install")
class TestLots(LedgerCase):
    def test_consumption_order(self):
        """N4, N11: earliest expiry first, points without date last; among equals the oldest."""
        self.earn(10)
        self.earn(10, expiration_date="2026-12-31")
        self.earn(10, expiration_date="2026-06-30")
        self.earn(10, expiration_date="2026-12-31")
        self.redeem(15)
        self.assertEqual(self.open_lots(), [(10, None, None), (5, None, "2026-12-31"), (10, None, "2026-12-31")])
        self.redeem(16)
        self.assertEqual(self.open_lots(), [(9, None, None)])
        self.assertClean()

    def test_reversal_returns_to_the_very_lots(self):
        """N4: a refund in parts gives back to the very lots, last taken first, with their dates."""
        self.earn(10, expiration_date="2026-06-30")
        self.earn(10, expiration_date="2026-12-31")
        spent = self.redeem(16)
        self.assertEqual(self.open_lots(), [(4, None, "2026-12-31")])
        self.reverse(spent, 8)
        self.assertEqual(self.open_lots(), [(2, None, "2026-06-30"), (10, None, "2026-12-31")])
        self.reverse(spent, 8)
        self.assertEqual(self.open_lots(), [(10, None, "2026-06-30"), (10, None, "2026-12-31")])
        with self.assertRaisesRegex(ValidationError, "Only 0 points of this transaction can still be reversed, not 1"):
            self.reverse(spent, 1)
        self.assertBalances(points=20, redeemed=0, accumulated=20)
        self.assertClean()

    def test_reversal_of_a_lapsed_lot_gets_grace(self):
        """N4: points that come back after their date get the program's days of grace, in a lot that names its origin."""
        self.program.reversal_grace_days = 14
        self.earn(10, expiration_date="2026-04-30")
        self.earn(10)
        spent = self.redeem(15)
        with self.on("2026-05-10"):
            self.reverse(spent, 9)
            self.assertEqual(sorted(self.open_lots()), [(4, None, "2026-05-24"), (10, None, None)])
            lot = self.Lot.search([("card_id", "=", self.card.id), ("expiration_date", "=", "2026-05-24")])
            self.assertEqual(lot.origin_lot_id.expiration_date.isoformat(), "2026-04-30")
            self.assertBalances(available=14)
        with self.on("2026-05-24"):
            self.assertBalances(available=14)
        with self.on("2026-05-25"):
            self.assertBalances(available=10)
            self.Card._purge(commit=False)
            self.assertBalances(points=10)
            self.assertClean()

    def test_expired_card_gets_grace_once(self):
        """N29, N4: what comes back to a gift card that has expired gives it days of grace: once, however often it is
        sent."""
        self.program.write({"program_type": "gift_card", "reversal_grace_days": 14})
        self.earn(10)
        spent = self.redeem(10)
        self.card.expiration_date = "2026-04-30"
        with self.on("2026-05-10"):
            back = self.reverse(spent, key="back")
            self.assertEqual(_day(self.card), "2026-05-24")
            self.assertBalances(available=10)
        with self.on("2026-05-25"):
            self.assertEqual(self.reverse(spent, key="back"), back)
            self.assertEqual(_day(self.card), "2026-05-24")
            self.assertBalances(available=0)

    def test_expired_cards_are_locked_in_order(self):
        """N29: cards that get days of grace are all locked before the first of them is written."""
        self.program.program_type = "gift_card"
        self.earn(10)
        self.earn(10, card=self.other)
        spent, other_spent = self.redeem(10), self.redeem(10, card=self.other)
        master = self.make_card()
        self.card.points_to_id = master
        (self.other | master).expiration_date = "2026-04-30"
        locked = []
        lock, write = type(self.Card)._lock_groups, type(self.Card).write
        self.patch(type(self.Card), "_lock_groups", lambda cards, ops: locked.append("lock") or lock(cards, ops))
        self.patch(type(self.Card), "write", lambda cards, vals: locked.append("write") or write(cards, vals))
        with self.on("2026-05-10"):
            self.Card._post_entries(
                [
                    self.op(self.other, "reversal", 10, reversed_entry_id=other_spent.id),
                    self.op(self.card, "reversal", 10, reversed_entry_id=spent.id),
                ]
            )
            self.assertEqual({_day(self.other), _day(master)}, {"2026-06-09"})
        self.assertEqual(locked[0], "lock")

    def test_claw_back_takes_its_own_lot_first(self):
        """N4: taking back an earning takes its own lot, though another would expire sooner; then the others."""
        self.earn(10, expiration_date="2026-04-30")
        second = self.earn(10, expiration_date="2026-12-31")
        self.reverse(second, 4)
        self.assertEqual(self.open_lots(), [(10, None, "2026-04-30"), (6, None, "2026-12-31")])
        self.redeem(12)
        self.assertEqual(self.open_lots(), [(4, None, "2026-12-31")])
        self.reverse(second, 6)
        self.assertBalances(points=-2, debt=2, lifetime=10)
        self.assertClean()

    def test_claw_back_of_pending_points(self):
        """N9, N4: a return within the window takes the points back before anybody could spend them."""
        self.program.vesting_days = 14
        self.earn(10)
        with self.on("2026-03-30"):
            pending = self.earn(5)
            self.assertBalances(points=15, pending=5, available=10)
            self.reverse(pending)
            self.assertBalances(points=10, pending=0, available=10, debt=0)
            self.assertClean()

    def test_claw_back_policies(self):
        """N4: points spent before a return are owed or waived, as the program says."""
        for policy, balances in (
            ("debt", {"points": -70, "debt": 70, "accumulated": 0, "redeemed": 70, "lifetime": 0}),
            ("clamp", {"points": 0, "debt": 0, "accumulated": 70, "redeemed": 70, "lifetime": 0}),
        ):
            with self.subTest(policy=policy):
                self.program.negative_policy = policy
                card = self.make_card()
                earned = self.earn(100, card)
                self.redeem(70, card)
                entry = self.reverse(earned)
                self.assertBalances(card, **balances)
                self.assertEqual(entry.waived_points, 70 if policy == "clamp" else 0)
                with self.assertRaisesRegex(ValidationError, "Only 0 points"):
                    self.reverse(earned, 1)
        self.assertClean()

    def test_points_that_are_still_pending_are_not_waived(self):
        """N4, N9: a program that waives what was spent takes back other points that nobody could spend yet first."""
        self.program.write({"negative_policy": "clamp", "vesting_days": 14})
        first = self.earn(10, available_from=TODAY)
        self.redeem(10)
        second = self.earn(6)
        self.reverse(first, 4)
        self.assertBalances(points=2, pending=2, debt=0)
        entry = self.reverse(first, 6)
        self.assertEqual(entry.waived_points, 4)
        self.assertBalances(points=0, pending=0, debt=0)
        self.assertEqual(self.reverse(second).waived_points, 6)
        self.assertClean()

    def test_reversal_of_what_was_never_paid(self):
        """N4: a refund cancels what the debit still owes first, then gives back what later credits paid."""
        self.earn(10)
        spent = self.post(self.card, "external", -30)
        self.earn(5, expiration_date="2026-12-31")
        self.assertBalances(points=-15, debt=15)
        self.reverse(spent, 18)
        self.assertBalances(points=3, debt=0, available=3)
        self.assertEqual(self.open_lots(), [(3, None, "2026-12-31")])
        self.reverse(spent, 12)
        self.assertEqual(self.open_lots(), [(10, None, None), (5, None, "2026-12-31")])
        self.assertClean()

    def test_debt_paid_and_reversed_in_one_batch(self):
        """N4: a credit pays a debt and the debit is reversed in the same call: the paid points come back."""
        spent = self.post(self.card, "external", -30)
        self.Card._post_entries(
            [
                self.op(self.card, "earn", 20, expiration_date="2026-12-31"),
                self.op(self.card, "reversal", 30, reversed_entry_id=spent.id),
            ]
        )
        self.assertEqual(self.open_lots(), [(20, None, "2026-12-31")])
        self.assertBalances(points=20, debt=0)
        self.assertClean()

    def test_pending_credit_pays_when_it_vests(self):
        """N9: a pending credit leaves the debt open and pays it on the day it vests."""
        self.post(self.card, "external", -10)
        self.earn(30, available_from="2026-03-20")
        self.assertBalances(points=20, debt=10, pending=30, available=0)
        with self.on("2026-03-20"):
            self.assertBalances(points=20, debt=10, pending=0, available=20)
            self.Card._purge(commit=False)
            self.assertBalances(points=20, debt=0, pending=0, available=20)
            self.assertEqual(self.open_lots(), [(20, "2026-03-20", None)])
            self.assertClean()

    def test_vested_points_pay_even_when_no_job_ran(self):
        """N9: points that vested and lapsed since the last run have paid the debt in between."""
        self.post(self.card, "external", -10)
        self.earn(30, available_from="2026-03-20", expiration_date="2026-03-25")
        with self.on("2026-04-10"):
            self.Card._purge(commit=False)
            self.assertBalances(points=0, debt=0)
            expired = self.Entry.search([("card_id", "=", self.card.id), ("kind", "=", "expire")])
            self.assertEqual(expired.points, -20)
            self.assertClean()

    def test_vesting_and_reversal_in_one_movement(self):
        """N4, N9: a debt that vested points settle at the moment of its reversal gives these points back."""
        spent = self.post(self.card, "external", -10)
        self.earn(30, available_from="2026-03-20", expiration_date="2026-12-31")
        with self.on("2026-03-21"):
            self.reverse(spent)
            self.assertBalances(points=30, debt=0)
            self.assertEqual(self.open_lots(), [(30, "2026-03-20", "2026-12-31")])
            self.assertClean()

    def test_vesting_days(self):
        """N9: earned points are pending for N days and can be spent from then on; grants can be spent at once."""
        self.program.vesting_days = 14
        self.earn(10)
        self.post(self.card, "adjust", 3)
        self.assertBalances(points=13, pending=10, available=3)
        with self.assertRaisesRegex(ValidationError, "has 3 points available"):
            self.redeem(4)
        with self.on("2026-03-28"):
            self.assertBalances(pending=10, available=3)
        with self.on("2026-03-29"):
            self.assertBalances(pending=0, available=13)
            self.redeem(13)
            self.assertClean()

    def test_transfer_keeps_dates_and_origin(self):
        """N11: a transfer moves lots with their dates, earliest first: one debit, one credit for each lot."""
        self.earn(10, expiration_date="2026-12-31")
        self.earn(10, expiration_date="2026-06-30", available_from="2026-03-01")
        self.earn(10, available_from="2026-12-01")
        debit = self.post(self.card, "transfer", -14, target_card_id=self.other.id)
        self.assertEqual(debit.points, -14)
        credits = self.Entry.search([("card_id", "=", self.other.id)], order="id")
        self.assertEqual(credits.mapped("points"), [10, 4])
        self.assertEqual(
            sorted(self.open_lots(self.other)), [(4, None, "2026-12-31"), (10, "2026-03-01", "2026-06-30")]
        )
        self.assertEqual(sorted(self.open_lots()), [(6, None, "2026-12-31"), (10, "2026-12-01", None)])
        origins = self.Lot.search([("card_id", "=", self.other.id)], order="id").origin_lot_id
        self.assertEqual(origins.card_id, self.card)
        with self.assertRaisesRegex(ValidationError, "has 6 points available"):
            self.post(self.card, "transfer", -7, target_card_id=self.other.id)
        self.assertClean()

    def test_transfer_keeps_the_date_of_the_card(self):
        """N11: points that expire with their card still do after a transfer to a card without date."""
        self.card.expiration_date = "2026-06-30"
        self.earn(10)
        self.earn(10, expiration_date="2026-04-30")
        self.earn(10, expiration_date="2026-12-31")
        self.card.points_to_id = self.other
        self.assertEqual(
            sorted(self.open_lots(self.other)),
            [(10, None, "2026-04-30"), (10, None, "2026-06-30"), (10, None, "2026-06-30")],
        )
        self.assertClean()

    def test_transfer_in_the_batch_that_earns(self):
        """N11: the origin of a lot is kept, also when earning and transfer come in one call."""
        self.Card._post_entries(
            [self.op(self.card, "earn", 10), self.op(self.card, "transfer", -4, target_card_id=self.other.id)]
        )
        moved = self.Lot.search([("card_id", "=", self.other.id)])
        self.assertEqual(moved.origin_lot_id.card_id, self.card)
        self.assertClean()

    def test_key_of_a_transfer(self):
        """N7, N11: the key of a transfer names its target, also when that one is linked to another card later."""
        self.earn(10)
        third = self.make_card()
        op = self.op(self.card, "transfer", -4, target_card_id=self.other.id)
        first = self.Card._post_entries([op])
        self.assertEqual(self.Card._post_entries([op]), first)
        self.assertEqual(self.Card._post_entries([op, op]), first + first)
        with self.assertRaisesRegex(ValidationError, "other content"):
            self.Card._post_entries([{**op, "target_card_id": third.id}])
        new = self.op(self.card, "transfer", -1, target_card_id=self.other.id)
        with self.assertRaisesRegex(ValidationError, "other content"):
            self.Card._post_entries([new, {**new, "target_card_id": third.id}])
        self.other.points_to_id = third
        self.assertEqual(self.Card._post_entries([op]), first)
        self.assertBalances(points=6)

    def test_claw_back_follows_the_lot(self):
        """N11, N4: what a source once earned is taken back from that very lot on the master."""
        self.earn(10, self.other, expiration_date="2026-04-30")
        earned = self.earn(10, expiration_date="2026-12-31")
        self.card.points_to_id = self.other
        self.reverse(earned, 7)
        self.assertEqual(sorted(self.open_lots(self.other)), [(3, None, "2026-12-31"), (10, None, "2026-04-30")])
        self.assertBalances(points=0)
        self.assertClean()

    def test_refund_follows_points_to(self):
        """N11, N4: what a source once spent comes back to the master, with the dates of its lots."""
        self.earn(10, expiration_date="2026-12-31")
        spent = self.redeem(6)
        self.card.points_to_id = self.other
        self.reverse(spent)
        self.assertEqual(sorted(self.open_lots(self.other)), [(4, None, "2026-12-31"), (6, None, "2026-12-31")])
        self.assertBalances(points=0)
        self.assertBalances(self.other, points=10, available=10)
        self.assertClean()

    def test_refund_after_two_moves(self):
        """N11, N4: points re-dated after one transfer and refunded after another keep their latest date."""
        third = self.make_card()
        self.earn(10, expiration_date="2026-12-31")
        self.post(self.card, "transfer", -10, target_card_id=self.other.id)
        self.post(self.other, "redate", 0, expiration_date="2027-06-30", reason="Kindness")
        spent = self.redeem(6, self.other)
        self.other.points_to_id = third
        self.reverse(spent)
        self.assertEqual(self.open_lots(third), [(4, None, "2027-06-30"), (6, None, "2027-06-30")])
        self.assertClean()

    def test_points_to_moves_everything(self):
        """H23, H24, H20: balance, pending points, debt and level basis move; the sum never doubles."""
        self.env["loyalty.level"].create(
            [{"name": name, "program_id": self.program.id, "min_points": at} for name, at in (("Low", 0), ("High", 50))]
        )
        self.earn(60)
        self.redeem(40)
        self.earn(10, available_from="2026-04-01")
        self.earn(5, self.other)
        self.card.points_to_id = self.other
        self.assertBalances(points=0, available=0, lifetime=0)
        self.assertBalances(self.other, points=35, available=25, pending=10, lifetime=75)
        self.assertEqual((self.card.level_id.name, self.other.level_id.name), ("Low", "High"))
        self.assertClean()

    def test_points_to_moves_debt_even_of_expired_cards(self):
        """H23, N11: a lost card that owes points hands the debt over once, also when the card is past its date."""
        for values in ({}, {"expiration_date": "2026-03-01"}):
            with self.subTest(**values):
                card, master = self.make_card(), self.make_card()
                self.earn(100, master)
                self.post(card, "external", -30)
                if values:
                    self.env.cr.execute(
                        "UPDATE loyalty_card SET expiration_date = %s WHERE id = %s", ["2026-03-01", card.id]
                    )
                    card.invalidate_recordset()
                card.points_to_id = master
                self.assertBalances(card, points=0, debt=0)
                self.assertBalances(master, points=70, debt=0)
                with self.on("2026-05-01"):
                    self.Card._purge(commit=False)
                    self.assertBalances(card, points=0, debt=0)
                    self.assertBalances(master, points=70)
        self.assertClean()

    def test_points_to_rules(self):
        """H19, H27: many cards to one master; no cycle, no chain, nothing while points are reserved."""
        third = self.make_card()
        self.earn(5)
        self.earn(7, third)
        hold = third._hold(1, "lots:points-to")
        self.card.points_to_id = self.other
        with self.assertRaisesRegex(ValidationError, "reserved points"), self.env.cr.savepoint():
            third.points_to_id = self.other
        hold._release()
        third.points_to_id = self.other
        self.assertBalances(self.other, points=12)
        fourth = self.make_card()
        for source, target in ((self.other, self.card), (fourth, self.card), (self.other, fourth), (fourth, fourth)):
            with self.assertRaises(ValidationError), self.env.cr.savepoint():
                source.points_to_id = target
                source.flush_recordset()

    def test_adjustment_of_chosen_lots(self):
        """P6, N11: a negative adjustment takes the lots it names first, never those of another card."""
        self.earn(10, expiration_date="2026-04-30")
        self.earn(10, expiration_date="2026-12-31")
        late = self.Lot.search([("card_id", "=", self.card.id)], order="id desc", limit=1)
        self.post(self.card, "adjust", -4, lots=late)
        self.assertEqual(self.open_lots(), [(10, None, "2026-04-30"), (6, None, "2026-12-31")])
        with self.assertRaisesRegex(ValidationError, "another card"):
            self.post(self.other, "adjust", -1, lots=late)

    def test_reversal_pays_other_debts(self):
        """N4: points that a refund gives back pay other debts of the card."""
        self.earn(10)
        spent = self.redeem(10)
        self.post(self.card, "external", -4)
        self.reverse(spent)
        self.assertBalances(points=6, debt=0, available=6, redeemed=0)
        self.assertClean()


def _day(card):
    return card.expiration_date.isoformat()
