from odoo import fields
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from .earning_common import EarningCase


@tagged("post_install", "-at_install")
class TestEarning(EarningCase):
    """What invoices earn, by products, customers, levels, rates and ways of payment."""

    def test_points_by_value_once_paid(self):
        """C1, C7, C11, C12, C15, P21, P22, bP7: 0 of 50 until posted and paid in full, then 50 of 50, once."""
        invoice = self.make_invoice(50)
        self.assertEqual((invoice.loyalty_points_earned, invoice.loyalty_points_earnable), (0, 50))
        invoice.action_post()
        self.assertEarned(invoice, 0, 50)
        self.assertEqual(invoice.loyalty_earning_id.state, "waiting")
        self.pay(invoice)
        self.assertEarned(invoice, 50)
        self.assertEqual(self.card.points, 50)
        self.assertEqual(self.entries(), [("earn", 50, "2026-03-15")])
        self.assertStable(invoice)

    def test_default_rate_rounds_down(self):
        """bP1: one point per currency unit, fractions rounded down: 10.99 makes 10."""
        invoice = self.make_invoice(10.99, post=True)
        self.pay(invoice)
        self.assertEarned(invoice, 10)

    def test_rounding_choices(self):
        """bP1, bS2: the program says how points are rounded; at one point per 50, 320 make 6.40."""
        self.program.earning_rounding = "none"
        self.program.rule_ids.currency_per_point = 50
        self.program.rule_ids._inverse_currency_per_point()
        invoice = self.make_invoice(320, post=True)
        self.pay(invoice)
        self.assertEarned(invoice, 6.4)
        self.program.earning_rounding = "nearest"
        second = self.make_invoice(329, post=True)
        self.pay(second)
        self.assertEarned(second, 7)

    def test_purchase_multiplier(self):
        """C8, C9, C13: at 100 per unit 25.00 make 2,500; 100 less 30 that earn nothing make 7,000; tax does not count."""
        self.program.rule_ids.reward_point_amount = 100
        quiet = self.env["product.product"].create({"name": "Stamps", "loyalty_no_earn": True})
        first = self.make_invoice({"price_unit": 25, "tax_ids": [Command.set(self.tax.ids)]}, post=True)
        self.pay(first)
        self.assertEarned(first, 2_500)
        second = self.make_invoice(70, {"price_unit": 30, "product_id": quiet.id}, post=True)
        self.assertEqual(second.amount_total, 100)
        self.pay(second)
        self.assertEarned(second, 7_000)
        self.assertIn("products that earn nothing: Stamps", second.loyalty_explanation)
        self.assertIn("7,000", second.loyalty_explanation)

    def test_products_that_earn_nothing(self):
        """C9, C32, C33: every item earns, lines without product too; gift cards and flagged products do not."""
        gift = self.env["product.product"].create({"name": "Gift Card", "type": "service"})
        self.env["loyalty.program"].create(
            {
                "name": "Gift Cards",
                "program_type": "gift_card",
                "rule_ids": [Command.clear(), Command.create({"product_ids": [Command.set(gift.ids)]})],
            }
        )
        quiet = self.env["product.product"].create({"name": "Stamps", "loyalty_no_earn": True})
        invoice = self.make_invoice(
            10,
            {"price_unit": 20, "product_id": False, "name": "Delivery"},
            {"price_unit": 40, "product_id": gift.id},
            {"price_unit": 80, "product_id": quiet.id},
            {"display_type": "line_note", "product_id": False, "name": "Thank you", "quantity": 0},
            post=True,
        )
        self.pay(invoice)
        self.assertEarned(invoice, 30)

    def test_gift_cards_that_earn(self):
        """bH9: where the setting says so, invoices of gift cards earn; changing it later takes nothing back."""
        gift = self.env["product.product"].create({"name": "Gift Card", "type": "service"})
        self.env["loyalty.program"].create(
            {
                "name": "Gift Cards",
                "program_type": "gift_card",
                "rule_ids": [Command.clear(), Command.create({"product_ids": [Command.set(gift.ids)]})],
            }
        )
        lines = ({"price_unit": 40, "product_id": gift.id}, 10)
        without = self.make_invoice(*lines, post=True)
        self.pay(without)
        self.assertEarned(without, 10)
        self.program.gift_cards_earn = True
        invoice = self.make_invoice(*lines, post=True)
        self.pay(invoice)
        self.assertEarned(invoice, 50)
        self.program.gift_cards_earn = False
        self.assertStable(without | invoice)
        self.assertEarned(invoice, 50)

    def test_customers_and_products(self):
        """M7, M8, C4: of customer and product activated or not, only both earn."""
        quiet = self.env["product.product"].create({"name": "Stamps", "loyalty_no_earn": True})
        stranger = self.env["res.partner"].create({"name": "Bob", "loyalty_tracked": False})
        self.make_card(stranger)
        earned = {}
        for partner in (self.customer, stranger):
            for product in (self.product, quiet):
                invoice = self.make_invoice({"price_unit": 100, "product_id": product.id}, partner=partner, post=True)
                self.pay(invoice)
                self.env.cr.flush()
                earned[partner.name, product.name] = invoice.loyalty_points_earned
        self.assertEqual(
            earned, {("Ann", "Coffee"): 100, ("Ann", "Stamps"): 0, ("Bob", "Coffee"): 0, ("Bob", "Stamps"): 0}
        )
        self.assertEqual(invoice.loyalty_explanation, "The customer does not collect points.")

    def test_activation_is_not_retroactive(self):
        """M7, bM4: a customer who starts collecting later earns on later documents only; who stops keeps promises."""
        self.customer.loyalty_tracked = False
        before = self.make_invoice(100, post=True)
        self.env.cr.flush()
        self.customer.loyalty_tracked = True
        during = self.make_invoice(10, post=True)
        self.env.cr.flush()
        self.customer.loyalty_tracked = False
        self.pay(before)
        self.pay(during)
        self.assertEarned(before, 0)
        self.assertEarned(during, 10)

    def test_a_sale_is_the_same_with_and_without_loyalty(self):
        """M9: lines, taxes and journal items of invoice and payment are identical with loyalty on or off."""
        stranger = self.customer.copy({"name": "Bob"})
        rows = []
        for partner in (self.customer, stranger):
            invoice = self.make_invoice(
                {"price_unit": 99.99, "quantity": 3, "tax_ids": [Command.set(self.tax.ids)]},
                12.5,
                partner=partner,
                post=True,
            )
            payment = self.pay(invoice, amount=100)
            self.pay(invoice)
            lines = (invoice.line_ids | payment.move_id.line_ids).sorted("id")
            rows.append(
                [
                    (
                        line.account_id,
                        line.tax_ids,
                        line.tax_line_id,
                        line.tax_tag_ids,
                        line.balance,
                        line.amount_currency,
                        line.display_type,
                        line.date_maturity,
                        line.amount_residual,
                    )
                    for line in lines
                ]
            )
            self.assertEqual(bool(invoice.loyalty_card_id), partner == self.customer)
            rows[-1].append((invoice.amount_total, invoice.amount_tax, invoice.payment_state))
        self.assertEqual(rows[0], rows[1])
        self.assertEqual(self.card.points, 312)

    def test_credits_follow_sales(self):
        """M10, M1: sales to a customer with a card earn without anybody doing more; before there is a program, nothing."""
        self.program.sudo().active = False
        early = self.make_invoice(100, post=True)
        self.pay(early)
        self.program.active = True
        late = self.make_invoice(100, post=True)
        self.pay(late)
        self.assertEqual(self.entries(), [("earn", 100, "2026-03-15")])
        self.assertFalse(early.loyalty_card_id)

    def test_odoo_timing_earns_nothing_on_invoices(self):
        """C11: a program that gives points at the order gives none at the invoice."""
        self.program.issue_on = "order"
        invoice = self.make_invoice(100, post=True)
        self.pay(invoice)
        self.assertEarned(invoice, 0)
        self.assertFalse(invoice.loyalty_earning_id)

    def test_level_multiplier(self):
        """bS1, S4: the level before the purchase multiplies; the purchase that reaches a level earns at the old one."""
        self.program.level_ids = [
            Command.create({"name": "Blue", "min_points": 0, "multiplier": 1}),
            Command.create({"name": "Gold", "min_points": 100, "multiplier": 1.5}),
        ]
        self.card.level_id = self.program.level_ids[0]
        first = self.make_invoice(100.99, post=True)
        waiting = self.make_invoice(10, post=True)
        self.env.cr.flush()
        self.pay(first)
        self.assertEarned(first, 100)
        self.assertEqual(self.card.level_id.name, "Gold")
        second = self.make_invoice(10.99, post=True)
        self.pay(second)
        self.assertEarned(second, 16)
        self.assertIn("Level Gold multiplies by 1.5: 16.485 points.", second.loyalty_explanation)
        self.pay(waiting)
        self.assertEarned(waiting, 10)

    def test_nothing_is_retroactive(self):
        """bM4, C8: rates, rounding, basis, levels and product flags of the day of posting hold for the document."""
        self.program.level_ids = [Command.create({"name": "Blue", "min_points": 0, "multiplier": 2})]
        self.card.level_id = self.program.level_ids
        invoice = self.make_invoice({"price_unit": 100, "tax_ids": [Command.set(self.tax.ids)]}, post=True)
        self.env.cr.flush()
        self.program.rule_ids.reward_point_amount = 50
        self.program.write({"earning_basis": "total", "earning_rounding": "none"})
        self.program.level_ids.multiplier = 9
        self.product.loyalty_no_earn = True
        self.pay(invoice)
        self.assertEarned(invoice, 200)
        self.credit(invoice, 40)
        self.assertEarned(invoice, 120)

    def test_basis_with_tax(self):
        """C9: the program may count amounts with tax, to the cent of the document whatever its tax rounding."""
        self.program.write({"earning_basis": "total", "earning_rounding": "none"})
        for method in ("round_per_line", "round_globally"):
            self.company.tax_calculation_rounding_method = method
            invoice = self.make_invoice(
                *({"price_unit": 0.33, "tax_ids": [Command.set(self.tax.ids)]} for __ in range(7)), post=True
            )
            self.pay(invoice)
            self.assertEarned(invoice, invoice.amount_total)

    def test_tax_included_prices(self):
        """C9: with prices that include tax, what is left without tax counts."""
        included = self.tax.copy({"name": "15 % included", "price_include_override": "tax_included"})
        invoice = self.make_invoice({"price_unit": 115, "tax_ids": [Command.set(included.ids)]}, post=True)
        self.pay(invoice)
        self.assertEarned(invoice, 100)

    def test_rules(self):
        """C1: rules per document, per unit and per amount add up, each with its products and minimum."""
        beans = self.env["product.product"].create({"name": "Beans"})
        self.program.rule_ids = [
            Command.clear(),
            Command.create({"reward_point_mode": "order", "reward_point_amount": 5, "minimum_amount": 50}),
            Command.create(
                {"reward_point_mode": "unit", "reward_point_amount": 2, "product_ids": [Command.set(beans.ids)]}
            ),
            Command.create({"reward_point_mode": "money", "reward_point_amount": 1, "minimum_qty": 10}),
        ]
        small = self.make_invoice({"price_unit": 10, "quantity": 2, "product_id": beans.id}, post=True)
        self.pay(small)
        self.assertEarned(small, 4)
        self.assertIn("needs a purchase of $\xa050.00", small.loyalty_explanation.replace("$ ", "$\xa0"))
        large = self.make_invoice(60, {"price_unit": 4, "quantity": 10, "product_id": beans.id}, post=True)
        self.pay(large)
        self.assertEarned(large, 5 + 20 + 100)

    def test_accumulation_switched_off(self):
        """bP2: nothing is earned while the switch is off, points can still be redeemed, and promises are kept."""
        promised = self.make_invoice(10, post=True)
        self.env.cr.flush()
        self.program.accumulates = False
        invoice = self.make_invoice(100, post=True)
        self.pay(invoice)
        self.assertEarned(invoice, 0)
        self.assertEqual(invoice.loyalty_explanation, "The program is not awarding points now.")
        self.pay(promised)
        self.assertEarned(promised, 10)
        self.card._post_entries([{"card_id": self.card.id, "kind": "redeem", "points": -10, "key": "test:bP2"}])
        self.assertEqual(self.card.points, 0)

    def test_program_dates(self):
        """M1: documents from before or after the program's own dates earn nothing."""
        self.program.write({"date_from": "2026-03-10", "date_to": "2026-03-20"})
        for day, points in (("2026-03-09", 0), ("2026-03-10", 10)):
            invoice = self.make_invoice(10, post=True, invoice_date=day)
            self.pay(invoice)
            self.assertEarned(invoice, points)

    def test_excluded_pricelist(self):
        """bM8: customers with contract prices earn nothing, by the pricelist of the customer."""
        contract = self.env["product.pricelist"].create({"name": "Contract"})
        self.env.user.group_ids |= self.env.ref("product.group_product_pricelist")
        self.program.excluded_pricelist_ids = contract
        invoice = self.make_invoice(100, post=True)
        self.env.cr.flush()
        self.customer.property_product_pricelist = contract
        excluded = self.make_invoice(100, post=True)
        self.pay(invoice)
        self.pay(excluded)
        self.assertEarned(invoice, 100)
        self.assertEarned(excluded, 0)
        self.assertEqual(excluded.loyalty_explanation, "The pricelist earns no points.")

    def test_ways_of_payment(self):
        """C6, C14: cash, bank and card earn; vouchers and credit of other documents settle and earn nothing."""
        for journal, points in ((self.bank, 100), (self.cash, 100), (self.vouchers, 0)):
            invoice = self.make_invoice(100, post=True)
            self.pay(invoice, journal=journal)
            self.assertEarned(invoice, points)
        invoice = self.make_invoice(100, post=True)
        credit = self.make_invoice(100, move_type="out_refund", post=True)
        self.reconcile(invoice, credit)
        self.assertEqual(invoice.payment_state, "reversed")
        self.assertEarned(invoice, 0)

    def test_earns_loyalty_defaults(self):
        """C6: payment methods follow their journal; the method that spends points never earns; both can be changed."""
        journal = self.env["account.journal"].create(
            {"name": "Card Machine", "code": "CARD", "type": "bank", "company_id": self.company.id}
        )
        self.assertTrue(journal.earns_loyalty)
        self.assertFalse(self.company_data["default_journal_sale"].earns_loyalty)
        self.assertFalse(self.company_data["default_journal_misc"].earns_loyalty)
        lines = journal.inbound_payment_method_line_ids
        self.assertEqual(set(lines.mapped("earns_loyalty")), {True})
        points = self.env["account.payment.method.line"].create(
            {
                "journal_id": self.cash.id,
                "payment_method_id": self.env.ref("loyalty_account.account_payment_method_loyalty_in").id,
            }
        )
        self.assertFalse(points.earns_loyalty)
        journal.earns_loyalty = False
        self.assertEqual(set(lines.mapped("earns_loyalty")), {False})
        lines[0].earns_loyalty = True
        invoice = self.make_invoice(100, post=True)
        self.use_outstanding_account(journal)
        self.pay(invoice, journal=journal, payment_method_line_id=lines[0].id)
        self.assertEarned(invoice, 100)

    def test_points_to(self):
        """H18, H19: a card that is linked to another card earns for the other card, and takes back from it."""
        master = self.make_card(self.env["res.partner"].create({"name": "Mother"}))
        invoice = self.make_invoice(100, post=True)
        self.env.cr.flush()
        self.card.points_to_id = master
        self.pay(invoice)
        self.assertEarned(invoice, 100)
        self.assertEqual((self.card.points, master.points), (0, 100))
        self.credit(invoice, 30)
        self.assertEqual((self.card.points, master.points), (0, 70))

    def test_unusable_card(self):
        """H2, H25: a card that was closed or had expired when the invoice was paid earns nothing, and the reason shows."""
        invoice = self.make_invoice(100, post=True)
        self.env.cr.flush()
        self.card.action_close()
        self.pay(invoice)
        self.assertEarned(invoice, 0)
        self.assertIn(f"Card {self.card.code} is closed", invoice.loyalty_explanation)
        self.card.action_reopen()
        invoice.action_retry_loyalty()
        self.assertEarned(invoice, 100)

    def test_effective_date(self):
        """C15, C12: points are earned on the day of the last payment, never in the future nor before the sale."""
        invoice = self.make_invoice(100, post=True, invoice_date="2026-03-01")
        self.pay(invoice, amount=50, payment_date="2026-03-05")
        self.pay(invoice, payment_date="2026-03-07")
        self.assertEqual(self.entries(), [("earn", 100, "2026-03-07")])
        future = self.make_invoice(10, post=True)
        self.pay(future, payment_date="2026-03-20")
        prepaid = self.make_invoice(1, post=True, invoice_date="2026-03-10")
        self.pay(prepaid, payment_date="2026-03-02")
        self.assertEqual(self.entries()[1:], [("earn", 10, "2026-03-15"), ("earn", 1, "2026-03-10")])

    def test_receipt(self):
        """C1: a sales receipt earns as an invoice does."""
        receipt = self.make_invoice(40, move_type="out_receipt", post=True)
        self.pay(receipt)
        self.assertEarned(receipt, 40)

    def test_nothing_to_pay(self):
        """C1: a document of nothing earns nothing, and one given away in full neither."""
        for lines in ((0,), (100, -100)):
            invoice = self.make_invoice(*lines, post=True)
            self.assertEqual(invoice.payment_state, "paid")
            self.assertEarned(invoice, 0)

    def test_two_companies(self):
        """C16: each company's documents earn on its own program; a branch earns on its parent's."""
        other = self.setup_other_company()["company"]
        foreign = (
            self.env["account.move"]
            .with_company(other)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.customer.id,
                    "invoice_line_ids": [
                        Command.create({"name": "Line", "price_unit": 100, "tax_ids": [Command.clear()]})
                    ],
                }
            )
        )
        self.assertFalse(foreign.loyalty_card_id)
        branch = self._create_company(name="Branch", parent_id=self.company.id)
        self.clerk.company_ids |= branch
        invoice = self.make_invoice(100, post=True, company=branch)
        self.assertEqual(invoice.company_id, branch)
        self.assertEqual(invoice.loyalty_card_id, self.card)
        self.pay(invoice)
        self.assertEarned(invoice, 100)

    def test_rights(self):
        """C15: invoicing users see points and explanation on the invoice; only loyalty staff see earnings in other
        places."""
        invoice = self.make_invoice(50, post=True)
        self.pay(invoice)
        seen = invoice.with_user(self.clerk).read(["loyalty_points_earned", "loyalty_explanation", "loyalty_card_id"])
        self.assertEqual(seen[0]["loyalty_points_earned"], 50)
        self.assertIn("$ 50.00 without tax", seen[0]["loyalty_explanation"].replace("\xa0", " "))
        self.assertFalse(self.env["loyalty.earning"].with_user(self.clerk).has_access("read"))
        self.assertEqual(self.env["loyalty.ledger.entry"].search([], limit=1).author_id, self.clerk.id)
        self.assertEqual(fields.Date.today().isoformat(), "2026-03-15")


