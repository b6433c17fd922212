"""Money on the dashboard: the liability on the books, for those who may see it, and what accountants have to do."""

from dateutil.relativedelta import relativedelta

from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.models.loyalty_dashboard_tasks import Task
from odoo.addons.loyalty_ledger.tools import periods
from odoo.addons.loyalty_ledger.tools.sql_files import read_sql
from odoo.addons.loyalty_ledger.tools.today import loyalty_today

from ..books import combinations

LIABILITY = read_sql(__file__, "dashboard_liability")


class LoyaltyDashboard(models.AbstractModel):
    _inherit = "loyalty.dashboard"

    def _hero(self, scope, flows):
        hero = super()._hero(scope, flows)
        booked = scope.programs.filtered(lambda program: program._keeps_liability())
        if not booked or not self.env["loyalty.valuation"].has_access("read"):
            return hero
        values = self._liability(scope)
        hero["figures"].insert(
            0,
            self._figure(
                "liability",
                self.env._("Liability on the books"),
                scope.say_money(values[-1]),
                help=self.env._("What accruals, redemptions and expiry have booked until today."),
                values=values,
                texts=[scope.say_money(value) for value in values],
            ),
        )
        return hero

    def _liability(self, scope):
        """Return the liability at the end of each month of the charts, in the currency of the reader's company."""
        # Value lines are for companies that the reader works in.
        programs = scope.programs.filtered(lambda program: program.company_id in self.env.companies)
        currencies = {program.id: program.company_id.currency_id for program in programs}
        rows = self.env.execute_query(
            SQL(
                LIABILITY,
                first=scope.months[0],
                rows=self._liability_rows(),
                programs=programs.ids,
            )
        )
        changes = {}
        for program_id, month, amount in rows:
            by_month = changes.setdefault(currencies[program_id], {})
            by_month[month] = by_month.get(month, 0.0) + float(amount)
        values = [0.0] * len(scope.months)
        for currency, by_month in changes.items():
            balance = by_month.get(None, 0.0)
            for number, month in enumerate(scope.months):
                balance += by_month.get(month, 0.0)
                date = min(periods.month_end(month), scope.today)
                values[number] += currency._convert(balance, scope.currency, scope.company, date)
        return [scope.currency.round(value) + 0.0 for value in values]

    def _liability_rows(self):
        """Return SQL of rows program_id, date, amount: what the liability changed by. Override where other lines book it."""
        return SQL("SELECT program_id, date, amount FROM (%s) d", self.env["loyalty.value.daily"]._day_rows())

    def _lines_liability(self, scope, value):
        return self._list(
            "loyalty_account.loyalty_liability_report_action",
            self.env._("Liability on the books"),
            self._of_programs(scope) & Domain("company_id", "in", self.env.companies.ids),
            search_default_group_program=not scope.program,
        )

    # --- to do ---------------------------------------------------------------------------------------------------

    def _task_kinds(self, scope):
        kinds = super()._task_kinds(scope)
        kinds["invoices"] = Task(
            self.env._("Invoices whose points failed"),
            True,
            "loyalty_account.account_move_loyalty_problem_action",
            Domain("loyalty_sync_error", "!=", False),
        )
        booked = scope.programs.filtered(lambda program: program._keeps_liability())
        closing = (
            self.env["loyalty.close"]
            .sudo()
            ._read_group([("company_id", "in", booked.company_id.ids)], ["company_id"], ["date_to:max"])
        )
        closing = {company for company, __ in closing}
        due = booked.company_id.filtered(lambda company: company in closing and self._is_close_due(company))
        kinds["close"] = Task(
            self.env._("Month to close"),
            False,
            "loyalty_account.loyalty_close_action",
            Domain("company_id", "in", due.ids),
            len(due),
        )
        # A company that closes its months accrues while it does.
        runs = self.env["loyalty.accrual.run"]
        waiting = booked.filtered(
            lambda program: (
                program.accounting_policy in combinations.ACCRUED_POLICIES
                and program.company_id not in closing
                and runs._is_due(program)
            )
        )
        kinds["accruals"] = Task(
            self.env._("Accruals due"),
            False,
            "loyalty_account.loyalty_accrual_run_action",
            Domain("program_id", "in", waiting.ids),
            len(waiting),
        )
        return kinds

    def _is_close_due(self, company):
        last_month_end = loyalty_today(self.env, company).replace(day=1) - relativedelta(days=1)
        done = [("company_id", "=", company.id), ("state", "=", "done"), ("date_to", ">=", last_month_end)]
        return not self.env["loyalty.close"].sudo().search_count(done, limit=1)

    def _steps(self, scope, flows):
        steps = super()._steps(scope, flows)
        program = scope.all_programs.filtered("active")[:1]
        if steps and program and self.env["loyalty.account.setup"].has_access("create"):
            done = program.accounting_policy != "none"
            steps.insert(
                1,
                {
                    "key": "accounting",
                    "title": self.env._("Set up accounting"),
                    "text": self.env._("Choose how points are booked. Leave it out if they are not money."),
                    "button": "" if done else self.env._("Set up accounting"),
                    "done": done,
                },
            )
        return steps

    def _lines_step(self, scope, value):
        if value == "accounting":
            return scope.all_programs.filtered("active")[:1].action_set_up_accounting()
        return super()._lines_step(scope, value)
