from odoo.tests import tagged

from odoo.addons.loyalty_ledger.tests.usability_common import UsabilityVerbs

from .points_common import OrderPointsCase


@tagged("post_install", "-at_install")
class TestUsability(UsabilityVerbs, OrderPointsCase):
    def test_orders_say_the_same(self):
        """N29, H6, H8, H10, H18, H25: an order says in the words of all why a card cannot be used on it."""
        master = self.make_card(partner=self.env["res.partner"].create({"name": "Master"}))
        order = self.make_order(100, use=False)
        for __, redeem, earn in self.states(self.card, master):
            order.invalidate_recordset()
            self.assertEqual(order.sudo()._points_problem(), redeem)
            self.assertEqual(order.sudo().loyalty_problem, redeem)
            self.assertEqual(order._why_no_earning(self.card), earn)

    def test_strangers(self):
        """N29, H6: the card of somebody else, chosen or as a reward, is refused in one wording."""
        bob = self.env["res.partner"].create({"name": "Bob"})
        order = self.make_order(100, use=False)
        card = self.make_card(partner=bob)
        words = f"Card {card.code} belongs to Bob. Use a card of Ann."
        self.assertEqual(self.refusal(order.write, {"loyalty_card_id": card.id}), words)
        self.assertEqual(card._unusable_for(order.partner_id), words)
        self.assertFalse(order._may_use_card(card))
