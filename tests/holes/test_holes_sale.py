"""Holes of plain Odoo on orders. Odoo's own models and methods only: each test fails there and passes with ours."""

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user, tagged


@tagged("post_install", "-at_install")
class TestHolesSale(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        clock = freeze_time("2026-03-10 10:00:00")
        clock.start()
        cls.addClassCleanup(clock.stop)
        cls.env["loyalty.program"].search([]).active = False
        cls.salesperson = new_test_user(cls.env, "holes_salesperson", groups="sales_team.group_sale_salesman")
        cls.manager = new_test_user(cls.env, "holes_sales_manager", groups="sales_team.group_sale_manager")
        cls.customer = cls.env["res.partner"].create({"name": "Ada"})
        cls.stranger = cls.env["res.partner"].create({"name": "Bob"})
        cls.product = cls.env["product.product"].create(
            {"name": "Kettle", "type": "service", "list_price": 100.0, "taxes_id": False}
        )
        cls.program = cls.env["loyalty.program"].create(
            {
                "name": "Points",
                "program_type": "loyalty",
                "trigger": "auto",
                "applies_on": "both",
                "rule_ids": [Command.create({"reward_point_mode": "money", "reward_point_amount": 1})],
                "reward_ids": [
                    Command.create(
                        {
                            "reward_type": "discount",
                            "discount": 10,
                            "discount_mode": "per_order",
                            "discount_applicability": "order",
                            "required_points": 100,
                        }
                    )
                ],
            }
        )
        cls.reward = cls.program.reward_ids

    def _card(self, points=0, partner=None, **values):
        return self.env["loyalty.card"].create(
            {
                "program_id": self.program.id,
                "partner_id": (partner or self.customer).id,
                "points": points,
                **values,
            }
        )

    def _order(self, quantity=1, partner=None):
        order = (
            self.env["sale.order"]
            .with_user(self.salesperson)
            .create(
                {
                    "partner_id": (partner or self.customer).id,
                    "order_line": [Command.create({"product_id": self.product.id, "product_uom_qty": quantity})],
                }
            )
        )
        order._update_programs_and_rewards()
        return order

    def _try(self, function, *args):
        """Call what must be refused or have no effect; the assertion that follows tells."""
        try:
            with self.env.cr.savepoint():
                function(*args)
        except (AccessError, UserError):
            self.env.invalidate_all()

    def _paid_with_points(self, card):
        order = self._order(2)
        order._apply_program_reward(self.reward, card)
        order.action_confirm()
        return order, order.order_line.filtered("reward_id")

    def test_cost_of_a_reward_line_mints_points(self):
        card = self._card(500)
        __, line = self._paid_with_points(card)
        balance = card.points
        self._try(line.write, {"points_cost": -1_000_000})
        self.assertEqual(card.points, balance)

    def test_new_line_with_a_negative_cost_mints_points(self):
        card = self._card(500)
        order, __ = self._paid_with_points(card)
        balance = card.points
        line = {"product_id": self.product.id, "coupon_id": card.id, "points_cost": -1_000_000}
        self._try(order.write, {"order_line": [Command.create(line)]})
        self.assertEqual(card.points, balance)

    def test_cost_moves_to_the_card_of_a_stranger(self):
        card, other = self._card(500), self._card(500, partner=self.stranger)
        __, line = self._paid_with_points(card)
        self._try(line.write, {"coupon_id": other.id, "points_cost": 100})
        self.assertEqual(other.points, 500)

    def test_given_points_are_edited(self):
        gift_cards = self.env["loyalty.program"].create(
            {"name": "Gift cards", "program_type": "gift_card", "applies_on": "future", "trigger": "auto"}
        )
        card = self.env["loyalty.card"].create({"program_id": gift_cards.id, "points": 50})
        order = self._order(2).with_user(self.manager)
        self._try(order.write, {"coupon_point_ids": [Command.create({"coupon_id": card.id, "points": 1_000_000})]})
        order.action_confirm()
        self.assertEqual(card.points, 50)

    def test_reward_line_moves_to_another_order(self):
        card = self._card(500)
        self.program.rule_ids.minimum_qty = 99
        order = self._order(2)
        order._apply_program_reward(self.reward, card)
        free = self._order(1)
        free.action_confirm()
        self._try(order.order_line.filtered("reward_id").write, {"order_id": free.id})
        self.assertFalse(free.order_line.filtered("reward_id"), "a discount that cost no points")

    def test_two_orders_at_once_overspend(self):
        card = self._card(150)
        self.program.rule_ids.minimum_qty = 99
        orders = self._order() | self._order()
        for order in orders:
            order._apply_program_reward(self.reward, card)
        self._try(orders.action_confirm)
        self.assertGreaterEqual(card.points, 0)

    def test_cancel_after_the_quantity_was_edited(self):
        card = self._card(500)
        order = self._order(2)
        order.action_confirm()
        order.order_line.product_uom_qty = 9
        order._update_programs_and_rewards()
        order.with_user(self.manager)._action_cancel()
        self.assertEqual(card.points, 500)

    def test_quantity_to_zero_and_back_earns_again(self):
        card = self._card()
        order = self._order(2)
        order.action_confirm()
        for quantity in (0, 2):
            order.order_line.product_uom_qty = quantity
            order.sudo()._update_programs_and_rewards()
        self.assertEqual(card.points, 200)

    def test_state_back_to_draft_earns_again(self):
        card = self._card()
        order = self._order(2)
        order.action_confirm()
        self._try(order.write, {"state": "draft"})
        self._try(order.action_confirm)
        self.assertEqual(card.points, 200)

    def test_confirmed_without_the_button_spends_nothing(self):
        card = self._card(150)
        self.program.rule_ids.minimum_qty = 99
        order = self._order()
        order._apply_program_reward(self.reward, card)
        self._try(order.write, {"state": "sale"})
        self.assertEqual(card.points, 50 if order.state == "sale" else 150)

    def test_expired_card_earns(self):
        card = self._card()
        self.env.cr.execute("UPDATE loyalty_card SET expiration_date = '2020-01-01' WHERE id = %s", [card.id])
        card.invalidate_recordset()
        self._order(2).action_confirm()
        self.assertEqual(card.points, 0)

    def test_contact_does_not_earn_on_the_card_of_its_company(self):
        company = self.env["res.partner"].create({"name": "Acme", "is_company": True})
        contact = self.env["res.partner"].create({"name": "Eve", "parent_id": company.id})
        card = self._card(500, partner=company)
        self._order(2, partner=contact).action_confirm()
        self.assertEqual(card.points, 700)

    def test_card_of_the_first_customer_pays_for_the_second(self):
        card = self._card(500)
        order = self._order(2)
        order._apply_program_reward(self.reward, card)
        order.sudo().partner_id = self.stranger
        order.sudo()._update_programs_and_rewards()
        order.action_confirm()
        self.assertEqual(card.points, 500)

    def test_changing_the_customer_makes_a_card_without_owner(self):
        self._card(500)
        order = self._order(2)
        order.sudo().partner_id = self.stranger
        order.sudo()._update_programs_and_rewards()
        cards = self.env["loyalty.card"].search([("program_id", "=", self.program.id)])
        self.assertNotIn(self.env["res.partner"], [card.partner_id for card in cards])

    def test_card_of_a_stranger_is_put_on_the_order(self):
        other = self._card(500, partner=self.stranger)
        order = self._order(2)
        order.applied_coupon_ids += other
        order._apply_program_reward(self.reward, other)
        self._try(order.action_confirm)
        self.assertEqual(other.points, 500)

    def test_salesperson_cannot_cancel_an_order_with_points(self):
        card = self._card()
        order = self._order(2)
        order.action_confirm()
        self._try(order._action_cancel)
        self.assertEqual((order.state, card.points), ("cancel", 0))

    def test_refunded_gift_card_can_still_be_spent(self):
        gift_card = self.env["product.product"].create(
            {"name": "Gift Card", "type": "service", "list_price": 50.0, "taxes_id": False, "invoice_policy": "order"}
        )
        program = self.env["loyalty.program"].create(
            {
                "name": "Gift Cards",
                "program_type": "gift_card",
                "trigger": "auto",
                "applies_on": "future",
                "rule_ids": [
                    Command.clear(),
                    Command.create(
                        {"product_ids": gift_card.ids, "reward_point_mode": "money", "reward_point_amount": 1}
                    ),
                ],
            }
        )
        order = self.env["sale.order"].create(
            {"partner_id": self.customer.id, "order_line": [Command.create({"product_id": gift_card.id})]}
        )
        order._update_programs_and_rewards()
        order.action_confirm()
        card = order.coupon_point_ids.coupon_id.filtered(lambda card: card.program_id == program)
        self.assertEqual(card.points, 50)
        invoice = order._create_invoices()
        invoice.action_post()
        invoice._reverse_moves(cancel=True)
        self.assertEqual(card.points, 0)

    # --- returns -------------------------------------------------------------------------------------------------

    def _give_when_paid(self):
        """The program gives points when the order is paid, where there is a choice."""
        if "issue_on" in self.program._fields:
            self.program.issue_on = "paid"

    def _pay(self, invoice):
        wizard = self.env["account.payment.register"].with_context(active_model="account.move", active_ids=invoice.ids)
        wizard.create({})._create_payments()
        self.env.cr.flush()
        self.env.invalidate_all()

    def _sold(self, **values):
        """A confirmed, invoiced and paid order of two pieces."""
        self.product.write({"invoice_policy": "order", **values})
        order = self._order(2)
        order.action_confirm()
        if self.product.invoice_policy == "delivery":
            order.order_line.qty_delivered = 2
        invoice = order.sudo()._create_invoices()
        invoice.action_post()
        self._pay(invoice)
        return order.sudo(), invoice

    def test_unpaid_order_earns(self):
        """Points are there when an order is confirmed, whether somebody pays or not."""
        self._give_when_paid()
        card = self._card()
        self._order(2).action_confirm()
        self.env.cr.flush()
        self.assertEqual(card.points, 0)

    def test_credited_invoice_keeps_its_points(self):
        """The invoice is credited in full and the money goes back; the points stay."""
        self._give_when_paid()
        card = self._card()
        __, invoice = self._sold()
        self.assertEqual(card.points, 200)
        invoice._reverse_moves(cancel=True)
        self.env.cr.flush()
        self.assertEqual(card.points, 0)

    def test_returned_quantity_keeps_its_points(self):
        """One of two pieces comes back, and the order credits it; the points of both stay."""
        self._give_when_paid()
        card = self._card()
        order, __ = self._sold(invoice_policy="delivery")
        self.assertEqual(card.points, 200)
        order.order_line.qty_delivered = 1
        note = order._create_invoices(final=True)
        note.action_post()
        self.env.cr.flush()
        self.assertEqual((note.move_type, note.amount_total, card.points), ("out_refund", 100, 100))

    def test_given_points_are_removed_before_the_order_is_cancelled(self):
        """What an order gave is deleted from it; cancelling the order then takes nothing back."""
        card = self._card()
        order = self._order(2)
        order.action_confirm()
        self._try(order.sudo().coupon_point_ids.unlink)
        order.with_user(self.manager)._action_cancel()
        self.assertEqual(card.points, 0)

    def test_goods_of_a_gift_card_are_paid_out_in_cash(self):
        """A gift card paid 50 of 100; the goods are credited without its line, for 100 in cash."""
        program = self.env["loyalty.program"].create(
            {
                "name": "Gift Cards",
                "program_type": "gift_card",
                "applies_on": "future",
                "trigger": "auto",
                "reward_ids": [
                    Command.clear(),
                    Command.create({"discount": 1, "discount_mode": "per_point", "discount_applicability": "order"}),
                ],
            }
        )
        if "unlinked_return_policy" in program._fields:
            program.unlinked_return_policy = "refuse"
        card = self.env["loyalty.card"].create({"program_id": program.id, "points": 50})
        self.product.invoice_policy = "order"
        order = self._order(1).sudo()
        order._try_apply_code(card.code)
        order._apply_program_reward(program.reward_ids, card)
        order.action_confirm()
        invoice = order._create_invoices()
        invoice.action_post()
        self.assertEqual((invoice.amount_total, card.points), (50, 0))
        note = invoice._reverse_moves()
        lines = note.invoice_line_ids.filtered(lambda line: line.price_total < 0)
        note.write({"invoice_line_ids": [Command.delete(line.id) for line in lines]})
        self._try(note.action_post)
        self.assertEqual((note.amount_total, note.state), (100, "draft"))
