"""A run of a program that defers revenue: cohorts instead of lots, everything else as for an accrual."""

from collections import defaultdict
from decimal import Decimal

from odoo import fields, models
from odoo.tools import SQL, format_date

from odoo.addons.loyalty_ledger.ledger.rounding import to_points
from odoo.addons.loyalty_ledger.tools.trusted import by_server

#: Kinds of lines that a close makes, in the order in which it shows them.
DEFERRAL_KINDS = ("allocate", "return", "redeem", "breakage", "re_estimate")


class LoyaltyAccrualRun(models.Model):
    _inherit = "loyalty.accrual.run"

    redemption_rate = fields.Float("Expected Redemption (%)", digits=(16, 4), readonly=True, copy=False)
    seen_cohorts = fields.Json(
        "Cohorts as Closed",
        readonly=True,
        copy=False,
        help="What the run left deferred for each cohort, and up to which line: what came later is told from what was changed.",
    )

    def _plan(self):
        program = self.program_id.sudo()
        if not program._defers():
            return super()._plan()
        return program._deferral_plan(self.date_to)

    def action_view_valuations(self):
        """Open the lines of cohorts where the run made some."""
        self.check_access("read")
        self.ensure_one()
        lines, mine = self.env["loyalty.cohort.line"], [("run_id", "=", self.id)]
        if not lines.search(mine, limit=1):
            return super().action_view_valuations()
        return lines._action_list(mine, self.display_name)

    def _reference(self):
        if not self.program_id._defers():
            return super()._reference()
        return self.env._(
            "Deferred revenue %(program)s until %(date)s",
            program=self.program_id.name,
            date=format_date(self.env, self.date_to),
        )

    def _summarize(self, plan):
        program = self.program_id.sudo()
        if not program._defers():
            return super()._summarize(plan)
        totals, counts = defaultdict(Decimal), defaultdict(int)
        for __, changes in plan:
            for kind in {kind for kind, __ in changes}:
                counts[kind] += 1
            for (kind, __), amount in changes.items():
                totals[kind] += amount
        target = sum((state.deferred for state, __ in plan), Decimal(0))
        amount = sum(totals.values(), Decimal(0))
        point_value, vat_rate = program._point_value_at(self.date_to)
        numerator, denominator = program._unit_value_at(self.date_to)
        self.sudo().write(  # users cannot write results; the right to run was checked
            {
                "line_ids": [
                    fields.Command.clear(),
                    *(
                        fields.Command.create({"kind": kind, "lot_count": counts[kind], "amount": totals[kind]})
                        for kind in DEFERRAL_KINDS
                        if kind in totals
                    ),
                ],
                "point_value": point_value,
                "vat_rate": vat_rate,
                "unit_value": numerator / denominator,
                "redemption_rate": float(program._redemption_rate_at(self.date_to)),
                "target_points": to_points(sum(state.points.open for state, __ in plan)),
                "posted_amount": target - amount,
                "amount": amount,
                "target_amount": target,
                "opening_amount": 0.0,
            }
        )
        return dict(totals)

    def _write_valuations(self, move, plan):
        """Write the lines of the cohorts, with the journal entry that books them, and what the cohorts are now."""
        program = self.program_id.sudo()
        if not program._defers():
            return super()._write_valuations(move, plan)
        program._make_cohorts([state for state, __ in plan])
        close = self.env["loyalty.close.step"].sudo().search([("run_id", "=", self.id)], limit=1).close_id
        self.env["loyalty.cohort.line"]._book(
            [(state.cohort, kind, part, amount) for state, changes in plan for (kind, part), amount in changes.items()],
            self.date_to,
            move,
            run=self,
            close=close,
        )
        self._note_cohorts({state.cohort: state.deferred for state, __ in plan})
        for state, __ in plan:
            state.cohort.write(state.figures(self.date_to))
        return None

    def _note_cohorts(self, deferred):
        """Keep what the run left deferred, for the proof of any later day.

        :param deferred: ``{cohort: amount}``
        """
        ((last,),) = self.env.execute_query(
            SQL("SELECT COALESCE(max(id), 0) FROM loyalty_cohort_line WHERE program_id = %s", self.program_id.id)
        )
        cohorts = {str(cohort.id): str(amount) for cohort, amount in deferred.items()}
        # The field is the server's; the right to run was checked.
        by_server(self.sudo()).write({"seen_cohorts": {"last_line": last, "deferred": cohorts}})


class LoyaltyAccrualRunLine(models.Model):
    _inherit = "loyalty.accrual.run.line"

    kind = fields.Selection(
        selection_add=[
            ("allocate", "Revenue deferred"),
            ("return", "Returned"),
            ("breakage", "Lapsed"),
            ("re_estimate", "New estimate"),
        ],
        ondelete=dict.fromkeys(("allocate", "return", "breakage", "re_estimate"), "cascade"),
    )
