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

    def _why_no_sale_earns(self):
        reason = super()._why_no_sale_earns()
        if reason or self.award_mode != "period":
            return reason
        return self.env._(
            "%(program)s credits the sales of a period together when it is over. This document counts among the sales of "
            "%(period)s.",
            program=self.name,
            period=self._name_period(self._period_bounds(self._period_today())[0]),
        )

    def _show_figures(self, partner):
        """Return what the customer's form and the portal show of each program, ready to be read.

        :return: list of dicts of texts: ``program``, ``period``, ``sales``, ``target``, ``percentage`` (a number),
            ``credits``, ``next``, ``left``
        """
        shown = []
        for program in self:
            for figure in program._period_figures(partner):
                money = program.currency_id.format
                shown.append(
                    {
                        "program": program.name,
                        "period": program._name_period(figure["date_from"]),
                        "sales": money(figure["sales"]),
                        "target": figure["target"] and money(figure["target"]),
                        "percentage": round(figure["percentage"]),
                        "credits": money(figure["accrued"]),
                        "next": program._say_next_tier(figure),
                    }
                )
        return shown
