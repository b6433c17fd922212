from datetime import timedelta

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.service.model import call_kw
from odoo.tests import Form, tagged

from .common import LoyaltyAccountCase


@tagged("post_install", "-at_install")
class TestInvoiceCard(LoyaltyAccountCase):
    """Which card a customer's document uses."""

    def test_default_card(self):
        """H2: an invoice takes the customer's card, a bill none; the form shows it and lets it be changed."""
        form = Form(self.env["account.move"].with_user(self.clerk).with_context(default_move_type="out_invoice"))
        form.partner_id = self.customer
        self.assertEqual(form.loyalty_card_id, self.card)
        stranger = self.env["res.partner"].create({"name": "Bob"})
        form.partner_id = stranger
        self.assertFalse(form.loyalty_card_id)
        self.assertFalse(self.make_invoice(move_type="in_invoice").loyalty_card_id)
        for move_type in ("out_invoice", "out_receipt", "out_refund"):
            self.assertEqual(self.make_invoice(move_type=move_type).loyalty_card_id, self.card)

    def test_family(self):
        """The contact's own card comes first, then the company's; default card first; closed and source cards never."""
        contact = self.env["res.partner"].create({"name": "Ann's buyer", "parent_id": self.customer.id})
        self.assertEqual(self.make_invoice(partner=contact).loyalty_card_id, self.card)
        own = self.make_card(contact)
        self.assertEqual(self.make_invoice(partner=contact).loyalty_card_id, own)
        second = self.make_card(contact, is_default=True)
        self.assertEqual(self.make_invoice(partner=contact).loyalty_card_id, second)
        second.action_close()
        self.assertEqual(self.make_invoice(partner=contact).loyalty_card_id, own)
        own.points_to_id = self.card
        self.assertEqual(self.make_invoice(partner=contact).loyalty_card_id, self.card)
        self.card.expiration_date = fields.Date.today() - timedelta(days=1)
        self.assertFalse(self.make_invoice(partner=contact).loyalty_card_id)

    def test_same_choice_as_elsewhere(self):
        """The batch chooses what ``_default_card`` chooses, and only cards of the company's active programs."""
        contact = self.env["res.partner"].create({"name": "Ann's buyer", "parent_id": self.customer.id})
        for partner in (contact, self.customer):
            chosen = self.make_invoice(partner=partner).loyalty_card_id
            self.assertEqual(chosen, self.env["loyalty.card"]._default_card(partner, self.program))
        self.program.active = False
        self.assertFalse(self.make_invoice().loyalty_card_id)
        self.program.active = True
        other = self.env["res.company"].create({"name": "Elsewhere"})
        foreign = self.make_program(company_id=other.id, name="Other points")
        stranger = self.env["res.partner"].create({"name": "Bob"})
        self.make_card(stranger, foreign)
        self.assertFalse(self.make_invoice(partner=stranger).loyalty_card_id)

    def test_card_that_can_redeem_comes_first(self):
        """N29, H2: of several programs the invoice takes the card whose points can be redeemed; in one the card with
        points."""
        journal = self.env["account.journal"].create({"name": "Points", "code": "LOYX", "type": "cash"})
        paying = self.make_program(name="Paying", sequence=99)
        paying.write(
            {
                "accounting_policy": "redemption",
                "vat_mode": "tender",
                "loyalty_journal_id": journal.id,
                "cost_account_id": self.company_data["default_account_expense"].id,
                "point_value": 0.01,
            }
        )
        self.card.is_default = True
        self.assertFalse(paying._redemption_problem(self.company))
        self.assertTrue(self.program._redemption_problem(self.company))
        self.assertEqual(self.make_invoice().loyalty_card_id, self.card)
        first = self.make_card(program=paying)
        self.assertEqual(self.make_invoice().loyalty_card_id, first)
        second = self.make_card(program=paying)
        second._post_entries([{"card_id": second.id, "kind": "opening", "points": 500, "key": "second"}])
        self.assertEqual(self.make_invoice().loyalty_card_id, second)
        first.is_default = True
        self.assertEqual(self.make_invoice().loyalty_card_id, first)
        paying.accounting_policy = "none"
        self.assertEqual(self.make_invoice().loyalty_card_id, self.card)

    def test_one_query_for_a_batch(self):
        """A batch of invoices looks the cards up once."""
        customers = self.env["res.partner"].create([{"name": f"Customer {number}"} for number in range(10)])
        for customer in customers:
            self.make_card(customer)
        moves = self.env["account.move"].create(
            [{"move_type": "out_invoice", "partner_id": customer.id} for customer in customers]
        )
        counts = []
        for batch in (moves[:5], moves):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            cards = self.env["loyalty.card"].sudo()._cards_of_documents(batch.sudo())
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1], "ten invoices ask no more often than five")
        self.assertEqual([card.partner_id for card in cards.values()], list(customers))

    def test_unusable_cards_are_refused(self):
        """H22, H25, H8, H10: a closed, expired, not started or redirected card is refused with the reason."""
        move = self.make_invoice()
        today = fields.Date.today()
        closed = self.make_card()
        closed.action_close()
        cases = [
            (closed, "is closed. Reopen it, or use another card."),
            (self.make_card(expiration_date=today - timedelta(days=1)), "expired on"),
            (self.make_card(start_date=today + timedelta(days=1)), "can be used from"),
            (self.make_card(points_to_id=self.card.id), "is linked to card"),
        ]
        for card, message in cases:
            with self.subTest(message), self.assertRaisesRegex(ValidationError, f"{card.code} {message}"):
                move.loyalty_card_id = card
        wallet = self.env["loyalty.program"].create({"name": "Wallet", "program_type": "ewallet"})
        with self.assertRaisesRegex(ValidationError, "not a card of a loyalty program: Wallet"):
            move.loyalty_card_id = self.make_card(program=wallet)
        with self.assertRaisesRegex(ValidationError, "Only customer invoices"):
            self.make_invoice(move_type="in_invoice").loyalty_card_id = self.card

    def test_scan(self):
        """H2: the picker offers the family's cards, and any card by its full number."""
        stranger = self.env["res.partner"].create({"name": "Bob"})
        friend = self.make_card(stranger)
        cards = self.env["loyalty.card"].with_user(self.clerk).with_context(loyalty_family_of=self.customer.id)
        domain = [("ledgered", "=", True)]
        self.assertEqual([found for found, __ in cards.name_search("", domain)], self.card.ids)
        self.assertEqual([found for found, __ in cards.name_search("044", domain)], self.card.ids)
        self.assertEqual([found for found, __ in cards.name_search(f" {friend.code} ", domain)], friend.ids)
        self.assertEqual(cards.name_search("no such card", domain), [])
        move = self.make_invoice()
        move.loyalty_card_id = friend
        self.assertEqual(move.loyalty_card_id, friend)

    def test_credit_note_keeps_the_card(self):
        """A credit note takes the invoice's card, even one that was closed since; a posted invoice keeps its card."""
        second = self.make_card(is_default=True)
        move = self.make_invoice(post=True)
        self.assertEqual(move.loyalty_card_id, second)
        self.card.is_default = True
        second.action_close()
        self.assertEqual(move.loyalty_card_id, second)
        refund = move._reverse_moves([{"invoice_date": move.invoice_date}])
        self.assertEqual(refund.loyalty_card_id, second)
        self.assertEqual(move.copy().loyalty_card_id, self.card)

    def test_documents_without_card(self):
        """A journal entry has no card, nor does an invoice whose line types in a customer without one."""
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "partner_id": self.customer.id,
                "line_ids": [
                    Command.create({"account_id": self.company_data["default_account_revenue"].id, "balance": 0})
                ],
            }
        )
        self.assertFalse(entry.loyalty_card_id)

    def foreign_uses(self):
        return self.env["loyalty.exception"].search([("kind", "=", "foreign")])

    def test_foreign_card_is_seen(self):
        """N29, S9: a clerk who puts an own card on another customer's draft earns on it only under a manager's eyes; the
        customer's card and the company's are nobody's concern."""
        clerk_card = self.make_card(self.clerk.partner_id)
        move = self.make_invoice()
        move.with_user(self.clerk).loyalty_card_id = clerk_card
        self.assertFalse(self.foreign_uses())
        move.with_user(self.clerk).action_post()
        self.assertRecordValues(
            self.foreign_uses(),
            [
                {
                    "card_id": clerk_card.id,
                    "program_id": self.program.id,
                    "company_id": move.company_id.id,
                    "res_model": "account.move",
                    "res_id": move.id,
                    "state": "open",
                }
            ],
        )
        self.assertIn(self.clerk.name, self.foreign_uses().note)
        move.button_draft()
        move.action_post()
        self.assertEqual(len(self.foreign_uses()), 1)
        contact = self.env["res.partner"].create({"name": "Ann's buyer", "parent_id": self.customer.id})
        for partner in (self.customer, contact):
            usual = self.make_invoice(partner=partner)
            usual.loyalty_card_id = self.card
            usual.action_post()
        self.assertEqual(len(self.foreign_uses()), 1)

    def test_card_without_customer_is_seen(self):
        """N29, S9: a card without owner may be the clerk's and collect what everybody earns: through the form, remote calls
        and an import of invoices its use is listed; nobody's sales, and a card that got its customer, are not."""
        self.program.issue_on = "paid"
        nobodys = self.env["loyalty.card"].create({"program_id": self.program.id})
        Move = self.env["account.move"].with_user(self.clerk)
        with Form(self.make_invoice().with_user(self.clerk)) as form:
            form.loyalty_card_id = nobodys
        written = self.make_invoice()
        call_kw(Move, "write", [written.ids, {"loyalty_card_id": nobodys.id}], {})
        created = call_kw(
            Move,
            "create",
            [
                {
                    "move_type": "out_invoice",
                    "partner_id": self.customer.id,
                    "loyalty_card_id": nobodys.id,
                    "invoice_line_ids": [
                        Command.create({"name": "Goods", "price_unit": 50, "tax_ids": [Command.clear()]})
                    ],
                }
            ],
            {},
        )
        self.clerk.group_ids += self.env.ref("base.group_allow_export")
        loaded = call_kw(
            Move,
            "load",
            [
                [
                    "move_type",
                    "partner_id/.id",
                    "loyalty_card_id/.id",
                    "invoice_line_ids/name",
                    "invoice_line_ids/price_unit",
                ],
                [["out_invoice", str(self.customer.id), str(nobodys.id), "Goods", "60"]],
            ],
            {},
        )
        self.assertTrue(loaded["ids"], loaded["messages"])
        moves = form.record | written | Move.browse([created, *loaded["ids"]])
        self.assertEqual((len(moves), moves.loyalty_card_id), (4, nobodys))
        for move in moves.with_user(self.clerk):
            call_kw(move, "action_post", [move.ids], {})
        uses = self.foreign_uses()
        self.assertEqual((uses.card_id, sorted(uses.mapped("res_id"))), (nobodys, sorted(moves.ids)))
        self.assertEqual(
            uses[0].note,
            f"{self.clerk.name} used a card without a customer for a document of {self.customer.name}. If it is theirs, enter the "
            "customer on the card.",
        )
        nobodys.partner_id = self.customer
        known = self.make_invoice()
        known.loyalty_card_id = nobodys
        known.action_post()
        self.assertEqual(len(self.foreign_uses()), 4)
