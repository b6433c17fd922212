"""What the books of gift cards and wallets know about orders."""

from odoo import models
from odoo.tools import SQL


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _stored_links(self, documents, moves):
        """An order changes the card, its invoices and credit notes book the money."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT s.order_id, l.move_id
                  FROM sale_order_line_invoice_rel r
                  JOIN sale_order_line s ON s.id = r.order_line_id
                  JOIN account_move_line l ON l.id = r.invoice_line_id
                 WHERE s.order_id = ANY(%(orders)s::int[]) OR l.move_id = ANY(%(moves)s::int[])
                """,
                orders=list(documents.get("sale.order", ())),
                moves=list({*moves, *documents.get("account.move", ())}),
            )
        )
        links = [(("sale.order", order), ("account.move", move)) for order, move in rows]
        return [*super()._stored_links(documents, moves), *links]

    def _stored_waiting(self, documents, date):
        """What is ordered and was not invoiced until the day, at the rate of the order. What is credited does not wait."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT o.id, sum(s.price_subtotal / COALESCE(NULLIF(o.currency_rate, 0), 1)
                                 * GREATEST(0, 1 - COALESCE(i.quantity, 0) / s.product_uom_qty))
                  FROM sale_order o JOIN sale_order_line s ON s.order_id = o.id
                  LEFT JOIN LATERAL (
                       SELECT sum(l.quantity) AS quantity
                         FROM sale_order_line_invoice_rel r JOIN account_move_line l ON l.id = r.invoice_line_id
                         JOIN account_move m ON m.id = l.move_id
                        WHERE r.order_line_id = s.id AND m.move_type = 'out_invoice' AND m.state = 'posted'
                          AND m.date <= %(date)s) i ON TRUE
                 WHERE o.id = ANY(%(orders)s::int[]) AND o.state = 'sale' AND s.product_uom_qty <> 0
                   AND s.product_id = ANY(%(products)s::int[])
                 GROUP BY o.id
                """,
                date=date,
                orders=list(documents.get("sale.order", ())),
                products=self._stored_value_products().ids,
            )
        )
        text = self.env._("Ordered, not invoiced yet")
        waiting = {("sale.order", order): (self.currency_id.round(float(amount)), text) for order, amount in rows}
        return {**super()._stored_waiting(documents, date), **waiting}
