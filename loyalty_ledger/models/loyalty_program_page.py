"""The public page of a program: what it is and how it works, without any customer's data (bP11)."""

from odoo import api, fields, models
from odoo.tools import format_amount

from ..tools.words import in_order, say_named_points, say_points


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    public_page = fields.Boolean(
        "Published", copy=False, help="Whether everybody can read the page of the program, without logging in."
    )
    public_introduction = fields.Html(
        "Introduction",
        translate=True,
        help="Text at the top of the page. Rules, levels and expiry are added automatically.",
    )
    public_url = fields.Char("Public Page", compute="_compute_public_url")

    def _compute_public_url(self):
        for program in self:
            program.public_url = program.id and f"{program.get_base_url()}{program._public_path()}"

    def _public_path(self):
        self.ensure_one()
        return f"/loyalty/program/{self.env['ir.http']._slug(self)}"

    def action_open_public_page(self):
        """Open the page as customers see it; managers see it before it is published."""
        self.ensure_one()
        return {"type": "ir.actions.act_url", "url": self._public_path(), "target": "new"}

    def _public_values(self):
        """Return what the page shows: sentences by topic, in the reader's language. Nothing about customers."""
        self.ensure_one()
        return {
            "earning": self._public_earning(),
            "worth": self._public_worth(),
            "levels": self._public_levels(),
            "expiry": self._public_expiry(),
        }

    def _say_points(self, points, signed=False):
        """Return points with their name, or as money where they are money: on gift cards and eWallets.

        :param signed: with a plus sign where points are added
        """
        self.ensure_one()
        if self.currency_id and (self.program_type != "loyalty" or self.portal_point_name == self.currency_id.symbol):
            plus = "+" if signed and points > 0 else ""
            return in_order(self.env, f"{plus}{format_amount(self.env, points, self.currency_id)}")
        return say_named_points(self.env, points, self.portal_point_name, signed=signed)

    @api.model
    def _say_points_of_each(self, points, signed=False):
        """Return ``{program: points}`` in words, each program apart: points of different programs are never added (N27)."""
        texts = {program: program._say_points(number, signed=signed) for program, number in points.items()}
        if len(texts) == 1:
            return next(iter(texts.values()))
        return ", ".join(f"{program.name}: {text}" for program, text in texts.items())

    def _public_points(self, points):
        return say_named_points(self.env, points, self.portal_point_name)

    def _public_earning(self):
        """Say how points are earned."""
        _ = self.env._
        if not self.accumulates:
            return [_("No points are awarded at the moment. You can still use the points you have.")]
        lines = [self._public_rule(rule) for rule in self._earning_rules()]
        if self.issue_on == "paid":
            lines.append(_("Points are added once your purchase is paid in full."))
        if self.vesting_days == 1:
            lines.append(_("They can be used from the next day on."))
        elif self.vesting_days:
            lines.append(_("They can be used %s days later.", self.vesting_days))
        return lines

    def _public_rule(self, rule):
        _ = self.env._
        points = self._public_points(rule.reward_point_amount)
        if rule.reward_point_mode == "money":
            amount = format_amount(self.env, 1, self.currency_id or self.env.company.currency_id)
            line = _("%(points)s for every %(amount)s that you spend", points=points, amount=amount)
        elif rule.reward_point_mode == "unit":
            line = _("%s for every unit that you buy", points)
        else:
            line = _("%s for every purchase", points)
        conditions = []
        if rule.minimum_amount:
            amount = format_amount(self.env, rule.minimum_amount, self.currency_id or self.env.company.currency_id)
            conditions.append(_("from %s on", amount))
        if rule.minimum_qty > 1:
            conditions.append(_("from %s units on", rule.minimum_qty))
        if rule._filters_products():
            conditions.append(_("on chosen products"))
        return ", ".join([line, *conditions])

    def _public_worth(self):
        """Say what points are worth. Override to add other ways of spending them."""
        rewards = self.reward_ids.filtered("active").sorted("required_points")
        return [
            reward.description  # it says "per point" itself
            if reward.discount_mode == "per_point" and reward.required_points == 1
            else self.env._(
                "%(points)s: %(reward)s", points=self._public_points(reward.required_points), reward=reward.description
            )
            for reward in rewards
        ]

    def _public_levels(self):
        """Return the levels as dicts, the lowest first."""
        _ = self.env._
        units = {"invoices": _("purchases"), "last_12_months": _("in 12 months")}
        levels = self.level_ids.sorted("min_points") if self.program_type == "loyalty" else self.level_ids.browse()
        result = []
        for level in levels:
            if self.level_basis == "invoices":
                start = f"{say_points(self.env, level.min_points)} {units['invoices']}"
            else:
                start = self._public_points(level.min_points)
                if self.level_basis in units:
                    start = f"{start} {units[self.level_basis]}"
            result.append(
                {
                    "name": level.name,
                    "start": _("from the start") if not level.min_points else _("from %s", start),
                    # Only what is given: Odoo's own timing knows no levels.
                    "multiplier": level._multiplier_used() != 1 and say_points(self.env, level.multiplier),
                }
            )
        return result

    def _public_expiry(self):
        """Say how long points last."""
        _ = self.env._
        if self.expiry_policy == "never":
            return _("Points do not expire.")
        units = dict(self._fields["expiry_unit"]._description_selection(self.env))
        delay = f"{self.expiry_delay} {units[self.expiry_unit].lower()}"
        if self.expiry_policy == "lot":
            return _("Points can be used for %s after you earned them.", delay)
        return _("Points can be used for %s; each time you earn, all of them last that long again.", delay)
