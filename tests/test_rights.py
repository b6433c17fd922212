"""Who may do what: the rights of every model and every public method by role, as one table (rights.txt).

The table is what the server answers to remote calls. After a change that is meant, write it again and read the difference:
``LOYALTY_WRITE_RIGHTS=1`` in the environment of the test.
"""

import os
import xmlrpc.client
from difflib import unified_diff
from pathlib import Path

from lxml import etree

from odoo.exceptions import AccessDenied, AccessError
from odoo.service.model import call_kw, get_public_method
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tests.common import get_db_name

from odoo.addons.loyalty_account.tests.test_access import GROUPS, AccessCase

OURS = ("loyalty_ledger", "loyalty_account", "loyalty_sale", "loyalty_pos", "loyalty_rebate", "loyalty_deferral")
#: Models of plain Odoo whose rights we change.
FOREIGN = (
    "loyalty.card",
    "loyalty.program",
    "loyalty.rule",
    "loyalty.reward",
    "loyalty.mail",
    "loyalty.history",
    "loyalty.generate.wizard",
    "loyalty.card.update.balance",
)
#: What methods are called that only open a list: its rows have their own rights.
OPENS = ("action_view_", "action_open_")
OPERATIONS = ("read", "write", "create", "unlink")
#: RPC_FAULT_CODE_ACCESS_ERROR of Odoo's XML-RPC.
ACCESS_ERROR = 4
FILE = Path(__file__).with_name("rights.txt")


def read_table():
    """Return ``{"model.method or model operation": "roles"}`` as stored."""
    lines = FILE.read_text(encoding="utf-8").splitlines() if FILE.exists() else []
    return dict(line.split(": ", 1) if ": " in line else (line.rstrip(":"), "") for line in lines if line)


def addon_of(cls):
    parts = cls.__module__.split(".")
    return parts[2] if parts[:2] == ["odoo", "addons"] else ""


def public_methods(model):
    """Return the names of what remote clients can call on a model because of our add-ons, or what they override."""
    every = type(model.env["base"])  # what any model can be asked follows the rights of its rows
    names = {
        name
        for cls in type(model).mro()
        if addon_of(cls) in OURS
        for name, value in cls.__dict__.items()
        if not name.startswith("_") and callable(value) and not hasattr(every, name)
    }
    found = set()
    for name in names:
        try:
            get_public_method(model, name)
        except (AccessError, AttributeError):
            continue
        found.add(name)
    return found


