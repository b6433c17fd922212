from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import HttpCase, JsonRpcException, new_test_user, tagged

from .register_common import RegisterCase

OPERATIONS = ("read", "write", "create", "unlink")

#: Rights by model and role, as letters of OPERATIONS: r, w, c, u. Roles that are not named have none.
MATRIX = {
    "loyalty.card": {"user": "rwc", "manager": "rwcu", "auditor": "r", "portal": "r"},
    "loyalty.program": {"user": "r", "manager": "rwcu", "auditor": "r"},
    "loyalty.rule": {"user": "r", "manager": "rwcu", "auditor": "r"},
    "loyalty.reward": {"user": "r", "manager": "rwcu", "auditor": "r"},
    "loyalty.mail": {"user": "r", "manager": "rwcu", "auditor": "r"},
    "loyalty.history": {"user": "r", "manager": "rwc", "auditor": "r"},
    "loyalty.generate.wizard": {"manager": "rwc"},
    "loyalty.card.update.balance": {"manager": "rwc"},
    # The level of a card is part of its form, which salespeople and cashiers open too.
    "loyalty.level": {"internal": "r", "user": "r", "manager": "rwcu", "auditor": "r"},
    "loyalty.ledger.entry": {"user": "r", "manager": "r", "auditor": "r", "portal": "r"},
    "loyalty.ledger.consumption": {"user": "r", "manager": "r", "auditor": "r"},
    "loyalty.lot": {"user": "r", "manager": "r", "auditor": "r", "portal": "r"},
    "loyalty.lot.report": {"user": "r", "manager": "r", "auditor": "r"},
    "loyalty.hold": {"user": "r", "manager": "r", "auditor": "r"},
    "loyalty.earning": {"user": "r", "manager": "r", "auditor": "r"},
    "loyalty.card.handover": {"manager": "r", "auditor": "r"},
    "loyalty.daily": {"user": "r", "manager": "r", "auditor": "r"},
    "loyalty.dashboard.cards": {"user": "r", "manager": "r", "auditor": "r"},
    "loyalty.join": {"manager": "r", "auditor": "r"},
    "loyalty.exception": {"user": "r", "manager": "rw", "auditor": "r"},
    "loyalty.ledger.seal": {"manager": "r", "auditor": "r"},
    "loyalty.adoption.report": {"manager": "r", "auditor": "r"},
    "loyalty.verification": {"manager": "rc", "auditor": "rc"},
    "loyalty.verify.line": {"manager": "r", "auditor": "r"},
    "loyalty.adjust.wizard": {"manager": "rwcu"},
    "loyalty.adjust.wizard.line": {"manager": "rwcu"},
    "loyalty.adjustment": {"manager": "r", "auditor": "r"},
    "loyalty.adjustment.line": {"manager": "r", "auditor": "r"},
    "loyalty.balance.import.column": {"manager": "rw", "auditor": "r"},
    "loyalty.balance.import.line": {"manager": "r", "auditor": "r"},
    "loyalty.balance.import": {"manager": "rwcu", "auditor": "r"},
    "loyalty.program.change": {"manager": "rwcu"},
    "loyalty.program.change.level": {"manager": "rwcu"},
    "loyalty.program.change.line": {"manager": "rwcu"},
    "loyalty.replace.wizard": {"manager": "rwcu"},
    "loyalty.statement": {"user": "rwcu", "manager": "rwcu", "auditor": "rwcu"},
    "loyalty.transfer.wizard": {"manager": "rwcu"},
}
#: Rows that nobody writes, in sudo neither.
IMMUTABLE = ("loyalty.ledger.entry", "loyalty.ledger.consumption", "loyalty.lot", "loyalty.hold", "loyalty.ledger.seal")


