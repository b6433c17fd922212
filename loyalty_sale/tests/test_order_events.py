from freezegun import freeze_time

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import OrderCase


@tagged("post_install", "-at_install")
class TestOrderEvents(OrderCase):
    """Every path of Odoo's orders ends in one entry per order, card and direction."""

    def test_confirm_earns(self):
        """C11, P24: a quotation earns nothing; its confirmation posts what it earned, with the order."""
        order = self._order(7)
        order._update_programs_and_rewards()
        card = self._card_of()
        self.assertEqual(card.points, 0)
        self.assertPosted(order, [])
        order.action_confirm()
        self.assertPosted(order, [(card, "earn", 700)])
        self.assertEqual(card.points, 700)
        self.assertEqual(self._entries(order).author_id, self.salesperson.id)

    def test_confirm_earned_and_spent_are_not_netted(self):
        """C11: what an order earned and what it spent are two entries."""
        card = self._card(500)
        order = self._order(7)
        order._update_programs_and_rewards()
        self._claim(order)
        self.assertPosted(order, [])
        order.action_confirm()
        self.assertPosted(order, [(card, "redeem", -100), (card, "earn", 700)])
        self.assertEqual((card.points, card.redeemed_points, card.accumulated_points), (1100, 100, 1200))

    def test_points_of_programs_are_not_added(self):
        """C11: an order says what it issued and used of its loyalty program; of several programs it says no sum."""
        self._card(500)
        order = self._order(7)
        order._update_programs_and_rewards()
        self._claim(order)
        self.assertFalse(order.loyalty_data)
        order.action_confirm()
        order.invalidate_recordset()
        self.assertEqual(order.loyalty_data, {"point_name": "Points", "issued": 700, "cost": 100})
        self._program(name="Second Club", portal_point_name="Stars")
        both = self._order(2)
        both._update_programs_and_rewards()
        both.action_confirm()
        self.assertEqual(len(self._entries(both).card_id), 2)
        (order | both).invalidate_recordset()
        self.assertEqual(
            (order | both).mapped(lambda order: order.loyalty_data and order.loyalty_data["issued"]), [700, False]
        )

    def test_confirm_two_orders_at_once(self):
        """C11: orders confirmed together keep their own entries."""
        card = self._card(500)
        first, second = self._order(1), self._order(3)
        for order in (first, second):
            order._update_programs_and_rewards()
        self._claim(second)
        (first | second).action_confirm()
        self.assertPosted(first, [(card, "earn", 100)])
        self.assertPosted(second, [(card, "redeem", -100), (card, "earn", 300)])
        self.assertEqual(card.points, 800)

    def test_confirm_two_orders_at_once_cannot_overspend(self):
        """C18: two orders that each could pay cannot both; nothing is written, and the message has the numbers."""
        self.program.rule_ids.minimum_qty = 9
        card = self._card(150)
        first, second = self._order(1), self._order(1)
        for order in (first, second):
            order._update_programs_and_rewards()
            self._claim(order)
        with self.assertRaisesRegex(ValidationError, f"{card.code} has 150 points available.*needs 200"):
            (first | second).action_confirm()
        self.assertEqual((first.state, second.state, card.points), ("draft", "draft", 150))
        first.action_confirm()
        self.assertPosted(first, [(card, "redeem", -100)])
        with self.assertRaisesRegex(ValidationError, f"{card.code} has 50 points available.*{second.name} needs 100"):
            second.action_confirm()

    def test_points_of_the_same_order(self):
        """P20: pending points of an order never pay for it; without vesting, Odoo's rewards may spend them."""
        self.program.vesting_days = 14
        card = self._card(60)
        order = self._order(5)
        order._update_programs_and_rewards()
        self.assertFalse(order._get_claimable_rewards())
        self.assertEqual(order._apply_program_reward(self.reward, card).keys(), {"error"})
        self.program.vesting_days = 0
        self._claim(order)
        order.action_confirm()
        self.assertPosted(order, [(card, "earn", 500), (card, "redeem", -100)])

    def test_points_of_the_same_order_on_a_card_that_owes(self):
        """C18: what an order earns pays what the card owes before it can be spent."""
        card = self._card(60)
        card._post_entries([{"card_id": card.id, "kind": "external", "points": -460, "key": "till"}])
        order = self._order(4)
        order._update_programs_and_rewards()
        self.assertFalse(order._get_claimable_rewards())
        order.order_line.product_uom_qty = 5
        order._update_programs_and_rewards()
        self._claim(order)
        order.action_confirm()
        self.assertPosted(order, [(card, "earn", 500), (card, "redeem", -100)])
        self.assertEqual((card.points, card.debt_points), (0, 0))

    def test_cancel_reverses_what_was_posted(self):
        """N4: cancelling undoes each entry of the order, also after its quantity was edited."""
        card = self._card(500)
        order = self._order(7)
        order._update_programs_and_rewards()
        self._claim(order)
        order.action_confirm()
        order.order_line.filtered("product_id.list_price")[:1].product_uom_qty = 20
        order._update_programs_and_rewards()
        self.assertPosted(order, [(card, "redeem", -100), (card, "earn", 700)])
        order._action_cancel()
        self.assertPosted(
            order,
            [(card, "redeem", -100), (card, "earn", 700), (card, "reversal", 100), (card, "reversal", -700)],
        )
        redeem, earn, back, taken = self._entries(order)
        self.assertEqual((back.reversed_entry_id, taken.reversed_entry_id), (redeem, earn))
        self.assertEqual((card.points, card.redeemed_points, card.debt_points), (500, 0, 0))

    def test_confirm_cancel_confirm(self):
        """N4: confirming again after a cancellation is a new event."""
        card = self._card()
        order = self._order(2)
        for __ in range(3):
            order._update_programs_and_rewards()
            order.action_confirm()
            self.assertEqual(card.points, 200)
            order._action_cancel()
            self.assertEqual(card.points, 0)
            order.action_draft()
        self.assertPosted(order, [(card, "earn", 200), (card, "reversal", -200)] * 3)

    def again(self, order):
        """Cancel, and confirm once more."""
        order._action_cancel()
        order.action_draft()
        order._update_programs_and_rewards()
        order.action_confirm()

    def test_confirm_again_after_points_were_spent(self):
        """N29, N4: what an order gave once, and was spent and waived when it was cancelled, it does not give again."""
        self.program.negative_policy = "clamp"
        order = self._order(3)
        order._update_programs_and_rewards()
        order.action_confirm()
        card = self._card_of()
        card._post_entries([{"card_id": card.id, "kind": "redeem", "points": -250, "key": "till"}])
        for __ in range(2):
            self.again(order)
            self.assertEqual(card.points, 50)
        self.assertEqual((card.debt_points, self.env["loyalty.card"]._verify_ledger()), (0, []))

    def test_confirm_again_after_points_expired(self):
        """N29, N4: cancelling and confirming again does not bring expired points back."""
        self.program.write({"expiry_policy": "lot", "expiry_delay": 10, "expiry_unit": "day"})
        order = self._order(3)
        order._update_programs_and_rewards()
        order.action_confirm()
        card = self._card_of()
        with freeze_time("2026-04-20 10:00:00"):
            self.env["loyalty.card"]._purge(commit=False)
            self.assertEqual(card.points, 0)
            self.again(order)
            self.assertEqual((card.points, card.debt_points), (0, 0))

    def test_cancel_two_orders_at_once(self):
        """N4: each order gets back what was its own."""
        card = self._card(500)
        first, second = self._order(1), self._order(2)
        for order in (first, second):
            order._update_programs_and_rewards()
            self._claim(order)
        (first | second).action_confirm()
        (first | second)._action_cancel()
        self.assertPosted(
            first, [(card, "redeem", -100), (card, "earn", 100), (card, "reversal", 100), (card, "reversal", -100)]
        )
        self.assertPosted(
            second, [(card, "redeem", -100), (card, "earn", 200), (card, "reversal", 100), (card, "reversal", -200)]
        )
        self.assertEqual(card.points, 500)

    def test_cancel_after_the_points_were_spent(self):
        """N4: points that the customer spent already are owed, the cancellation is not refused."""
        order = self._order(3)
        order._update_programs_and_rewards()
        order.action_confirm()
        card = self._card_of()
        card._post_entries([{"card_id": card.id, "kind": "redeem", "points": -250, "key": "till"}])
        order._action_cancel()
        self.assertPosted(order, [(card, "earn", 300), (card, "reversal", -300)])
        self.assertEqual((card.points, card.debt_points), (-250, 250))
        self.assertEqual(self.env["loyalty.exception"].search([("card_id", "=", card.id)]).points, 250)

    def test_reward_on_a_confirmed_order(self):
        """P14: a reward added after the confirmation is a redemption; recomputing it posts nothing."""
        card = self._card(500)
        order = self._order(7)
        order._update_programs_and_rewards()
        order.action_confirm()
        self._claim(order)
        expected = [(card, "earn", 700), (card, "redeem", -100)]
        self.assertPosted(order, expected)
        order._update_programs_and_rewards()
        order.action_open_reward_wizard()
        self.assertPosted(order, expected)
        self.assertEqual(card.points, 1100)
        order._action_cancel()
        self.assertEqual(card.points, 500)

    def test_cost_of_a_reward_changes_on_a_confirmed_order(self):
        """N4: a smaller cost gives points back to the redemption, a larger one takes the difference."""
        per_point = self._program(
            name="Per point",
            rule_ids=[Command.create({"reward_point_mode": "order", "minimum_qty": 99})],
            reward_ids=[Command.create(self._per_point())],
        )
        self.program.active = False
        card = self._card(500, program=per_point)
        order = self._order(2)
        order._update_programs_and_rewards()
        self._claim(order, per_point.reward_ids)
        order.action_confirm()
        self.assertPosted(order, [(card, "redeem", -200)])
        line = order.order_line.filtered(lambda line: not line.reward_id)
        line.product_uom_qty = 1
        order._update_programs_and_rewards()
        self.assertPosted(order, [(card, "redeem", -200), (card, "reversal", 100)])
        self.assertEqual(self._entries(order)[1].reversed_entry_id, self._entries(order)[0])
        line.product_uom_qty = 3
        order._update_programs_and_rewards()
        self.assertPosted(order, [(card, "redeem", -200), (card, "reversal", 100), (card, "redeem", -200)])
        order._action_cancel()
        self.assertEqual((card.points, card.redeemed_points), (500, 0))

    def test_late_program_on_a_confirmed_order(self):
        """C11: a program that becomes applicable later posts once what it gives."""
        self.program.active = False
        order = self._order(2)
        order.action_confirm()
        self.program.active = True
        order._update_programs_and_rewards()
        card = self._card_of()
        self.assertPosted(order, [(card, "earn", 200)])
        order._update_programs_and_rewards()
        self.assertPosted(order, [(card, "earn", 200)])
        order._action_cancel()
        self.assertEqual(card.points, 0)

    def test_quantity_to_zero_and_back_does_not_earn_twice(self):
        """C15: an order earns once, whatever happens to its quantities."""
        order = self._order(2)
        order._update_programs_and_rewards()
        order.action_confirm()
        card = self._card_of()
        for quantity in (0, 2, 0, 2):
            order.order_line.product_uom_qty = quantity
            order._update_programs_and_rewards()
            self.assertEqual(card.points, 200)
        self.assertPosted(order, [(card, "earn", 200)])

    def test_state_written_without_the_buttons(self):
        """C11: what counts is the state of the order, not the button that was used."""
        order = self._order(2)
        order._update_programs_and_rewards()
        order.action_confirm()
        card = self._card_of()
        order.write({"state": "draft"})
        self.assertEqual(card.points, 0)
        order.action_confirm()
        self.assertEqual(card.points, 200)
        self.assertPosted(order, [(card, "earn", 200), (card, "reversal", -200), (card, "earn", 200)])

    def test_order_from_before_the_ledger(self):
        """N12: an order confirmed before the ledger came gives back what Odoo says it moved."""
        card = self._card(500)
        order = self._order(2)
        order._update_programs_and_rewards()
        self._claim(order)
        order.sudo().loyalty_in_ledger = False
        self.env.cr.execute("UPDATE sale_order SET state = 'sale' WHERE id = %s", [order.id])
        order.invalidate_recordset(["state"])
        order.order_line.invalidate_recordset(["state"])
        order._action_cancel()
        self.assertPosted(order, [(card, "external", 100), (card, "external", -200)])
        self.assertEqual(card.points, 400)

    def test_gift_card_sold_and_cancelled(self):
        """C11: a gift card gets its value when its order is confirmed, and loses it when that is cancelled."""
        __, gift = self._gift_cards()
        self.program.active = False
        order = self._order(1)
        order.order_line.write({"product_id": gift.id, "product_uom_qty": 2})
        order._update_programs_and_rewards()
        cards = order.coupon_point_ids.coupon_id.sorted("id")
        self.assertEqual(cards.mapped("points"), [0, 0])
        order.action_confirm()
        self.assertPosted(order, [(cards[0], "earn", 50), (cards[1], "earn", 50)])
        shopping = self._order(1)
        self.assertNotIn("error", shopping._try_apply_code(cards[0].code))
        self._claim(shopping, cards.program_id.reward_ids)
        self.assertEqual(shopping.amount_total, 50)
        shopping.action_confirm()
        self.assertPosted(shopping, [(cards[0], "redeem", -50)])
        again = self._order(1)
        self.assertIn("error", again._try_apply_code(cards[0].code))
        shopping._action_cancel()
        order._action_cancel()
        self.assertEqual(cards.mapped("points"), [0, 0])
        self.assertEqual(self.env["loyalty.card"]._verify_ledger(), [])

    def test_gift_cards_of_a_confirmed_order(self):
        """C11: more gift cards on a confirmed order get their value, fewer lose it, each with its own entry."""
        program, gift = self._gift_cards()
        self.program.active = False
        order = self._order(1)
        order.order_line.product_id = gift
        order._update_programs_and_rewards()
        order.action_confirm()
        (first,) = order.coupon_point_ids.coupon_id
        order.order_line.product_uom_qty = 2
        order._update_programs_and_rewards()
        second = order.coupon_point_ids.coupon_id - first
        self.assertPosted(order, [(first, "earn", 50), (second, "earn", 50)])
        order.order_line.product_uom_qty = 1
        order._update_programs_and_rewards()
        withdrawn = first if first not in order.coupon_point_ids.filtered("points").coupon_id else second
        self.assertPosted(order, [(first, "earn", 50), (second, "earn", 50), (withdrawn, "reversal", -50)])
        self.assertEqual((withdrawn.active, withdrawn.points, (first + second - withdrawn).points), (False, 0, 50))
        self.assertEqual(program.coupon_count, 1)

    def test_ewallet(self):
        """C18: an eWallet pays up to its balance, is topped up at confirmation, and only its owner spends it."""
        top_up = self.env["product.product"].create(
            {"name": "Top-up", "type": "service", "list_price": 50.0, "taxes_id": False}
        )
        ewallets = self._program(
            name="eWallet",
            program_type="ewallet",
            applies_on="future",
            trigger_product_ids=top_up.ids,
            rule_ids=[
                Command.create({"product_ids": top_up.ids, "reward_point_mode": "money", "reward_point_amount": 1})
            ],
            reward_ids=[Command.create(self._per_point())],
        )
        self.program.active = False
        order = self._order(1)
        order.order_line.product_id = top_up
        order._update_programs_and_rewards()
        order.action_confirm()
        wallet = self._card_of(program=ewallets)
        self.assertPosted(order, [(wallet, "earn", 50)])
        shopping = self._order(1)
        shopping._update_programs_and_rewards()
        self._claim(shopping, ewallets.reward_ids)
        self.assertEqual(shopping.amount_total, 50)
        theirs = self._order(1, partner=self.stranger)
        theirs.applied_coupon_ids += wallet
        self.assertFalse(theirs._get_claimable_rewards())
        shopping.action_confirm()
        self.assertPosted(shopping, [(wallet, "redeem", -50)])
        self.assertEqual(wallet.points, 0)

    def test_customer_confirms_in_the_portal(self):
        """P23: what the customer confirms online is posted alike, in the customer's name."""
        user = new_test_user(self.env, "loyalty_portal", groups="base.group_portal")
        card = self._card(partner=user.partner_id)
        order = self._order(2, partner=user.partner_id)
        order._update_programs_and_rewards()
        order.with_user(user).sudo().action_confirm()
        self.assertPosted(order, [(card, "earn", 200)])
        self.assertEqual(self._entries(order).author_id, user.id)
