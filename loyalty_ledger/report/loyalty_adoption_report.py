from odoo import fields, models
from odoo.tools import SQL


class LoyaltyAdoptionReport(models.Model):
    """Cards whose ``loyalty.history`` did not add up to the balance that the ledger took over (N12)."""

    _name = "loyalty.adoption.report"
    _inherit = ["loyalty.program.sums.mixin"]
    _description = "Cards Whose History Differs from the Opening Balance"
    _auto = False
    _order = "program_id, id"
    _rec_name = "card_id"

    card_id = fields.Many2one("loyalty.card", "Card", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    program_id = fields.Many2one("loyalty.program", "Program", readonly=True)
    company_id = fields.Many2one("res.company", "Company", readonly=True)
    opening_points = fields.Float("Taken Over", digits=(16, 4), readonly=True, help="Balance at installation.")
    history_points = fields.Float(
        "History Says", digits=(16, 4), readonly=True, help="Issued less used in Odoo's history up to the installation."
    )
    difference = fields.Float("Difference", digits=(16, 4), readonly=True)
    history_count = fields.Integer("History Lines", readonly=True)
    reason = fields.Char("Opening Transaction", readonly=True)
    entry_id = fields.Many2one("loyalty.ledger.entry", "Transaction", readonly=True)

    @property
    def _table_query(self):
        # Rows older than the adoption: what the ledger wrote later explains itself by its entries.
        return SQL(
            """
            WITH adopted AS (
                 SELECT min(date) AS moment FROM loyalty_ledger_entry WHERE idempotency_key LIKE 'opening:%%'),
            history AS (
                 SELECT h.card_id, count(*) AS count,
                        round(sum(COALESCE(h.issued, 0) - COALESCE(h.used, 0))::numeric, 4) AS points
                   FROM loyalty_history h CROSS JOIN adopted
                  WHERE h.create_date <= adopted.moment GROUP BY h.card_id)
            SELECT c.id, c.id AS card_id, c.partner_id, c.program_id, c.company_id, e.id AS entry_id, e.reason,
                   COALESCE(e.points, 0) AS opening_points, COALESCE(h.points, 0) AS history_points,
                   COALESCE(e.points, 0) - COALESCE(h.points, 0) AS difference, COALESCE(h.count, 0) AS history_count
              FROM adopted
              JOIN loyalty_card c ON c.ledgered AND c.create_date <= adopted.moment
              LEFT JOIN loyalty_ledger_entry e ON e.card_id = c.id AND e.idempotency_key = 'opening:' || c.id
              LEFT JOIN history h ON h.card_id = c.id
             WHERE COALESCE(e.points, 0) <> COALESCE(h.points, 0)
            """
        )
