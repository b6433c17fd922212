"""Points belong to the program: earned in one store, spent in another."""

from uuid import uuid4

from odoo import Command
from odoo.tests import new_test_user, tagged

from .common import TillCase
from .test_till_earning import EarningCase


@tagged("post_install", "-at_install")
class TestTillStores(EarningCase):
    """Two stores of a company, each with its till."""

    def open_second_store(self):
        """Open a till of another store; a cash method belongs to one till."""
        methods = self.method | self.points_method
        config = self.env["pos.config"].create(
            {"name": "Second Store", "payment_method_ids": [Command.set(methods.ids)]}
        )
        self.open_session(config)
        return config

    def test_earn_here_spend_there(self):
        """bP8, H1, H2: what one store gives, another finds, reserves and takes at once; each earns for the same card."""
        there = self.open_second_store()
        session = there.current_session_id
        first = self.sell([self.taxed(100, 15)], self.ann)
        self.assertEntries(first, [(self.card, "earn", 100)])
        for config in (self.config, there):
            found = self.as_till.pos_find_card(config.id, self.card.code)
            self.assertEqual((found["card"]["available_points"], found["error"]), (1100, False), config.name)
        uuid = str(uuid4())
        self.as_till.pos_hold(there.id, self.card.id, 50, uuid, "order")
        self.assertEqual(
            self.as_till.pos_find_card(self.config.id, self.card.code)["card"]["available_points"],
            1050,
            "reserved for every store",
        )
        second = self.sell(
            [self.taxed(100, 15)],
            self.ann,
            session=session,
            payments=[self.pay(65.0), self.pay_points(50, uuid=uuid)],
        )
        self.assertEqual(second.config_id, there)
        self.assertEntries(second, [(self.card, "redeem", -50), (self.card, "earn", 56)])
        self.assertRecordValues(self.card, [{"points": 1106, "available_points": 1106, "reserved_points": 0}])
        # What the first store sold comes back to the second one.
        back = self.taxed(100, 15, qty=-1, refunded_orderline_id=first.lines.id)
        refund = self.sell([back], self.ann, session=session, is_refund=True)
        self.assertEqual(refund.loyalty_points_earned, -100)
        self.assertEqual(self.card.points, 1006)

    def test_program_of_some_stores(self):
        """bP8: points are usable everywhere unless the program names its tills; then other tills do not know the card."""
        there = self.open_second_store()
        self.program.pos_config_ids = self.config
        self.assertFalse(self.as_till.pos_find_card(there.id, self.card.code)["card"])
        self.assertTrue(self.as_till.pos_find_card(self.config.id, self.card.code)["card"])


@tagged("post_install", "-at_install")
class TestTillCompanies(TillCase):
    """A program without company: its points are used in the stores of every company."""

    def test_every_company(self):
        """bP8: a program of all companies gives and takes points in the tills of each; all of it is one balance."""
        self.program.company_id = False
        other = self.setup_other_company()["company"]
        other.partner_id.tz = "UTC"
        cashier = new_test_user(
            self.env,
            "other_store_cashier",
            groups="base.group_user,point_of_sale.group_pos_user",
            tz="UTC",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        journal = self.env["account.journal"].search([("type", "=", "bank"), ("company_id", "=", other.id)], limit=1)
        method = self.env["pos.payment.method"].create(
            {"name": "Other bank", "journal_id": journal.id, "company_id": other.id}
        )
        there = (
            self.env["pos.config"]
            .with_company(other)
            .create({"name": "Elsewhere", "company_id": other.id, "payment_method_ids": [Command.set(method.ids)]})
        )
        there.with_user(cashier).with_company(other).open_ui()
        card = self.make_card(self.ann)
        home = self.sell([self.line(price=100)], self.ann)
        self.confirm(home, {card.id: self.claim(100, card=card, partner_id=self.ann.id)})
        self.assertEqual(card.points, 100)

        self.cashier, self.method = cashier, method
        away = self.sell(
            [self.line(price=30), self.reward_line(card, 20, -5.0)], self.ann, session=there.current_session_id
        )
        self.assertEqual(away.company_id, other)
        self.confirm(away, {card.id: self.claim(10, card=card, partner_id=self.ann.id)})
        self.assertEqual(card.points, 110)
        entries = card.entry_ids.sorted("id")
        self.assertEqual(sum(entries.mapped("points")), 110)
        self.assertEqual(entries.mapped("res_id"), [home.id] + [away.id] * (len(entries) - 1))
        self.assertEqual(
            entries.company_id, self.env["res.company"], "the points belong to the program, not to a store"
        )
