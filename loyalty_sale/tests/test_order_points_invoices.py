from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.account_payment.tests.common import AccountPaymentCommon

from .points_common import OrderPointsCase


@tagged("post_install", "-at_install")
class TestOrderPointsInvoices(OrderPointsCase):
    """Reserved points of an order pay its invoices."""

    def test_one_invoice(self):
        """C11, S11, P14: the draft takes the reservation over, posting redeems it: Dr redemption, Cr receivable."""
        order = self.confirmed(40)
        hold = order.sudo().loyalty_hold_id
        invoice = self.make_invoices(order)
        self.assertEqual(invoice.loyalty_hold_id, hold)
        self.assertEqual((hold.res_model, hold.res_id, hold.expires_at), ("account.move", invoice.id, False))
        self.assertEqual((invoice.loyalty_points_reserved, invoice.loyalty_amount_reserved), (4000, 40))
        self.assertCard(10000, 4000)
        self.assertEqual((order.loyalty_points_reserved, order.loyalty_points_to_use), (4000, 4000))
        invoice.action_post()
        self.assertCard(6000, 0)
        self.assertEqual((hold.state, invoice.payment_state), ("consumed", "paid"))
        self.assertEntry(
            self.loyalty_payments(invoice).move_id, [(self.cost_account, 40, []), (self.receivable, -40, [])]
        )
        order.invalidate_recordset()
        self.assertEqual((order.loyalty_points_redeemed, order.loyalty_points_reserved), (4000, 0))
        self.assertEqual(order.loyalty_points_to_use, 4000)
        self.assertFalse(order.loyalty_misfits)

    def test_several_invoices(self):
        """P14, N6: each invoice takes its part of the points, the last one the remainder, whatever the order in which
        they are confirmed."""
        self.product.invoice_policy = "delivery"
        order = self.confirmed({"price_unit": 50, "product_uom_qty": 3})
        self.assertCard(10000, 10000)
        invoices = []
        for quantity in (1, 2, 3):
            self.deliver(order, quantity)
            invoices.append(self.make_invoices(order))
            self.assertCard(10000, 10000)
        self.assertEqual([invoice.loyalty_points_reserved for invoice in invoices], [3333, 3334, 3333])
        self.assertEqual([invoice.loyalty_amount_reserved for invoice in invoices], [33.33, 33.34, 33.33])
        for position, left in ((2, 6667), (0, 3334), (1, 0)):
            invoices[position].action_post()
            self.assertCard(left, left)
        self.assertEqual([invoice.amount_residual for invoice in invoices], [16.67, 16.66, 16.67])
        self.assertEntry(
            self.loyalty_payments(invoices[1]).move_id, [(self.cost_account, 33.34, []), (self.receivable, -33.34, [])]
        )

    def test_deposit(self):
        """P14: a down payment takes its part of the points, the final invoice the rest."""
        order = self.confirmed(100)
        deposit = self.make_invoices(order, advance_payment_method="percentage", amount=30)
        self.assertEqual((deposit.amount_total, deposit.loyalty_points_reserved), (30, 3000))
        final = self.make_invoices(order)
        self.assertEqual((final.amount_total, final.loyalty_points_reserved), (70, 7000))
        (deposit | final).action_post()
        self.assertEqual((deposit | final).mapped("payment_state"), ["paid", "paid"])
        self.assertCard(0, 0)

    def test_deleted_and_cancelled_drafts(self):
        """C18, N6: a draft that is deleted or cancelled hands its points back to the order, reserved all the while."""
        order = self.confirmed(40)
        invoice = self.make_invoices(order)
        invoice.unlink()
        self.assertCard(10000, 4000)
        self.assertEqual(order.sudo().loyalty_hold_id.points, 4000)
        invoice = self.make_invoices(order)
        invoice.button_cancel()
        self.assertCard(10000, 4000)
        self.assertFalse(invoice.loyalty_hold_id or invoice.loyalty_order_points)
        invoice = self.make_invoices(order)
        self.assertEqual(invoice.loyalty_points_reserved, 4000)
        self.assertEqual(self.holds(order), [("account.move", 4000, "active")])
        invoice.action_post()
        self.assertCard(6000, 0)

    def test_drafts_join_again(self):
        """N6: parts that two drafts took join on the order again, and the next invoice takes them all."""
        self.product.invoice_policy = "delivery"
        order = self.confirmed({"price_unit": 50, "product_uom_qty": 2})
        drafts = self.env["account.move"]
        for quantity in (1, 2):
            self.deliver(order, quantity)
            drafts |= self.make_invoices(order)
        self.assertEqual(drafts.mapped("loyalty_points_reserved"), [5000, 5000])
        drafts.unlink()
        self.assertCard(10000, 10000)
        invoice = self.make_invoices(order)
        self.assertEqual((invoice.loyalty_points_reserved, invoice.loyalty_amount_reserved), (10000, 100))
        self.assertCard(10000, 10000)

    def test_cancelled_order(self):
        """C18: cancelling the order cancels its draft invoices and frees all of its points."""
        order = self.confirmed(40)
        invoice = self.make_invoices(order)
        # Odoo lets nobody cancel the draft invoice without a right in accounting.
        self.salesperson.sudo().group_ids += self.env.ref("account.group_account_invoice")
        order._action_cancel()
        self.assertEqual(invoice.state, "cancel")
        self.assertCard(10000, 0)

    def test_paid_otherwise(self):
        """N6: where other payments leave nothing to pay, posting is not stopped; what is not needed is free."""
        order = self.confirmed(40)
        invoice = self.make_invoices(order)
        invoice.invoice_line_ids.price_unit = 25
        invoice.action_post()
        self.assertEqual(invoice.payment_state, "paid")
        self.assertEqual(self.loyalty_payments(invoice).loyalty_points, 2500)
        self.assertCard(7500, 0)

    def test_points_taken_off(self):
        """C18: who takes points off an invoice frees them; they do not come back by themselves."""
        order = self.confirmed(40)
        invoice = self.make_invoices(order)
        self.apply_points(invoice, points=1000)
        self.assertCard(10000, 1000)
        invoice.action_post()
        self.assertCard(9000, 0)
        self.assertEqual(invoice.amount_residual, 30)

    def test_credit_note(self):
        """N4, P17: crediting the invoice gives the points back to the card; Recalculate reserves them for the next one."""
        order = self.confirmed(40)
        invoice = self.make_invoices(order)
        invoice.action_post()
        invoice.with_user(self.clerk)._reverse_moves([{"invoice_date": invoice.invoice_date}], cancel=True)
        self.assertCard(10000, 0)
        order.invalidate_recordset()
        self.assertEqual(order.loyalty_points_redeemed, 0)
        self.assertIn("4,000 more points", order.loyalty_notice)
        order.action_recalculate_loyalty_points()
        self.assertEqual((order.loyalty_points_to_use, order.loyalty_amount_to_use), (4000, 40))
        self.assertCard(10000, 4000)
        again = self.make_invoices(order)
        again.action_post()
        self.assertEqual(again.payment_state, "paid")
        self.assertCard(6000, 0)

    def test_orders_invoiced_together(self):
        """P14: an order that uses points has an invoice of its own; others of the customer go together."""
        using, plain, other = self.confirmed(40), self.confirmed(60, use=False), self.confirmed(70, use=False)
        invoices = self.make_invoices(using | plain | other)
        self.assertEqual(sorted(invoices.mapped("amount_total")), [40, 130])
        self.assertEqual(invoices.filtered("loyalty_hold_id").amount_total, 40)

    def test_input_tax(self):
        """S24, N3: an order over 115.00 of which points cover 50.00 ends in the entry of the reference scenario."""
        self.program.write({"vat_mode": "input_tax", "point_value": 0.005})
        order = self.confirmed({"price_unit": 100, "tax_ids": [Command.set(self.sale_taxes[15].ids)]})
        self.assertEqual((order.amount_total, order.loyalty_amount_to_use), (115, 50))
        invoice = self.make_invoices(order)
        invoice.action_post()
        tags = self.tags
        self.assertEntry(
            self.loyalty_payments(invoice).move_id,
            [
                (self.cost_account, 43.48, [tags["purchase", 15, "invoice", "base"]]),
                (self.input_vat, 6.52, [tags["purchase", 15, "invoice", "tax"]]),
                (self.receivable, -50, []),
            ],
        )
        self.assertEqual(
            (invoice.amount_residual, self.vat(invoice, self.loyalty_payments(invoice).move_id)), (65, 8.48)
        )

    def test_parts_round_down(self):
        """N29: points worth less than a cent: an order uses none that pay nothing, and no part of it gets more."""
        self.program.point_value = 0.005
        order = self.confirmed({"price_unit": 0.01}, {"price_unit": 0.01})
        hold = order.sudo().loyalty_hold_id
        self.assertEqual((hold.points, hold.amount), (4, 0.02))
        self.assertEqual([hold._worth(points) for points in (1, 2, 3, 4)], [0.0, 0.01, 0.01, 0.02])
        invoice = self.make_invoices(order)
        invoice.with_user(self.clerk).invoice_line_ids[:1].unlink()
        invoice.action_post()
        self.assertEqual((invoice.amount_total, self.loyalty_payments(invoice).loyalty_points), (0.01, 2))
        spent = self.make_order(100, use=False)
        self.card._post_entries([{"card_id": self.card.id, "kind": "redeem", "points": -9995, "key": "spent"}])
        self.assertEqual((self.card.available_points, spent.loyalty_points_to_use), (1, 0))

    def test_unmapped_tax(self):
        """S7: what points cannot cover never stops an invoice: it says why, and the points stay reserved."""
        self.program.vat_mode = "input_tax"
        self.program.tax_map_ids.filtered(lambda row: row.sale_tax_id == self.sale_taxes[15]).unlink()
        order = self.confirmed({"price_unit": 100, "tax_ids": [Command.set(self.sale_taxes[15].ids)]})
        invoice = self.make_invoices(order)
        self.assertFalse(invoice.loyalty_hold_id)
        self.assertIn("no input tax is mapped", "".join(invoice.message_ids.mapped("body")))
        self.assertCard(10000, 10000)
        invoice.action_post()
        self.assertCard(10000, 0)

    def test_filter_on_invoices(self):
        """bP5: invoices honour the filter of the program, by the dialog and for the share of an order's points."""
        tea = self.env["product.category"].create({"name": "Tea"})
        cup = self.env["product.product"].create(
            {"name": "Cup", "categ_id": tea.id, "invoice_policy": "delivery", "taxes_id": [Command.clear()]}
        )
        self.program.write({"redeem_filter": "only", "redeem_category_ids": tea.ids})
        order = self.confirmed({"price_unit": 60}, {"product_id": cup.id, "price_unit": 40})
        self.assertEqual(order.loyalty_points_to_use, 4000)
        coffee = self.make_invoices(order)
        self.assertEqual((coffee.amount_total, coffee.loyalty_points_reserved), (60, 0))
        coffee.action_post()
        self.assertEqual(coffee._loyalty_payable_amount(self.program), 0)
        order.order_line[1].qty_delivered = 1
        tea_invoice = self.make_invoices(order)
        self.assertEqual((tea_invoice.amount_total, tea_invoice.loyalty_points_reserved), (40, 4000))
        tea_invoice.action_post()
        self.assertEqual(tea_invoice.payment_state, "paid")

    def test_foreign_currency(self):
        """P19, N3: a foreign invoice of an order is paid at the rate of the day."""
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 0.5)])
        pricelist = self.env["product.pricelist"].create({"name": "Euro", "currency_id": euro.id})
        order = self.confirmed(20, pricelist_id=pricelist.id)
        invoice = self.make_invoices(order)
        self.assertEqual((invoice.currency_id, invoice.loyalty_points_reserved), (euro, 4000))
        invoice.action_post()
        self.assertEqual((invoice.payment_state, invoice.loyalty_points_redeemed), ("paid", 4000))
        self.assertCard(6000, 0)

    def test_expired_card(self):
        """N6, P11: reserved in time, points are redeemed though their card expired before the invoice came."""
        order = self.confirmed(40)
        self.card.expiration_date = "2026-03-16"
        with freeze_time("2026-04-01 12:00:00"):
            invoice = self.make_invoices(order)
            self.assertEqual(invoice.loyalty_points_reserved, 4000)
            invoice.action_post()
            self.assertEqual(self.loyalty_payments(invoice).loyalty_points, 4000)

    def test_automatic_rights(self):
        """P4: fields of the hand-over are the server's."""
        order = self.confirmed(40)
        invoice = self.make_invoices(order)
        for vals in ({"loyalty_order_id": False}, {"loyalty_order_points": 9}, {"loyalty_order_amount": 9}):
            with self.assertRaisesRegex(AccessError, "Points of an order"):
                invoice.write(vals)
        with self.assertRaisesRegex(AccessError, "Points of an order"):
            self.make_invoice(100, loyalty_order_points=9)
        foreign = self.make_invoice(100, loyalty_order_id=order.id)
        self.assertFalse(foreign.loyalty_order_id or foreign.loyalty_hold_id)


