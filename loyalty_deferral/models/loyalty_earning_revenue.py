from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.ledger import arrays
from odoo.addons.loyalty_ledger.tools.sql_files import read_sql

EARNING_REVENUE = read_sql(__file__, "earning_revenue")


class LoyaltyEarningRevenue(models.Model):
    """A dated change of what a document means for the deferral. The sum up to a day is what was known of that day.

    So a close of last month does not see the credit note of this one, and can be proved again at any time.
    """

    _name = "loyalty.earning.revenue"
    _inherit = ["loyalty.readonly.mixin"]
    _description = "Revenue of an Earning"
    _order = "id desc"
    _log_access = False

    earning_id = fields.Many2one(
        "loyalty.earning", "Earning", required=True, readonly=True, ondelete="cascade", index=True
    )
    program_id = fields.Many2one("loyalty.program", "Program", required=True, readonly=True, ondelete="restrict")
    company_id = fields.Many2one(related="program_id.company_id")
    currency_id = fields.Many2one(related="program_id.currency_id")
    month = fields.Date("Month", required=True, readonly=True, help="First day of the month of the document.")
    date = fields.Date("Date", required=True, readonly=True)
    is_return = fields.Boolean("Returned", required=True, readonly=True)
    revenue_amount = fields.Monetary("Revenue", required=True, readonly=True)
    points = fields.Float("Points", digits=(16, 4), required=True, readonly=True, help="What the document earns.")
    posted_points = fields.Float(
        "Points on the Card", digits=(16, 4), required=True, readonly=True, help="What of it is paid, and so posted."
    )
    allocated = fields.Float("Deferred for Points", digits=(28, 12), required=True, readonly=True)

    _program_idx = models.Index("(program_id, date)")

    @api.model
    def _note(self, earnings):
        """Write a row for each earning whose figures are others than its rows make together."""
        numbers = arrays.numbers
        allocated = [earning._allocated() for earning in earnings]
        self.env.cr.execute(
            SQL(
                EARNING_REVENUE,
                earnings=numbers(earnings.ids),
                programs=numbers([earning.program_id.id for earning in earnings]),
                months=numbers([earning.date.replace(day=1) for earning in earnings]),
                dates=numbers([earning.revenue_date or earning.date for earning in earnings]),
                returns=numbers([earning.is_revenue_returned for earning in earnings]),
                revenues=numbers([Decimal(str(earning.revenue_amount)) for earning in earnings]),
                points=numbers([Decimal(str(earning.earnable_points)) for earning in earnings]),
                posted=numbers([Decimal(str(earning.points)) for earning in earnings]),
                allocated=numbers(
                    [
                        (Decimal(amount.numerator) / Decimal(amount.denominator)).quantize(Decimal("1e-12"))
                        for amount in allocated
                    ]
                ),
            )
        )
        self.invalidate_model(flush=False)
