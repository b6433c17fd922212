"""Issue Card from two places at the same moment. Nothing here is rolled back at the end: customers and documents are its own."""

from functools import partial

from crowd import CrowdCase

from odoo.fields import Command
from odoo.tests import tagged


@tagged("post_install", "-at_install")
class TestIssueConcurrency(CrowdCase):
    """Anybody who issues at the same moment as others hears of their card, and uses it; the customer gets one."""

    def setUp(self):
        super().setUp()
        with self.registry.cursor() as cr:
            env = self.env_of(cr)
            company = env.company
            if not company.chart_template:
                env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
            env["loyalty.program"].browse(self.program_id).write(
                {"company_id": company.id, "issue_on": "paid", "sequence": -1}
            )
            firm = env["res.partner"].create({"name": "Two Clicks and Sons", "is_company": True})
            self.partner_id = env["res.partner"].create({"name": "Two Clicks", "parent_id": firm.id}).id
            product = env["product.product"].create({"name": "Goods", "type": "service", "taxes_id": [Command.clear()]})
            self.order_ids = (
                env["sale.order"]
                .create(
                    [
                        {
                            "partner_id": self.partner_id,
                            "order_line": [Command.create({"product_id": product.id, "price_unit": 100})],
                        }
                        for __ in range(2)
                    ]
                )
                .ids
            )
            self.move_ids = (
                env["account.move"]
                .create(
                    [
                        {
                            "move_type": "out_invoice",
                            "partner_id": self.partner_id,
                            "invoice_line_ids": [
                                Command.create({"name": "Goods", "price_unit": 100, "tax_ids": [Command.clear()]})
                            ],
                        }
                        for __ in range(2)
                    ]
                )
                .ids
            )
            self.config_id = env["pos.config"].create({"name": "Two Clicks"}).id
            env["pos.session"].create({"config_id": self.config_id, "user_id": env.uid, "state": "opened"})
        self.addCleanup(self.leave)

    def leave(self):
        with self.registry.cursor() as cr:
            env = self.env_of(cr)
            env["sale.order"].browse(self.order_ids).action_cancel()
            env["account.move"].browse(self.move_ids).unlink()
            config = env["pos.config"].browse(self.config_id)
            config.session_ids.unlink()
            config.active = False
            env["res.partner"].browse(self.partner_id).active = False

    def cards(self):
        """Return the customer's loyalty cards; orders issue one of each program of the company, demo data included."""
        with self.registry.cursor() as cr:
            Card = self.env_of(cr)["loyalty.card"].with_context(active_test=False)
            return Card.search([("partner_id", "=", self.partner_id), ("program_type", "=", "loyalty")])

    def customer(self, env):
        return env["res.partner"].browse(self.partner_id).action_issue_loyalty_card() and True

    def order(self, number, env):
        return env["sale.order"].browse(self.order_ids[number]).action_issue_loyalty_card() and True

    def confirm(self, number, env):
        return env["sale.order"].browse(self.order_ids[number]).action_confirm()

    def invoice(self, number, env):
        return env["account.move"].browse(self.move_ids[number]).action_issue_loyalty_card() and True

    def till(self, env):
        return env["loyalty.card"].pos_issue_card(self.config_id, self.partner_id, program_id=self.program_id)["card"]

    def check(self, *works):
        """Do it all at once; the customer has one card at most in each program afterwards."""
        results = self.together(*works)
        with self.registry.cursor() as cr:
            cards = self.cards().with_env(self.env_of(cr))
            self.assertTrue(cards, results)
            self.assertEqual(len(cards), len(cards.program_id), results)
        return results

    def check_documents(self, model, ids):
        """All of them have the same card."""
        with self.registry.cursor() as cr:
            documents = self.env_of(cr)[model].browse(ids)
            self.assertEqual(len(documents.loyalty_card_id), 1)
            self.assertTrue(all(document.loyalty_card_id for document in documents))

    def test_two_clicks_on_a_customer(self):
        """N29, N7, H1: two clicks on the customer make one card; the second hears of it."""
        results = self.check(self.customer, self.customer)
        (told,) = (result for result in results if result is not True)
        self.assertIn("has card", str(told))
        self.assertEqual(len(self.cards()), 1)

    def test_two_orders(self):
        """N29, N7, H1: two orders of one customer, one card, on both."""
        self.assertEqual(self.check(partial(self.order, 0), partial(self.order, 1)), [True, True])
        self.check_documents("sale.order", self.order_ids)

    def test_two_orders_confirmed(self):
        """N29, N7, H5: two orders that are confirmed at once and earn the customer's first points issue one card."""
        self.check(partial(self.confirm, 0), partial(self.confirm, 1))
        with self.registry.cursor() as cr:
            orders = self.env_of(cr)["sale.order"].browse(self.order_ids)
            self.assertEqual(orders.mapped("state"), ["sale", "sale"])

    def test_two_invoices(self):
        """N29, N7, H1: two invoices of one customer, one card, on both."""
        self.assertEqual(self.check(partial(self.invoice, 0), partial(self.invoice, 1)), [True, True])
        self.check_documents("account.move", self.move_ids)

    def test_till(self):
        """N29, N7, H1: two touches at a register make one card, which both answers name."""
        first, second = self.check(self.till, self.till)
        self.assertEqual(first["id"], second["id"])

    def test_everywhere_at_once(self):
        """N29, N7, H1: customer, order, invoice and register at the same moment: one card."""
        self.check(self.customer, partial(self.order, 0), partial(self.invoice, 0), self.till)
