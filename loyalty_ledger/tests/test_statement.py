from datetime import date

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, HttpCase, new_test_user, tagged

from ..ledger.rounding import to_points, to_units
from .register_common import RegisterCase


class StatementCase(RegisterCase):
    """A card with everything that can happen: earned, redeemed, given back, taken back, moved, granted, expired."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program.portal_point_name = "stars"

    def story(self):
        with self.on("2026-01-10"):
            self.earn(100.1234)
        with self.on("2026-02-01"):
            self.first = self.earn(40, expiration_date="2026-03-01")
            self.spent = self.redeem(60.5)
        with self.on("2026-02-10"):
            self.reverse(self.spent, 20.5)
            self.reverse(self.first, 10)
        with self.on("2026-02-20"):
            self.post(self.card, "transfer", -5, target_card_id=self.other.id)
            self.post(self.card, "adjust", 7.25, reason="Birthday")
            self.post(self.card, "redate", 0, expiration_date="2026-12-31")

    def statement(self, start="2026-02-01", end="2026-02-28", card=None, user=None):
        card = (card or self.card).with_user(user or self.user)
        return card._statements(date.fromisoformat(start), date.fromisoformat(end))[card]

    def values(self, start="2026-02-01", end="2026-02-28", card=None):
        card = (card or self.card).with_user(self.user)
        return card._statement_values(date.fromisoformat(start), date.fromisoformat(end))[card]


@tagged("post_install", "-at_install")
class TestStatement(StatementCase):
    def entries(self, *domain):
        entries = self.Entry.search([("card_id", "=", self.card.id), *domain])
        return round(sum(entries.mapped("points")) * 10000)

    def test_agrees_with_the_entries(self):
        """S25, bH10: opening, movements by kind and closing of any period are those of the entries, to four decimals."""
        self.story()
        statement = self.statement()
        self.assertEqual(statement.opening, 1001234)
        self.assertEqual(
            statement.totals,
            {"earned": 300000, "redeemed": -400000, "expired": 0, "transferred": -50000, "adjusted": 72500},
        )
        self.assertEqual(statement.closing, 923734)
        self.assertEqual(
            [(line.date.isoformat(), line.kind, line.points) for line in statement.lines],
            [
                ("2026-02-01", "earn", 400000),
                ("2026-02-01", "redeem", -605000),
                ("2026-02-10", "reversal", 205000),
                ("2026-02-10", "reversal", -100000),
                ("2026-02-20", "transfer", -50000),
                ("2026-02-20", "adjust", 72500),
                ("2026-02-20", "redate", 0),
            ],
        )
        for start, end in (("2025-01-01", "2026-01-09"), ("2026-01-01", "2026-02-10"), ("2026-02-11", "2026-12-31")):
            statement = self.statement(start, end)
            self.assertEqual(statement.opening, self.entries(("effective_date", "<", start)))
            self.assertEqual(statement.closing, self.entries(("effective_date", "<=", end)))
            self.assertEqual(statement.opening + sum(statement.totals.values()), statement.closing)
            self.assertEqual(
                sum(line.points for line in statement.lines),
                self.entries(("effective_date", ">=", start), ("effective_date", "<=", end)),
            )
        self.assertEqual(to_points(self.statement("2020-01-01", "2030-01-01").closing), self.card.points)

    def test_both_ends_of_a_transfer(self):
        """bH10, N11: a transfer is on both cards' statements; together they neither gain nor lose."""
        self.story()
        mine, theirs = self.statement(), self.statement(card=self.other)
        self.assertEqual((mine.totals["transferred"], theirs.totals["transferred"]), (-50000, 50000))
        self.assertEqual(theirs.closing, 50000)

    def test_same_before_and_after_the_write_off(self):
        """S25, P11: points past their date are expired on the statement, with their day, before the job wrote them off."""
        with self.on("2026-02-01"):
            self.earn(12.5, expiration_date="2026-02-10")
            self.earn(30, expiration_date="2026-03-05")
            self.earn(8, expiration_date="2026-03-20")
        before = [self.statement(), self.statement("2026-03-01", "2026-03-31"), self.statement("2026-02-11")]
        self.assertEqual(self.card.points, 50.5)
        self.assertEqual(
            [(each.opening, each.totals["expired"], each.closing) for each in before],
            [(0, -125000, 380000), (380000, -300000, 80000), (505000, -125000, 380000)],
        )
        self.assertEqual(before[0].lines[-1].date, date(2026, 2, 11))
        self.Card._purge(programs=self.program, commit=False)
        self.assertEqual(self.card.points, 8)
        self.assertEqual(
            [self.statement(), self.statement("2026-03-01", "2026-03-31"), self.statement("2026-02-11")], before
        )
        self.assertEqual(before[1].closing, to_units(self.card.available_points))

    def test_looking_writes_nothing(self):
        """S25, S12: a statement writes no transaction, and shields of reserved points stay."""
        with self.on("2026-02-01"):
            self.earn(50, expiration_date="2026-03-05")
            self.card._hold(20, "shield", None)
        count = self.Entry.search_count([])
        statement = self.statement("2026-03-01", "2026-03-31")
        self.assertEqual((statement.totals["expired"], statement.closing), (-300000, 200000))
        self.assertEqual(self.Entry.search_count([]), count)
        self.assertBalances(points=50, reserved=20, available=0)
        self.assertClean()

    def test_in_words(self):
        """S25, bP9: numbers with the name of the points, the running balance, what is left today and the next expiry."""
        self.story()
        values = self.values()
        self.assertEqual((values["opening"], values["closing"], values["unit"]), ("100.1234", "92.3734", "stars"))
        self.assertEqual(
            values["rows"],
            [
                ("Earned", "+30"),
                ("Redeemed", "-40"),
                ("Transferred", "-5"),
                ("Granted and adjusted", "+7.25"),
            ],
        )
        self.assertEqual(values["lines"][-1]["balance"], values["closing"])
        self.assertEqual(values["lines"][-1]["points"], "")
        self.assertIn("12/31/2026", values["lines"][-1]["reason"])
        self.assertEqual(values["lines"][-2]["reason"], "Birthday")
        self.assertEqual(values["available"], self.card._say_number(self.card.available_points))
        self.assertIn("on 12/31/2026", values["next_expiry"])
        statement = self.env["loyalty.statement"].create({"card_ids": [Command.set(self.card.ids)]})
        html, __ = self.env["ir.actions.report"]._render_qweb_html(
            "loyalty_ledger.report_loyalty_statement", statement.ids
        )
        points, date = values["next_expiry_parts"]["points"], values["next_expiry_parts"]["date"]
        self.assertRegex(html.decode(), rf">{points}</span>\s*<br ?/>\s*<span>{date}</span>")

    def test_next_expiries(self):
        """S25: of each card the next day and all that expires then; many cards take no more queries than one."""
        for card, points, day in (
            (self.card, 5, "2026-09-30"),
            (self.card, 3, "2026-06-30"),
            (self.card, 2, "2026-06-30"),
            (self.other, 7, "2026-08-31"),
        ):
            self.earn(points, card=card, expiration_date=day)
        cards = self.card | self.other | self.make_card()
        self.env.flush_all()
        count = self.env.cr.sql_log_count
        self.card._next_expiries()
        with self.assertQueryCount(self.env.cr.sql_log_count - count):
            expiries = cards._next_expiries()
        self.assertEqual(expiries, {self.card.id: (date(2026, 6, 30), 5), self.other.id: (date(2026, 8, 31), 7)})

    def test_money(self):
        """S25: a gift card's statement is in money."""
        program = self.make_program(program_type="gift_card", name="Gift Cards")
        card = self.make_card(program)
        self.earn(25.5, card)
        symbol = program.currency_id.symbol
        values = self.values("2026-03-01", "2026-03-31", card)
        self.assertIn(symbol, values["closing"])
        self.assertIn("25.50", values["closing"])
        self.assertEqual(values["unit"], "")

    def wizard(self, user=None, **context):
        return Form(self.env["loyalty.statement"].with_user(user or self.user).with_context(**context))

    def html(self, statement):
        report = self.env["ir.actions.report"].with_user(statement.env.user)
        return report._render_qweb_html("loyalty_ledger.report_loyalty_statement", statement.ids)[0].decode()

    def test_print_from_the_card(self):
        """S25, bH10: users and auditors print a card, detailed or as a summary; the paper has the same figures."""
        self.story()
        for user in (self.user, self.auditor):
            form = self.wizard(user, active_model="loyalty.card", active_ids=self.card.ids)
            form.date_from, form.date_to = "2026-02-01", "2026-02-28"
            statement = form.save()
            action = statement.action_print()
            self.assertEqual(action["report_name"], "loyalty_ledger.report_loyalty_statement")
            paper = self.html(statement)
            for text in ("100.1234", "92.3734", "Birthday", "stars", self.card.code, "-60.5"):
                self.assertIn(text, paper)
            statement.detail = "summary"
            paper = self.html(statement)
            self.assertIn("92.3734", paper)
            self.assertNotIn("Birthday", paper)

    def test_print_from_the_customer(self):
        """S25, bH10: a customer's statement has all cards, closed ones and those of contacts too; a page each."""
        self.story()
        child = self.env["res.partner"].create({"name": "Child", "parent_id": self.partner.id})
        third = self.make_card(partner_id=child.id)
        self.other.closed = True
        action = self.partner.with_user(self.user).action_print_loyalty_statement()
        form = self.wizard(**action["context"])
        form.date_from, form.date_to = "2026-01-01", "2026-03-31"
        statement = form.save()
        self.assertEqual(statement.card_ids, self.card | self.other | third)
        self.assertEqual([cards for __, __, cards in statement._documents()], [statement.card_ids])
        self.assertEqual(self.html(statement).count("page-break-before"), 2)

    def test_language_of_the_customer(self):
        """S25: each customer's statement is in the customer's language, one document for each language."""
        self.env["res.lang"]._activate_lang("de_DE")
        bob = self.env["res.partner"].create({"name": "Bob", "lang": "de_DE"})
        card = self.make_card(partner_id=bob.id)
        self.earn(1234.5, card)
        self.earn(1234.5)
        statement = self.env["loyalty.statement"].create({"card_ids": (self.card | card).ids})
        self.assertEqual([lang for __, lang, __ in statement._documents()], [self.env.lang or "en_US", "de_DE"])
        paper = self.html(statement)
        self.assertIn("1.234,5", paper)
        self.assertIn("1,234.5", paper)

    def test_refused(self):
        """S25: a period that ends before it begins, coupons, and users without loyalty rights are refused."""
        with self.assertRaises(ValidationError):
            self.env["loyalty.statement"].create(
                {"card_ids": self.card.ids, "date_from": "2026-02-02", "date_to": "2026-02-01"}
            )
        coupon = self.make_card(self.make_program(program_type="promotion", trigger="auto"))
        statement = self.env["loyalty.statement"].create({"card_ids": coupon.ids})
        with self.assertRaises(UserError):
            statement.action_print()
        employee = self.make_user("employee", "base.group_user")
        with self.assertRaises(AccessError):
            self.env["loyalty.statement"].with_user(employee).create({"card_ids": self.card.ids})

    def test_other_company(self):
        """S25: nobody prints cards of companies that are not theirs."""
        company = self.env["res.company"].create({"name": "Elsewhere"})
        card = self.make_card(self.make_program(company_id=company.id))
        with self.assertRaises(AccessError):
            statement = self.env["loyalty.statement"].with_user(self.user).create({"card_ids": card.ids})
            statement.action_print()


