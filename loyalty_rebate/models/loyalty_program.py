"""Programs that credit the sales of a period: their settings, their periods, and the terms that hold in each."""

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tools import SQL, date_utils, format_date
from odoo.tools.json import scriptsafe as json

from odoo.addons.loyalty_ledger.tools.today import loyalty_today

#: Months of a period.
MONTHS = {"month": 1, "quarter": 3, "year": 12}


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    award_mode = fields.Selection(
        [("sale", "Sale by sale"), ("period", "By sales of a period, against targets")],
        "Credits Are Awarded",
        required=True,
        default="sale",
        help="Sale by sale: each document earns points.\n"
        "By sales of a period: the sales of a month, quarter or year are credited together when it is closed, at "
        "percentages that targets decide. Single documents earn nothing.",
    )
    period_length = fields.Selection(
        [("month", "Month"), ("quarter", "Quarter"), ("year", "Year")],
        "Period",
        required=True,
        default="month",
        help="Sales of this period are counted against the targets.",
    )
    settlement = fields.Selection(
        [("payment", "Stay on the card"), ("account", "Go to the customer's account")],
        "Settlement",
        required=True,
        default="payment",
        help="Stay on the card: customers redeem their credits as a means of payment, or you pay them out.\n"
        "Go to the customer's account: each close posts them as an outstanding credit, which pays the next invoice.",
    )
    unused_credits = fields.Selection(
        [("carry", "Are kept"), ("zero", "Lapse at the next roll-over")],
        "Unused Credits",
        required=True,
        default="carry",
        help="What happens to credits of earlier periods that were not used when new ones are added: of 10 unused and 5 "
        "new credits, 15 or 5 are left.",
    )
    on_hold = fields.Selection(
        [("accrue", "Are credited as usual"), ("skip", "Are not credited")],
        "Customers on Hold",
        required=True,
        default="accrue",
        help="Customers with the check mark Loyalty on Hold. Not credited: sales of a period that is closed while the "
        "customer is on hold bring nothing, later either.",
    )
    tier_ids = fields.One2many("loyalty.target.tier", "program_id", "Tiers", copy=False)  # see copy
    target_ids = fields.One2many("loyalty.target", "program_id", "Targets of Customers", copy=False)
    period_ids = fields.One2many("loyalty.period", "program_id", "Periods", copy=False)
    terms_notice = fields.Char(compute="_compute_terms_notice")

    # --- set-up --------------------------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("award_mode") == "period":
                vals.setdefault("issue_on", "paid")
                if not vals.get("point_value_ids"):
                    # A credit is a unit of the currency, from whenever its sales were made.
                    value = vals.pop("point_value", None) or 1.0
                    vals["point_value_ids"] = [Command.create({"date": "2000-01-01", "point_value": value})]
        return super().create(vals_list)

    def write(self, vals):
        if vals.get("award_mode") == "period":
            vals = {"issue_on": "paid", **vals}
        if "period_length" in vals or "award_mode" in vals:
            self._check_mode_may_change(vals)
        return super().write(vals)

    def copy(self, default=None):
        copies = super().copy(default)
        if "tier_ids" not in (default or {}):
            for program, copied in zip(self, copies):
                # access: users who may create programs, such as managers of registers, copy the terms, too
                program.sudo().tier_ids.copy({"program_id": copied.id})
        return copies

    @api.onchange("award_mode")
    def _onchange_award_mode(self):
        if self.award_mode == "period":
            self.issue_on = "paid"
            if not self._origin:
                self.point_value = 1.0

    def _check_mode_may_change(self, vals):
        for program in self:
            last = program._last_period()
            names = [name for name in ("award_mode", "period_length") if name in vals and vals[name] != program[name]]
            if last and names:
                raise ValidationError(
                    self.env._(
                        "%(program)s was rolled over until %(date)s, so “%(field)s” can no longer change. Make a new "
                        "program, and end this one by clearing “%(accumulates)s”.",
                        program=program.name,
                        date=format_date(self.env, last.date_to),
                        field=self._fields[names[0]]._description_string(self.env),
                        accumulates=self._fields["accumulates"]._description_string(self.env),
                    )
                )

    @api.constrains(
        "award_mode", "issue_on", "program_type", "company_id", "currency_id", "accounting_policy", "vat_mode"
    )
    def _check_award_mode(self):
        for program in self.filtered(lambda program: program.award_mode == "period"):
            if problem := program._award_mode_problem():
                raise ValidationError(program._with_name(problem))

    def _award_mode_problem(self):
        _ = self.env._
        if self.program_type != "loyalty":
            return _("only programs of type Loyalty Cards credit sales of a period. Choose “Sale by sale”.")
        if self.issue_on != "paid":
            return _(
                "credits of a period need “When the document is paid in full” under Points Are Awarded; with Odoo's own "
                "timing each order would give points as well."
            )
        if not self.company_id:
            return _("set the Company. Sales of a period are counted per company.")
        if self.currency_id != self.company_id.currency_id:
            return _(
                "sales of a period are counted in the company's currency. Set the Currency to %s.",
                self.company_id.currency_id.name,
            )
        if self.accounting_policy not in ("none", "redemption", "accrual"):
            return _("credits of a period go with the policies “Accrue the liability” and “Expense when redeemed”.")
        if self._relieves_earning_sale():
            return _(
                "credits of a period come from many sales, so no single sale says at which rate their VAT is taken off. Choose "
                "“Price reduction” under VAT of Redemptions, which uses the rates of the sales of the period, or award points "
                "“Sale by sale”."
            )
        return None

    @api.model
    def _earning_fields(self):
        return [*super()._earning_fields(), "award_mode"]

    def _awards_sales(self):
        return super()._awards_sales() and self.award_mode == "sale"

    def _public_earning(self):
        """Say that sales of a period are credited, and from when on."""
        if self.award_mode != "period" or not self.accumulates:
            return super()._public_earning()
        lines = [self.env._("Your purchases of a period are added up and credited when it is over.")]
        return lines + [f"{tier.display_name}." for tier in self.tier_ids]

    # --- periods -------------------------------------------------------------------------------------------------

    def _period_today(self):
        self.ensure_one()
        return loyalty_today(self.env, self.company_id)

    def _period_bounds(self, day):
        """Return ``(first day, last day)`` of the period that ``day`` belongs to."""
        self.ensure_one()
        return date_utils.get_month(day) if self.period_length == "month" else self._long_bounds(day)

    def _long_bounds(self, day):
        months = MONTHS[self.period_length]
        start = day.replace(day=1, month=(day.month - 1) // months * months + 1)
        return start, start + relativedelta(months=months, days=-1)

    def _next_day(self, day):
        return day + relativedelta(days=1)

    def _name_period(self, start):
        """Return what people call the period that begins on a day."""
        self.ensure_one()
        if self.period_length == "year":
            return format_date(self.env, start, date_format="yyyy")
        if self.period_length == "quarter":
            return format_date(self.env, start, date_format="QQQ yyyy")
        return format_date(self.env, start, date_format="LLLL yyyy")

    def _last_period(self):
        """Return the latest :class:`LoyaltyPeriod` that was rolled over."""
        self.ensure_one()
        # Whether there is one is said to everybody who may edit the program; its figures are not.
        return self.env["loyalty.period"].sudo().search([("program_id", "=", self.id)], limit=1)

    # --- terms ---------------------------------------------------------------------------------------------------

    def _terms_now(self, target=None):
        """Return the terms as they are set now: ``tiers`` of the program or of ``target``, and percentages of rules."""
        self.ensure_one()
        if target:
            return {"tiers": target.tier_ids._as_terms()}
        rules = {str(rule.id): rule.period_percentage for rule in self.rule_ids if rule.period_percentage}
        return {"tiers": self.tier_ids._as_terms(), "rules": rules}

    def _keep_terms(self, target=None):
        """Keep the terms of now until the current period ends: they are about to change (bM4).

        Where there are none yet, the first ones hold at once.
        """
        for program in self.filtered(lambda program: program.award_mode == "period" and program._origin):
            program = program._origin
            for owner in target or [None]:
                terms = program._terms_now(owner)
                if not any(terms.values()):
                    continue
                self.env["loyalty.period.terms"].flush_model()
                self.env.cr.execute(
                    SQL(
                        """
                        INSERT INTO loyalty_period_terms (program_id, target_id, date_to, terms)
                        VALUES (%s, %s, %s, %s)
                        ON CONFLICT (program_id, COALESCE(target_id, 0), date_to) DO NOTHING
                        """,
                        program.id,
                        owner.id if owner else None,
                        program._period_bounds(program._period_today())[1],
                        json.dumps(terms),
                    )
                )
                self.env["loyalty.period.terms"].invalidate_model(flush=False)

    def _terms_of(self, date_from, date_to):
        """Return the terms that hold in a period, as frozen when it began.

        :return: ``(terms of the program, {customer id: terms of the customer's own target})``
        """
        self.ensure_one()
        program = self.sudo()  # terms are the same for everybody
        kept = (
            self.env["loyalty.period.terms"]
            .sudo()
            .search([("program_id", "=", self.id), ("date_to", ">=", date_to)], order="date_to desc")
        )
        first = {row.target_id: row.terms for row in kept}  # the earliest one wins
        own = {}
        for target in program.target_ids.sorted(lambda target: (target.date_from, target.id)):
            if target.date_from <= date_from:
                own[target.partner_id.commercial_partner_id.id] = first.get(target) or program._terms_now(target)
        return first.get(self.env["loyalty.target"]) or program._terms_now(), own

    @api.depends("tier_ids", "period_length", "award_mode")
    def _compute_terms_notice(self):
        """Tell when changed terms begin to hold."""
        for program in self:
            program.terms_notice = False
            origin = program._origin
            if not origin or origin.award_mode != "period":
                continue
            __, end = origin._period_bounds(origin._period_today())
            rows = self.env["loyalty.period.terms"].sudo()  # whether there is one; the terms are the program's own
            if rows.search_count([("program_id", "=", origin.id), ("target_id", "=", False), ("date_to", "=", end)]):
                program.terms_notice = self.env._(
                    "The terms were changed after the period had begun. Those of before hold until %(end)s, the changed "
                    "ones from %(next)s on.",
                    end=format_date(self.env, end),
                    next=format_date(self.env, origin._next_day(end)),
                )
