from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.exceptions import UserError, ValidationError
from odoo.tests import BaseCase, Form, tagged

from odoo.addons.loyalty_ledger.ledger.rounding import exact, to_cents

from ..books.points import money_to_points, part_within, part_worth, points_to_money, points_typed, points_within
from .redemption_common import RedemptionCase

quick = settings(max_examples=150, deadline=None)
values = st.integers(min_value=1, max_value=3_000_000).map(lambda value: value / 10**6)
units = st.sampled_from([0.01, 0.01, 0.05, 0.001, 1.0])
counts = st.integers(min_value=0, max_value=10**6)


@tagged("post_install", "-at_install")
class TestPointsRounding(BaseCase):
    """N29: points to money rounds down, money to points rounds up, in exact numbers."""

    def test_examples(self):
        """N29, C19, C20: 1 point worth 0.005 pays nothing, 2 pay 0.01; an amount takes as many points as it needs."""
        self.assertEqual([points_to_money(points, 0.005) for points in (1, 2, 3, 4)], [0.0, 0.01, 0.01, 0.02])
        self.assertEqual(points_to_money(3, 0.335), 1.0)
        self.assertEqual(points_to_money(1, 0.7, 1), 0.0)
        self.assertEqual(points_to_money(-3, 1), 0.0)
        self.assertEqual(money_to_points(33.33, 0.01), 3333)
        self.assertEqual(money_to_points(2.55, 0.1), 26)
        self.assertEqual(money_to_points(0.29, 0.01), 29)
        self.assertEqual(money_to_points(0.1 + 0.2, 0.1), 3, "the noise of floats is no money")
        self.assertEqual((money_to_points(-1, 0.01), money_to_points(1, 0)), (0, 0))
        self.assertEqual(points_within(2.5, 0.03), 83)
        self.assertEqual(points_within(1.0, 0.001), 1000, "1,009 points would pay the same")
        self.assertEqual(points_within(1.0, 0.335), 3, "worth 1.005, which pays 1.00")
        self.assertEqual(points_within(100, 0.005, available=3.9), 2)
        self.assertEqual(points_within(100, 0.005, available=1), 0)

    def test_typed_amounts(self):
        """N29, C20: a typed amount takes the points that cover at least it; where that is too much, what can be
        paid."""
        self.assertEqual(points_typed(1.0, 10.0, 0.03), 34)
        self.assertEqual(points_typed(1.0, 1.0, 0.03), 33)
        self.assertEqual(points_typed(2.0, 1.0, 0.03), 67, "more than is due is refused, not changed")

    @quick
    @given(st.lists(counts, min_size=1, max_size=6), values, units)
    def test_who_splits_gets_no_more(self, parts, value, unit):
        """N29: several redemptions never pay more than one of all their points."""
        split = sum(to_cents(points_to_money(points, value, unit), unit) for points in parts)
        self.assertLessEqual(split, to_cents(points_to_money(sum(parts), value, unit), unit))

    @quick
    @given(counts, values, units)
    def test_there_and_back(self, cents, value, unit):
        """N29: the points of an amount pay at least it, and one point less does not."""
        most = int(10**10 * exact(value) / exact(unit))  # what the points of a card can pay
        amount = min(cents, most) * exact(unit)
        points = money_to_points(float(amount), value, unit)
        self.assertGreaterEqual(exact(points_to_money(points, value, unit)), amount)
        if points:
            self.assertLess(exact(points_to_money(points - 1, value, unit)), amount)
        self.assertLessEqual(exact(points_to_money(points, value, unit)), points * exact(value))

    @quick
    @given(counts, values, units, st.integers(min_value=0, max_value=5000))
    def test_what_is_offered(self, cents, value, unit, available):
        """N29, C21: what is offered never pays more than is due, no other number pays more, and no smaller one as much."""
        amount = float(cents * exact(unit))
        points = points_within(amount, value, unit, available)
        paid = points_to_money(points, value, unit)
        self.assertLessEqual(points, available)
        self.assertLessEqual(paid, amount)
        if points:
            self.assertLess(points_to_money(points - 1, value, unit), paid)
        if points < available:
            more = min(available, points + int(Fraction(exact(unit)) / exact(value)) + 1)
            next_paid = points_to_money(more, value, unit)
            self.assertTrue(next_paid == paid or next_paid > amount)

    @quick
    @given(counts, st.lists(st.integers(min_value=1, max_value=500), min_size=1, max_size=6))
    def test_parts_of_a_reservation(self, cents, parts):
        """N29: anybody who takes a reservation in parts and gives up the rest gets no more than the part is worth."""
        amount, whole = float(Fraction(cents, 100)), sum(parts)
        for part in parts:
            worth = exact(part_worth(amount, part, whole))
            self.assertLessEqual(worth, exact(amount) * part / whole)
        self.assertEqual(part_worth(amount, whole, whole), amount)

    @quick
    @given(counts, counts, st.integers(min_value=1, max_value=3000))
    def test_part_that_is_due(self, due, cents, whole):
        """N29: of a reservation an invoice takes as many points as pay what is due, and none that pays nothing."""
        due, amount = due / 100, cents / 100
        points = part_within(due, amount, whole)
        paid = part_worth(amount, points, whole)
        self.assertLessEqual(points, whole)
        if due < amount:
            self.assertLessEqual(paid, due)
            if points:
                self.assertLess(part_worth(amount, points - 1, whole), paid)
            larger = [part_worth(amount, number, whole) for number in range(points + 1, min(whole, points + 50))]
            self.assertFalse([worth for worth in larger if paid < worth <= due])


