from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import html2plaintext

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
                active_model="loyalty.card", active_ids=cards.ids, default_composition_mode="mass_mail",
                default_model="loyalty.card", default_res_ids=cards.ids,
            )
            .create({"subject": "Your points", "body": "<p>You have {{ object.available_points }} points.</p>"})
        )  # fmt: skip
        composer.auto_delete = False
        composer._action_send_mail()
        mails = self.env["mail.mail"].sudo().search([("model", "=", "loyalty.card"), ("res_id", "in", cards.ids)])
        self.assertEqual(mails.recipient_ids, self.partner | bob)

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
