from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.loyalty_account.tests.common import LoyaltyAccountCase
from odoo.addons.loyalty_account.tests.proof_common import ProofVerbs


@tagged("post_install", "-at_install")
class TestStoredBooks(ProofVerbs, LoyaltyAccountCase):
    """Gift cards that orders sell and spend, in the books."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program.active = False
        cls.seller = new_test_user(
            cls.env,
            "gift_seller",
            groups="sales_team.group_sale_salesman_all_leads,account.group_account_invoice",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.gift_card = cls.env["product.product"].create(
            {"name": "Gift Card", "type": "service", "invoice_policy": "order", "taxes_id": [Command.clear()]}
        )
        cls.product.invoice_policy = "order"
        cls.gifts = cls.env["loyalty.program"].create(
            {
                "name": "Gift Cards",
                "program_type": "gift_card",
                "trigger": "auto",
                "applies_on": "future",
                "company_id": cls.company.id,
                "currency_id": cls.company.currency_id.id,
                "unlinked_return_policy": "refuse",
                "rule_ids": [
                    Command.clear(),
                    Command.create(
                        {
                            "reward_point_mode": "money",
                            "reward_point_amount": 1,
                            "reward_point_split": True,
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

    def set_up(self, **values):
        wizard = self.env["loyalty.account.setup"].create({"program_id": self.gifts.id, **values})
        wizard.action_set_up()
        wizard.action_correct()

    def order(self, product, price, code=None, confirm=True, **values):
        order = (
            self.env["sale.order"]
            .with_user(self.seller)
            .create(
                {
                    "partner_id": self.customer.id,
                    "order_line": [
                        Command.create({"product_id": product.id, "price_unit": price, "tax_ids": [Command.clear()]})
                    ],
                    **values,
                }
            )
        )
        order._update_programs_and_rewards()
        if code:
            for card, rewards in order._try_apply_code(code).items():
                order._apply_program_reward(rewards, card)
        if confirm:
            order.action_confirm()
        return order

    def invoice(self, order):
        invoice = order._create_invoices()
        invoice.action_post()
        return invoice

    def credit(self, invoice, post=True):
        wizard = (
            self.env["account.move.reversal"]
            .with_user(self.seller)
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id})
        )
        note = self.env["account.move"].browse(wizard.refund_moves()["res_id"])
        if post:
            note.action_post()
        return note

    def assertBalance(self, points, waiting=0.0):
        """Cards hold these points, the books the same less what waits for an invoice."""
        proof = self.assertSound(program=self.gifts)
        self.assertEqual((proof["value"]["ledger"], proof["value"]["books"]), (points, points - waiting))
        self.assertEqual(proof["completeness"]["books"], points)

    def liability_items(self, moves):
        lines = moves.line_ids.filtered(lambda line: line.account_id == self.gifts.liability_account_id)
        return [(line.debit, line.credit) for line in lines]

    def card_of(self, order):
        return self.env["loyalty.card"].search([("order_id", "=", order.id), ("program_id", "=", self.gifts.id)])

    def sold_card(self, price=50):
        """Return a card that was sold and invoiced, and its invoice."""
        sale = self.order(self.gift_card, price)
        return self.card_of(sale), self.invoice(sale)

    def test_sold_spent_and_credited(self):
        """N14, N4: the order changes the card, its invoice books the money; until then it waits. What is credited of the
        line that a card paid is on the card again, in parts and as a whole, and off it when the credit note is undone."""
        self.set_up()
        sale = self.order(self.gift_card, 50)
        self.assertBalance(50.0, waiting=50.0)
        sold = self.invoice(sale)
        self.assertEqual(self.liability_items(sold), [(0.0, 50.0)])
        self.assertBalance(50.0)
        card = self.card_of(sale)
        spending = self.order(self.product, 80, code=card.code)
        self.assertEqual(spending.amount_total, 30)
        self.assertBalance(0.0, waiting=-50.0)
        spent = self.invoice(spending)
        self.assertEqual(self.liability_items(spent), [(50.0, 0.0)])
        self.assertBalance(0.0)
        note = self.credit(spent, post=False)
        for line in note.invoice_line_ids:
            line.quantity = 0.5
        note.action_post()
        self.assertEqual(card.points, 25.0)
        self.assertBalance(25.0)
        note.button_draft()
        self.assertBalance(0.0)
        for line in note.invoice_line_ids:
            line.quantity = 1
        note.action_post()
        self.assertBalance(50.0)
        other = self.invoice(self.order(self.product, 60, code=card.code))
        self.assertBalance(0.0)
        with self.assertRaisesRegex(UserError, "needs .*50.00.* are left"), self.env.cr.savepoint():
            note.button_draft()
        self.env.invalidate_all()
        self.assertTrue(other)
        self.assertFalse(self.env["account.move"].search([("loyalty_program_id", "=", self.gifts.id)]))

    def test_bought_with_points(self):
        """N14, N29: points do not buy a gift card. Where the program lets them, by payment or by a lower price, the card is
        worth its full amount and both programs are even; what is credited gives the points back and no money."""
        self.set_up()
        self.program.write({"active": True, "point_value": 0.1})
        self.card._post_entries([{"card_id": self.card.id, "kind": "opening", "points": 500, "key": "bought:500"}])
        for mode in ("tender", "price_reduction"):
            with self.subTest(mode), self.env.cr.savepoint() as savepoint:
                values = {"program_id": self.program.id, "accounting_policy": "redemption", "vat_mode": mode}
                self.env["loyalty.account.setup"].create(values).action_set_up()
                card, invoice = self.sold_card()
                with self.assertRaisesRegex(UserError, "eligible|cover"), self.env.cr.savepoint():
                    invoice._apply_loyalty_points(self.card, 500)
                self.program.redeem_stored_value = True
                invoice._apply_loyalty_points(self.card, 500)
                self.assertEqual((invoice.amount_residual, self.card.points, card.points), (0.0, 0.0, 50.0))
                self.assertBalance(50.0)
                self.assertSound()
                note = self.credit(invoice)
                self.assertEqual((note.amount_residual, self.card.points, card.points), (0.0, 500.0, 0.0))
                self.assertBalance(0.0)
                self.assertSound()
                savepoint.rollback()
            self.env.invalidate_all()

    def test_wallet_on_account(self):
        """N14, N29: a wallet is topped up by an order on account: it can be spent at once, and the customer owes it."""
        values = {"name": "Top-Up", "type": "service", "invoice_policy": "order", "taxes_id": False}
        top_up = self.env["product.product"].create(values)
        rule = {"reward_point_mode": "money", "reward_point_amount": 1, "product_ids": top_up.ids}
        values = {"name": "Wallets", "program_type": "ewallet", "active": True, "rule_ids": [Command.create(rule)]}
        self.gifts = self.gifts.copy(values)
        self.set_up()
        order = self.order(top_up, 50)
        wallet = self.gifts.coupon_ids
        self.assertEqual((wallet.partner_id, wallet.points), (self.customer, 50.0))
        self.assertBalance(50.0, waiting=50.0)
        invoice = self.invoice(order)
        self.assertEqual((self.liability_items(invoice), invoice.amount_residual), ([(0.0, 50.0)], 50.0))
        spending = self.order(self.product, 80, confirm=False)
        spending._apply_program_reward(self.gifts.reward_ids, wallet)
        spending.action_confirm()
        self.assertEqual((spending.amount_total, wallet.points), (30.0, 0.0))
        self.assertEqual(self.liability_items(self.invoice(spending)), [(50.0, 0.0)])
        self.assertBalance(0.0)

    def test_invoiced_again(self):
        """N14: a card whose sale was credited is worth its money again once the order is invoiced a second time; so is the
        payment with a card."""
        self.set_up()
        card, sold = self.sold_card()
        order = card.order_id.with_user(self.seller)
        self.credit(sold)
        self.assertEqual(card.points, 0)
        self.assertBalance(0.0)
        self.invoice(order)
        self.assertEqual(card.points, 50)
        self.assertBalance(50.0)
        spending = self.order(self.product, 80, code=card.code)
        self.credit(self.invoice(spending))
        self.assertBalance(50.0)
        self.invoice(spending)
        self.assertBalance(0.0)

    def test_invoiced_otherwise(self):
        """N14: a card is worth what is invoiced for it: another price or quantity than the order's, and the cents that
        Odoo loses where it splits a line into cards; less than was spent already is refused."""
        self.set_up()
        sale = self.order(self.gift_card, 50)
        invoice = sale._create_invoices()
        invoice.invoice_line_ids.price_unit = 40
        invoice.action_post()
        self.assertEqual(self.card_of(sale).points, 40)
        self.assertBalance(40.0)
        more = self.order(self.gift_card, 50)
        more.order_line.write({"product_uom_qty": 2, "price_unit": 50})
        self.assertEqual(self.card_of(more).points, 50)
        self.invoice(more)
        self.assertEqual(self.card_of(more).points, 100)
        self.assertBalance(140.0)
        lines = [
            Command.create(
                {
                    "product_id": self.gift_card.id,
                    "product_uom_qty": 3,
                    "price_unit": 24.95,
                    "discount": 10,
                    "tax_ids": False,
                }
            )
        ]
        split = self.order(self.gift_card, 0, order_line=lines)
        self.assertEqual((split.amount_total, sum(self.card_of(split).mapped("points"))), (67.37, 67.35))
        self.invoice(split)
        self.assertEqual(sum(self.card_of(split).mapped("points")), 67.37)
        self.assertBalance(207.37)
        late = self.order(self.gift_card, 50)
        self.invoice(self.order(self.product, 30, code=self.card_of(late).code))
        invoice = late._create_invoices()
        invoice.invoice_line_ids.price_unit = 20
        with self.assertRaisesRegex(UserError, "30.00.* less than the order did, but only .*20.00"):
            invoice.action_post()

    def invoiced_at(self, order, price):
        """Return the invoice of ``order``, posted with another price of its last line."""
        invoice = order._create_invoices()
        invoice.invoice_line_ids.filtered(lambda line: line.display_type == "product")[-1].price_unit = price
        invoice.action_post()
        return invoice

    def test_invoiced_otherwise_and_undone(self):
        """N14: an invoice that sold a card for more, or took less of one, than the order is reset to draft, cancelled,
        deleted or credited: nothing stays on the card that nobody paid; what was spent already is refused."""
        self.set_up()
        for undo in ("button_draft", "button_cancel"):
            sale = self.order(self.gift_card, 50)
            card = self.card_of(sale)
            invoice = self.invoiced_at(sale, 500)
            self.assertEqual(card.points, 500)
            getattr(invoice, undo)()
            self.assertEqual(card.points, 50)
            (invoice if invoice.state == "cancel" else invoice.browse()).button_draft()
            invoice.unlink()
            self.assertEqual(card.points, 50)
            spending = self.order(self.product, 80, code=card.code)
            invoice = self.invoiced_at(spending, -30)
            self.assertEqual(card.points, 20)
            getattr(invoice, undo)()
            self.assertEqual(card.points, 0)
        self.assertBalance(0.0, waiting=0.0)
        credited = self.invoiced_at(self.order(self.gift_card, 50), 500)
        card = self.card_of(credited.invoice_line_ids.sale_line_ids.order_id)
        self.credit(credited)
        self.assertEqual(card.points, 0)
        spent = self.order(self.gift_card, 50)
        invoice = self.invoiced_at(spent, 500)
        self.invoice(self.order(self.product, 300, code=self.card_of(spent).code))
        with self.assertRaisesRegex(UserError, "450.00.*only .*200.00"), self.env.cr.savepoint():
            invoice.button_draft()
        self.env.invalidate_all()
        self.gifts.unlinked_return_policy = "exception"
        invoice.button_draft()
        self.assertEqual(self.card_of(spent).points, 0)
        found = self.env["loyalty.exception"].search([("res_model", "=", "account.move"), ("res_id", "=", invoice.id)])
        self.assertRecordValues(found, [{"kind": "return", "card_id": self.card_of(spent).id}])

    def test_consolidated_invoice(self):
        """N14: two orders sold a card each on one invoice: what is credited of one goes off its own card."""
        self.set_up()
        first, second = (self.order(self.gift_card, price) for price in (50, 100))
        invoice = self.invoice(first | second)
        self.assertEqual(len(invoice), 1)
        note = self.credit(invoice, post=False)
        note.invoice_line_ids.filtered(lambda line: line.price_unit == 100).unlink()
        note.action_post()
        self.assertEqual([self.card_of(order).points for order in (first, second)], [0, 100])
        self.assertBalance(100.0)
        note.button_draft()
        self.assertEqual([self.card_of(order).points for order in (first, second)], [50, 100])
        # A line that names no order: the larger card has it.
        note.invoice_line_ids.filtered("product_id").unlink()
        note.invoice_line_ids = [
            Command.create({"product_id": self.gift_card.id, "quantity": 1, "price_unit": 120, "tax_ids": False})
        ]
        note.action_post()
        self.assertEqual([self.card_of(order).points for order in (first, second)], [30, 0])
        self.assertBalance(30.0)
        note.button_draft()
        self.assertEqual([self.card_of(order).points for order in (first, second)], [50, 100])
        # The card of the first is spent: what is credited of it is not there, whatever the other card has.
        self.invoice(self.order(self.product, 80, code=self.card_of(first).code))
        note = self.credit(invoice, post=False)
        note.invoice_line_ids.filtered(lambda line: line.price_unit == 100).unlink()
        with self.assertRaisesRegex(UserError, "pays out .*50.00.*only .*0.00"), self.env.cr.savepoint():
            note.action_post()
        self.env.invalidate_all()
        self.assertEqual([self.card_of(order).points for order in (first, second)], [0, 100])

    def test_wallet_of_two_orders(self):
        """N14: two orders on one invoice topped up one wallet: what each may lose is counted once."""
        self.set_up()
        first, second = (self.order(self.gift_card, price) for price in (50, 100))
        wallet = self.card_of(second)
        self.card_of(first).points_to_id = wallet
        invoice = self.invoice(first | second)
        self.assertEqual(wallet.points, 150)
        self.invoice(self.order(self.product, 40, code=wallet.code))
        with self.assertRaisesRegex(UserError, "pays out"), self.env.cr.savepoint():
            self.credit(invoice)
        self.env.invalidate_all()
        note = self.credit(invoice, post=False)
        note.invoice_line_ids.filtered(lambda line: line.price_unit == 50).unlink()
        note.action_post()
        self.assertEqual(wallet.points, 10)
        self.assertBalance(10.0)

    def test_partly_spent(self):
        """N14, N29: 50.00 are credited for a card of which 30.00 were spent, as the program allows: the 20.00 that were
        there are gone, the 30.00 are named."""
        self.gifts.unlinked_return_policy = "exception"
        self.set_up()
        card, sold = self.sold_card()
        self.invoice(self.order(self.product, 30, code=card.code))
        self.credit(sold)
        self.assertEqual(card.points, 0)
        proof = self.assertNamed(card.order_id, "changed cards by .*30.00", "value", size=30.0, program=self.gifts)
        self.assertEqual(proof["residual"], 30.0)

    def test_expired_since(self):
        """N14, N4: what comes back to a card that has expired since can be used for the days of grace; what had lapsed on
        it stays income."""
        self.set_up()
        card, __ = self.sold_card()
        spent = self.invoice(self.order(self.product, 30, code=card.code))
        card.expiration_date = "2026-03-20"
        with freeze_time("2026-03-25 12:00:00"):
            self.credit(spent)
            self.assertRecordValues(
                card,
                [{"points": 30.0, "available_points": 30.0, "expiration_date": fields.Date.to_date("2026-04-24")}],
            )
            self.env["loyalty.card"]._purge(self.gifts, commit=False)
            self.assertBalance(30.0)
        breakage = self.env["account.move.line"].search([("account_id", "=", self.gifts.breakage_account_id.id)])
        self.assertEqual(breakage.credit, 20.0)

    def test_replaced_card(self):
        """N14: a credit note takes the money from the card that replaced the one that was sold, and gives it back there."""
        self.set_up()
        card, sold = self.sold_card()
        new = self.make_card(program=self.gifts)
        card.points_to_id = new
        self.assertEqual((card.points, new.points), (0, 50))
        note = self.credit(sold)
        self.assertEqual(new.points, 0)
        self.assertBalance(0.0)
        note.button_draft()
        self.assertEqual(new.points, 50)
        self.assertBalance(50.0)

    def test_credited_on_another_day(self):
        """N14: a credit note is dated the month before: both months tie, the difference says why."""
        self.set_up()
        self.company.fiscalyear_lock_date = False
        card, sold = self.sold_card()
        with freeze_time("2026-04-02 12:00:00"):
            note = self.credit(sold, post=False)
            note.invoice_date = note.date = "2026-03-31"
            note.action_post()
            self.assertEqual(card.points, 0)
            proof = self.assertSound(fields.Date.to_date("2026-03-31"), program=self.gifts)
            self.assertEqual((proof["value"]["ledger"], proof["value"]["books"]), (50.0, 0.0))
            self.assertBalance(0.0)

    def test_unspent_card_credited(self):
        """N14: what is credited of a gift card goes off the card and off the liability account."""
        self.set_up()
        sold = self.invoice(self.order(self.gift_card, 50))
        note = self.credit(sold)
        self.assertEqual(self.liability_items(note), [(50.0, 0.0)])
        self.assertBalance(0.0)

    def test_wrong_account(self):
        """N14: an order whose gift card was invoiced on another account is named by its invoice line."""
        self.set_up()
        self.gift_card.property_account_income_id = self.company_data["default_account_revenue"]
        sold = self.invoice(self.order(self.gift_card, 50))
        self.assertNamed(
            sold.invoice_line_ids, "50.00 of product Gift Card are on", "value", size=50.0, program=self.gifts
        )

    def test_adoption_waits_for_invoices(self):
        """N14: balances of orders that are not invoiced are not adopted: their invoice would book them again."""
        sale = self.order(self.gift_card, 50)
        with self.assertRaisesRegex(UserError, sale.name), self.env.cr.savepoint():
            self.set_up()
        self.env.invalidate_all()
        self.gift_card.property_account_income_id = liability = self.env["account.account"].create(
            {"name": "Vouchers", "code": "251777", "account_type": "liability_current"}
        )
        self.invoice(sale)
        self.set_up(chosen_liability_id=liability.id)
        self.assertBalance(50.0)

    def test_other_currency(self):
        """N14: a card in the books is neither sold nor spent on an order in another currency, at any rate: refused when it
        is put on the order, when the order changes its pricelist, and when it is confirmed."""
        goods = self.order(self.product, 100)
        for rate in (2, 0.5):
            currency = self.env["res.currency"].create({"name": f"X{int(rate * 10):02}", "symbol": "X"})
            self.env["res.currency.rate"].create(
                {"name": "2026-01-01", "rate": rate, "currency_id": currency.id, "company_id": self.company.id}
            )
            pricelist = self.env["product.pricelist"].create({"name": "Foreign", "currency_id": currency.id})
            with self.env.cr.savepoint() as savepoint:
                quotation = self.order(self.gift_card, 100, pricelist_id=pricelist.id, confirm=False)
                self.set_up()
                with self.assertRaisesRegex(ValidationError, currency.name):
                    quotation.action_confirm()
                with self.assertRaisesRegex(ValidationError, "Choose a pricelist in USD"):
                    self.order(self.gift_card, 100, pricelist_id=pricelist.id)
                card, __ = self.sold_card()
                with self.assertRaisesRegex(ValidationError, "Choose a pricelist in USD"):
                    self.order(self.product, 80, code=card.code, pricelist_id=pricelist.id)
                own = self.order(self.gift_card, 50, confirm=False)
                with self.assertRaisesRegex(ValidationError, "Choose a pricelist in USD"):
                    own.pricelist_id = pricelist
                    own.flush_recordset()
                self.env.transaction.clear()
                savepoint.rollback()
        self.assertTrue(goods)

    def test_web_shop_currency(self):
        """N14: a visitor of a shop changes the currency freely with a gift card in the cart; neither a payment nor the
        order is accepted in it."""
        self.set_up()
        currency = self.env["res.currency"].create({"name": "X20", "symbol": "X"})
        pricelist = self.env["product.pricelist"].create({"name": "Foreign", "currency_id": currency.id})
        quotation = self.order(self.gift_card, 50, confirm=False)
        cart = quotation.with_user(self.env.ref("base.public_user")).sudo()
        cart.pricelist_id = pricelist
        cart.order_line = [Command.create({"product_id": self.gift_card.id, "price_unit": 10})]
        cart.flush_recordset()
        self.assertEqual(quotation.currency_id, currency)
        transaction = {
            "provider_id": self.env["payment.provider"].create({"name": "Cards"}).id,
            "payment_method_id": self.env.ref("payment.payment_method_unknown").id,
            "reference": "cart",
            "amount": 60,
            "currency_id": currency.id,
            "partner_id": self.customer.id,
            "sale_order_ids": [Command.set(cart.ids)],
        }
        for refused in (
            lambda: self.env["payment.transaction"].create(transaction),
            cart.action_confirm,
            quotation.action_confirm,
            lambda: cart.write({"state": "sale"}),
        ):
            with self.assertRaisesRegex(ValidationError, "Choose a pricelist in USD"), self.env.cr.savepoint():
                refused()
            self.env.transaction.clear()
        cart.pricelist_id = False
        cart.action_confirm()
        self.assertEqual((quotation.state, quotation.currency_id), ("sale", self.company.currency_id))
