from odoo import api, fields, models

from ..ledger.rounding import to_points, to_units
from ..tools.memory import forget, remembered
from ..tools.today import loyalty_today


class ResCompany(models.Model):
    _name = "res.company"
    _inherit = ["loyalty.values.mixin", "res.company"]

    loyalty_adjustment_limit = fields.Float(
        "Adjustments Without Approval Up To",
        digits=(16, 4),
        prefetch="loyalty",
        help="Adjustments above this number of points, all their cards together, wait for a second manager's "
        "approval. Everything that the same person granted to these customers within 24 hours counts: "
        "adjustments, bonus points, imports, generated cards, waived debts, and transfers from cards of other "
        "customers, on all cards of the customer. Gift cards and eWallets count by their amount, unless a value "
        "is set below. 0: no limit.",
    )
    loyalty_value_limit = fields.Monetary(
        "Value Without Approval Up To",
        currency_field="currency_id",
        prefetch="loyalty",
        help="The same limit as an amount, for gift cards, eWallets and programs whose points have a value: what is "
        "granted in several such programs counts together. The limit in points applies to points without a "
        "value. 0: the limit in points applies to everything.",
    )
    loyalty_tracked_default = fields.Boolean(
        "New Customers Collect Points",
        default=True,
        prefetch="loyalty",
        help="Whether points are tracked for new customers.",
    )

    _check_loyalty_adjustment_limit = models.Constraint(
        "CHECK (loyalty_adjustment_limit >= 0)", "The limit for adjustments cannot be negative."
    )
    _check_loyalty_value_limit = models.Constraint(
        "CHECK (loyalty_value_limit >= 0)", "The limit for the value of adjustments cannot be negative."
    )

    def _loyalty_timezone(self):
        """Return the name of the time zone in which the company's days begin, or False."""
        return self._origin._timezone_of_contact()

    @remembered("self.id")
    def _timezone_of_contact(self):
        """Every transaction asks, and companies hardly ever move: remembered until one does."""
        return self.sudo().partner_id.tz

    def write(self, vals):
        result = super().write(vals)
        if "partner_id" in vals:
            forget(self.env)  # its time zone
        return result

    @api.model
    def _exceeds_loyalty_limit(self, *gifts):
        """Return whether one of the gifts needs a second person's approval (N10).

        Each program is measured in money where the company has a limit in money and points have a value, else in
        points. A program without company is held to the limits of all companies.

        :param gifts: dicts program (in sudo) -> ten-thousandths of points moved, positive
        """
        limited = self._loyalty_limits()
        return any(
            company._loyalty_gift_exceeds(
                {program: units for program, units in gift.items() if program.company_id in (company, self.browse())}
            )
            for company in limited
            for gift in gifts
        )

    def _loyalty_gift_exceeds(self, gift):
        """Return whether a dict program -> ten-thousandths of points is above a limit of the company."""
        points, money = 0, 0.0
        today = loyalty_today(self.env, self)
        for program, units in gift.items():
            value = program._value_of_points(to_points(units), today) if self.loyalty_value_limit else None
            if value is None:
                points += units
            else:
                money += program.currency_id._convert(value, self.currency_id, self, today, round=False)
        return bool(
            (self.loyalty_adjustment_limit and points > to_units(self.loyalty_adjustment_limit))
            or (self.loyalty_value_limit and self.currency_id.compare_amounts(money, self.loyalty_value_limit) > 0)
        )

    @api.model
    def _loyalty_limits(self):
        """Return the companies with a limit, in sudo: users may have no access to other companies' settings; only the
        limits are returned."""
        return self.sudo().search(["|", ("loyalty_adjustment_limit", ">", 0), ("loyalty_value_limit", ">", 0)])

    @api.model
    def _has_loyalty_limits(self):
        return bool(self._loyalty_limits())