class SecurityCase(RegisterCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.portal = cls.make_user("loyalty_portal", "base.group_portal")
        cls.internal = cls.make_user("loyalty_internal", "base.group_user")
        cls.roles = {
            "portal": cls.portal,
            "internal": cls.internal,
            "user": cls.user,
            "manager": cls.manager,
            "auditor": cls.auditor,
        }
        cls.sellers = [
            cls.make_user(f"seller_{number}", f"base.group_user,{group}")
            for number, group in enumerate(
                ("sales_team.group_sale_salesman", "sales_team.group_sale_manager", "point_of_sale.group_pos_user")
            )
            if cls.env.ref(group, raise_if_not_found=False)
        ]

    def rows(self):
        """One row of each model that is protected by more than rights."""
        earned = self.earn(100)
        self.redeem(30)
        self.card._hold(5, "test:matrix", None)
        self.env["loyalty.ledger.seal"]._seal(self.Entry.search([], limit=1).id)
        return {
            "loyalty.ledger.entry": earned,
            "loyalty.ledger.consumption": self.env["loyalty.ledger.consumption"].search(
                [("lot_id.card_id", "=", self.card.id)]
            ),
            "loyalty.lot": earned.lot_ids
            if "lot_ids" in earned._fields
            else self.Lot.search([("entry_id", "=", earned.id)]),
            "loyalty.hold": self.card.hold_ids,
            "loyalty.ledger.seal": self.env["loyalty.ledger.seal"].search([], limit=1),
        }


@tagged("post_install", "-at_install")
class TestSecurityMatrix(SecurityCase):
    def test_every_model_has_its_row(self):
        """S12, P4: a model of the add-on that is not in the table has not been thought about."""
        models = {
            name
            for name, model in self.env.registry.items()
            if model._original_module == "loyalty_ledger" and not model._abstract
        }
        self.assertFalse(models - set(MATRIX))

    def test_matrix(self):
        """S12, S20, P4: model x operation x role is exactly the table above."""
        for model, rights in MATRIX.items():
            for role, user in self.roles.items():
                found = "".join(op[0] for op in OPERATIONS if self.env[model].with_user(user).has_access(op))
                self.assertEqual(found, rights.get(role, ""), f"{model} as {role}")

    def test_sellers_have_no_more_than_upstream_gives(self):
        """S20, P4: salespeople and cashiers cannot touch the ledger, nor mint points on the cards they may write."""
        rows = self.rows()
        for user in self.sellers:
            self.assertEqual(self.card_form(self.card, user).available_points, self.card.available_points)
            for model in IMMUTABLE:
                for op in OPERATIONS[1:]:
                    self.assertFalse(self.env[model].with_user(user).has_access(op), f"{model} {op} as {user.login}")
            card = self.card.with_user(user)
            with self.assertRaises(AccessError):
                call_kw(card, "write", [self.card.ids, {"points": 10_000}], {})
            for values in (
                {"closed": True},
                {"points_to_id": self.other.id},
                {"level_id": self.make_levels(self.make_program())[0].id},
            ):
                with self.assertRaises(AccessError), self.env.cr.savepoint():
                    call_kw(card, "write", [self.card.ids, values], {})
            for name in ("action_close", "action_reopen"):
                with self.assertRaises(AccessError):
                    call_kw(card, name, [self.card.ids], {})
            with self.assertRaises(AccessError):
                call_kw(rows["loyalty.hold"].with_user(user), "action_release", [rows["loyalty.hold"].ids], {})

    def test_nobody_writes_the_ledger(self):
        """S12: create, write and unlink of ledger rows raise for every role and in sudo, through remote calls too."""
        for model, row in self.rows().items():
            self.assertTrue(row, model)
            for records in (row.sudo(), *(row.with_user(user) for user in (*self.roles.values(), *self.sellers))):
                label = f"{model} as {records.env.user.login}, sudo {records.env.su}"
                for name, args in (
                    ("write", [row.ids, {"points": 1}]),
                    ("unlink", [row.ids]),
                    ("create", [[{"card_id": self.card.id, "program_id": self.program.id, "points": 1}]]),
                ):
                    with self.assertRaises(UserError, msg=f"{label}: {name}"), self.env.cr.savepoint():
                        call_kw(records, name, args, {})

    def test_private_methods_are_out_of_reach(self):
        """S20, P4: what moves points without asking for rights cannot be called remotely."""
        for model, names in {
            "loyalty.card": (
                "_post_entries",
                "_hold",
                "_post_foreign",
                "_purge",
                "_refresh_ledger",
                "_verify_ledger",
                "_start_ledger",
            ),
            "loyalty.hold": ("_release", "_consume", "_settle", "_place"),
            "loyalty.exception": ("_cron_verify", "_report_damage"),
            "loyalty.ledger.seal": ("_seal",),
        }.items():
            for name in names:
                self.assertTrue(hasattr(self.env[model], name), name)
                with self.assertRaises(AccessError):
                    call_kw(self.env[model].with_user(self.manager), name, [[]], {})

    def test_forged_context_is_no_source(self):
        """P4: a context key that a remote client sends does not stand for the server's own provenance."""
        for forged in (True, "x", {"document": ["loyalty.card", 1]}):
            with self.assertRaises(AccessError):
                call_kw(
                    self.Card.with_user(self.manager),
                    "write",
                    [self.card.ids, {"points": 999}],
                    {"context": {"loyalty_ledger_source": forged}},
                )

    def test_public_actions_ask_for_their_group(self):
        """S20: every button that changes something refuses those outside its group."""
        rows = self.rows()
        for user in (self.internal, self.user, self.auditor, self.portal):
            for records, name in (
                (self.card, "action_close"),
                (self.card, "action_reopen"),
                (rows["loyalty.hold"], "action_release"),
                (self.Card, "action_prepare_upgrade"),
            ):
                with self.assertRaises(AccessError, msg=f"{name} as {user.login}"):
                    getattr(records.with_user(user), name)()
        for user in (self.internal, self.user, self.portal):
            with self.assertRaises(AccessError):
                self.env["loyalty.verification"].with_user(user).action_verify()

    def test_auditor_changes_nothing(self):
        """N5: an auditor reads everything and verifies; no ordinary model of loyalty can be written."""
        for model, rights in MATRIX.items():
            if self.env[model]._transient:
                continue  # questions, such as a verification or a statement
            self.assertEqual(rights.get("auditor", "r").replace("r", ""), "", model)

    def test_portal_customer_sees_own_rows_only(self):
        """P11, P4: a portal customer reads cards, transactions and lots of the own company's people, no others."""
        company = self.env["res.partner"].create({"name": "Archer Ltd", "is_company": True})
        self.portal.partner_id.parent_id = company
        colleague = self.env["res.partner"].create({"name": "Ben", "parent_id": company.id})
        mine = self.make_card(partner_id=self.portal.partner_id.id)
        theirs = self.make_card(partner_id=colleague.id)
        for card in (self.card, mine, theirs):
            self.earn(10, card, expiration_date="2026-03-31")
            self.earn(20, card)
        portal = self.env(user=self.portal)
        self.assertEqual(portal["loyalty.card"].search([]), mine | theirs)
        self.assertEqual(portal["loyalty.ledger.entry"].search([]).card_id, mine | theirs)
        self.assertEqual(portal["loyalty.lot"].search([]).card_id, mine | theirs)
        self.assertEqual(mine.with_user(self.portal).available_points, 30)
        for row in (self.card, self.card.entry_ids, self.card.lot_ids):
            with self.assertRaises(AccessError):
                row.with_user(self.portal).read(["points"])
        own = mine.with_user(self.portal)
        for name in ("points", "accumulated_points", "lifetime_points", "lapsed_points"):
            with self.assertRaises(AccessError):
                own.read([name])
            with self.assertRaises(AccessError):
                own.search([(name, ">", 0)])
            with self.assertRaises(AccessError):
                call_kw(own, "formatted_read_group", [[]], {"aggregates": [f"{name}:sum"]})
        with self.assertRaises(AccessError):
            mine.entry_ids.with_user(self.portal).read(["balance_after"])
        self.assertEqual(own.read(["points_display", "available_points"])[0]["available_points"], 30)
        with self.assertRaises(AccessError):
            mine.with_user(self.portal).write({"code": "mine"})
        with self.on("2026-04-01"):
            self.assertEqual(mine.with_user(self.portal).available_points, 20)
            self.assertEqual(portal["loyalty.lot"].search([("card_id", "=", mine.id)]).mapped("remaining"), [20])

    def test_companies(self):
        """S4, P4: rows of another company stay invisible; those of the parent company serve its branches."""
        other_company = self.env["res.company"].create({"name": "Elsewhere"})
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.env.company.id})
        foreign = self.make_program(name="Foreign", company_id=other_company.id)
        home = self.make_program(name="Home", company_id=self.env.company.id)
        shared = self.make_program(name="Shared", company_id=False, currency_id=self.env.company.currency_id.id)
        levels = {program: self.make_levels(program) for program in (foreign, home, shared)}
        cards = {program: self.make_card(program) for program in (foreign, home, shared)}
        for card in cards.values():
            given = self.earn(10, card)
            self.redeem(10, card)
            self.reverse(given)
            self.earn(50, card)
            card._hold(5, f"test:company:{card.id}", None)
        in_branch = new_test_user(
            self.env,
            "loyalty_branch",
            groups="loyalty_ledger.group_loyalty_manager",
            company_id=branch.id,
            company_ids=[(6, 0, branch.ids)],
        )
        for user in (self.manager, self.auditor, in_branch):
            env = self.env(user=user, context={"allowed_company_ids": user.company_ids.ids})
            for model, path in {
                "loyalty.card": "program_id",
                "loyalty.ledger.entry": "program_id",
                "loyalty.lot": "program_id",
                "loyalty.lot.report": "program_id",
                "loyalty.hold": "program_id",
                "loyalty.exception": "program_id",
                "loyalty.level": "program_id",
                "loyalty.ledger.consumption": "debit_entry_id.program_id",
            }.items():
                seen = env[model].search([(path, "in", (foreign | home | shared).ids)]).sudo().mapped(path)
                self.assertEqual(seen, home | shared, f"{model} as {user.login}")
            with self.assertRaises(AccessError):
                levels[foreign][0].with_env(env).check_access("read")


