from odoo import fields, models


class LoyaltyVerifyLine(models.TransientModel):
    """A row of the ledger that does not fit."""

    _name = "loyalty.verify.line"
    _inherit = ["loyalty.document.mixin"]
    _description = "Problem Found in the Points Ledger"

    verification_id = fields.Many2one("loyalty.verification", required=True, readonly=True, ondelete="cascade")
    res_model = fields.Char("Model", readonly=True)
    res_id = fields.Many2oneReference("Row", model_field="res_model", readonly=True)
    row_type = fields.Char("What", compute="_compute_row")
    row_name = fields.Char("Record", compute="_compute_row")
    problem = fields.Char("Problem", readonly=True)

    def _compute_row(self):
        for line in self:
            # The auditor reads the row with the button; here it is only named.
            row = self.env[line.res_model].sudo().browse(line.res_id).exists() if line.res_model in self.env else None
            line.row_type = self.env["ir.model"]._get(line.res_model).sudo().name
            line.row_name = f"{row.display_name} (#{row.id})" if row else f"#{line.res_id}"
