"""What the dashboard says is to be done: things that wait for somebody, and the first steps where there is nothing yet."""

from collections import namedtuple

from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.fields import Domain

#: Points that are reserved for longer than this, in days, are worth a look.
OLD_RESERVATION = 30

#: What may wait: its name, whether it is urgent, the action and the domain that list it, and how much there is where that is
#: not the number of rows of the list.
Task = namedtuple("Task", "label urgent action domain count", defaults=(None,))


class LoyaltyDashboard(models.AbstractModel):
    _inherit = "loyalty.dashboard"

    def _task_kinds(self, scope):
        """Return ``{key: Task}`` of what may wait. Override to add some; :meth:`_tasks` leaves out what is not the reader's."""
        of_programs = Domain("program_id", "in", scope.programs.ids)
        ours = of_programs | Domain("program_id", "=", False)
        exceptions = Domain("state", "=", "open") & ours
        old = scope.today - relativedelta(days=OLD_RESERVATION)
        return {
            "integrity": Task(
                self.env._("Integrity check failed"),
                True,
                "loyalty_ledger.loyalty_exception_action",
                exceptions & Domain("kind", "=", "verify"),
            ),
            "exceptions": Task(
                self.env._("Exceptions to review"),
                True,
                "loyalty_ledger.loyalty_exception_action",
                exceptions & Domain("kind", "!=", "verify"),
            ),
            "approvals": Task(
                self.env._("Adjustments to approve"),
                False,
                "loyalty_ledger.loyalty_adjustment_action",
                Domain("state", "=", "waiting"),
            ),
            "imports": Task(
                self.env._("Imports to finish"),
                False,
                "loyalty_ledger.loyalty_balance_import_action",
                Domain("state", "in", ["checked", "waiting", "stopped"]),
            ),
            "reservations": Task(
                self.env._("Reserved for over %s days", OLD_RESERVATION),
                False,
                "loyalty_ledger.loyalty_hold_action",
                of_programs & Domain("is_active", "=", True) & Domain("date", "<", old),
            ),
        }

    @api.model
    def _tasks(self, scope):
        """Return what waits for somebody: dicts ``key``, ``label``, ``urgent``, ``count``."""
        tasks = []
        for key, task in self._task_kinds(scope).items():
            model = self.env[self.env.ref(task.action).sudo().res_model]
            if not model.has_access("read"):
                continue
            if count := model.search_count(task.domain) if task.count is None else task.count:
                tasks.append({"key": key, "label": task.label, "urgent": task.urgent, "count": count})
        return tasks

    def _lines_task(self, scope, value):
        """Return the action that lists what a task counts."""
        task = self._task_kinds(scope).get(value) if isinstance(value, str) else None
        if task is None:
            self._refuse_figure()
        return self._list(task.action, task.label, task.domain)

    def _steps(self, scope, flows):
        """Return the first steps, as long as no points have moved: dicts ``key``, ``title``, ``text``, ``button``, ``done``.

        Override to add some.
        """
        if any(flows.values()):
            return []
        is_manager = self.env["loyalty.program"].has_access("create")
        has_program = bool(scope.all_programs)
        has_card = has_program and bool(
            self.env["loyalty.card"].search_count([("program_id", "in", scope.all_programs.ids)], limit=1)
        )
        return [
            {
                "key": "program",
                "title": self.env._("Create a program"),
                "text": self.env._("Choose a template: it says what customers earn and what they get for it.")
                if is_manager or has_program
                else self.env._("A loyalty manager creates the program. Cards can be issued as soon as there is one."),
                "button": self.env._("New program") if is_manager and not has_program else "",
                "done": has_program,
            },
            {
                "key": "card",
                "title": self.env._("Issue cards"),
                "text": self.env._("Give a customer a card, or import the balances of your old system."),
                "button": self.env._("Issue a card") if has_program and not has_card else "",
                "done": has_card,
            },
            {
                "key": "sale",
                "title": self.env._("Sell something"),
                "text": self.env._("Points of a sale are on the card at once, and this page begins to fill."),
                "button": self.env._("Open cards") if has_card else "",
                "done": False,
            },
        ]
