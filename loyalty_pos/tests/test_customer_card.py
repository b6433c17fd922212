from odoo.tests import tagged

from .common import TillPointsCase


@tagged("post_install", "-at_install")
class TestCustomerCard(TillPointsCase):
    vat_mode = "tender"

    def test_the_till_chooses_as_documents_do(self):
        """N29, H2, H18: a paid order earns and redeems on the card that orders and invoices of the customer use."""
        self.program.issue_on = "paid"
        second = self.make_card(is_default=True)
        order = self.sell([self.line()], payments=[self.pay(100.0)]).sudo()
        order.partner_id = self.ann
        Card = self.env["loyalty.card"]
        for best in (second, self.card):
            self.assertEqual(order._card_that_earns(self.program), best)
            self.assertEqual(Card._default_card(self.ann, self.program), best)
            self.assertEqual(order._card_of_claim(Card, self.program, False), (best, True))
            self.assertEqual(self.as_till.sudo()._issue_at_till(self.program, self.ann, ""), best)
            invoice = self.make_invoice()
            self.assertEqual(invoice.loyalty_card_id, best)
            second.action_close()
        self.card.action_close()
        self.assertFalse(order._card_that_earns(self.program))
        master = self.make_card(partner=self.bob)
        linked = self.make_card(points_to_id=master.id)
        self.assertEqual(order._card_that_earns(self.program), linked)
