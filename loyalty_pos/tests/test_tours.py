from datetime import timedelta

from odoo import Command, fields
from odoo.tests import tagged

from odoo.addons.point_of_sale.tests.test_frontend import TestPointOfSaleHttpCommon


class LoyaltyTours(TestPointOfSaleHttpCommon):
    """A till whose program gives a point for each 1.00 when paid, double for Gold; 100 points cover 1.00."""

    vat_mode = "tender"

    @classmethod
    def get_default_groups(cls):
        """Who sets the till up manages loyalty too."""
        return super().get_default_groups() | cls.quick_ref("loyalty_ledger.group_loyalty_manager")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["loyalty.program"].search([]).active = False
        cls.program = cls.make_program()
        cls.set_up_till()
        cls.set_up_cards()

    @classmethod
    def make_program(cls):
        """Return a program with two levels and its accounting."""
        program = cls.env["loyalty.program"].create(
            {
                "name": "Club",
                "program_type": "loyalty",
                "trigger": "auto",
                "applies_on": "both",
                "company_id": cls.env.company.id,
                "currency_id": cls.env.company.currency_id.id,
                "issue_on": "paid",
                "earning_basis": "total",
                "portal_point_name": "points",
                "rule_ids": [Command.clear(), Command.create({"reward_point_amount": 1, "reward_point_mode": "money"})],
                "reward_ids": [Command.clear(), Command.create({"required_points": 1_000_000, "discount": 10})],
            }
        )
        cls.env["loyalty.level"].create(
            [
                {"name": "Silver", "program_id": program.id, "min_points": 0, "multiplier": 1},
                {"name": "Gold", "program_id": program.id, "min_points": 500, "multiplier": 2},
            ]
        )
        account = cls.env["account.account"].create(
            {
                "name": "Points Redeemed",
                "code": "610901",
                "account_type": "income" if cls.vat_mode == "price_reduction" else "expense",
            }
        )
        journal = cls.env["account.journal"].create({"name": "Loyalty", "type": "cash", "code": "LOYT"})
        program.write(
            {
                "accounting_policy": "redemption",
                "vat_mode": cls.vat_mode,
                "cost_account_id": account.id,
                "loyalty_journal_id": journal.id,
                "point_value": 0.01,
            }
        )
        return program

    @classmethod
    def set_up_till(cls):
        """Let the till sell three products, for cash, by bank and for points."""
        methods = cls.main_pos_config.payment_method_ids.filtered("is_cash_count")
        methods.name = "Cash"
        methods += cls.bank_payment_method
        if cls.vat_mode != "price_reduction":
            methods += cls.env["pos.payment.method"].create({"name": "Points", "loyalty_program_id": cls.program.id})
        cls.main_pos_config.write(
            {
                "payment_method_ids": [Command.set(methods.ids)],
                "tax_regime_selection": False,
                "use_pricelist": False,
            }
        )
        for name, price in (("Coffee Machine", 100), ("Coffee Beans", 8), ("Oak Chair", 70)):
            cls.env["product.product"].create(
                {"name": name, "available_in_pos": True, "lst_price": price, "taxes_id": [Command.clear()]}
            )

    @classmethod
    def set_up_cards(cls):
        """Give Ann a card with points and a second one; make cards that nobody can use, and one of the cashier."""
        cls.ann = cls.env["res.partner"].create({"name": "Ann Member"})
        cls.card = cls.make_card("1000000001", cls.ann)
        cls.env["loyalty.card"]._post_entries(
            [{"card_id": cls.card.id, "kind": "opening", "points": 1000, "key": "tour-opening"}]
        )
        cls.card.is_default = True
        cls.make_card("1000000002", cls.ann)
        yesterday = fields.Date.today() - timedelta(days=1)
        cls.make_card("1000000003", expiration_date=yesterday)
        cls.make_card("1000000004", closed=True)
        cls.make_card("1000000005", cls.pos_user.partner_id)

    @classmethod
    def make_card(cls, code, partner=None, **values):
        return cls.env["loyalty.card"].create(
            {"program_id": cls.program.id, "code": code, "partner_id": partner and partner.id, **values}
        )

    def play(self, name, login="pos_user"):
        user = self.env["res.users"].search([("login", "=", login)])
        self.main_pos_config.with_user(user).open_ui()
        self.start_tour(f"/pos/ui/{self.main_pos_config.id}", name, login=login, timeout=300)
        self.env.invalidate_all()
        return self.env["pos.order"].search([("state", "in", ("paid", "done"))], order="id")

    def give_points(self, points):
        self.env["loyalty.card"]._post_entries(
            [{"card_id": self.card.id, "kind": "opening", "points": points, "key": "tour-more"}]
        )

    def round_cash(self, rounding, only_cash):
        method = self.env["account.cash.rounding"].create(
            {
                "name": "Coins",
                "rounding": rounding,
                "rounding_method": "HALF-UP",
                "strategy": "add_invoice_line",
                "profit_account_id": self.company_data["default_account_revenue"].id,
                "loss_account_id": self.company_data["default_account_expense"].id,
            }
        )
        self.main_pos_config.write(
            {"cash_rounding": True, "only_round_cash_method": only_cash, "rounding_method": method.id}
        )

    def make_products(self, **prices):
        for name, price in prices.items():
            self.env["product.product"].create(
                {"name": name, "available_in_pos": True, "lst_price": price, "taxes_id": [Command.clear()]}
            )

    def assertPaid(self, order, expected):
        """Compare the payments of an order: ``{method: amount}``, change as ``change``."""
        paid = {}
        for payment in order.payment_ids:
            paid["change" if payment.is_change else payment.payment_method_id.name] = payment.amount
        self.assertEqual(paid, expected)

    def assertPoints(self, order, **expected):
        """Compare what an order did to the points: earned, redeemed, what the card has after it."""
        self.assertEqual(
            {
                "earned": order.loyalty_points_earned,
                "redeemed": order.loyalty_points_redeemed,
                "after": order.loyalty_balance_after,
            },
            expected,
        )


