"""What the books of gift cards and wallets know about registers."""

from odoo import models
from odoo.tools import SQL


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _stored_links(self, documents, moves):
        """An order changes the card; its invoice, or the closing entry of its session, books the money; both do where the
        invoice came after the closing."""
        settled = self._stored_settled_orders(documents)
        rows = self.env.execute_query(
            SQL(
                """
                WITH nodes AS (
                     SELECT o.id, o.account_move, s.move_id AS closing, r.id AS reversal
                       FROM pos_order o JOIN pos_session s ON s.id = o.session_id
                       LEFT JOIN account_move r ON r.reversed_pos_order_id = o.id
                      WHERE o.id = ANY(%(orders)s::int[]) OR o.account_move = ANY(%(moves)s::int[])
                         OR r.id = ANY(%(moves)s::int[]))
                SELECT id, account_move FROM nodes WHERE account_move IS NOT NULL
                 UNION
                -- Invoiced after the closing, which an entry of its own takes back.
                SELECT id, reversal FROM nodes WHERE reversal IS NOT NULL
                 UNION
                SELECT id, closing FROM nodes WHERE closing IS NOT NULL AND (account_move IS NULL OR reversal IS NOT NULL)
                """,
                orders=list({*documents.get("pos.order", ()), *(order for __, (__, order) in settled)}),
                moves=list({*moves, *documents.get("account.move", ())}),
            )
        )
        links = [(("pos.order", order), ("account.move", move)) for order, move in rows]
        return [*super()._stored_links(documents, moves), *settled, *links]

    def _stored_settled_orders(self, documents):
        """Sales orders that a register settles change the card; the register books the money."""
        if "sale_order_origin_id" not in self.env["pos.order.line"]._fields or "sale.order" not in self.env:
            return []
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT sale_order_origin_id, order_id FROM pos_order_line WHERE sale_order_origin_id = ANY(%s::int[])",
                list(documents.get("sale.order", ())),
            )
        )
        return [(("sale.order", order), ("pos.order", sold)) for order, sold in rows]

    def _stored_waiting(self, documents, date):
        """What the session of an order books when it is closed."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT o.id, sum(l.price_subtotal / COALESCE(NULLIF(o.currency_rate, 0), 1))
                  FROM pos_order o JOIN pos_session s ON s.id = o.session_id JOIN pos_order_line l ON l.order_id = o.id
                  LEFT JOIN account_move r ON r.reversed_pos_order_id = o.id
                  -- An invoice after the closing books what an entry of its own takes back.
                  LEFT JOIN account_move m ON m.id = CASE WHEN r.id IS NULL THEN COALESCE(o.account_move, s.move_id)
                                                          ELSE s.move_id END
                 WHERE o.id = ANY(%(orders)s::int[]) AND l.product_id = ANY(%(products)s::int[])
                   AND (m.id IS NULL OR m.state <> 'posted' OR m.date > %(date)s)
                 GROUP BY o.id
                """,
                orders=list(documents.get("pos.order", ())),
                products=self._stored_value_products().ids,
                date=date,
            )
        )
        text = self.env._("The session of the register is not closed yet")
        waiting = {("pos.order", order): (self.currency_id.round(float(amount)), text) for order, amount in rows}
        return {**super()._stored_waiting(documents, date), **waiting}
