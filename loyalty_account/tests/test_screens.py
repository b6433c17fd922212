from odoo import fields
from odoo.tests import Form, new_test_user, tagged

from .books_common import BooksCase
from .common import LoyaltyAccountCase
from .redemption_common import RedemptionCase


@tagged("post_install", "-at_install")
class TestRedemptionScreens(RedemptionCase):
    """What anybody who redeems finds on the screen."""

    point_value = 0.01

    def test_worth_of_a_card(self):
        """C29, C10: the card says what its available points can cover; nothing where points are no means of payment."""
        self.assertEqual(self.card.with_user(self.clerk).available_amount, 10.0)
        self.program.point_value = 0.335
        self.card._post_entries([{"card_id": self.card.id, "kind": "redeem", "points": -996.5, "key": "worth"}])
        self.assertEqual(self.card.available_amount, 1.0, "3 whole points of 3.5, rounded down")
        self.program.accounting_policy = "none"
        self.assertEqual(self.card.available_amount, 0.0)

    def test_nothing_to_redeem(self):
        """C18: a card without points says so in the dialog and in Register Payment, before anything is pressed."""
        empty = self.make_card()
        move = self.make_invoice(self.line(100, 15), post=True)
        dialog = Form(self.env["loyalty.apply.points"].with_user(self.clerk).with_context(default_move_id=move.id))
        dialog.card_id = empty
        self.assertIn(f"Card {empty.code} has no points", dialog.notice)
        self.assertFalse(dialog.is_foreign)
        small = self.make_invoice(self.line(0.01, 0), post=True)
        self.program.point_value = 0.02
        dialog = Form(self.env["loyalty.apply.points"].with_user(self.clerk).with_context(default_move_id=small.id))
        self.assertIn("the amount due is less than the value of one point", dialog.notice)
        wizard = self.register(move)
        wizard.loyalty_card_id = empty
        self.assertIn(f"Card {empty.code} has no points", wizard.loyalty_notice)

    def register(self, move):
        wizard = Form(
            self.env["account.payment.register"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=move.ids)
        )
        wizard.journal_id = self.loyalty_journal
        return wizard

    def test_register_payment_says_what_is_wrong(self):
        """C21, S10: Register Payment warns of broken points and of more than the card has or the invoice needs."""
        wizard = self.register(self.make_invoice(self.line(100, 15), post=True))
        self.assertFalse(wizard.loyalty_notice)
        wizard.loyalty_points = 10.5
        self.assertIn("Only whole points", wizard.loyalty_notice)
        wizard.loyalty_points = 1001
        self.assertIn("At most 1,000 points", wizard.loyalty_notice)

    def test_foreign_invoice(self):
        """C18: on a foreign invoice the dialog shows what is due in its own currency too."""
        currency = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        move = self.make_invoice(self.line(100, 15), currency_id=currency.id, post=True)
        dialog = Form(self.env["loyalty.apply.points"].with_user(self.clerk).with_context(default_move_id=move.id))
        self.assertEqual((dialog.is_foreign, dialog.move_due_amount, dialog.due_amount), (True, 115.0, 57.5))

    def test_payment_list(self):
        """C24: the list of payments with points adds redeemed points and subtracts those given back."""
        move = self.make_invoice(self.line(100, 15), post=True)
        self.apply_points(move, 1000)
        self.credit(move)
        payments = self.env["account.payment"].search([("loyalty_card_id", "=", self.card.id)], order="id")
        self.assertEqual(payments.mapped("loyalty_points_signed"), [1000.0, -1000.0])

    def test_label_of_the_widget(self):
        """C12: the payment widget of the invoice says how many points were paid, in its line and in its details."""
        move = self.make_invoice(self.line(100, 15), post=True)
        self.apply_points(move, 1000)
        (row,) = move.invoice_payments_widget["content"]
        self.assertEqual((row["loyalty_label"], row["loyalty_points"]), ("with 1,000 points", "1,000"))


