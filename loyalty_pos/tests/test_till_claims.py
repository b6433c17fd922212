from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import TillCase


@tagged("post_install", "-at_install")
class TestTillClaims(TillCase):
    def test_earning_has_one_entry_with_its_order(self):
        """H1, H2, S19: a sale that earns makes exactly one entry, and the entry names the order."""
        card = self.make_card(self.ann)
        order = self.sell([self.line(price=100)], self.ann)
        reply = self.confirm(order, {card.id: self.claim(100, card=card, partner_id=self.ann.id)})
        self.assertEntries(order, [(card, "earn", 100)])
        self.assertEqual(card.points, 100)
        self.assertEqual([(u["id"], u["points"]) for u in reply["coupon_updates"]], [(card.id, 100)])
        self.assertFalse(self.exceptions_of(order))
        entry = card.entry_ids
        self.assertEqual((entry.author_id, str(entry.effective_date)), (self.cashier.id, "2026-03-15"))

    def test_one_docket_redeems_and_earns(self):
        """bH10: one docket can redeem and earn; both are in the ledger and never netted."""
        card = self.make_card(self.ann, 50)
        order = self.sell([self.line(price=100), self.reward_line(card, 20, -5)], self.ann)
        self.confirm(order, {card.id: self.claim(80, card=card, partner_id=self.ann.id, line_codes=["R"])})
        self.assertEntries(order, [(card, "earn", 100), (card, "redeem", -20)])
        self.assertEqual((card.points, card.redeemed_points), (130, 20))

    def test_earning_equal_to_spending(self):
        """bH10: a docket that wins what it spends changes no balance and still has its two entries."""
        card = self.make_card(self.ann, 50)
        order = self.sell([self.line(price=20), self.reward_line(card, 20, -5)], self.ann)
        self.confirm(order, {card.id: self.claim(0, card=card, partner_id=self.ann.id, line_codes=["R"])})
        self.assertEntries(order, [(card, "earn", 20), (card, "redeem", -20)])
        self.assertEqual(card.points, 50)
        again = self.confirm(order, {card.id: self.claim(0, card=card, partner_id=self.ann.id, line_codes=["R"])})
        self.assertEntries(order, [(card, "earn", 20), (card, "redeem", -20)])
        self.assertEqual(again["coupon_updates"][0]["points"], 50)

    def test_new_customer_gets_one_card(self):
        """H1, H3: a first sale issues a card with a number; confirming again issues no second one."""
        order = self.sell([self.line(price=30), self.reward_line(None, 20, -5)], self.ann)
        claim = {-1: self.claim(10, partner_id=self.ann.id, line_codes=["R"])}
        reply = self.confirm(order, claim)
        card = self.env["loyalty.card"].search([("partner_id", "=", self.ann.id)])
        self.assertEqual(len(card), 1)
        self.assertTrue(card.code)
        self.assertEqual([(u["old_id"], u["id"]) for u in reply["coupon_updates"]], [(-1, card.id)])
        self.assertEntries(order, [(card, "earn", 30), (card, "redeem", -20)])
        again = self.confirm(order, claim)
        self.assertEqual(self.env["loyalty.card"].search([("partner_id", "=", self.ann.id)]), card)
        self.assertEntries(order, [(card, "earn", 30), (card, "redeem", -20)])
        self.assertEqual([(u["id"], u["points"]) for u in again["coupon_updates"]], [(card.id, 10)])

    def test_customers_who_take_no_part_earn_nothing(self):
        """C4: a customer who is not tracked earns nothing at the till, gets no card, and is no case for a review."""
        self.ann.loyalty_tracked = False
        order = self.sell([self.line(price=30)], self.ann)
        self.confirm(order, {-1: self.claim(30, partner_id=self.ann.id)})
        self.assertFalse(self.env["loyalty.card"].search([("partner_id", "=", self.ann.id)]))
        card = self.make_card(self.ann, 50)
        order = self.sell([self.line(price=30), self.reward_line(card, 20, -5)], self.ann)
        self.confirm(order, {card.id: self.claim(10, card=card, partner_id=self.ann.id, line_codes=["R"])})
        self.assertEntries(order, [(card, "redeem", -20)])
        self.assertFalse(self.exceptions_of(order))

    def test_confirming_twice_counts_once(self):
        """N8: the same confirmation again, or another one for the same order, changes nothing."""
        card = self.make_card(self.ann)
        order = self.sell([self.line(price=100)], self.ann)
        self.confirm(order, {card.id: self.claim(100, card=card, partner_id=self.ann.id)})
        self.confirm(order, {card.id: self.claim(100, card=card, partner_id=self.ann.id)})
        self.confirm(order, {card.id: self.claim(40, card=card, partner_id=self.ann.id)})
        self.assertEntries(order, [(card, "earn", 100)])
        self.assertFalse(self.exceptions_of(order))

    def test_forged_million_is_cut_to_the_rule(self):
        """H2, N8: a client that claims 1,000,000 points gets what the rules give, and the claim is listed."""
        card = self.make_card(self.ann)
        order = self.sell([self.line(price=100)], self.ann)
        self.confirm(order, {card.id: self.claim(1_000_000, card=card, partner_id=self.ann.id)})
        self.assertEntries(order, [(card, "earn", 100)])
        self.assertCut(order, [999_900])
        self.assertEqual(self.exceptions_of(order).card_id, card)

    def test_rounding_of_the_till_stands(self):
        """H2: the till's sums of floats may differ by a hundredth of a point."""
        card = self.make_card(self.ann)
        order = self.sell([self.line(price=33.33), self.line(price=33.33)], self.ann)
        self.confirm(order, {card.id: self.claim(66.67, card=card, partner_id=self.ann.id)})
        self.assertEntries(order, [(card, "earn", 66.67)])
        self.assertFalse(self.exceptions_of(order))

    def test_strangers_card_keeps_its_points(self):
        """N8: points of another customer's card cannot be spent, neither named nor by that customer's id."""
        stranger = self.make_card(self.bob, 20)
        order = self.sell([self.line(price=100)], self.ann)
        self.confirm(order, {stranger.id: self.claim(-500, card=stranger, partner_id=self.bob.id)})
        self.assertEntries(order, [])
        self.assertEqual(stranger.points, 20)
        self.assertCut(order, [-500])
        second = self.sell([self.line(price=100)], self.ann)
        self.confirm(second, {-1: self.claim(-500, partner_id=self.bob.id)})
        self.assertEqual(stranger.points, 20)
        self.assertEntries(second, [])

    def test_spending_needs_a_reward_on_the_order(self):
        """N8: a claim takes no points for rewards that the order does not have."""
        card = self.make_card(self.ann, 100)
        order = self.sell([self.line(price=10)], self.ann)
        self.confirm(order, {card.id: self.claim(-80, card=card, partner_id=self.ann.id)})
        self.assertEqual(card.points, 100)
        self.assertEntries(order, [])
        self.assertCut(order, [80])

    def test_reward_cannot_be_left_out_of_the_claim(self):
        """N8: what the order's rewards cost is taken, whatever the client claims."""
        card = self.make_card(self.ann, 100)
        order = self.sell([self.line(price=100), self.reward_line(card, 20, -5)], self.ann)
        self.confirm(order, {card.id: self.claim(100, card=card, partner_id=self.ann.id)})
        self.assertEntries(order, [(card, "earn", 100), (card, "redeem", -20)])
        other = self.sell([self.line(price=100), self.reward_line(card, 20, -5)], self.ann)
        self.confirm(other, {})
        self.assertEntries(other, [(card, "redeem", -20)])

    def test_negative_cost_mints_nothing(self):
        """N8: a reward line whose cost is negative brings no points."""
        card = self.make_card(self.ann, 10)
        order = self.sell([self.line(price=100), self.reward_line(card, -1_000_000, 0)], self.ann)
        self.confirm(order, {card.id: self.claim(1_000_100, card=card, partner_id=self.ann.id, line_codes=["R"])})
        self.assertEntries(order, [(card, "earn", 100)])

    def test_spent_beyond_available_is_owed(self):
        """N8: goods already handed over are booked: the shortfall is debt and stands in the exceptions list."""
        card = self.make_card(self.ann, 5)
        order = self.sell([self.line(price=10), self.reward_line(card, 20, -5)], self.ann)
        reply = self.confirm(order, {card.id: self.claim(-10, card=card, partner_id=self.ann.id, line_codes=["R"])})
        self.assertEntries(order, [(card, "earn", 10), (card, "redeem", -20)])
        self.assertEqual((card.points, card.debt_points), (-5, 5))
        self.assertEqual(self.exceptions_of(order, "debt").mapped("points"), [5])
        self.assertEqual(reply["coupon_updates"][0]["points"], 0)

    def test_draft_order_moves_nothing(self):
        """C7: an order that is not paid earns nothing; paid later, it earns once."""
        card = self.make_card(self.ann)
        data = [self.line(price=100)]
        order = self.sell(data, self.ann, state="draft", paid=0)
        self.assertEqual(order.state, "draft")
        self.confirm(order, {card.id: self.claim(100, card=card, partner_id=self.ann.id)})
        self.assertEntries(order, [])
        self.assertFalse(self.exceptions_of(order))
        order.add_payment({"pos_order_id": order.id, "amount": 100, "payment_method_id": self.method.id})
        order.action_pos_order_paid()
        self.confirm(order, {card.id: self.claim(100, card=card, partner_id=self.ann.id)})
        self.assertEntries(order, [(card, "earn", 100)])

    def test_cancelled_order_moves_nothing(self):
        """C7: a cancelled order earns nothing."""
        card = self.make_card(self.ann)
        order = self.sell([self.line(price=100)], self.ann, state="draft", paid=0)
        order.action_pos_order_cancel()
        self.confirm(order, {card.id: self.claim(100, card=card, partner_id=self.ann.id)})
        self.assertEntries(order, [])

    def test_program_of_another_till(self):
        """N8: a program that this till does not offer gives nothing, whatever the client names."""
        elsewhere = self.make_loyalty_program(pos_config_ids=[Command.set(self.make_config("Other").ids)])
        card = self.make_card(self.ann, program=elsewhere)
        order = self.sell([self.line(price=100)], self.ann)
        self.confirm(order, {card.id: self.claim(100, elsewhere, card, partner_id=self.ann.id)})
        self.confirm(order, {-1: self.claim(100, elsewhere, partner_id=self.ann.id)})
        self.assertEntries(order, [])
        self.assertCut(order, [100])
        self.assertEqual(elsewhere.coupon_ids, card)

    def test_card_claimed_for_another_program(self):
        """N8: the lavish rule of one program brings nothing on the card of another."""
        lavish = self.make_loyalty_program(
            rule_ids=[Command.clear(), Command.create({"reward_point_mode": "order", "reward_point_amount": 5000})]
        )
        card = self.make_card(self.ann)
        order = self.sell([self.line(price=100)], self.ann)
        self.confirm(order, {card.id: self.claim(5000, lavish, card, partner_id=self.ann.id)})
        self.assertEntries(order, [])

    def test_lines_added_after_payment_earn_nothing(self):
        """C6: only what the payments cover earns: lines that a client adds to the paid order do not."""
        card = self.make_card(self.ann)
        order = self.sell([self.line(price=10)], self.ann)
        order.lines.create(
            {**self.line(price=9_000), "order_id": order.id, "price_subtotal": 9_000, "price_subtotal_incl": 9_000}
        )
        self.confirm(order, {card.id: self.claim(9_010, card=card, partner_id=self.ann.id)})
        self.assertEntries(order, [])
        self.assertCut(order, [9_010])

    def test_totals_sent_by_the_client_do_not_count(self):
        """C6: points come from prices and quantities, not from the totals that the client sends."""
        card = self.make_card(self.ann)
        order = self.sell([self.line(price=10, price_subtotal=5_000, price_subtotal_incl=5_000)], self.ann)
        self.confirm(order, {card.id: self.claim(5_000, card=card, partner_id=self.ann.id)})
        self.assertEntries(order, [(card, "earn", 10)])

    def test_products_that_earn_nothing(self):
        """C32, C33: "Don't Earn Points" and gift cards are left out at the till."""
        voucher = self.make_product("Voucher")
        self.make_stored_value("gift_card", voucher)
        postage = self.make_product("Postage", loyalty_no_earn=True)
        card = self.make_card(self.ann)
        order = self.sell([self.line(price=10), self.line(voucher, 50), self.line(postage, 7)], self.ann)
        self.confirm(order, {card.id: self.claim(67, card=card, partner_id=self.ann.id)})
        self.assertEntries(order, [(card, "earn", 10)])
        self.assertCut(order, [57])

    def test_gift_cards_that_earn(self):
        """bH9: a till may claim points for a gift card that it sells where the program says so."""
        voucher = self.make_product("Voucher")
        self.make_stored_value("gift_card", voucher)
        self.program.gift_cards_earn = True
        card = self.make_card(self.ann)
        order = self.sell([self.line(price=10), self.line(voucher, 50)], self.ann)
        self.confirm(order, {card.id: self.claim(67, card=card, partner_id=self.ann.id)})
        self.assertEntries(order, [(card, "earn", 60)])
        self.assertCut(order, [7])

    def test_minimums_and_modes(self):
        """H2: rules per order and per unit, minimum quantity and minimum purchase bound the claim."""
        program = self.make_loyalty_program(
            rule_ids=[
                Command.clear(),
                Command.create({"reward_point_mode": "unit", "reward_point_amount": 3, "minimum_qty": 2}),
                Command.create({"reward_point_mode": "order", "reward_point_amount": 50, "minimum_amount": 100}),
            ]
        )
        card = self.make_card(self.ann, program=program)
        for qty, earned in ((1, 0), (3, 9), (10, 80)):
            order = self.sell([self.line(price=10, qty=qty)], self.ann)
            self.confirm(order, {card.id: self.claim(1000, program, card, partner_id=self.ann.id)})
            self.assertEntries(order, [(card, "earn", earned)] if earned else [])

    def test_closed_card_earns_nothing(self):
        """H25, H10, H8: a closed, expired or not started card can neither earn nor redeem points, and no new card is
        issued."""
        for values in ({"closed": True}, {"expiration_date": "2026-03-14"}, {"start_date": "2026-03-16"}):
            partner = self.env["res.partner"].create({"name": "Eve"})
            card = self.make_card(partner, **values)
            order = self.sell([self.line(price=100)], partner)
            self.confirm(order, {-1: self.claim(100, partner_id=partner.id)})
            self.assertEntries(order, [])
            self.assertEqual(self.env["loyalty.card"].search([("partner_id", "=", partner.id)]), card)
            named = self.sell([self.line(price=100)], partner)
            self.confirm(named, {card.id: self.claim(100, card=card, partner_id=partner.id)})
            self.assertEntries(named, [])
            self.assertCut(named, [100])

    def test_default_card_and_points_to(self):
        """H18, H22: a claim without card goes to the default card; points of a card with points-to go to the master."""
        self.make_card(self.ann)
        preferred = self.make_card(self.ann, is_default=True)
        order = self.sell([self.line(price=10)], self.ann)
        self.confirm(order, {-1: self.claim(10, partner_id=self.ann.id)})
        self.assertEntries(order, [(preferred, "earn", 10)])
        master = self.make_card(self.bob)
        child = self.env["res.partner"].create({"name": "Child"})
        self.make_card(child, points_to_id=master.id)
        order = self.sell([self.line(price=10)], child)
        self.confirm(order, {-1: self.claim(10, partner_id=child.id)})
        self.assertEntries(order, [(master, "earn", 10)])
        self.assertEqual(self.env["loyalty.card"].search_count([("partner_id", "=", child.id)]), 1)

    def test_order_without_customer(self):
        """H6: without a customer nothing goes on a loyalty card."""
        card = self.make_card(self.ann)
        order = self.sell([self.line(price=10)])
        self.confirm(order, {card.id: self.claim(10, card=card, partner_id=self.ann.id)})
        self.assertEntries(order, [])

    def test_nonsense_is_no_error(self):
        """N8: nothing that a client sends for a paid order raises."""
        card = self.make_card(self.ann)
        order = self.sell([self.line(price=10)], self.ann)
        self.confirm(
            order, {card.id: self.claim(float("nan"), card=card), -7: self.claim("many"), 987654321: self.claim(5)}
        )
        self.assertEntries(order, [])

    def test_gift_card_sale_and_spending(self):
        """S19, C32: selling a gift card earns its value on a new card; paying with it is one redemption."""
        voucher = self.make_product("Voucher")
        program = self.make_stored_value("gift_card", voucher)
        order = self.sell([self.line(voucher, 50)], self.ann)
        self.confirm(order, {-1: self.claim(50, program, code="GIFT-1")})
        card = self.env["loyalty.card"].search([("code", "=", "GIFT-1")])
        self.assertEntries(order, [(card, "earn", 50)])
        self.assertEqual((card.points, card.source_pos_order_id, card.partner_id), (50, order, self.ann))
        spending = self.sell([self.line(price=30), self.reward_line(card, 30, -30, program.reward_ids)], self.bob)
        self.confirm(spending, {card.id: self.claim(-30, program, card, line_codes=["R"])})
        self.assertEntries(spending, [(card, "redeem", -30)])
        self.assertEqual(card.points, 20)
        self.assertFalse(self.exceptions_of(order) | self.exceptions_of(spending))

    def test_gift_card_pays_what_it_took_off(self):
        """N8: a gift card that took 20 off the price pays 20, whatever the client says that it cost."""
        program = self.make_stored_value("gift_card", self.make_product("Voucher"))
        card = self.make_card(self.env["res.partner"], 50, program)
        for cost in (0.01, 0):
            reward = self.reward_line(card, cost, -20, program.reward_ids)
            order = self.sell([self.line(price=30), reward], self.ann)
            self.confirm(order, {card.id: self.claim(-cost, program, card, line_codes=["R"])})
            self.assertEntries(order, [(card, "redeem", -20)])
        self.assertEqual(card.points, 10)

    def test_gift_card_is_worth_what_was_paid(self):
        """N8: a gift card of 50 cannot be claimed with 5,000, nor the same top-up for two programs."""
        voucher = self.make_product("Voucher")
        program, twin = self.make_stored_value("gift_card", voucher), self.make_stored_value("gift_card", voucher)
        order = self.sell([self.line(voucher, 50)])
        self.confirm(order, {-1: self.claim(5_000, program, code="GIFT-2"), -2: self.claim(50, twin, code="GIFT-3")})
        cards = self.env["loyalty.card"].search([("code", "in", ("GIFT-2", "GIFT-3"))], order="code")
        self.assertEqual(cards.mapped(lambda card: (card.code, card.points)), [("GIFT-2", 50)])
        self.assertCut(order, [4_950, 50])

    def test_mail_about_a_gift_card_names_its_value(self):
        """P11: the mail that the sale of a gift card sends says what the card is worth."""
        program = self.env["loyalty.program"].browse(
            self.env["loyalty.program"].create_from_template("gift_card")["res_id"]
        )
        voucher = program.rule_ids.product_ids[0]
        voucher.sudo().active = True
        order = self.sell([self.line(voucher, 50)], self.ann)
        self.confirm(order, {-1: self.claim(50, program, code="GIFT-5")})
        card = self.env["loyalty.card"].search([("code", "=", "GIFT-5")])
        mail = self.env["mail.mail"].search([("model", "=", "loyalty.card"), ("res_id", "=", card.id)])
        self.assertEqual(len(mail), 1)
        self.assertIn("50.00", mail.body_html)

    def test_same_claim_in_another_shape_counts_once(self):
        """N8: a second confirmation cannot hide its program, nor move the points to another card of the customer."""
        card, second = self.make_card(self.ann), self.make_card(self.ann)
        order = self.sell([self.line(price=100)], self.ann)
        self.confirm(order, {card.id: self.claim(100, card=card, partner_id=self.ann.id)})
        for program_id in (str(self.program.id), None, False):
            self.confirm(order, {second.id: {"points": 100, "program_id": program_id, "partner_id": self.ann.id}})
        self.assertEntries(order, [(card, "earn", 100)])
        self.assertEqual(second.points, 0)

    def test_spending_of_a_program_that_ended(self):
        """N8: a reward given while the till was offline is paid for; the ended program gives no new points."""
        card = self.make_card(self.ann, 50)
        order = self.sell([self.line(price=100), self.reward_line(card, 20, -5)], self.ann)
        self.program.active = False
        self.confirm(order, {card.id: self.claim(80, card=card, partner_id=self.ann.id, line_codes=["R"])})
        self.assertEntries(order, [(card, "redeem", -20)])
        self.assertCut(order, [100])

    def test_gift_card_with_a_number_in_use(self):
        """H3: a gift card sold under the number of a loyalty card gets a number of its own."""
        loyalty = self.make_card(self.bob, 7, code="TAKEN")
        voucher = self.make_product("Voucher")
        program = self.make_stored_value("gift_card", voucher)
        order = self.sell([self.line(voucher, 50)], self.ann)
        self.confirm(order, {-1: self.claim(50, program, code="TAKEN")})
        self.assertEqual((loyalty.points, loyalty.partner_id), (7, self.bob))
        self.assertEqual(program.coupon_ids.mapped("points"), [50])
        self.assertEqual(len(self.exceptions_of(order)), 1)

    def test_ewallet_top_up(self):
        """S19: topping an eWallet up is one earning with its order; topping up twice goes to one wallet."""
        credit = self.make_product("Credit")
        program = self.make_stored_value("ewallet", credit)
        first = self.sell([self.line(credit, 50)], self.ann)
        self.confirm(first, {-1: self.claim(50, program, partner_id=self.ann.id)})
        wallet = program.coupon_ids
        self.assertEntries(first, [(wallet, "earn", 50)])
        second = self.sell([self.line(credit, 25)], self.ann)
        self.confirm(second, {wallet.id: self.claim(25, program, wallet, partner_id=self.ann.id)})
        self.assertEntries(second, [(wallet, "earn", 25)])
        self.assertEqual((program.coupon_ids, wallet.points), (wallet, 75))

    def test_paid_top_up_of_a_closed_wallet(self):
        """H25: the customer paid for the top-up, so it is booked on the closed wallet too."""
        credit = self.make_product("Credit")
        program = self.make_stored_value("ewallet", credit)
        wallet = self.make_card(self.ann, program=program, closed=True)
        order = self.sell([self.line(credit, 50)], self.ann)
        self.confirm(order, {wallet.id: self.claim(50, program, wallet, partner_id=self.ann.id)})
        self.assertEntries(order, [(wallet, "earn", 50)])

    def test_returned_goods_take_nothing_by_claim(self):
        """N8: a return does not let a client take points, as Odoo's till does not either."""
        card = self.make_card(self.ann, 100)
        order = self.sell([self.line(price=10, qty=3), self.line(price=100, qty=-1)], self.ann)
        self.confirm(order, {card.id: self.claim(-70, card=card, partner_id=self.ann.id)})
        self.assertEntries(order, [])
        self.assertCut(order, [70])

    def test_rewards_of_a_paid_order_are_fixed(self):
        """H17: a client cannot move a paid reward to another card, nor change its cost."""
        card = self.make_card(self.ann, 50)
        order = self.sell([self.line(price=100), self.reward_line(card, 20, -5)], self.ann)
        line = order.lines.filtered("is_reward_line")
        stranger = self.make_card(self.bob, 50)
        for vals in ({"coupon_id": stranger.id}, {"points_cost": -1_000_000}, {"reward_identifier_code": "X"}):
            with self.assertRaises(AccessError):
                line.write(vals)
        line.write({"customer_note": "Wrap it"})

    def test_balance_and_history_are_closed_to_cashiers(self):
        """H17, S18: a cashier writes neither balances nor the history that tells which orders are settled."""
        card = self.make_card(self.ann, 50)
        order = self.sell([self.line(price=10)], self.ann)
        mine = card.with_user(self.cashier)
        with self.assertRaises(AccessError):
            mine.write({"points": 5_000})
        with self.assertRaises(AccessError):
            mine.env["loyalty.history"].create(
                {"card_id": card.id, "description": "x", "order_model": "pos.order", "order_id": order.id}
            )
        with self.assertRaises(AccessError):
            order.add_loyalty_history_lines([{"card_id": card.id, "won": 5, "spent": 0}], [])
        self.confirm(order, {card.id: self.claim(10, card=card, partner_id=self.ann.id)})
        with self.assertRaises(AccessError):
            mine.history_ids.write({"order_id": 0})
        with self.assertRaises(UserError):
            mine.env["loyalty.ledger.entry"].create({"card_id": card.id, "kind": "earn", "points": 1})
        self.assertEqual(card.points, 60)

    def test_order_of_another_company(self):
        """H2: orders that a user may not access cannot be confirmed by that user."""
        card = self.make_card(self.ann)
        order = self.sell([self.line(price=10)], self.ann)
        company = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = new_test_user(
            self.env,
            "other_cashier",
            groups="base.group_user,point_of_sale.group_pos_user",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )
        with self.assertRaises(AccessError):
            order.with_user(stranger).with_company(company).confirm_coupon_programs(
                {card.id: self.claim(10, card=card, partner_id=self.ann.id)}
            )
