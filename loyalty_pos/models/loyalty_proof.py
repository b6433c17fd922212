"""What the proof of a program knows about tills: value that waits for a closing, and what orders paid with points."""

from odoo import models
from odoo.tools import SQL

from odoo.addons.loyalty_account.tools import valuation
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

        They say the same before and after the closing, whose entry is made of them. A payment that used what it had
        reserved is compared with the amount of the reservation, any other one by the value it gave its points itself:
        the value of a point may have changed since. Refunds may give money back before a whole point is due.

        Rows that differ are returned one by one, all the others as one row of the program.
        """
        query = SQL(
            """
            WITH entries AS (
                 SELECT substring(e.idempotency_key FROM '^pos-pay:(.+):(?:redeem|return:[0-9]+)$') AS uuid,
                        max(e.id) AS id, -sum(e.points) AS points, sum(h.amount) AS reserved,
                        min(e.effective_date) AS date
                   FROM loyalty_ledger_entry e LEFT JOIN loyalty_hold h ON h.entry_id = e.id
                  WHERE e.program_id = %(program)s AND e.res_model = 'pos.order'
                    AND e.idempotency_key LIKE 'pos-pay:%%' AND e.idempotency_key NOT LIKE '%%:rewards:%%'
                  GROUP BY 1),
            documents AS (
                 SELECT 'pos.payment' AS model, p.id, p.uuid, p.amount, p.loyalty_points AS points, p.pos_order_id
                   FROM pos_payment p JOIN pos_payment_method m ON m.id = p.payment_method_id
                  WHERE m.loyalty_program_id = %(program)s AND p.amount <> 0
                  UNION ALL
                 SELECT 'pos.order.line', min(l.id),
                        CASE WHEN l.loyalty_redeem_uuid IS NOT NULL THEN l.loyalty_redeem_uuid
                             ELSE o.uuid || ':' || s.loyalty_redeem_uuid END,
                        sum(l.loyalty_points) * %(value)s, sum(l.loyalty_points), l.order_id
                   FROM pos_order_line l JOIN pos_order o ON o.id = l.order_id
                   LEFT JOIN pos_order_line s ON s.id = l.refunded_orderline_id
                   JOIN loyalty_card c ON c.id = COALESCE(l.loyalty_card_id, s.loyalty_card_id)
                  WHERE (l.loyalty_redeem_uuid IS NOT NULL OR s.loyalty_redeem_uuid IS NOT NULL)
                    AND c.program_id = %(program)s
                  GROUP BY 3, l.order_id HAVING sum(l.loyalty_points) <> 0),
            paid AS (
                 SELECT d.*, o.loyalty_settled, o.loyalty_unsettled AND s.state <> 'closed' AS is_waiting,
                        (o.date_order AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date AS date
                   FROM documents d JOIN pos_order o ON o.id = d.pos_order_id JOIN pos_session s ON s.id = o.session_id
                  WHERE o.state IN ('paid', 'done')),
            rows AS (
                 SELECT COALESCE(p.model, 'loyalty.ledger.entry') AS model, COALESCE(p.id, e.id) AS id,
                        COALESCE(p.amount, 0) AS books,
                        CASE WHEN e.id IS NULL AND p.points = 0 AND p.amount < 0 THEN p.amount
                             WHEN p.model = 'pos.payment' AND e.reserved IS NOT NULL THEN e.reserved
                             ELSE COALESCE(e.points * COALESCE(p.amount / NULLIF(p.points, 0), %(value)s), 0)
                        END AS ledger,
                        COALESCE(e.id IS NULL AND p.amount > 0 AND (
                            p.is_waiting OR p.loyalty_settled AND EXISTS (
                                SELECT 1 FROM loyalty_exception x
                                 WHERE x.res_model = 'pos.order' AND x.res_id = p.pos_order_id AND x.kind = 'claim'
                                   AND x.card_id IS NULL)), FALSE) AS explained,
                        COALESCE(p.is_waiting, FALSE) AS is_waiting
                   FROM entries e FULL JOIN paid p ON p.uuid = e.uuid
                  WHERE COALESCE(e.date, LEAST(p.date, %(today)s)) <= %(date)s)
            SELECT model, id, ledger, books, explained, is_waiting FROM rows
             WHERE abs(ledger - books) >= %(rounding)s / 2.0
             UNION ALL
            SELECT %(model)s, %(program)s, COALESCE(sum(books), 0), COALESCE(sum(books), 0), FALSE, FALSE FROM rows
             WHERE abs(ledger - books) < %(rounding)s / 2.0
             ORDER BY 1, 2
            """,
            program=self.id,
            model=self._name,
            date=date,
            today=loyalty_today(self.env, self.company_id),
            zone=self.company_id.partner_id.tz or "UTC",
            value=valuation.exact(self._point_value_at(date)[0]),
            rounding=self._proof_rounding(),
        )
        self.env.cr.execute(query)
        rows = self.env.cr.dictfetchall()
        for row in rows:
            for side in ("ledger", "books"):
                row[side] = valuation.round_to(valuation.exact(row[side]), self._proof_rounding())
        return rows

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
