from datetime import date

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import LedgerCase


@tagged("post_install", "-at_install")
class TestExpiry(LedgerCase):
    def purge(self, **options):
        return self.Card._purge(programs=self.program, commit=False, **options)

    def expired(self, card=None):
        entries = self.Entry.search([("card_id", "=", (card or self.card).id), ("kind", "=", "expire")], order="id")
        return [(entry.points, entry.effective_date.isoformat()) for entry in entries]

    def test_never(self):
        """P9: without expiry, points stay however old they are."""
        self.earn(10)
        with self.on("2056-01-01"):
            self.assertEqual(self.purge(), 0)
            self.assertBalances(points=10, available=10)

    def test_lot_policy(self):
        """P9, S22: each earning expires on its own; its date is the last usable day."""
        self.program.write({"expiry_policy": "lot", "expiry_delay": 1, "expiry_unit": "month"})
        self.earn(10, effective_date="2026-02-28")
        self.earn(5)
        self.assertEqual(self.open_lots(), [(10, None, "2026-03-28"), (5, None, "2026-04-15")])
        with self.on("2026-04-15"):
            self.assertBalances(points=15, available=5)
            self.purge()
            self.assertBalances(points=5, available=5)
            self.assertEqual(self.expired(), [(-10, "2026-03-29")])
        with self.on("2026-04-16"):
            self.assertBalances(points=5, available=0)
            self.purge()
            self.assertEqual(self.expired(), [(-10, "2026-03-29"), (-5, "2026-04-16")])
            self.assertClean()

    def test_rolling_policy(self):
        """bP3: a new earning renews the whole balance, spending does not; after the last day all of it goes."""
        self.program.write({"expiry_policy": "rolling", "expiry_delay": 30, "expiry_unit": "day"})
        self.earn(10)
        with self.on("2026-04-10"):
            self.earn(5)
        with self.on("2026-05-10"):
            self.redeem(3)
            self.assertBalances(points=12, available=12)
        with self.on("2026-05-11"):
            self.assertBalances(points=12, available=0)
            self.purge()
            self.assertBalances(points=0)
            self.assertClean()

    def test_new_earning_never_revives(self):
        """P11, bP3: points that lapsed before an earning are gone, whether the nightly job ran or not."""
        self.program.write({"expiry_policy": "rolling", "expiry_delay": 30, "expiry_unit": "day"})
        self.earn(10)
        with self.on("2026-04-15"):
            self.earn(5)
            self.assertBalances(points=5, available=5)
            self.assertEqual(self.expired(), [(-10, "2026-04-15")])

    def test_grant_on_a_run_out_balance(self):
        """bP3, P5: points granted after a rolling balance ran out can be used."""
        self.program.write({"expiry_policy": "rolling", "expiry_delay": 30, "expiry_unit": "day"})
        self.earn(10)
        with self.on("2026-06-01"):
            self.post(self.card, "adjust", 7)
            self.assertBalances(points=7, available=7)
            self.post(self.card, "adjust", 1)
            self.assertBalances(points=8, available=8)
        with self.on("2026-07-02"):
            self.assertBalances(points=8, available=0)

    def test_card_date(self):
        """S22, H10, P10, P11: the card's date is the last usable day; then staff see the points, the customer not."""
        self.earn(10, expiration_date="2026-12-31")
        self.card.expiration_date = "2026-04-01"
        self.earn(5)
        with self.on("2026-04-01"):
            self.assertBalances(available=15)
            self.assertEqual(self.purge(), 0)
        with self.on("2026-04-02"):
            self.assertBalances(points=15, available=0, lapsed=15)
            self.purge()
            self.assertBalances(points=0, lapsed=0)
            self.assertEqual(self.expired(), [(-15, "2026-04-02")])

    def test_moving_the_card_date_never_revives(self):
        """H12, P11: a later date is possible, but what lapsed under the old one stays gone."""
        self.earn(10)
        self.card.expiration_date = "2026-04-01"
        with self.on("2026-04-05"):
            self.card.expiration_date = "2026-12-31"
            self.assertBalances(points=0, available=0)
            self.earn(3)
            self.assertBalances(points=3, available=3)
            self.assertClean()

    def test_card_dates_of_used_cards(self):
        """H9, H11, H12: once used, the start is fixed and the expiry stays, not before the last use."""
        self.card.write({"start_date": "2026-01-01", "expiration_date": "2027-01-01"})
        self.card.write({"start_date": False, "expiration_date": False})
        self.card.write({"start_date": "2026-01-01", "expiration_date": "2027-01-01"})
        self.earn(1)
        with self.assertRaisesRegex(ValidationError, "start date can no longer change"):
            self.card.start_date = "2026-02-01"
        with self.assertRaisesRegex(ValidationError, "but not removed"):
            self.card.expiration_date = False
        with self.assertRaisesRegex(ValidationError, "last used on 2026-03-15 and cannot expire before"):
            self.card.expiration_date = "2026-03-14"
        self.card.expiration_date = "2026-03-15"
        self.assertBalances(available=1)

    def test_purge_twice(self):
        """P9: a second run finds nothing and posts nothing."""
        self.earn(10, expiration_date="2026-04-30")
        self.earn(10, self.other, expiration_date="2026-04-30")
        with self.on("2026-05-01"):
            self.assertEqual(self.purge(), 2)
            before = self.Entry.search_count([])
            self.assertEqual(self.purge(), 0)
            self.assertEqual(self.Entry.search_count([]), before)

    def test_purge_in_batches(self):
        """P9, N13: batches of any size write off the same points, and an interrupted run goes on."""
        cards = self.Card.concat(*(self.make_card() for __ in range(7)))
        self.Card._post_entries([self.op(card, "earn", 5, expiration_date="2026-04-30") for card in cards])
        with self.on("2026-05-01"):
            ids = self.Card._purge_batch(self.program, self.program.company_id.id, date(2026, 5, 1), 0, 3)
            self.assertEqual(ids, cards.ids[:3])
            self.Card.browse(ids)._refresh_ledger(date(2026, 5, 1))
            self.assertEqual(self.purge(batch=2), 4)
            self.assertEqual([self.expired(card) for card in cards], [[(-5, "2026-05-01")]] * 7)
            self.assertClean()

    def test_purge_takes_archived_cards(self):
        """P9, S5: an archived card's points expire as all others."""
        self.earn(10, expiration_date="2026-04-30")
        self.card.active = False
        with self.on("2026-05-01"):
            self.purge()
            self.assertBalances(points=0)

    def test_purge_of_one_day_or_late(self):
        """P9: one late run writes the same entries, with the dates on which the points were due, as nightly runs."""
        for points, day in ((1, "2026-04-10"), (2, "2026-04-20"), (4, "2026-04-20"), (8, "2026-04-30")):
            self.earn(points, expiration_date=day)
            self.earn(points, self.other, expiration_date=day)
        for day in ("2026-04-11", "2026-04-21", "2026-05-01"):
            with self.on(day):
                self.card._refresh_ledger()
        with self.on("2026-05-20"):
            self.purge()
        expected = [(-1, "2026-04-11"), (-6, "2026-04-21"), (-8, "2026-05-01")]
        self.assertEqual([self.expired(), self.expired(self.other)], [expected, expected])

    def test_hold_shields_its_points(self):
        """N6, P9: reserved points survive their date, for that document only, and are used or expire after it."""
        self.earn(10, expiration_date="2026-04-30")
        self.earn(4)
        hold = self.card._hold(6, "expiry:shield")
        with self.on("2026-05-01"):
            self.assertBalances(available=4)
            self.purge()
            self.assertEqual(self.expired(), [(-4, "2026-05-01")])
            self.assertBalances(points=10, available=4, reserved=6)
            self.purge()
            self.assertEqual(len(self.expired()), 1)
            with self.assertRaisesRegex(ValidationError, "has 4 points available"):
                self.redeem(5)
            entry = hold._consume("Order")
            self.assertEqual(entry.points, -6)
            self.assertEqual(self.open_lots(), [(4, None, None)])
            self.assertClean()

    def test_released_hold_shields_no_longer(self):
        """N6, P9: once the document gives them back, late points are written off."""
        self.earn(10, expiration_date="2026-04-30")
        hold = self.card._hold(6, "expiry:released")
        with self.on("2026-05-01"):
            self.purge()
            self.assertBalances(points=6, available=0)
            hold._release()
            self.assertBalances(points=6, available=0)
            self.purge()
            self.assertBalances(points=0)
            self.assertClean()

    def test_hold_shields_only_what_was_good_when_it_was_placed(self):
        """N6, P11: a later reservation does not revive points that only an earlier one keeps."""
        self.earn(10, expiration_date="2026-04-30")
        first = self.card._hold(10, "expiry:first")
        with self.on("2026-05-05"):
            self.earn(10, expiration_date="2026-05-20")
            second = self.card._hold(10, "expiry:second")
            self.assertBalances(points=20, reserved=20, available=0)
            # Each is good for its own points, whichever comes first.
            self.assertEqual(second._consume("Order").points, -10)
            self.assertEqual(self.open_lots(), [(10, None, "2026-04-30")])
            first._release()
            self.purge()
            self.assertBalances(points=0)
            self.assertClean()

    def test_claw_back_leaves_reserved_late_points(self):
        """N4, N6: what a reservation keeps beyond its date is not taken back from under it."""
        earned = self.earn(10, expiration_date="2026-04-30")
        hold = self.card._hold(10, "expiry:claw-back")
        with self.on("2026-05-05"):
            self.reverse(earned)
            self.assertBalances(points=0, debt=10)
            self.assertEqual(hold._consume("Order").points, -10)
            self.assertBalances(points=-10, debt=10)
            self.assertClean()

    def test_debt_is_not_paid_from_reserved_late_points(self):
        """N6: a new earning pays the debt itself, the reserved points keep theirs."""
        self.earn(10, expiration_date="2026-04-30")
        hold = self.card._hold(10, "expiry:debt")
        with self.on("2026-05-05"):
            self.post(self.card, "external", -5)
            self.earn(8)
            self.assertBalances(debt=0, available=3)
            self.assertEqual(sorted(self.open_lots()), [(3, None, None), (10, None, "2026-04-30")])
            hold._consume("Order")
            self.assertBalances(points=3, available=3)
            self.assertClean()

    def test_hold_outlives_the_card(self):
        """N6, H10: a confirmed order may use what it reserved although the card has expired in the meantime."""
        self.earn(10)
        self.card.expiration_date = "2026-04-01"
        hold = self.card._hold(6, "expiry:card")
        with self.on("2026-04-10"):
            self.purge()
            self.assertBalances(points=6, available=0)
            self.assertEqual(hold._consume("Order").points, -6)
            self.assertBalances(points=0, reserved=0)
            self.assertClean()

    def test_refund_to_an_expired_card_pays_its_debt(self):
        """N4, H10: points that come to a card past its date are lost, but what it owes is paid first."""
        self.earn(10)
        spent = self.redeem(10)
        self.post(self.card, "external", -4)
        self.card.expiration_date = "2026-04-01"
        with self.on("2026-04-10"):
            self.reverse(spent)
            self.assertBalances(points=6, debt=0, available=0)
            self.post(self.card, "external", -9)
            self.assertBalances(points=-9, debt=9)
            self.post(self.card, "external", 5)
            self.assertBalances(points=-4, debt=4, available=0)
            self.purge()
            self.assertBalances(points=-4, debt=4)
            self.assertClean()

    def test_date_only_adjustment(self):
        """P7: zero points with a date re-dates all open lots or one, logged as a zero entry."""
        self.earn(10, expiration_date="2026-04-30")
        self.earn(5)
        entry = self.post(self.card, "redate", 0, expiration_date="2026-06-30", reason="Kindness")
        self.assertRecordValues(
            entry,
            [{"kind": "redate", "points": 0, "balance_after": 15, "expiration_date": date(2026, 6, 30)}],
        )
        self.assertEqual(self.open_lots(), [(10, None, "2026-06-30"), (5, None, "2026-06-30")])
        lot = self.Lot.search([("card_id", "=", self.card.id)], order="id", limit=1)
        self.post(self.card, "redate", 0, expiration_date="2026-05-31", lots=lot, reason="One lot")
        self.assertEqual(self.open_lots(), [(10, None, "2026-05-31"), (5, None, "2026-06-30")])
        self.post(self.card, "redate", 0, expiration_date=None, lots=lot, reason="No date")
        self.assertEqual(self.open_lots(), [(10, None, None), (5, None, "2026-06-30")])
        with self.assertRaisesRegex(ValidationError, "03/14/2026 is past"):
            self.post(self.card, "redate", 0, expiration_date="2026-03-14", reason="Past")
        self.post(self.card, "redate", 0, expiration_date="2026-03-15", reason="Today")
        with self.on("2026-03-16"):
            self.assertBalances(points=15, available=0, lapsed=15)
            self.purge()
            self.assertBalances(points=0)
            self.assertClean()

    def test_date_only_adjustment_never_revives(self):
        """P7, P11: a new date reaches open lots only; lapsed points are written off first."""
        self.earn(10, expiration_date="2026-04-30")
        with self.on("2026-05-01"):
            self.earn(5)
            self.post(self.card, "redate", 0, expiration_date="2026-12-31", reason="Kindness")
            self.assertBalances(points=5, available=5)
            self.assertEqual(self.open_lots(), [(5, None, "2026-12-31")])

    def test_key_of_a_date_change(self):
        """N7, P7: the key of a date change names that date."""
        self.earn(10)
        op = self.op(self.card, "redate", 0, expiration_date="2026-06-30", reason="Kindness", key="expiry:date")
        first = self.Card._post_entries([op])
        self.assertEqual(self.Card._post_entries([op]), first)
        with self.assertRaisesRegex(ValidationError, "other content"):
            self.Card._post_entries([{**op, "expiration_date": "2026-07-31"}])

    def test_replay_of_the_past(self):
        """N13, P9: movements of the past are judged at their own date, and the past can be written off at its dates."""
        self.program.write({"expiry_policy": "rolling", "expiry_delay": 12, "expiry_unit": "month"})
        self.earn(10, effective_date="1997-01-10")
        self.earn(10, effective_date="1997-06-10")
        self.redeem(5, effective_date="1998-06-10")
        with self.assertRaisesRegex(ValidationError, "has 0 points available"):
            self.redeem(5, effective_date="1998-06-11")
        self.earn(10, effective_date="1998-07-01")
        self.assertEqual(self.expired(), [(-15, "1998-06-11")])
        self.assertBalances(points=10, available=0)
        self.purge(as_of=date(1999, 7, 1))
        self.assertBalances(points=10)
        self.purge(as_of=date(1999, 7, 2))
        self.assertBalances(points=0)
        self.assertEqual(self.expired(), [(-15, "1998-06-11"), (-10, "1999-07-02")])
        self.assertClean()

    def test_future_date_opens_nothing(self):
        """N9, S10: a movement dated ahead neither uses points that are not vested yet nor escapes today's rules."""
        self.earn(10, available_from="2026-04-01")
        with self.assertRaisesRegex(ValidationError, "has 0 points available"):
            self.redeem(5, effective_date="2026-05-01")
        self.earn(3, effective_date="2026-05-01")
        self.redeem(3)
        self.assertClean()

    def test_new_terms_never_revive(self):
        """P9, P11: changing the program's expiry writes off first what lapsed under the old terms."""
        self.program.write({"expiry_policy": "rolling", "expiry_delay": 30, "expiry_unit": "day"})
        self.earn(10)
        with self.on("2026-05-01"):
            self.program.expiry_policy = "never"
            self.assertBalances(points=0, available=0)
            self.assertClean()