@tagged("post_install", "-at_install")
class TestRights(AccessCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        sudo = cls.env(su=True)
        cls.till = sudo["pos.config"].create({"name": "Till of the Rights", "company_id": cls.program.company_id.id})
        cls.till.open_ui()
        cls.entry = cls.card._post_entries(
            [{"card_id": cls.card.id, "kind": "opening", "points": 100, "key": "rights"}]
        )
        cls.card._hold(5, "test:rights", None)
        manager = cls.roles["loyalty_manager"]
        order = sudo["sale.order"].create({"partner_id": cls.customer.id})
        move = sudo["account.move"].create({"move_type": "out_invoice", "partner_id": cls.customer.id})
        cls.rows = {
            "account.move": move,
            "account.payment": sudo["account.payment"].create(
                {"payment_type": "inbound", "partner_id": cls.customer.id, "amount": 1}
            ),
            "loyalty.accrual.run": sudo["loyalty.accrual.run"].create({"program_id": cls.program.id}),
            "loyalty.adjustment": cls.env["loyalty.adjustment"]
            .with_user(manager)
            ._request(cls.card.with_user(manager), "add", 5, "Rights"),
            "loyalty.card": cls.card,
            "loyalty.exception": sudo["loyalty.exception"].create(
                {"kind": "debt", "card_id": cls.card.id, "program_id": cls.program.id, "entry_id": cls.entry.id}
            ),
            "loyalty.hold": cls.card.hold_ids,
            "loyalty.ledger.entry": cls.entry,
            "loyalty.program": cls.program,
            "pos.config": cls.till,
            "res.partner": cls.customer,
            "sale.order": order,
            "ir.module.module": sudo.ref("base.module_loyalty_ledger"),
            **cls._make_rows(sudo, move),
        }
        #: What a wizard needs, where somebody may create one.
        cls.values = {
            "loyalty.account.setup": {
                "program_id": cls.program.id,
                "accounting_policy": "redemption",
                "vat_mode": "tender",
            },
            "loyalty.adjust.wizard": {"card_ids": [(6, 0, cls.card.ids)], "points": 1, "reason": "Rights"},
            "loyalty.apply.points": {"move_id": move.id, "card_id": cls.card.id},
            "loyalty.card.update.balance": {"card_id": cls.card.id, "new_balance": 5, "description": "Rights"},
            "loyalty.generate.wizard": {"program_id": cls.program.id, "coupon_qty": 1, "points_granted": 1},
            "loyalty.balance.import": {"program_id": cls.program.id, "data": "Y2FyZCxwb2ludHMK", "reason": "Rights"},
            "loyalty.program.change": {
                "program_id": cls.program.id,
                "expiry_policy": "never",
                "expiry_unit": "month",
                "level_basis": "lifetime",
            },
            "loyalty.proof": {"program_id": cls.program.id},
            "loyalty.replace.wizard": {"card_id": cls.card.id},
            "loyalty.redemption.study": {
                "program_id": cls.program.id,
                "decision": "override",
                "new_rate": 90,
                "date_from": "2026-03-31",
                "reason": "Rights",
            },
            "loyalty.rollforward": {},
            "loyalty.statement": {"card_ids": [(6, 0, cls.card.ids)]},
            "loyalty.transfer.wizard": {"card_id": cls.card.id, "target_card_id": cls.card.id, "points": 1},
        }
        till, card = cls.till.id, cls.card.id
        cls.arguments = {
            "add_payment": [{}],
            "confirm_coupon_programs": [{}],
            "get_gift_card_status": ["x", till],
            "get_loyalty_card_partner_by_code": ["x"],
            "pos_find_card": [till, "x"],
            "pos_give_bonus": [till, card, 1, "Rights", "rights"],
            "pos_hold": [till, card, 1, "rights", "rights"],
            "pos_issue_card": [till, cls.customer.id],
            "pos_name_card": [till, card],
            "pos_refund_preview": [{}],
            "pos_release_hold": [till, "rights"],
            "pos_reserved_by_orders": [till, card, []],
            "sync_from_ui": [[]],
            "upload_file": ["balances.csv", "Y2FyZCxwb2ludHMK"],
            "use_coupon_code": ["x", "2026-03-15 12:00:00", False, False],
            "validate_coupon_programs": [{}, []],
        }

    @classmethod
    def _make_rows(cls, sudo, move):
        """Return rows of what orders, closes, proofs and reports make, for the methods that are called on them."""
        session = cls.till.current_session_id
        order = sudo["pos.order"].create(
            {
                "session_id": session.id,
                "partner_id": cls.customer.id,
                "amount_tax": 0,
                "amount_total": 10,
                "amount_paid": 0,
                "amount_return": 0,
                "lines": [
                    (
                        0,
                        0,
                        {
                            "product_id": cls.product.id,
                            "price_unit": 10,
                            "price_subtotal": 10,
                            "price_subtotal_incl": 10,
                        },
                    )
                ],
            }
        )
        proof = sudo["loyalty.proof"].create({"program_id": cls.program.id})
        proof.action_reconcile()
        return {"pos.order": order, "loyalty.proof.part": proof.part_ids[:1]}

    def models(self):
        return [self.env[name] for name in sorted(self.env.registry) if not self.env[name]._abstract]

    def test_methods_have_a_row(self):
        """N29, P4: a public method that is not in the table has not been thought about."""
        known = read_table()
        found = {f"{model._name}.{name}()" for model in self.models() for name in public_methods(model)}
        self.assertFalse(sorted(found - set(known)), "public methods without a row in tests/rights.txt")

    def test_table(self):
        """N29, S12, S20, P4, M6: model x operation x role and public method x role are exactly the stored table."""
        table, unasked = {}, []
        for model in self.models():
            if model._original_module in OURS or model._name in FOREIGN:
                for operation in OPERATIONS:
                    table[f"{model._name} {operation}"] = self.who(model, "has_access", [operation], self.answer)
            for name in public_methods(model):
                roles = self.who(model, name, self.arguments.get(name, []), self.passes)
                table[f"{model._name}.{name}()"] = roles
                if len(roles.split()) == len(self.roles) and not self.has_row(model) and not name.startswith(OPENS):
                    unasked.append(f"{model._name}.{name}()")
        self.assertFalse(unasked, "methods that let everybody in, as they were called on no row")
        lines = [f"{what}: {roles}".rstrip() for what, roles in sorted(table.items())]
        if os.environ.get("LOYALTY_WRITE_RIGHTS"):
            FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")
        stored = FILE.read_text(encoding="utf-8").splitlines() if FILE.exists() else []
        self.assertFalse("\n".join(unified_diff(stored, lines, "tests/rights.txt", "now", lineterm="", n=0)))

    def test_no_button_that_always_fails(self):
        """N29, P4: who reads a document but may not act on it sees no button for it: auditors and, where only
        administrators decide, accountants."""
        table, failing = read_table(), []
        views = self.env["ir.model.data"].search([("module", "in", OURS), ("model", "=", "ir.ui.view")])
        views = self.env["ir.ui.view"].browse(views.mapped("res_id")).exists()
        for view in views.filtered(lambda view: view.type in ("form", "list", "kanban") and not view.inherit_id):
            for role in ("readonly", "loyalty_auditor", "accountant"):
                model = self.env[view.model].with_user(self.roles[role])
                if not model.has_access("read"):
                    continue
                for button in etree.fromstring(model.get_view(view.id, view.type)["arch"]).iterfind(".//button"):
                    fields = button.xpath("ancestor::field[list or kanban or form]/@name")
                    row = model
                    for name in fields:
                        row = row[name]
                    method = f"{row._name}.{button.get('name')}()"
                    # What a field named can_* hides is decided for each document.
                    if role not in table.get(method, role).split() and "can_" not in button.get("invisible", ""):
                        failing.append(f"{role}: {method} in {view.xml_id}")
        self.assertFalse(failing)

    def who(self, model, name, args, question):
        """Return the roles for which the question about a remote call is answered with yes."""
        return " ".join(role for role, user in self.roles.items() if question(model.with_user(user), name, args))

    def answer(self, model, name, args):
        return call_kw(model, name, [[], *args], {})

    def passes(self, model, name, args):
        """Whether the call gets past the rights: it works, or what stops it is something else."""
        savepoint = self.env.cr.savepoint()
        try:
            ids = self.row_of(model).ids
            self.env.flush_all()
            self.env.invalidate_all()  # what is in the cache already is read without rights
            is_model = getattr(getattr(type(model), name), "_api_model", False)
            return self.is_let_in(model, name, list(args) if is_model else [ids, *args])
        finally:
            savepoint.close(rollback=True)

    def is_let_in(self, model, name, args):
        try:
            call_kw(model, name, args, {})
        except (AccessError, AccessDenied):
            return False
        except TypeError as error:
            self.assertNotIn("argument", str(error), f"{model._name}.{name}(): what to call it with is not in the test")
            return True
        except Exception:  # pylint: disable=broad-exception-caught
            return True  # refused for what it says, not for who says it
        return True

    def has_row(self, model):
        return model._name in self.values or bool(self.rows.get(model._name))

    def row_of(self, model):
        """Return the row that the call is about; a wizard of the user's own, if the user may have one."""
        name = model._name
        if name in self.values:
            owner = model if model.has_access("create") else model.sudo()
            return owner.create(self.values[name])
        return self.rows.get(name, model.browse())


@tagged("post_install", "-at_install")
class TestRightsOverHttp(HttpCase):
    """A sample of the table over the wire, as a script would call it."""

    def test_execute_kw(self):
        """N29, P4, S20: XML-RPC answers what the table says, for a sample of models, methods and roles."""
        table = read_table()
        program = self.env["loyalty.program"].create({"name": "Wire", "program_type": "loyalty"})
        card = self.env["loyalty.card"].create({"program_id": program.id})
        self.env.flush_all()
        for role in ("internal", "loyalty_user", "loyalty_manager", "loyalty_auditor", "invoicing", "cashier"):
            login = f"wire_{role}"
            groups = GROUPS[role] if role == "internal" else f"base.group_user,{GROUPS[role]}"
            user = new_test_user(self.env, login, groups=groups, password=login)
            for model in ("loyalty.card", "loyalty.ledger.entry", "loyalty.program", "loyalty.valuation"):
                for operation in OPERATIONS:
                    said = role in table[f"{model} {operation}"].split()
                    found = self.xmlrpc_object.execute_kw(
                        get_db_name(), user.id, login, model, "has_access", [[], operation]
                    )
                    self.assertEqual(found, said, f"{model} {operation} as {role}")
            for method in ("action_close", "action_adjust_points", "action_view_transactions"):
                said = role in table[f"loyalty.card.{method}()"].split()
                try:
                    self.xmlrpc_object.execute_kw(get_db_name(), user.id, login, "loyalty.card", method, [card.ids])
                    found = True
                except xmlrpc.client.Fault as fault:
                    found = fault.faultCode != ACCESS_ERROR
                self.assertEqual(found, said, f"{method} as {role}")