@tagged("post_install", "-at_install")
class TestTours(LoyaltyTours):
    def test_earn(self):
        """S2, C6, bH6: the customer's card is there at once; points to be earned are exact; the receipt says it all."""
        order = self.play("loyalty_till_earn")
        self.assertPoints(order, earned=200, redeemed=0, after=1200)
        self.assertEqual(order.loyalty_card_id, self.card)

    def test_redeem_part(self):
        """S10, S11, C18, C19, C20, C21: a part is paid with points, typed as points or money; the rest earns."""
        order = self.play("loyalty_till_redeem_part")
        self.assertPoints(order, earned=195, redeemed=250, after=945)
        self.assertFalse(self.card.hold_ids.filtered(lambda hold: hold.state == "active"))

    def test_redeem_all(self):
        """S10, S11: an order can be paid with points alone, up to what is due."""
        order = self.play("loyalty_till_redeem_all")
        self.assertPoints(order, earned=0, redeemed=800, after=200)
        self.assertEqual(order.partner_id, self.ann)

    def test_notes(self):
        """N29, S11: a note in cash gives change and takes nothing off what is redeemed; numpad, keyboard, card."""
        self.give_points(1000)
        first, second, third = self.play("loyalty_till_notes")
        self.assertEqual((first | second | third).mapped("loyalty_points_redeemed"), [1000, 400, 500])
        self.assertPaid(first, {"Points": 10, "Cash": 100, "change": -40})
        self.assertPaid(second, {"Points": 4, "Cash": 100, "change": -34})
        self.assertPaid(third, {"Points": 5, "Bank": 25, "Cash": 50, "change": -10})
        self.assertFalse(self.env["loyalty.exception"].search([("card_id", "=", self.card.id)]))

    def test_cash_rounding(self):
        """N29, S11: cash that is rounded up, or down, takes nothing off what is redeemed."""
        self.give_points(1000)
        self.round_cash(0.05, only_cash=True)
        self.make_products(Jug=32.48, Mug=32.52)
        up, down, note = self.play("loyalty_till_cash_rounding")
        self.assertEqual((up | down | note).mapped("loyalty_points_redeemed"), [500, 500, 500])
        self.assertPaid(up, {"Points": 5, "Cash": 27.5})
        self.assertPaid(down, {"Points": 5, "Cash": 27.5})
        self.assertPaid(note, {"Points": 5, "Cash": 30, "change": -2.5})
        self.assertFalse(self.env["loyalty.exception"].search([("card_id", "=", self.card.id)]))

    def test_cash_rounding_refund(self):
        """N29, N4: a card paid 7.98 beside points; 8.00 in coins come back, and nobody calls that too much."""
        self.round_cash(0.05, only_cash=True)
        self.make_products(Spoon=9.98)
        sale, refund = self.play("loyalty_till_cash_rounding_refund")
        self.assertPaid(sale, {"Points": 2, "Bank": 7.98})
        self.assertPaid(refund, {"Points": -2, "Cash": -8})
        self.assertEqual((sale | refund).mapped("loyalty_points_redeemed"), [200, -200])
        self.assertFalse(self.env["loyalty.exception"].search([("card_id", "=", self.card.id)]))

    def test_total_rounding(self):
        """N29, P19: where totals are rounded, points cover the rounded total in full: 1,000 for 9.98."""
        self.round_cash(0.05, only_cash=False)
        self.make_products(Spoon=9.98)
        order = self.play("loyalty_till_total_rounding")
        self.assertPaid(order, {"Points": 10})
        self.assertEqual(order.loyalty_points_redeemed, 1000)
        self.assertFalse(self.env["loyalty.exception"].search([("card_id", "=", self.card.id)]))

    def test_fast_payment(self):
        """N29, S11: fast payments leave points alone; an order smaller than its points asks before it takes fewer."""
        self.main_pos_config.write(
            {
                "use_fast_payment": True,
                "fast_payment_method_ids": [Command.set(self.bank_payment_method.ids)],
            }
        )
        first, second = self.play("loyalty_till_fast_payment")
        self.assertPaid(first, {"Points": 1, "Bank": 69})
        self.assertPaid(second, {"Points": 8})
        self.assertEqual((first | second).mapped("loyalty_points_redeemed"), [100, 800])

    def test_note_offline(self):
        """N29, N8: a note is change without connection too, and the points that were reserved are spent."""
        order = self.play("loyalty_till_note_offline")[:1]
        self.assertPaid(order, {"Points": 10, "Cash": 100, "change": -40})
        self.assertEqual(order.loyalty_points_redeemed, 1000)
        self.assertFalse(self.env["loyalty.exception"].search([("card_id", "=", self.card.id)]))

    def test_stored_value(self):
        """N29, bP5: points cover neither gift cards nor tips, and tips earn none."""
        voucher = self.env["product.product"].create(
            {"name": "Prepaid Voucher", "available_in_pos": True, "lst_price": 10, "taxes_id": [Command.clear()]}
        )
        self.env["loyalty.program"].create(
            {
                "name": "Vouchers",
                "mail_template_id": self.env.ref("loyalty.mail_template_gift_card").id,
                "pos_report_print_id": self.env.ref("loyalty.report_gift_card").id,
                "program_type": "gift_card",
                "applies_on": "future",
                "trigger": "auto",
                "rule_ids": [
                    Command.clear(),
                    Command.create(
                        {
                            "reward_point_mode": "money",
                            "reward_point_amount": 1,
                            "reward_point_split": True,
                            "product_ids": [Command.set(voucher.ids)],
                        }
                    ),
                ],
                "reward_ids": [
                    Command.clear(),
                    Command.create({"discount_mode": "per_point", "discount": 1, "required_points": 1}),
                ],
            }
        )
        tip = self.env.ref("point_of_sale.product_product_tip")
        tip.taxes_id = False
        self.main_pos_config.write({"iface_tipproduct": True, "tip_product_id": tip.id})
        order = self.play("loyalty_till_stored_value")
        self.assertPaid(order, {"Points": 8, "Bank": 12})
        # Money paid the tip and 10.00 of 18.00: that share of what the beans earn, two points for each 1.00.
        self.assertPoints(order, earned=8, redeemed=800, after=208)
        self.assertFalse(self.env["loyalty.exception"].search([("card_id", "=", self.card.id)]))

    def test_f11(self):
        """S9, H10, H25, bH6: F11 and the scanner enter cards on every screen; unusable ones say why."""
        self.assertFalse(self.play("loyalty_till_f11"))
        cards = self.env["loyalty.card"].search([("program_id", "=", self.program.id)])
        self.assertEqual(sum(cards.mapped("points")), 1000)
        self.assertFalse(self.env["loyalty.hold"].search([("card_id", "in", cards.ids)]))

    def test_refund(self):
        """N4: the cashier sees what a refund does; points go back as points, money as money."""
        sale, refund = self.play("loyalty_till_refund")
        self.assertPoints(sale, earned=180, redeemed=1000, after=180)
        self.assertEqual(refund.loyalty_points_redeemed, -1000)
        self.assertEqual(self.card.points, 1000)
        self.assertRecordValues(
            refund.payment_ids.sorted("amount"),
            [{"amount": -90, "loyalty_points": 0}, {"amount": -10, "loyalty_points": -1000}],
        )

    def test_issue_card(self):
        """H1, H3, bH7: cards are issued at the till, pre-printed or generated; cashiers give no bonus points."""
        cleo, dan = self.env["res.partner"].create([{"name": "Cleo New"}, {"name": "Dan New"}])
        self.play("loyalty_till_issue")
        cards = self.env["loyalty.card"].search([("partner_id", "in", (cleo | dan).ids)], order="id")
        self.assertEqual(cards.partner_id, cleo | dan)
        self.assertEqual(cards[0].code, "7777000001")
        self.assertTrue(cards[1].code)

    def test_bonus_points(self):
        """bH7: a manager of the till gives bonus points, with a reason."""
        self.play("loyalty_till_bonus", login="pos_admin")
        self.assertEqual(self.card.points, 1005)
        entry = self.card.entry_ids.sorted("id")[-1]
        self.assertEqual((entry.kind, entry.points, entry.reason), ("adjust", 5, "Apology"))

    def test_offline_and_back(self):
        """N8: without connection points cannot be spent; what was sold earns when the connection is back."""
        orders = self.play("loyalty_till_offline")
        self.assertEqual(orders.mapped("amount_total"), [100, 8])
        self.assertPoints(orders[0], earned=200, redeemed=0, after=1200)

    def test_invoice(self):
        """M4, C18, C25, bP9: an order paid partly with points is invoiced: paid in full, with points and money on it."""
        self.ann.write({"street": "Main Street 1", "city": "Springfield", "email": "ann@example.com"})
        order = self.play("loyalty_till_invoice")
        self.assertPoints(order, earned=195, redeemed=250, after=945)
        invoice = order.account_move
        self.assertRecordValues(
            invoice, [{"partner_id": self.ann.id, "amount_total": 100, "amount_residual": 0, "payment_state": "paid"}]
        )
        labels = {row["amount"]: row.get("loyalty_label") for row in invoice.invoice_payments_widget["content"]}
        self.assertEqual(labels, {2.5: "with 250 points", 97.5: None})
        html, __ = self.env["ir.actions.report"]._render_qweb_html("account.report_invoice_with_payments", invoice.ids)
        for text in (
            "with 250 points",
            "Loyalty card ending in 0001",
            "Redeemed: 250 points, worth $\N{NO-BREAK SPACE}2.50",
            "Earned: 195 points",
            "New balance: 945 points",
        ):
            self.assertIn(text, html.decode())
        self.assertFalse(self.card.hold_ids.filtered(lambda hold: hold.state == "active"))

    def test_two_tabs(self):
        """N6, S10: what one tab has reserved the other one cannot spend; it is told what is left, and both are paid."""
        methods = self.main_pos_config.payment_method_ids.filtered(lambda method: not method.is_cash_count)
        second = self.main_pos_config.copy({"name": "Second Till"})
        second.payment_method_ids = methods
        second.with_user(self.pos_user).open_ui()
        second.current_session_id.set_opening_control(0, None)
        orders = self.play("loyalty_till_two_tabs").sorted("loyalty_points_redeemed")
        self.assertEqual(orders.mapped("loyalty_points_redeemed"), [200, 800])
        self.assertEqual(orders.mapped("loyalty_points_earned"), [196, 184])
        self.assertEqual(orders.mapped("amount_paid"), [100, 100])
        self.assertRecordValues(self.card, [{"points": 380, "reserved_points": 0, "debt_points": 0}])
        entries = self.card.entry_ids.sorted("id").filtered(lambda entry: entry.res_model == "pos.order")
        self.assertEqual(entries.mapped("points"), [-200, 196, -800, 184])
        self.assertFalse(self.env["loyalty.exception"].search([("card_id", "=", self.card.id)]))


