from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import html2plaintext

from odoo.addons.loyalty_ledger.models import loyalty_card

from .test_adjust import AdjustCase


@tagged("post_install", "-at_install")
class TestCardMail(AdjustCase):
    def test_mail_to_selected_cards(self):
        """S14: e-mails go to the customers of the cards chosen in the list, with each card's own contents."""
        bob = self.env["res.partner"].create({"name": "Bob", "email": "bob@example.com"})
        self.partner.email = "ann@example.com"
        cards = self.card | self.make_card(partner_id=bob.id)
        self.earn(120)
        action = self.env["ir.actions.actions"]._for_xml_id("loyalty_ledger.loyalty_card_mass_mail_action")
        self.assertEqual(action["binding_type"], "action")
        composer = (
            self.env["mail.compose.message"]
            .with_user(self.manager)
            .with_context(
                active_model="loyalty.card",
                active_ids=cards.ids,
                default_composition_mode="mass_mail",
                default_model="loyalty.card",
                default_res_ids=cards.ids,
            )
            .create({"subject": "Your points", "body": "<p>You have {{ object.available_points }} points.</p>"})
        )
        composer.auto_delete = False
        composer._action_send_mail()
        mails = self.env["mail.mail"].sudo().search([("model", "=", "loyalty.card"), ("res_id", "in", cards.ids)])
        self.assertEqual(mails.recipient_ids, self.partner | bob)

    def test_mail_of_one_card(self):
        """S14, N29: E-mail on a loyalty card proposes its balance and next expiry, in the customer's language; no coupon."""
        self.env["res.lang"]._activate_lang("fr_FR")
        self.partner.write({"email": "ann@example.com", "lang": "fr_FR"})
        self.program.write({"expiry_policy": "lot", "expiry_delay": 12, "expiry_unit": "month"})
        self.welcome(self.program)
        self.earn(150.5)
        self.card._hold(30, "mail", ("res.partner", self.partner.id))
        action = self.card.with_user(self.manager).action_coupon_send()
        composer = self.env["mail.compose.message"].with_user(self.manager).with_context(**action["context"]).create({})
        self.assertEqual(composer.subject, f"Your points: {self.program.name}")
        self.assertEqual(composer.partner_ids, self.partner)
        text = html2plaintext(composer.body)
        for words in ("Hello Ann", "120,5 Points", self.card.code, "150,5 Points on 15/03/2027"):
            self.assertIn(words, text)
        self.assertFalse(composer.attachment_ids)
        gift = self.make_program(program_type="gift_card", name="Gifts")
        card = self.Card.create({"program_id": gift.id, "partner_id": self.partner.id})
        balance = self.env.ref("loyalty_ledger.mail_template_balance")
        self.assertNotEqual(card.action_coupon_send()["context"]["default_template_id"], balance.id)

    def welcome(self, program):
        """Let the program welcome its customers, as a manager does on its form."""
        template = self.env.ref("loyalty_ledger.mail_template_welcome")
        template.auto_delete = False
        program.with_user(self.manager).communication_plan_ids = [
            Command.create({"trigger": "create", "mail_template_id": template.id})
        ]

    def mails(self, card):
        return self.env["mail.mail"].sudo().search([("model", "=", "loyalty.card"), ("res_id", "=", card.id)])

    def test_welcome(self):
        """bS5: the first points of a card bring a welcome e-mail, once, in the customer's language; no empty card does."""
        self.env["res.lang"]._activate_lang("fr_FR")
        self.partner.write({"email": "ann@example.com", "lang": "fr_FR"})
        program = self.make_program(name="Wine Club", portal_point_name="corks")
        self.env["loyalty.level"].create(
            [
                {"name": name, "min_points": start, "program_id": program.id}
                for name, start in (("One", 0), ("Two", 101))
            ]
        )
        self.welcome(program)
        cards = self.Card.with_user(self.manager).with_context(loyalty_no_mail=False)
        card = cards.create({"program_id": program.id, "partner_id": self.partner.id, "code": "20001234567"})
        self.assertFalse(self.mails(card), "carts create cards that stay empty")
        wizard = self.env["loyalty.adjust.wizard"].with_user(self.manager).with_context(loyalty_no_mail=False)
        for points in (150.5, 20):
            wizard.create({"card_ids": card.ids, "mode": "add", "points": points, "reason": "Present"}).action_confirm()
            mail = self.mails(card)
            self.assertEqual(len(mail), 1, "once in the life of a card")
        self.assertEqual(mail.recipient_ids or mail.email_to, self.partner)
        self.assertEqual(mail.subject, "Welcome to Wine Club")
        text = html2plaintext(mail.body_html)
        for words in ("Welcome, Ann", "Wine Club", "150,5 corks", "20001234567", "Two"):
            self.assertIn(words, text)
        self.assertIn("/report/barcode/Code128/20001234567", mail.body_html)
        self.assertIn(f"/my/loyalty_card/{card.id}/history", mail.body_html)

    def test_welcome_of_many(self):
        """bS5: cards that get points together, more than are read at once, are welcomed like one card: each once."""
        self.partner.email = "ann@example.com"
        program = self.make_program(name="Club")
        self.welcome(program)
        cards = self.Card.with_context(loyalty_no_mail=False).create(
            [{"program_id": program.id, "partner_id": self.partner.id}] * 3
        )
        self.patch(loyalty_card, "PREFETCH_MAX", 1)
        for number in (0, 1):
            cards[number:]._post_entries([self.op(card, "earn", 5) for card in cards[number:]])
            self.assertEqual([len(self.mails(card)) for card in cards], [1, 1, 1])

    def test_welcome_is_the_shop_s_own(self):
        """bS5: a manager edits the template; a program without one welcomes nobody, nor does bulk work."""
        self.partner.email = "ann@example.com"
        for program, mails in ((self.make_program(name="Silent"), 0), (self.make_program(name="Club"), 1)):
            if mails:
                self.welcome(program)
                program.mail_template_id.subject = "Hello {{ object.partner_id.name }}"
            card = self.Card.with_context(loyalty_no_mail=False).create(
                {"program_id": program.id, "partner_id": self.partner.id}
            )
            silent = self.make_card(program)
            self.post(silent, "earn", 5)
            self.assertFalse(self.mails(silent))
            card._post_entries([self.op(card, "earn", 5)])
            self.assertEqual(self.mails(card).mapped("subject"), ["Hello Ann"] * mails)

    def test_templates_of_the_shop(self):
        """N29, P11: templates show the points that can be spent, as plain Odoo writes them, in whatever way they name
        them: t-out, t-field, with options, in subjects; also where somebody without the right to program changed them."""
        self.earn(150)
        self.card._hold(30, "mail", ("res.partner", self.partner.id))
        bodies = {
            '<p t-out="object.points"/>': "<p>120.0</p>",
            '<p t-field="object.points"/>': "<p>120.0</p>",
            "<p t-field='object.points' t-options='{\"widget\": \"integer\"}'/>": "<p>120</p>",
            "<p t-field=\"object.points\" t-options=\"{'widget': 'monetary', 'display_currency': object.currency_id}\"/>": '<p>$\xa0<span class="oe_currency_value">120.00</span></p>',
            '<t t-set="card" t-value="object"/><p t-field="card.points"/>': "<p>150.0</p>",
            '<p t-out="format_amount(object.points, object.currency_id)"/>': "<p>$\xa0120.00</p>",
        }
        for body, expected in bodies.items():
            with self.subTest(body):
                template = self.env["mail.template"].create(
                    {
                        "name": "Own",
                        "model_id": self.env["ir.model"]._get_id("loyalty.card"),
                        "subject": "You have {{ object.points }}",
                        "body_html": body,
                    }
                )
                values = template._generate_template(self.card.ids, ("subject", "body_html"))[self.card.id]
                self.assertEqual(str(values["body_html"]), expected)
                self.assertEqual(values["subject"], "You have 120.0")
        user = new_test_user(self.env, "mail_writer", groups="loyalty_ledger.group_loyalty_user")
        self.env["ir.config_parameter"].sudo().set_param("mail.restrict.template.rendering", True)
        self.env.ref("base.group_user").implied_ids -= self.env.ref("mail.group_mail_template_editor")
        template.with_user(user)._render_template("{{ object.points }}", "loyalty.card", self.card.ids)

    def test_gift_card_template_of_odoo(self):
        """N29: Odoo's own mail of gift cards shows what can be spent."""
        gift = self.make_program(name="Gifts", program_type="gift_card")
        card = self.make_card(program=gift)
        card._post_entries([{"card_id": card.id, "kind": "opening", "points": 80, "key": "gift"}])
        card._hold(30, "mail", ("res.partner", self.partner.id))
        template = self.env.ref("loyalty.mail_template_gift_card")
        body = template._generate_template(card.ids, ("body_html",))[card.id]["body_html"]
        self.assertIn("$\xa050.00", body)
        report = self.env["ir.actions.report"]._render_qweb_html("loyalty.report_gift_card", card.ids)
        self.assertIn("50", str(report[0]))
