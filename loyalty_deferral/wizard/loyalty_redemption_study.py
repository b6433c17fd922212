"""Expected redemption: what the program's own points say, and the decision of the accountant (N16)."""

from decimal import Decimal

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tools import SQL, format_date

from odoo.addons.loyalty_ledger.tools.today import loyalty_today

from ..tools import chain_ladder
from ..tools.deferral import recognised

DECISIONS = [("take", "Take the proposal"), ("override", "Another rate"), ("keep", "Keep the rate in force")]


class LoyaltyRedemptionStudy(models.TransientModel):
    """Triangle, proposals and decisions of one program on one day. What is decided is kept with the program and its cohorts."""

    _name = "loyalty.redemption.study"
    _inherit = ["loyalty.values.mixin"]
    _description = "Expected Redemption"
    _rec_name = "program_id"

    program_id = fields.Many2one(
        "loyalty.program",
        "Program",
        required=True,
        ondelete="cascade",
        domain=[("program_type", "=", "loyalty")],
        default=lambda self: self._default_program_id(),
    )
    company_id = fields.Many2one(related="program_id.company_id")
    currency_id = fields.Many2one(related="program_id.currency_id")
    date = fields.Date(
        "As Of",
        required=True,
        # A month that is not over would count as a slow one, at every age.
        default=lambda self: loyalty_today(self.env, self.env.company).replace(day=1) - relativedelta(days=1),
        help="Redemptions up to this day count; use the last day of a month.",
    )
    defers = fields.Boolean(compute="_compute_defers")
    in_force = fields.Float("Rate in Force (%)", digits=(16, 4), readonly=True)
    proposed_rate = fields.Float(
        "Proposal (%)",
        digits=(16, 4),
        readonly=True,
        help="Chain ladder over all months: what is redeemed from one age to the next, weighted by volume.",
    )
    back_test = fields.Char("Back-Test", readonly=True, help="What the method would have said a year ago.")
    line_ids = fields.One2many("loyalty.redemption.study.line", "study_id", "Months")
    point_ids = fields.One2many("loyalty.redemption.study.point", "study_id", "Curves")
    decision = fields.Selection(DECISIONS, "Decision for the Program")
    new_rate = fields.Float("New Rate (%)", digits=(16, 4))
    date_from = fields.Date(
        "Holds From",
        help="The decision holds from this day on. A close that is done keeps the estimates that it used.",
    )
    reason = fields.Char("Reason", help="Why: it is kept with the decision.")
    effect_amount = fields.Monetary(
        "Effect on This Close",
        compute="_compute_effect_amount",
        help="How much more revenue the close of this day recognises by the decisions; negative: less.",
    )
    is_calculated = fields.Boolean(readonly=True)
    can_decide = fields.Boolean(compute="_compute_can_decide")
    can_decide_months = fields.Boolean(compute="_compute_can_decide")

    def _default_program_id(self):
        programs = self.env["loyalty.program"].search(
            [("program_type", "=", "loyalty"), ("company_id", "in", self.env.companies.ids)], order="id"
        )
        return programs.filtered(lambda program: program._defers())[:1] or programs[:1]

    @api.depends("program_id")
    def _compute_display_name(self):
        for study in self:
            study.display_name = self.env._("Expected Redemption: %s", study.program_id.name)

    @api.depends("program_id")
    def _compute_defers(self):
        for study in self:
            study.defers = study.program_id._defers()

    @api.depends("program_id")
    @api.depends_context("uid")
    def _compute_can_decide(self):
        months = self.env["loyalty.cohort.rate"].has_access("create")
        for study in self:
            study.can_decide_months = months and study.defers
            study.can_decide = months or self.env["loyalty.point.value"].has_access("create")

    @api.constrains("new_rate", "decision")
    def _check_new_rate(self):
        for study in self.filtered(lambda study: study.decision == "override"):
            study.line_ids._check_rate(study.new_rate)

    def action_calculate(self):
        """Read the triangle as of the day, and propose."""
        self.ensure_one()
        self.check_access("write")
        self.program_id.check_access("read")
        if self.date > loyalty_today(self.env, self.company_id):
            raise UserError(
                self.env._("What will be redeemed until a day to come is not known. Choose today or an earlier day.")
            )
        # Nobody has access to all transactions of a program; what is shown are sums.
        program = self.program_id.sudo()
        found = program._deferral_triangle(self.date)
        self.write(
            {
                "is_calculated": True,
                "in_force": float(program._redemption_rate_at(self.date)),
                "proposed_rate": found["rate"],
                "back_test": self._say_back_test(found["back_test"]),
                "decision": False,
                "date_from": self.date_from or self.date,
                "line_ids": [
                    Command.clear(),
                    *(Command.create(self._line_values(row)) for row in reversed(found["cohorts"])),
                ],
                "point_ids": [Command.clear(), *(Command.create(row) for row in self._curve_points(found))],
            }
        )
        return True

    def _say_back_test(self, found):
        if not found:
            return self.env._("No back-test: the program had no points a year ago.")
        predicted, actual = found["predicted"], found["actual"]
        return self.env._(
            "A year ago the method would have said %(predicted)s points by now; it is %(actual)s (%(percent)s%%).",
            predicted=f"{predicted:,.0f}",
            actual=f"{actual:,.0f}",
            percent=f"{100 * (actual - predicted) / predicted:+.1f}",
        )

    def _line_values(self, row):
        return {
            "month": row["month"],
            "month_name": format_date(self.env, row["month"], date_format="LLLL yyyy"),
            "issued_points": row["issued"],
            "redeemed_points": row["actual"],
            "lapsed_points": row["lapsed"],
            "expected_points": round(row["expected"]),  # an estimate; whole points foot
            "proposed_rate": row["rate"],
            "low_rate": row["low"],
            "high_rate": row["high"],
            "is_borrowed": row["is_borrowed"],
            "in_force": row["in_force"],
        }

    def _curve_points(self, found):
        """Return values of the points of the curves: of each month, and of all months together with their fan."""
        cohorts = [row for row in found["cohorts"] if row["issued"]]
        triangle, last_age = [row["redeemed"] for row in cohorts], self.program_id._last_age()
        spread = chain_ladder.bounds(triangle, last_age)
        steps = {
            "projected": chain_ladder.factors(triangle, last_age),
            "low": [low for low, __ in spread],
            "high": [high for __, high in spread],
        }
        points = []
        for row in cohorts:
            # Of a month of which nothing was redeemed yet the ladder says nothing.
            own = [] if row["is_borrowed"] else steps["projected"]
            for age, total in enumerate(chain_ladder.project(row["redeemed"], own)):
                kind = "actual" if age < len(row["redeemed"]) else "projected"
                percentage = 100 * total / row["issued"]
                points.append(
                    {
                        "month": row["month"],
                        "age": age,
                        "kind": kind,
                        "percentage": percentage,
                        "issued_points": row["issued"],
                    }
                )
        known = [row for row in cohorts if not row["is_borrowed"]]
        whole = sum(row["issued"] for row in known)
        for kind, each in steps.items() if whole else ():
            rows = [chain_ladder.project(row["redeemed"], each) for row in known]
            for age in range(max(map(len, rows))):
                total = sum(row[min(age, len(row) - 1)] for row in rows)
                points.append(
                    {
                        "month": False,
                        "age": age,
                        "kind": kind,
                        "percentage": 100 * total / whole,
                        "issued_points": whole,
                    }
                )
        return points

    # --- effect --------------------------------------------------------------------------------------------------

    @api.depends("decision", "new_rate", "line_ids.decision", "line_ids.new_rate", "date", "program_id")
    def _compute_effect_amount(self):
        for study in self:
            study.effect_amount = sum(study._effects().values())

    def _decided_rate(self):
        """Return the rate that is decided for the program, in percent, or None."""
        return {"take": self.proposed_rate, "override": self.new_rate, "keep": self.in_force}.get(self.decision)

    def _effects(self):
        """Return ``{month: by how much more the close of the day recognises}`` by what is decided here."""
        if not (self.defers and self.is_calculated):
            return {}
        program = self.program_id.sudo()  # sums of cohorts, which readers of the study may see
        own = {line.month: line._decided_rate() for line in self.line_ids}
        with_own = {cohort.id for cohort in program.cohort_ids} & set(program._cohort_rates_at(self.date))
        effects = {}
        for state in program._deferral_states(self.date):
            rate = own.get(state.month) if state.kind == "sale" else None
            if rate is None and state.cohort.id not in with_own:
                rate = self._decided_rate()
            if not rate:
                continue
            after = recognised(state.points, Decimal(f"{rate:.4f}"), state.rounding)
            effects[state.month] = effects.get(state.month, 0.0) + float(after - state.recognised)
        return effects

    # --- decisions -----------------------------------------------------------------------------------------------

    def action_decide(self):
        """Keep the decisions: a rate of the program, or of single months, from a day on, with the reason."""
        self.ensure_one()
        decided = self.line_ids.filtered("decision")
        if not self.decision and not decided:
            raise UserError(self.env._("Decide for the program, or for single months."))
        if not (self.reason or "").strip() or not self.date_from:
            raise UserError(self.env._("Enter from which day on the decision holds, and the reason: both are kept."))
        if decided and not self.defers:
            raise UserError(
                self.env._(
                    "Single months have a rate of their own only where revenue is deferred. Decide for the program."
                )
            )
        if self.decision:
            self._decide_for_program()
        for line, cohort in zip(decided, self._cohorts_of(decided)):
            self._decide_for_cohort(cohort, line)
        return self.action_calculate()

    def _words_of(self, decision, before=0.0, why=None):
        """Return what is kept of a decision: what, why, and what it takes the place of."""
        words = f"{dict(DECISIONS)[decision]}: {self.reason.strip()}"
        if not before:
            return words
        former = f"{before:g}%, {why}" if why else f"{before:g}%"
        return self.env._("%(decision)s (before: %(former)s)", decision=words, former=former)

    def _decide_for_cohort(self, cohort, line):
        rate = line._checked_rate()
        row = cohort.rate_ids.with_env(self.env).filtered(lambda row: row.date == self.date_from)
        values = {
            "redemption_rate": rate,
            "reason": self._words_of(line.decision, row.redemption_rate, row.reason),
        }
        if row:
            row.write(values)
        else:
            row.create({"cohort_id": cohort.id, "date": self.date_from, **values})

    def _decide_for_program(self):
        self.program_id.check_access("read")
        if not self.env["loyalty.point.value"].has_access("create"):
            # An estimate is the accountant's, what a point is worth is not: only the estimate is written here.
            self.env["loyalty.cohort.rate"].check_access("create")
        # Values of points are the manager's; the right to decide on an estimate was checked.
        program, rate = self.program_id.sudo(), self._decided_rate()
        self.line_ids._check_rate(rate)
        row = program.point_value_ids.filtered(lambda row: row.date == self.date_from)
        words = self._words_of(self.decision, row.redemption_rate, row.rate_reason)
        values = {"redemption_rate": rate, "rate_reason": words}
        if row:
            row.write(values)
            return
        point_value, vat_rate = program._point_value_at(self.date_from)
        program.point_value_ids.create(
            {
                "program_id": program.id,
                "date": self.date_from,
                "point_value": point_value,
                "vat_rate": vat_rate,
                **values,
            }
        )

    def _cohorts_of(self, lines):
        """Return the cohorts of these months, in their order; those of months that no close has seen are made."""
        if not lines:
            return []  # who decides for the program alone needs no right on single months
        program = self.program_id.sudo()  # cohorts are the server's; the right to decide is asked when the rate is kept
        self.env["loyalty.cohort.rate"].check_access("create")
        wanted = set(lines.mapped("month"))
        states = [s for s in program._deferral_states(self.date) if s.kind == "sale" and s.month in wanted]
        program._make_cohorts(states)
        found = {state.month: state.cohort for state in states}
        for line in lines:
            if line.month not in found:
                raise UserError(
                    self.env._(
                        "No revenue of %s is deferred: its points came before the program began to defer.",
                        format_date(self.env, line.month, date_format="LLLL yyyy"),
                    )
                )
        return [found[line.month] for line in lines]

    # --- curves --------------------------------------------------------------------------------------------------

    def action_view_curves(self):
        """Show what was redeemed of each month by age, and how it goes on."""
        return self._open_points(self.env._("Redemption by Age"), [("month", "!=", False)], ["age", "month:month"])

    def action_view_fan(self):
        """Show all months together: what is expected, between what the slowest and the fastest months would make of it."""
        return self._open_points(self.env._("Projection"), [("month", "=", False)], ["age", "kind"])

    def _open_points(self, name, domain, groups):
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("loyalty_deferral.loyalty_redemption_study_point_action")
        context = {"graph_groupbys": groups, "pivot_row_groupby": groups[1:], "pivot_column_groupby": groups[:1]}
        return {**action, "name": name, "domain": [("study_id", "=", self.id), *domain], "context": context}


