from datetime import timedelta

from freezegun import freeze_time

from odoo.exceptions import UserError, ValidationError
from odoo.tests import new_test_user, tagged

from .common import LedgerCase


@tagged("post_install", "-at_install")
class TestHolds(LedgerCase):
    def test_life_of_a_hold(self):
        """N6: reserved, then used exactly once by its document."""
        self.earn(100)
        hold = self.card._hold(30, "holds:life", document=("res.partner", self.partner.id))
        self.assertRecordValues(hold, [{"card_id": self.card.id, "points": 30, "state": "active", "expires_at": False}])
        self.assertBalances(points=100, reserved=30, available=70)
        entry = hold._consume("Order S1")
        self.assertRecordValues(
            entry,
            [
                {
                    "kind": "redeem",
                    "points": -30,
                    "reason": "Order S1",
                    "res_model": "res.partner",
                    "res_id": self.partner.id,
                }
            ],
        )
        self.assertEqual((hold.state, hold.entry_id), ("consumed", entry))
        self.assertEqual(hold._consume("Order S1"), entry)
        self.assertFalse(hold._release())
        self.assertEqual(hold.state, "consumed")
        self.assertBalances(points=70, reserved=0, available=70, redeemed=30)
        self.assertClean()

    def test_anybody_asks_while_points_are_reserved(self):
        """N6, C18: code that reacts to what expires at that moment, and asks for the balance, changes nothing."""
        self.earn(100, expiration_date="2026-03-20")
        self.earn(50)
        asked = []

        def react(cards, before, after):
            asked.extend(card.available_points for card in cards)

        self.patch(self.registry["loyalty.card"], "_points_changed", react)
        with self.on("2026-03-25"):
            self.card._hold(30, "holds:asked")
            self.assertEqual(asked, [50])
            self.assertEqual((self.card.available_points, self.card.reserved_points), (20, 30))
            with self.assertRaisesRegex(ValidationError, "has 20 points available"):
                self.redeem(21)
        self.assertClean()

    def test_what_reserves_the_points(self):
        """A reservation without a document of Odoo names what holds the points, and how many of what they are."""
        self.program.portal_point_name = "beans"
        self.earn(100)
        named = self.card._hold(10, "ext:Web shop, basket 7")
        document = self.card._hold(20, "order", document=("res.partner", self.partner.id))
        self.assertRecordValues(
            named | document,
            [
                {"document_name": "Web shop, basket 7", "points_text": "10 beans"},
                {"document_name": "Ann", "points_text": "20 beans"},
            ],
        )

    def test_open(self):
        """A reservation opens its document; one without a document of Odoo opens the card, and no error."""
        self.earn(100)
        of_document = self.card._hold(30, "holds:open", document=("res.partner", self.partner.id))
        without = self.card._hold(20, "holds:basket")
        for hold, opened in ((of_document, self.partner), (without, self.card)):
            action = hold.action_open_document()
            self.assertEqual((action["res_model"], action["res_id"]), (opened._name, opened.id))

    def test_release(self):
        """N6, C18: cancelling gives the points back once; a released hold cannot be used."""
        self.earn(100)
        hold = self.card._hold(30, "holds:release")
        self.assertEqual(hold._release(), hold)
        self.assertFalse(hold._release())
        self.assertBalances(points=100, reserved=0, available=100)
        with self.assertRaisesRegex(UserError, "released already"):
            hold._consume("Late")

    def test_same_key(self):
        """N6, N7: the same reservation once more is the same hold; other content or a settled one is an error."""
        self.earn(100)
        hold = self.card._hold(30, "holds:key")
        self.assertEqual(self.card._hold(30, "holds:key"), hold)
        self.assertBalances(reserved=30)
        with self.assertRaisesRegex(ValidationError, "holds:key exists already"):
            self.card._hold(31, "holds:key")
        with self.assertRaisesRegex(ValidationError, "holds:key exists already"):
            self.other._hold(30, "holds:key")
        hold._release()
        with self.assertRaisesRegex(ValidationError, "holds:key exists already"):
            self.card._hold(30, "holds:key")

    def test_only_available_points(self):
        """N6, S10: nothing can be reserved that could not be spent."""
        self.earn(100)
        self.card._hold(70, "holds:a")
        with self.assertRaisesRegex(ValidationError, "has 30 points available, fewer than the 31"):
            self.card._hold(31, "holds:b")
        for points in (0, -1, float("nan"), float("inf"), "many"):
            with self.assertRaisesRegex(ValidationError, "positive number"):
                self.card._hold(points, "holds:c")
        with self.assertRaisesRegex(ValidationError, "positive number"):
            self.card._hold(1, "")
        self.card.closed = True
        with self.assertRaisesRegex(ValidationError, "is closed"):
            self.card._hold(1, "holds:d")
        self.card.closed = False
        self.card.expiration_date = "2026-03-31"
        with self.on("2026-04-01"), self.assertRaisesRegex(ValidationError, "expired"):
            self.card._hold(1, "holds:e")
        empty = self.make_card()
        empty.points_to_id = self.other
        with self.assertRaisesRegex(ValidationError, "is linked to"):
            empty._hold(1, "holds:f")

    def test_card_row_changes(self):
        """N6, N7: placing and releasing change the card's row, so that a transaction that read it before waits and
        retries."""
        self.earn(100)
        revisions = [self.card.ledger_revision]
        hold = self.card._hold(40, "holds:row")
        revisions.append(self.card.ledger_revision)
        hold._release()
        revisions.append(self.card.ledger_revision)
        self.assertEqual(revisions, sorted(set(revisions)), "each step leaves its mark")

    def test_time_out(self):
        """N6: a hold past its time reserves nothing at once, without any job; the job only marks it, once."""
        self.earn(100)
        hold = self.card._hold(60, "holds:time-out", ttl=timedelta(minutes=30))
        minutes = self.card._hold(10, "holds:minutes", ttl=30)
        self.assertEqual(hold.expires_at, minutes.expires_at)
        with freeze_time("2026-03-15 12:29:59"):
            self.env.invalidate_all()
            self.assertBalances(reserved=70, available=30)
        with freeze_time("2026-03-15 12:30:01"):
            self.env.invalidate_all()
            self.assertBalances(reserved=0, available=100)
            self.redeem(95)
            with self.assertRaisesRegex(ValidationError, "has 5 points available"):
                hold._consume("Late")
            entry = minutes.sudo()._consume("Late", overdraw="debt")
            self.assertEqual(entry.points, -10)
            self.assertEqual(minutes._consume("Late"), entry)
            self.assertBalances(points=-5, debt=5)
            self.assertClean()

    def test_holds_leave_each_other_alone(self):
        """N6: consuming one hold never takes what another reserves."""
        self.earn(100)
        first = self.card._hold(60, "holds:first")
        second = self.card._hold(40, "holds:second")
        self.post(self.card, "external", -30)
        self.assertBalances(points=70, debt=30, available=0, reserved=100)
        self.assertEqual((first._consume("1").points, second._consume("2").points), (-60, -40))
        self.assertBalances(points=-30, debt=30, reserved=0)
        self.earn(35)
        self.assertBalances(points=5, debt=0, available=5)
        self.assertClean()

    def test_held_points_pay_debts_after_release(self):
        """N6: what a hold kept from a debt pays it once the hold is released."""
        self.earn(100)
        hold = self.card._hold(60, "holds:debt")
        self.post(self.card, "external", -80)
        self.assertBalances(points=20, debt=40, available=0)
        hold._release()
        self.assertBalances(points=20, available=20)
        self.redeem(20)
        self.assertBalances(points=0, debt=0)
        self.assertClean()

    def test_hold_of_another_card_or_number(self):
        """N6: a redemption cannot settle a hold that is not its own."""
        self.earn(100)
        self.earn(100, self.other)
        hold = self.card._hold(30, "holds:foreign")
        for card, points in ((self.other, 30), (self.card, 20)):
            with self.assertRaisesRegex(ValidationError, "another card, or their number differs"):
                self.redeem(points, card, hold=hold)

    def test_nobody_edits_holds(self):
        """N6: holds are placed and settled by documents; a manager may release one by hand, others not."""
        self.earn(100)
        hold = self.card._hold(30, "holds:edit")
        for change in (
            lambda: hold.sudo().write({"state": "released"}),
            lambda: hold.sudo().write({"points": 1}),
            lambda: hold.sudo().unlink(),
            lambda: hold.sudo().create({"card_id": self.card.id, "points": 1, "key": "holds:forged"}),
        ):
            with self.assertRaises(UserError):
                change()
        user = new_test_user(self.env, "holds-user", groups="loyalty_ledger.group_loyalty_user")
        with self.assertRaises(UserError):
            hold.with_user(user).action_release()
        self.assertEqual(hold.state, "active")
        manager = new_test_user(self.env, "holds-manager", groups="loyalty_ledger.group_loyalty_manager")
        hold.with_user(manager).action_release()
        self.assertEqual(hold.state, "released")
        self.assertBalances(available=100)