@tagged("post_install", "-at_install")
class TestSmallValue(RedemptionCase):
    """A point that is worth less than the currency's unit: 0.005."""

    point_value = 0.005

    def dialog(self, move):
        return Form(self.env["loyalty.apply.points"].with_user(self.clerk).with_context(default_move_id=move.id))

    def register(self, move):
        wizard = Form(
            self.env["account.payment.register"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=move.ids)
        )
        wizard.journal_id = self.loyalty_journal
        return wizard

    def test_single_points_pay_nothing(self):
        """N29: four times 1 point covers nothing and takes nothing, 2 points cover 0.01, 4 pay 0.02; the message says
        so."""
        move = self.make_invoice(self.line(100, 15), post=True)
        for _time in range(4):
            with self.assertRaisesRegex(
                UserError, "Redeem at least 2 points, which are worth .*0.01.* 1 would be worth nothing"
            ):
                self.apply_points(move, 1)
        self.assertEqual((move.amount_residual, self.card.points), (115.0, 1000))
        self.apply_points(move, 2)
        self.assertEqual((move.amount_residual, self.card.points), (114.99, 998))
        self.apply_points(move, 4)
        self.assertEqual((move.amount_residual, self.card.points), (114.97, 994))

    def test_drafts(self):
        """N29: a draft reserves no points that cover nothing."""
        draft = self.make_invoice(self.line(100, 15))
        with self.assertRaisesRegex(UserError, "Redeem at least 2 points"):
            self.apply_points(draft, 1)
        self.assertEqual(self.card.available_points, 1000)
        self.apply_points(draft, 3)
        self.assertEqual(draft.loyalty_amount_reserved, 0.01)

    def test_dialog(self):
        """N29, C21: the dialog offers no point that pays nothing, and says what is wrong while it is typed."""
        dialog = self.dialog(self.make_invoice(self.line(0.01, 0), post=True))
        self.assertEqual((dialog.maximum_points, dialog.points, dialog.amount), (2, 2, 0.01))
        dialog.points = 1
        self.assertEqual(dialog.amount, 0.0)
        self.assertIn("Redeem at least 2 points", dialog.notice)
        dialog.amount = 0.01
        self.assertEqual(dialog.points, 2)
        self.assertFalse(dialog.notice)
        self.card._post_entries([{"card_id": self.card.id, "kind": "redeem", "points": -999, "key": "spent"}])
        dialog = self.dialog(self.make_invoice(self.line(100, 15), post=True))
        self.assertEqual((dialog.maximum_points, dialog.points), (0, 0))
        self.assertIn("Redeem at least 2 points", dialog.notice)

    def test_typed_money(self):
        """N29, C20: typed money is rounded up to whole points, but never above what is due."""
        self.program.point_value = 0.03
        dialog = self.dialog(self.make_invoice(self.line(100, 15), post=True))
        dialog.amount = 1.0
        self.assertEqual((dialog.points, dialog.amount), (34, 1.02))
        dialog = self.dialog(self.make_invoice(self.line(1, 0), post=True))
        self.assertEqual((dialog.points, dialog.amount), (33, 0.99))
        dialog.points = 1
        dialog.amount = 1.0
        self.assertEqual((dialog.points, dialog.amount), (33, 0.99))

    def test_register_payment(self):
        """N29: Register Payment rounds alike, and refuses what pays nothing."""
        move = self.make_invoice(self.line(100, 15), post=True)
        wizard = self.register(move)
        wizard.amount = 0.03
        self.assertEqual((wizard.loyalty_points, wizard.amount), (6, 0.03))
        wizard.loyalty_points = 1
        self.assertIn("Redeem at least 2 points", wizard.loyalty_notice)
        wizard.loyalty_points = 3
        self.assertEqual(wizard.amount, 0.01)
        self.assertFalse(wizard.loyalty_notice)
        wizard.save().action_create_payments()
        self.assertEqual((move.amount_residual, self.card.points), (114.99, 997))

    def test_payment(self):
        """N29: a payment of its own with points that cover nothing is refused, and one that pays more than they are
        worth."""
        move = self.make_invoice(self.line(100, 15), post=True)
        vals = move._prepare_loyalty_payment_vals(self.card, 1, 0.0)
        with self.assertRaisesRegex(ValidationError, "Redeem at least 2 points"):
            self.env["account.payment"].with_user(self.clerk).create(vals)
        vals = move._prepare_loyalty_payment_vals(self.card, 3, 0.02)
        with self.assertRaisesRegex(ValidationError, "3 points are worth .*0.01.* not .*0.02"):
            self.env["account.payment"].with_user(self.clerk).create(vals)

    def test_program_says_so(self):
        """N29: the program, its books and Set Up Accounting say that single points cover nothing, later values
        included."""
        notice = "at least 2 points must be redeemed"
        self.assertIn(notice, self.program.point_value_notice)
        setup = self.env["loyalty.account.setup"].create(
            {"program_id": self.program.id, "accounting_policy": "redemption", "vat_mode": "tender"}
        )
        self.assertIn(notice, setup.point_value_notice)
        form = Form(self.program)
        form.point_value = 0.01
        self.assertFalse(form.point_value_notice)
        form.point_value = 0.001
        self.assertIn("at least 10 points must be redeemed", form.point_value_notice)
        self.program.point_value = 0.01
        self.assertFalse(self.program.point_value_notice)
        self.program.point_value_ids = [(0, 0, {"date": "2099-01-01", "point_value": 0.004})]
        self.assertIn("at least 3 points must be redeemed", self.program.point_value_notice)
