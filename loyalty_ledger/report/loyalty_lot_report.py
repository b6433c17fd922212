from odoo import fields, models
from odoo.tools import SQL

from ..models.loyalty_card_purge import LOT_EXPIRY
from ..tools.today import loyalty_today


class LoyaltyLotReport(models.Model):
    """Open points with the day on which they really expire: own, rolling or the card's date, whichever is first."""

    _name = "loyalty.lot.report"
    _inherit = ["loyalty.program.sums.mixin"]
    _description = "Points by Expiry"
    _auto = False
    _order = "expiration_date, id"
    _rec_name = "card_id"

    card_id = fields.Many2one("loyalty.card", "Card", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    program_id = fields.Many2one("loyalty.program", "Program", readonly=True)
    level_id = fields.Many2one("loyalty.level", "Level", readonly=True)
    company_id = fields.Many2one("res.company", "Company", readonly=True)
    remaining = fields.Float("Points", digits=(16, 4), readonly=True)
    date = fields.Date("Earned On", readonly=True)
    available_from = fields.Date("Available From", readonly=True)
    expiration_date = fields.Date("Expires On", readonly=True, help="Last usable day. Empty: the points never expire.")
    state = fields.Selection(
        [("usable", "Usable"), ("pending", "Pending"), ("lapsed", "Expired, Not Written Off")], "Status", readonly=True
    )

    @property
    def _table_query(self):
        programs = self.env["loyalty.program"].sudo().with_context(active_test=False)
        days = SQL(", ").join(
            SQL("(%s::int, %s::date)", company.id or None, loyalty_today(self.env, company))
            for (company,) in programs._read_group([], ["company_id"]) or [(self.env["res.company"],)]
        )
        return SQL(
            """
            SELECT q.*, CASE WHEN q.expiration_date < d.day THEN 'lapsed'
                             WHEN q.available_from > d.day THEN 'pending' ELSE 'usable' END AS state
              FROM (SELECT l.id, l.card_id, c.partner_id, l.program_id, c.level_id, l.company_id, l.remaining, l.date,
                           l.available_from, %(expiry)s AS expiration_date
                      FROM loyalty_lot l
                      JOIN loyalty_card c ON c.id = l.card_id
                      JOIN loyalty_program p ON p.id = l.program_id
                     WHERE l.remaining > 0) q
              LEFT JOIN (VALUES %(days)s) AS d(company_id, day) ON d.company_id IS NOT DISTINCT FROM q.company_id
            """,
            expiry=LOT_EXPIRY,
            days=days,
        )


class LoyaltyLot(models.Model):
    _inherit = "loyalty.lot"

    effective_expiration_date = fields.Date(search="_search_effective_expiration_date")

    def _search_effective_expiration_date(self, operator, value):
        """Find open lots by the day on which they really expire."""
        if operator not in ("in", "<", ">", "<=", ">="):
            return NotImplemented
        report = self.env["loyalty.lot.report"].sudo()  # only to compare dates; the reader's own rules still apply
        return [("id", "in", report._search([("expiration_date", operator, value)]))]
