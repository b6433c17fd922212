from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from .redemption_common import RedemptionCase


@tagged("post_install", "-at_install")
class TestRedemptionDialog(RedemptionCase):
    """What the person at the desk sees and may type."""

    point_value = 0.01

    def dialog(self, move):
        return Form(self.env["loyalty.apply.points"].with_user(self.clerk).with_context(default_move_id=move.id))

    def register(self, *moves, **values):
        wizard = Form(
            self.env["account.payment.register"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=[move.id for move in moves])
        )
        wizard.journal_id = self.loyalty_journal
        return wizard

    def test_balances(self):
        """C18: the dialog shows 1000 accumulated, 200 redeemed, 300 reserved, 500 available; cancelling gives 300 back."""
        self.card._post_entries([{"card_id": self.card.id, "kind": "redeem", "points": -200, "key": "spent"}])
        draft = self.make_invoice(self.line(100, 15))
        self.apply_points(draft, 300)
        dialog = self.dialog(self.make_invoice(self.line(100, 15), post=True))
        self.assertEqual(
            (dialog.accumulated_points, dialog.redeemed_points, dialog.reserved_points, dialog.available_points),
            (1000, 200, 300, 500),
        )
        draft.button_cancel()
        dialog = self.dialog(self.make_invoice(self.line(100, 15), post=True))
        self.assertEqual((dialog.reserved_points, dialog.available_points), (0, 800))

    def test_value_of_the_companys_day(self):
        """N29, C10: a value that holds from the company's today on is used by a clerk whose day has not begun yet."""
        self.company.partner_id.tz = "UTC"
        move = self.make_invoice(self.line(100, 15), post=True)
        self.clerk.tz = "America/New_York"
        with freeze_time("2026-03-15 02:00:00"):
            self.program.point_value_ids.unlink()
            self.program.point_value = 0.1
            self.assertEqual(self.program.point_value_ids.mapped("date"), [fields.Date.to_date("2026-03-15")])
            wizard = self.env["loyalty.apply.points"].with_user(self.clerk).with_context(tz="America/New_York")
            dialog = Form(wizard.with_context(default_move_id=move.id))
            self.assertEqual((dialog.points, dialog.amount), (1000, 100))
            dialog.save().action_apply()
        self.assertRecordValues(
            self.env["account.payment"].search([("loyalty_move_id", "=", move.id)]),
            [{"loyalty_points": 1000, "amount": 100, "date": fields.Date.to_date("2026-03-15")}],
        )

    def test_points_and_money(self):
        """C10, C19, C20: points and money edit each other, 250 points and 2.50; money is rounded up to whole points."""
        dialog = self.dialog(self.make_invoice(self.line(100, 15), post=True))
        self.assertEqual((dialog.points, dialog.amount), (1000, 10), "the default is what can be used")
        dialog.points = 250
        self.assertEqual(dialog.amount, 2.5)
        dialog.amount = 5
        self.assertEqual(dialog.points, 500)
        self.program.point_value = 0.1
        dialog = self.dialog(self.make_invoice(self.line(100, 15), post=True))
        dialog.amount = 2.55
        self.assertEqual((dialog.points, dialog.amount), (26, 2.6))

    def test_whole_points(self):
        """C21, S10: 10.5 points are refused, and the dialog says so while they are typed; too many likewise."""
        move = self.make_invoice(self.line(100, 15), post=True)
        dialog = self.dialog(move)
        self.assertFalse(dialog.notice)
        dialog.points = 10.5
        self.assertEqual(dialog.notice, "Only whole points can be redeemed.")
        dialog.points = 1001
        self.assertIn("At most 1,000 points", dialog.notice)
        with self.assertRaisesRegex(UserError, "whole number of points, not 10.5"):
            self.apply_points(move, 10.5)
        with self.assertRaisesRegex(UserError, "whole number of points"):
            self.apply_points(move, -5)

    def test_never_more(self):
        """S10: never more than the card has, nor than is due; the button fills in the most."""
        move = self.make_invoice(self.line(2, 15), post=True)
        dialog = self.dialog(move)
        self.assertEqual((dialog.maximum_points, dialog.points, dialog.due_amount), (230, 230, 2.3))
        with self.assertRaisesRegex(UserError, "Points can cover .*2.30.* not .*2.31"):
            self.apply_points(move, 231)
        with self.assertRaisesRegex(UserError, "has 1,000 points available, fewer than the 1,001"):
            self.apply_points(move, 1001)
        dialog.points = 1
        wizard = dialog.save()
        action = wizard.action_use_maximum()
        self.assertEqual((action["res_id"], wizard.points, wizard.amount), (wizard.id, 230, 2.3))
        wizard.action_apply()
        self.assertEqual((move.payment_state, self.card.points), ("paid", 770))
        self.assertFalse(move.can_apply_loyalty_points)

    def test_scan(self):
        """S9: a scanned number picks the card; an unknown, closed, expired, not started or redirected one is an error."""
        move = self.make_invoice(self.line(100, 15), post=True)
        today = fields.Date.today()
        stranger = self.env["res.partner"].create({"name": "Bob"})
        friend = self.make_card(stranger)
        self.grant(100, friend)
        dialog = self.dialog(move)
        dialog.card_number = f" {friend.code} "
        self.assertEqual((dialog.card_id, dialog.points), (friend, 100))
        self.assertIn("belongs to Bob", dialog.notice)
        self.assertFalse(dialog.problem)
        dialog.save().action_apply()
        self.assertEqual(friend.points, 0)
        closed = self.make_card()
        closed.action_close()
        wallet = self.env["loyalty.program"].create({"name": "Wallet", "program_type": "ewallet"})
        cases = [
            ("no such card", "No loyalty card has the number no such card"),
            (self.make_card(program=wallet).code, "No loyalty card has the number"),
            (closed.code, "is closed"),
            (self.make_card(expiration_date=today - timedelta(days=1)).code, "expired on"),
            (self.make_card(start_date=today + timedelta(days=1)).code, "can be used from"),
            (self.make_card(points_to_id=self.card.id).code, "is linked to"),
        ]
        for number, message in cases:
            with self.subTest(message):
                dialog = self.dialog(move)
                dialog.card_number = number
                self.assertIn(message, dialog.problem)
                with self.assertRaisesRegex(UserError, message):
                    dialog.save().action_apply()

    def test_foreign_points_are_seen(self):
        """N29, S9: points of somebody else's card, or of a card without customer, redeemed through the dialog, Register Payment
        and a payment of one's own are listed for a manager."""
        friend = self.make_card(self.env["res.partner"].create({"name": "Bob"}))
        nobodys = self.env["loyalty.card"].create({"program_id": self.program.id})
        for card in (friend, nobodys):
            self.grant(300, card)
        moves = self.env["account.move"]
        for card in (friend, nobodys):
            dialog = self.dialog(move := self.make_invoice(self.line(100, 15), post=True))
            dialog.card_number = card.code
            if card == nobodys:
                self.assertEqual(dialog.notice, "This card has no customer yet; a manager will see that it was used.")
            dialog.points = 100
            dialog.save().action_apply()
            wizard = self.register(other := self.make_invoice(self.line(100, 15), post=True))
            wizard.loyalty_card_number = card.code
            wizard.loyalty_points = 100
            wizard.save().action_create_payments()
            own = self.make_invoice(self.line(100, 15), post=True)
            payment = (
                self.env["account.payment"]
                .with_user(self.clerk)
                .create(
                    {
                        "partner_id": self.customer.id,
                        "journal_id": self.program.loyalty_journal_id.id,
                        "payment_method_line_id": self.program._loyalty_method_line("inbound").id,
                        "loyalty_card_id": card.id,
                        "loyalty_points": 100,
                        "loyalty_move_id": own.id,
                        "amount": 1,
                    }
                )
            )
            payment.action_post()
            self.assertEqual(card.points, 0)
            moves |= move | other | own
        uses = self.env["loyalty.exception"].search([("kind", "=", "foreign")])
        self.assertEqual(
            sorted(uses.mapped(lambda use: (use.res_id, use.card_id.id))),
            sorted(zip(moves.ids, [friend.id] * 3 + [nobodys.id] * 3)),
        )
        self.apply_points(self.make_invoice(self.line(100, 15), post=True), 100)
        self.assertEqual(self.env["loyalty.exception"].search_count([("kind", "=", "foreign")]), 6)

    def test_register_payment(self):
        """C12, C17, C18, C19, C20: Register Payment with the method Loyalty Points shows the card and turns points to money."""
        move = self.make_invoice(self.line(100, 15), post=True)
        wizard = self.register(move)
        self.assertTrue(wizard.is_loyalty)
        self.assertEqual((wizard.loyalty_card_id, wizard.loyalty_points, wizard.amount), (self.card, 1000, 10))
        self.assertEqual(
            (
                wizard.loyalty_accumulated_points,
                wizard.loyalty_redeemed_points,
                wizard.loyalty_reserved_points,
                wizard.loyalty_available_points,
            ),
            (1000, 0, 0, 1000),
        )
        wizard.loyalty_points = 250
        self.assertEqual(wizard.amount, 2.5)
        wizard.amount = 5
        self.assertEqual(wizard.loyalty_points, 500)
        payment = wizard.save()._create_payments()
        self.assertRecordValues(
            payment,
            [{"amount": 5, "loyalty_points": 500, "loyalty_card_id": self.card.id, "loyalty_move_id": move.id}],
        )
        self.assertEqual((self.card.points, move.amount_residual, move.loyalty_points_redeemed), (500, 110, 500))
        self.assertAlmostEqual(
            payment.move_id.line_ids.filtered(lambda line: line.account_id == self.input_vat).balance, 0.65
        )

    def test_card_that_can_redeem(self):
        """N29, C17: where the card of the invoice cannot redeem, the customer's card that can is chosen; without any, the
        dialog says what to do."""
        stamps = self.make_card(program=self.make_program(name="Stamps", company_id=self.company.id))
        move = self.make_invoice(self.line(100, 15))
        move.loyalty_card_id = stamps
        move.action_post()
        self.assertEqual(self.dialog(move).card_id, self.card)
        wizard = self.register(move)
        self.assertEqual((wizard.loyalty_card_id, wizard.loyalty_points, wizard.amount), (self.card, 1000, 10))
        self.assertEqual(move.loyalty_card_id, stamps)
        nobody = self.env["res.partner"].create({"name": "Nobody"})
        wizard = self.register(self.make_invoice(self.line(100, 15), post=True, partner_id=nobody.id))
        self.assertRegex(wizard.loyalty_notice, "^Nobody has no card .* Scan a card")

    def test_register_payment_refusals(self):
        """C12, C21, S9: one invoice at a time, whole points, a known card, no payment difference."""
        first, second = (self.make_invoice(self.line(100, 15), post=True) for __ in range(2))
        wizard = self.register(first, second)
        self.assertIn("one invoice at a time", wizard.loyalty_problem)
        with self.assertRaisesRegex(UserError, "one invoice at a time"):
            wizard.save()._create_payments()
        wizard = self.register(first)
        wizard.loyalty_card_number = "unknown"
        self.assertIn("No loyalty card has the number unknown", wizard.loyalty_problem)
        with self.assertRaisesRegex(UserError, "No loyalty card"):
            wizard.save()._create_payments()
        wizard = self.register(first)
        wizard.loyalty_points = 10.5
        with self.assertRaisesRegex(ValidationError, "whole number of points"), self.cr.savepoint():
            wizard.save()._create_payments()
        wizard = self.register(first)
        wizard.loyalty_points = 100
        wizard = wizard.save()
        wizard.write({"payment_difference_handling": "reconcile", "writeoff_account_id": self.cost_account.id})
        with self.assertRaisesRegex(UserError, "no payment difference"), self.cr.savepoint():
            wizard._create_payments()
        self.env.invalidate_all()
        self.assertEqual(self.card.points, 1000)

    def test_money_is_untouched(self):
        """M9, C14: paying with money knows nothing of points; money and points settle one invoice together."""
        move = self.make_invoice(self.line(100, 15), post=True)
        self.apply_points(move, 1000)
        money = self.pay(move)
        self.assertFalse(money.loyalty_card_id or money.loyalty_points or money.loyalty_move_id)
        self.assertEqual((money.amount, move.payment_state), (105, "paid"))

    def test_receipt(self):
        """C17, C22, C23, C25: the customer's receipt: points are reserved in the draft, numbered when it is confirmed."""
        move = self.make_invoice(self.line(100, 15), post=True)
        receipt = (
            self.env["account.payment"]
            .with_user(self.clerk)
            .create({"payment_type": "inbound", "partner_type": "customer", "partner_id": self.customer.id})
        )
        receipt.action_apply_loyalty_points()
        self.assertRecordValues(
            receipt,
            [
                {
                    "loyalty_card_id": self.card.id,
                    "loyalty_move_id": move.id,
                    "loyalty_points": 1000,
                    "amount": 10,
                    "loyalty_points_reserved": 1000,
                    "state": "draft",
                    "name": False,
                }
            ],
        )
        self.assertEqual((self.card.points, self.card.available_points), (1000, 0))
        form = Form(receipt, view="account.view_account_payment_form")
        form.loyalty_points = 250
        self.assertEqual(form.amount, 2.5)
        form.amount = 4
        self.assertEqual(form.loyalty_points, 400)
        form.save()
        self.assertEqual((receipt.loyalty_points_reserved, self.card.available_points), (400, 600))
        receipt.action_post()
        self.assertTrue(receipt.name)
        self.assertEqual((self.card.points, self.card.reserved_points, move.amount_residual), (600, 0, 111))
        self.assertTrue(receipt.is_reconciled, "closed although the invoice is not paid in full")
        self.assertEqual(move.payment_state, "partial")

    def test_receipt_is_dropped(self):
        """C18, C22: deleting or cancelling a draft receipt gives the reserved points back."""
        self.make_invoice(self.line(100, 15), post=True)
        for drop in ("unlink", "action_cancel"):
            receipt = (
                self.env["account.payment"]
                .with_user(self.clerk)
                .create({"payment_type": "inbound", "partner_type": "customer", "partner_id": self.customer.id})
            )
            receipt.action_apply_loyalty_points()
            self.assertEqual(self.card.available_points, 0)
            getattr(receipt, drop)()
            self.assertEqual(self.card.available_points, 1000)

    def test_receipt_errors(self):
        """C17: a customer without open invoice, card or points gets the reason."""
        bob = self.env["res.partner"].create({"name": "Bob"})
        receipt = self.env["account.payment"].with_user(self.clerk)
        receipt = receipt.create({"payment_type": "inbound", "partner_type": "customer", "partner_id": bob.id})
        with self.assertRaisesRegex(UserError, "Bob has no open invoice"):
            receipt.action_apply_loyalty_points()
        self.make_invoice(self.line(100, 15), partner=bob, post=True)
        with self.assertRaisesRegex(UserError, "Bob has no loyalty card"):
            receipt.action_apply_loyalty_points()
        card = self.make_card(bob)
        with self.assertRaisesRegex(UserError, "has no points to redeem"):
            receipt.action_apply_loyalty_points()
        card.action_close()
        with self.assertRaisesRegex(UserError, "is closed"):
            receipt.action_apply_loyalty_points()

    def test_transactions(self):
        """C24, C25, C26: the customer's transactions with points, closed ones by a filter, with their allocation."""
        move = self.make_invoice(self.line(100, 15), post=True)
        self.apply_points(move, 500)
        receipt = (
            self.env["account.payment"]
            .with_user(self.clerk)
            .create({"payment_type": "inbound", "partner_type": "customer", "partner_id": self.customer.id})
        )
        receipt.action_apply_loyalty_points()
        customer = self.customer.with_user(self.clerk)
        self.assertEqual(customer.loyalty_payment_count, 2)
        action = customer.action_view_loyalty_payments()
        closed = [("is_reconciled", "=", True), ("state", "in", ("in_process", "paid"))]
        payment = self.env["account.payment"].search(action["domain"] + closed)
        self.assertEqual(payment, self.loyalty_payments(move))
        self.assertEqual(move.payment_state, "partial")
        allocation = payment.with_user(self.clerk).action_view_allocation()
        lines = self.env["account.move.line"].search(allocation["domain"])
        self.assertIn(move, lines.move_id)
        self.assertIn(payment.move_id, lines.move_id)

    def test_public_page(self):
        """bP11, bP4: the public page of the program says what points cover, where they can be redeemed."""
        self.program.portal_point_name = "stars"
        self.assertRegex(self.program._public_worth()[0], r"^100 stars cover .*1\.00$")
        self.program.accounting_policy = "none"
        self.assertFalse([line for line in self.program._public_worth() if "pay" in line])

    def test_name_of_the_points(self):
        """bP9: the invoice calls the points by the name that the program gives them, in the customer's language."""
        self.env["res.lang"]._activate_lang("de_DE")
        self.program.portal_point_name = "stars"
        self.program.with_context(lang="de_DE").portal_point_name = "Sterne"
        move = self.make_invoice(self.line(100, 15), post=True)
        self.apply_points(move, 500)
        report = self.env["ir.actions.report"]
        for lang, name in (("en_US", "stars"), ("de_DE", "Sterne")):
            move.sudo().partner_id.lang = lang
            html = report._render_qweb_html("account.report_invoice_with_payments", move.ids)[0].decode()
            for text in (f"500 {name}", f": 500 {name}, "):
                self.assertIn(text, html)
            self.assertNotIn("points", html[html.index('name="loyalty"') :][:400])
        self.assertEqual(move._reduction_label(self.card, 1), f"1 stars, loyalty card ending in {self.card.code[-4:]}")

    def test_printed_card_of_somebody_else(self):
        """N29, S9: the printed invoice tells nothing of another customer's card that was presented: no number, no balance,
        nothing that it earned; with two cards each has its own points."""
        friend = self.make_card(self.env["res.partner"].create({"name": "Bob"}))
        self.grant(777, friend)
        move = self.make_invoice(self.line(100, 15), post=True)
        move.sudo().loyalty_card_id = friend
        self.apply_points(move, 500, card=self.card)
        self.apply_points(move, 700, card=friend)
        html = self.env["ir.actions.report"]._render_qweb_html("account.report_invoice_with_payments", move.ids)[0]
        printed = html.decode().split('<div class="clearfix invoice_main">')[1]
        lines = move._loyalty_statement()
        self.assertEqual(
            [line.replace("\xa0", " ") for line in lines],
            [
                f"Loyalty card ending in {self.card.code[-4:]}",
                "Redeemed: 500 points, worth $ 5.00",
                "Loyalty card of another customer",
                "Redeemed: 700 points, worth $ 7.00",
            ],
        )
        for secret in (friend.code, friend.code[-4:] + "<", "Bob", "777", "Earned"):
            self.assertNotIn(secret, printed)

    def test_what_shows(self):
        """C18, S11: the payment widget, the chatter and the printed invoice name points and money; the number is masked."""
        move = self.make_invoice(self.line(100, 15), post=True)
        self.apply_points(move, 500)
        content = move.invoice_payments_widget["content"]
        self.assertEqual([(row["amount"], row["loyalty_label"]) for row in content], [(5, "with 500 points")])
        self.assertEqual(content[0]["payment_method_name"], "Loyalty Points")
        messages = " ".join(move.message_ids.mapped("body"))
        self.assertRegex(messages, f"500 loyalty points of card {self.card.code} were redeemed for .*5.00")
        html = (
            self.env["ir.actions.report"]
            ._render_qweb_html("account.report_invoice_with_payments", move.ids)[0]
            .decode()
        )
        self.assertIn("with 500 points", html)
        self.assertIn(f"Loyalty card ending in {self.card.code[-4:]}", html)
        self.assertIn("Redeemed: 500 points, worth", html)
        self.assertNotIn(self.card.code, html)
        action = move.with_user(self.clerk).action_view_loyalty_transactions()
        self.assertEqual(self.env["loyalty.ledger.entry"].search(action["domain"]).mapped("points"), [-500])
