from odoo import models


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _say_next_tier(self, figure):
        """Say how far a customer is from the next tier, or False when there is none.

        :param figure: as :meth:`_period_figures` returns it
        """
        if not figure["next_percentage"]:
            return False
        return self.env._(
            "%(amount)s to the next %(percentage)s %%",
            amount=self.currency_id.format(figure["missing"]),
            percentage=f"{figure['next_percentage']:g}",
        )
