from lxml import etree

from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import HttpCase, JsonRpcException, new_test_user, tagged

from .books_common import BooksCase

OPERATIONS = ("read", "write", "create", "unlink")
#: Accounting people: they read the books of points and, from the accountant on, accrue.
READERS = ("readonly", "accountant", "administrator", "loyalty_auditor")
EMPLOYEES = (
    *("internal", "loyalty_user", "loyalty_auditor", "invoicing", "readonly", "accountant", "administrator"),
    *("cashier", "till_manager", "salesperson"),
)

#: Rights by model and role, as letters of OPERATIONS: r, w, c, u. Roles that are not named have none.
MATRIX = {
    "loyalty.account.setup": {"loyalty_manager": "rwcu"},
    "loyalty.accrual.run": {**dict.fromkeys(READERS, "r"), "accountant": "rwcu", "administrator": "rwcu"},
    "loyalty.accrual.run.line": dict.fromkeys(READERS, "r"),
    "loyalty.apply.points": dict.fromkeys(("invoicing", "accountant", "administrator"), "rwcu"),
    "loyalty.close": {
        **dict.fromkeys((*READERS, "loyalty_manager"), "r"),
        **dict.fromkeys(("accountant", "administrator"), "rwcu"),
    },
    "loyalty.close.figure": dict.fromkeys((*READERS, "loyalty_manager"), "r"),
    "loyalty.close.step": {
        **dict.fromkeys((*READERS, "loyalty_manager"), "r"),
        **dict.fromkeys(("accountant", "administrator"), "rw"),
    },
    "loyalty.liability.report": dict.fromkeys((*READERS, "loyalty_manager"), "r"),
    # What a point is worth and which tax answers which is part of every payment with points.
    "loyalty.point.value": {**dict.fromkeys(EMPLOYEES, "r"), "loyalty_manager": "rwcu"},
    "loyalty.point.value.log": {"loyalty_manager": "r"},
    "loyalty.proof": dict.fromkeys((*READERS, "loyalty_manager"), "rwcu"),
    "loyalty.proof.line": dict.fromkeys((*READERS, "loyalty_manager"), "r"),
    "loyalty.proof.part": dict.fromkeys((*READERS, "loyalty_manager"), "r"),
    "loyalty.relief": dict.fromkeys(("readonly", "accountant", "loyalty_auditor"), "r"),
    "loyalty.relief.report": dict.fromkeys(
        ("readonly", "accountant", "loyalty_auditor", "loyalty_user", "loyalty_manager"), "r"
    ),
    "loyalty.rollforward": dict.fromkeys((*READERS, "loyalty_manager"), "rwcu"),
    "loyalty.rollforward.report": dict.fromkeys((*READERS, "loyalty_manager"), "r"),
    "loyalty.source.report": dict.fromkeys((*READERS, "loyalty_manager"), "r"),
    "loyalty.source.wizard": dict.fromkeys((*READERS, "loyalty_manager"), "rwcu"),
    "loyalty.tax.map": {**dict.fromkeys(EMPLOYEES, "r"), "loyalty_manager": "rwcu"},
    "loyalty.valuation": dict.fromkeys(READERS, "r"),
    "loyalty.value.daily": dict.fromkeys(READERS, "r"),
}
#: Roles, and those of add-ons that need not be installed.
GROUPS = {
    "portal": "base.group_portal",
    "internal": "base.group_user",
    "loyalty_user": "loyalty_ledger.group_loyalty_user",
    "loyalty_manager": "loyalty_ledger.group_loyalty_manager",
    "loyalty_auditor": "loyalty_ledger.group_loyalty_auditor",
    "invoicing": "account.group_account_invoice",
    "readonly": "account.group_account_readonly",
    "accountant": "account.group_account_user",
    "administrator": "account.group_account_manager",
    "salesperson": "sales_team.group_sale_salesman",
    "cashier": "point_of_sale.group_pos_user",
    "till_manager": "point_of_sale.group_pos_manager",
}