@tagged("post_install", "-at_install")
class TestOrderPointsOnline(OrderPointsCase, AccountPaymentCommon):
    """Customers who pay their order online."""

    def pay_online(self, order, amount):
        transaction = self._create_transaction(
            "direct",
            amount=amount,
            currency_id=order.currency_id.id,
            reference=f"{order.name}-{amount}",
            sale_order_ids=[Command.set(order.ids)],
        )
        transaction._set_done()
        transaction._post_process()
        return transaction

    def test_rest_paid_online(self):
        """N6, P23: what the customer paid online is not paid with points as well; what is left of them is free."""
        order = self.make_order(40)
        self.assertEqual(order.loyalty_points_to_use, 4000)
        self.pay_online(order, 30)
        order.invalidate_recordset()
        self.assertEqual(order.state, "sale")
        self.assertCard(10000, 1000)
        invoice = self.make_invoices(order)
        self.assertEqual((invoice.loyalty_points_reserved, invoice.amount_total), (1000, 40))
        invoice.action_post()
        self.assertEqual(self.loyalty_payments(invoice).loyalty_points, 1000)
        self.assertCard(9000, 0)

    def test_paid_in_full_online(self):
        """P23, P24: a payment of the whole order confirms it, also when its points are gone in the meantime; none is
        used."""
        order, other = self.make_order(40), self.confirmed(80)
        self.pay_online(order, 40)
        self.assertEqual(order.state, "sale")
        self.assertFalse(order.loyalty_use_points or order.sudo().loyalty_hold_id)
        self.assertIn("2,000 points available", "".join(order.message_ids.mapped("body")))
        self.assertEqual(other.loyalty_points_reserved, 8000)
        third = self.make_order(10)
        self.pay_online(third, 10)
        self.assertCard(10000, 8000)
        invoice = self.make_invoices(third)
        self.assertFalse(invoice.loyalty_points_reserved)
        invoice.action_post()
        self.assertCard(10000, 8000)


