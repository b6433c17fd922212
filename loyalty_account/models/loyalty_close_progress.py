"""A close on the screen: it runs part by part, says how far it is, and others see that it is running."""

from time import monotonic

from odoo import api, fields, models
from odoo.tools import SQL

#: Seconds that one request works before it says how far the close is.
PART = 1.0


class LoyaltyClose(models.Model):
    _inherit = "loyalty.close"

    is_running_now = fields.Boolean(compute="_compute_is_running_now")
    next_step = fields.Char("Next Step", compute="_compute_next_step")

    def _compute_is_running_now(self):
        """Whether another transaction runs a step at this moment: it holds the close's lock until it commits."""
        self.is_running_now = False
        rows = self.env.execute_query(
            SQL(
                """
                SELECT objid::bigint FROM pg_locks
                 WHERE locktype = 'advisory' AND objsubid = 2 AND granted AND pid <> pg_backend_pid()
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                   AND classid = (hashtext('loyalty.close')::bigint & 4294967295)::oid
                """
            )
        )
        self.filtered(lambda close: (close._origin.id,) in rows).is_running_now = True

    @api.depends("step_ids.state", "step_ids.note")
    def _compute_next_step(self):
        for close in self:
            close.next_step = close._say_next(close.step_ids.filtered(lambda step: step.state == "todo")[:1])

    def _lock(self):
        """Beside the row, which says nothing to those who only read, take a lock that they can see."""
        super()._lock()
        self.env.cr.execute(SQL("SELECT pg_advisory_xact_lock(hashtext('loyalty.close'), %s)", self.id))

    def _say_next(self, step):
        """Return what the screen says of the step that comes next, or False."""
        if not step:
            return False
        message = self.env._(
            "Step %(number)s of %(count)s: %(step)s",
            number=step.close_id.step_ids.ids.index(step.id) + 1,
            count=len(step.close_id.step_ids),
            step=f"{step._label()} ({step.program_id.name})" if step.program_id else step._label(),
        )
        return f"{message}. {step.note}" if step._goes_on() and step.note else message

    def _steps_left(self, code=False):
        """Return the steps that are left, or only those of one code, in their order (M17)."""
        return self._steps_in_order(code) if code else self.step_ids.filtered(lambda step: step.state == "todo")

    def _begin_steps(self, code):
        """Lock a close that runs, and begin it where it was not; return the steps that are left."""
        self._check_rights()
        self.ensure_one()
        self._lock()
        steps = self._steps_left(code)
        if self.state == "draft":
            self._begin()
            steps = self._steps_left(code)
        return steps

    def action_run(self, code=False):
        """Run the steps that are left, or those of one code, part by part: the screen shows how far they are.

        :raises odoo.exceptions.UserError: when other steps come first, or the period cannot be closed
        :return: action of the screen, which calls :meth:`action_run_part` as long as there is something left
        """
        steps = self._begin_steps(code)
        return {
            "type": "ir.actions.client",
            "tag": "loyalty_close_run",
            "params": {"close_id": self.id, "code": code, "message": self._say_next(steps[:1])},
        }

    def action_run_part(self, code=False):
        """Do the next part of a close: about a second of work, complete steps or batches, kept when the request ends.

        So a close that is interrupted has kept what was done, and goes on behind it.

        :param code: only the steps of this code
        :return: what the screen says while the next part runs; False when nothing is left, or when a step cannot be done
        """
        self._begin_steps(code)
        close, until = self.with_context(loyalty_close_parts=True), monotonic() + PART
        while step := close._steps_left(code)[:1]:
            if not close._try_step(step) and not step._goes_on():
                return False
            if monotonic() >= until:
                break
        close._finish()
        return self._say_next(close._steps_left(code)[:1])
