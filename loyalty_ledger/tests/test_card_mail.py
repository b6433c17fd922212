from odoo.tests import tagged

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
