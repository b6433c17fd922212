from odoo import Command
from odoo.tests import Form, tagged

from .register_common import RegisterCase


@tagged("post_install", "-at_install")
class TestRegisterLevels(RegisterCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.one, cls.two, cls.three = cls.make_levels()
        cls.fresh = cls.make_card()

    def test_default_level_is_the_first_row(self):
        """H13: a new card shows the first row of the structure."""
        self.assertEqual(self.card_form(self.fresh).level_id, self.one)

    def test_thresholds(self):
        """H14, H15: 100 is level one, 101 and 500 level two, 501 level three, set again at each use."""
        for points, level in ((100, self.one), (1, self.two), (399, self.two), (1, self.three)):
            self.earn(points, self.fresh)
            self.assertEqual(self.fresh.level_id, level, self.fresh.points)

    def test_manual_level_lasts_until_the_next_use(self):
        """H16: a manager may set another level; the next use sets it back."""
        with self.card_form(self.fresh) as form:
            form.level_id = self.three
        self.assertEqual(self.fresh.level_id, self.three)
        self.earn(5, self.fresh)
        self.assertEqual(self.fresh.level_id, self.one)

    def test_level_change_is_noted_on_the_card(self):
        """H14: the chatter of the card says from which level to which."""
        card = self.fresh.with_context(tracking_disable=False)
        card._post_entries([self.op(card, "earn", 200)])
        self.assertIn("One → Two", " ".join(self.fresh.message_ids.mapped("body")))

    def test_number_of_purchases(self):
        """bS3: with basis purchases, the third invoice lifts the card; its customer gets the tag of the level."""
        tag = self.env["res.partner.category"].create({"name": "Gold mailing"})
        with Form(self.program.with_user(self.manager), view="loyalty.loyalty_program_view_form") as form:
            form.level_basis = "invoices"
            with form.level_ids.edit(1) as line:
                line.min_points = 3
                line.partner_category_id = tag
        card = self.fresh
        for number in range(1, 4):
            self.assertEqual(card.level_id, self.one)
            self.assertNotIn(tag, self.partner.category_id)
            self.earn(10, card, document=("res.partner", self.partner.id + number))
        self.assertEqual(card.level_id, self.two)
        self.assertIn(tag, self.partner.category_id)

    def test_rate_as_divisor(self):
        """bS2: one point per 50 is 0.02 per unit: 320 bring 6.40."""
        self.program.rule_ids = [Command.create({"reward_point_mode": "money", "reward_point_amount": 1})]
        rule = self.program.rule_ids
        self.assertEqual(rule.currency_per_point, 1)
        with Form(rule.with_user(self.manager), view="loyalty.loyalty_rule_view_form") as form:
            form.currency_per_point = 50
            self.assertAlmostEqual(form.reward_point_amount, 0.02)
        self.assertAlmostEqual(320 * rule.reward_point_amount, 6.40)
        rule.reward_point_amount = 0.25
        self.assertEqual(rule.currency_per_point, 4)

    def test_frozen_program_says_so(self):
        """S4: with transactions the type of the program is read-only in its form, with the explanation there."""
        view = "loyalty.loyalty_program_view_form"
        program = self.make_program(name="Fresh")
        self.assertFalse(Form(program.with_user(self.manager), view=view).has_entries)
        card = self.make_card(program)
        self.earn(5, card)
        form = Form(program.with_user(self.manager), view=view)
        self.assertTrue(form.has_entries)
        self.assertTrue(form._get_modifier("program_type", "readonly"))
        self.assertTrue(form._get_modifier("currency_id", "readonly"))

    def test_multiplier_for_those_who_see_no_program(self):
        """N29, H13: anybody who sees a level or a card, but no programs, reads its multiplier all the same."""
        self.two.multiplier = 2
        self.program.issue_on = "paid"
        card = self.make_card(level_id=self.two.id)
        internal = self.make_user("sees_levels", "base.group_user")
        self.assertFalse(self.program.with_user(internal).has_access("read"))
        self.env.invalidate_all()
        self.assertRecordValues(self.two.with_user(internal), [{"multiplier_used": True, "multiplier_notice": False}])
        self.assertEqual(card.with_user(self.user).level_multiplier, 2)
