import re

from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged


@tagged("post_install", "-at_install")
class TestJoin(HttpCase):
    """Joining a program on its public page."""

    def setUp(self):
        super().setUp()
        self.program = self.env["loyalty.program"].create(
            {
                "name": "Wine Club",
                "program_type": "loyalty",
                "public_page": True,
                "public_join": True,
                "join_consent": "You may store my name.",
                "rule_ids": [Command.clear(), Command.create({})],
            }
        )
        self.Partner = self.env["res.partner"]
        self.Join = self.env["loyalty.join"]

    def post(self, path, page=None, **values):
        """Post the form that ``page`` shows, with its CSRF token."""
        self.env.flush_all()
        html = self.url_open(page or self.program._public_path()).text
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', html)
        answer = self.url_open(path, data={"csrf_token": token and token[1], **values})
        self.env.invalidate_all()
        return answer

    def ask(self, email="ann@example.com", name="Ann", consent="1", **values):
        data = {"name": name, "email": email, **values}
        if consent:
            data["consent"] = consent
        return self.post(f"{self.program._public_path()}/join", **data)

    def link(self):
        """The link of the newest mail."""
        mail = self.env["mail.mail"].search([("model", "=", "loyalty.join")], limit=1)
        return re.search(r"/loyalty/join/[\w-]+", mail.body_html)[0]

    def test_off_by_default(self):
        """N29: no form, and no requests, unless a manager publishes the page and switches joining on."""
        for values in ({"public_join": False}, {"public_join": True, "public_page": False}):
            self.program.write({"public_join": True, "public_page": True, **values})
            self.env.flush_all()
            self.assertNotIn("join_email", self.url_open(self.program._public_path()).text)
            self.assertEqual(self.ask(page="/web/login").status_code, 404)
        self.assertFalse(self.Join.search_count([("program_id", "=", self.program.id)]))

    def test_join(self):
        """N29, bP11: a visitor joins; customer and card are made by the answer to the mail only, once."""
        self.assertIn("You may store my name.", self.url_open(self.program._public_path()).text)
        answer = self.ask(" Ann@Example.com ", phone="555 0100")
        self.assertIn("Check your inbox", answer.text)
        self.assertFalse(self.Partner.search([("email_normalized", "=", "ann@example.com")]))
        link = self.link()
        self.assertIn("Get My Card", self.url_open(link).text)  # a mail program looks at the link
        self.env.invalidate_all()
        self.assertFalse(self.program.coupon_ids)
        for __ in range(2):
            answer = self.url_open(link) if self.program.coupon_ids else self.post(link, page=link)
            card = self.program.coupon_ids
            self.assertEqual(len(card), 1)
            self.assertIn(card.code, answer.text)
            self.assertIn("for two days only", answer.text)
            self.assertIn(f'href="{self.program._public_path()}"', answer.text)
        self.assertRecordValues(
            card.partner_id, [{"name": "Ann", "email": "ann@example.com", "phone": "555 0100", "loyalty_tracked": True}]
        )
        self.assertIn("You may store my name.", card.message_ids[0].body)
        self.assertEqual(self.Join.search([("program_id", "=", self.program.id)]).state, "confirmed")

    def test_customer_who_is_known(self):
        """N29: who is a customer gets a card and no second contact; who has a card sees it."""
        partner = self.Partner.create({"name": "Ann Known", "email": "Ann@example.com"})
        card = self.env["loyalty.card"].create({"program_id": self.program.id, "partner_id": partner.id})
        self.assertNotIn(card.code, self.ask().text)
        link = self.link()
        self.assertIn(card.code, self.post(link, page=link).text)
        self.assertEqual(self.program.coupon_ids, card)
        self.assertEqual(self.Partner.search([("email_normalized", "=", "ann@example.com")]), partner)

    def test_refused(self):
        """N29: without name, address or consent nothing is sent; who takes no part is told so after the confirmation."""
        for values in ({"name": " "}, {"email": "ann"}, {"consent": None}):
            with self.subTest(values):
                self.assertIn("alert-danger", self.ask(**values).text)
        self.ask(homepage="http://spam.example.com")
        self.assertFalse(self.Join.search_count([("program_id", "=", self.program.id)]))
        partner = self.Partner.create({"name": "Staff", "email": "ann@example.com", "loyalty_tracked": False})
        self.ask()
        link = self.link()
        self.assertIn("ask the shop", self.post(link, page=link).text)
        self.assertFalse(partner.loyalty_card_ids)
        self.assertIn("unknown or too old", self.url_open("/loyalty/join/nothing").text)

    def test_odd_characters(self):
        """N29: characters that cannot be stored or seen are left out; a name of nothing else is no name."""
        for values in ({"name": "\0"}, {"name": "\u200b \u202e"}, {"email": "a\0@"}):
            with self.subTest(values):
                self.assertIn("alert-danger", self.ask(**values).text)
        self.ask("A\0nn@example.com", name="An\0n\n B\u200bell ", phone="\x07555\0 0100")
        request = self.Join.search([("program_id", "=", self.program.id)])
        self.assertRecordValues(request, [{"name": "Ann Bell", "email": "ann@example.com", "phone": "555 0100"}])
        # Persian and emoji are joined by such characters.
        self.ask("bob@example.com", name="می\u200cخواهم")
        self.assertEqual(self.Join.search([("email", "=", "bob@example.com")]).name, "می\u200cخواهم")

    def test_words_of_visitors_are_not_mailed(self):
        """N29: what a visitor typed is never sent to an address, which may be a stranger's."""
        self.Join._ask(self.program, "You won, see www.example.net", "bob@example.com", "www.example.net", "127.0.0.1")
        mail = self.env["mail.mail"].search([("model", "=", "loyalty.join")], limit=1)
        self.assertEqual(mail.email_to, "bob@example.com")
        self.assertNotIn("www.example.net", f"{mail.subject} {mail.body_html}")

    def test_limits(self):
        """N29: three mails a day to one address, the same answer always; and twenty requests an hour from one place."""
        for __ in range(4):
            self.assertIn("Check your inbox", self.ask().text)
        requests = self.Join.search([("program_id", "=", self.program.id)])
        self.assertEqual(len(requests), 3)
        for number in range(17):
            self.Join.create(
                {
                    "program_id": self.program.id,
                    "name": "X",
                    "email": f"{number}@example.com",
                    "consent": "x",
                    "address": requests[0].address,
                    "token_hash": str(number),
                }
            )
        self.assertIn("try again in an hour", self.ask("late@example.com").text)
        old, older = requests[:2]
        for request, age in ((old, "2 days"), (older, "31 days")):
            self.env.cr.execute(
                "UPDATE loyalty_join SET create_date = create_date - %s::interval WHERE id = %s", [age, request.id]
            )
        self.env.invalidate_all()
        self.Join._gc_requests()
        self.assertFalse(older.exists())
        self.assertFalse(old.address)
        self.assertTrue(requests[2].address)

    def test_full_screen(self):
        """N29: customers see their points on the home of the portal, and the barcode of their own card on a whole screen."""
        user = new_test_user(self.env, "join_portal", "base.group_portal", password="join_portal")
        card, other = self.env["loyalty.card"].create(
            [
                {"program_id": self.program.id, "partner_id": partner.id}
                for partner in (user.partner_id, self.Partner.create({"name": "Bob"}))
            ]
        )
        self.authenticate("join_portal", "join_portal")
        self.env.flush_all()
        # The page of the program knows its member, and offers no second card.
        page = self.url_open(self.program._public_path()).text
        self.assertIn("You are a member", page)
        self.assertNotIn("join_email", page)
        self.assertIn(f"/my/loyalty_card/{card.id}/show", self.url_open("/my/home").text)
        page = self.url_open(f"/my/loyalty_card/{card.id}/show").text
        self.assertIn(card.code, page)
        self.assertIn("data:image/png", page)
        self.assertNotIn(other.code, self.url_open(f"/my/loyalty_card/{other.id}/show").text)
