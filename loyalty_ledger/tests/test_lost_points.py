from odoo.tests import tagged

from .common import LedgerCase


@tagged("post_install", "-at_install")
class TestLostPoints(LedgerCase):
    """What returns do to points that are gone: expired, adjusted away, moved to another card."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program.write({"expiry_policy": "lot", "expiry_delay": 1, "expiry_unit": "month"})

    def purge(self):
        self.Card._purge(programs=self.program, commit=False)

    def assertReturned(self, points, debt, waived, card=None):
        self.assertBalances(card, points=points, debt=debt, lifetime=0)
        card = card or self.card
        reversals = self.Entry.search([("kind", "=", "reversal"), ("card_id", "=", card.id)])
        self.assertEqual(sum(reversals.mapped("waived_points")), waived)
        self.assertClean()

    def test_expired_points_are_not_charged_twice(self):
        """N29, N4: earned 1,000, spent 400, 600 expired: the return leaves -400; 0 where nothing was spent."""
        for spent, purge in ((400, True), (400, False), (0, True), (0, False)):
            with self.subTest(spent=spent, purge=purge):
                card = self.make_card()
                earned = self.earn(1000, card)
                if spent:
                    self.redeem(spent, card)
                with self.on("2026-05-10"):
                    if purge:
                        self.purge()
                        self.assertBalances(card, points=0)
                    self.reverse(earned)
                    self.assertReturned(-spent, spent, 1000 - spent, card)
                    exceptions = self.env["loyalty.exception"].search([("card_id", "=", card.id)])
                    self.assertEqual([(e.kind, e.points) for e in exceptions], [("debt", 400)] if spent else [])

    def test_reserved_points_are_not_charged_twice(self):
        """N29, N4, N6: 600 of 1,000 are reserved while the sale comes back, before or after their date; the reservation ends
        and they lapse: nothing is owed for them. Used by the reservation, they are what was spent."""
        for returned in ("2026-04-01", "2026-05-10"):
            for used in (False, True):
                with self.subTest(returned=returned, used=used):
                    card = self.make_card()
                    earned = self.earn(1000, card)
                    hold = card._hold(600, f"held:{card.id}", ("res.partner", self.partner.id))
                    with self.on(returned):
                        self.purge()
                        self.reverse(earned)
                        self.assertBalances(card, points=0, debt=600, available=0)
                    with self.on("2026-05-20"):
                        if used:
                            self.redeem(600, card, hold=hold)
                            self.assertBalances(card, points=-600, debt=600)
                        else:
                            hold._release()
                            self.purge()
                            self.assertBalances(card, points=0, debt=0)
                        self.assertClean()

    def test_parts_in_any_order(self):
        """N29, N4: returns in parts, before and after the points expired, end like one return, and never owe more."""
        for first, balance in ((300, 0), (600, 0), (700, -100)):
            for early in (True, False):
                with self.subTest(first=first, early=early):
                    card = self.make_card()
                    earned = self.earn(1000, card)
                    self.redeem(400, card)
                    if early:
                        self.reverse(earned, first)
                    with self.on("2026-05-10"):
                        self.purge()
                        if not early:
                            self.reverse(earned, first)
                        self.assertBalances(card, points=balance)
                        self.reverse(earned, 1000 - first)
                        self.assertBalances(card, points=-400, debt=400)
                        self.assertClean()

    def test_other_points_stay(self):
        """N29, N4: other points of the card pay for what was spent, not for what expired."""
        earned = self.earn(1000)
        self.redeem(400)
        with self.on("2026-05-10"):
            self.earn(500)
            self.reverse(earned)
            self.assertBalances(points=100, debt=0, available=100)
            self.assertClean()

    def test_waived(self):
        """N29, N4: a program that waives what was spent says how much that was, without what had expired."""
        self.program.negative_policy = "clamp"
        earned = self.earn(1000)
        self.redeem(400)
        with self.on("2026-05-10"):
            self.reverse(earned)
            self.assertReturned(0, 0, 1000)
            exceptions = self.env["loyalty.exception"].search([("card_id", "=", self.card.id)])
            self.assertEqual([(e.kind, e.points) for e in exceptions], [("waived", 400)])

    def test_adjusted_away(self):
        """N29, N4: points that an adjustment took away are not taken once more."""
        earned = self.earn(1000)
        removed = self.post(self.card, "adjust", -700)
        self.redeem(100)
        self.reverse(removed, 200)
        self.reverse(earned)
        self.assertReturned(-100, 100, 500)

    def test_adjusted_away_in_the_same_pass(self):
        """N29, N4: what the same call of the gateway takes away first is known to the return that follows."""
        earned = self.earn(1000)
        ops = [
            self.op(self.card, "adjust", -300),
            self.op(self.card, "reversal", -1000, reversed_entry_id=earned.id),
        ]
        self.Card._post_entries(ops)
        self.assertReturned(0, 0, 300)

    def test_moved_points(self):
        """N29, N11, N4: points that moved to another card and expired there are not owed; those spent there are."""
        earned = self.earn(1000)
        friend = self.make_card()
        self.post(self.card, "transfer", -600, target_card_id=friend.id)
        self.redeem(100, friend)
        with self.on("2026-05-10"):
            self.purge()
            self.assertBalances(friend, points=0)
            self.reverse(earned)
            self.assertBalances(points=-100, debt=100)
            self.assertClean()

    def test_linked_and_merged_cards(self):
        """N29, bP3, N4: the card that took everything over owes what was spent, on whichever card, and no more."""
        for link in (True, False):
            with self.subTest(link=link):
                card, master = self.make_card(), self.make_card()
                earned = self.earn(1000, card)
                self.redeem(150, card)
                card.points_to_id = master
                self.redeem(250, master)
                if not link:
                    master.action_close()
                with self.on("2026-05-10"):
                    self.purge()
                    self.reverse(earned)
                    self.assertBalances(master, points=-400, debt=400)
                    self.assertClean()

    def test_pending_points(self):
        """N29, N9, N4: points that expired before they could be used are not owed."""
        self.program.vesting_days = 20
        earned = self.earn(1000, expiration_date="2026-03-20")
        with self.on("2026-03-25"):
            self.purge()
            self.reverse(earned)
            self.assertReturned(0, 0, 1000)

    def test_restored_points_that_expired_later(self):
        """N29, N4: points that came back with days of grace and expired after all are not owed either."""
        earned = self.earn(1000)
        spent = self.redeem(400)
        with self.on("2026-05-10"):
            self.reverse(spent, 300)
            self.assertBalances(points=300)
        with self.on("2026-08-01"):
            self.purge()
            self.reverse(earned)
            self.assertReturned(-100, 100, 900)
