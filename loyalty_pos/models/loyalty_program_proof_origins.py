"""The proof of VAT at the rates of the sales that earned, of orders of the till (N17)."""

from odoo import models
from odoo.tools import SQL

from odoo.addons.loyalty_account.models.loyalty_program_proof_origins import ReliefBooked


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _relief_booked(self, date):
        """Orders say what the closing of their session books, as the proof of closings compares."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT o.id, part.key, (part.value ->> 'amount')::float8, t.tax_id, t.balance
                  FROM pos_order o
                 CROSS JOIN LATERAL jsonb_each(o.loyalty_items -> %(program)s) part
                  LEFT JOIN LATERAL (
                       SELECT x.tax_id, sum((i ->> 'balance')::float8) AS balance
                         FROM jsonb_array_elements(part.value -> 'items') i
                         JOIN account_tax_repartition_line x
                              ON x.id = CASE WHEN i ->> 'repartition_line_id' <> 'false'
                                             THEN (i ->> 'repartition_line_id')::int END
                        GROUP BY x.tax_id) t ON TRUE
                 WHERE o.state IN ('paid', 'done') AND jsonb_typeof(o.loyalty_items -> %(program)s) = 'object'
                   AND part.key IN ('paid', 'back')
                   AND (o.date_order AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date <= %(date)s
                   AND EXISTS (SELECT 1 FROM loyalty_relief r WHERE r.res_model = 'pos.order' AND r.res_id = o.id)
                 ORDER BY o.id
                """,
                program=str(self.id),
                zone=self._zone_of_tills(),
                date=date,
            )
        )
        documents = {}
        for order_id, part, amount, tax_id, balance in rows:
            gross = -amount if part == "back" else amount
            document = documents.setdefault((order_id, part), ReliefBooked("pos.order", order_id, gross, {}))
            if tax_id:
                document.vat[tax_id] = balance
        return [*super()._relief_booked(date), *documents.values()]
