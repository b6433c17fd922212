from lxml import etree
from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .register_common import RegisterCase


@tagged("post_install", "-at_install")
class TestRegister(RegisterCase):
    """Numbers, customers, dates and life of a card."""

    def new_card(self, **values):
        with self.card_form() as form:
            form.program_id = self.program
            for name, value in values.items():
                form[name] = value
        return form.record

    # --- the register --------------------------------------------------------------------------------------------

    def test_register_lists_every_ledgered_card(self):
        """H1, S4: every card issued is in the register with its type and details; coupons are not."""
        coupons = self.make_program(name="Coupons", program_type="coupons")
        coupon = self.make_card(coupons)
        gift = self.make_card(self.make_program(name="Gift", program_type="gift_card"), partner_id=False)
        action = self.env["ir.actions.act_window"]._for_xml_id("loyalty_ledger.loyalty_card_register_action")
        listed = self.Card.with_user(self.user).search([("ledgered", "=", True)])
        self.assertEqual(action["domain"], "[('ledgered', '=', True)]")
        self.assertIn(self.card, listed)
        self.assertIn(gift, listed)
        self.assertNotIn(coupon, listed)
        self.assertEqual(gift.program_type, "gift_card")

    def test_only_cards_of_the_register_move_points(self):
        """H2: points can be earned and paid only on a card that is in the register."""
        ghost = self.card.id + 1_000_000
        for kind, points in (("earn", 5), ("redeem", -5)):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                self.Card._post_entries([{"card_id": ghost, "kind": kind, "points": points, "key": f"ghost:{kind}"}])

    # --- number --------------------------------------------------------------------------------------------------

    def test_number_is_given_at_first_save(self):
        """H3, H5, S16: a draft has no number; two open drafts get two different ones when they are saved."""
        first, second = self.card_form(), self.card_form()
        self.assertFalse(first.code)
        self.assertFalse(second.code)
        for form in (first, second):
            form.program_id = self.program
            form.save()
        self.assertTrue(first.record.code)
        self.assertNotEqual(first.record.code, second.record.code)

    def test_number_can_come_from_a_printed_range(self):
        """H4, S17: the number is editable, before and after the first save, but never to one in use."""
        card = self.new_card(code="5901234123457")
        self.assertEqual(card.code, "5901234123457")
        with self.card_form(card) as form:
            form.code = "5901234123464"
        self.assertEqual(card.code, "5901234123464")
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.env.cr.savepoint():
            card.with_user(self.manager).code = self.card.code
            card.flush_recordset()

    def test_discarding_leaves_no_card(self):
        """H26: a form that is not saved leaves nothing, not even a number."""
        count = self.Card.search_count([])
        form = self.card_form()
        form.program_id = self.program
        form.partner_id = self.partner
        self.assertEqual(self.Card.search_count([]), count)

    # --- customer ------------------------------------------------------------------------------------------------

    def test_customer_must_exist(self):
        """H6: a card cannot name a customer that does not exist."""
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.make_card(partner_id=self.partner.id + 1_000_000)

    def test_customer_name_follows(self):
        """H7: the card shows the customer's present name."""
        card = self.new_card(partner_id=self.partner)
        self.partner.name = "Ann Archer"
        self.assertEqual(self.card_form(card).partner_id.display_name, "Ann Archer")

    # --- dates ---------------------------------------------------------------------------------------------------

    def test_start_date_is_the_first_usable_day(self):
        """H8: a card earns from its start date on; an empty date means at once."""
        card = self.new_card(start_date="2026-03-16")
        self.assertEqual(card.status, "not_started")
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.earn(5, card)
        with self.on("2026-03-16"):
            self.earn(5, card)
            self.assertEqual(card.status, "open")
        undated = self.new_card()
        self.earn(5, undated)
        self.assertBalances(undated, points=5, available=5)

    def test_start_date_is_locked_once_used(self):
        """H9: after the first use the start date cannot change, neither in the form nor otherwise."""
        card = self.new_card(start_date="2026-03-01")
        self.earn(5, card)
        with self.assertRaises(AssertionError), self.card_form(card) as form:
            form.start_date = "2026-03-02"
        with self.assertRaises(ValidationError):
            card.with_user(self.manager).start_date = "2026-03-02"

    def test_expiry_date_is_the_last_usable_day(self):
        """H10, S22: the card pays on its expiry date and not on the day after; an empty date means no limit."""
        card = self.new_card(expiration_date="2026-03-20")
        self.earn(50, card)
        with self.on("2026-03-20"):
            self.assertEqual(card.available_points, 50)
            self.redeem(10, card)
        with self.on("2026-03-21"):
            self.assertEqual(card.status, "expired")
            self.assertEqual(card.available_points, 0)
            with self.assertRaises(UserError), self.env.cr.savepoint():
                self.redeem(10, card)
        self.assertFalse(self.card.expiration_date)

    def test_expiry_date_of_a_used_card(self):
        """H11, H12: once used the expiry can move, but not go away and not before the last use."""
        card = self.new_card(expiration_date="2026-12-31")
        self.earn(5, card)
        card = card.with_user(self.manager)
        with self.assertRaises(ValidationError):
            card.expiration_date = False
        with self.assertRaises(ValidationError):
            card.expiration_date = "2026-03-14"
        with self.card_form(card) as form:
            form.expiration_date = "2026-03-15"
        self.assertEqual(card.expiration_date.isoformat(), "2026-03-15")

    # --- closing, deleting, points-to ------------------------------------------------------------------------------

    def test_closed_card_is_unusable_until_reopened(self):
        """H25: a closed card can neither earn nor redeem points; reopened it has the balance it had. Both are in its
        chatter."""
        self.earn(40)
        card = self.card.with_user(self.manager)
        card.action_close()
        self.assertEqual((card.closed, card.status, card.available_points), (True, "closed", 0))
        for action in (self.earn, self.redeem):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                action(5)
        card.action_reopen()
        self.assertBalances(points=40, available=40)
        notes = " ".join(card.message_ids.mapped("body"))
        self.assertIn("Card closed", notes)
        self.assertIn("Card reopened", notes)

    def test_close_asks_to_settle_reserved_points_first(self):
        """H25: a card with reserved points is not closed behind the back of the document."""
        self.earn(40)
        hold = self.card._hold(10, "test:close", None)
        with self.assertRaises(UserError):
            self.card.with_user(self.manager).action_close()
        hold._release()
        self.card.with_user(self.manager).action_close()
        self.assertTrue(self.card.closed)

    def test_unused_cards_are_deleted_and_used_ones_archived(self):
        """S5: a manager deletes a card that was never used; a used one can only be archived, with its history."""
        self.other.with_user(self.manager).unlink()
        self.assertFalse(self.other.exists())
        self.earn(5)
        with self.assertRaises(UserError):
            self.card.with_user(self.manager).unlink()
        self.card.with_user(self.manager).action_archive()
        self.assertEqual((self.card.active, self.card.status, len(self.card.entry_ids)), (False, "archived", 1))
        self.assertClean()

    def test_archived_cards_neither_earn_nor_pay(self):
        """S5, H8: an archived card earns and pays nothing and says why; corrections, expiry and transfers go on."""
        spent = self.earn(50) and self.redeem(10)
        self.card.with_user(self.manager).action_archive()
        self.assertBalances(points=40, available=0)
        for kind, points in (("earn", 5), ("redeem", -5)):
            with self.assertRaisesRegex(ValidationError, f"Card {self.card.code} is archived"):
                self.post(self.card, kind, points)
        with self.assertRaisesRegex(ValidationError, "is archived"):
            self.card._hold(5, "test:archived", None)
        self.reverse(spent)
        self.post(self.card, "external", -5)
        self.post(self.card, "adjust", 2)
        self.post(self.card, "adjust", -2)
        self.post(self.card, "redate", 0, expiration_date="2026-03-15")
        self.post(self.card, "transfer", -20, target_card_id=self.other.id)
        self.assertBalances(points=25, available=0)
        with self.on("2026-03-16"):
            self.card._refresh_ledger()
        self.assertBalances(points=0)
        self.card.with_user(self.manager).action_unarchive()
        self.earn(5)
        self.assertBalances(points=5, available=5)
        self.assertClean()

    def test_only_managers_archive_used_cards(self):
        """S5: users archive unused cards only, and bring no used one back; code of the server archives any."""
        unused, card = self.other.with_user(self.user), self.card.with_user(self.user)
        unused.action_archive()
        unused.action_unarchive()
        self.earn(5)
        for refused in (card.action_archive, lambda: card.write({"active": False})):
            with self.assertRaisesRegex(AccessError, f"Only a loyalty manager .* of card {self.card.code}"):
                refused()
        self.assertTrue(self.card.active)
        card.sudo().action_archive()
        with self.assertRaises(AccessError):
            card.action_unarchive()
        self.card.with_user(self.manager).action_unarchive()
        self.assertTrue(self.card.active)

    def test_who_issues_a_card_decides_no_level_and_no_other_card(self):
        """H17, H18, S20: users issue cards on the first level that keep their own points; managers decide otherwise."""
        self.program.level_ids = [
            Command.create({"name": name, "min_points": points}) for name, points in (("Silver", 0), ("Gold", 100))
        ]
        silver, gold = self.program.level_ids
        issued = self.Card.with_user(self.user)
        values = {"program_id": self.program.id, "level_id": silver.id, "points_to_id": False}
        self.assertEqual(issued.create(values).level_id, silver)
        for name, value in (("level_id", gold.id), ("points_to_id", self.other.id)):
            with self.assertRaisesRegex(AccessError, "Only a loyalty manager can choose the"):
                issued.create({**values, name: value})
            self.assertEqual(issued.with_user(self.manager).create({**values, name: value})[name].id, value)

    def test_unused_program_is_deleted_and_a_used_one_archived(self):
        """S4, S5: the same for card types: one with cards stays and is archived."""
        empty = self.make_program(name="Empty")
        empty.active = False
        empty.unlink()
        self.assertFalse(empty.exists())
        self.earn(5)
        self.program.action_archive()
        with self.assertRaisesRegex(UserError, "has transactions in the points ledger"):
            self.program.unlink()
        self.assertTrue(self.program.exists())

    def test_points_to_itself_or_in_a_circle(self):
        """H27: a card never is linked to itself, nor do two cards to each other."""
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            self.card.with_user(self.manager).points_to_id = self.card
        with self.card_form(self.card) as form:
            form.points_to_id = self.other
        self.assertEqual(self.card.status, "linked")
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            self.other.with_user(self.manager).points_to_id = self.card

    # --- who may -------------------------------------------------------------------------------------------------

    def test_users_issue_cards_and_managers_run_them(self):
        """H1, H25: a loyalty user issues cards; closing and redating is for managers."""
        with self.card_form(user=self.user) as form:
            form.program_id = self.program
            form.partner_id = self.partner
        card = form.record.with_user(self.user)
        for refused in (card.action_close, card.action_reopen):
            with self.assertRaises(AccessError):
                refused()
        for values in ({"closed": True}, {"expiration_date": "2026-12-31"}, {"points_to_id": self.other.id}):
            with self.assertRaises(AccessError):
                card.write(values)

    def test_coupons_keep_their_form(self):
        """H1: coupons have no ledger: their form works as before, without its fields and buttons."""
        program = self.make_program(
            name="Coupons", program_type="coupons", reward_ids=[Command.clear(), Command.create({"discount": 5})]
        )
        coupon = self.make_card(program, points=3)
        with self.card_form(coupon) as form:
            form.expiration_date = "2026-12-31"
            for name in ("level_id", "points_to_id", "is_default", "start_date"):
                self.assertTrue(form._get_modifier(name, "invisible"), name)
        self.assertEqual((coupon.points, coupon.available_points), (3, 3))
        with self.assertRaises(UserError):
            coupon.with_user(self.manager).action_close()

    def test_history_lines(self):
        """N29, S12: Odoo's history, which misses most of what happens to points, shows on cards without a ledger only."""
        arch = etree.fromstring(self.Card.with_user(self.manager).get_view(view_type="form")["arch"])
        (page,) = arch.xpath("//page[.//field[@name='history_ids']]")
        self.assertEqual(page.get("invisible"), "ledgered or not id")

    def test_copy(self):
        """N29, H5: a duplicate is a new card of the customer: no level, points, dates, default, closing or link."""
        levels = self.make_levels()
        master = self.make_card()
        card = self.make_card(
            level_id=levels[2].id,
            start_date="2026-01-01",
            expiration_date="2027-01-01",
            is_default=True,
        )
        card._post_entries([{"card_id": card.id, "kind": "opening", "points": 700, "key": "copy"}])
        self.assertEqual(card.level_id, levels[2])
        closed = self.make_card()
        closed.action_close()
        linked = self.make_card(points_to_id=master.id)
        for original in (card, closed, linked):
            copy = original.with_user(self.manager).copy()
            self.assertRecordValues(
                copy,
                [
                    {
                        "partner_id": self.partner.id,
                        "program_id": self.program.id,
                        "level_id": levels[0].id,
                        "points": 0,
                        "accumulated_points": 0,
                        "start_date": False,
                        "expiration_date": False,
                        "is_default": False,
                        "closed": False,
                        "points_to_id": False,
                        "ledger_revision": 0,
                        "last_use_date": False,
                        "active": True,
                    }
                ],
            )
            self.assertNotEqual(copy.code, original.code)
        self.assertTrue(card.is_default)

    def test_no_program_to_choose(self):
        """A new card says so where there is no program that it could belong to; cards of the ledger need one with a ledger."""
        New = self.env["loyalty.card"]
        for card in (New.new(), New.with_context(loyalty_register=True).new(), self.card):
            self.assertFalse(card.lacks_program)
        programs = self.env["loyalty.program"].search([])
        programs.active = False
        for card in (New.new(), New.with_context(loyalty_register=True).new()):
            self.assertTrue(card.lacks_program)
        self.assertFalse(self.card.lacks_program, "it has its program")
        arch = etree.fromstring(self.env["loyalty.card"].with_user(self.manager).get_view(view_type="form")["arch"])
        (banner,) = arch.xpath("//div[@invisible='not lacks_program']")
        self.assertTrue(banner.xpath(".//a[@invisible='not can_manage']"))
        self.make_program(name="Summer Coupons", program_type="coupons")
        self.assertFalse(New.new().lacks_program)
        self.assertTrue(New.with_context(loyalty_register=True).new().lacks_program)
