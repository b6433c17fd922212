from unittest.mock import patch

from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from ..tools.leaving import keep_demo_records
from ..tools.source import Source
from .common import LedgerCase


@tagged("post_install", "-at_install")
class TestForeignChanges(LedgerCase):
    """Other code assigns ``points``, as all of Odoo's own does: each change becomes an entry."""

    def entries(self, card=None):
        entries = self.Entry.search([("card_id", "=", (card or self.card).id)], order="id")
        return [(entry.kind, entry.points, entry.balance_after) for entry in entries]

    def test_creation_with_points(self):
        """P4: points that a new card is given are an entry, and a lot like all others."""
        card = self.make_card(points=25.5)
        self.assertEqual(self.entries(card), [("external", 25.5, 25.5)])
        self.assertEqual(self.open_lots(card), [(25.5, None, None)])
        self.assertBalances(card, points=25.5, available=25.5, accumulated=25.5)
        self.assertEqual(self.entries(self.make_card()), [])
        self.assertClean()

    def test_assignments(self):
        """P4, P5: each assignment is the entry of its difference; the same value again is none."""
        self.card.points = 100
        self.card.points += 30
        self.card.points -= 50
        self.card.points = 80
        self.assertEqual(self.entries(), [("external", 100, 100), ("external", 30, 130), ("external", -50, 80)])
        self.assertBalances(points=80, accumulated=80, redeemed=0)
        self.assertClean()

    def test_many_cards_at_once(self):
        """P4, S21: one write to many cards is one entry for each card that changes."""
        third = self.make_card(points=5)
        self.earn(10)
        (self.card + self.other + third).write({"points": 5})
        self.assertEqual(self.entries()[-1], ("external", -5, 5))
        self.assertEqual(self.entries(self.other), [("external", 5, 5)])
        self.assertEqual(len(self.entries(third)), 1)
        self.assertClean()

    def test_more_than_there_is(self):
        """P4: what other code already did is posted; the card owes the rest and an exception says so."""
        self.earn(10)
        self.card.points -= 25
        self.assertBalances(points=-15, debt=15, available=0)
        self.assertEqual(self.env["loyalty.exception"].search_count([("card_id", "=", self.card.id)]), 1)
        self.card.points = 0
        self.assertBalances(points=0, debt=0)
        self.assertClean()

    def test_not_a_number(self):
        """C21: what is no number of points is refused in words."""
        for points in (float("nan"), float("inf"), 1e12):
            with self.assertRaisesRegex(ValidationError, "not a number|too large"):
                self.card.write({"points": points})
        self.card.invalidate_recordset()
        self.assertBalances(points=0)

    def test_source_names_the_document(self):
        """S19: code that says where a change comes from gets its document, type and reason into the entry."""
        source = Source(document=("res.partner", self.partner.id), kind="earn", reason="Order S7")
        source.bind(self.card).points += 12
        self.assertRecordValues(
            self.Entry.search([("card_id", "=", self.card.id)]),
            [
                {
                    "kind": "earn",
                    "points": 12,
                    "res_model": "res.partner",
                    "res_id": self.partner.id,
                    "reason": "Order S7",
                }
            ],
        )

    def test_buffer_nets_one_event(self):
        """S19: changes inside one business event are collected, and code in between reads what it wrote."""
        self.earn(100)
        source = Source(kind="redeem", buffer={})
        card = source.bind(self.card)
        card.points += 700
        self.assertEqual(card.points, 800)
        card.points -= 700
        card.points -= 30
        self.assertEqual(card.points, 70)
        self.assertEqual(source.buffer, {card.id: -300_000})
        self.assertEqual(len(self.entries()), 1)
        self.env.flush_all()
        card.invalidate_recordset()
        self.assertEqual(card.points, 100)
        self.assertClean()

    def test_copies_carry_no_points(self):
        """P4: a duplicated card is empty."""
        self.earn(10)
        copy = self.card.copy({"code": "foreign-copy"})
        self.assertBalances(copy, points=0, available=0, accumulated=0)
        self.assertEqual(self.entries(copy), [])

    def test_form_keeps_balances(self):
        """H17: saving the card's form changes no balance."""
        self.earn(10)
        with Form(self.card) as form:
            form.expiration_date = "2026-12-31"
        self.assertBalances(points=10)
        self.assertEqual(len(self.entries()), 1)

    def test_withdrawn_cards(self):
        """S5: code that deletes cards deletes the unused ones; used ones are emptied and archived."""
        self.earn(10)
        owing = self.make_card(points=-4)
        cards = self.card + self.other + owing
        cards.sudo().unlink()
        self.assertEqual(cards.exists(), self.card + owing)
        self.assertEqual((self.card + owing).mapped("active"), [False, False])
        self.assertBalances(points=0)
        self.assertBalances(owing, points=0, debt=0)
        self.assertClean()

    def test_coupons_have_no_ledger(self):
        """P4: coupons and promotions stay as Odoo has them."""
        program = self.make_program(program_type="coupons", trigger="with_code", applies_on="current")
        coupon = self.make_card(program, points=3)
        coupon.points += 1.5
        self.assertFalse(coupon.ledgered)
        self.assertEqual((coupon.points, coupon.available_points, self.entries(coupon)), (4.5, 4.5, []))
        with self.assertRaisesRegex(ValidationError, "is not tracked in the points ledger"):
            self.earn(1, coupon)
        coupon.unlink()
        self.assertFalse(coupon.exists())

    def test_program_that_becomes_ledgered(self):
        """N12: a program gets a ledger only while its cards are empty, and then they are under it."""
        program = self.make_program(program_type="coupons", trigger="with_code", applies_on="current")
        coupon = self.make_card(program, points=3)
        with self.assertRaisesRegex(ValidationError, "has cards with points"):
            program.program_type = "loyalty"
        program.invalidate_recordset()
        coupon.points = 0
        program.program_type = "loyalty"
        coupon.invalidate_recordset()
        self.assertTrue(coupon.ledgered)
        coupon.points += 5
        self.assertEqual(self.entries(coupon), [("external", 5, 5)])
        self.assertClean()

    def test_demonstration_cards_stay(self):
        """N12: removing the add-on leaves the cards of its demonstration data, which may be in use by then."""
        names = {"demo_program_left": self.program, "demo_card_left": self.card, "other_card_left": self.other}
        self.env["ir.model.data"].create(
            [
                {"module": "loyalty_ledger", "name": name, "model": record._name, "res_id": record.id}
                for name, record in names.items()
            ]
        )
        self.earn(10)
        keep_demo_records(self.env, "loyalty_ledger")
        self.assertFalse(self.env.ref("loyalty_ledger.demo_program_left", raise_if_not_found=False))
        self.assertFalse(self.env.ref("loyalty_ledger.demo_card_left", raise_if_not_found=False))
        self.assertEqual(self.env.ref("loyalty_ledger.other_card_left"), self.other)
        self.assertBalances(points=10, available=10)

    def test_numbers_that_exist(self):
        """N14: a number that Odoo draws twice, or that a card has already, is drawn again: many cards are created at once."""
        taken = self.make_card().code
        drawn = iter([taken, "0441", "0441", "0442", "0443"])
        with patch.object(type(self.env["loyalty.card"]), "_generate_code", lambda self: next(drawn)):
            cards = self.env["loyalty.card"].create([{"program_id": self.program.id} for __ in range(3)])
        self.assertEqual(cards.mapped("code"), ["0441", "0442", "0443"])

    def test_numbers_run_out(self):
        """N29: where only numbers are drawn that cards have already, creating cards ends with an error."""
        drawn = iter([self.make_card().code] * 100)
        with (
            patch.object(type(self.env["loyalty.card"]), "_generate_code", lambda self: next(drawn)),
            self.assertRaisesRegex(UserError, "No free number was found"),
        ):
            self.env["loyalty.card"].create([{"program_id": self.program.id} for __ in range(3)])

    def test_number_of_one_card(self):
        """N29: one card alone is created without asking whether its number is free; a constraint says so."""
        self.patch(type(self.env.cr), "execute", _refuse_asking_for_numbers(type(self.env.cr).execute))
        self.assertTrue(self.make_card().code)


def _refuse_asking_for_numbers(execute):
    def run(cursor, query, *args, **kwargs):
        if "SELECT code FROM loyalty_card" in getattr(query, "code", str(query)):
            raise AssertionError("asked for the numbers of cards")
        return execute(cursor, query, *args, **kwargs)

    return run
