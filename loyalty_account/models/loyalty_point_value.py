from odoo import api, fields, models

from odoo.addons.loyalty_ledger.tools.today import loyalty_today


class LoyaltyPointValue(models.Model):
    """What one point of a program is worth from a day on. A change revalues the liability at the next accrual run."""

    _name = "loyalty.point.value"
    _inherit = ["loyalty.values.mixin", "loyalty.remembered.mixin"]
    _description = "Value of a Loyalty Point"
    _order = "program_id, date desc"

    program_id = fields.Many2one("loyalty.program", "Program", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="program_id.company_id")
    currency_id = fields.Many2one(related="program_id.currency_id")
    date = fields.Date("From", required=True, default=lambda self: loyalty_today(self.env, self.env.company))
    point_value = fields.Float(
        "Point Value",
        digits=(16, 6),
        required=True,
        help="Value of one point when it is redeemed, in the currency of the program (redemption multiplier).",
    )
    vat_rate = fields.Float(
        "Expected VAT (%)",
        digits=(16, 4),
        help="Average VAT rate of the products on which points are redeemed. If redemption recovers VAT, a point is "
        "a liability only for its value without this VAT.",
    )

    _program_date_unique = models.UniqueIndex("(program_id, date)", "The program has a value from this day on already.")
    _check_value = models.Constraint("CHECK (point_value > 0)", "The value of a point must be greater than zero.")
    _check_vat_rate = models.Constraint("CHECK (vat_rate >= 0)", "The expected VAT rate cannot be negative.")

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._note_former(vals.get("program_id"), vals.get("date"))
        rows = super().create(vals_list)
        rows._check_not_accrued()
        return rows

    def write(self, vals):
        if vals.keys() & {"program_id", "date", "point_value", "vat_rate"}:
            self._check_not_accrued()
        if vals.keys() & {"program_id", "date", "point_value"}:
            for row in self:
                self._note_former(row.program_id.id, row.date)
                if vals.get("date"):
                    self._note_former(row.program_id.id, vals["date"])
        result = super().write(vals)
        if "date" in vals:
            self._check_not_accrued()
        return result

    def unlink(self):
        for row in self:
            self._note_former(row.program_id.id, row.date)
        return super().unlink()

    def _note_former(self, program_id, date):
        """Remember what a point was worth until now, for the proof of what was redeemed so far."""
        # A program that is being created has redeemed nothing.
        if program := self.env["loyalty.program"].browse(program_id or ()).exists():
            self.env["loyalty.point.value.log"]._note(
                program, fields.Date.to_date(date) or loyalty_today(self.env, program.company_id)
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_accrued(self):
        self._check_not_accrued()

    def _check_not_accrued(self):
        """What an accrual run has used stays as it is, so that its proof can be repeated."""
        for row in self:
            row.program_id._check_not_closed(row.date)
