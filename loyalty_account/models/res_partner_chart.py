from odoo import models
from odoo.tools import SQL, format_amount

from odoo.addons.loyalty_ledger.tools.today import loyalty_today


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _loyalty_charts(self, card, months):
        """Add what the customer bought, from the documents of every channel, without tax."""
        charts = super()._loyalty_charts(card, months)
        program = card.program_id
        company = program.company_id or self.env.company
        sources = program._sales_sources(months[0], loyalty_today(self.env, company), ((), ()))
        rows = self.env.execute_query(
            SQL(
                """
                SELECT date_trunc('month', s.day)::date, sum(s.amount) FROM (%s)
                    AS s(partner_id, commercial_partner_id, product_id, amount, model, document, line_id, day, of_day)
                 WHERE s.commercial_partner_id = %s GROUP BY 1
                """,
                SQL(" UNION ALL ").join(sources),
                self._origin.commercial_partner_id.id,
            )
        )
        sums = {month: float(amount) for month, amount in rows}
        values = [company.currency_id.round(sums.get(month, 0.0)) for month in months]
        texts = [format_amount(self.env, value, company.currency_id) for value in values]
        title = self.env._("Sales without tax")
        return [
            *charts,
            {"title": title, "series": [{"key": "sales", "label": title, "values": values, "texts": texts}]},
        ]