@tagged("post_install", "-at_install")
class TestEarningViews(EarningCase):
    """What people see of it: on the invoice, on the program, in lists."""

    def test_reward_rate(self):
        """C8, bP4: the program shows what part of each sale comes back, and warns above 20 percent."""
        self.assertAlmostEqual(self.program.reward_rate, 0.01)
        self.assertFalse(self.program.high_reward_rate)
        self.program.rule_ids.reward_point_amount = 100
        self.assertAlmostEqual(self.program.reward_rate, 1.0)
        self.assertTrue(self.program.high_reward_rate)
        self.program.rule_ids.reward_point_amount = 15
        self.assertFalse(self.program.high_reward_rate)
        self.program.level_ids = [
            Command.create({"name": "Blue", "min_points": 0}),
            Command.create({"name": "Gold", "min_points": 100, "multiplier": 2}),
        ]
        self.assertAlmostEqual(self.program.reward_rate, 0.15)
        self.assertAlmostEqual(self.program.top_reward_rate, 0.3)
        self.assertTrue(self.program.high_reward_rate)
        self.program.rule_ids.product_ids = self.product
        self.assertEqual(self.program.reward_rate, 0)

    def test_invoice_form(self):
        """P21, C15: the form shows what the invoice can earn while it is typed, to people without rights on loyalty."""
        form = Form(self.env["account.move"].with_user(self.clerk).with_context(default_move_type="out_invoice"))
        form.partner_id = self.customer
        with form.invoice_line_ids.new() as line:
            line.product_id = self.product
            line.price_unit = 50
        self.assertEqual(form.loyalty_points_earnable, 50)
        with form.invoice_line_ids.edit(0) as line:
            line.quantity = 2
        self.assertEqual(form.loyalty_points_earnable, 100)
        invoice = form.save()
        self.assertIn("100.00 without tax × 1 per USD = 100 points.", invoice.loyalty_explanation)
        self.assertIn("Not paid in full yet", invoice.loyalty_explanation)
        invoice.action_post()
        self.pay(invoice)
        self.assertEqual(invoice.payment_state, "paid")
        action = invoice.action_view_loyalty_transactions()
        entries = self.env["loyalty.ledger.entry"].with_user(self.clerk).search(action["domain"])
        self.assertEqual(entries.mapped("points"), [100])

    def test_earning_form(self):
        """C15: loyalty users see the earning, its words and its transactions, and change nothing."""
        user = new_test_user(
            self.env,
            "loyalty_reader",
            groups="loyalty_ledger.group_loyalty_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        invoice = self.make_invoice(50, post=True)
        self.pay(invoice)
        self.credit(invoice, 20)
        earning = self.env["loyalty.earning"].with_user(user).search([("card_id", "=", self.card.id)])
        self.assertEqual((earning.points, earning.state, earning.document_name), (30, "earned", invoice.name))
        self.assertIn("20.00 of", earning.explanation)
        self.assertEqual(sorted(earning.entry_ids.mapped("points")), [-20, 50])
        self.assertEqual(
            self.env["loyalty.ledger.entry"].search(earning.action_view_entries()["domain"]), earning.entry_ids
        )
        for operation in ("write", "create", "unlink"):
            self.assertFalse(earning.has_access(operation))
        form = Form(earning)
        self.assertEqual(form.earnable_points, 30)
