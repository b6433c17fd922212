from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from .common import LedgerCase


class AdjustCase(LedgerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(cls.env, "adjust_manager", "base.group_user,loyalty_ledger.group_loyalty_manager")
        cls.clerk = new_test_user(cls.env, "adjust_clerk", "base.group_user,loyalty_ledger.group_loyalty_user")

    def wizard(self, cards=None, user=None, **values):
        values = {"card_ids": (self.card if cards is None else cards).ids, "reason": "Goodwill", **values}
        return self.env["loyalty.adjust.wizard"].with_user(user or self.manager).create(values)

    def adjust(self, cards=None, **values):
        wizard = self.wizard(cards, **values)
        wizard.action_confirm()
        return wizard


@tagged("post_install", "-at_install")
class TestAdjust(AdjustCase):
    def test_delta(self):
        """P5, P6, C30, S20: an adjustment adds its points to the balance, or takes them; each is one entry."""
        self.earn(100)
        self.adjust(points=20)
        self.adjust(points=-5)
        self.adjust(mode="subtract", points=15)
        self.assertBalances(points=100, available=100)
        self.assertRecordValues(
            self.card.entry_ids.sorted("id"),
            [
                {"kind": "earn", "points": 100, "balance_after": 100},
                {"kind": "adjust", "points": 20, "balance_after": 120},
                {"kind": "adjust", "points": -5, "balance_after": 115},
                {"kind": "adjust", "points": -15, "balance_after": 100},
            ],
        )
        self.assertClean()

    def test_author_and_reason(self):
        """M16, C31: the entry says who adjusted and why; without a reason nothing is posted."""
        self.adjust(points=7, reason="  Late delivery ")
        entry = self.card.entry_ids
        self.assertEqual((entry.author_id, entry.author_name), (self.manager.id, self.manager.name))
        self.assertEqual(entry.reason, "Late delivery")
        for reason in (False, "", "   "):
            with self.assertRaisesRegex(ValidationError, "reason"):
                self.adjust(points=7, reason=reason)
        self.assertBalances(points=7)

    def test_message(self):
        """The message says how many cards were adjusted, in good English for one."""
        for cards, message in ((self.card, "One card adjusted."), (self.card + self.other, "2 cards adjusted.")):
            action = self.wizard(cards, points=1).action_confirm()
            self.assertEqual((action["tag"], action["params"]["message"]), ("display_notification", message))

    def test_zero_points(self):
        """P7: zero points with a date change only the expiry, as a zero entry; without a date they are refused."""
        self.earn(100)
        with self.assertRaisesRegex(ValidationError, "number of points, or a new expiry date"):
            self.adjust(points=0)
        self.adjust(points=0, expiration_date="2026-12-31")
        self.assertRecordValues(
            self.card.entry_ids[0],
            [{"kind": "redate", "points": 0, "balance_after": 100, "reason": "Goodwill"}],
        )
        self.assertEqual(self.open_lots(), [(100, None, "2026-12-31")])
        self.adjust(mode="expiry", expiration_date="2027-01-31")
        self.assertEqual(self.open_lots(), [(100, None, "2027-01-31")])
        with self.assertRaisesRegex(ValidationError, "expiry date"):
            self.adjust(mode="expiry")
        with self.on("2027-02-01"):
            self.assertBalances(available=0)

    def test_dated_grant(self):
        """N11, P7: points that are added can have their own expiry date; those the card has keep theirs."""
        self.earn(100)
        self.adjust(points=50, expiration_date="2026-04-30")
        self.assertEqual(self.open_lots(), [(100, None, None), (50, None, "2026-04-30")])
        with self.assertRaisesRegex(ValidationError, "Only points that are added"):
            self.adjust(mode="subtract", points=10, expiration_date="2026-04-30")

    def test_reset(self):
        """bM7: a reset takes all points away and adds new ones with a date of their own; a debt is paid by it too."""
        self.earn(100)
        self.earn(40, card=self.other)
        cards = self.card | self.other
        wizard = self.wizard(cards, mode="reset", points=70, expiration_date="2026-12-31")
        self.assertEqual(
            wizard.line_ids.mapped(lambda line: (line.before, line.change, line.after)), [(100, -30, 70), (40, 30, 70)]
        )
        action = wizard.action_confirm()
        self.assertEqual(action["params"]["message"], "2 cards adjusted.")
        self.assertEqual(self.open_lots(), [(70, None, "2026-12-31")])
        self.assertEqual(cards.mapped("points"), [70, 70])
        self.assertEqual(self.card.entry_ids.sorted("id").mapped("points"), [100, -100, 70])
        self.assertEqual(self.other.entry_ids.sorted("id").mapped("points"), [40, -40, 70])
        wizard.action_confirm()  # a second click
        self.assertEqual(len(cards.entry_ids), 6)
        self.adjust(mode="reset", points=0)
        self.assertBalances(points=0)
        with self.assertRaisesRegex(ValidationError, "below zero"):
            self.adjust(mode="reset", points=-1)
        self.assertClean()

    def test_reset_of_reserved_points(self):
        """bM7, N6: points that a document reserves cannot be reset; the card is named and nothing is changed."""
        self.earn(100)
        self.card._hold(30, "reset:hold")
        with self.assertRaisesRegex(ValidationError, "Only 70 points are available"):
            self.adjust(mode="reset", points=100)
        self.assertBalances(points=100)

    def test_set(self):
        """S21: setting the balance posts the difference and leaves the history as it is."""
        self.earn(100)
        self.redeem(30)
        history = self.card.entry_ids.read(["points", "balance_after", "row_hash"])
        self.adjust(mode="set", points=250)
        self.assertEqual(self.card.entry_ids[0].points, 180)
        self.adjust(mode="set", points=40)
        self.assertEqual(self.card.entry_ids[0].points, -210)
        self.assertBalances(points=40, available=40)
        self.adjust(mode="set", points=40)
        self.assertEqual(len(self.card.entry_ids), 4)
        self.assertEqual(self.card.entry_ids[2:].read(["points", "balance_after", "row_hash"]), history)
        with self.assertRaisesRegex(ValidationError, "below zero"):
            self.adjust(mode="set", points=-1)

    def test_set_writes_expired_points_off_first(self):
        """S21, P9: points past their date do not count towards the balance that is set."""
        self.earn(100, expiration_date="2026-03-20")
        with self.on("2026-03-25"):
            wizard = self.wizard(mode="set", points=60)
            self.assertRecordValues(wizard.line_ids, [{"before": 0, "change": 60, "after": 60}])
            wizard.action_confirm()
            self.assertBalances(points=60, available=60)
        self.assertEqual(self.card.entry_ids.mapped("points"), [60, -100, 100])

    def test_second_click(self):
        """S20: a button pressed twice posts once."""
        wizard = self.wizard(points=20)
        wizard.action_confirm()
        wizard.action_confirm()
        wizard.done = False
        wizard.action_confirm()
        self.assertBalances(points=20)

    def test_preview(self):
        """P8: before anything is posted the wizard shows each card before and after, and what stands in the way."""
        self.earn(100)
        self.other.closed = True
        wizard = self.wizard(self.card | self.other, points=50)
        closed = f"Card {self.other.code} is closed. Reopen it, or use another card."
        self.assertRecordValues(
            wizard.line_ids.sorted("card_id"),
            [
                {"card_id": self.card.id, "before": 100, "change": 50, "after": 150, "problem": False},
                {"card_id": self.other.id, "before": 0, "change": 50, "after": 50, "problem": closed},
            ],
        )
        self.assertRecordValues(wizard, [{"card_count": 2, "total_change": 50, "problem_count": 1}])
        with self.assertRaisesRegex(ValidationError, self.other.code):
            wizard.action_confirm()
        self.assertBalances(points=100)
        wizard.skip_problems = True
        wizard.action_confirm()
        self.assertBalances(points=150)
        self.assertBalances(self.other, points=0)

    def test_form(self):
        """P8, S21: the form shows the outcome while a manager types."""
        self.earn(100)
        wizard = self.env["loyalty.adjust.wizard"].with_user(self.manager)
        with Form(wizard.with_context(default_card_ids=self.card.ids)) as form:
            form.mode = "set"
            form.points = 30
            self.assertEqual(form.total_change, -70)
            form.scope = "range"
            form.program_id = self.program
            self.assertEqual(form.card_count, 2)
            form.reason = "Recount"
            self.assertEqual(form.total_change, -40)
        self.assertRecordValues(
            form.record.line_ids.sorted("card_id"),
            [{"before": 100, "change": -70, "after": 30}, {"before": 0, "change": 30, "after": 30}],
        )
        form.record.action_confirm()
        self.assertEqual((self.card | self.other).mapped("points"), [30, 30])

    def test_set_starts_from_the_balance(self):
        """S21: Set opens with the balance of the card, not with a mistake; another question forgets it."""
        self.earn(100)
        self.card._hold(40, "adjust:hold")
        wizard = self.env["loyalty.adjust.wizard"].with_user(self.manager)
        form = Form(wizard.with_context(default_card_ids=self.card.ids, default_mode="set"))
        self.assertEqual((form.points, form.total_change, form.problem_count), (100, 0, 0))
        form.mode = "add"
        self.assertEqual(form.points, 0)
        form.mode = "set"
        form.scope = "range"
        self.assertEqual(form.points, 0)

    def test_never_beyond_available(self):
        """C30: an adjustment never takes more than is available, reserved points included."""
        self.earn(100)
        self.card._hold(30, "till:1")
        with self.assertRaisesRegex(ValidationError, "70"):
            self.adjust(mode="subtract", points=80)
        self.adjust(mode="subtract", points=70)
        self.assertBalances(points=30, reserved=30, available=0)

    def test_manager_only(self):
        """S20: users cannot adjust, transfer or replace, by buttons or remote calls."""
        card = self.card.with_user(self.clerk)
        for method in ("action_adjust_points", "action_transfer_points", "action_replace_card"):
            with self.assertRaises(AccessError):
                getattr(card, method)()
        with self.assertRaises(AccessError):
            self.wizard(user=self.clerk, points=10)
        with self.assertRaises(AccessError):
            self.wizard(points=10).with_user(self.clerk).action_confirm()
        self.assertBalances(points=0)
        action = self.card.with_user(self.manager).action_adjust_points()
        self.assertEqual(action["context"], {"default_card_ids": self.card.ids})

    def test_from_list(self):
        """P8: the Action menu of the list adjusts the selected cards."""
        cards = self.card | self.other
        Wizard = self.env["loyalty.adjust.wizard"].with_user(self.manager)
        wizard = Wizard.with_context(active_model="loyalty.card", active_ids=cards.ids).create(
            {"points": 10, "reason": "Move"}
        )
        wizard.action_confirm()
        self.assertEqual(cards.mapped("points"), [10, 10])

    def test_range(self):
        """M16, P8: a range of numbers is adjusted at once, one entry per card with user and reason."""
        cards = self.Card.create([{"program_id": self.program.id, "code": f"77{number:04}"} for number in range(20)])
        wizard = (
            self.env["loyalty.adjust.wizard"]
            .with_user(self.manager)
            .create(
                {
                    "scope": "range",
                    "program_id": self.program.id,
                    "code_from": "770005",
                    "code_to": "770014",
                    "points": 25,
                    "reason": "Opening of the shop",
                }
            )
        )
        self.assertEqual(wizard.card_count, 10)
        wizard.action_confirm()
        self.assertEqual(cards.mapped("points"), [0] * 5 + [25] * 10 + [0] * 5)
        entries = cards.entry_ids
        self.assertEqual(len(entries), 10)
        self.assertEqual(set(entries.mapped("author_id")), {self.manager.id})
        self.assertEqual(set(entries.mapped("reason")), {"Opening of the shop"})

    def test_range_is_one_post(self):
        """M16: the number of queries does not grow with the number of cards."""
        cards = self.Card.create([{"program_id": self.program.id, "code": f"88{number:04}"} for number in range(300)])
        counts = []
        for part in (cards[:10], cards[10:]):
            self.env.flush_all()
            self.env.invalidate_all()
            with self.subTest(len(part)):
                before = self.env.cr.sql_log_count
                part.with_user(self.manager)._adjust("add", 5, "Range", f"test:range:{len(part)}")
                counts.append(self.env.cr.sql_log_count - before)
        self.assertLess(counts[1], counts[0] + 10)
