"""What the proof of a program knows about tills: value that waits for a closing, and what orders paid with points."""

from odoo import models
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.tools.today import loyalty_today


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _deferred_entries(self):
        """Points that orders of open sessions used keep their value in the books until the session closes."""
        return SQL(
            """
            SELECT id FROM (%s) deferred UNION ALL
            SELECT e.id FROM pos_session s JOIN pos_order o ON o.session_id = s.id
              JOIN loyalty_ledger_entry e ON e.res_model = 'pos.order' AND e.res_id = o.id
             WHERE s.state <> 'closed' AND e.program_id = %s
            """,
            super()._deferred_entries(),
            self.id,
        )

    def _redemption_rows(self, date):
        return [*super()._redemption_rows(date), *self._till_rows(date)]

    def _till_rows(self, date):
        """Redemptions of paid till orders, and what refunds gave back, against their payments or lines.

        They say the same before and after the closing, whose entry is made of them.
        """
        return self._money_rows(
            date,
            SQL(
                "res_model = 'pos.order' AND idempotency_key LIKE 'pos-pay:%%' AND idempotency_key NOT LIKE '%%:rewards:%%'"
            ),
            self._till_documents(date),
            SQL("substring(idempotency_key FROM '^pos-pay:(.+):(?:redeem|return:[0-9]+)$')"),
        )

    def _till_documents(self, date):
        """SQL of what paid orders say about points: the amounts of payments, the prices of lines."""
        return SQL(
            """
            WITH documents AS (
                 SELECT 'pos.payment' AS model, p.id, p.uuid, p.amount, p.pos_order_id, p.payment_method_id
                   FROM pos_payment p JOIN pos_payment_method m ON m.id = p.payment_method_id
                  WHERE m.loyalty_program_id = %(program)s AND p.amount <> 0
                  UNION ALL
                 SELECT 'pos.order.line', min(l.id),
                        CASE WHEN l.loyalty_redeem_uuid IS NOT NULL THEN l.loyalty_redeem_uuid
                             ELSE o.uuid || ':' || s.loyalty_redeem_uuid END,
                        -sum(l.price_subtotal_incl), l.order_id, NULL
                   FROM pos_order_line l JOIN pos_order o ON o.id = l.order_id
                   LEFT JOIN pos_order_line s ON s.id = l.refunded_orderline_id
                   JOIN loyalty_card c ON c.id = COALESCE(l.loyalty_card_id, s.loyalty_card_id)
                  WHERE (l.loyalty_redeem_uuid IS NOT NULL OR s.loyalty_redeem_uuid IS NOT NULL)
                    AND c.program_id = %(program)s
                  GROUP BY 3, l.order_id),
            paid AS (
                 SELECT d.*, o.loyalty_settled, o.loyalty_unsettled AND s.state <> 'closed' AS is_waiting,
                        LEAST((o.date_order AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date, %(today)s) AS day
                   FROM documents d JOIN pos_order o ON o.id = d.pos_order_id JOIN pos_session s ON s.id = o.session_id
                  WHERE o.state IN ('paid', 'done'))
            SELECT p.model, p.id, p.uuid AS key,
                   CASE WHEN p.amount < 0 THEN (
                        SELECT min(f.order_id) FROM pos_order_line l JOIN pos_order_line f ON f.id = l.refunded_orderline_id
                         WHERE l.order_id = p.pos_order_id) END AS origin,
                   p.amount AS books, 0 AS slack, p.day,
                   p.amount > 0 AND (COALESCE(p.is_waiting, FALSE) OR p.loyalty_settled AND EXISTS (
                        SELECT 1 FROM loyalty_exception x
                         WHERE x.res_model = 'pos.order' AND x.res_id = p.pos_order_id AND x.kind = 'claim'
                           AND x.card_id IS NULL)) AS explained,
                   COALESCE(p.is_waiting, FALSE) AS is_waiting
              FROM paid p WHERE p.day <= %(date)s
            """,
            program=self.id,
            date=date,
            today=loyalty_today(self.env, self.company_id),
            zone=self.company_id.partner_id.tz or "UTC",
        )

    def _redemption_problem_text(self, row):
        if not row.get("explained"):
            return super()._redemption_problem_text(row)
        name = self.env[row["model"]].browse(row["id"]).pos_order_id.name
        amount = self.currency_id.format(float(row["books"]))
        if row["is_waiting"]:
            return self.env._(
                "The points for %(amount)s of order %(name)s could not be taken yet; the closing of its session tries "
                "again. The exceptions say why.",
                name=name,
                amount=amount,
            )
        return self.env._(
            "Order %(name)s paid %(amount)s with points of no card. It is in the exceptions list.",
            name=name,
            amount=amount,
        )
