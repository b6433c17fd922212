from odoo.tests import Form, new_test_user, tagged

from .test_adjust import AdjustCase


@tagged("post_install", "-at_install")
class TestAdjustAgain(AdjustCase):
    """Second tries, cards that are closed or linked, and what a rolling program does to goodwill points."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = new_test_user(cls.env, "again_manager", "base.group_user,loyalty_ledger.group_loyalty_manager")

    def owe(self, points, card=None):
        """Take points that the card does not have; return the exception."""
        entry = self.post(card or self.card, "external", -points)
        return self.env["loyalty.exception"].search([("entry_id", "=", entry.id)]).with_user(self.manager)

    def message(self, action):
        self.assertEqual((action["tag"], action["params"]["type"]), ("display_notification", "warning"))
        return action["params"]["message"]

    def test_waive_twice(self):
        """N29, N8: a debt is waived once: the second try says by whom, a reopened one waives nothing again."""
        exception = self.owe(40)
        self.assertTrue(exception.action_waive() is True)
        self.assertBalances(points=0, debt=0)
        self.assertIn(f"resolved by {self.manager.name}", self.message(exception.with_user(self.second).action_waive()))
        exception.action_reopen()
        self.assertIn("no longer owes anything for this", self.message(exception.action_waive()))
        exception.action_reopen()
        second = self.owe(30)
        self.assertIn("no longer owes anything for this", self.message(exception.action_waive()))
        self.assertBalances(points=-30, debt=30)
        self.assertIs(second.action_waive(), True)
        self.assertBalances(points=0, debt=0)
        self.assertClean()

    def test_waive_what_is_still_owed(self):
        """N29, N8: later points have paid a part; only the rest is given, and none for another event's debt."""
        first, second = self.owe(40), self.owe(25)
        self.earn(50)
        self.assertIn("no longer owes anything", self.message(first.action_waive()))
        self.assertBalances(points=-15, debt=15)
        self.assertIs(second.action_waive(), True)
        self.assertBalances(points=0, debt=0)
        self.assertEqual((first | second).mapped("state"), ["resolved", "resolved"])

    def test_waive_closed_expired_and_linked_cards(self):
        """N29, N8: the debt of a closed card, of one past its date and of a linked one can be waived; no points are left."""
        closed, expired, linked, master = (self.make_card() for __ in range(4))
        exceptions = self.owe(10, closed) | self.owe(20, expired) | self.owe(30, linked)
        closed.action_close()
        expired.expiration_date = "2026-03-20"
        linked.points_to_id = master
        self.assertBalances(master, points=-30, debt=30)
        with self.on("2026-03-25"):
            self.assertIs(exceptions.action_waive(), True)
            for card in (closed, expired, linked, master):
                self.assertBalances(card, points=0, debt=0, available=0)
            self.assertClean()

    def test_approve_twice(self):
        """N29, N10: approving or refusing again posts nothing and says who decided what."""
        self.env.company.loyalty_adjustment_limit = 100
        adjustment = self.adjust(points=150).adjustment_id.with_user(self.second)
        self.assertEqual(adjustment.subject, self.card.partner_id.name)
        posted = adjustment.action_approve()["params"]
        self.assertEqual(
            (posted["type"], posted["message"]),
            ("success", f"Approved and posted for {self.card.partner_id.name}: 150 Points (Goodwill)"),
        )
        for action in (adjustment.action_approve, adjustment.action_refuse):
            self.assertIn(f"Approved by {self.second.name}", self.message(action()))
        self.assertEqual(adjustment.state, "approved")
        self.assertBalances(points=150)

    def test_approval_says_what_was_posted(self):
        """N29, N10: who approves reads for whom points were posted; those of several programs are not added, and several
        requests are said one by one, also those that somebody decided before."""
        self.env.company.loyalty_adjustment_limit = 100
        nobody = self.make_card(partner_id=False)
        elsewhere = self.make_card(self.program.copy({"name": "Elsewhere"}))
        for cards, values, subject, message in (
            (nobody, {"points": 150}, nobody._masked_code(), "150 Points (Goodwill)"),
            (nobody, {"points": 150, "mode": "subtract"}, nobody._masked_code(), "-150 Points (Goodwill)"),
            (nobody | self.card, {"points": 75}, "2 cards", "150 Points (Goodwill)"),
        ):
            with self.subTest(cards=cards, **values):
                adjustment = self.adjust(cards, **values).adjustment_id.with_user(self.second)
                self.assertIn(subject, adjustment.subject)
                posted = adjustment.action_approve()["params"]["message"]
                self.assertEqual(posted, f"Approved and posted for {adjustment.subject}: {message}")
        adjustment = self.adjust(elsewhere | self.card, points=150).adjustment_id.with_user(self.second)
        posted = adjustment.action_approve()["params"]["message"]
        for words in ("2 cards", "Elsewhere: 150 Points", " Points: 150 Points", "(Goodwill)"):
            self.assertIn(words, posted)
        two = adjustment | self.adjust(nobody, points=160).adjustment_id.with_user(self.second)
        answer = two.action_approve()["params"]
        posted, decided = answer["message"].split("\n")
        self.assertIn(": 160 Points", posted)
        self.assertIn(f"Approved by {self.second.name}", decided)
        self.assertEqual((answer["type"], answer["className"]), ("warning", "text-prewrap"))

    def test_wizard_twice(self):
        """N29, N7: a double click adjusts once, and the second answer does not say that no card was adjusted."""
        wizard = self.wizard(points=5)
        self.assertEqual(wizard.action_confirm()["params"]["message"], "One card adjusted.")
        self.assertIn("already made", self.message(wizard.action_confirm()))
        self.assertBalances(points=5)

    def test_skip_problems_waits_with_the_request(self):
        """N29, N10: cards that got a problem while the request waited are left out, as asked, and named."""
        self.env.company.loyalty_adjustment_limit = 100
        for skip, balances in ((True, [80, 0]), (False, [0, 0])):
            with self.subTest(skip=skip):
                cards = self.make_card() | self.make_card()
                adjustment = self.adjust(cards, points=80, skip_problems=skip).adjustment_id
                self.assertEqual(adjustment.skip_problems, skip)
                cards[1].action_close()
                if skip:
                    adjustment.with_user(self.second).action_approve()
                    self.assertIn(cards[1].code, adjustment.message_ids[0].body)
                else:
                    with self.assertRaisesRegex(Exception, f"Card {cards[1].code} is closed"), self.env.cr.savepoint():
                        adjustment.with_user(self.second).action_approve()
                    self.env.invalidate_all()
                    self.assertEqual(adjustment.state, "waiting")
                self.assertEqual(cards.mapped("points"), balances)

    def test_goodwill_of_a_rolling_program(self):
        """N29, bP3, P5: the dialog says when added points expire; renewing moves the date of the whole balance."""
        self.program.write({"expiry_policy": "rolling", "expiry_delay": 30, "expiry_unit": "day"})
        self.earn(10)
        with self.on("2026-04-04"):
            form = Form(
                self.env["loyalty.adjust.wizard"]
                .with_user(self.manager)
                .with_context(active_model="loyalty.card", active_ids=self.card.ids)
            )
            form.points = 20
            form.reason = "Goodwill"
            self.assertEqual(form.first_expiry.isoformat(), "2026-04-14")
            form.renews = True
            self.assertEqual(form.first_expiry.isoformat(), "2026-05-04")
            form.renews = False
            form.save().action_confirm()
            self.assertEqual(max(self.card.lot_ids.mapped("effective_expiration_date")).isoformat(), "2026-04-14")
            self.adjust(points=1, renews=True)
            self.env.invalidate_all()
            self.assertEqual(min(self.card.lot_ids.mapped("effective_expiration_date")).isoformat(), "2026-05-04")
        with self.on("2026-05-04"):
            self.assertBalances(points=31, available=31)
            self.assertClean()
        with self.on("2026-06-01"):
            self.assertEqual(self.wizard(points=1).first_expiry.isoformat(), "2026-07-01")
            self.card.expiration_date = "2026-06-10"
            self.assertEqual(self.wizard(points=1).first_expiry.isoformat(), "2026-06-10")

    def test_renewal_waits_with_the_request(self):
        """N29, N10: a request for approval keeps that it renews the balance."""
        self.program.write({"expiry_policy": "rolling", "expiry_delay": 30, "expiry_unit": "day"})
        self.env.company.loyalty_adjustment_limit = 100
        self.earn(10)
        with self.on("2026-04-04"):
            self.adjust(points=150, renews=True).adjustment_id.with_user(self.second).action_approve()
        with self.on("2026-05-04"):
            self.assertBalances(points=160, available=160)

    def test_preview_of_linked_cards(self):
        """N29, bP3: the preview shows the card that gets the points and its balance, one line after the other."""
        self.earn(100)
        sources = self.make_card(points_to_id=self.card.id) | self.make_card(points_to_id=self.card.id)
        wizard = self.wizard(sources | self.other, points=10)
        self.assertRecordValues(
            wizard.line_ids.sorted("card_id"),
            [
                {"card_id": card.id, "target_id": target.id, "before": before, "change": 10, "after": before + 10}
                for card, target, before in sorted(
                    [(sources[0], self.card, 100), (sources[1], self.card, 110), (self.other, self.other, 0)],
                    key=lambda row: row[0].id,
                )
            ],
        )
        self.assertIs(wizard.has_linked, True)
        self.assertIs(self.wizard(self.card | self.other, points=10).has_linked, False)
        wizard.action_confirm()
        self.assertBalances(points=120)

    def test_new_terms_revive_no_reserved_points(self):
        """N29, P11: points past their date that a till keeps reserved stay past it, however long the new terms are."""
        self.program.write({"expiry_policy": "rolling", "expiry_delay": 30, "expiry_unit": "day"})
        self.earn(10)
        hold = self.card._hold(6, "till", None)
        with self.on("2026-05-01"):
            self.program.expiry_delay = 300
            self.assertBalances(points=6, available=0, reserved=6)
            hold._release()
            self.assertBalances(available=0)
            self.Card._purge(programs=self.program, commit=False)
            self.assertBalances(points=0)
            self.earn(3)
            self.assertBalances(points=3, available=3)
            self.assertClean()
