from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.loyalty_ledger.tools.words import say_percentage


class LoyaltyRule(models.Model):
    _inherit = "loyalty.rule"

    award_mode = fields.Selection(related="program_id.award_mode")
    period_percentage = fields.Float(
        "Percentage of Sales",
        digits=(16, 4),
        help="Sales of these products are credited at this percentage instead of that of the tier reached; without tiers, "
        "on all sales. 0: the percentage of the tier.",
    )

    @api.constrains("period_percentage")
    def _check_period_percentage(self):
        for rule in self:
            if not 0 <= rule.period_percentage <= 100:
                raise ValidationError(
                    self.env._(
                        "A rule credits between 0 and 100%% of the sales, not %s%%.",
                        say_percentage(self.env, rule.period_percentage),
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        """The percentage of a rule that is added to a program in use holds from the next period on (bM4).

        Its products count at once, at the percentage of the tier, as products and customers do until the roll-over.
        """
        programs = self.env["loyalty.program"].browse(
            {vals["program_id"] for vals in vals_list if vals.get("program_id")}
        )
        # Rules that are entered together with their program are its set-up.
        programs.filtered(lambda program: program.create_date != self.env.cr.now())._keep_terms()
        return super().create(vals_list)

    def unlink(self):
        self.program_id._keep_terms()
        return super().unlink()

    def write(self, vals):
        """Percentages change from the next period on (bM4)."""
        if "period_percentage" in vals or "active" in vals:
            self.program_id._keep_terms()
        return super().write(vals)
