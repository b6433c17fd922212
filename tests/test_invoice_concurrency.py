"""Two invoices or orders, one card, at the same moment. Nothing here is rolled back at the end: cards and documents are its own."""

from functools import partial

from crowd import CrowdCase

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged


@tagged("post_install", "-at_install")
class TestInvoiceConcurrency(CrowdCase):
    def setUp(self):
        super().setUp()
        with self.registry.cursor() as cr:
            env = self.env_of(cr)
            company = env.company
            if not company.chart_template:
                env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
            account = env["account.account"].create(
                {
                    "name": "Crowded Points",
                    "code": env["account.account"].with_company(company)._search_new_account_code("699001"),
                    "account_type": "expense",
                    "company_ids": [Command.set(company.ids)],
                }
            )
            methods = [
                Command.clear(),
                Command.create({"payment_method_id": env.ref("loyalty_account.account_payment_method_loyalty_in").id}),
            ]
            journal = env["account.journal"].create(
                {
                    "name": "Crowded Points",
                    "code": f"CR{self.program_id}"[-5:],
                    "type": "cash",
                    "company_id": company.id,
                    "inbound_payment_method_line_ids": methods,
                }
            )
            env["loyalty.program"].browse(self.program_id).write(
                {
                    "company_id": company.id,
                    "currency_id": company.currency_id.id,
                    "accounting_policy": "redemption",
                    "vat_mode": "tender",
                    "loyalty_journal_id": journal.id,
                    "cost_account_id": account.id,
                    "point_value": 1,
                }
            )
            self.partner_id = env["res.partner"].create({"name": "Crowded"}).id

    def make_invoices(self, number, post=True):
        with self.registry.cursor() as cr:
            env = self.env_of(cr)
            moves = env["account.move"].create(
                [
                    {
                        "move_type": "out_invoice",
                        "partner_id": self.partner_id,
                        "loyalty_card_id": False,
                        "invoice_line_ids": [
                            Command.create({"name": "Goods", "price_unit": 100, "tax_ids": [Command.clear()]})
                        ],
                    }
                    for __ in range(number)
                ]
            )
            if post:
                moves.action_post()
            return moves.ids

    def test_two_invoices_redeem_one_card(self):
        """N7, S10: 80 and 80 of 100 points on two invoices at once: one is paid, the other refused, books and card agree."""
        (card_id,) = self.make_cards(100)
        move_ids = self.make_invoices(2)

        def redeem(move_id, env):
            card = env["loyalty.card"].browse(card_id)
            return env["account.move"].browse(move_id)._apply_loyalty_points(card, 80).id

        self.check(card_id, move_ids, self.together(*(partial(redeem, move_id) for move_id in move_ids)))

    def test_two_drafts_reserve_one_card(self):
        """N6, N7: 80 and 80 of 100 points reserved by two drafts at once: one is refused; the other settles."""
        (card_id,) = self.make_cards(100)
        move_ids = self.make_invoices(2, post=False)

        def reserve(move_id, env):
            env["account.move"].browse(move_id)._apply_loyalty_points(env["loyalty.card"].browse(card_id), 80)
            return move_id

        results = self.together(*(partial(reserve, move_id) for move_id in move_ids))
        self.assertEqual(self.balances(card_id, "points", "available_points"), [(100, 20)])
        with self.registry.cursor() as cr:
            self.env_of(cr)["account.move"].browse(move_ids).action_post()
        self.check(card_id, move_ids, results)

    def test_posting_one_draft_twice(self):
        """N6, N7: a draft that two people confirm at once redeems its points once."""
        (card_id,) = self.make_cards(100)
        (move_id,) = self.make_invoices(1, post=False)
        with self.registry.cursor() as cr:
            env = self.env_of(cr)
            env["account.move"].browse(move_id)._apply_loyalty_points(env["loyalty.card"].browse(card_id), 40)

        def confirm(env):
            env["account.move"].browse(move_id).action_post()
            return move_id

        self.together(confirm, confirm)
        self.assertEqual(self.balances(card_id, "points", "reserved_points"), [(60, 0)])
        with self.registry.cursor() as cr:
            move = self.env_of(cr)["account.move"].browse(move_id)
            self.assertEqual((move.amount_residual, move.loyalty_points_redeemed), (60, 40))

    def make_orders(self, card_id, number):
        """Quotations of 80 that use the points of the card."""
        with self.registry.cursor() as cr:
            env = self.env_of(cr)
            product = env["product.product"].create(
                {"name": "Goods", "type": "service", "invoice_policy": "order", "taxes_id": [Command.clear()]}
            )
            orders = env["sale.order"].create(
                [
                    {
                        "partner_id": self.partner_id,
                        "loyalty_card_id": card_id,
                        "loyalty_use_points": True,
                        "order_line": [Command.create({"product_id": product.id, "price_unit": 80})],
                    }
                    for __ in range(number)
                ]
            )
            self.assertEqual(orders.mapped("loyalty_points_to_use"), [80] * number)
            return orders.ids

    def test_two_orders_reserve_one_card(self):
        """N6, N7, P24: two orders that use 80 of 100 points are confirmed at once: one reserves them, one is refused."""
        (card_id,) = self.make_cards(100)
        order_ids = self.make_orders(card_id, 2)

        def confirm(order_id, env):
            return env["sale.order"].browse(order_id).action_confirm()

        results = self.together(*(partial(confirm, order_id) for order_id in order_ids))
        refused = [result for result in results if isinstance(result, Exception)]
        self.assertEqual(len(refused), 1, results)
        self.assertIsInstance(refused[0], ValidationError)
        self.assertIn("20 points available", str(refused[0]))
        self.assertEqual(self.balances(card_id, "points", "reserved_points"), [(100, 80)])
        with self.registry.cursor() as cr:
            orders = self.env_of(cr)["sale.order"].browse(order_ids)
            self.assertEqual(sorted(orders.mapped("state")), ["draft", "sale"])
            orders.filtered(lambda order: order.state == "sale")._create_invoices().action_post()
        self.assertEqual(self.balances(card_id, "points", "reserved_points", "debt_points"), [(20, 0, 0)])
        self.assertClean()

    def test_order_invoiced_and_cancelled_at_once(self):
        """C18, N6, N7: an order is invoiced while somebody cancels it: its points are free, never reserved for nobody."""
        (card_id,) = self.make_cards(100)
        (order_id,) = self.make_orders(card_id, 1)
        with self.registry.cursor() as cr:
            self.env_of(cr)["sale.order"].browse(order_id).action_confirm()

        def invoice(env):
            return env["sale.order"].browse(order_id)._create_invoices().ids

        def cancel(env):
            return env["sale.order"].browse(order_id)._action_cancel()

        self.together(invoice, cancel)
        with self.registry.cursor() as cr:
            order = self.env_of(cr)["sale.order"].browse(order_id)
            for move in order.invoice_ids.filtered(lambda move: move.state == "draft"):
                move.button_cancel()  # made just before the cancellation, which did not see it
            self.assertEqual(order.state, "cancel")
        self.assertEqual(self.balances(card_id, "points", "reserved_points"), [(100, 0)])
        self.assertClean()

    def check(self, card_id, move_ids, results):
        refused = [result for result in results if isinstance(result, Exception)]
        self.assertEqual(len(refused), 1, results)
        self.assertIsInstance(refused[0], ValidationError)
        self.assertIn("20 points available", str(refused[0]))
        self.assertEqual(self.balances(card_id, "points", "reserved_points", "debt_points"), [(20, 0, 0)])
        self.assertClean()
        with self.registry.cursor() as cr:
            moves = self.env_of(cr)["account.move"].browse(move_ids)
            self.assertEqual(sorted(moves.mapped("amount_residual")), [20, 100])
            self.assertEqual(sum(moves.mapped("loyalty_points_redeemed")), 80)
            payment = moves.reconciled_payment_ids
            self.assertEqual((payment.loyalty_points, payment.amount, payment.move_id.state), (80, 80, "posted"))
