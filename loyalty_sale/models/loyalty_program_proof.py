"""What the proof of a program knows about orders: what they link, and when they no longer need points."""

from odoo import models
from odoo.tools import SQL


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _return_links(self, date):
        """Credit notes of an order return its invoices, also where nothing but its lines links them."""
        rows = self.env.execute_query(
            SQL(
                """
                WITH notes AS (
                     SELECT DISTINCT r.id, s.order_id FROM account_move r
                       JOIN account_move_line rl ON rl.move_id = r.id
                       JOIN sale_order_line_invoice_rel rr ON rr.invoice_line_id = rl.id
                       JOIN sale_order_line s ON s.id = rr.order_line_id
                      WHERE r.move_type = 'out_refund' AND r.state = 'posted' AND r.date <= %(date)s
                        AND r.company_id = ANY(%(companies)s))
                SELECT DISTINCT n.id, i.id FROM notes n JOIN sale_order_line s ON s.order_id = n.order_id
                  JOIN sale_order_line_invoice_rel x ON x.order_line_id = s.id
                  JOIN account_move_line l ON l.id = x.invoice_line_id
                  JOIN account_move i ON i.id = l.move_id
                 WHERE i.move_type = 'out_invoice' AND i.state = 'posted'
                """,
                date=date,
                companies=self._companies_of_books().ids,
            )
        )
        links = [(("account.move", note), ("account.move", invoice)) for note, invoice in rows]
        return [*super()._return_links(date), *links]

    def _needless_holds(self):
        return [
            *super()._needless_holds(),
            SQL(
                """
                h.res_model = 'sale.order' AND NOT EXISTS (
                    SELECT 1 FROM sale_order o WHERE o.id = h.res_id AND o.loyalty_hold_id = h.id AND o.state = 'sale')
                """
            ),
            SQL("h.id = ANY(%s)", self._holds_of_settled_orders()),
        ]

    def _holds_of_settled_orders(self):
        """Return ids of reservations of confirmed orders of which nothing is left that points could cover."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT o.id FROM loyalty_hold h JOIN sale_order o ON o.loyalty_hold_id = h.id
                 WHERE h.program_id = %s AND h.state = 'active' AND o.state = 'sale' AND (o.locked OR EXISTS (
                       SELECT 1 FROM sale_order_line s WHERE s.order_id = o.id AND (
                              s.qty_invoiced <> 0 OR s.product_uom_qty = 0 OR s.is_downpayment OR s.qty_delivered <> 0))
                       OR o.invoice_status IN ('invoiced', 'no'))
                """,
                self.id,
            )
        )
        # Orders that nobody touched since they were confirmed need their points; the others are looked at.
        orders = self.env["sale.order"].browse([order_id for (order_id,) in rows])
        return orders.filtered(lambda order: not order._needs_points()).loyalty_hold_id.ids
