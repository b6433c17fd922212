from odoo.fields import Command
from odoo.tests import Form, new_test_user

from odoo.addons.loyalty_account.tests.redemption_common import RedemptionCase


class OrderPointsCase(RedemptionCase):
    """Orders of a customer whose card has 10,000 points worth 0.01 each, entered by a salesperson without accounting
    rights, and short verbs for their invoices."""

    vat_mode = "tender"
    point_value = 0.01

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.grant(9000)
        cls.program.issue_on = "paid"
        cls.salesperson = new_test_user(
            cls.env,
            "loyalty_points_seller",
            groups="sales_team.group_sale_salesman",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.product.invoice_policy = "order"
        cls.shipping = cls.env["product.product"].create(
            {
                "name": "Shipping",
                "type": "service",
                "list_price": 10.0,
                "taxes_id": [Command.clear()],
                "loyalty_no_redeem": True,
                "invoice_policy": "order",
            }
        )

    def make_order(self, *lines, use=True, user=None, partner=None, **values):
        """Create a quotation: lines are amounts, or dicts of values of order lines."""
        commands = []
        for line in lines or (100.0,):
            vals = line if isinstance(line, dict) else {"price_unit": line}
            commands.append(
                Command.create(
                    {"product_id": self.product.id, "product_uom_qty": 1, "tax_ids": [Command.clear()], **vals}
                )
            )
        order = (
            self.env["sale.order"]
            .with_user(user or self.salesperson)
            .create({"partner_id": (partner or self.customer).id, "order_line": commands, **values})
        )
        if use:
            self.tick(order)
        return order

    def tick(self, order, use=True):
        with Form(order) as form:
            form.loyalty_use_points = use

    def confirmed(self, *lines, **values):
        order = self.make_order(*lines, **values)
        order.action_confirm()
        return order

    def make_invoices(self, orders, **values):
        """Invoice as the salesperson does; return the new draft invoices as the clerk sees them."""
        wizard = (
            self.env["sale.advance.payment.inv"]
            .with_user(orders.env.user)
            .with_context(active_model="sale.order", active_ids=orders.ids)
            .create(values)
        )
        known = orders.sudo().invoice_ids
        wizard.create_invoices()
        orders.invalidate_recordset(["invoice_ids"])
        return (orders.sudo().invoice_ids - known).with_user(self.clerk)

    def deliver(self, order, quantity):
        order.order_line.qty_delivered = quantity

    def holds(self, order):
        """All reservations of the card: ``[(document, points, status)]``."""
        holds = self.env["loyalty.hold"].search([("card_id", "=", self.card.id)], order="id")
        return [(hold.res_model, hold.points, hold.state) for hold in holds]

    def assertCard(self, points, reserved):
        """Check balance and reserved points, and that ledger, books and lots are intact."""
        self.card.invalidate_recordset()
        self.assertEqual((self.card.points, self.card.reserved_points), (points, reserved))
        self.assertEqual(self.card.available_points, points - reserved)
        self.assertEqual(self.env["loyalty.card"]._verify_ledger(), [])
