from odoo import api, fields, models
from odoo.tools import SQL, format_date

#: Columns of the roll-forward between opening and closing, with what goes into them.
MOVEMENTS = ("issued", "redeemed", "expired", "adjusted", "revalued")
#: What a transaction of points is in the roll-forward. Points taken back from a return were not issued.
POINTS_COLUMN = SQL(
    """CASE WHEN e.is_redemption OR e.kind = 'external' AND e.points < 0 THEN 'redeemed'
            WHEN e.kind = 'expire' THEN 'expired'
            WHEN e.kind IN ('opening', 'earn', 'external', 'reversal') THEN 'issued'
            ELSE 'adjusted' END"""
)
#: The same for value lines.
VALUE_COLUMN = SQL(
    """CASE v.kind WHEN 'redeem' THEN 'redeemed' WHEN 'expire' THEN 'expired' WHEN 'revalue' THEN 'revalued'
                   WHEN 'opening' THEN 'issued' WHEN 'issue' THEN 'issued' WHEN 'clawback' THEN 'issued'
                   ELSE 'adjusted' END"""
)


def movements(condition_entries=None, condition_values=None):
    """Return SQL of rows program_id, day, name, points, amount: each movement of points and of their value.

    Points move on their business date, values on the accounting date.
    """
    return SQL(
        """
        SELECT e.program_id, e.effective_date AS day, %(points)s AS name, e.points, 0 AS amount
          FROM loyalty_ledger_entry e WHERE e.points <> 0 %(entries)s
         UNION ALL
        SELECT v.program_id, v.date, %(value)s, 0, v.amount FROM loyalty_valuation v WHERE v.amount <> 0 %(values)s
        """,
        points=POINTS_COLUMN,
        value=VALUE_COLUMN,
        entries=condition_entries or SQL(),
        values=condition_values or SQL(),
    )


class LoyaltyRollforwardReport(models.Model):
    """Opening, movements and closing of points and of their value, by program and month."""

    _name = "loyalty.rollforward.report"
    _description = "Roll-Forward of Loyalty Points"
    _auto = False
    _order = "month desc, program_id"
    _rec_name = "program_id"

    program_id = fields.Many2one("loyalty.program", "Program", readonly=True)
    company_id = fields.Many2one("res.company", "Company", readonly=True)
    currency_id = fields.Many2one("res.currency", "Currency", readonly=True)
    month = fields.Date("Month", readonly=True)
    month_name = fields.Char("Name of the Month", compute="_compute_month_name")
    opening_points = fields.Float("Opening Points", digits=(16, 4), readonly=True)
    issued_points = fields.Float("Issued Points", digits=(16, 4), readonly=True)
    redeemed_points = fields.Float("Redeemed Points", digits=(16, 4), readonly=True)
    expired_points = fields.Float("Expired Points", digits=(16, 4), readonly=True)
    adjusted_points = fields.Float("Adjusted Points", digits=(16, 4), readonly=True)
    closing_points = fields.Float("Closing Points", digits=(16, 4), readonly=True)
    opening_amount = fields.Monetary("Opening", readonly=True)
    issued_amount = fields.Monetary("Issued", readonly=True)
    redeemed_amount = fields.Monetary("Redeemed", readonly=True)
    expired_amount = fields.Monetary("Expired", readonly=True)
    adjusted_amount = fields.Monetary("Adjusted", readonly=True)
    revalued_amount = fields.Monetary("Revalued", readonly=True)
    closing_amount = fields.Monetary("Closing", readonly=True)

    @api.depends("month")
    def _compute_month_name(self):
        for row in self:
            row.month_name = format_date(self.env, row.month, date_format="LLLL yyyy")

    @property
    def _table_query(self):
        columns = SQL(", ").join(
            SQL("sum(%s) FILTER (WHERE name = %s) AS %s", SQL.identifier(what), name, SQL.identifier(f"{name}_{what}"))
            for what in ("points", "amount")
            for name in MOVEMENTS
        )
        shown = SQL(", ").join(
            SQL("COALESCE(f.%s, 0) AS %s", SQL.identifier(f"{name}_{what}"), SQL.identifier(f"{name}_{what}"))
            for what in ("points", "amount")
            for name in MOVEMENTS
            if (name, what) != ("revalued", "points")
        )
        return SQL(
            """
            WITH flow AS (
                 SELECT program_id, date_trunc('month', day)::date AS month, %(columns)s,
                        sum(points) AS points, sum(amount) AS amount
                   FROM (%(movements)s) n GROUP BY 1, 2),
            months AS (
                 SELECT program_id, generate_series(min(month), GREATEST(max(month), date_trunc('month', now())),
                                                    interval '1 month')::date AS month
                   FROM flow GROUP BY program_id),
            running AS (
                 SELECT m.program_id, m.month, f.points, f.amount,
                        sum(f.points) OVER w AS closing_points, sum(f.amount) OVER w AS closing_amount
                   FROM months m LEFT JOIN flow f ON f.program_id = m.program_id AND f.month = m.month
                 WINDOW w AS (PARTITION BY m.program_id ORDER BY m.month))
            SELECT (r.program_id::bigint * 100000
                    + (extract(year FROM r.month) - 1900) * 12 + extract(month FROM r.month))::bigint AS id,
                   r.program_id, p.company_id, COALESCE(c.currency_id, p.currency_id) AS currency_id, r.month,
                   COALESCE(r.closing_points, 0) - COALESCE(r.points, 0) AS opening_points,
                   COALESCE(r.closing_points, 0) AS closing_points,
                   COALESCE(r.closing_amount, 0) - COALESCE(r.amount, 0) AS opening_amount,
                   COALESCE(r.closing_amount, 0) AS closing_amount, %(shown)s
              FROM running r
              JOIN loyalty_program p ON p.id = r.program_id AND p.program_type = 'loyalty'
              LEFT JOIN res_company c ON c.id = p.company_id
              LEFT JOIN flow f ON f.program_id = r.program_id AND f.month = r.month
            """,
            columns=columns,
            shown=shown,
            movements=movements(),
        )
