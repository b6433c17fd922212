from base64 import b64encode

from lxml import etree

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .test_adjust import AdjustCase


class ImportMixin:
    def import_file(self, text, run=True, **values):
        """A file of the manager, imported as far as it may be, or only checked."""
        record = (
            self.env["loyalty.balance.import"]
            .with_user(self.manager)
            .create({"data": b64encode(text.encode()), "program_id": self.program.id, "reason": "Old", **values})
        )
        if run:
            record.action_import()
        else:
            record.action_check()
        return record


@tagged("post_install", "-at_install")
class TestAdjustmentApproval(ImportMixin, AdjustCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = new_test_user(cls.env, "second_manager", "base.group_user,loyalty_ledger.group_loyalty_manager")
        cls.env.company.loyalty_adjustment_limit = 100

    def request(self, **values):
        adjustment = self.adjust(**values).adjustment_id
        self.assertEqual(adjustment.state, "waiting")
        return adjustment

    def test_credited_card(self):
        """The request names the credited card only where that is another than the chosen one."""
        self.assertFalse(self.request(points=150).has_linked)
        self.card.points_to_id = self.other
        self.assertTrue(self.request(points=150).has_linked)

    def test_on_a_phone(self):
        """The cards of a phone's list have the buttons that their rows have, and a requester can withdraw there."""
        for model, names in (
            ("loyalty.adjustment", {"action_approve", "action_withdraw"}),
            ("loyalty.hold", {"action_release"}),
        ):
            view = etree.fromstring(self.env[model].with_user(self.manager).get_view(view_type="kanban")["arch"])
            self.assertLessEqual(names, set(view.xpath(".//button/@name")))

    def test_below_limit(self):
        """N10: up to the limit an adjustment is posted at once."""
        self.adjust(points=100)
        self.assertBalances(points=100)

    def test_approval(self):
        """N10: above the limit nothing is posted until another manager approves; then once."""
        adjustment = self.request(points=150)
        self.assertBalances(points=0)
        self.assertRecordValues(
            adjustment.line_ids, [{"card_id": self.card.id, "before": 0, "change": 150, "after": 150}]
        )
        self.assertIn(self.second, adjustment.activity_ids.user_id)
        self.assertNotIn(self.manager, adjustment.activity_ids.user_id)
        with self.assertRaisesRegex(UserError, "Another manager"):
            adjustment.with_user(self.manager).action_approve()
        with self.assertRaises(AccessError):
            adjustment.with_user(self.clerk).action_approve()
        self.assertBalances(points=0)
        adjustment.with_user(self.second).action_approve()
        adjustment.with_user(self.second).action_approve()
        self.assertBalances(points=150)
        self.assertRecordValues(
            self.card.entry_ids,
            [
                {
                    "res_model": "loyalty.adjustment",
                    "res_id": adjustment.id,
                    "reason": "Goodwill",
                    "author_id": self.second.id,
                }
            ],
        )
        self.assertRecordValues(adjustment, [{"requester_id": self.manager.id, "approver_id": self.second.id}])
        self.assertFalse(adjustment.activity_ids)

    def test_points_of_several_programs_are_not_added(self):
        """N27: what an adjustment moves is said for each program, with the name of its points, and its sign where all agree."""
        self.program.portal_point_name = "points"
        beans = self.make_program(name="Coffee", portal_point_name="beans")
        mug = self.make_card(beans)
        adjustment = self.request(points=150)
        self.assertEqual(adjustment.points_moved, "+150 points")
        adjustment = self.request(card_ids=[Command.set([self.card.id, mug.id])], points=150)
        self.assertEqual(adjustment.points_moved, "Points: +150 points, Coffee: +150 beans")
        wizard = self.wizard(self.card | mug, mode="subtract", points=20)
        self.assertEqual((wizard.problem_count, wizard.change_text), (2, ""))
        wizard.mode = "add"
        self.assertEqual(wizard.change_text, "Points: +20 points, Coffee: +20 beans")
        self.assertEqual(self.wizard(self.card, points=1).change_text, "+1 point")
        self.earn(500)
        adjustment = self.request(mode="set", points=100)
        self.assertEqual(adjustment.points_moved, "-400 points")
        self.earn(10, mug)
        adjustment = self.request(card_ids=[Command.set([self.card.id, mug.id])], mode="set", points=200)
        self.assertEqual(adjustment.points_moved, "Points: 300 points, Coffee: 190 beans")

    def test_refusal(self):
        """N10: a refused adjustment never posts."""
        adjustment = self.request(points=150)
        adjustment.with_user(self.second).action_refuse()
        adjustment.with_user(self.second).action_approve()
        self.assertEqual(adjustment.state, "refused")
        self.assertBalances(points=0)

    def test_withdrawal(self):
        """N10: who requested an adjustment or an import withdraws it, nobody else does; it never posts, nor once it is decided."""
        adjustment = self.request(points=150)
        imported = self.import_file(f"card,points\n{self.card.code},150\n")
        for request in (adjustment, imported):
            with self.subTest(request=request):
                mine, theirs = request.with_user(self.manager), request.with_user(self.second)
                self.assertEqual((mine.state, mine.can_withdraw, theirs.can_withdraw), ("waiting", True, False))
                with self.assertRaisesRegex(UserError, "refuse it instead"):
                    theirs.action_withdraw()
                with self.assertRaises(AccessError):
                    request.with_user(self.clerk).action_withdraw()
                self.assertTrue(request.activity_ids)
                self.assertIs(mine.action_withdraw(), True)
                self.assertRecordValues(request, [{"state": "withdrawn", "approver_id": self.manager.id}])
                self.assertFalse(request.activity_ids)
                self.assertIn(f"Withdrawn by {self.manager.name}", theirs.action_approve()["params"]["message"])
                mine.invalidate_recordset()
                self.assertFalse(mine.can_withdraw or theirs.can_approve)
        self.assertBalances(points=0)
        approved = self.request(points=150)
        approved.with_user(self.second).action_approve()
        note = approved.with_user(self.manager).action_withdraw()["params"]["message"]
        self.assertIn(f"Approved by {self.second.name}", note)
        self.assertBalances(points=150)

    def test_parts_count_together(self):
        """N10: a large adjustment in small parts is a large one: what one person gives to a customer within a day counts."""
        self.adjust(points=60)
        self.adjust(points=-20)
        self.adjust(points=20)
        self.assertBalances(points=60)
        waiting = self.request(points=1)
        somebody = self.env["res.partner"].create({"name": "Ben"})
        self.adjust(cards=self.make_card(partner_id=somebody.id), points=100)  # another customer
        self.adjust(points=100, user=self.second)  # another person
        self.assertBalances(points=160)
        waiting.with_user(self.second).action_approve()  # what was approved does not count, for nobody
        self.assertBalances(points=161)
        self.request(points=1, user=self.second)
        with self.on("2026-03-17"):
            self.adjust(points=100)
        self.assertBalances(points=261)

    def test_parts_of_many_cards(self):
        """N10: parts count together in a bulk adjustment too, with one query for any number of cards."""
        cards = self.Card.union(*(self.make_card() for __ in range(6)))
        self.adjust(cards=cards, points=10)
        self.request(cards=cards, points=10)
        self.adjust(cards=cards[:3] | self.other, points=10)
        self.env.flush_all()

        def count(cards):
            before = self.env.cr.sql_log_count
            cards.with_user(self.manager)._exceeds_adjustment_limit(dict.fromkeys(cards.ids, 1))
            return self.env.cr.sql_log_count - before

        count(cards)
        self.assertEqual(count(cards), count(cards[:1]))

    def test_parts_by_other_doors(self):
        """N10: cards that are linked to another card, imports, waived debts and Update Balance count together."""
        source = self.make_card(points_to_id=self.card.id)
        self.adjust(cards=source, points=60)
        self.request(points=50)
        self.request(cards=source, points=50)
        other = self.make_card(points_to_id=self.card.id)
        self.request(cards=other, points=50)
        wizard = (
            self.env["loyalty.card.update.balance"]
            .with_user(self.manager)
            .create({"card_id": self.card.id, "new_balance": 110, "description": "Gift"})
        )
        wizard.action_update_card_point()
        self.assertBalances(points=60)
        for kind in ("adjust", "opening"):
            record = self.import_file(f"card,points\n{self.card.code},41\n", kind=kind)
            self.assertEqual(record.state, "waiting")
        self.assertEqual(self.import_file(f"card,points\n{self.card.code},40\n").state, "done")
        self.request(points=1)

    def test_all_cards_count_together(self):
        """N10: the limit is for the whole adjustment, in either direction."""
        self.earn(90)
        self.earn(90, self.other)
        adjustment = self.request(cards=self.card | self.other, mode="subtract", points=60)
        self.assertBalances(points=90)
        adjustment.with_user(self.second).action_approve()
        self.assertBalances(points=30)
        self.assertBalances(self.other, points=30)

    def test_set_follows_the_balance(self):
        """N10, S21: what was asked is the balance; the difference is taken when it is approved."""
        adjustment = self.request(mode="set", points=500)
        self.earn(80)
        adjustment.with_user(self.second).action_approve()
        self.assertBalances(points=500)
        self.assertEqual(self.card.entry_ids[0].points, 420)

    def test_second_click(self):
        """N10: a request sent twice waits once."""
        wizard = self.wizard(points=150)
        wizard.action_confirm()
        wizard.action_confirm()
        self.assertEqual(self.env["loyalty.adjustment"].search_count([("requester_id", "=", self.manager.id)]), 1)

    def test_nobody_edits_requests(self):
        """N10: managers cannot write their own requests or approvals, by remote calls neither."""
        adjustment = self.request(points=150).with_user(self.manager)
        for values in ({"requester_id": self.second.id}, {"state": "approved"}, {"points": 5000}):
            with self.assertRaises(AccessError):
                adjustment.write(values)
        with self.assertRaises(AccessError):
            self.env["loyalty.adjustment"].with_user(self.manager).create(
                {"mode": "add", "points": 10**6, "reason": "Mine", "requester_id": self.second.id}
            )

    def test_program_without_company(self):
        """N10: a program of no company is held to the strictest limit."""
        self.env["res.company"].create({"name": "Other", "loyalty_adjustment_limit": 10})
        self.adjust(points=11)
        shared = self.make_card(self.make_program(company_id=False, currency_id=self.env.company.currency_id.id))
        self.request(cards=shared, points=11)

    def test_other_doors(self):
        """N10: neither Odoo's Update Balance, which shows what waits now, nor generated cards pass the limit."""
        wizard = (
            self.env["loyalty.card.update.balance"]
            .with_user(self.manager)
            .create({"card_id": self.card.id, "new_balance": 500, "description": "Gift"})
        )
        action = wizard.action_update_card_point()
        self.assertBalances(points=0)
        waiting = self.env["loyalty.adjustment"].search([], limit=1)
        self.assertEqual(waiting.line_ids.card_id, self.card)
        self.assertEqual((action["res_model"], action["res_id"]), (waiting._name, waiting.id))
        generate = (
            self.env["loyalty.generate.wizard"]
            .with_user(self.manager)
            .create(
                {
                    "program_id": self.program.id,
                    "mode": "anonymous",
                    "coupon_qty": 2,
                    "points_granted": 60,
                    "description": "X",
                }
            )
        )
        with self.assertRaisesRegex(ValidationError, "single-approver limit"):
            generate.generate_coupons()
