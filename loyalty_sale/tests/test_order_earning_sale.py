from odoo.tests import tagged

from .points_common import OrderPointsCase


@tagged("post_install", "-at_install")
class TestOrderEarningSale(OrderPointsCase):
    """Orders whose points take off the VAT of the sales that earned them."""

    @classmethod
    def accounting_values(cls, **values):
        return super().accounting_values(**{"vat_mode": "earning_sale", "tax_map_ids": [], **values})

    def test_order_that_reserves(self):
        """N17, C22: points that an order reserved take off the VAT of the sales of their lots, on each of its invoices."""
        partner = self.env["res.partner"].create({"name": "Gil"})
        card = self.make_card(partner)
        for net, rate in ((300, 15), (200, 5)):
            sale = self.make_invoice(self.line(net, rate), partner=partner, post=True)
            self.pay(sale)
            self.env.cr.flush()
        self.assertEqual(card.points, 500)
        # 5.00 of 20.00, which is invoiced in two halves.
        order = self.make_order({"price_unit": 10.0, "product_uom_qty": 2}, partner=partner, loyalty_card_id=card.id)
        self.product.invoice_policy = "delivery"
        order.action_confirm()
        vat, payments = [], self.env["account.payment"]
        for quantity in (1, 2):
            self.deliver(order, quantity)
            invoice = self.make_invoices(order)
            invoice.action_post()
            payment = self.loyalty_payments(invoice)
            payments |= payment
            lines = payment.move_id.line_ids.filtered("tax_line_id")
            vat.append({line.tax_line_id.amount: line.balance for line in lines})
        self.assertEqual(payments.mapped("loyalty_points"), [250, 250])
        self.assertEqual(vat, [{15: 0.33}, {15: 0.07, 5: 0.1}])
        proof = self.program._loyalty_proof()
        self.assertEqual((proof["residual"], proof["residual_points"]), (0.0, 0.0), proof)