@tagged("post_install", "-at_install")
class TestOrderPointsReduction(OrderPointsCase):
    """Points that lower the price."""

    @classmethod
    def accounting_values(cls, **values):
        cls.contra_account = cls.make_account("Points Redeemed (Revenue)", "410900", "income")
        return super().accounting_values(
            **{"vat_mode": "price_reduction", "cost_account_id": cls.contra_account.id, **values}
        )

    def test_price_reduction(self):
        """N3: the invoice of the order gets negative lines with its own taxes, and keeps the order's reservation."""
        order = self.confirmed({"price_unit": 100, "tax_ids": [Command.set(self.sale_taxes[15].ids)]})
        self.assertEqual((order.amount_total, order.loyalty_points_to_use), (115, 10000))
        invoice = self.make_invoices(order)
        self.assertEqual((invoice.amount_total, invoice.loyalty_points_reserved), (15, 10000))
        invoice.action_post()
        tags = self.tags
        self.assertEntry(
            invoice,
            [
                (self.revenue, -100, [tags["sale", 15, "invoice", "base"]]),
                (self.contra_account, 86.96, [tags["sale", 15, "invoice", "base"]]),
                (self.output_vat, -1.96, [tags["sale", 15, "invoice", "tax"]]),
                (self.receivable, 15, []),
            ],
        )
        self.assertCard(0, 0)

    def test_several_reductions(self):
        """N3, N6: each invoice is lowered by its part; a deleted draft hands its part back."""
        self.product.invoice_policy = "delivery"
        order = self.confirmed({"price_unit": 60, "product_uom_qty": 2})
        self.deliver(order, 1)
        first = self.make_invoices(order)
        self.assertEqual((first.amount_total, first.loyalty_points_reserved), (10, 5000))
        first.button_cancel()
        self.assertCard(10000, 10000)
        first.button_draft()
        self.assertEqual(first.amount_total, 60)
        first.action_post()
        self.assertCard(10000, 10000)
        self.deliver(order, 2)
        second = self.make_invoices(order)
        self.assertEqual(second.loyalty_points_reserved, 6000)
        second.action_post()
        self.assertEqual(second.amount_total, 0)
        self.assertCard(4000, 0)
