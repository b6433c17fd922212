from datetime import date, timedelta
from decimal import Decimal

from odoo.tests import BaseCase, tagged

from ..ledger.allocation import Card
from ..ledger.plan import Debt, Hold, LedgerError, Lot, Op, Plan, Reversed, Terms, add_delay
from ..ledger.rounding import LIMIT, UNIT, to_points, to_units

TODAY = date(2026, 3, 15)


def day(offset):
    return TODAY + timedelta(days=offset)


@tagged("post_install", "-at_install")
class TestUnits(BaseCase):
    def test_rounding(self):
        """C21: ten-thousandths, half away from zero, whatever the number's type or binary shape."""
        for points, units in (
            (None, 0),
            (False, 0),
            (0, 0),
            (1, 10_000),
            (0.0001, 1),
            (0.00005, 1),
            (-0.00005, -1),
            (0.000049, 0),
            (2.67575, 26_758),
            (-2.67575, -26_758),
            (1.00015, 10_002),
            (0.1 + 0.2, 3_000),
            (Decimal("0.33335"), 3_334),
            (0.625, 6_250),
            (99_999_999_999.9999, LIMIT * UNIT - 1),
            (True, 10_000),
            ("12.5", 125_000),
        ):
            with self.subTest(points=points):
                self.assertEqual(to_units(points), units)

    def test_no_number_of_points(self):
        """C21: what is no number, or too large, is refused."""
        for points in (
            float("nan"),
            float("inf"),
            float("-inf"),
            LIMIT,
            -LIMIT,
            1e300,
            Decimal("1e11"),
            99_999_999_999.99999,
        ):
            with self.subTest(points=points), self.assertRaises(OverflowError):
                to_units(points)
        for points in ("many", [], object()):
            if points:
                with self.subTest(points=points), self.assertRaises((ValueError, TypeError)):
                    to_units(points)

    def test_there_and_back(self):
        """C21: every number of ten-thousandths survives the trip through a float."""
        for units in (1, 9_999, 10_001, 123_456_789, LIMIT * UNIT - 1, -(LIMIT * UNIT - 1), 33_333_333_333_333):
            self.assertEqual(to_units(to_points(units)), units)


@tagged("post_install", "-at_install")
class TestDelay(BaseCase):
    def test_months_end(self):
        """bP3, P9: months fall back to the last day of a shorter one, years of 29 February to the 28th."""
        for start, number, unit, expected in (
            (date(2026, 1, 31), 1, "month", date(2026, 2, 28)),
            (date(2024, 1, 31), 1, "month", date(2024, 2, 29)),
            (date(2026, 12, 31), 2, "month", date(2027, 2, 28)),
            (date(2026, 3, 31), -1, "month", date(2026, 2, 28)),
            (date(2024, 2, 29), 1, "year", date(2025, 2, 28)),
            (date(2026, 1, 15), 12, "month", date(2027, 1, 15)),
            (date(2026, 1, 15), 25, "month", date(2028, 2, 15)),
            (date(2026, 12, 31), 1, "day", date(2027, 1, 1)),
            (date(2026, 3, 15), -1, "year", date(2025, 3, 15)),
        ):
            with self.subTest(start=start, number=number, unit=unit):
                self.assertEqual(add_delay(start, number, unit), expected)