class AccessCase(BooksCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.roles = {
            role: cls.make_role(f"role_{role}", group if role in ("portal", "internal") else f"base.group_user,{group}")
            for role, group in GROUPS.items()
            if cls.env.ref(group, raise_if_not_found=False)
        }


@tagged("post_install", "-at_install")
class TestAccess(AccessCase):
    """Model x operation x role, and what is refused although the model may be written."""

    def test_every_model_has_its_row(self):
        """S6, P4: a model of the add-on that is not in the table has not been thought about."""
        models = {
            name
            for name, model in self.env.registry.items()
            if model._original_module == "loyalty_account" and not model._abstract
        }
        self.assertEqual(models, set(MATRIX))

    def test_matrix(self):
        """M6, P4, S20: model x operation x role is exactly the table above."""
        for model, rights in MATRIX.items():
            for role, user in self.roles.items():
                found = "".join(op[0] for op in OPERATIONS if self.env[model].with_user(user).has_access(op))
                self.assertEqual(found, rights.get(role, ""), f"{model} as {role}")

    def test_forms_open(self):
        """P4: everybody who may read a record can open its form and its list, with the rows that they show."""
        for name, model in self.env.registry.items():
            if not name.startswith("loyalty.") or model._abstract:
                continue
            for role, user in self.roles.items():
                records = self.env[name].with_user(user)
                if role == "portal" or not records.has_access("read"):  # the portal has pages of its own
                    continue
                for view_type in ("form", "list"):
                    arch = etree.fromstring(records.get_view(view_type=view_type)["arch"])
                    for node in arch.xpath("//field[not(ancestor::field)]"):
                        field = records._fields[node.get("name")]
                        if field.type in ("one2many", "many2many"):
                            with self.subTest(field=str(field), role=role, view=view_type):
                                self.assertTrue(self.env[field.comodel_name].with_user(user).has_access("read"))

    def test_remote_calls(self):
        """M6, P4: read, write, create and unlink over RPC are refused where the table says so."""
        self.earn(100)
        run = self.run_accrual()
        proof = self.env["loyalty.proof"].with_user(self.accountant).create({"program_id": self.program.id})
        proof.action_reconcile()
        rows = {
            "loyalty.accrual.run": run,
            "loyalty.accrual.run.line": run.line_ids,
            "loyalty.point.value": self.program.point_value_ids,
            "loyalty.proof": proof,
            "loyalty.proof.part": proof.part_ids,
            "loyalty.tax.map": self.program.tax_map_ids,
            "loyalty.valuation": self.env["loyalty.valuation"].search([("program_id", "=", self.program.id)]),
        }
        for model, row in rows.items():
            self.assertTrue(row, model)
            for role, user in self.roles.items():
                calls = {"r": ("read", [row.ids, ["id"]]), "w": ("write", [row.ids, {}]), "u": ("unlink", [row.ids])}
                calls["c"] = ("create", [{}])
                for letter, (name, args) in calls.items():
                    if letter not in MATRIX[model].get(role, ""):
                        # Value lines say it themselves, to everybody.
                        with self.assertRaises(UserError, msg=f"{model} {name} as {role}"), self.env.cr.savepoint():
                            call_kw(self.env[model].with_user(user), name, args, {})

    def test_values_are_nobodys(self):
        """N5: value lines are not written by anybody, sudo included."""
        self.earn(100)
        self.run_accrual()
        line = self.env["loyalty.valuation"].search([("program_id", "=", self.program.id)], limit=1)
        for records in (line.sudo(), *(line.with_user(user) for user in self.roles.values())):
            for name, args in (
                ("write", [line.ids, {"amount": 1}]),
                ("unlink", [line.ids]),
                ("create", [{"program_id": self.program.id, "lot_id": line.lot_id.id, "amount": 1}]),
            ):
                with self.assertRaises(UserError), self.env.cr.savepoint():
                    call_kw(records, name, args, {})

    def test_results_of_runs(self):
        """M12, N1: an accountant posts a run, and cannot write that it was posted, nor what it posted."""
        Run = self.env["loyalty.accrual.run"].with_user(self.accountant)
        self.earn(100)
        run = Run.create({"program_id": self.program.id, "date_to": "2026-03-15"})
        for values in (
            {"state": "posted"},
            {"last_entry_id": 10**6},
            {"amount": 5},
            {"point_value": 3},
            {"posted_at": "2026-01-01 00:00:00"},
            {"move_id": self.env["account.move"].search([], limit=1).id},
            {"line_ids": [(0, 0, {"kind": "issue", "amount": 5})]},
        ):
            with self.assertRaises(AccessError):
                call_kw(run, "write", [run.ids, values], {})
            with self.assertRaises(AccessError):
                call_kw(Run, "create", [{"program_id": self.program.id, **values}], {})
        forged = {"default_state": "posted", "default_last_entry_id": 10**6, "default_amount": 7.0}
        run = Run.browse(
            call_kw(Run, "create", [{"program_id": self.program.id, "date_to": "2026-03-15"}], {"context": forged})
        )
        self.assertRecordValues(run, [{"state": "draft", "last_entry_id": 0, "amount": 0}])
        run.action_preview()
        run.action_post()
        self.assertRecordValues(run, [{"state": "posted", "amount": 8.70}])

    def test_accrued_until(self):
        """M17: only posting a run moves the day until which a program is accrued."""
        manager = self.roles["loyalty_manager"]
        program = self.program.with_user(manager)
        with self.assertRaises(AccessError):
            call_kw(program, "write", [program.ids, {"accrued_until": "2099-12-31"}], {})
        self.earn(100)
        self.run_accrual()
        with self.assertRaises(AccessError):
            call_kw(program, "write", [program.ids, {"accrued_until": False}], {})
        values = {"name": "New", "program_type": "loyalty"}
        with self.assertRaises(AccessError):
            call_kw(program, "create", [{**values, "accrued_until": "2099-12-31"}], {})
        forged = {"context": {"default_accrued_until": "2099-12-31"}}
        self.assertFalse(program.browse(call_kw(program, "create", [values], forged)).accrued_until)

    def test_answers_of_proofs(self):
        """N1: anybody who proves cannot write the answer, by a context neither."""
        Proof = self.env["loyalty.proof"].with_user(self.accountant)
        proof = Proof.browse(
            call_kw(Proof, "create", [{"program_id": self.program.id}], {"context": {"default_state": "ok"}})
        )
        self.assertEqual(proof.state, "draft")
        with self.assertRaises(AccessError):
            call_kw(proof, "write", [proof.ids, {"state": "ok"}], {})

    def test_what_documents_redeem(self):
        """S11, S20, P4: no value, context or default of one's own makes a document redeem or give back points."""
        self.grant_points(100)
        forged = {
            "loyalty_redeem_card_id": self.card.id,
            "loyalty_redeem_points": 50,
            "loyalty_redeem_amount": 5,
            "loyalty_items": [],
        }
        Move = self.env["account.move"].with_user(self.clerk)
        for name, value in forged.items():
            with self.assertRaises(AccessError):
                call_kw(Move, "create", [{"move_type": "out_invoice", name: value or [1]}], {})
            if value:
                self.env["ir.default"].with_user(self.clerk).set("account.move", name, value, user_id=True)
        context = {f"default_{name}": value for name, value in forged.items()}
        line = {"name": "Goods", "price_unit": 5, "quantity": 1, "tax_ids": []}
        context["default_is_loyalty_reduction"] = True
        values = {"move_type": "out_invoice", "partner_id": self.customer.id, "invoice_line_ids": [(0, 0, line)]}
        move = Move.browse(call_kw(Move, "create", [values], {"context": context}))
        self.assertRecordValues(
            move,
            [
                {
                    "loyalty_redeem_card_id": False,
                    "loyalty_redeem_points": 0,
                    "loyalty_redeem_amount": 0,
                    "loyalty_items": False,
                }
            ],
        )
        self.assertFalse(any(move.invoice_line_ids.mapped("is_loyalty_reduction")))
        call_kw(move, "action_post", [move.ids], {"context": context})
        self.assertEqual(self.card.points, 100)

    def grant_points(self, points):
        self.post("opening", points)


@tagged("post_install", "-at_install")
class TestAccessOverHttp(HttpCase):
    """The same over the wire."""

    def test_over_json_rpc(self):
        """M6, P4: the books of points are not read by who may not see them, nor changed by who may."""
        new_test_user(self.env, "books_wire", groups="base.group_user", password="books_wire")
        program = self.env["loyalty.program"].create({"name": "Wire", "program_type": "loyalty"})
        run = self.env["loyalty.accrual.run"].create({"program_id": program.id})
        self.authenticate("books_wire", "books_wire")
        for model, method, args in (
            ("loyalty.valuation", "search_read", ([],)),
            ("loyalty.accrual.run", "read", (run.ids, ["state"])),
            ("loyalty.accrual.run", "action_post", (run.ids,)),
            ("loyalty.proof", "create", ([{"program_id": program.id}],)),
            ("loyalty.point.value", "create", ([{"program_id": program.id, "point_value": 9}],)),
            ("loyalty.program", "action_reconcile_loyalty", (program.ids,)),
        ):
            with self.assertRaises(JsonRpcException, msg=f"{model}.{method}"), self.assertLogs("odoo.http", "WARNING"):
                self.make_jsonrpc_request(
                    f"/web/dataset/call_kw/{model}/{method}",
                    {"model": model, "method": method, "args": args, "kwargs": {}},
                )
