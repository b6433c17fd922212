"""What the proof of a program knows about tills: value that waits for a closing, and what orders paid with points."""

from odoo import models
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.tools.sql_files import read_sql
from odoo.addons.loyalty_ledger.tools.today import loyalty_today

PROOF_TILL_DOCUMENTS = read_sql(__file__, "proof_till_documents")


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

    def _zone_of_tills(self):
        """Return the name of the time zone in which the days of tills begin, as those of their points do."""
        return self.company_id._loyalty_timezone() or "UTC"

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
            PROOF_TILL_DOCUMENTS,
            program=self.id,
            date=date,
            today=loyalty_today(self.env, self.company_id),
            zone=self._zone_of_tills(),
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
            "Order %(name)s was paid with points (%(amount)s) without naming a card. It is in the exceptions list.",
            name=name,
            amount=amount,
        )
