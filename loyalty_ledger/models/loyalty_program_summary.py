"""What a program gives and what that costs, in one line at the top of its form."""

from odoo import api, fields, models
from odoo.tools import float_round, format_amount

from ..tools.words import say_points


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    terms_summary = fields.Char(
        "In Short",
        compute="_compute_terms_summary",
        help="What customers get for their money. Levels, minimums and special rules come on top.",
    )

    @api.depends(
        "program_type",
        "accumulates",
        "portal_point_name",
        "currency_id",
        "rule_ids.reward_point_mode",
        "rule_ids.reward_point_amount",
        "rule_ids.mode",
        "rule_ids.product_ids",
        "rule_ids.product_category_id",
        "rule_ids.product_tag_id",
        "rule_ids.product_domain",
        "level_ids.multiplier",
        "level_ids.min_points",
        "issue_on",
        "reward_ids.discount",
        "reward_ids.discount_mode",
        "reward_ids.required_points",
    )
    @api.depends_context("lang")
    def _compute_terms_summary(self):
        for program in self:
            program.terms_summary = program._summarize_terms()

    def _summarize_terms(self):
        """Return "1 point per $ 1.00, worth $ 0.01: 1 % back", or as much of it as the terms say; False for other types."""
        self.ensure_one()
        _ = self.env._
        if self.program_type == "gift_card":
            return _("Gift cards: customers pay in advance and spend it later.")
        if self.program_type == "ewallet":
            return _("eWallets: customers pay in advance, top up, and spend it later.")
        if self.program_type != "loyalty":
            return False
        if not self._awards_sales():
            return self._why_no_sale_earns()
        # The rules of an archived program are archived with it: what a copy would give is read before it is activated.
        shown = self if self.active else self.with_context(active_test=False)
        rules = shown.rule_ids.filtered(lambda rule: (rule.active or not self.active) and rule.mode == "auto")
        money = rules.filtered(lambda rule: rule.reward_point_mode == "money" and not rule._filters_products())
        rule = money[:1] or rules[:1]
        rate = sum(money.mapped("reward_point_amount")) or rule.reward_point_amount
        if not rule or rate <= 0:
            return _("No rule gives points yet. Add one below.")
        earned, value = self._summarize_rule(rule, rate), self._summary_value()
        if not value:
            return earned
        currency = self.currency_id or self.env.company.currency_id
        values = {"earned": earned, "value": self._say_small_amount(value, currency)}
        is_one = earned.startswith(f"{_('1 point')} ")
        worth = (
            _("%(earned)s, worth %(value)s", **values) if is_one else _("%(earned)s, each worth %(value)s", **values)
        )
        if not money:
            return worth
        multipliers = [level._multiplier_used() for level in self.level_ids.sorted("min_points")] or [1.0]
        lowest, highest = (
            say_points(self.env, float_round(100 * rate * value * factor, precision_digits=2))
            for factor in (multipliers[0], max(multipliers))
        )
        if lowest == highest:
            return _("%(worth)s: %(percent)s%% back", worth=worth, percent=lowest)
        return _(
            "%(worth)s: %(lowest)s%% back, %(highest)s%% on the best level",
            worth=worth,
            lowest=lowest,
            highest=highest,
        )

    def _summarize_rule(self, rule, rate):
        """Return what the rule gives: "1 point per $ 10.00" rather than "0.1 points per $ 1.00"."""
        _ = self.env._
        per = 1.0
        if rule.reward_point_mode == "money" and rate < 1:
            rate, per = 1.0, 1 / rate
        points = self._public_points(float_round(rate, precision_digits=4))
        if rate == 1 and points != _("1 point") and rule.reward_point_mode == "money":
            # A name of their own has no singular: "10 beans per $ 100.00".
            points, per = self._public_points(10), per * 10
        if rule.reward_point_mode == "money":
            currency = self.currency_id or self.env.company.currency_id
            return _("%(points)s per %(amount)s", points=points, amount=format_amount(self.env, per, currency))
        if rule.reward_point_mode == "unit":
            return _("%s per unit", points)
        return _("%s per purchase", points)

    def _summary_value(self):
        """Return what a point is worth in the currency of the program, as the rewards say, or 0 where they do not.

        Override where points are redeemed in another way.
        """
        self.ensure_one()
        for reward in self.reward_ids.filtered(lambda reward: reward.active and reward.reward_type == "discount"):
            if reward.discount_mode == "per_point":
                return reward.discount
            if reward.discount_mode == "per_order" and reward.required_points:
                return reward.discount / reward.required_points
        return 0.0

    def _say_small_amount(self, amount, currency):
        """Return an amount that may be a part of a cent, with as many decimals as it needs."""
        if abs(amount - currency.round(amount)) < 1e-9:
            return format_amount(self.env, amount, currency)
        number = say_points(self.env, amount)
        return f"{currency.symbol} {number}" if currency.position == "before" else f"{number} {currency.symbol}"
