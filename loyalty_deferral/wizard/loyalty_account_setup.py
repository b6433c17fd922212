from odoo import api, fields, models
from odoo.exceptions import UserError


class LoyaltyAccountSetup(models.TransientModel):
    _inherit = "loyalty.account.setup"

    accounting_policy = fields.Selection(
        selection_add=[
            ("deferral", "Defer revenue (IFRS 15): part of each sale's price waits until points are redeemed")
        ],
    )
    redemption_rate = fields.Float(
        "Expected Redemption (%)",
        digits=(16, 4),
        compute="_compute_redemption_rate",
        store=True,
        readonly=False,
        help="How many percent of all points are redeemed in the end. Estimate it from the past; it can be changed at any "
        "time, and the next close shows what that means.",
    )

    @api.depends("program_id")
    def _compute_redemption_rate(self):
        for wizard in self:
            wizard.redemption_rate = wizard.program_id.redemption_rate

    def _set_up_points(self):
        if self.accounting_policy == "deferral":
            if self.vat_mode == "input_tax":
                raise UserError(
                    self.env._(
                        "Revenue cannot be deferred while redemptions recover input tax. Choose “Means of payment” or “Price "
                        "reduction” under VAT of Redemptions."
                    )
                )
            if not 0 < self.redemption_rate <= 100:
                raise UserError(self.env._("Enter the Expected Redemption: a percentage above 0, at most 100."))
            if self.redemption_rate != self.program_id.redemption_rate:
                self.program_id.redemption_rate = self.redemption_rate
        return super()._set_up_points()
