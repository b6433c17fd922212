from odoo import models
from odoo.tools import SQL


class LoyaltySourceReport(models.Model):
    _inherit = "loyalty.source.report"

    def _source_sql(self):
        """Orders are shared by the analytic distribution of their lines."""
        parts = super()._source_sql()
        parts["lines"].append(
            SQL(
                """SELECT 'sale.order' AS model, order_id AS document_id, id AS line_id, price_subtotal AS weight,
                          analytic_distribution AS distribution
                     FROM sale_order_line WHERE display_type IS NULL"""
            )
        )
        return parts