@tagged("post_install", "-at_install")
class TestPortalStatement(HttpCase):
    """The customer's own statement in the portal."""

    def setUp(self):
        super().setUp()
        self.customer = new_test_user(
            self.env, "statement_customer", "base.group_portal", password="statement_customer"
        )
        self.stranger = new_test_user(
            self.env, "statement_stranger", "base.group_portal", password="statement_stranger"
        )
        program = self.env["loyalty.program"].create(
            {"name": "Portal Club", "program_type": "loyalty", "portal_point_name": "stars"}
        )
        self.card = self.env["loyalty.card"].create(
            {"program_id": program.id, "partner_id": self.customer.partner_id.id}
        )
        for number, (kind, points, day) in enumerate(
            (("earn", 777.25, "2026-01-05"), ("redeem", -77, "2026-02-05"), ("adjust", 5, "2026-03-05"))
        ):
            self.card._post_entries(
                [
                    {
                        "card_id": self.card.id,
                        "kind": kind,
                        "points": points,
                        "key": f"statement:{number}",
                        "effective_date": day,
                        "reason": "Anniversary",
                    }
                ]
            )

    def get(self, what, query="date_from=2026-02-01&date_to=2026-02-28"):
        return self.url_open(f"/my/loyalty_card/{self.card.id}/{what}?{query}", allow_redirects=False)

    def test_own_card(self):
        """S25, bH10, S15: customers see the transactions of their card for a period and download the statement."""
        self.authenticate("statement_customer", "statement_customer")
        page = self.get("history").text
        for text in ("Portal Club", "777.25", "700.25", "-77", "stars", "Redeemed"):
            self.assertIn(text, page)
        self.assertNotIn("+5", page, "other months are not shown")
        self.assertNotIn("/loyalty/program/", page)
        self.card.program_id.public_page = True
        self.env.flush_all()
        self.assertIn(self.card.program_id._public_path(), self.get("history").text)
        for detail in ("", "&detail=summary"):
            pdf = self.get("statement", f"date_from=2026-02-01&date_to=2026-02-28{detail}")
            self.assertEqual(pdf.headers["Content-Type"], "application/pdf")
            self.assertIn("attachment", pdf.headers["Content-Disposition"])
            self.assertIn(self.card.code, pdf.headers["Content-Disposition"])
        values = self.make_jsonrpc_request(f"/my/loyalty_card/{self.card.id}/values", {"card_id": self.card.id})
        self.assertEqual(
            [line["points"] for line in values["history_lines"]], ["+5 stars", "-77 stars", "+777.25 stars"]
        )

    def test_nonsense_in_the_address(self):
        """bH10: dates that are none fall back, dates the wrong way round are exchanged."""
        self.authenticate("statement_customer", "statement_customer")
        self.assertEqual(self.get("history", "date_from=x&date_to=2026-13-45").status_code, 200)
        self.assertIn("700.25", self.get("history", "date_from=2026-02-28&date_to=2026-02-01").text)

    def test_stranger(self):
        """S25: nobody else gets it: a stranger is sent home, anybody who is not logged in has to log in."""
        self.authenticate("statement_stranger", "statement_stranger")
        for what in ("history", "statement"):
            answer = self.get(what)
            self.assertEqual(answer.status_code, 303)
            self.assertTrue(answer.headers["Location"].endswith("/my"))
        self.authenticate(None, None)
        for what in ("history", "statement"):
            self.assertIn("/web/login", self.get(what).headers["Location"])
