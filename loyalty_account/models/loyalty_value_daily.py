from odoo import api, fields, models
from odoo.tools import SQL


class LoyaltyValueDaily(models.Model):
    """What the liability of a program changed by, by accounting date."""

    _name = "loyalty.value.daily"
    _inherit = ["loyalty.daily.mixin"]
    _description = "Liability by Day"
    _source_table = "loyalty_valuation"

    program_id = fields.Many2one("loyalty.program", "Program", required=True, readonly=True, ondelete="cascade")
    currency_id = fields.Many2one(related="program_id.company_id.currency_id")
    amount = fields.Monetary("Amount", required=True, readonly=True)

    @api.model
    def _day_keys(self):
        return {"program_id": SQL("s.program_id"), "date": SQL("s.date")}

    @api.model
    def _day_sums(self):
        return {"amount": SQL("s.amount"), "row_count": SQL("1")}
