from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.loyalty_ledger.tools.today import loyalty_today


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    redemption_rate = fields.Float(
        "Expected Redemption (%)",
        digits=(16, 4),
        compute="_compute_redemption_rate",
        inverse="_inverse_redemption_rate",
        help="How many of all points are expected to be redeemed in the end. A change applies from today on: revenue of "
        "earlier documents is not allocated again, but recognised by the new estimate from the next close on.",
    )
    deferral_from = fields.Date(
        "Deferred From",
        readonly=True,
        copy=False,
        help="First day whose sales are deferred. Points that customers had before came with the transition entry.",
    )
    cohort_ids = fields.One2many("loyalty.cohort", "program_id", "Cohorts", readonly=True, copy=False)

    @api.depends("point_value_ids.redemption_rate", "point_value_ids.date")
    def _compute_redemption_rate(self):
        for program in self:
            today = loyalty_today(self.env, program.company_id)
            program.redemption_rate = float(program._redemption_rate_at(today))

    def _inverse_redemption_rate(self):
        self._set_from_today("redemption_rate")

    def _dated_values_at(self, date):
        return {**super()._dated_values_at(date), "redemption_rate": float(self._redemption_rate_at(date))}

    def _redemption_rate_at(self, date):
        """Return the expected redemption of a day in percent, as Decimal; 0 where none is set."""
        self.ensure_one()
        # The same for everybody, with or without the right to read the values.
        rows = (self.sudo() if self.id else self).point_value_ids
        rows = rows.filtered(lambda row: row.date and row.redemption_rate).sorted("date")
        # The first estimate holds for earlier days too: something was sold before anybody estimated.
        row = rows.filtered(lambda row: row.date <= date)[-1:] or rows[:1]
        rate = row.redemption_rate
        return Decimal(f"{rate:.4f}").normalize()

    def _may_defer(self):
        return True

    def _has_runs(self):
        return super()._has_runs() or self._defers()

    @api.constrains("accounting_policy", "issue_on", "redemption_rate")
    def _check_deferral(self):
        for program in self.filtered(lambda program: program._defers()):
            if problem := program._accounting_problem():
                raise ValidationError(program._with_name(problem))

    def _policy_problem(self):
        _ = self.env._
        if problem := super()._policy_problem():
            return problem
        if not self._defers():
            return None
        if problem := self._timing_problem():
            return problem
        rates = self.point_value_ids.mapped("redemption_rate")
        if not any(rates):
            return _(
                "enter the Expected Redemption: how many percent of all points are redeemed in the end. Without it the "
                "price of the points, and so the revenue to defer, is unknown."
            )
        return None

    def _timing_problem(self):
        if self.issue_on == "paid":
            return None
        return self.env._(
            "revenue is deferred for points that documents earn when they are paid. Choose “When the document is paid "
            "in full” under Points Are Awarded: with Odoo's own timing the revenue of an order is not known when its "
            "points are given."
        )

    def _books_labels(self):
        if not self._defers():
            return super()._books_labels()
        _ = self.env._
        return {
            "transition": _("Transition to deferred revenue"),
            "allocate": _("Revenue deferred for loyalty points"),
            "return": _("Deferred revenue of returned sales"),
            "redeem": _("Revenue of redeemed loyalty points"),
            "breakage": _("Revenue of lapsed loyalty points"),
            "re_estimate": _("Change of the expected redemption"),
        }

    def _defers(self):
        """Return whether revenue of the program's sales is deferred."""
        return self.accounting_policy == "deferral"
