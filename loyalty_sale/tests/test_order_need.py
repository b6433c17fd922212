from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .points_common import OrderPointsCase


@tagged("post_install", "-at_install")
class TestOrderNeed(OrderPointsCase):
    """Reserved points of an order are free when it needs them no longer, whatever ended the need."""

    def settle(self):
        """What a commit does first."""
        self.env.cr.flush()
        self.env.invalidate_all()

    def delivered_in_part(self, **values):
        """An order over 3 x 40.00 that reserves 10,000 points; one piece is delivered and invoiced."""
        self.product.invoice_policy = "delivery"
        order = self.confirmed({"price_unit": 40, "product_uom_qty": 3}, **values)
        self.assertCard(10000, 10000)
        self.deliver(order, 1)
        self.make_invoices(order).action_post()
        self.settle()
        self.assertCard(6667, 6667)
        return order

    def test_quantity_lowered(self):
        """N29, N6: the ordered quantity is lowered to what is invoiced: nothing is left that points could cover."""
        order = self.delivered_in_part()
        order.order_line.product_uom_qty = 1
        self.settle()
        self.assertCard(6667, 0)
        self.assertFalse(order.sudo().loyalty_hold_id)

    def test_locked(self):
        """N29, N6: an order that is locked by hand is not delivered any further; unlocked, Recalculate reserves again."""
        order = self.delivered_in_part()
        order.action_lock()
        self.settle()
        self.assertCard(6667, 0)
        order.action_unlock()
        order.action_recalculate_loyalty_points()
        self.assertCard(6667, 6667)

    def test_backorder_cancelled(self):
        """N29, N6: what was not delivered will not be: the rest of the picking is cancelled, and the points are free."""
        if "move_ids" not in self.env["sale.order.line"]._fields:
            return  # without the app Inventory nobody says so but the lock
        order = self.delivered_in_part()
        moves = order.order_line.sudo().move_ids
        self.assertTrue(moves)
        moves._action_cancel()
        self.settle()
        self.assertCard(6667, 0)

    def test_locked_before_delivery(self):
        """N29, N6: a lock that protects an order before anything is delivered frees nothing."""
        self.product.invoice_policy = "delivery"
        order = self.confirmed(40)
        order.action_lock()
        self.settle()
        self.assertCard(10000, 4000)

    def test_locked_at_confirmation(self):
        """N29, N6: where all orders are locked when they are confirmed, a lock says nothing."""
        self.env.user.group_ids |= self.env.ref("sale.group_auto_done_setting")
        self.env.ref("base.group_user").implied_ids |= self.env.ref("sale.group_auto_done_setting")
        order = self.delivered_in_part()
        self.assertTrue(order.locked)
        self.assertCard(6667, 6667)

    def test_locked_before_the_invoice(self):
        """N29, N6: an order invoiced by what is ordered still needs its points after a lock."""
        order = self.confirmed(40)
        order.action_lock()
        self.settle()
        self.assertCard(10000, 4000)
        invoice = self.make_invoices(order)
        invoice.action_post()
        self.assertCard(6000, 0)

    def test_line_removed(self):
        """N29, N6: a price of 0 or a line that is gone needs no points."""
        order = self.confirmed(40)
        order.order_line.price_unit = 0
        self.settle()
        self.assertCard(10000, 0)

    def test_drafts_keep_points(self):
        """N29, N6: while an invoice is a draft it may be deleted, so the points stay; posted, the rest is free."""
        order = self.confirmed(40)
        invoice = self.make_invoices(order)
        invoice.invoice_line_ids.price_unit = 25
        self.settle()
        self.assertCard(10000, 4000)
        invoice.action_post()
        self.settle()
        self.assertCard(7500, 0)

    def test_recalculate_after_payment(self):
        """N29, P17: Recalculate never reserves for what is on an invoice, paid or not."""
        order = self.confirmed(40, use=False)
        invoice = self.make_invoices(order)
        invoice.action_post()
        self.tick(order)
        self.assertCard(10000, 0)
        order.action_recalculate_loyalty_points()
        self.pay(invoice)
        order.action_recalculate_loyalty_points()
        self.settle()
        self.assertEqual(order.loyalty_points_to_use, 0)
        self.assertCard(10040, 0)

    def test_recalculate_after_deposit(self):
        """N29, P17: a deposit of 30 % of 100.00 leaves 70.00 for points, also after the final draft is deleted."""
        order = self.confirmed(100, use=False)
        deposit = self.make_invoices(order, advance_payment_method="percentage", amount=30)
        deposit.action_post()
        self.pay(deposit)
        self.tick(order)
        self.assertEqual(order.loyalty_points_to_use, 7000)
        final = self.make_invoices(order)
        self.assertEqual((final.amount_total, final.loyalty_points_reserved), (70, 7000))
        final.unlink()
        order.invalidate_recordset()
        order.action_recalculate_loyalty_points()
        self.assertCard(10030, 7000)

    def paid_online(self, order, amount):
        """A payment of the customer on the web page of the order."""
        provider = self.env["payment.provider"].create({"name": "Web", "company_id": self.company.id})
        self.env["payment.transaction"].create(
            {
                "provider_id": provider.id,
                "payment_method_id": self.env.ref("payment.payment_method_unknown").id,
                "amount": amount,
                "currency_id": order.currency_id.id,
                "partner_id": order.partner_id.id,
                "sale_order_ids": [Command.set(order.ids)],
                "state": "done",
            }
        )

    def test_paid_online(self):
        """N29, N6: points are reserved for what an online payment leaves; an order that was paid stands without points
        that are gone."""
        order = self.make_order(100)
        self.paid_online(order, 60)
        order.action_recalculate_loyalty_points()
        order.action_confirm()
        self.assertCard(10000, 4000)
        late = self.make_order(100)
        self.paid_online(late, 40)
        late.action_recalculate_loyalty_points()
        self.assertEqual(late.loyalty_points_to_use, 6000)
        self.card._post_entries(
            [{"card_id": self.card.id, "kind": "adjust", "points": -6000, "key": "x", "reason": "x"}]
        )
        late.action_confirm()
        self.assertEqual(late.state, "sale")
        self.assertCard(4000, 4000)
        self.assertIn("No loyalty points are used", "".join(late.message_ids.mapped("body")))

    def test_old_reservations(self):
        """N29, N8: the list finds reservations of more than 30 days; a loyalty manager frees them at once, a user not."""
        orders = self.confirmed(40) | self.confirmed(50)
        holds = orders.sudo().loyalty_hold_id
        self.env.flush_all()
        self.env.cr.execute("SELECT set_config('loyalty.hand_over', 'on', true)")
        self.env.cr.execute(
            "UPDATE loyalty_hold SET date = %s WHERE id IN %s",
            [fields.Date.today() - timedelta(days=31), tuple(holds.ids)],
        )
        self.env.invalidate_all()
        user = new_test_user(
            self.env,
            "loyalty_hold_user",
            groups="loyalty_ledger.group_loyalty_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        view = self.env.ref("loyalty_ledger.loyalty_hold_view_search")
        self.assertIn('name="old"', view.arch)
        found = self.env["loyalty.hold"].search(
            [("card_id", "=", self.card.id), ("is_active", "=", True), ("date", "<", "today -30d")]
        )
        self.assertEqual(found, holds)
        self.assertEqual(set(holds.mapped("document_name")), set(orders.mapped("name")))
        with self.assertRaises(AccessError):
            holds.with_user(user).action_release()
        self.assertCard(10000, 9000)
        holds.with_user(self.env.user).action_release()
        self.assertCard(10000, 0)
        self.assertEqual(sum(orders.mapped("loyalty_points_reserved")), 0)

    def test_taxes_rounded_globally(self):
        """N29, C21: 10 x 0.35 + 15 % are 4.03 where taxes are rounded on the whole: 403 points cover the order in
        full."""
        self.company.tax_calculation_rounding_method = "round_globally"
        line = {"price_unit": 0.35, "tax_ids": [Command.set(self.sale_taxes[15].ids)]}
        order = self.confirmed(*[line] * 10)
        self.assertEqual(
            (order.amount_total, order.loyalty_points_to_use, order.loyalty_amount_to_use), (4.03, 403, 4.03)
        )
        self.assertCard(10000, 403)

    def test_prices_rounded_globally(self):
        """N29, C21: 10 times 0.35 less 10 % are 3.15, not 10 times 0.32: with 15 % 3.62, which 362 points cover."""
        self.company.tax_calculation_rounding_method = "round_globally"
        line = {"price_unit": 0.35, "discount": 10, "tax_ids": [Command.set(self.sale_taxes[15].ids)]}
        order = self.confirmed(*[line] * 10)
        self.assertEqual(
            (order.amount_total, order.loyalty_points_to_use, order.loyalty_amount_to_use), (3.62, 362, 3.62)
        )
        self.assertCard(10000, 362)
