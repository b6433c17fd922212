import json

from odoo.exceptions import AccessError
from odoo.tests import TransactionCase, new_test_user, tagged

from odoo.addons.loyalty_ledger.tools.trusted import CONTEXT_KEY, SERVER, by_server, is_server

MIXIN = "loyalty.server.fields.mixin"


@tagged("post_install", "-at_install")
class TestServerFields(TransactionCase):
    """What only the server writes: one rule for all models that have such fields."""

    def models(self):
        """Yield the models with server fields that users may have rights to."""
        for name in self.registry.descendants([MIXIN], "_inherit"):
            model = self.env[name]
            if not model._abstract and name != MIXIN:
                yield model

    def test_models(self):
        """N29: the rule holds for all these models, and there is no second one."""
        expected = {
            "account.move",
            "account.move.line",
            "account.payment",
            "loyalty.accrual.run",
            "loyalty.adjustment",
            "loyalty.balance.import",
            "loyalty.card",
            "loyalty.earning",
            "loyalty.exception",
            "loyalty.hold",
            "loyalty.program",
            "loyalty.proof",
            "sale.order",
            "sale.order.line",
        }  # and pos.order, where the Point of Sale is installed
        found = {model._name for model in self.models()}
        self.assertFalse(expected - found)
        for model in self.models():
            self.assertTrue(model._server_fields() <= set(model._fields), model._name)

    def test_no_default_says_them(self):
        """N29, P4, S20: no context and no default of a user fills a server field of any model."""
        user = new_test_user(self.env, "server_fields_user", groups="base.group_user,base.group_system")
        for model in self.models():
            names = [
                name
                for name in model._server_fields()
                if (field := model._fields[name]).store and field.type in ("integer", "float", "char", "boolean")
            ]
            expected = model.with_user(user).default_get(names)
            context = {f"default_{name}": 7 for name in names}
            for name in names:
                self.env["ir.default"].with_user(user).set(model._name, name, 7, user_id=True)
            with self.subTest(model._name):
                self.assertEqual(model.with_user(user).with_context(**context).default_get(names), expected)

    def test_nobody_forges_the_server(self):
        """N29, P4: what a remote client can send as context opens no server field; our own object does."""
        user = new_test_user(self.env, "server_fields_seller", groups="sales_team.group_sale_manager")
        order = self.env["sale.order"].create({"partner_id": user.partner_id.id}).with_user(user)
        for value in (True, 1, "SERVER", str(SERVER), repr(SERVER), [], {}, json.loads('{"a": 1}')):
            forged = order.with_context(**{CONTEXT_KEY: value})
            self.assertFalse(is_server(forged))
            with self.assertRaisesRegex(AccessError, "Tick Use Loyalty Points"):
                forged.write({"loyalty_points_applied": 100})
            with self.assertRaisesRegex(AccessError, "Only confirming or cancelling"):
                forged.write({"loyalty_in_ledger": True})
        order.write({"loyalty_points_applied": 0, "loyalty_in_ledger": False})  # what it is already, as imports send it
        with self.assertRaises(TypeError):
            json.dumps({CONTEXT_KEY: SERVER})
        by_server(order).write({"loyalty_points_applied": 3})
        self.assertEqual(order.loyalty_points_applied, 3)

    def test_lines_are_not_the_server(self):
        """N29, P4, S20: what the server opens on an order stays shut on the lines that the same call writes."""
        seller = new_test_user(self.env, "server_fields_lines", groups="sales_team.group_sale_manager")
        product = self.env["product.product"].create({"name": "Tea", "list_price": 10})
        order = self.env["sale.order"].create(
            {"partner_id": seller.partner_id.id, "order_line": [(0, 0, {"product_id": product.id})]}
        )
        line = order.order_line
        self.assertFalse(is_server(by_server(order).order_line))
        for state in ("sale", "cancel", "draft", "sale"):
            for command in (
                (1, line.id, {"points_cost": -1000}),
                (0, 0, {"product_id": product.id, "points_cost": -1000}),
            ):
                with self.assertRaisesRegex(AccessError, "The points of a reward"):
                    order.with_user(seller).write({"state": state, "order_line": [command]})
            order.with_user(seller).write({"state": state})
        self.assertRecordValues(order.order_line, [{"points_cost": 0}])

    def test_linked_lines_are_not_the_server(self):
        """N29, P4, S20: a line whose cost stays opens nothing for the lines that are linked to it."""
        seller = new_test_user(self.env, "server_fields_linked", groups="sales_team.group_sale_manager")
        product = self.env["product.product"].create({"name": "Tea", "list_price": 10})
        order = self.env["sale.order"].create(
            {"partner_id": seller.partner_id.id, "order_line": [(0, 0, {"product_id": product.id})] * 2}
        )
        line, other = order.order_line
        linked = {"linked_line_ids": [(1, other.id, {"points_cost": -1000})]}
        with self.assertRaisesRegex(AccessError, "The points of a reward"):
            line.with_user(seller).write({"points_cost": 0, **linked})
        line.with_user(seller).write({"points_cost": 0, "name": "Green tea"})  # as imports send it
        self.assertEqual((line.name, line.points_cost, other.points_cost), ("Green tea", 0, 0))
