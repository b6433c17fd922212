from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from .common import TODAY
from .earning_common import EarningCase


@tagged("post_install", "-at_install")
class TestIssueCard(EarningCase):
    """Customers without a card: what they miss is said, and a card is issued in one click."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program.issue_on = "paid"
        cls.stranger = cls.env["res.partner"].create({"name": "Bob"})

    def cards_of(self, partner):
        return self.env["loyalty.card"].search([("partner_id", "=", partner.id)])

    def test_paid_invoice_without_card(self):
        """N29, C1: a paid invoice without a card says what it missed; a card issued there earns it, once."""
        move = self.make_invoice(100.0, partner=self.stranger, post=True)
        self.assertIn("will earn no points", move.loyalty_missed_notice)
        self.pay(move)
        self.env.cr.flush()
        self.assertEqual(
            move.loyalty_missed_notice,
            "No points were earned, since no loyalty card is on this invoice. With a card Bob earns up to 100 points of "
            "program Points.",
        )
        self.assertEqual((move.loyalty_can_issue_card, move.loyalty_has_card), (True, False))
        action = move.action_issue_loyalty_card()
        card = self.cards_of(self.stranger)
        self.assertIn(
            f"Bob has card {card.code} of program Points. 100 points were earned.", action["params"]["message"]
        )
        self.assertRecordValues(
            move, [{"loyalty_card_id": card.id, "loyalty_points_earned": 100, "loyalty_missed_notice": False}]
        )
        self.assertEqual(card.points, 100)
        move.action_retry_loyalty()
        self.env.cr.flush()
        self.assertEqual((card.points, len(card.entry_ids)), (100, 1))
        with self.assertRaisesRegex(UserError, "has a loyalty card already"):
            move.action_issue_loyalty_card()
        refund = move._reverse_moves([{"invoice_date": move.invoice_date}], cancel=True)
        self.env.cr.flush()
        self.assertEqual((refund.loyalty_card_id, card.points), (card, 0))

    def test_paid_long_ago(self):
        """N29: what was paid more than 30 days ago earns nothing afterwards, by a new card or by the customer's."""
        move = self.make_invoice(100.0, partner=self.stranger, post=True)
        self.pay(move)
        for days, offered in ((30, True), (31, False)):
            with freeze_time(f"{fields.Date.to_date(TODAY) + timedelta(days=days)} 12:00:00"):
                move.invalidate_recordset()
                self.assertEqual((move.loyalty_can_issue_card, bool(move.loyalty_missed_notice)), (offered, offered))
        with freeze_time(f"{fields.Date.to_date(TODAY) + timedelta(days=31)} 12:00:00"):
            move.invalidate_recordset()
            with self.assertRaisesRegex(UserError, "paid more than 30 days ago"):
                move.action_issue_loyalty_card()

    def test_draft(self):
        """N29: a draft offers the card beside its field, promises nothing, and earns once it is paid."""
        move = self.make_invoice(100.0, partner=self.stranger)
        self.assertEqual((move.loyalty_can_issue_card, move.loyalty_missed_notice), (True, False))
        move.action_issue_loyalty_card()
        card = self.cards_of(self.stranger)
        self.assertEqual((move.loyalty_card_id, card.points, move.loyalty_can_issue_card), (card, 0, False))
        move.action_post()
        self.pay(move)
        self.env.cr.flush()
        self.assertEqual(card.points, 100)

    def test_card_issued_later(self):
        """N29: an invoice from before the customer's card takes this card, no second one."""
        move = self.make_invoice(100.0, partner=self.stranger, post=True)
        self.pay(move)
        card = self.make_card(self.stranger)
        move.invalidate_recordset()
        self.assertEqual((move.loyalty_can_issue_card, move.loyalty_has_card), (True, True))
        move.action_issue_loyalty_card()
        self.assertEqual((move.loyalty_card_id, self.cards_of(self.stranger), card.points), (card, card, 100))

    def test_label_and_action_mean_one_program(self):
        """N29: the button says Issue Card where it issues one, and names the customer's card where it takes that, also where
        a program comes first in which the invoice earns nothing."""
        services = self.env["product.product"].create({"name": "Service"})
        first = self.program.copy({"name": "Services", "active": True, "sequence": -1})
        first.rule_ids.product_ids = services
        card = self.make_card(self.stranger)
        move = self.make_invoice(100.0, partner=self.stranger)
        move.loyalty_card_id = False
        self.assertEqual(move._loyalty_programs_to_join()[move][:2], first | self.program)
        self.assertEqual((move.loyalty_can_issue_card, move.loyalty_has_card), (True, True))
        move.action_issue_loyalty_card()
        self.assertEqual((move.loyalty_card_id, self.cards_of(self.stranger)), (card, card))
        # And the other way round: there is a card of the first program, the invoice earns in the second.
        other = self.env["res.partner"].create({"name": "Eve"})
        self.env["loyalty.card"].create({"program_id": first.id, "partner_id": other.id})
        move = self.make_invoice(100.0, partner=other)
        move.loyalty_card_id = False
        self.assertEqual((move.loyalty_can_issue_card, move.loyalty_has_card), (True, False))
        move.action_issue_loyalty_card()
        self.assertEqual(move.loyalty_card_id.program_id, self.program)

    def test_nothing_to_promise(self):
        """N29: no word where a card would earn nothing: customers who do not collect, closed cards, switched-off programs,
        products without points, Odoo's timing, bills."""
        move = self.make_invoice(100.0, partner=self.stranger, post=True)
        bill = self.make_invoice(100.0, partner=self.stranger, move_type="in_invoice", user=self.env.user)
        self.assertFalse(bill.loyalty_can_issue_card)
        closed = self.make_card(self.stranger)
        closed.action_close()
        for change in (
            lambda: None,
            lambda: self.stranger.write({"loyalty_tracked": False}),
            lambda: (
                self.stranger.write({"loyalty_tracked": True}),
                closed.unlink(),
                self.program.write({"accumulates": False}),
            ),
            lambda: self.program.write({"accumulates": True, "issue_on": "order"}),
            lambda: (self.program.write({"issue_on": "paid"}), self.product.write({"loyalty_no_earn": True})),
        ):
            change()
            move.invalidate_recordset()
            self.assertFalse(move.loyalty_missed_notice)
        self.product.loyalty_no_earn = False
        move.invalidate_recordset()
        self.assertTrue(move.loyalty_missed_notice)

    def test_card_of_another_company(self):
        """N29, S9: the dialog tells nothing of cards of companies that have nothing to do with the invoice."""
        program = self.env["loyalty.program"].create(
            {
                "name": "Elsewhere",
                "program_type": "loyalty",
                "company_id": self.env["res.company"].create({"name": "Elsewhere"}).id,
            }
        )
        self.env["loyalty.card"].create(
            {"program_id": program.id, "partner_id": self.stranger.id, "closed": True, "code": "0430009999"}
        )
        move = self.make_invoice(100.0, partner=self.stranger, post=True)
        wizard = self.env["loyalty.apply.points"].with_user(self.clerk).create({"move_id": move.id})
        self.assertIn("Bob has no loyalty card.", wizard.missing_card)

    def test_dialog_without_card(self):
        """N29, S9: Apply Loyalty Points without a card says why nothing can be applied, and issues one."""
        move = self.make_invoice(100.0, partner=self.stranger, post=True)
        wizard = self.env["loyalty.apply.points"].with_user(self.clerk).create({"move_id": move.id})
        self.assertEqual(
            wizard.missing_card,
            "Bob has no loyalty card. Scan or choose the card to redeem from. Or issue a card: it has no points yet, but this "
            "invoice can earn some.",
        )
        self.assertTrue(wizard.can_issue)
        wizard.action_issue_card()
        self.assertEqual(move.loyalty_card_id, self.cards_of(self.stranger))
        again = self.env["loyalty.apply.points"].with_user(self.clerk).create({"move_id": move.id})
        self.assertEqual((again.card_id, again.missing_card, again.can_issue), (move.loyalty_card_id, False, False))
        closed = self.make_card(self.env["res.partner"].create({"name": "Eve"}))
        closed.action_close()
        other = self.make_invoice(100.0, partner=closed.partner_id)
        wizard = self.env["loyalty.apply.points"].with_user(self.clerk).create({"move_id": other.id})
        self.assertIn(f"Eve has no card that can be used. Card {closed.code} is closed.", wizard.missing_card)
        self.assertFalse(wizard.can_issue)
        own = self.make_invoice(100.0, partner=self.stranger)
        own.loyalty_card_id = False
        wizard = self.env["loyalty.apply.points"].with_user(self.clerk).create({"move_id": own.id})
        self.assertEqual(wizard.card_id, move.loyalty_card_id)

    def test_customer(self):
        """N29, H1: Issue Card on the customer gives one card in one click; another click says that there is one."""
        user = new_test_user(
            self.env,
            "issuing_user",
            groups="loyalty_ledger.group_loyalty_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        self.env["loyalty.program"].search([("id", "!=", self.program.id)]).active = False
        partner = self.stranger.with_user(user)
        action = partner.action_issue_loyalty_card()
        card = self.cards_of(self.stranger)
        self.assertRecordValues(card, [{"program_id": self.program.id, "partner_id": self.stranger.id, "points": 0}])
        self.assertIn(card.code, action["params"]["message"])
        with self.assertRaisesRegex(UserError, f"Bob has card {card.code} already"):
            partner.action_issue_loyalty_card()
        with self.assertRaises(AccessError):
            self.stranger.with_user(self.clerk).action_issue_loyalty_card()
        self.stranger.loyalty_tracked = False
        card.unlink()
        with self.assertRaisesRegex(UserError, "does not participate"):
            partner.action_issue_loyalty_card()

    def test_form(self):
        """N29: the invoice form with its banner opens for a clerk."""
        move = self.make_invoice(100.0, partner=self.stranger, post=True)
        with Form(move) as form:
            self.assertIn("Bob", form.loyalty_missed_notice)
