"""The proof of programs whose points cover orders: returns that only the order links, reservations that nobody
needs."""

from odoo.tests import tagged

from odoo.addons.loyalty_account.tests.proof_common import ProofVerbs

from .points_common import OrderPointsCase


@tagged("post_install", "-at_install")
class TestProofOfOrders(ProofVerbs, OrderPointsCase):
    def invoiced(self, price=115.0):
        order = self.confirmed(price)
        invoice = self.make_invoices(order)
        invoice.action_post()
        return order, invoice

    def test_right(self):
        """N29: an order that points paid in part, invoiced and credited, shows nothing."""
        order, invoice = self.invoiced()
        self.assertTrue(invoice.loyalty_points_redeemed)
        self.assertSound()
        self.credit(invoice)
        proof = self.assertSound()["payments"]
        self.assertEqual((proof["ledger"], proof["books"]), (0.0, 0.0))

    def test_return_that_the_order_links(self):
        """N29: a credit note that is linked by lines of the order only pays out in cash what points had paid (B2)."""
        order, invoice = self.invoiced()
        note = self.plain_note(invoice, 115.0, link=False)
        self.assertSound()
        self.tamper(
            "INSERT INTO sale_order_line_invoice_rel (order_line_id, invoice_line_id) VALUES (%s, %s)",
            order.order_line.id,
            note.invoice_line_ids.id,
        )
        self.assertNamed(note, "115.00 go back in money for this sale, but only .15.00", size=100.0)

    def test_reservation_that_nobody_needs(self):
        """N29: an order that is invoiced in full, or cancelled, keeps points reserved (B10)."""
        order = self.confirmed(50.0).sudo()
        self.assertTrue(order.loyalty_hold_id)
        self.assertSound()
        self.tamper("UPDATE sale_order SET state = 'cancel' WHERE id = %s", order.id)
        self.assertNamed(order.loyalty_hold_id, f"for {order.name}, which no longer needs them", size=50.0)
        self.tamper("UPDATE sale_order SET state = 'sale' WHERE id = %s", order.id)
        self.assertSound()
        self.make_invoices(order.with_user(self.salesperson)).action_post()
        self.assertFalse(order.loyalty_hold_id)
        hold = self.card._hold(1000, "planted", ("sale.order", order.id))
        self.tamper("UPDATE sale_order SET loyalty_hold_id = %s WHERE id = %s", hold.id, order.id)
        self.assertNamed(hold, f"for {order.name}, which no longer needs them", size=10.0)
