from odoo import api, models


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

    def _freeze_tax_sets(self, claim):
        """What a till sold stays as it was paid. Its lines are calculated when they are asked for, at the rates of then."""
        if self.res_model == "pos.order" and self.tax_sets:
            return {}
        return super()._freeze_tax_sets(claim)

    def _synchronise_documents(self):
        super()._synchronise_documents()
        ids = [earning.res_id for earning in self if earning.res_model == "pos.order"]
        self.env["pos.order"].browse(ids).exists()._loyalty_settle()