@tagged("post_install", "-at_install")
class TestSecurityOverHttp(HttpCase):
    """The same over the wire, as a browser or a script would."""

    def setUp(self):
        super().setUp()
        self.seller = new_test_user(
            self.env, "loyalty_wire", groups="loyalty_ledger.group_loyalty_user", password="loyalty_wire"
        )
        # Managers of sales and of the till have Odoo's write access to cards.
        for group in ("sales_team.group_sale_manager", "point_of_sale.group_pos_manager"):
            if self.env.ref(group, raise_if_not_found=False):
                self.seller.group_ids += self.env.ref(group)
        self.program = self.env["loyalty.program"].create({"name": "Wire", "program_type": "loyalty"})
        self.card = self.env["loyalty.card"].create({"program_id": self.program.id})
        self.card._post_entries([{"card_id": self.card.id, "kind": "earn", "points": 10, "key": "wire"}])

    def call(self, model, method, *args):
        return self.make_jsonrpc_request(
            f"/web/dataset/call_kw/{model}/{method}", {"model": model, "method": method, "args": args, "kwargs": {}}
        )

    def test_over_json_rpc(self):
        """P4, S12, S20: writing points, creating transactions and private methods are refused over JSON-RPC."""
        self.authenticate("loyalty_wire", "loyalty_wire")
        self.assertEqual(self.call("loyalty.card", "read", self.card.ids, ["points"])[0]["points"], 10)
        for model, method, args in (
            ("loyalty.card", "write", (self.card.ids, {"points": 500})),
            ("loyalty.card", "create", ([{"program_id": self.program.id, "points": 500}],)),
            ("loyalty.ledger.entry", "create", ([{"card_id": self.card.id, "points": 500}],)),
            ("loyalty.ledger.entry", "unlink", (self.card.entry_ids.ids,)),
            ("loyalty.card", "_post_entries", ([{"card_id": self.card.id, "kind": "earn", "points": 5, "key": "x"}],)),
            ("loyalty.card", "action_close", (self.card.ids,)),
        ):
            with self.assertRaises(JsonRpcException, msg=f"{model}.{method}"), self.assertLogs("odoo.http", "WARNING"):
                self.call(model, method, *args)
        self.card.invalidate_recordset()
        self.assertEqual((self.card.points, len(self.card.entry_ids), self.card.closed), (10, 1, False))