class LoyaltyRedemptionStudyLine(models.TransientModel):
    """A month of sales: what was issued and redeemed, what is proposed, and what is decided."""

    _name = "loyalty.redemption.study.line"
    _inherit = ["loyalty.values.mixin"]
    _description = "Expected Redemption of a Month"
    _order = "month desc"

    study_id = fields.Many2one("loyalty.redemption.study", required=True, ondelete="cascade", index=True)
    currency_id = fields.Many2one(related="study_id.currency_id")
    month = fields.Date("First Day", readonly=True)
    month_name = fields.Char("Month", readonly=True)
    issued_points = fields.Float("Issued", digits=(16, 4), readonly=True)
    redeemed_points = fields.Float("Redeemed", digits=(16, 4), readonly=True)
    lapsed_points = fields.Float("Lapsed", digits=(16, 4), readonly=True)
    expected_points = fields.Float(
        "Expected by Now", digits=(16, 4), readonly=True, help="What a month ago was expected to be redeemed by now."
    )
    in_force = fields.Float("In Force (%)", digits=(16, 4), readonly=True, aggregator=None)
    proposed_rate = fields.Float("Proposal (%)", digits=(16, 4), readonly=True, aggregator=None)
    low_rate = fields.Float(
        "Low (%)", digits=(16, 4), readonly=True, aggregator=None, help="With the slowest month at each age."
    )
    high_rate = fields.Float(
        "High (%)", digits=(16, 4), readonly=True, aggregator=None, help="With the fastest month at each age."
    )
    is_borrowed = fields.Boolean(
        "From Other Months", readonly=True, help="Nothing of it was redeemed yet: the proposal is that of the others."
    )
    decision = fields.Selection(DECISIONS, "Decision")
    new_rate = fields.Float("New (%)", digits=(16, 4))
    effect_amount = fields.Monetary("Effect", compute="_compute_effect_amount")

    @api.depends("study_id.effect_amount")
    def _compute_effect_amount(self):
        for study, lines in self.grouped("study_id").items():
            effects = study._effects()
            for line in lines:
                line.effect_amount = effects.get(line.month, 0.0)

    def _decided_rate(self):
        return {"take": self.proposed_rate, "override": self.new_rate, "keep": self.in_force}.get(self.decision)

    def _checked_rate(self):
        rate = self._decided_rate()
        self._check_rate(rate)
        return rate

    def _check_rate(self, rate):
        if not 0 < (rate or 0) <= 100:
            raise ValidationError(
                self.env._("The Expected Redemption is a percentage. Enter a number above 0, at most 100.")
            )


