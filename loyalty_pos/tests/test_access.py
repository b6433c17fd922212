from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import tagged

from odoo.addons.loyalty_account.tests import test_access

from .common import TillCase, TillPointsCase

#: Rights by model and role, as letters of ``test_access.OPERATIONS``. Roles that are not named have none.
MATRIX = {
    # What somebody tried to guess is for those who look into it.
    "loyalty.till.miss": dict.fromkeys(("loyalty_manager", "loyalty_auditor"), "r"),
    # The rate of the till is part of what its preview says.
    "loyalty.till.rate": {**dict.fromkeys(test_access.EMPLOYEES, "r"), "loyalty_manager": "rwcu"},
}
#: What cashiers see of the ledger and its books: nothing; the till asks the server.
CLOSED = (
    "loyalty.ledger.entry",
    "loyalty.ledger.consumption",
    "loyalty.lot",
    "loyalty.hold",
    "loyalty.earning",
    "loyalty.exception",
    "loyalty.adjustment",
    "loyalty.valuation",
    "loyalty.accrual.run",
    "loyalty.proof",
)


@tagged("post_install", "-at_install")
class TestTillAccess(test_access.AccessCase):
    def test_every_model_has_its_row(self):
        """P4: a model of the add-on that is not in the table has not been thought about."""
        models = {
            name
            for name, model in self.env.registry.items()
            if model._original_module == "loyalty_pos" and not model._abstract
        }
        self.assertEqual(models, set(MATRIX))

    def test_matrix(self):
        """bH2, P4: model x operation x role is exactly the table above, RPC included."""
        till = self.env["pos.config"].sudo().create({"name": "Till"})
        rate = self.env["loyalty.till.rate"].sudo().create({"program_id": self.program.id, "config_id": till.id})
        for model, rights in MATRIX.items():
            for role, user in self.roles.items():
                found = "".join(
                    op[0] for op in test_access.OPERATIONS if self.env[model].with_user(user).has_access(op)
                )
                self.assertEqual(found, rights.get(role, ""), f"{model} as {role}")
                if model != rate._name:
                    continue
                for letter, name, args in (
                    ("r", "read", [rate.ids, ["multiplier"]]),
                    ("w", "write", [rate.ids, {"multiplier": 5}]),
                    ("c", "create", [{"program_id": self.program.id, "config_id": till.id}]),
                    ("u", "unlink", [rate.ids]),
                ):
                    if letter not in found:
                        with self.assertRaises(AccessError, msg=f"{name} as {role}"), self.env.cr.savepoint():
                            call_kw(self.env[model].with_user(user), name, args, {})

    def test_cashiers_see_no_books(self):
        """P4, S20: cashiers and managers of the till read neither ledger nor books, and change none of them."""
        for role in ("cashier", "till_manager"):
            for model in CLOSED:
                Model = self.env[model].with_user(self.roles[role])
                for operation in test_access.OPERATIONS:
                    self.assertFalse(Model.has_access(operation), f"{model} {operation} as {role}")
                with self.assertRaises(AccessError):
                    call_kw(Model, "search_read", [[]], {})

    def test_cards_of_cashiers(self):
        """P4, H17, S5: cashiers read cards, as Odoo's till does, write no balance and delete no used card."""
        self.earn(10)
        for name, args in (
            ("write", [self.card.ids, {"points": 1000}]),
            ("create", [{"program_id": self.program.id, "points": 1000}]),
            ("unlink", [self.card.ids]),
        ):
            with self.assertRaises(UserError, msg=name), self.env.cr.savepoint():
                call_kw(self.card.with_user(self.roles["cashier"]), name, args, {})


@tagged("post_install", "-at_install")
class TestTillOwnCards(TillPointsCase):
    def test_own_card_on_a_customers_order(self):
        """N29, H6: a cashier's own card neither earns on a customer's order nor on one without a customer."""
        mine = self.env["loyalty.card"].create(
            {"program_id": self.program.id, "partner_id": self.cashier.partner_id.id}
        )
        self.program.issue_on = "paid"
        of_ann = self.sell([self.line(price=50)], self.ann, loyalty_card_id=mine.id)
        of_nobody = self.sell([self.line(price=50)], loyalty_card_id=mine.id)
        self.assertEqual((of_ann.loyalty_points_earned, of_nobody.loyalty_points_earned), (50, 0))
        self.assertFalse(mine.entry_ids)


@tagged("post_install", "-at_install")
class TestTillForgedDefaults(TillCase):
    def test_results_of_orders(self):
        """P4: neither a context nor a default of one's own says what came of an order."""
        forged = {"loyalty_points_earned": 500, "loyalty_balance_after": 900, "loyalty_settled": True}
        for name, value in forged.items():
            self.env["ir.default"].with_user(self.cashier).set("pos.order", name, value, user_id=True)
        self.cashier.group_ids += self.env.ref("base.group_user")
        order = self.sell([self.line()])
        self.assertRecordValues(order, [dict.fromkeys(forged, 0)])
