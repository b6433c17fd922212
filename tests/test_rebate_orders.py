"""Orders of customers in programs that credit a period."""

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.loyalty_sale.tests.test_order_invoices import OrderInvoicesCase


@tagged("post_install", "-at_install")
class TestRebateOrders(OrderInvoicesCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tier = Command.create({"threshold": 50, "percentage": 10, "applies_to": "all"})
        cls.program.write({"award_mode": "period", "tier_ids": [tier]})

    def test_deposit(self):
        """M10, C15: a down payment is no sale, the final invoice counts in full: 60.00 + 140.00 are sales of 200.00."""
        order = self.order(2)
        deposit = self.invoice(order, advance_payment_method="percentage", amount=30)
        (figures,) = self.program._period_figures(self.customer)
        self.assertEqual((deposit.amount_total, figures["sales"]), (60.0, 0.0))
        final = self.invoice(order)
        (figures,) = self.program._period_figures(self.customer)
        self.assertEqual((final.amount_total, figures["sales"], figures["accrued"]), (140.0, 200.0, 20.0))

    def test_order_says_how_it_earns(self):
        """M10: an order says that it earns together with the sales of its period, not that it earns nothing."""
        order = self.order(2, points=False)
        self.assertEqual(
            order._why_no_earning(self.card),
            "Points credits the sales of a period together when it is over. This document counts in the period of its "
            "invoice.",
        )
        self.program.accumulates = False
        self.assertEqual(order._why_no_earning(self.card), "Points is not awarding points now.")
