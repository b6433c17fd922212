"""Deferred revenue of orders that are paid with deposits: their points are earned in two parts, so their revenue is, too."""

from odoo.tests import tagged

from odoo.addons.loyalty_deferral.tests.common import DeferralCase


@tagged("post_install", "-at_install")
class TestDeferralDeposits(DeferralCase):
    def deposit(self, price, quantity=1):
        return {"price_unit": price, "quantity": quantity, "is_downpayment": True}

    def sold(self, *invoices):
        return [(move.loyalty_earning_id.revenue_amount, move.loyalty_earning_id.points) for move in invoices]

    def test_deposit_and_final_invoice(self):
        """N2: of 1,000.00 with a deposit, whatever part, as much is deferred as without one."""
        deposit = self.sell(self.deposit(400.0), day="2026-01-10")
        final = self.sell(1000.0, self.deposit(400.0, -1), day="2026-01-20")
        self.assertEqual(self.sold(deposit, final), [(400.0, 40.0), (600.0, 60.0)])
        self.defer("2026-01-31")
        self.assertEqual(self.liability(), 86.76)
        self.sell(self.deposit(1000.0), day="2026-02-10")
        self.sell(1000.0, self.deposit(1000.0, -1), day="2026-02-20", pay=False)  # nothing is left to pay
        self.defer("2026-02-28")
        self.assertEqual(self.liability(), 173.52)
        self.assertSound("2026-02-28")

    def test_goods_earn(self):
        """N2: where a minimum lets the goods earn and not the deposit, all of the revenue is that of the final invoice."""
        self.program.rule_ids.minimum_amount = 500
        deposit = self.sell(self.deposit(400.0), day="2026-01-10")
        final = self.sell(1000.0, self.deposit(400.0, -1), day="2026-01-20")
        self.assertEqual(self.sold(deposit, final), [(0.0, 0.0), (1000.0, 100.0)])
        self.defer("2026-01-31")
        self.assertEqual(self.liability(), 86.76)
