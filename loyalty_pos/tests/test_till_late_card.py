from datetime import timedelta

from odoo import Command
from odoo.exceptions import UserError
from odoo.service.model import call_kw
from odoo.tests import new_test_user, tagged

from odoo.addons.loyalty_ledger.tools.today import loyalty_today

from .test_till_earning import EarningCase


@tagged("post_install", "-at_install")
class TestTillLateCard(EarningCase):
    """Customers who are named after they paid."""

    def name_card(self, order, card, config=None, user=None):
        orders = self.env["pos.order"].with_user(user or self.cashier)
        return call_kw(orders, "pos_name_card", [[order.id], (config or self.config).id, card.id], {})

    def refused(self, words, *args, **kwargs):
        with self.assertRaisesRegex(UserError, words):
            self.name_card(*args, **kwargs)

    def test_card_after_payment(self):
        """N29, S2, bH6: a paid order without a customer is given the card once, earns as if it had been there, and says
        who named it."""
        order = self.sell([self.taxed(100, 15)], payments=[self.pay(115.0, self.cash_method)])
        self.assertEntries(order, [])
        answer = self.name_card(order, self.card)
        self.assertEqual(answer, {"points": 100, "balance": 1100})
        self.assertEntries(order, [(self.card, "earn", 100)])
        self.assertRecordValues(
            order.sudo(),
            [
                {
                    "partner_id": self.ann.id,
                    "loyalty_card_id": self.card.id,
                    "loyalty_points_earned": 100,
                    "loyalty_balance_after": 1100,
                    "loyalty_settled": True,
                }
            ],
        )
        self.assertIn(f"card {self.card.code} earned 100", order.sudo().message_ids[0].body)
        self.refused("has its card and its points already", order, self.card)
        self.refused("has its card and its points already", order, self.make_till_card(self.bob))
        self.assertEqual(self.card.points, 1100)

    def make_till_card(self, partner, **values):
        return self.env["loyalty.card"].create({"program_id": self.program.id, "partner_id": partner.id, **values})

    def test_refusals(self):
        """N29: not for another till or session, drafts, returns, strangers, the cashier, and cards that earn nothing."""
        paid = self.sell([self.line()], payments=[self.pay(100.0)])
        bobs = self.sell([self.line()], self.bob, payments=[self.pay(100.0)])
        draft = self.sell([self.line()], payments=[], state="draft")
        other = self.env["pos.config"].create(
            {"name": "Other till", "payment_method_ids": [Command.set(self.method.ids)]}
        )
        self.open_session(other)
        self.refused("is not of the session that is open at Other till", paid, self.card, other)
        self.refused("is not paid yet", draft, self.card)
        self.refused("has its card and its points already", bobs, self.card)
        own = self.make_till_card(self.cashier.partner_id)
        self.refused("This is your own card", paid, own)
        self.refused("is closed", paid, self.make_till_card(self.bob, closed=True))
        self.refused("has no customer", paid, self.make_till_card(self.env["res.partner"]))
        gift = self.env["loyalty.program"].create({"name": "Gift", "program_type": "gift_card"})
        self.refused("cannot be used at Till", paid, self.env["loyalty.card"].create({"program_id": gift.id}))
        self.bob.loyalty_tracked = False
        self.refused("does not participate", paid, self.make_till_card(self.bob, is_default=False))
        self.program.issue_on = "order"
        self.refused("awards points when the order is paid, not afterwards", paid, self.card)
        self.assertEntries(paid, [])
        self.assertFalse(paid.sudo().loyalty_card_id or paid.sudo().partner_id)

    def test_card_from_the_next_day_on(self):
        """N29, H8: a card that could not be used on the day of the sale is refused, also when it can be used by now."""
        order = self.sell([self.line()], payments=[self.pay(100.0)])
        order.sudo().date_order -= timedelta(days=1)
        self.refused(
            "can be used from",
            order,
            self.make_till_card(self.bob, start_date=loyalty_today(self.env, self.env.company)),
        )
        self.assertFalse(order.sudo().loyalty_card_id or order.sudo().partner_id)

    def test_customer_of_order(self):
        """N29, C4: an order with a customer who earned nothing takes a card of that customer only."""
        self.bob.loyalty_tracked = False
        order = self.sell([self.line()], self.bob, payments=[self.pay(100.0)])
        self.bob.loyalty_tracked = True
        self.assertEntries(order, [])
        self.refused("belongs to Ann. Use a card of Bob.", order, self.card)
        card = self.make_till_card(self.bob)
        self.assertEqual(self.name_card(order, card)["points"], 100)

    def test_session_closed(self):
        """N29: after the closing of the session its orders take no card."""
        order = self.sell([self.line()], payments=[self.pay(100.0)])
        self.pos_session.sudo().action_pos_session_closing_control()
        self.refused("Open a session of Till first", order, self.card)
        self.open_session(self.config)
        self.refused("is not of the session that is open at Till", order, self.card)

    def test_customer_of_invoice_button(self):
        """N29, S2, H2: Odoo's Invoice button names the customer of a paid order: it earns on the customer's card, once;
        who names himself earns nothing, and a manager is told."""
        first, second = (self.sell([self.line()], payments=[self.pay(100.0)]) for __ in range(2))
        first.write({"partner_id": self.ann.id})
        self.assertEntries(first, [(self.card, "earn", 100)])
        first.write({"partner_id": self.bob.id})
        self.assertEntries(first, [(self.card, "earn", 100)])
        second.write({"partner_id": self.cashier.partner_id.id})
        self.assertEntries(second, [])
        self.assertIn("own contact", self.exceptions_of(second).note)

    def test_rights(self):
        """N29: anybody who has no right to orders names no card."""
        order = self.sell([self.line()], payments=[self.pay(100.0)])
        clerk = new_test_user(self.env, "no_cashier", groups="base.group_user")
        with self.assertRaises(Exception) as caught:
            self.name_card(order, self.card, user=clerk)
        self.assertEqual(type(caught.exception).__name__, "AccessError")
