"""What tills sold, for programs that count sales of a period."""

from odoo import models
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.ledger import arrays
from odoo.addons.loyalty_ledger.tools.sql_files import read_sql

SALES_OF_TILLS = read_sql(__file__, "sales_of_tills")

REVENUE_OF_TILLS = read_sql(__file__, "revenue_of_tills")


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _sales_sources(self, date_from, date_to, pricelists):
        """Add orders of tills without an invoice; those with one are among the invoices."""
        excluded, only = pricelists
        return [
            *super()._sales_sources(date_from, date_to, pricelists),
            SQL(
                SALES_OF_TILLS,
                companies=arrays.numbers(self._sales_company_ids()),
                date_from=date_from,
                date_to=date_to,
                excluded=arrays.numbers(excluded),
                only=arrays.numbers(only),
                all=not only,
                timezone=self.company_id.partner_id.tz or "UTC",
            ),
        ]

    def _revenue_sources(self, date):
        return [
            *super()._revenue_sources(date),
            SQL(REVENUE_OF_TILLS, date=date, timezone=self.company_id.partner_id.tz or "UTC"),
        ]

    def _sale_links(self):
        """Add the invoices of orders that earned: they say the same sale."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT o.id, o.account_move FROM loyalty_earning g JOIN pos_order o ON o.id = g.res_id
                 WHERE g.program_id = %s AND g.res_model = 'pos.order' AND o.account_move IS NOT NULL
                """,
                self.id,
            )
        )
        return [*super()._sale_links(), *((("pos.order", order), ("account.move", move)) for order, move in rows)]

    def _sql_day_of_sale(self):
        """An order of a till that is invoiced later was sold on the day of the order."""
        return SQL(
            "LEAST(%s, (SELECT min(q.date_order AT TIME ZONE 'UTC' AT TIME ZONE %s)::date FROM pos_order q "
            "WHERE q.account_move = i.id))",
            super()._sql_day_of_sale(),
            self.company_id.partner_id.tz or "UTC",
        )

    def _paying_product_ids(self):
        tips = self.env["pos.config"].sudo().with_context(active_test=False).search([("tip_product_id", "!=", False)])
        return super()._paying_product_ids() + tips.tip_product_id.ids

    def _taxes_of_sales(self, model, line_ids):
        sets = super()._taxes_of_sales(model, line_ids)
        if model == "pos.order":
            for line in self.env["pos.order.line"].sudo().browse(line_ids):
                taxes, rate = line.tax_ids_after_fiscal_position, line.order_id.currency_rate or 1.0
                sets[taxes] = sets.get(taxes, 0.0) + line.price_subtotal_incl / rate
        return sets
