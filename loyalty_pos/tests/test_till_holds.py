from datetime import timedelta

from freezegun import freeze_time

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged

from .common import TillPointsCase


@tagged("post_install", "-at_install")
class TestTillHolds(TillPointsCase):
    def find(self, code, user=None):
        return self.as_till.with_user(user or self.cashier).pos_find_card(self.config.id, code)

    # --- finding a card ------------------------------------------------------------------------------------------

    def test_card_found_by_its_number(self):
        """H1, S9, bH6: a number scanned at the till brings the card with its balances, level and customer."""
        self.program.issue_on = "paid"  # levels multiply no points that Odoo gives itself
        self.env["loyalty.level"].create({"program_id": self.program.id, "name": "Gold", "multiplier": 2})
        self.card.level_id = self.program.level_ids
        self.hold(300, "p1")
        answer = self.find(f" {self.card.code} ")
        self.assertFalse(answer["error"])
        self.assertFalse(answer["warning"])
        self.assertEqual(answer["partner"]["id"], self.ann.id)
        card = answer["card"]
        names = ("accumulated_points", "redeemed_points", "reserved_points", "available_points", "points")
        self.assertEqual([card[name] for name in names], [1000, 0, 300, 700, 700])
        self.assertEqual((card["level_name"], card["level_multiplier"]), ("Gold", 2))
        self.assertEqual(set(card), {"id", *self.as_till._load_pos_data_fields(self.config)})

    def test_unknown_numbers(self):
        """S9, H2: a number that no loyalty card of this till has is an error, and finds no coupon or gift card."""
        self.assertIn("No loyalty card has the number 12345", self.find("12345")["error"])
        self.assertTrue(self.find("")["error"])
        self.assertTrue(self.find(None)["error"])
        gift = self.env["loyalty.card"].create({"program_id": self.make_gift_program().id, "points": 10})
        self.assertFalse(self.find(gift.code)["card"])

    def make_gift_program(self):
        return self.env["loyalty.program"].create({"name": "Gifts", "program_type": "gift_card"})

    def test_cards_that_cannot_be_used_say_why(self):
        """H8, H10, H18, H22, H25: closed, expired and not yet started cards say so; a source card earns, and pays not."""
        self.card.closed = True
        self.assertIn("closed", self.find(self.card.code)["error"])
        expired = self.make_card(expiration_date="2026-03-14")
        self.assertIn("expired", self.find(expired.code)["error"])
        future = self.make_card(start_date="2026-03-16")
        self.assertIn("03/16/2026", self.find(future.code)["error"])
        source, master = self.make_card(), self.make_card()
        source.points_to_id = master
        answer = self.find(source.code)
        self.assertFalse(answer["error"])
        self.assertIn(master.code, answer["warning"])
        for card in (self.card, expired, future, source):
            with self.assertRaises(UserError):
                self.hold(1, f"p{card.id}", card)

    def test_own_card_is_flagged(self):
        """S9: cashiers who scan their own card are told so."""
        own = self.make_card(self.cashier.partner_id)
        self.assertIn("own card", self.find(own.code)["warning"])

    def test_only_tills_ask(self):
        """N8: who is no user of the till, or has no open session there, neither finds cards nor reserves points."""
        stranger = new_test_user(self.env, "no_till", groups="base.group_user")
        with self.assertRaises(AccessError):
            self.find(self.card.code, stranger)
        with self.assertRaises(AccessError):
            self.as_till.with_user(stranger).pos_hold(self.config.id, self.card.id, 10, "p1", "o1")
        with self.assertRaises(AccessError):
            self.as_till.with_user(stranger).pos_release_hold(self.config.id, "p1")
        closed = self.env["pos.config"].create({"name": "Closed", "payment_method_ids": [Command.set(self.method.ids)]})
        with self.assertRaisesRegex(UserError, "Open a session"):
            self.as_till.pos_find_card(closed.id, self.card.code)
        with self.assertRaises(AccessError):
            self.as_till.pos_find_card(0, self.card.code)
        with self.assertRaises(AccessError):
            self.as_till.create({"program_id": self.program.id})
        with self.assertRaises(AccessError):
            self.card.with_user(self.cashier).write({"points": 5000})

    def test_cashiers_write_nothing(self):
        """P4, S12, N8: cashiers change neither cards, transactions and reservations nor the history of an order."""
        order = self.sell([self.line(price=10)], self.ann, payments=[self.pay_points(10, uuid="p")])
        self.hold(20, "held")
        cashier = self.env(user=self.cashier)
        entry, hold = order._entries_of_order()[:1], self.card.hold_ids[:1]
        for record, vals in (
            (self.card, {"points": 5000}),
            (self.card, {"partner_id": self.bob.id}),
            (self.card, {"closed": True}),
            (entry, {"points": -1}),
            (hold, {"points": 1}),
        ):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                record.with_env(cashier).write(vals)
        for model in ("loyalty.ledger.entry", "loyalty.lot", "loyalty.hold", "loyalty.earning"):
            with self.assertRaises(AccessError):
                cashier[model].search([])
        history = {"card_id": self.card.id, "description": "x", "order_model": "pos.order", "order_id": order.id}
        with self.assertRaises(AccessError):
            cashier["loyalty.history"].create(history)
        rate = {"program_id": self.program.id, "config_id": self.config.id, "multiplier": 9}
        with self.assertRaises(AccessError):
            cashier["loyalty.till.rate"].create(rate)
        self.assertEqual(self.card.points, 990)

    # --- reserving points ----------------------------------------------------------------------------------------

    def test_hold_reserves_and_says_what_it_pays(self):
        """N6, C18, C19: points typed at the till are reserved on the card and worth their money."""
        self.program.point_value = 0.01
        answer = self.hold(250, "p1")
        self.assertEqual((answer["points"], answer["amount"]), (250, 2.5))
        self.assertEqual(answer["card"]["available_points"], 750)
        hold = self.card.hold_ids
        self.assertEqual(hold.expires_at, fields.Datetime.now() + timedelta(minutes=30))
        self.assertEqual((hold.pos_uuid, hold.pos_order_uuid, hold.pos_config_id), ("p1", "order", self.config))

    def test_hold_again_replaces(self):
        """N6, C18: the same payment again replaces its points; releasing gives all back, however often."""
        self.hold(300, "p1")
        self.assertEqual(self.hold(300, "p1")["card"]["reserved_points"], 300)
        self.assertEqual(len(self.card.hold_ids), 1)
        self.assertEqual(self.hold(900, "p1")["card"]["reserved_points"], 900)
        self.assertEqual(self.hold(50, "p1")["card"]["reserved_points"], 50)
        self.assertEqual(self.hold(20, "p2")["card"]["reserved_points"], 70)
        for __ in range(2):
            answer = self.as_till.pos_release_hold(self.config.id, "p1")
            self.assertEqual(answer["card"]["reserved_points"], 20)
        self.assertEqual(self.hold(10, "p1")["card"]["reserved_points"], 30)
        self.assertFalse(self.as_till.pos_release_hold(self.config.id, "unknown")["card"])

    def test_no_more_than_available(self):
        """S10, C18: more points than available are refused, and what the payment had reserved stays."""
        self.hold(300, "p1")
        self.hold(400, "p2")
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.hold(601, "p1")
        self.env.invalidate_all()
        self.assertEqual(self.card.reserved_points, 700)

    def test_whole_points_only(self):
        """C21: parts of points, none, negative ones and nonsense are refused."""
        for points in (10.5, 0, -5, "ten", None, float("nan"), 1e12):
            with self.assertRaises(UserError):
                self.hold(points, "p1")
        self.assertFalse(self.card.hold_ids)

    def test_hold_times_out(self):
        """N6: what a till reserved comes back after half an hour."""
        self.hold(1000, "p1")
        with freeze_time(fields.Datetime.now() + timedelta(minutes=31)):
            self.card.invalidate_recordset()
            self.assertEqual(self.card.available_points, 1000)
            self.assertEqual(self.hold(600, "p2")["amount"], 600)
            with self.assertRaises(UserError):
                self.hold(1000, "p1")
            self.assertEqual(self.hold(400, "p1")["amount"], 400)

    def test_programs_that_pay_nothing(self):
        """S3, M3: without accounting points cover nothing at the till."""
        program = self.make_program(name="Other")
        card = self.make_card(program=program)
        self.grant(100, card)
        with self.assertRaises(UserError):
            self.hold(10, "p1", card)

    # --- the means of payment ------------------------------------------------------------------------------------

    def test_points_are_a_payment_of_their_own_type(self):
        """M3, M4: the payment method belongs to a program and has no journal, whatever is written."""
        method = self.points_method
        self.assertEqual(method.type, "loyalty")
        self.assertFalse(method.journal_id or method.split_transactions or method.is_cash_count)
        self.pos_session.action_pos_session_closing_control()
        method.write({"journal_id": self.bank_journal.id, "split_transactions": True, "name": "Our points"})
        self.assertEqual((method.type, method.name), ("loyalty", "Our points"))
        self.assertFalse(method.journal_id or method.split_transactions)
        with self.assertRaises(ValidationError):
            self.config.fast_payment_method_ids = method

    def test_program_must_be_able_to_pay(self):
        """M3, S3: programs without accounting, price reductions and eWallets are no payment method."""
        Method = self.env["pos.payment.method"]
        plain = self.make_program(name="Other")
        with self.assertRaisesRegex(ValidationError, "accounting policy"):
            Method.create({"name": "Plain", "loyalty_program_id": plain.id})
        with self.assertRaisesRegex(ValidationError, "only points of loyalty cards"):
            Method.create({"name": "Gifts", "loyalty_program_id": self.make_gift_program().id})
        contra_revenue = self.make_account("Points Contra Revenue", "410900", "income")
        for values, words in (
            ({"accounting_policy": "none"}, "accounting policy"),
            ({"vat_mode": "price_reduction", "cost_account_id": contra_revenue.id}, "reduce the price"),
        ):
            with self.assertRaisesRegex(ValidationError, words), self.env.cr.savepoint():
                self.program.write(values)
            self.env.invalidate_all()
        self.pos_session.action_pos_session_closing_control()
        other = self.env["pos.config"].create({"name": "Other", "payment_method_ids": [Command.set(self.method.ids)]})
        self.program.pos_config_ids = other
        with self.assertRaisesRegex(ValidationError, "not offered"):
            self.config.payment_method_ids = self.cash_method | self.points_method

    def test_new_till_has_no_points(self):
        """M3: a new till does not get the payment by points by accident; it can be added."""
        Config = self.env["pos.config"]
        self.assertNotIn(self.points_method, Config._default_payment_methods())
        journal, ids = Config._create_journal_and_payment_methods()
        self.assertNotIn(self.points_method.id, ids)
        self.assertTrue(self.env["pos.payment.method"].browse(ids).filtered(lambda method: method.type == "pay_later"))
        other = Config.create({"name": "Other", "payment_method_ids": [Command.set(self.method.ids)]})
        other._link_same_non_cash_payment_methods(self.config)
        self.assertEqual(other.payment_method_ids, self.method)
        other.payment_method_ids |= self.points_method
        self.assertEqual(other.payment_method_ids, self.method | self.points_method)

    def test_data_of_the_till(self):
        """N8: the till loads what a point is worth, the payment method's program and the policy without connection."""
        data = self.pos_session.with_user(self.cashier).load_data([])
        program = next(vals for vals in data["loyalty.program"] if vals["id"] == self.program.id)
        self.assertEqual((program["point_value"], program["vat_mode"]), (1, "input_tax"))
        method = next(vals for vals in data["pos.payment.method"] if vals["id"] == self.points_method.id)
        self.assertEqual((method["type"], method["loyalty_program_id"]), ("loyalty", self.program.id))
        config = data["pos.config"][0]
        self.assertEqual((config["loyalty_offline_policy"], config["loyalty_offline_cap"]), ("deny", 0))
        product = self.env.ref("loyalty_pos.product_redemption")
        self.assertEqual(config["_loyalty_redemption_product_id"], product.id)
        self.assertIn(product.id, config["_pos_special_products_ids"])
        self.assertIn(product.id, [vals["id"] for vals in data["product.product"]])

    # --- cards and bonus points ----------------------------------------------------------------------------------

    def test_issue_a_card(self):
        """H1, H3, H6, S17: the till issues cards with a generated or a pre-printed number, to a customer."""
        issue = self.as_till.pos_issue_card
        generated = self.as_till.browse(issue(self.config.id, self.bob.id)["card"]["id"]).sudo()
        self.assertTrue(generated.code)
        self.assertEqual((generated.partner_id, generated.program_id), (self.bob, self.program))
        printed = issue(self.config.id, self.bob.id, "0430000123")["card"]
        self.assertEqual(printed["code"], "0430000123")
        self.assertEqual(issue(self.config.id, self.bob.id, "0430000123")["card"]["id"], printed["id"])
        taken = issue(self.config.id, self.ann.id, "0430000123")
        self.assertFalse(taken["card"])
        self.assertIn("The number 0430000123 belongs to another card", taken["error"])
        blank = self.make_card(code="0430000124", partner=self.env["res.partner"])
        self.assertEqual(issue(self.config.id, self.ann.id, "0430000124")["card"]["id"], blank.id)
        self.assertEqual(blank.partner_id, self.ann)
        with self.assertRaisesRegex(UserError, "customer"):
            issue(self.config.id, 0)
        self.bob.loyalty_tracked = False
        with self.assertRaisesRegex(UserError, "does not participate"):
            issue(self.config.id, self.bob.id)

    def test_numbers_as_people_write_them(self):
        """N29, H1: the till finds a card without spaces and zeros where no other fits, and issues no product's barcode."""
        card = self.make_card(code="0437 7000 0021 9", partner=self.bob)
        find = self.as_till.pos_find_card
        for text in ("0437700000219", "437700000219", "0437-7000-0021-9"):
            self.assertEqual(find(self.config.id, text)["card"]["id"], card.id)
        self.make_card(code="00437700000219", partner=self.ann)
        self.assertFalse(find(self.config.id, "437700000219")["card"])
        self.assertEqual(find(self.config.id, card.code)["card"]["id"], card.id)
        self.env["product.product"].create({"name": "Cup", "barcode": "4006381333931"})
        with self.assertRaisesRegex(ValidationError, "barcode of the product Cup"):
            self.as_till.pos_issue_card(self.config.id, self.bob.id, "4006381333931")

    def test_bonus_needs_a_supervisor(self):
        """bH7, C31, N10: bonus points need a supervisor and a reason, come once, and not above the limit."""
        supervisor = new_test_user(
            self.env,
            "supervisor",
            groups="base.group_user,point_of_sale.group_pos_manager",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )

        def give(points, reason="Spilled coffee", uuid="b1", user=supervisor):
            return self.as_till.with_user(user).pos_give_bonus(self.config.id, self.card.id, points, reason, uuid)

        with self.assertRaises(AccessError):
            give(50, user=self.cashier)
        self.assertEqual(give(50)["card"]["points"], 1050)
        self.assertEqual(give(50)["card"]["points"], 1050)
        entry = self.card.entry_ids.sorted("id")[-1]
        self.assertEqual((entry.kind, entry.reason, entry.author_id), ("adjust", "Spilled coffee", supervisor.id))
        self.assertEqual((entry.res_model, entry.res_id), ("pos.session", self.pos_session.id))
        for points, reason in ((0, "x"), (1.5, "x"), (10, ""), (10, " ")):
            with self.assertRaises(UserError):
                give(points, reason, "b2")
        self.company.loyalty_adjustment_limit = 100
        with self.assertRaisesRegex(UserError, "second manager"):
            give(101, uuid="b3")
        second = self.env["loyalty.card"].create({"program_id": self.program.id, "partner_id": self.card.partner_id.id})
        with self.assertRaisesRegex(UserError, "granted this customer"):
            as_supervisor = self.as_till.with_user(supervisor)
            as_supervisor.pos_give_bonus(self.config.id, second.id, 51, "Spilled", "b4")
