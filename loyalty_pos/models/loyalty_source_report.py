from odoo import fields, models
from odoo.tools import SQL


class LoyaltySourceReport(models.Model):
    _inherit = "loyalty.source.report"

    shop_id = fields.Many2one(
        "pos.config", "Point of Sale", readonly=True, help="Where the document was made. Empty: not at a Point of Sale."
    )

    def _source_sql(self):
        """Orders of the Point of Sale have a shop; they are not assigned to analytic accounts."""
        parts = super()._source_sql()
        parts["columns"].append(
            SQL(
                """(SELECT z.config_id FROM pos_order o JOIN pos_session z ON z.id = o.session_id
                     WHERE s.model = 'pos.order' AND o.id = s.document_id) AS shop_id"""
            )
        )
        return parts
