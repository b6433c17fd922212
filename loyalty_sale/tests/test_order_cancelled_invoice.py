"""An invoice that points paid is undone: the order reserves at once what it needs again (B10)."""

from odoo.tests import tagged

from .points_common import OrderPointsCase


class CancelledInvoiceCase:
    kept_of_smaller_order = 3000

    def settle(self):
        self.env.cr.flush()
        self.env.invalidate_all()

    def invoiced(self, order):
        invoice = self.make_invoices(order)
        invoice.action_post()
        self.settle()
        return invoice

    def undo(self, invoice, way):
        if way != "cancel":
            invoice.button_draft()
        if way == "delete":
            invoice.sudo().unlink()
        else:
            invoice.button_cancel()
        self.settle()

    def check_undone(self, way):
        order = self.confirmed(40)
        self.assertCard(10000, 4000)
        invoice = self.invoiced(order)
        self.assertCard(6000, 0)
        self.undo(invoice, way)
        self.assertCard(10000, 4000)
        self.assertEqual(order.sudo().loyalty_hold_id.amount, 40)
        self.assertRecordValues(
            order, [{"loyalty_points_applied": 4000, "loyalty_points_reserved": 4000, "loyalty_notice": False}]
        )
        again = self.invoiced(order)
        self.assertCard(6000, 0)
        self.assertEqual(again.loyalty_points_redeemed, 4000)

    def test_reset_and_cancelled(self):
        """N29, N6: a posted invoice is reset and cancelled: its points wait for the next invoice."""
        self.check_undone("reset")

    def test_cancelled(self):
        """N29, N6: the same with the button Cancel alone."""
        self.check_undone("cancel")

    def test_deleted(self):
        """N29, N6: the same where the draft is deleted."""
        self.check_undone("delete")

    def test_one_of_two_invoices(self):
        """N29, N6: the part of one invoice of two joins what the order holds for the rest."""
        self.product.invoice_policy = "delivery"
        order = self.confirmed({"price_unit": 20, "product_uom_qty": 3})
        self.assertCard(10000, 6000)
        self.deliver(order, 1)
        self.invoiced(order)
        self.deliver(order, 2)
        second = self.invoiced(order)
        self.assertCard(6000, 2000)
        self.undo(second, "reset")
        self.assertCard(8000, 4000)
        self.deliver(order, 3)
        self.invoiced(order)
        self.assertCard(4000, 0)

    def test_order_that_needs_less(self):
        """N29, N6: only what the order still costs is reserved again, and nothing where points are no longer wanted.

        A draft whose price points lower has its points reserved: these stay as they are, and the order says that they do
        not fit (P15)."""
        order = self.confirmed(40)
        invoice = self.invoiced(order)
        invoice.button_draft()
        order.order_line.price_unit = 30
        invoice.button_cancel()
        self.settle()
        kept = self.kept_of_smaller_order
        self.assertCard(10000, kept)
        self.assertEqual(order.loyalty_misfits, kept > 3000)
        other = self.confirmed(40)
        invoice = self.invoiced(other)
        invoice.button_draft()
        self.tick(other, False)
        invoice.button_cancel()
        self.settle()
        self.assertCard(10000, kept)


@tagged("post_install", "-at_install")
class TestCancelledInvoiceTender(CancelledInvoiceCase, OrderPointsCase):
    pass


@tagged("post_install", "-at_install")
class TestCancelledInvoiceReduction(CancelledInvoiceCase, OrderPointsCase):
    kept_of_smaller_order = 4000

    @classmethod
    def accounting_values(cls, **values):
        account = cls.make_account("Points Redeemed (Revenue)", "410900", "income")
        return super().accounting_values(**{"vat_mode": "price_reduction", "cost_account_id": account.id, **values})
