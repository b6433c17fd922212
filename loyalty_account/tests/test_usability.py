from odoo.tests import Form, tagged

from odoo.addons.loyalty_ledger.tests.usability_common import UsabilityVerbs

from .redemption_common import RedemptionCase


@tagged("post_install", "-at_install")
class TestUsability(UsabilityVerbs, RedemptionCase):
    vat_mode = "tender"

    def test_invoices_say_the_same(self):
        """N29, H8, H10, H18, H25: an invoice, its dialog, its explanation and Issue Card refuse a card in one wording."""
        master = self.make_card(partner=self.env["res.partner"].create({"name": "Master"}))
        self.program.issue_on = "paid"
        issued = self.make_invoice(self.line(100, 15))
        self.assertEqual(issued.loyalty_card_id, self.card)
        for status, redeem, earn in self.states(self.card, master):
            document = self.make_invoice(self.line(100, 15))
            self.assertFalse(document.loyalty_card_id)
            self.assertEqual(self.refusal(document.write, {"loyalty_card_id": self.card.id}), redeem)
            self.assertEqual(self.card._payment_problem(self.company), redeem)
            dialog = Form(
                self.env["loyalty.apply.points"].with_user(self.clerk).with_context(default_move_id=document.id)
            )
            self.assertIn(redeem, dialog.missing_card)
            dialog.card_number = self.card.code
            self.assertEqual(dialog.problem, redeem)
            if status != "linked":
                refusal = self.refusal(self.env["loyalty.card"]._issue_to, self.customer, self.program)
                self.assertEqual(refusal, f"Ann has a card already. {redeem}")
            issued.action_post()
            self.pay(issued)
            self.env.cr.flush()
            self.assertEqual(earn and earn in issued.loyalty_explanation, bool(earn))

    def test_documents_of_others(self):
        """N29, H6: a card of another company, or of no loyalty program, is refused for documents in one wording."""
        wallet = self.env["loyalty.program"].create({"name": "Wallet", "program_type": "ewallet"})
        purse = self.make_card(program=wallet)
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        self.assertEqual(
            [
                purse._unusable_reason(company=self.company),
                self.card._unusable_reason(company=elsewhere),
                self.card._unusable_reason(company=self.company, partner=self.customer),
            ],
            [
                f"{purse.code} is not a card of a loyalty program: Wallet.",
                f"Card {self.card.code} belongs to company {self.company.name}; this document to Elsewhere.",
                False,
            ],
        )
