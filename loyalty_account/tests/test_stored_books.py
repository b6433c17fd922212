from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.modules.migration import load_script
from odoo.tests import Form, tagged
from odoo.tools import file_path

from .common import LoyaltyAccountCase
from .proof_common import ProofVerbs


@tagged("post_install", "-at_install")
class TestStoredBooks(ProofVerbs, LoyaltyAccountCase):
    """Gift cards in the books: policy "Stored value"."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gift_card = cls.env["product.product"].create(
            {"name": "Gift Card", "type": "service", "list_price": 50, "taxes_id": [Command.clear()]}
        )
        cls.gifts = cls.env["loyalty.program"].create(
            {
                "name": "Gift Cards",
                "program_type": "gift_card",
                "trigger": "auto",
                "applies_on": "future",
                "company_id": cls.company.id,
                "currency_id": cls.company.currency_id.id,
                "rule_ids": [
                    Command.clear(),
                    Command.create(
                        {
                            "reward_point_mode": "money",
                            "reward_point_amount": 1,
                            "product_ids": cls.gift_card.ids,
                        }
                    ),
                ],
                "reward_ids": [
                    Command.clear(),
                    Command.create({"required_points": 1, "discount_mode": "per_point", "discount": 1}),
                ],
            }
        )
        cls.equity = cls.env["account.account"].create(
            {"name": "Gift Cards Until Now", "code": "299901", "account_type": "equity"}
        )

    def set_up(self, correct=True, **values):
        action = self.gifts.action_set_up_accounting()
        wizard = self.env["loyalty.account.setup"].with_context(**action["context"]).create(values)
        wizard.action_set_up()
        if correct:
            wizard.action_correct()
        return wizard

    def adjust(self, points, card=None, **values):
        card = card or self.make_card(program=self.gifts)
        card._post_entries(
            [
                {
                    "card_id": card.id,
                    "kind": "adjust",
                    "points": points,
                    "key": f"test:{card.id}:{card.ledger_revision}",
                    "reason": "Birthday",
                    **values,
                }
            ]
        )
        return card

    def books(self):
        """Journal items of the program, by entry: (account, debit, credit)."""
        moves = self.env["account.move"].search([("loyalty_program_id", "=", self.gifts.id)], order="id")
        names = {
            self.gifts.liability_account_id: "LIAB",
            self.gifts.cost_account_id: "COST",
            self.gifts.breakage_account_id: "BREAKAGE",
            self.equity: "EQUITY",
        }
        return [sorted((names[line.account_id], line.debit, line.credit) for line in move.line_ids) for move in moves]

    def sell(self, amount, company=None, **values):
        """An invoice that issues a card, as an add-on that sells them does."""
        line = {"product_id": self.gift_card.id, "price_unit": amount, **values}
        invoice = self.make_invoice(line, company=company, user=company and self.env.user)
        card = self.adjust(amount, document=("account.move", invoice.id))
        invoice.action_post()
        return card, invoice

    def test_set_up_names_and_corrects(self):
        """N14: the products' wrong income account and tax are named, and corrected with one click; a second time is quiet."""
        tax = self.company_data["default_tax_sale"]
        self.gift_card.taxes_id = tax
        wizard = self.set_up(correct=False)
        self.assertRegex(wizard.stored_problems, r"Gift Card: its income account is .* not .*Balances of Gift Cards")
        self.assertIn(f"Gift Card has sales taxes ({tax.name})", wizard.stored_problems)
        wizard.action_correct()
        self.assertFalse(wizard.stored_problems)
        liability = self.gifts.liability_account_id
        for product in self.gift_card | self.gifts.reward_ids.discount_line_product_id:
            self.assertEqual(product.with_company(self.company)._get_product_accounts()["income"], liability)
        self.assertFalse(self.gift_card.taxes_id)
        self.assertRecordValues(
            liability | self.gifts.cost_account_id | self.gifts.breakage_account_id,
            [
                {"name": "Balances of Gift Cards", "account_type": "liability_current"},
                {"name": "Gift Cards Given Away", "account_type": "expense"},
                {"name": "Expired Gift Cards", "account_type": "income"},
            ],
        )
        before = self.gifts.liability_account_id
        self.assertFalse(self.set_up().created)
        self.assertEqual(self.gifts.liability_account_id, before)

    def test_branch(self):
        """N14: a branch books on income accounts of its own: Set Up Accounting names and corrects them, a card that a
        branch sold on another account is named, and the money of branches is proved with that of the company."""
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.env.cr.precommit.run()  # the branch takes over the chart of accounts
        self.env.user.company_ids |= branch
        wizard = self.set_up(correct=False)
        self.assertRegex(wizard.stored_problems, r"Gift Card in Branch: its income account is .* not ")
        wizard.action_correct()
        self.assertFalse(wizard.stored_problems)
        __, sold = self.sell(50, company=branch)
        self.assertEqual(sold.invoice_line_ids.account_id, self.gifts.liability_account_id)
        self.assertSound(program=self.gifts)
        self.gift_card.with_company(branch).property_account_income_id = self.company_data["default_account_revenue"]
        __, wrong = self.sell(30, company=branch)
        self.assertNamed(
            wrong.invoice_line_ids, "30.00 of product Gift Card are on", "value", size=30.0, program=self.gifts
        )

    def test_terms(self):
        """N14: a bonus in the rule, the policy without set-up, points with it, and a shared liability account are refused."""
        self.gifts.rule_ids.reward_point_amount = 1.1
        with self.assertRaisesRegex(ValidationError, "gives 1.1 points"), self.env.cr.savepoint():
            self.set_up()
        self.gifts.rule_ids.reward_point_amount = 1
        with self.assertRaisesRegex(ValidationError, "Set Up Accounting"), self.env.cr.savepoint():
            self.gifts.accounting_policy = "stored_value"
        with self.assertRaisesRegex(ValidationError, "Stored value"), self.env.cr.savepoint():
            self.program.accounting_policy = "stored_value"
        self.set_up()
        self.program.liability_account_id = self.gifts.liability_account_id
        with self.assertRaisesRegex(ValidationError, "of its own"), self.env.cr.savepoint():
            self.gifts._check_accounting()

    def test_given_away_and_expired(self):
        """N14: Dr COST / Cr LIAB when a balance is given away, the reverse when it is taken back, and Dr LIAB / Cr
        breakage when it expires; the roll-forward shows it in money."""
        self.set_up()
        card = self.adjust(50)
        self.adjust(-20, card)
        self.assertEqual(
            self.books(),
            [
                [("COST", 50.0, 0.0), ("LIAB", 0.0, 50.0)],
                [("COST", 0.0, 20.0), ("LIAB", 20.0, 0.0)],
            ],
        )
        card.expiration_date = "2026-03-20"
        with freeze_time("2026-03-21 12:00:00"):
            self.env["loyalty.card"]._purge(self.gifts, commit=False)
            self.assertEqual(self.books()[2], [("BREAKAGE", 0.0, 30.0), ("LIAB", 30.0, 0.0)])
            self.assertSound(program=self.gifts)
            found = self.gifts._rollforward(fields.Date.to_date("2026-03-01"), fields.Date.to_date("2026-03-31"))
        self.assertEqual(
            {name: tuple(map(float, found[name])) for name in ("adjusted", "expired", "closing")},
            {"adjusted": (30.0, 30.0), "expired": (-30.0, -30.0), "closing": (0.0, 0.0)},
        )

    def test_generated(self):
        """N14: many cards given away at once make one entry."""
        self.set_up()
        self.env["loyalty.generate.wizard"].with_context(active_id=self.gifts.id, active_ids=self.gifts.ids).create(
            {"program_id": self.gifts.id, "coupon_qty": 3, "points_granted": 25}
        ).generate_coupons()
        self.assertEqual(self.books(), [[("COST", 75.0, 0.0), ("LIAB", 0.0, 75.0)]])
        self.assertSound(program=self.gifts)

    def test_adoption(self):
        """N14: the opening entry is the difference between balances and what the account has; it is previewed, refused
        without counter-account and in a locked period; balances tie afterwards."""
        self.adjust(80)
        liability = self.env["account.account"].create(
            {"name": "Vouchers", "code": "251777", "account_type": "liability_current"}
        )
        self.gift_card.property_account_income_id = liability
        self.make_invoice({"product_id": self.gift_card.id, "price_unit": 30}, post=True)
        with self.assertRaisesRegex(UserError, "50.00"), self.env.cr.savepoint():
            self.set_up(chosen_liability_id=liability.id)
        self.company.fiscalyear_lock_date = "2026-03-31"
        with self.assertRaisesRegex(UserError, "locked until"), self.env.cr.savepoint():
            self.set_up(chosen_liability_id=liability.id, opening_account_id=self.equity.id)
        self.company.fiscalyear_lock_date = False
        wizard = self.set_up(chosen_liability_id=liability.id, opening_account_id=self.equity.id)
        self.assertRecordValues(
            self.env["loyalty.account.setup"].new({"program_id": self.gifts.id, "adoption_date": "2026-03-15"}),
            [{"stored_balance": 80.0, "stored_booked": 80.0, "stored_opening": 0.0, "is_adopted": True}],
        )
        self.assertEqual(self.books(), [[("EQUITY", 50.0, 0.0), ("LIAB", 0.0, 50.0)]])
        self.assertRecordValues(wizard.opening_move_id, [{"date": fields.Date.to_date("2026-03-15")}])
        self.assertSound(program=self.gifts)
        self.assertEqual(
            [(row["points"], row["amount"]) for row in self.gifts._liability_by_expiry(fields.Date.today())],
            [(80, 80)],
        )

    def test_adoption_of_an_earlier_day(self):
        """N14: what was given away after the day of the adoption is booked by itself."""
        card = self.adjust(80, effective_date=fields.Date.to_date("2026-02-10"))
        self.adjust(-30, card)
        self.set_up(adoption_date="2026-02-28", opening_account_id=self.equity.id)
        self.assertEqual(
            self.books(),
            [[("EQUITY", 80.0, 0.0), ("LIAB", 0.0, 80.0)], [("COST", 0.0, 30.0), ("LIAB", 30.0, 0.0)]],
        )
        self.assertSound(program=self.gifts)
        self.assertSound(fields.Date.to_date("2026-02-28"), program=self.gifts)

    def test_sold_on_an_invoice(self):
        """N14: an invoice books the money itself, so nothing else does; value, completeness and payments are even."""
        self.set_up()
        __, invoice = self.sell(50)
        self.assertEqual(self.books(), [])
        self.assertEqual(invoice.invoice_line_ids.account_id, self.gifts.liability_account_id)
        proof = self.assertSound(program=self.gifts)
        self.assertEqual((proof["value"]["ledger"], proof["value"]["books"]), (50.0, 50.0))
        self.assertEqual((proof["completeness"]["ledger"], proof["completeness"]["books"]), (50.0, 50.0))

    def test_invoice_without_a_card(self):
        """N14, N29: an invoice that sells a gift card, and that no order or register stands behind, makes no card, so it
        cannot be posted. Goods, and invoices from before the books, can."""
        old = self.make_invoice({"product_id": self.gift_card.id, "price_unit": 30})
        self.set_up()
        self.assertTrue(self.gift_card.loyalty_stored_value)
        with self.assertRaisesRegex(UserError, "an invoice alone makes no card of Gift Cards"), self.env.cr.savepoint():
            self.sell_alone({"price_unit": 20}, {"product_id": self.gift_card.id, "price_unit": 50})
        with self.assertRaisesRegex(UserError, "Sell it on a sales order"), self.env.cr.savepoint():
            self.sell_alone({"product_id": self.gift_card.id, "price_unit": 50}, move_type="out_receipt")
        self.assertEqual(self.sell_alone({"price_unit": 20}).state, "posted")
        old.action_post()
        self.assertEqual(old.state, "posted")

    def sell_alone(self, *lines, **values):
        return self.make_invoice(*lines, post=True, **values)

    def test_fault_income_account(self):
        """N14: a line that should have used the liability account and did not is named."""
        self.set_up(correct=False)
        __, invoice = self.sell(50)
        line = invoice.invoice_line_ids
        self.assertNamed(line, "50.00 of product Gift Card are on", "value", size=50.0, program=self.gifts)

    def test_fault_tax(self):
        """N14: a sale with VAT on the card is named with the VAT."""
        self.set_up()
        tax = self.env["account.tax"].create(
            {"name": "15 incl.", "amount": 15, "price_include_override": "tax_included", "type_tax_use": "sale"}
        )
        __, invoice = self.sell(50, tax_ids=[Command.set(tax.ids)])
        line = invoice.invoice_line_ids
        self.assertNamed(line, "was sold with .*6.52 of tax", "value", size=6.52, program=self.gifts)

    def test_fault_without_entry(self):
        """N14: a card that was written without a journal entry is named, in value and in completeness."""
        self.set_up()
        card = self.adjust(50)
        self.tamper("DELETE FROM loyalty_valuation WHERE program_id = %s", self.gifts.id)
        self.tamper("DELETE FROM account_move WHERE loyalty_program_id = %s", self.gifts.id)
        self.assertNamed(card.entry_ids, "nothing was booked", "value", size=50.0, program=self.gifts)
        self.assertNamed(card.lot_ids, "value line is missing", "completeness", size=50.0, program=self.gifts)

    def test_fault_refund_of_a_spent_card(self):
        """N14: cash paid out for a card that was spent is named, with the card, and a refund that left the card alone."""
        self.set_up()
        card, invoice = self.sell(50)
        spent = self.make_invoice(
            {"product_id": self.gifts.reward_ids.discount_line_product_id.id, "price_unit": -50},
            {"price_unit": 80},
            post=True,
        )
        self.adjust(-50, card, document=("account.move", spent.id))
        self.assertSound(program=self.gifts)
        note = self.make_invoice({"product_id": self.gift_card.id, "price_unit": 50}, move_type="out_refund", post=True)
        self.assertNamed(note, "no card changed", "value", size=50.0, program=self.gifts)
        self.adjust(-50, card, document=("account.move", note.id), overdraw="debt")
        self.assertNamed(card, "50.00 more was paid", "payments", size=50.0, program=self.gifts)
        self.assertTrue(invoice)

    def test_manual_entry(self):
        """N14: a manual entry on the liability account is named."""
        self.set_up()
        self.adjust(50)
        move = self.env["account.move"].create(
            {
                "move_type": "entry",
                "line_ids": [
                    Command.create({"account_id": self.gifts.liability_account_id.id, "debit": 7}),
                    Command.create({"account_id": self.gifts.cost_account_id.id, "credit": 7}),
                ],
            }
        )
        move.action_post()
        self.assertNamed(move, "no card changed", "value", size=7.0, program=self.gifts)

    def test_reversed_entry(self):
        """N14: an entry of the ledger that somebody reversed is named once, and the credit that lost its value."""
        self.set_up()
        card = self.adjust(50)
        move = self.env["account.move"].search([("loyalty_program_id", "=", self.gifts.id)])
        move._reverse_moves([{"date": move.date}], cancel=True)
        proof = self.assertNamed(move, "by .*50.00, but nothing was booked", "value", size=50.0, program=self.gifts)
        self.assertEqual(proof["value"]["residual"], 50.0)
        self.assertNamed(card.lot_ids, "a value line is missing", "completeness", size=50.0, program=self.gifts)

    def test_fault_other_program(self):
        """N14: money that was booked on the liability account of another program is named in both."""
        cards = self.gifts
        self.set_up()
        wallets = cards.copy({"name": "Wallets", "program_type": "ewallet", "active": True})
        self.gifts = wallets
        self.set_up()
        self.gifts = cards
        self.gift_card.property_account_income_id = wallets.liability_account_id
        __, invoice = self.sell(50)
        self.assertNamed(invoice.invoice_line_ids, "50.00 of product Gift Card are on", "value", program=cards)
        self.assertNamed(invoice, "no card changed", "value", size=50.0, program=wallets)

    def test_fault_cancelled_invoice(self):
        """N14: an invoice of a card that was reset to draft is no longer on the books; the card still has its money."""
        self.set_up()
        __, invoice = self.sell(50)
        invoice.button_draft()
        self.assertNamed(invoice, "changed cards by .*50.00, but nothing", "value", size=50.0, program=self.gifts)
        invoice.action_post()
        self.assertSound(program=self.gifts)

    def test_fault_changed_amount(self):
        """N14: a changed journal item, a changed transaction and a value line that was added are named, each where it is."""
        self.set_up()
        card = self.adjust(50)
        move = self.env["account.move"].search([("loyalty_program_id", "=", self.gifts.id)])
        item = move.line_ids.filtered("credit")
        with self.env.cr.savepoint() as savepoint:
            self.tamper("UPDATE account_move_line SET balance = balance - 5 WHERE id = %s", item.id)
            self.assertNamed(move, "by .*50.00, but .*55.00 were booked", "value", size=5.0, program=self.gifts)
            savepoint.rollback()
        self.env.invalidate_all()
        with self.env.cr.savepoint() as savepoint:
            self.tamper("UPDATE loyalty_ledger_entry SET points = 60 WHERE id = %s", card.entry_ids.id)
            self.assertNamed(card.entry_ids, "hash does not match", "points", program=self.gifts)
            self.assertNamed(move, "by .*60.00, but .*50.00 were booked", "value", size=10.0, program=self.gifts)
            savepoint.rollback()
        self.env.invalidate_all()
        self.tamper("UPDATE loyalty_valuation SET amount = 48 WHERE lot_id = %s", card.lot_ids.id)
        self.assertNamed(
            card.lot_ids, "50.00 are left .*48.00 are carried", "completeness", size=2.0, program=self.gifts
        )

    def test_fractions(self):
        """N14, N5: fractions of a cent stay on the card: a balance that is used piece by piece is booked to what it was
        worth as a whole, and the proof is even in between."""
        self.set_up()
        card = self.adjust(1.005)
        self.assertSound(program=self.gifts)
        for __ in range(3):
            self.adjust(-0.335, card)
            self.assertSound(program=self.gifts)
        self.assertEqual(card.points, 0)
        items = self.env["account.move.line"].search([("account_id", "=", self.gifts.liability_account_id.id)])
        self.assertEqual(self.company.currency_id.round(sum(items.mapped("balance"))), 0.0)

    def test_locked_period(self):
        """N14: what is given away in a locked month is booked in the next one; the proof of the month says so."""
        self.set_up(adoption_date="2026-01-31")
        self.company.fiscalyear_lock_date = "2026-02-28"
        self.adjust(50, effective_date=fields.Date.to_date("2026-02-10"))
        move = self.env["account.move"].search([("loyalty_program_id", "=", self.gifts.id)])
        self.assertGreater(move.date, fields.Date.to_date("2026-02-28"))
        proof = self.assertSound(fields.Date.to_date("2026-02-28"), program=self.gifts)
        self.assertEqual((proof["value"]["ledger"], proof["value"]["books"]), (50.0, 0.0))
        self.assertRegex(proof["value"]["items"][0]["problem"], "on different days")
        self.assertSound(fields.Date.to_date("2026-04-30"), program=self.gifts)

    def test_issue(self):
        """N14, M4: a payout issues cards with value in one call and books them in one entry for each document."""
        self.set_up()
        cards = self.gifts._issue_stored_cards(
            [
                {
                    "partner_id": self.customer.id,
                    "amount": amount,
                    "key": f"payout:{amount}",
                    "document": ("loyalty.program", self.program.id),
                    "reason": "Bonus of the quarter",
                }
                for amount in (10, 15)
            ]
        )
        self.assertEqual(cards.mapped("points"), [10.0, 15.0])
        self.assertEqual(cards.partner_id, self.customer)
        self.assertEqual(self.books(), [[("COST", 25.0, 0.0), ("LIAB", 0.0, 25.0)]])
        self.assertSound(program=self.gifts)

    def test_close(self):
        """N14, M17: a close writes off, reconciles and files gift cards; nothing is accrued for them."""
        card = self.adjust(80, effective_date=fields.Date.to_date("2026-01-10"))
        self.set_up(adoption_date="2026-01-31", opening_account_id=self.equity.id)
        self.adjust(20, card, effective_date=fields.Date.to_date("2026-02-10"))
        expired = self.adjust(5, effective_date=fields.Date.to_date("2026-02-10"))
        expired.expiration_date = "2026-02-20"
        close = self.env["loyalty.close"].create({"date_from": "2026-02-01", "date_to": "2026-02-28"})
        close._run()
        self.assertEqual((close.state, close.residual), ("done", 0.0), close.problem)
        self.assertEqual(close.step_ids.mapped("code"), ["inquire", "write_off", "prove", "pack"])
        self.assertEqual(
            [
                (figure.name, figure.points, figure.amount)
                for figure in close.figure_ids
                if figure.stage == "after" and figure.points
            ],
            [
                ("opening", 80.0, 80.0),
                ("expired", -5.0, -5.0),
                ("adjusted", 25.0, 25.0),
                ("closing", 100.0, 100.0),
            ],
        )
        self.assertEqual(self.books()[-1], [("BREAKAGE", 0.0, 5.0), ("LIAB", 5.0, 0.0)])
        self.assertEqual(len(close.attachment_ids), 2)
        rows = self.env["loyalty.rollforward.report"].search([("program_id", "=", self.gifts.id)], limit=1)
        self.assertRecordValues(rows, [{"closing_points": 100.0, "closing_amount": 100.0}])
        found = self.env["loyalty.liability.report"].search([("program_id", "=", self.gifts.id)])
        self.assertEqual(sum(found.mapped("amount")), 100.0)

    def test_upgrade_renames_the_button(self):
        """N14: a database whose views call the button by its former name is upgraded, views of customers included."""
        view = self.env.ref("loyalty_account.loyalty_program_view_form_stored")
        self.env.cr.execute(
            "UPDATE ir_ui_view SET arch_db = replace(arch_db::text, 'action_correct_', 'action_mend_')::jsonb WHERE id = %s",
            [view.id],
        )
        view.invalidate_recordset()
        self.assertIn("action_mend_stored_products", view.arch_db)
        path = file_path("loyalty_account/migrations/19.0.1.0.1/pre-migration.py")
        load_script(path, "pre_migration").migrate(self.env.cr, "19.0.1.0.0")
        view.invalidate_recordset()
        self.assertIn("action_correct_stored_products", view.arch_db)
        view._check_xml()

    def test_form(self):
        """N14: the form of a gift card program with books can be saved: nothing that is hidden is required."""
        self.set_up()
        with Form(self.gifts, "loyalty_ledger.loyalty_program_view_form") as form:
            form.name = "Gift Vouchers"
        self.assertEqual(self.gifts.name, "Gift Vouchers")

    def test_ewallet(self):
        """N14: a wallet is kept as a gift card is, on a liability account of its own; both tie beside each other."""
        self.set_up()
        self.adjust(10)
        top_up = self.env["product.product"].create(
            {"name": "Top-Up", "type": "service", "taxes_id": [Command.clear()]}
        )
        cards = self.gifts
        self.gifts = self.gifts.copy({"name": "Wallets", "program_type": "ewallet", "active": True})
        self.gifts.rule_ids.product_ids = top_up
        self.set_up()
        self.assertNotEqual(self.gifts.liability_account_id, cards.liability_account_id)
        self.assertEqual(self.gifts.cost_account_id, cards.cost_account_id)
        self.adjust(40)
        self.assertEqual(self.books(), [[("COST", 40.0, 0.0), ("LIAB", 0.0, 40.0)]])
        for program, balance in ((cards, 10.0), (self.gifts, 40.0)):
            proof = self.assertSound(program=program)
            self.assertEqual((proof["value"]["ledger"], proof["value"]["books"]), (balance, balance))
        with self.assertRaisesRegex(UserError, "puts no money on a wallet of Wallets"):  # an invoice tops nothing up
            self.sell_alone({"product_id": top_up.id, "price_unit": 50})
