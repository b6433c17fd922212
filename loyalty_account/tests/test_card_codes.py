import base64

from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.service.model import call_kw
from odoo.tests import tagged

from .test_access import AccessCase

#: Who reads the whole code of a gift card: those who issue cards, and plain Odoo's sales and till people.
READ = ("loyalty_user", "loyalty_manager", "salesperson", "cashier", "till_manager")
MASKED = ("invoicing", "readonly", "accountant", "administrator", "loyalty_auditor")


@tagged("post_install", "-at_install")
class TestCardCodes(AccessCase):
    """Codes of gift cards are money: accounting reads balances, not codes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        program = cls.env["loyalty.program"].create(
            {"name": "Gift", "program_type": "gift_card", "rule_ids": [Command.clear()]}
        )
        cls.gift = cls.env["loyalty.card"].create(
            {"program_id": program.id, "code": "044e-1234-4abc", "partner_id": cls.customer.id}
        )
        cls.gift._post_entries([{"card_id": cls.gift.id, "kind": "opening", "points": 50, "key": "gift"}])
        cls.env.flush_all()

    def call(self, role, name, *args, model="loyalty.card", **kwargs):
        self.env.invalidate_all()
        return call_kw(self.env[model].with_user(self.roles[role]), name, list(args), kwargs)

    def test_reading(self):
        """N29, P4: views, exports, names and lists show the end of a code; the balance and loyalty numbers are whole."""
        for role in (role for role in MASKED if role in self.roles):
            with self.subTest(role=role):
                values = self.call(role, "read", self.gift.ids, ["code", "points", "display_name"])[0]
                self.assertEqual(values["code"], "…abc")
                self.assertEqual((values["points"], values["display_name"]), (50, "Gift: …abc"))
                self.assertEqual(self.call(role, "web_read", self.gift.ids, {"code": {}})[0]["code"], "…abc")
                self.assertEqual(self.call(role, "read", self.card.ids, ["code"])[0]["code"], self.card.code)
                found = self.call(role, "search_read", [("id", "=", self.gift.id)], ["code"])
                self.assertEqual(found[0]["code"], "…abc")
                self.assertEqual(self.gift.with_user(self.roles[role]).mapped("code"), ["…abc"])
                self.roles[role].group_ids += self.env.ref("base.group_allow_export")
                export = self.gift.with_user(self.roles[role]).export_data(["code", "display_name"])["datas"]
                self.assertEqual(export, [["…abc", "Gift: …abc"]])
        for role in (role for role in READ if role in self.roles):
            self.assertEqual(self.call(role, "read", self.gift.ids, ["code"])[0]["code"], "044e-1234-4abc", role)

    def test_searching(self):
        """N29, P4: codes are not found digit by digit, by name neither, nor through documents and groups."""
        for role in (role for role in MASKED if role in self.roles):
            with self.subTest(role=role):
                for domain in (
                    [("code", "=like", "044e-1%")],
                    [("code", "=", self.gift.code)],
                    [("display_name", "ilike", "044e-1234")],
                    [("code", ">=", "044e-1")],
                ):
                    found = self.call(role, "search", domain)
                    self.assertNotIn(self.gift.id, found, domain)
                number = [("id", "=", self.gift.id), ("code", "not in", ["044e-1234-4abc", "x"])]
                other = [("id", "=", self.gift.id), ("code", "not in", ["044e-1234-4abd", "x"])]
                self.assertEqual(self.call(role, "search", number), self.call(role, "search", other))
                self.assertFalse(self.call(role, "name_search", "044e-1234-4abc", [], "="))
                self.assertIn(self.card.id, self.call(role, "search", [("code", "=", self.card.code)]))
                for aggregates, groupby in ((["code:max"], []), (["__count"], ["code"])):
                    with self.assertRaises(AccessError):
                        self.call(role, "formatted_read_group", [], groupby, aggregates)
                if role != "loyalty_auditor":
                    continue
                lots = self.call(role, "search", [("card_id.code", "=like", "044e%")], model="loyalty.lot")
                self.assertNotIn(self.gift.lot_ids.id, lots)
                with self.assertRaises(AccessError):
                    self.call(role, "formatted_read_group", [], ["card_id.code"], ["__count"], model="loyalty.lot")
        for role in (role for role in READ if role in self.roles):
            self.assertEqual(self.call(role, "search", [("code", "=", "044e-1234-4abc")]), self.gift.ids)

    def test_sorting(self):
        """N29, P4: neither does the order of a list tell which code comes before another."""
        pair = self.gift | self.gift.copy({"code": "0000-1234-4abc"})
        for role in ("accountant", "loyalty_auditor", "loyalty_manager"):
            found = self.call(role, "search", [("id", "in", pair.ids)], order="code")
            self.assertEqual(found, pair.ids if role in MASKED else pair.ids[::-1], role)

    def test_names_of_rows(self):
        """N29, P4: transactions, lots, reservations and exceptions name the card without its code."""
        other = self.gift.copy({"code": "044f-9999-4xyz"})
        self.gift._post_entries([self.gift._transfer_op(other, 10, "Split")])
        self.gift._hold(5, "test:codes", None)
        exception = (
            self.env["loyalty.exception"]
            .sudo()
            .create({"kind": "debt", "card_id": self.gift.id, "program_id": self.gift.program_id.id})
        )
        for rows in (other.entry_ids, self.gift.lot_ids, self.gift.hold_ids, exception):
            self.env.invalidate_all()
            names = [name for name in ("display_name", "document_name", "card_id") if name in rows._fields]
            auditor = rows.with_user(self.roles["loyalty_auditor"])
            self.assertNotIn("044e", str(auditor.read(names)), rows)
            self.assertIn("044e", str(rows.with_user(self.roles["loyalty_manager"]).read(names)), rows)

    def test_names_read_through_another_row(self):
        """N29, P4: a lot named by a valuation, a consumption or a report, and a reservation named by its document, tell the code
        neither: names are read with the rights of the system there."""
        other = self.gift.copy({"code": "044f-9999-4xyz"})
        self.gift._post_entries([self.gift._transfer_op(other, 10, "Split")])
        self.gift._hold(5, "test:codes", None)
        for rows, names in (
            (other.lot_ids, ["origin_lot_id"]),
            (self.env["loyalty.ledger.consumption"].search([("lot_id", "in", self.gift.lot_ids.ids)]), ["lot_id"]),
            (self.gift.hold_ids, ["display_name"]),
        ):
            self.assertTrue(rows)
            for role, seen in (("loyalty_auditor", False), ("loyalty_manager", True)):
                self.env.invalidate_all()
                values = str(rows.with_user(self.roles[role]).sudo().read(names))
                self.assertEqual("044e" in values, seen, (rows, role))
        for role in (role for role in MASKED if role in self.roles and role != "invoicing"):
            self.env.invalidate_all()
            for model in ("loyalty.liability.report", "loyalty.source.report", "loyalty.valuation"):
                rows = self.env[model].with_user(self.roles[role]).search([])
                self.assertNotIn("044e", str(rows.read(["lot_id"])), (role, model))

    def test_refusals(self):
        """N29, P4: what refuses a gift card on an invoice or payment does not tell its code."""
        move = self.make_invoice()
        for role in ("invoicing", "accountant"):
            for model, name, args in (
                ("account.move", "write", [move.ids, {"loyalty_card_id": self.gift.id}]),
                (
                    "account.move",
                    "create",
                    [{"move_type": "out_invoice", "partner_id": self.customer.id, "loyalty_card_id": self.gift.id}],
                ),
            ):
                with self.subTest(role=role, name=name), self.assertRaises(ValidationError) as caught:
                    self.call(role, name, *args, model=model)
                self.assertIn("…abc is not a card of a loyalty program", str(caught.exception))
                self.assertNotIn("044e", str(caught.exception))
        self.gift.action_close()
        for role, seen in (("accountant", False), ("loyalty_manager", True)):
            words = self.gift.with_user(self.roles[role])._unusable_reason()
            self.assertEqual("044e" in words, seen, words)

    def test_imported_numbers(self):
        """N29, P4: an auditor reads the lines of an import of gift cards without their numbers: neither in columns, problems
        and notes, nor by searching or grouping, nor from the file; of loyalty cards, everything but the file."""
        manager = self.env(user=self.roles["loyalty_manager"])
        manager.user.group_ids += self.env.ref("base.group_allow_export")
        gift, loyalty = (
            manager["loyalty.balance.import"].create(
                {
                    "data": base64.b64encode(text.encode()),
                    "program_id": program.id,
                    "reason": "Old system",
                    "create_missing": False,
                }
            )
            for text, program in (
                ("card;points\n044e-1234-4abc;5\n044e12344abc;6\nGC-5555-6666;7\n", self.gift.program_id),
                (f"card;points\n{self.card.code};5\nLC-5555-6666;7\n", self.program),
            )
        )
        for record in (gift, loyalty):
            record.action_check()
        self.assertIn("GC-5555-6666", gift.line_ids[2].problem)
        names = [
            "code",
            "card_code",
            "problem",
            "note",
            "remark",
            "card_id",
            "display_name",
            "customer",
            "key",
            "state",
        ]
        for record, seen in ((gift, False), (loyalty, True)):
            self.env.invalidate_all()
            lines = record.line_ids.with_user(self.roles["loyalty_auditor"])
            values = str(lines.read(names))
            # Long enough that no digest of a line's key has them by chance.
            for number in ("044e-1234", "044e12344", "5555-6666", "1234-4abc", self.card.code):
                self.assertEqual(number in values, seen and number in ("5555-6666", self.card.code), number)
            self.assertEqual(lines.mapped("state"), record.line_ids.mapped("state"))
            self.assertEqual(lines.mapped("points"), record.line_ids.mapped("points"))
            auditor = record.with_user(self.roles["loyalty_auditor"])
            for rows, name in ((auditor, "data"), (auditor.column_ids, "sample"), (lines, "who")):
                with self.assertRaises(AccessError):
                    rows.read([name])
        for domain in ([("code", "=like", "GC%")], [("problem", "ilike", "GC-5555")], [("code", ">=", "GC-5")]):
            found = self.call("loyalty_auditor", "search", domain, model="loyalty.balance.import.line")
            self.assertFalse(set(found) & set(gift.line_ids.ids), domain)
        found = self.call("loyalty_auditor", "search", [("code", "=like", "LC%")], model="loyalty.balance.import.line")
        self.assertEqual(found, loyalty.line_ids[1].ids)
        for groupby, aggregates in ((["code"], ["__count"]), ([], ["problem:max"]), ([], ["code:array_agg"])):
            with self.assertRaises(AccessError):
                self.call(
                    "loyalty_auditor",
                    "formatted_read_group",
                    [],
                    groupby,
                    aggregates,
                    model="loyalty.balance.import.line",
                )
        self.assertIn("GC-5555", str(gift.line_ids.read(["code", "problem"])))

    def test_history_of_mails(self):
        """N29, P4: a mail with the code that stays in the card's history is not read by accounting people."""
        message = self.gift.message_post(body="Your gift card: 044e-1234-4abc")
        with self.assertRaises(AccessError):
            message.with_user(self.roles["accountant"]).read(["body"])
        self.assertIn("044e", message.with_user(self.roles["loyalty_manager"]).read(["body"])[0]["body"])
        message = self.gift.message_post(body="Your gift card", partner_ids=self.customer.ids)
        for role in ("internal", "accountant"):
            self.env.invalidate_all()
            names = message.notification_ids.with_user(self.roles[role]).read(["mail_message_id", "mail_mail_id"])
            self.assertTrue(names)
            self.assertNotIn("044e", str(names), role)
        loyalty = self.card.message_post(body="Hello")
        self.assertTrue(loyalty.with_user(self.roles["accountant"]).read(["body"]))

    def test_printing(self):
        """N29, P4: accounting people neither print gift cards nor their barcodes."""
        for role in (role for role in MASKED if role in self.roles):
            with self.assertRaises(AccessError):
                self.call(role, "action_print_card", self.gift.ids)
        for report in ("loyalty_ledger.report_loyalty_card_sheet", "loyalty.gift_card_report"):
            if not self.env.ref(report, raise_if_not_found=False):
                continue
            accountant = self.env(user=self.roles["accountant"])
            card = accountant["loyalty.card"].browse(self.gift.id)
            page = accountant["ir.qweb"]._render(report, {"docs": card, "doc_ids": card.ids, "o": card})
            self.assertNotIn("044e", str(page))

    def test_customers_get_the_whole_code(self):
        """N29: no matter who causes a mail, the customer reads the code; in the portal too."""
        portal = self.roles["portal"]
        portal.partner_id.parent_id = self.customer
        self.gift.partner_id = portal.partner_id
        self.assertEqual(self.gift.with_user(portal).code, "044e-1234-4abc")
        program = self.gift.program_id
        program.communication_plan_ids = [
            Command.clear(),
            Command.create(
                {"trigger": "create", "mail_template_id": self.env.ref("loyalty.mail_template_gift_card").id}
            ),
        ]
        self.env["ir.config_parameter"].sudo().set_param("mail.mail.force.send", False)
        before = self.env["mail.mail"].search([])
        card = self.gift.with_user(self.roles["accountant"]).with_context(loyalty_no_mail=False)
        card._send_creation_communication()
        mail = self.env["mail.mail"].search([]) - before
        self.assertIn("044e-1234-4abc", mail.body_html)
