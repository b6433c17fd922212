from odoo.tests import Form, tagged

from odoo.addons.loyalty_ledger.tools.balance_matching import Matcher

from .points_common import OrderPointsCase


@tagged("post_install", "-at_install")
class TestCustomerCard(OrderPointsCase):
    def test_all_choose_the_same(self):
        """N29, H2: order, invoice, dialog, payment, import, Issue Card and the default choose the same card."""
        second = self.make_card(is_default=True)
        closed = self.make_card()
        closed.action_close()
        for best in (second, self.card, self.env["loyalty.card"]):
            with self.subTest(best.code):
                if not best:
                    self.card.action_close()
                self.assertEqual(self.make_order(100, use=False).loyalty_card_id, best)
                invoice = self.make_invoice(self.line(100))
                self.assertEqual(invoice.loyalty_card_id, best)
                invoice.loyalty_card_id = False
                invoice.action_post()
                dialog = Form(
                    self.env["loyalty.apply.points"].with_user(self.clerk).with_context(default_move_id=invoice.id)
                )
                self.assertEqual(dialog.card_id, best)
                Card = self.env["loyalty.card"]
                self.assertEqual(Card._default_card(self.customer, self.program), best)
                match = Matcher(self.env, False).match([({"customer": "Ann"}, self.program.id)])[0]
                self.assertEqual(match.card, best)
                payment = self.env["account.payment"].new(
                    {
                        "partner_id": self.customer.id,
                        "journal_id": self.program.loyalty_journal_id.id,
                        "payment_type": "inbound",
                        "payment_method_line_id": self.program._loyalty_method_line("inbound").id,
                    }
                )
                payment._onchange_loyalty_partner_id()
                self.assertEqual(payment.loyalty_card_id._origin, best)
                if best:
                    self.assertEqual(Card._issue_to(self.customer, self.program), best)
                    self.assertEqual(Card._earning_card(self.customer, self.program), best)
                second.action_close()

    def test_one_exception_per_sale(self):
        """N29, H6: a card that is nobody's earns on an order and pays its invoices: one exception, whichever document is the
        first; the next order has its own."""
        public = self.env.ref("base.public_partner")
        Exception_ = self.env["loyalty.exception"]
        seen = Exception_
        for timing, first, owner, use in (
            ("order", "sale.order", public, False),
            ("order", "sale.order", self.env["res.partner"], True),
            ("paid", "account.move", self.env["res.partner"], True),
        ):
            with self.subTest(timing=timing, owner=owner.name, use=use):
                self.program.issue_on = timing
                self.card.partner_id = owner
                order = self.make_order(
                    {"price_unit": 10, "product_uom_qty": 2}, use=False, loyalty_card_id=self.card.id
                )
                if use:
                    self.tick(order)
                order.action_confirm()
                invoice = self.make_invoices(order)
                self.assertEqual(invoice.loyalty_card_id, self.card)
                invoice.action_post()
                found = Exception_.search([("kind", "=", "foreign")]) - seen
                seen |= found
                self.assertEqual(found.mapped("res_model"), [first])
                self.assertEqual(found.res_id, order.id if first == "sale.order" else invoice.id)
