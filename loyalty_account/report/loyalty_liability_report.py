from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.models.loyalty_card_purge import LOT_EXPIRY


class LoyaltyLiabilityReport(models.Model):
    """What open points carry in the books, and when they expire: the liability by maturity."""

    _name = "loyalty.liability.report"
    _inherit = ["loyalty.program.sums.mixin"]
    _description = "Liability of Loyalty Points"
    _auto = False
    _order = "expiration_date, id"
    _rec_name = "card_id"

    program_id = fields.Many2one("loyalty.program", "Program", readonly=True)
    company_id = fields.Many2one("res.company", "Company", readonly=True)
    currency_id = fields.Many2one("res.currency", "Currency", readonly=True)
    lot_id = fields.Many2one("loyalty.lot", "Lot", readonly=True)
    card_id = fields.Many2one("loyalty.card", "Card", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    date = fields.Date("Earned On", readonly=True)
    expiration_date = fields.Date("Expires On", readonly=True, help="Last usable day. Empty: the points never expire.")
    points = fields.Float("Points", digits=(16, 4), readonly=True)
    amount = fields.Monetary("On the Books", readonly=True, help="Value lines of these points up to now.")

    def action_open(self):
        """Open what the row is of: the lot of points, and from there its card and transactions."""
        self.check_access("read")
        self.ensure_one()
        self.lot_id.check_access("read")
        return self.lot_id._get_records_action()

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT l.id, l.id AS lot_id, l.program_id, p.company_id, m.currency_id, l.card_id, c.partner_id, l.date,
                   l.remaining AS points, COALESCE(v.amount, 0) AS amount, %(expiry)s AS expiration_date
              FROM loyalty_lot l
              JOIN loyalty_card c ON c.id = l.card_id
              JOIN loyalty_program p ON p.id = l.program_id
              JOIN res_company m ON m.id = p.company_id
              LEFT JOIN (SELECT lot_id, sum(amount) AS amount FROM loyalty_valuation GROUP BY lot_id) v
                     ON v.lot_id = l.id
             WHERE p.accounting_policy IN ('accrual', 'stored_value') AND (l.remaining > 0 OR v.amount <> 0) OR v.amount <> 0
            """,
            expiry=LOT_EXPIRY,
        )
