"""Sales of a register in programs that credit a period."""

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.loyalty_pos.tests.test_till_earning import EarningCase


@tagged("post_install", "-at_install")
class TestRebateTill(EarningCase):
    def test_period(self):
        """M9, M10, bM1: an order of a register earns nothing by itself and counts once among the sales of its month."""
        self.program.write(
            {
                "award_mode": "period",
                "tier_ids": [Command.create({"threshold": 50, "percentage": 10, "applies_to": "all"})],
            }
        )
        order = self.sell([self.taxed(100, 15)], self.ann, payments=[self.pay(115.0, self.cash_method)])
        self.assertEntries(order, [])
        self.assertIn("credited together", self.earning_of(order).explanation)
        (figures,) = self.program._period_figures(self.ann)
        self.assertEqual((figures["sales"], figures["accrued"]), (100.0, 10.0))
        self.assertEqual(self.program._period_documents(self.ann)["pos.order"], order.ids)
        loaded = self.env["loyalty.program"]._load_pos_data_read(self.program, self.config)
        self.assertFalse(loaded[0]["accumulates"])
        self.sell([self.taxed(20, 15)], self.ann, payments=[self.pay(23.0, self.cash_method)])
        (figures,) = self.program._period_figures(self.ann)
        self.assertEqual(figures["sales"], 120.0)
