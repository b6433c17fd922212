from odoo.tests import tagged

from .common import TillPointsCase


@tagged("post_install", "-at_install")
class TestSources(TillPointsCase):
    """Liability and redemptions by shop."""

    def test_by_shop(self):
        """N29: what is redeemed belongs to the shop of the order; what no order redeemed to none, and the sum is all."""
        order = self.sell(
            [self.taxed(100, 15)],
            self.ann,
            amount_total=115,
            amount_tax=15,
            payments=[self.pay_points(40), self.pay(75)],
        )
        self.card._post_entries(
            [{"card_id": self.card.id, "kind": "redeem", "points": -10, "key": "sources:elsewhere"}]
        )
        chosen = {"what": "redeemed", "date_from": "2026-03-01", "date_to": "2026-03-31", "plan_id": False}
        report = self.env["loyalty.source.report"].with_context(loyalty_sources=chosen)
        groups = report._read_group([("program_id", "=", self.program.id)], ["shop_id"], ["points:sum"])
        self.assertEqual(groups, [(self.config, 40.0), (self.config.browse(), 10.0)])
        rows = report.search([("program_id", "=", self.program.id), ("shop_id", "=", self.config.id)])
        self.assertEqual((rows.res_model, rows.res_id), ("pos.order", order.id))
