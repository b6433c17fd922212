from odoo import api, models

from odoo.addons.loyalty_ledger.tools.words import say_percentage


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _say_next_tier(self, figure):
        """Say how far a customer is from the next tier, or False when there is none.

        :param figure: as :meth:`_period_figures` returns it
        """
        if not figure["next_percentage"]:
            return False
        return self.env._(
            "%(amount)s to reach %(percentage)s%%",
            amount=self.currency_id.format(figure["missing"]),
            percentage=say_percentage(self.env, figure["next_percentage"]),
        )

    @api.depends(
        "award_mode", "period_length", "settlement", "tier_ids.threshold", "tier_ids.percentage", "tier_ids.applies_to"
    )
    def _compute_terms_summary(self):
        super()._compute_terms_summary()

    def _summarize_terms(self):
        """Say the tiers: "Each month 2 % of sales above $ 10,000.00, to the customer's account"."""
        if self.program_type != "loyalty" or self.award_mode != "period":
            return super()._summarize_terms()
        # access: users who may read the program read its terms, as customers do; salespeople and cashiers read no targets
        tiers = ", ".join(self._say_tier(tier) for tier in self.sudo().tier_ids.sorted("threshold"))
        return self._say_period_terms(tiers or self.env._("what the rules say of each product"))

    def _say_tier(self, tier):
        _ = self.env._
        currency = self.currency_id or self.env.company.currency_id
        names = {"percentage": say_percentage(self.env, tier.percentage), "amount": currency.format(tier.threshold)}
        if tier.applies_to == "all":
            return _("%(percentage)s%% of all sales once they reach %(amount)s", **names)
        return _("%(percentage)s%% of sales above %(amount)s", **names)

    def _say_period_terms(self, tiers):
        _ = self.env._
        if self.settlement == "account":
            said = _("%s, to the customer's account", tiers)
        else:
            said = _("%s, as credits on the card", tiers)
        if self.period_length == "year":
            return _("Each year %s", said)
        return _("Each quarter %s", said) if self.period_length == "quarter" else _("Each month %s", said)

    def _why_no_sale_earns(self):
        reason = super()._why_no_sale_earns()
        if reason or self.award_mode != "period":
            return reason
        return self.env._(
            "%s credits the sales of a period together when it is over. This document counts in the period of its invoice.",
            self.name,
        )

    def _show_figures(self, partner):
        """Return what the customer's form and the portal show of each program, ready to be read.

        :return: list of dicts of texts: ``program``, ``period``, ``sales``, ``target``, ``percentage`` (a number),
            ``credits``, ``next``, ``left``
        """
        shown = []
        for program in self:
            shown += [program._show_figure(figure) for figure in program._period_figures(partner)]
        return shown

    def _show_figure(self, figure):
        self.ensure_one()
        money = self.currency_id.format
        return {
            "program": self.name,
            "period": self._name_period(figure["date_from"]),
            "sales": money(figure["sales"]),
            "target": figure["target"] and money(figure["target"]),
            "percentage": round(figure["percentage"]),
            "credits": money(figure["accrued"]),
            "next": self._say_next_tier(figure),
        }

    def _say_left(self, day, left):
        """Say how much of the roll-over of the period of ``day`` is left, as :meth:`_roll_over_after` counts it: cards as long
        as unused credits lapse, customers from then on."""
        start, __ = self._period_bounds(day)
        periods = self.env["loyalty.period"].sudo()  # the close checked the right to run
        period = periods.search([("program_id", "=", self.id), ("date_from", "=", start)])
        if self._must_lapse(period):
            return self.env._("Cards whose unused credits are still to lapse: %s", f"{left:,}")
        return self.env._("Customers left: %s", f"{left:,}")
