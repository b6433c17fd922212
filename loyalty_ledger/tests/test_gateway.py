from datetime import date

from freezegun import freeze_time

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ..tools.today import loyalty_today
from .common import TODAY, LedgerCase


@tagged("post_install", "-at_install")
class TestGateway(LedgerCase):
    def test_outstanding_is_accumulated_less_redeemed(self):
        """C28: reserved points are not deducted; redemptions and their reversals make the redeemed total."""
        self.post(self.card, "opening", 100)
        self.earn(50)
        self.post(self.card, "adjust", 7)
        self.post(self.card, "adjust", -2)
        self.post(self.card, "external", 5)
        spent = self.redeem(60)
        self.reverse(spent, 10)
        self.card._hold(20, "gateway:hold")
        self.assertBalances(points=110, accumulated=160, redeemed=50, reserved=20, available=90, lifetime=162, debt=0)
        self.assertClean()

    def test_available_is_accumulated_less_redeemed_less_reserved(self):
        """C18: 1000 accumulated - 200 redeemed - 300 reserved = 500; cancelling gives the 300 back."""
        self.earn(1000)
        self.redeem(200)
        hold = self.card._hold(300, "gateway:c18")
        self.assertBalances(accumulated=1000, redeemed=200, reserved=300, available=500)
        with self.assertRaisesRegex(ValidationError, "has 500 points available, fewer than the 501"):
            self.redeem(501)
        hold._release()
        self.assertBalances(accumulated=1000, redeemed=200, reserved=0, available=800)

    def test_entry_carries_its_document(self):
        """S19, S15: every transaction says when, what, how many, why, for which document and by whom."""
        entry = self.earn(12.5, document=("res.partner", self.partner.id), reason="Welcome")
        self.assertRecordValues(
            entry,
            [
                {
                    "card_id": self.card.id,
                    "program_id": self.program.id,
                    "company_id": self.program.company_id.id,
                    "kind": "earn",
                    "points": 12.5,
                    "balance_after": 12.5,
                    "effective_date": date.fromisoformat(TODAY),
                    "reason": "Welcome",
                    "res_model": "res.partner",
                    "res_id": self.partner.id,
                    "author_id": self.env.uid,
                    "is_redemption": False,
                    "level_points": 12.5,
                }
            ],
        )

    def test_same_key_posts_once(self):
        """N7: the same key and content returns the first transaction, in one call or in two."""
        op = self.op(self.card, "earn", 10, key="gateway:once")
        first = self.Card._post_entries([op])
        self.assertEqual(self.Card._post_entries([op]), first)
        self.assertEqual(self.Card._post_entries([op, op]).ids, [first.id, first.id])
        new = self.op(self.card, "earn", 3, key="gateway:twice-in-one")
        twice = self.Card._post_entries([new, new])
        self.assertEqual(len(set(twice.ids)), 1)
        self.assertBalances(points=13)
        self.assertClean()

    def test_same_key_other_content_is_an_error(self):
        """N7: a key names one event; another number, card, type or document under it is refused."""
        self.earn(10, key="gateway:content", document=("res.partner", self.partner.id))
        document = ("res.partner", self.partner.id)
        for other in (
            self.op(self.card, "earn", 11, key="gateway:content", document=document),
            self.op(self.other, "earn", 10, key="gateway:content", document=document),
            self.op(self.card, "external", 10, key="gateway:content", document=document),
            self.op(self.card, "earn", 10, key="gateway:content"),
            self.op(self.card, "earn", 10, key="gateway:content", document=("res.partner", 1 + self.partner.id)),
        ):
            with self.assertRaisesRegex(ValidationError, "posted before with other content"):
                self.Card._post_entries([other])
        both = [self.op(self.card, "earn", points, key="gateway:in-one-batch") for points in (1, 2)]
        with self.assertRaisesRegex(ValidationError, "posted before with other content"):
            self.Card._post_entries(both)
        self.assertBalances(points=10)

    def test_key_of_a_redirected_event(self):
        """H18, N7: an event that went to the master is found again by its key on the old card."""
        op = self.op(self.card, "earn", 10, key="gateway:redirected")
        first = self.Card._post_entries([op])
        self.card.points_to_id = self.other
        self.assertEqual(self.Card._post_entries([op]), first)
        later = self.op(self.card, "earn", 5, key="gateway:redirected-later")
        entry = self.Card._post_entries([later])
        self.assertEqual(entry.card_id, self.other)
        self.assertEqual(self.Card._post_entries([later]), entry)
        self.assertBalances(self.other, points=15)

    def test_key_of_a_waived_claw_back(self):
        """N7: the key of a claw-back that was waived in part answers with the first transaction."""
        self.program.negative_policy = "clamp"
        earned = self.earn(100)
        self.redeem(70)
        op = self.op(self.card, "reversal", -100, reversed_entry_id=earned.id, key="gateway:waived")
        first = self.Card._post_entries([op])
        self.assertEqual(self.Card._post_entries([op]), first)
        self.assertBalances(points=0)

    def test_all_or_nothing(self):
        """N7: when one movement of a batch is refused, none is posted."""
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            self.Card._post_entries([self.op(self.card, "earn", 10), self.op(self.other, "redeem", -1)])
        self.assertBalances(points=0)
        self.assertFalse(self.Entry.search([("program_id", "=", self.program.id)]))

    def test_malformed_movements_are_refused(self):
        """C31, P7: a movement that makes no sense is refused before anything is written."""
        earned = self.earn(10)
        card = self.card
        for message, op in (
            ("Unknown type", self.op(card, "gift", 1)),
            ("needs a card and a key", self.op(card, "earn", 1, key="")),
            ("positive and redeemed points negative", self.op(card, "earn", -1)),
            ("positive and redeemed points negative", self.op(card, "redeem", 1)),
            ("other than zero", self.op(card, "adjust", 0)),
            ("other than zero", self.op(card, "adjust", 0.00001)),
            ("Give a reason", self.op(card, "adjust", 1, reason="")),
            ("does not change the points", self.op(card, "redate", 1, expiration_date=TODAY)),
            ("Enter the new expiry date", self.op(card, "redate", 0)),
            ("card that receives them", self.op(card, "transfer", -1)),
            ("card that receives them", self.op(card, "transfer", 1, target_card_id=self.other.id)),
            ("another card", self.op(card, "transfer", -1, target_card_id=card.id)),
            ("needs the transaction", self.op(card, "reversal", 1)),
            ("same sign", self.op(card, "reversal", 1, reversed_entry_id=earned.id)),
            ("does not exist", self.op(card, "reversal", 1, reversed_entry_id=earned.id + 10**6)),
            ("another card", self.op(self.other, "reversal", -1, reversed_entry_id=earned.id)),
            ("rule for overspending", self.op(card, "redeem", -1, overdraw="always")),
            ("not a number of points", self.op(card, "earn", float("nan"))),
            ("not a number of points", self.op(card, "earn", float("inf"))),
            ("not a number of points", self.op(card, "earn", "ten")),
            ("not a number of points", self.op(card, "earn", 1e11)),
            ("not a number of points", self.op(card, "redeem", -1e11)),
        ):
            with self.subTest(message=message, op=op), self.assertRaisesRegex(ValidationError, message):
                self.Card._post_entries([op])
        with self.assertRaisesRegex(
            ValidationError, "does not exist, or its program is not tracked in the points ledger"
        ):
            self.Card._post_entries([{**self.op(card, "earn", 1), "card_id": 2**30}])

    def test_half_a_transfer_cannot_be_reversed(self):
        """N11: a transfer is undone by a transfer back; half of one would make points out of nothing."""
        self.earn(10)
        moved = self.post(self.card, "transfer", -4, target_card_id=self.other.id)
        received = self.Entry.search([("card_id", "=", self.other.id)])
        for entry in (moved, received):
            with self.assertRaisesRegex(ValidationError, "one side alone cannot be reversed"):
                self.reverse(entry)
        self.assertBalances(points=6)
        self.assertBalances(self.other, points=4)

    def test_numbers_in_messages(self):
        """S10, N13: messages write points as their reader does, with the decimals they need, however many there are."""
        self.earn(1234567.5)
        with self.assertRaisesRegex(
            ValidationError, "has 1,234,567.5 points available, fewer than the 2,000,000 asked"
        ):
            self.redeem(2_000_000)
        self.env["res.lang"]._activate_lang("de_DE")
        card = self.card.with_context(lang="de_DE")
        with self.assertRaisesRegex(ValidationError, r"1\.234\.567,5 .* 2\.000\.000,0001 "):
            card._post_entries([self.op(card, "redeem", -2_000_000.0001)])
        lot = self.card.lot_ids
        self.assertTrue(lot.display_name.endswith("1,234,567.5/1,234,567.5"), lot.display_name)
        self.assertTrue(lot.entry_id.display_name.endswith("+1,234,567.5"), lot.entry_id.display_name)
        hold = self.card._hold(1_234_567, "large", ("res.partner", self.partner.id))
        self.assertTrue(hold.display_name.endswith(": 1,234,567"), hold.display_name)

    def test_unusable_cards(self):
        """H8, H10, H25: closed, not started and expired cards can neither earn nor redeem points, and say why."""
        self.earn(10)
        self.card.closed = True
        for movement in (lambda: self.earn(1), lambda: self.redeem(1), lambda: self.post(self.card, "adjust", 1)):
            with self.assertRaisesRegex(ValidationError, f"Card {self.card.code} is closed"):
                movement()
        self.assertBalances(points=10, available=0)
        self.card.closed = False
        self.redeem(1)
        young = self.make_card(start_date="2026-03-16")
        with self.assertRaisesRegex(ValidationError, "can be used from 03/16/2026 on"):
            self.earn(1, young)
        with self.on("2026-03-16"):
            self.earn(1, young)
        self.card.expiration_date = "2026-03-20"
        with self.on("2026-03-20"):
            self.redeem(1)
            self.assertBalances(available=8)
        with self.on("2026-03-21"):
            self.assertBalances(points=8, available=0)
            with self.assertRaisesRegex(ValidationError, "expired on 03/20/2026"):
                self.earn(1)
            with self.assertRaisesRegex(ValidationError, "expired on 03/20/2026"):
                self.redeem(1)

    def test_corrections_reach_unusable_cards(self):
        """N4: a refund is never refused, whatever became of the card."""
        earned, spent = self.earn(10), self.redeem(6)
        self.card.closed = True
        self.reverse(spent, 3)
        self.reverse(earned, 5)
        self.post(self.card, "external", -4)
        self.assertBalances(points=-2, debt=2, redeemed=3, accumulated=1)
        self.assertClean()

    def test_source_cannot_redeem(self):
        """H21, H22, H18: a source earns for its master, stays empty and lowest, and cannot redeem or take."""
        self.env["loyalty.level"].create(
            [{"name": name, "program_id": self.program.id, "min_points": at} for name, at in (("Low", 0), ("High", 50))]
        )
        earned = self.earn(30)
        self.card.points_to_id = self.other
        self.earn(40)
        self.assertBalances(points=0, available=0)
        self.assertBalances(self.other, points=70, available=70, lifetime=70)
        self.assertEqual((self.card.level_id.name, self.other.level_id.name), ("Low", "High"))
        with self.assertRaisesRegex(ValidationError, f"is linked to card {self.other.code}"):
            self.redeem(1)
        with self.assertRaisesRegex(ValidationError, "fewer than"):
            self.post(self.card, "adjust", -1)
        self.reverse(earned, 10)
        self.assertBalances(points=0)
        self.assertBalances(self.other, points=60, lifetime=60)
        self.assertClean()

    def test_redemption_never_exceeds_available(self):
        """S10: more than available is refused, to the ten-thousandth."""
        self.earn(10)
        with self.assertRaisesRegex(ValidationError, "has 10 points available"):
            self.redeem(10.0001)
        with self.assertRaisesRegex(ValidationError, "has 10 points available"):
            self.post(self.card, "adjust", -11)
        self.redeem(10)
        self.assertBalances(points=0, debt=0)

    def test_upstream_overspending_is_owed(self):
        """N6, P4: what already happened is posted: the shortfall is debt and an exception."""
        self.earn(30)
        entry = self.post(self.card, "external", -50, document=("res.partner", self.partner.id))
        self.assertBalances(points=-20, debt=20, available=0)
        self.assertEqual(entry.unpaid_points, 20)
        exception = self.env["loyalty.exception"].search([("card_id", "=", self.card.id)])
        self.assertRecordValues(
            exception, [{"kind": "debt", "points": 20, "entry_id": entry.id, "res_model": "res.partner"}]
        )
        self.earn(15)
        self.assertBalances(points=-5, debt=5, available=0)
        self.earn(15)
        self.assertBalances(points=10, debt=0, available=10)
        self.assertEqual(entry.unpaid_points, 0)
        self.assertClean()

    def test_debts_are_paid_oldest_first(self):
        """N4: later credits pay the oldest debt first."""
        first = self.post(self.card, "external", -10)
        second = self.post(self.card, "external", -10)
        credit = self.earn(12)
        self.assertEqual((first.unpaid_points, second.unpaid_points), (0, 8))
        self.assertEqual(
            [(row.debit_entry_id, row.points) for row in credit_consumptions(credit)], [(first, 10), (second, 2)]
        )
        self.assertClean()

    def test_overdraw_modes(self):
        """S10, N4: a debit beyond what is there is refused, owed or waived, as its caller says."""
        self.earn(10)
        with self.assertRaises(ValidationError):
            self.redeem(12, overdraw="refuse")
        waived = self.redeem(12, overdraw="clamp")
        self.assertRecordValues(waived, [{"points": -10, "waived_points": 2, "unpaid_points": 0}])
        owed = self.redeem(12, overdraw="debt")
        self.assertRecordValues(owed, [{"points": -12, "waived_points": 0, "unpaid_points": 12}])
        self.assertBalances(points=-12, debt=12, redeemed=22)
        exceptions = self.env["loyalty.exception"].search([("card_id", "=", self.card.id)], order="id")
        self.assertEqual(exceptions.mapped("kind"), ["waived", "debt"])
        self.assertClean()

    def test_interleaved_batch(self):
        """N13, C28: many movements of one card in one call see each other in the order given."""
        ops = []
        for number in range(200):
            ops.append(self.op(self.card, "earn", 3 + number % 5))
            ops.append(self.op(self.card, "redeem", -2))
            ops.append(self.op(self.other, "external", -1 if number % 3 else 3))
        entries = self.Card._post_entries(ops)
        self.assertEqual([entry.points for entry in entries], [op["points"] for op in ops])
        self.assertBalances(points=600, redeemed=400)
        self.assertBalances(self.other, points=68, accumulated=68)
        balance = 0
        for entry in entries.filtered(lambda entry: entry.card_id == self.card):
            balance += entry.points
            self.assertEqual(entry.balance_after, balance)
        self.assertClean()

    def test_batch_order_is_kept_across_cards(self):
        """N7: ids follow the order of each card's movements, and the answer the order asked for."""
        ops = [self.op(card, "earn", points) for points in (1, 2, 3) for card in (self.other, self.card)]
        entries = self.Card._post_entries(ops)
        self.assertEqual(entries.mapped("points"), [1, 1, 2, 2, 3, 3])
        self.assertEqual(entries.mapped("card_id"), self.other + self.card)

    def test_redeeming_in_the_batch_that_earns(self):
        """S10: within a batch, a redemption counts on what was posted before it, never on what comes later."""
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            self.Card._post_entries([self.op(self.card, "redeem", -5), self.op(self.card, "earn", 5)])
        self.Card._post_entries([self.op(self.card, "earn", 5), self.op(self.card, "redeem", -5)])
        self.assertBalances(points=0)

    def test_precision(self):
        """C21: four decimals, half away from zero, without drift over thousands of fractions."""
        self.assertEqual(self.earn(0.00005).points, 0.0001)
        self.assertEqual(self.earn(2.67575).points, 2.6758)
        self.Card._post_entries([self.op(self.other, "earn", 0.1) for __ in range(3000)])
        self.assertBalances(self.other, points=300, available=300)
        self.redeem(300, self.other)
        self.assertBalances(self.other, points=0)
        self.assertClean()

    def test_largest_balance(self):
        """N13: balances just below the limit are exact, beyond it a movement is refused in words."""
        self.earn(99_999_999_999.9998)
        self.assertBalances(points=99_999_999_999.9998)
        self.earn(0.0001)
        self.assertBalances(points=99_999_999_999.9999)
        with self.assertRaisesRegex(ValidationError, "cannot hold or owe"):
            self.earn(0.0001)
        self.redeem(99_999_999_999.9999)
        self.assertBalances(points=0)
        self.assertClean()

    def test_today_where_the_company_is(self):
        """P9, S22: "today" is the date of the company's time zone, else of loyalty.timezone, else UTC."""
        company = self.env.company
        for moment, zone, expected in (
            ("2026-03-15 23:30:00", "UTC", "2026-03-15"),
            ("2026-03-15 23:30:00", "Europe/Brussels", "2026-03-16"),
            ("2026-03-15 03:30:00", "America/New_York", "2026-03-14"),
            ("2026-03-15 10:30:00", "Pacific/Kiritimati", "2026-03-16"),
        ):
            with self.subTest(zone=zone), freeze_time(moment):
                company.partner_id.tz = zone
                self.assertEqual(loyalty_today(self.env, company), date.fromisoformat(expected))
                company.partner_id.tz = False
                self.env["ir.config_parameter"].set_param("loyalty.timezone", zone)
                self.assertEqual(loyalty_today(self.env, company), date.fromisoformat(expected))
                self.assertEqual(loyalty_today(self.env, self.env["res.company"]), date.fromisoformat(expected))
        with freeze_time("2026-03-15 23:30:00"):
            self.env["ir.config_parameter"].set_param("loyalty.timezone", "Mars/Olympus")
            self.assertEqual(loyalty_today(self.env, company), date(2026, 3, 15))

    def test_last_usable_day_ends_at_local_midnight(self):
        """S22, H10: the card's date is its last usable day, until midnight of the company's time zone."""
        self.env.company.partner_id.tz = "Europe/Brussels"
        self.earn(10)
        self.card.expiration_date = "2026-07-01"
        with freeze_time("2026-07-01 21:59:00"):
            self.env.invalidate_all()
            self.assertBalances(available=10)
            self.redeem(1)
        with freeze_time("2026-07-01 22:01:00"):
            self.env.invalidate_all()
            self.assertBalances(available=0)
            with self.assertRaisesRegex(ValidationError, "expired on 07/01/2026"):
                self.redeem(1)

    def test_answer_serves_the_posting(self):
        """C18: a posting takes over the lots that a question has just read, and only while they are still the same."""
        self.earn(60)
        self.earn(40)
        reads = []
        execute = self.env.cr.execute

        def count(query, *args, **kwargs):
            reads.append("FROM loyalty_lot WHERE card_id" in str(getattr(query, "code", query)))
            return execute(query, *args, **kwargs)

        self.patch(self.env.cr, "execute", count)
        self.assertBalances(available=100)
        self.redeem(70)
        self.assertEqual(sum(reads), 1)
        self.assertBalances(available=30)
        self.assertEqual(self.open_lots(), [(30, None, None)])
        self.assertEqual(sum(reads), 2)
        self.assertClean()

    def test_answer_of_a_try_that_was_rolled_back(self):
        """N4: what was read during a try that failed serves nothing that comes after it."""
        self.earn(60)
        self.earn(40)

        class Failure(Exception):
            pass

        with self.assertRaises(Failure), self.env.cr.savepoint():
            self.redeem(60)
            self.assertBalances(available=40)
            raise Failure
        self.redeem(10)
        self.assertBalances(available=90)
        self.assertEqual(self.open_lots(), [(50, None, None), (40, None, None)])
        self.assertClean()


def credit_consumptions(entry):
    return entry.env["loyalty.ledger.consumption"].search([("entry_id", "=", entry.id)], order="id")