@tagged("post_install", "-at_install")
class TestBooksScreens(BooksCase):
    """What the accountant finds on the screen."""

    def redeem_on_invoice(self):
        self.earn(500)
        self.run_accrual()
        move = self.make_invoice({"price_unit": 100, "tax_ids": self.sale_taxes[15].ids}, post=True)
        return move._apply_loyalty_points(self.card, 500)

    def test_journal_items(self):
        """S24, P13: a payment with points shows its entry and the value that it released, to an invoicing user as well."""
        payment = self.redeem_on_invoice()
        action = payment.with_user(self.clerk).action_view_journal_items()
        items = self.env[action["res_model"]].with_user(self.clerk).search(action["domain"], order="move_id, id")
        self.assertRecordValues(
            items.sorted(lambda line: (line.move_id != payment.move_id, line.id)),
            [
                {"account_id": self.cost_account.id, "debit": 43.48, "credit": 0.0},
                {"account_id": self.input_vat.id, "debit": 6.52, "credit": 0.0},
                {"account_id": self.receivable.id, "debit": 0.0, "credit": 50.0},
                {"account_id": self.liability_account.id, "debit": 43.48, "credit": 0.0},
                {"account_id": self.cost_account.id, "debit": 0.0, "credit": 43.48},
            ],
        )
        view = self.env["account.move.line"].with_user(self.clerk).get_view(*action["views"][0])
        self.assertIn("account_id", view["models"]["account.move.line"])

    def test_entry_of_a_run(self):
        """M12: Journal Entry of a run opens the entry, or its items for an administrator without accounting features."""
        self.earn(100)
        run = self.run_accrual()
        self.assertEqual(run.with_user(self.accountant).action_open_move()["res_id"], run.move_id.id)
        admin = self.make_role("admin", "account.group_account_manager")
        admin.group_ids -= self.env.ref("account.group_account_readonly")
        if not admin.has_group("account.group_account_readonly"):  # accounting apps give both
            action = run.with_user(admin).action_open_move()
            self.assertEqual(action["domain"], [("move_id", "in", run.move_id.ids)])

    def test_given_back_is_called_so(self):
        """N4: the entry that restores the value of points says that they were given back."""
        spent = self.redeem_on_invoice()
        spent.action_draft()
        labels = self.books_moves().line_ids.mapped("name")
        self.assertTrue(any(label.startswith("Value of redeemed loyalty points: ") for label in labels))
        self.assertTrue(any(label.startswith("Value of loyalty points given back: ") for label in labels))

    def test_paid_again(self):
        """S11, C23: a payment with points that was a draft again is paid when confirmed, as it was the first time."""
        payment = self.redeem_on_invoice()
        self.assertEqual(payment.state, "paid")
        payment.action_draft()
        payment.action_post()
        self.assertEqual((payment.state, payment.is_reconciled), ("paid", True))

    def test_rollforward_of_two_programs(self):
        """N2: several programs are printed as one document, each on its page."""
        self.earn(100, day="2026-02-10")
        other = self.make_program(name="Second")
        report = self.env["loyalty.rollforward"].create(
            {"program_ids": (self.program | other).ids, "date_from": "2026-02-01", "date_to": "2026-03-15"}
        )
        html = self.env["ir.actions.report"]._render_qweb_html(
            "loyalty_account.report_loyalty_rollforward", report.ids
        )[0]
        self.assertEqual(html.count(b'class="article'), 1)
        self.assertEqual(html.count(b"page-break-before: always;"), 1)
        self.assertIn(b"Second", html)

    def test_what_links_open(self):
        """S10, S12: anybody who redeems or accrues can open the card and the program behind it, and the
        transactions."""
        self.redeem_on_invoice()
        reader = self.make_role("reader", "account.group_account_readonly")
        books = self.env.ref("loyalty_account.loyalty_program_view_form_books")
        for user in (self.clerk, reader, self.accountant):
            program, card = self.program.with_user(user), self.card.with_user(user)
            self.assertEqual(program.get_formview_id(), books.id)
            self.assertEqual(Form(program, view=books).accounting_policy, "accrual")
            self.assertEqual(Form(card).available_amount, 0.0)
            action = card.action_view_transactions()
            self.assertEqual(self.env["loyalty.ledger.entry"].with_user(user).search_count(action["domain"]), 2)
        self.assertNotEqual(self.program.with_user(self.auditor).get_formview_id(), books.id)

    def test_months(self):
        """N2: the list of the roll-forward names its months."""
        self.earn(100, day="2026-02-10")
        row = self.env["loyalty.rollforward.report"].search(
            [("program_id", "=", self.program.id), ("month", "=", "2026-02-01")]
        )
        self.assertEqual(row.month_name, "February 2026")

    def test_month_without_values(self):
        """N2: a month of the roll-forward in which nothing has a value on the books opens the transactions."""
        self.earn(100, day="2026-02-10")
        row = self.env["loyalty.rollforward.report"].search(
            [("program_id", "=", self.program.id), ("month", "=", "2026-02-01")]
        )
        action = row.action_view_values()
        self.assertEqual(action["res_model"], "loyalty.ledger.entry")
        self.assertEqual(self.env["loyalty.ledger.entry"].search_count(action["domain"]), 1)
        self.run_accrual("2026-02-28")
        self.assertEqual(row.action_view_values()["res_model"], "loyalty.valuation")


@tagged("post_install", "-at_install")
class TestSetUpScreens(LoyaltyAccountCase):
    """What the set-up leaves behind."""

    def set_up(self, policy, vat_mode):
        wizard = self.env["loyalty.account.setup"].create(
            {"program_id": self.program.id, "accounting_policy": policy, "vat_mode": vat_mode}
        )
        wizard.action_set_up()
        return wizard

    def earn(self, points, day):
        card = self.make_card()
        self.env["loyalty.card"]._post_entries(
            [{"card_id": card.id, "kind": "earn", "points": points, "key": f"screen:{day}", "effective_date": day}]
        )

    def test_values_hold_for_earlier_points(self):
        """M12, bP4: values entered at the set-up hold for points earned before it, so the first run does not guess."""
        self.program.point_value = 0.1
        self.earn(100, "2026-01-20")
        wizard = self.set_up("accrual", "input_tax")
        self.assertEqual(wizard.waiting_points, 100)
        rate = self.company.account_sale_tax_id.amount
        self.assertRecordValues(
            self.program.point_value_ids,
            [{"date": fields.Date.to_date("2026-01-20"), "point_value": 0.1, "vat_rate": rate}],
        )
        run = self.env["loyalty.accrual.run"].create({"program_id": self.program.id, "date_to": "2026-02-28"})
        run.action_preview()
        self.assertEqual(run.amount, self.company.currency_id.round(10 * 100 / (100 + rate)))
        self.assertFalse(self.set_up("redemption", "tender").waiting_points)

    def test_two_names(self):
        """S6: the expense and the contra-revenue account of points are told apart by their names."""
        self.set_up("redemption", "tender")
        expense = self.program.cost_account_id
        self.set_up("redemption", "price_reduction")
        self.assertNotEqual(self.program.cost_account_id.name, expense.name)

    def test_manager_reads_the_tab(self):
        """M2: a loyalty manager without accounting rights opens the program with its Accounting tab."""
        manager = new_test_user(
            self.env,
            "screen_manager",
            groups="loyalty_ledger.group_loyalty_manager",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        self.set_up("accrual", "tender")
        with Form(self.program.with_user(manager)) as form:
            self.assertEqual(form.accounting_policy, "accrual")