@tagged("post_install", "-at_install")
class TestAllocation(BaseCase):
    """The arithmetic alone: whole units, no database."""

    def setUp(self):
        super().setUp()
        self.plan = Plan()
        self.keys = 0

    def card(self, *lots, terms=None, holds=(), debt=0):
        """A card with lots ``(remaining, expiry, vests)``, holds ``(points, since)`` and one debt."""
        card = Card(1, terms or Terms())
        for number, (remaining, expiry, vests) in enumerate(lots, start=1):
            card.add_lot(Lot(number, 1, 100 + number, remaining, remaining, vests, expiry, order=number))
        for number, (points, since) in enumerate(holds, start=1):
            card.holds.append(Hold(number, points, since))
        if debt:
            card.debts.append(Debt(99, debt))
            card.debt = debt
        card.balance = card.accumulated = card.open_total - debt
        return card

    def apply(self, card, kind, points, at=TODAY, today=TODAY, **details):
        self.keys += 1
        return card.apply(Op(kind, points, f"key{self.keys}", at, **details), self.plan, today)

    def rest(self, card):
        return [(lot.id, lot.remaining) for lot in sorted(card.lots, key=lambda lot: lot.order) if lot.id]

    def assertInvariant(self, card):
        self.assertEqual(card.balance, sum(lot.remaining for lot in card.lots) - card.debt)
        self.assertEqual(card.open_total, sum(lot.remaining for lot in card.lots))
        self.assertEqual(card.balance, card.accumulated - card.redeemed)
        self.assertEqual(card.debt, sum(debt.unpaid for debt in card.debts))

    def assertRefused(self, code, function, *args, **details):
        with self.assertRaises(LedgerError) as caught:
            function(*args, **details)
        self.assertEqual(caught.exception.code, code)

    def test_order_of_consumption(self):
        """N4, N11: earliest expiry first, without date last, then the oldest; pending ones never."""
        card = self.card(
            (10, None, None), (10, day(30), None), (10, day(5), None), (10, day(30), None), (10, day(1), day(1))
        )
        self.apply(card, "redeem", -22)
        self.assertEqual(self.rest(card), [(1, 10), (4, 8), (5, 10)])
        self.assertEqual([(row[1].id, row[2]) for row in self.plan.consumptions], [(3, 10), (2, 10), (4, 2)])
        self.assertInvariant(card)

    def test_card_date_levels_all(self):
        """H10, N11: with a sooner date on the card, all lots expire that day and the oldest goes first."""
        card = self.card((10, day(30), None), (10, day(5), None))
        card.expiry = day(2)
        card._sorted = False
        self.apply(card, "redeem", -5)
        self.assertEqual(self.rest(card), [(1, 5), (2, 10)])

    def test_lapsed_lots_go_first(self):
        """P9, P11: before anything else, what is past its date is written off, one entry for each last day."""
        card = self.card((10, day(-3), None), (7, day(-1), None), (5, day(-3), None), (4, day(0), None))
        self.apply(card, "earn", 1)
        expired = [(entry.points, entry.date) for entry in self.plan.entries if entry.kind == "expire"]
        self.assertEqual(expired, [(-15, day(-2)), (-7, day(0))])
        self.assertEqual(card.balance, 5)
        self.assertInvariant(card)

    def test_available(self):
        """C18: max(0, live - debt - max(0, reserved - shielded))."""
        for lots, holds, debt, expected in (
            ([(100, None, None)], [], 0, 100),
            ([(100, None, None)], [(30, day(0))], 0, 70),
            ([(100, None, None)], [(30, day(0))], 20, 50),
            ([(100, None, None)], [(60, day(0)), (60, day(0))], 0, 0),
            ([(100, None, day(1))], [], 0, 0),
            ([(100, day(-1), None)], [], 0, 0),
            ([(100, day(-1), None), (50, None, None)], [(30, day(-5))], 0, 50),
            ([(100, day(-1), None), (50, None, None)], [(30, day(0))], 0, 20),
            ([(20, day(-1), None), (50, None, None)], [(30, day(-5))], 0, 40),
            ([(20, day(-1), None), (50, None, None)], [(30, day(-5))], 45, 0),
        ):
            with self.subTest(lots=lots, holds=holds, debt=debt):
                self.assertEqual(self.card(*lots, holds=holds, debt=debt).available(TODAY), expected)

    def test_shields(self):
        """N6, P9: a hold protects what could be used when it was placed; the early hold serves the early lot."""
        for lots, holds, expected in (
            ([(10, day(-5))], [(6, day(-9))], [6]),
            ([(10, day(-5))], [(6, day(-4))], [0]),
            ([(10, day(-5))], [(6, day(-5))], [6]),
            ([(10, day(-5)), (10, day(-2))], [(10, day(-9)), (10, day(-3))], [10, 10]),
            ([(10, day(-5)), (10, day(-2))], [(10, day(-3)), (10, day(-9))], [10, 10]),
            ([(10, day(-5)), (10, day(-2))], [(15, day(-9))], [10, 5]),
            ([(5, day(-5)), (10, day(-2))], [(4, day(-9)), (20, day(-4))], [4, 10]),
        ):
            with self.subTest(lots=lots, holds=holds):
                card = self.card(*((points, expiry, None) for points, expiry in lots), holds=holds)
                self.assertEqual(card.shields(card._lapsed(TODAY)), expected)
                card.refresh(TODAY, self.plan)
                self.assertEqual(card.open_total, sum(expected))
                self.assertInvariant(card)

    def test_each_hold_keeps_its_own(self):
        """N6: an early hold lives on lapsed points that the later one may not touch; both can be used."""
        card = self.card((10, day(-5), None), (10, None, None), holds=[(10, day(-9)), (10, day(-1))])
        early, late = card.holds
        self.assertEqual((card.available(TODAY, early), card.available(TODAY, late)), (10, 10))
        self.apply(card, "redeem", -10, hold=late)
        self.assertEqual(self.rest(card), [(1, 10)])
        self.apply(card, "redeem", -10, hold=early)
        self.assertEqual(card.balance, 0)
        self.assertInvariant(card)

    def test_hold_in_debt(self):
        """N6: a later debit that left the card in debt does not take what a hold was promised."""
        card = self.card((100, None, None), holds=[(60, day(0))])
        self.apply(card, "external", -90, overdraw="debt")
        self.assertEqual((card.debt, card.balance, card.available(TODAY)), (50, 10, 0))
        self.apply(card, "redeem", -60, hold=card.holds[0])
        self.assertEqual((card.debt, card.balance, card.redeemed), (50, -50, 60))
        self.assertInvariant(card)

    def test_credits_pay_debt(self):
        """N4: a credit pays the oldest debt first, a pending one waits until it vests."""
        card = self.card(debt=5)
        card.debts.append(Debt(98, 7))
        card.debt, card.balance, card.accumulated = 12, -12, -12
        self.apply(card, "earn", 6)
        self.assertEqual(self.plan.changed_debts, {99: 0, 98: 6})
        self.apply(card, "earn", 20, vests=day(3))
        self.assertEqual((card.debt, card.available(TODAY)), (6, 0))
        self.assertEqual(card.available(day(3)), 14)
        card.refresh(day(3), self.plan)
        self.assertEqual((card.debt, card.balance), (0, 14))
        self.assertInvariant(card)

    def test_held_lot_of_a_refunded_sale(self):
        """N29, N4: 400 of 1,000 expired, 600 are kept by a reservation and owed by the refund; the reservation ends without
        using them: they pay that debt, and are not lost a second time."""
        for expiry in (day(-1), day(1)):
            with self.subTest(expiry):
                self.setUp()
                card = self.card((1000, expiry, None), holds=[(600, day(-5))])
                card.lots[0].points = 1000
                (lot,) = card.lots
                earned = Reversed(101, 1000, 0, False, 0, 1000, [[lot, 1000]], "earn")
                self.plan.roots[lot.id] = earned
                self.apply(card, "reversal", -1000, reverses=earned, overdraw="debt")
                self.assertEqual((card.balance, card.debt, lot.remaining), (0, 600, 600))
                card.holds.clear()
                card.refresh(day(2), self.plan)
                self.assertEqual((card.balance, card.debt, lot.remaining), (0, 0, 0))
                self.assertInvariant(card)

    def test_held_lot_and_other_debts(self):
        """N29: what a reservation kept from a debit of the lot's time pays it later; a debit that came after the lot's date
        has no claim on points that had expired."""
        for taken, rest in ((day(-3), (0, 0)), (day(0), (-30, 30))):
            with self.subTest(taken):
                self.setUp()
                card = self.card((100, day(-1), None), holds=[(100, day(-5))])
                self.apply(card, "external", -30, at=taken, overdraw="debt")
                self.assertEqual((card.balance, card.debt), (70, 30))
                card.holds.clear()
                card.refresh(TODAY, self.plan)
                self.assertEqual((card.balance, card.debt), rest)
                self.assertInvariant(card)

    def test_vested_then_lapsed(self):
        """N9: points that vested and lapsed between two looks paid the debt on the day they vested."""
        card = self.card((10, day(-1), day(-3)), debt=4)
        card.refresh(TODAY, self.plan)
        self.assertEqual((card.debt, card.balance), (0, 0))
        self.assertEqual([entry.points for entry in self.plan.entries], [-6])

    def test_debt_spares_what_holds_keep(self):
        """N6: neither live points that are held nor lapsed ones that a hold protects pay a debt."""
        card = self.card((10, day(-1), None), (8, None, None), holds=[(10, day(-9)), (5, day(0))], debt=4)
        card.refresh(TODAY, self.plan)
        self.assertEqual((card.debt, self.rest(card)), (1, [(1, 10), (2, 5)]))
        self.assertInvariant(card)

    def test_overdraw(self):
        """S10, N4: beyond what is there a debit is refused, owed, or waived."""
        self.assertRefused("insufficient", self.apply, self.card((10, None, None)), "redeem", -11)
        card = self.card((10, None, None))
        entry = self.apply(card, "redeem", -15, overdraw="debt")
        self.assertEqual((entry.points, entry.unpaid, card.debt), (-15, 5, 5))
        self.assertInvariant(card)
        card = self.card((10, None, None))
        entry = self.apply(card, "redeem", -15, overdraw="clamp")
        self.assertEqual((entry.points, entry.waived, card.debt, card.balance), (-10, 5, 0, 0))
        self.assertInvariant(card)
        self.assertEqual([(points, kind) for __, points, kind in self.plan.shortfalls], [(5, "debt"), (5, "waived")])

    def test_claw_back(self):
        """N4: its own lot first, although others expire sooner; a pending one too; never what a hold keeps."""
        card = self.card((10, day(1), None), (10, day(9), None))
        own = card.lots[1]
        undone = Reversed(102, 10, 10, False, 0, 10, [[own, own.remaining]])
        self.apply(card, "reversal", -7, reverses=undone, overdraw="debt")
        self.assertEqual(self.rest(card), [(1, 10), (2, 3)])
        card = self.card((10, None, day(9)))
        self.apply(
            card, "reversal", -10, reverses=Reversed(101, 10, 10, False, 0, 10, [[card.lots[0], 10]]), overdraw="debt"
        )
        self.assertEqual((card.balance, card.debt), (0, 0))
        card = self.card((10, None, None), holds=[(8, day(0))])
        self.apply(
            card, "reversal", -10, reverses=Reversed(101, 10, 10, False, 0, 10, [[card.lots[0], 10]]), overdraw="debt"
        )
        self.assertEqual((self.rest(card), card.debt), ([(1, 8)], 8))
        card = self.card((10, day(-1), None), holds=[(10, day(-5))])
        self.apply(
            card, "reversal", -10, reverses=Reversed(101, 10, 10, False, 0, 10, [[card.lots[0], 10]]), overdraw="debt"
        )
        self.assertEqual((self.rest(card), card.debt), ([(1, 10)], 10))
        self.assertInvariant(card)

    def test_reversal_order(self):
        """N4: last taken, first given back; what was never paid is cancelled before."""
        card = self.card(debt=3)
        card.redeemed, card.accumulated = 12, 9
        first, second = (Lot(number, 1, 100 + number, 10, 0, order=number) for number in (1, 2))
        undone = Reversed(99, -12, 0, True, 3, 12, [[first, 6], [second, 3]])
        for expected in ([(2, 1)], [(1, 2), (2, 3)], [(1, 6), (2, 3)]):
            self.apply(card, "reversal", 4, reverses=undone)
            self.assertEqual((card.debt, self.rest(card)), (0, expected))
            self.assertInvariant(card)
        self.assertEqual(card.redeemed, 0)
        self.assertRefused("over_reversed", self.apply, card, "reversal", 1, reverses=undone)

    def test_grace(self):
        """N4: points that come back too late get the program's days of grace in a lot of their own."""
        card = self.card(terms=Terms(grace=14))
        late = Lot(7, 1, 107, 10, 0, None, day(-20), order=7)
        card.redeemed, card.accumulated = 10, 10
        entry = self.apply(card, "reversal", 6, reverses=Reversed(99, -10, 0, True, 0, 10, [[late, 10]]))
        (lot,) = card.lots
        self.assertEqual((lot.remaining, lot.expiry, lot.origin, entry.expiry), (6, day(14), 7, day(14)))
        self.assertInvariant(card)

    def test_rolling(self):
        """bP3: an earning renews all lots without date of their own; a grant does not, unless all had run out."""
        card = self.card((10, None, None), (10, day(3), None), terms=Terms("rolling", 10, "day"))
        card.earned_on(day(-8))
        self.assertEqual([card.lot_expiry(lot) for lot in card.lots], [day(2), day(3)])
        self.apply(card, "adjust", 1)
        self.assertEqual(card.last_earning, day(-8))
        self.apply(card, "earn", 1)
        self.assertEqual(card.lot_expiry(card.lots[-1]), day(10))
        self.apply(card, "redeem", -1)
        self.assertEqual(dict(self.rest(card))[2], 9)
        self.apply(card, "adjust", 5, at=day(40), today=day(40))
        self.assertEqual((card.balance, card.available(day(50)), card.available(day(51))), (5, 5, 0))

    def test_dates(self):
        """N13: the ledger judges at the movement's date, never later than today."""
        card = self.card((10, day(-2), None))
        self.apply(card, "redeem", -4, at=day(-2))
        self.assertEqual(card.balance, 6)
        self.assertRefused("insufficient", self.apply, card, "redeem", -4, at=day(-1))
        card = self.card((10, None, day(2)))
        self.assertRefused("insufficient", self.apply, card, "redeem", -4, at=day(5))

    def test_transfer(self):
        """N11: one debit, one credit for each lot, dates and origin kept; with everything, level and debt too."""
        terms = Terms()
        card = self.card((10, day(5), None), (10, None, day(5)), terms=terms)
        card.lifetime = 50
        other = Card(2, terms)
        self.apply(card, "transfer", -4, target=other)
        self.assertEqual([(lot.remaining, lot.expiry, lot.origin) for lot in other.lots], [(4, day(5), 1)])
        self.assertEqual((card.lifetime, other.lifetime), (50, 0))
        self.apply(card, "transfer", 0, target=other)
        self.assertEqual((card.balance, other.balance, card.lifetime, other.lifetime), (0, 20, 0, 50))
        self.assertEqual(
            [(entry.card.id, entry.points) for entry in self.plan.entries], [(1, -4), (2, 4), (1, -16), (2, 6), (2, 10)]
        )
        self.assertInvariant(card)
        self.assertInvariant(other)

    def test_transfer_of_debt(self):
        """N11, H23: a debt moves once, paid by the other card's points, also from a card past its date."""
        for expiry in (None, day(-1)):
            with self.subTest(expiry=expiry):
                terms = Terms()
                card = self.card(debt=30)
                card.terms, card.expiry = terms, expiry
                other = Card(2, terms)
                other.add_lot(Lot(9, 2, 109, 100, 100, order=9))
                other.balance = other.accumulated = 100
                self.apply(card, "transfer", 0, target=other)
                self.assertEqual((card.balance, card.debt, card.open_total), (0, 0, 0))
                self.assertEqual((other.balance, other.debt), (70, 0))
                self.assertInvariant(card)
                self.assertInvariant(other)

    def test_everything_but_reserved(self):
        """H23, N6: a card with reserved points cannot be emptied."""
        card = self.card((10, None, None), holds=[(1, day(0))])
        self.assertRefused("reserved", self.apply, card, "transfer", 0, target=Card(2, card.terms))

    def test_usable(self):
        """H8, H10, H22, H25: who may earn and spend on which card."""
        for setting, value, code in (
            ("closed", True, "closed"),
            ("start", day(1), "not_started"),
            ("expiry", day(-1), "expired"),
        ):
            with self.subTest(setting=setting):
                card = self.card()
                setattr(card, setting, value)
                self.assertRefused(code, self.apply, card, "earn", 1)
                self.assertRefused(code, self.apply, card, "redeem", -1)
                self.assertRefused(code, self.apply, card, "adjust", 1)
                self.apply(card, "external", -1, overdraw="debt")
        card = self.card()
        card.source = True
        self.assertRefused("linked", self.apply, card, "redeem", -1)

    def test_limit(self):
        """N13: a balance stays below the limit, up and down."""
        most = LIMIT * UNIT - 1
        card = self.card((most, None, None))
        self.assertRefused("limit", self.apply, card, "earn", 1)
        card = self.card(debt=most)
        self.assertRefused("limit", self.apply, card, "external", -1, overdraw="debt")

    def test_many_lots(self):
        """N13: a card with thousands of lots is consumed in order, once."""
        card = self.card(*((1, day(1 + number % 50), None) for number in range(5_000)))
        for __ in range(40):
            self.apply(card, "redeem", -100)
        expiries = [row[1].expiry for row in self.plan.consumptions]
        self.assertEqual(len(expiries), 4_000)
        self.assertEqual(expiries, sorted(expiries))
        self.assertInvariant(card)
