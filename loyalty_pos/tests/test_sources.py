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

    def test_dashboard_by_shop(self):
        """N27: a shop's figures are those of its orders, before and after sums by day are folded; balances have no shop."""
        other = self.env["pos.config"].create({"name": "Other shop", "payment_method_ids": [(5,)]})
        self.sell(
            [self.taxed(100, 15)],
            self.ann,
            amount_total=115,
            amount_tax=15,
            payments=[self.pay_points(40), self.pay(75)],
        )
        self.card._post_entries(
            [{"card_id": self.card.id, "kind": "redeem", "points": -10, "key": "dashboard:elsewhere"}]
        )
        dashboard = self.env["loyalty.dashboard"]
        for __ in range(2):
            for shop, points in ((False, 50), (self.config, 40), (other, 0)):
                options = {"program_id": self.program.id, "shop_id": shop and shop.id}
                data = dashboard.load_figures(options)
                figure = next(one for one in data["figures"] if one["key"] == "redeemed")
                self.assertEqual(figure["text"], f"{points} points")
                self.assertEqual(sum(data["charts"]["flows"]["series"][1]["values"]), points)
                action = dashboard.open_lines("redeemed", options)
                rows = self.env[action["res_model"]].search(action["domain"])
                self.assertEqual(-sum(rows.mapped("points")), points)
                self.assertEqual(data["programs"][0]["values"][-1], self.card.points)
            self.env["loyalty.daily"]._fold()
            self.assertFalse(self.env["loyalty.card"]._verify_days())
        self.assertIn([other.id, "Other shop"], dashboard.load_figures({})["options"]["shops"])
        # The browser remembers a shop that is archived now.
        other.active = False
        self.assertEqual(dashboard.load_figures({"shop_id": other.id})["options"]["shop_id"], 0)
