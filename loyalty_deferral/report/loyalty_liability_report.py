from odoo import fields, models
from odoo.tools import SQL


class LoyaltyLiabilityReport(models.Model):
    """Deferred revenue beside the points that carry value themselves: one row for each cohort that is still a liability."""

    _inherit = "loyalty.liability.report"

    cohort_id = fields.Many2one(
        "loyalty.cohort",
        "Cohort",
        readonly=True,
        help="Deferred revenue belongs to the sales of a month, not to a card.",
    )
    expiration_date = fields.Date(
        help="Last usable day. Empty: the points never expire, or the row is deferred revenue. That belongs to the sales of "
        "a month, whose points can expire on different days: Disclosures of Deferred Revenue say in which months it is "
        "expected, and the report pack of a close by when its points can be redeemed.",
    )

    def action_open(self):
        """Open the cohort of a row of deferred revenue."""
        self.check_access("read")
        self.ensure_one()
        if not self.cohort_id:
            return super().action_open()
        self.cohort_id.check_access("read")
        return self.cohort_id._get_records_action()

    @property
    def _table_query(self):
        # Ids of cohorts are negative here: those of lots stay what the index finds.
        return SQL(
            """
            SELECT r.id, r.lot_id, r.program_id, r.company_id, r.currency_id, r.card_id, r.partner_id, r.date, r.points,
                   r.amount, r.expiration_date, NULL::int AS cohort_id
              FROM (%s) r
             UNION ALL
            SELECT -c.id, NULL, c.program_id, c.company_id, m.currency_id, NULL, NULL, c.date_from,
                   COALESCE(c.open_points, 0), s.amount, NULL, c.id
              FROM loyalty_cohort c
              JOIN res_company m ON m.id = c.company_id
              JOIN (SELECT cohort_id, sum(amount) AS amount FROM loyalty_cohort_line GROUP BY cohort_id) s ON s.cohort_id = c.id
             WHERE s.amount <> 0
            """,
            super()._table_query,
        )