class LoyaltyRedemptionStudyPoint(models.TransientModel):
    """A point of a curve: how many percent of a month's points were redeemed at an age."""

    _name = "loyalty.redemption.study.point"
    _description = "Redemption by Age"
    _order = "month, age"

    study_id = fields.Many2one("loyalty.redemption.study", required=True, ondelete="cascade", index=True)
    month = fields.Date("Month", readonly=True)
    age = fields.Integer("Age in Months", readonly=True, aggregator=None)
    kind = fields.Selection(
        [("actual", "Redeemed"), ("projected", "Expected"), ("low", "Slowest months"), ("high", "Fastest months")],
        "Curve",
        readonly=True,
    )
    percentage = fields.Float(
        "Redeemed (%)",
        digits=(16, 2),
        readonly=True,
        aggregator="avg",
        help="Totals weigh each month by the points that it issued, as the proposal does.",
    )
    issued_points = fields.Float("Issued", digits=(16, 4), readonly=True, aggregator=None)

    def _read_group_select(self, aggregate_spec, query):
        if aggregate_spec != "percentage:avg":
            return super()._read_group_select(aggregate_spec, query)
        percentage, issued = (self._field_to_sql(self._table, name, query) for name in ("percentage", "issued_points"))
        return SQL("SUM(%(what)s * %(weight)s) / NULLIF(SUM(%(weight)s), 0)", what=percentage, weight=issued)