@tagged("post_install", "-at_install")
class TestToursPriceReduction(LoyaltyTours):
    vat_mode = "price_reduction"

    def test_parts(self):
        """N29, N4: 2 x 100 and 15 % with 20.00 off, returned one by one: 105.00 and 10.00 off each."""
        self.give_points(1000)
        tax = self.env["account.tax"].create({"name": "15", "amount": 15, "type_tax_use": "sale"})
        self.make_products(Lamp=100)
        self.env["product.product"].search([("name", "=", "Lamp")]).taxes_id = tax
        orders = self.play("loyalty_till_price_reduction_parts")
        self.assertEqual(orders.mapped("amount_total"), [210, -105, -105])
        self.assertEqual(orders.mapped("amount_tax"), [27.39, -13.7, -13.69])
        self.assertEqual(orders.mapped("loyalty_points_redeemed"), [2000, -1000, -1000])
        self.assertFalse(self.env["loyalty.exception"].search([("card_id", "=", self.card.id)]))

    def test_note(self):
        """N29, S11: a note gives change and takes nothing off what points took off the price."""
        order = self.play("loyalty_till_note_reduction")
        self.assertPaid(order, {"Cash": 100, "change": -40})
        self.assertEqual(order.amount_total, 60)
        self.assertEqual(order.loyalty_points_redeemed, 1000)

    def test_price_reduction(self):
        """M4, S11: points take their value off the price; removing the line frees them again."""
        order = self.play("loyalty_till_price_reduction")
        self.assertEqual(order.amount_total, 95)
        self.assertPoints(order, earned=190, redeemed=500, after=690)

    def test_refund(self):
        """N4, bH10: points that took their value off the price return with the goods; cash never exceeds cash paid.

        Another program, with Odoo's timing, gives points for what is left of the price, and leaves them.
        """
        stars = self.program.copy({"name": "Stars", "issue_on": "order", "accounting_policy": "none", "active": True})
        sale, first, second = self.play("loyalty_till_price_reduction_refund")
        self.assertEqual((sale | first | second).mapped("amount_total"), [98, -90.74, -7.26])
        self.assertEqual((sale | first | second).payment_ids.sorted("id").mapped("amount"), [98, -90.74, -7.26])
        self.assertEqual((sale | first | second).mapped("loyalty_points_redeemed"), [1000, -926, -74])
        self.assertRecordValues(self.card, [{"points": 1000, "redeemed_points": 0, "debt_points": 0}])
        lots = self.card.lot_ids.filtered("remaining")
        self.assertEqual(lots.entry_id.mapped("kind"), ["opening"])
        self.assertEqual(self.ann.loyalty_card_ids.filtered(lambda card: card.program_id == stars).points, 98)
        self.assertFalse(self.env["loyalty.exception"].search([("create_date", ">=", sale.create_date)]))


@tagged("post_install", "-at_install")
class TestToursPhone(LoyaltyTours):
    browser_size = "375x667"
    touch_enabled = True

    def test_phone(self):
        """C19, S11: everything can be done on a phone, by touch."""
        order = self.play("loyalty_till_phone")
        self.assertPoints(order, earned=190, redeemed=500, after=690)
