from odoo import api, fields, models

from odoo.addons.loyalty_ledger.tools.memory import remembered


class LoyaltyTillRate(models.Model):
    """Another multiplier than the level's at one till, for all levels of a program or for one (bH2)."""

    _name = "loyalty.till.rate"
    _inherit = ["loyalty.values.mixin", "loyalty.remembered.mixin"]
    _description = "Earning Rate at a Till"
    _order = "program_id, config_id, level_id"

    program_id = fields.Many2one(
        "loyalty.program", "Program", required=True, ondelete="cascade", index=True,
        domain="[('program_type', '=', 'loyalty')]",
    )  # fmt: skip
    config_id = fields.Many2one("pos.config", "Point of Sale", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="config_id.company_id", store=True)
    level_id = fields.Many2one(
        "loyalty.level", "Level", ondelete="cascade", domain="[('program_id', '=', program_id)]",
        help="Empty: every level without a line of its own.",
    )  # fmt: skip
    multiplier = fields.Float(
        "Multiplier", default=1.0, required=True, digits=(16, 4),
        help="Factor for the points of sales at this till, instead of the level's own.",
    )  # fmt: skip

    _one_for_level = models.UniqueIndex(
        "(program_id, config_id, COALESCE(level_id, 0))", "The till has a rate for this level already."
    )
    _check_multiplier = models.Constraint("CHECK (multiplier >= 0)", "The multiplier cannot be negative.")


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    till_rate_ids = fields.One2many(
        "loyalty.till.rate", "program_id", "Rates by Point of Sale",
        help="Tills that give more or less than the levels say. Only for points that are given when paid.",
    )  # fmt: skip

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


class LoyaltyEarning(models.Model):
    _inherit = "loyalty.earning"

    @api.model
    def _card_terms(self, claim):
        """A sale at a till multiplies as the till does for the card's level (bH2)."""
        values = super()._card_terms(claim)
        if claim.document[0] == "pos.order":
            config = self.env["pos.order"].browse(claim.document[1]).config_id
            level = self.env["loyalty.level"].browse(values["level_id"] or [])
            multiplier = claim.card.program_id._till_multiplier(config, level)
            if multiplier is not None:
                values["multiplier"] = multiplier
        return values
