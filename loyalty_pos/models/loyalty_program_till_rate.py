"""Earning rates of single registers."""

from odoo import fields, models

from odoo.addons.loyalty_ledger.tools.memory import remembered


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    till_rate_ids = fields.One2many(
        "loyalty.till.rate",
        "program_id",
        "Rates by Point of Sale",
        help="Registers with a multiplier of their own. Used only for points that are awarded when the order is paid.",
    )

    def _till_multiplier(self, config, level):
        """Return the factor of a till for a level, or None where the level's own holds."""
        self.ensure_one()
        rates = self._till_rates(config.id)
        return rates.get(level.id, rates.get(False))

    @remembered("self.id", "config_id")
    def _till_rates(self, config_id):
        """Return ``{level id or False: factor}``. Every order asks, and rates hardly ever change: remembered."""
        rates = self.sudo().till_rate_ids.filtered(lambda rate: rate.config_id.id == config_id)
        return {rate.level_id.id: rate.multiplier for rate in rates}
