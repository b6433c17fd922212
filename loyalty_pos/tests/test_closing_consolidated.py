from uuid import uuid4

from odoo.tests import tagged

from .test_session_closing import ClosingCase, ReductionCase


class ConsolidatedCase(ClosingCase):
    """Two sales and a return of the first, which the back office invoices together, as customers of the trade ask for."""

    def invoice_together(self, late, totals):
        first = self.first_sale()
        orders = first | self.second_sale() | self.returned(first)
        if late:
            self.close()
        wizard = self.env["pos.make.invoice"].with_context(active_ids=orders.ids)
        wizard.create({"consolidated_billing": True}).action_create_invoices()
        self.env.invalidate_all()
        move = orders.sudo().account_move
        self.assertRecordValues(move, [{"move_type": "out_invoice", "payment_state": "paid", "amount_residual": 0.0}])
        found = {
            account: sum(lines.mapped("balance")) for account, lines in move.line_ids.grouped("account_id").items()
        }
        self.assertEqual(
            {account: self.company.currency_id.round(found.get(account, 0.0)) for account in totals}, totals
        )
        self.assertProved()
        if not late:
            self.close()


@tagged("post_install", "-at_install")
class TestConsolidatedPayments(ConsolidatedCase):
    """Points pay a part."""

    def first_sale(self):
        return self.sale(50.0)

    def second_sale(self):
        return self.sale(30.0)

    def returned(self, order):
        return self.refund(order, 1, 50.0)

    def test_consolidated_invoice(self):
        """N3, N4, N29: orders that points paid in part share an invoice, before or after their session is closed."""
        for late in (False, True):
            with self.subTest(late=late):
                self.invoice_together(late, {self.revenue: -100.0, self.output_vat: -15.0})
                self.pos_session = self.open_session(self.pos_session.config_id)
        self.assertEqual(self.card.points, 1000 - 30 - 30)


@tagged("post_install", "-at_install")
class TestConsolidatedReductions(ConsolidatedCase, ReductionCase):
    """Points lower the price: of the first sale, nothing is left to pay."""

    def first_sale(self):
        uuid, order_uuid = str(uuid4()), str(uuid4())
        self.hold(115, uuid, order_uuid=order_uuid)
        return self.sell([self.taxed(100, 15), self.reduction(100, uuid)], self.ann, uuid=order_uuid)

    def second_sale(self):
        return self.reduced_sale()

    def returned(self, order):
        goods, less = order.lines
        return self.sell(
            [
                self.taxed(100, 15, qty=-1, refunded_orderline_id=goods.id),
                self.reduction(100, False, qty=-1, refunded_orderline_id=less.id),
            ],
            self.ann,
            is_refund=True,
        )

    def test_consolidated_invoice(self):
        """N3, N4, N29: orders and a return of no total share an invoice; each line goes its own way."""
        for late in (False, True):
            with self.subTest(late=late):
                totals = {self.revenue: -100.0, self.cost_account: 43.48, self.output_vat: -8.48}
                self.invoice_together(late, totals)
                self.pos_session = self.open_session(self.pos_session.config_id)
        self.assertEqual(self.card.points, 1000 - 50 - 50)
