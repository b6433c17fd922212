from odoo import models
from odoo.tools import SQL


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
