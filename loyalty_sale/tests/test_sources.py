from odoo.fields import Command
from odoo.tests import tagged

from .points_common import OrderPointsCase


@tagged("post_install", "-at_install")
class TestSources(OrderPointsCase):
    """Liability by the analytic accounts of orders."""

    policy = "accrual"

    def test_points_of_orders(self):
        """N29, N1: points that an order gave are shared by the analytic distribution of its lines, sections aside."""
        plan = self.env["account.analytic.plan"].create({"name": "Shops"})
        east, west = self.env["account.analytic.account"].create(
            [{"name": name, "plan_id": plan.id} for name in ("East", "West")]
        )
        order = self.make_order(
            {"price_unit": 30, "analytic_distribution": {f"{east.id}": 100}},
            {"price_unit": 90, "analytic_distribution": {f"{west.id}": 50}},
            use=False,
        )
        order.order_line = [Command.create({"display_type": "line_section", "name": "Both"})]
        card = self.make_card()
        self.card._post_entries(
            [
                {
                    "card_id": card.id,
                    "kind": "earn",
                    "points": 400,
                    "key": "order",
                    "document": ("sale.order", order.id),
                }
            ]
        )
        self.env["loyalty.accrual.run"].create({"program_id": self.program.id, "date_to": "2026-03-15"}).action_post()
        wizard = self.env["loyalty.source.wizard"].create({"what": "liability", "plan_id": plan.id})
        report = self.env["loyalty.source.report"].with_context(**wizard.action_show()["context"])
        groups = report._read_group(
            [("lot_id.card_id", "=", card.id)], ["analytic_account_id"], ["points:sum", "amount:sum"]
        )
        none = self.env["account.analytic.account"]
        self.assertEqual(
            {account: (points, round(amount, 2)) for account, points, amount in groups},
            {east: (100.0, 1.0), west: (150.0, 1.5), none: (150.0, 1.5)},
        )
