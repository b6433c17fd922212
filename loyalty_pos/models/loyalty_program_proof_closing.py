"""The proof of closings: what the points of a session's orders cost is on the account that held when they were paid."""

from odoo import models
from odoo.tools import SQL


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _cost_elsewhere(self, date):
        """Add closing entries that book something else on a redemption account than their orders wrote down.

        Sessions are left out where the account is also that of goods or of lines of points, whose items the closing adds
        to the same account, and orders that were paid before orders wrote down what they book.
        """
        rows = self.env.execute_query(
            SQL(
                """
                WITH used AS MATERIALIZED (
                     SELECT DISTINCT s.id, s.move_id FROM pos_payment p
                       JOIN pos_payment_method m ON m.id = p.payment_method_id
                       JOIN pos_order o ON o.id = p.pos_order_id JOIN pos_session s ON s.id = o.session_id
                       JOIN account_move v ON v.id = s.move_id
                      WHERE s.state = 'closed' AND m.loyalty_program_id = %(program)s AND v.date <= %(date)s
                        AND v.state = 'posted' AND p.amount <> 0),
                orders AS MATERIALIZED (
                     SELECT u.id AS session_id, o.id,
                            CASE WHEN jsonb_typeof(o.loyalty_items) = 'object' THEN o.loyalty_items ELSE '{}' END AS kept,
                            (SELECT array_agg(DISTINCT m.loyalty_program_id::text) FROM pos_payment p
                               JOIN pos_payment_method m ON m.id = p.payment_method_id
                              WHERE p.pos_order_id = o.id AND m.loyalty_program_id IS NOT NULL
                                AND p.amount <> 0) AS programs
                       FROM used u JOIN pos_order o ON o.session_id = u.id AND o.state IN ('paid', 'done')),
                items AS MATERIALIZED (
                     SELECT o.session_id, k.program::int AS program_id, (i.item->>'account_id')::int AS account_id,
                            (i.item->>'balance')::numeric AS balance
                       FROM orders o CROSS JOIN LATERAL unnest(o.programs) k (program)
                      CROSS JOIN LATERAL jsonb_each(COALESCE(o.kept->k.program, '{}')) v (part, vals)
                      CROSS JOIN LATERAL jsonb_array_elements(v.vals->'items') i (item)
                      WHERE i.item->>'repartition_line_id' = 'false'),
                kept AS (
                     SELECT session_id, account_id, sum(balance) AS amount,
                            bool_or(program_id = %(program)s) AS is_ours
                       FROM items GROUP BY session_id, account_id)
                SELECT k.session_id, k.account_id, k.amount - COALESCE(b.amount, 0)
                  FROM kept k JOIN used u ON u.id = k.session_id
                  JOIN account_account a ON a.id = k.account_id AND a.active
                  LEFT JOIN LATERAL (
                       SELECT sum(l.balance) AS amount FROM account_move_line l
                        WHERE l.move_id = u.move_id AND l.account_id = k.account_id AND l.tax_line_id IS NULL) b ON TRUE
                 WHERE k.is_ours AND abs(k.amount - COALESCE(b.amount, 0)) >= %(rounding)s * 0.51
                   AND NOT EXISTS (SELECT 1 FROM orders o CROSS JOIN LATERAL unnest(o.programs) x (program)
                                    WHERE o.session_id = u.id AND NOT o.kept ? x.program)
                   AND NOT EXISTS (SELECT 1 FROM orders o JOIN pos_order_line l ON l.order_id = o.id
                                     LEFT JOIN pos_order_line f ON f.id = l.refunded_orderline_id
                                    WHERE o.session_id = u.id
                                      AND (l.loyalty_redeem_uuid IS NOT NULL OR f.loyalty_redeem_uuid IS NOT NULL))
                 ORDER BY k.session_id, k.account_id
                """,
                program=self.id,
                date=date,
                rounding=self._proof_rounding(),
            )
        )
        sessions = self.env["pos.session"].browse({row[0] for row in rows})
        incomes = {session.id: self._income_accounts(session) for session in sessions}
        return [
            *super()._cost_elsewhere(date),
            *(
                ("pos.session", session_id, None, amount, [account_id])
                for session_id, account_id, amount in rows
                if account_id not in incomes[session_id]
            ),
        ]

    def _income_accounts(self, session):
        """Return ids of the accounts on which the closing of a session books goods."""
        products = session.order_ids.lines.product_id.with_company(session.company_id)
        accounts = [template.get_product_accounts() for template in products.product_tmpl_id]
        return {account.id for of_one in accounts for account in (of_one["income"], of_one["expense"]) if account}

    def _say_cost(self, model, res_id, account_id, amount, expected):
        if model != "pos.session":
            return super()._say_cost(model, res_id, account_id, amount, expected)
        return {
            "model": model,
            "res_id": res_id,
            "problem": self.env._(
                "The closing entry of %(name)s lacks %(amount)s on %(expected)s, the redemption account when its orders were "
                "paid.",
                name=self.env[model].browse(res_id).display_name,
                amount=self.currency_id.format(float(amount)),
                expected=self.env["account.account"].browse(expected).display_name,
            ),
            "size": abs(float(amount)),
        }
