"""The guided close: what an accountant does for loyalty when a period is over, in order, once, and on record."""

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, LockError, UserError, ValidationError
from odoo.tools import format_date

from odoo.addons.loyalty_ledger.tools.today import loyalty_today

#: Steps of a close, in their order. Add-ons fill in those that are theirs by ``_programs_of_step`` and ``_step_<code>``.
STEPS = ("inquire", "write_off", "roll_over", "accrue", "defer", "account_journals", "prove", "pack")
#: What people say about a close; everything else is the server's.
INPUTS = frozenset(("company_id", "date_from", "date_to", "responsible_id"))
CHATTER = ("message_", "activity_", "my_activity_")
#: Who may run a close. Without the full accounting features, administrators of Invoicing are the accountants.
CLOSERS = ("account.group_account_user", "account.group_account_manager")


class LoyaltyClose(models.Model):
    """One company and period. Each step runs once, shows its figures first, and is refused out of order (M17).

    Nothing that is posted is ever changed: a period that is closed again posts differences.
    """

    _name = "loyalty.close"
    _inherit = ["loyalty.server.fields.mixin", "mail.thread", "mail.activity.mixin"]
    _description = "Loyalty Close"
    _order = "date_to desc, id desc"

    company_id = fields.Many2one(
        "res.company", "Company", required=True, ondelete="restrict", default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    date_from = fields.Date(
        "From",
        required=True,
        compute="_compute_date_from",
        store=True,
        readonly=False,
        precompute=True,
        help="By default the day after the last close, or the first day of the month.",
    )
    date_to = fields.Date(
        "To",
        required=True,
        compute="_compute_date_to",
        store=True,
        readonly=False,
        precompute=True,
        help="Last day of the period. By default the end of last month, or of the month after the last close.",
    )
    state = fields.Selection(
        [("draft", "To Do"), ("running", "In Progress"), ("done", "Closed")],
        "Status",
        required=True,
        readonly=True,
        default="draft",
        copy=False,
        tracking=True,
    )
    responsible_id = fields.Many2one(
        "res.users",
        "Responsible",
        default=lambda self: self.env.user,
        help="Gets an activity when the automatic close stops.",
    )
    step_ids = fields.One2many("loyalty.close.step", "close_id", "Steps", readonly=True, copy=False)
    figure_ids = fields.One2many("loyalty.close.figure", "close_id", "Figures", readonly=True, copy=False)
    residual = fields.Monetary(
        "Unexplained",
        readonly=True,
        copy=False,
        help="What the reconciliations of this close could not explain. 0.00 when points and books agree.",
    )
    has_differences = fields.Boolean(
        "Closed with Differences",
        compute="_compute_has_differences",
        store=True,
        help="A reconciliation found amounts or points that do not agree, and the reason was accepted.",
    )
    problem = fields.Char("Stopped By", compute="_compute_problem")
    progress = fields.Integer("Progress (%)", compute="_compute_progress")
    reopened_id = fields.Many2one(
        "loyalty.close", "Closes Again", readonly=True, copy=False, ondelete="restrict", index="btree_not_null"
    )
    closed_by_id = fields.Many2one("res.users", "Closed By", readonly=True, copy=False, ondelete="restrict")
    closed_at = fields.Datetime("Closed On", readonly=True, copy=False)
    last_entry_id = fields.Integer(
        "Last Transaction Seen",
        readonly=True,
        copy=False,
        aggregator=None,
        help="The close covers every transaction up to this number.",
    )
    seal_id = fields.Many2one(
        "loyalty.ledger.seal",
        "Seal",
        compute="_compute_seal_id",
        compute_sudo=True,
        help="The seal of the points ledger that covers this close. Transactions are sealed every night.",
    )
    attachment_ids = fields.One2many(
        "ir.attachment", "res_id", "Report Pack", domain=[("res_model", "=", "loyalty.close")], readonly=True
    )
    is_locked = fields.Boolean(compute="_compute_is_locked", compute_sudo=True)

    _period_order = models.Constraint("CHECK (date_from <= date_to)", "The end date is before the start date.")
    _open_unique = models.UniqueIndex(
        "(company_id) WHERE state <> 'done'", "Another close of this company is not finished yet. Finish or delete it."
    )

    # --- defaults and what the screen shows ----------------------------------------------------------------------

    @api.depends("company_id")
    def _compute_date_to(self):
        for close in self.filtered(lambda close: close.state == "draft"):
            today = loyalty_today(self.env, close.company_id or self.env.company)
            close.date_to = today.replace(day=1) - relativedelta(days=1)
            last = close._last_closed()
            if last and last.date_to >= close.date_to and not close.reopened_id:
                close.date_to = fields.Date.end_of(last.date_to + relativedelta(days=1), "month")

    @api.depends("company_id", "date_to")
    def _compute_date_from(self):
        for close in self.filtered(lambda close: close.state == "draft"):
            last = close._last_closed()
            if close.reopened_id:
                close.date_from = close.reopened_id.date_from
            elif last and close.date_to and last.date_to < close.date_to:
                close.date_from = last.date_to + relativedelta(days=1)
            else:
                close.date_from = close.date_to and close.date_to.replace(day=1)

    def _last_closed(self):
        """Return the latest finished close of the company."""
        self.ensure_one()
        return self.search([("company_id", "=", self.company_id.id), ("state", "=", "done")], limit=1)

    @api.depends("date_from", "date_to", "company_id")
    def _compute_display_name(self):
        for close in self:
            start, end = close.date_from, close.date_to
            if not start or not end:
                close.display_name = self.env._("New Close")
                continue
            is_month = start == end.replace(day=1) and end == start + relativedelta(months=1, days=-1)
            period = (
                format_date(self.env, end, date_format="LLLL yyyy")
                if is_month
                else f"{format_date(self.env, start)} – {format_date(self.env, end)}"
            )
            again = self.env._("%(period)s (again)", period=period) if close.reopened_id else period
            several = len(self.env.companies) > 1 and close.company_id
            close.display_name = f"{again}, {close.company_id.name}" if several else again

    @api.depends("step_ids.proof_id.state")
    def _compute_has_differences(self):
        """Points of several programs are no sum, so the amount alone does not tell."""
        for close in self:
            close.has_differences = "bad" in close.step_ids.proof_id.mapped("state")

    @api.depends("step_ids.problem", "step_ids.state")
    def _compute_problem(self):
        for close in self:
            stopped = close.step_ids.filtered(lambda step: step.state == "todo" and step.problem)[:1]
            close.problem = f"{stopped.display_name}: {stopped.problem}" if stopped else False

    @api.depends("step_ids.state")
    def _compute_progress(self):
        for close in self:
            over = close.step_ids.filtered(lambda step: step.state != "todo")
            close.progress = 100 * len(over) // len(close.step_ids) if close.step_ids else 0

    @api.depends("last_entry_id")
    def _compute_seal_id(self):
        for close in self:
            covers = [("last_entry_id", ">=", close.last_entry_id)]
            seals = self.env["loyalty.ledger.seal"]
            close.seal_id = seals.search(covers, order="id", limit=1) if close.last_entry_id else seals

    @api.depends("date_to", "company_id.hard_lock_date", "company_id.fiscalyear_lock_date")
    def _compute_is_locked(self):
        for close in self:
            company = close.company_id
            locks = (company.hard_lock_date, company.fiscalyear_lock_date)
            close.is_locked = any(lock and close.date_to and lock >= close.date_to for lock in locks)

    # --- guards --------------------------------------------------------------------------------------------------

    @api.model
    def _server_fields(self):
        return {name for name in self._fields.keys() - INPUTS if not name.startswith(CHATTER)}

    @api.model
    def _say_server_fields(self, names):
        labels = sorted(self._fields[name]._description_string(self.env) for name in names)
        return self.env._("Only the steps of the close itself set: %s.", ", ".join(labels))

    def _changes(self, name, value):
        # The form sends what people write into the steps, which say themselves what that may be.
        return name != "step_ids" or any(command[0] not in (1, 4) for command in value or ())

    @api.model_create_multi
    def create(self, vals_list):
        self._check_none_open(vals_list)
        closes = super().create(vals_list)
        closes._check_period()
        closes._prepare_steps()
        return closes

    def _check_none_open(self, vals_list):
        """:raises UserError: if a company has a close that is not finished; the constraint cannot say which."""
        self.check_access("create")
        companies = {vals.get("company_id") or self.env.company.id for vals in vals_list if vals.get("state") != "done"}
        if unfinished := self.search([("company_id", "in", list(companies)), ("state", "!=", "done")], limit=1):
            raise UserError(
                self.env._(
                    "%s is not closed yet. Finish that close or delete it before you begin another one.",
                    unfinished.display_name,
                )
            )

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"company_id", "date_from", "date_to"}:
            if any(close.state != "draft" for close in self):
                raise UserError(self.env._("The period of a close that has begun cannot be changed."))
            self._check_period()
            self._prepare_steps(anew=True)
        return result

    def unlink(self):
        """Accrual runs that were only a preview go with their close."""
        previews = self.step_ids.run_id.filtered(lambda run: run.state != "posted")
        result = super().unlink()
        previews.unlink()
        return result

    def _check_period(self):
        """Refuse a period that cannot be closed, with the reason (M17)."""
        _ = self.env._
        for close in self:
            last, first = close._last_closed(), close.reopened_id
            if first and (close.company_id, close.date_from, close.date_to) != (
                first.company_id,
                first.date_from,
                first.date_to,
            ):
                raise ValidationError(
                    _("This close runs %s again. Use a new close for another period.", first.display_name)
                )
            if last and not close.reopened_id and close.date_to <= last.date_to:
                raise ValidationError(
                    _(
                        "%(company)s is closed until %(date)s already. Choose a later period, or open that close and use "
                        "Close Again.",
                        company=close.company_id.name,
                        date=format_date(self.env, last.date_to),
                    )
                )
            if last and not close.reopened_id and close.date_from <= last.date_to:
                raise ValidationError(
                    _(
                        "The period begins before the last close ends. Let it begin on %s.",
                        format_date(self.env, last.date_to + relativedelta(days=1)),
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_begun(self):
        if any(close.state != "draft" for close in self):
            raise UserError(self.env._("A close that has begun is evidence and cannot be deleted."))

    def _check_rights(self):
        self.check_access("write")
        if not self.env.su and not any(self.env.user.has_group(group) for group in CLOSERS):
            raise AccessError(self.env._("Only accountants can run a loyalty close."))

    def _lock(self):
        """Let nobody else run a step of this close at the same time."""
        try:
            self.lock_for_update()
        except LockError as error:
            raise UserError(self.env._("Somebody else is running this close. Wait until it is done.")) from error

    # --- steps ---------------------------------------------------------------------------------------------------

    def _programs_of_step(self, code):
        """Return the programs that a step has something to do for, archived ones too; None: a step without a program.

        Override to add the programs of an add-on.
        """
        self.ensure_one()
        if code == "pack":
            return None
        programs = self.env["loyalty.program"].sudo().with_context(active_test=False)
        programs = programs.search(
            [("company_id", "=", self.company_id.id), ("accounting_policy", "!=", "none")], order="id"
        )
        if code in ("inquire", "write_off", "prove"):
            return programs
        if code == "accrue":
            return programs.filtered(lambda program: program.accounting_policy == "accrual")
        return programs.browse()

    def _prepare_steps(self, anew=False):
        """List the steps of closes that have not begun, as programs and their policies are now.

        :param anew: without it, steps that are listed already keep what a preview showed
        """
        for close in self.filtered(lambda close: close.state == "draft"):
            listed = close.sudo()  # the list of steps is the server's
            wanted = [(code, program_id) for code in STEPS for program_id in close._step_program_ids(code)]
            stale = listed.step_ids.filtered(
                lambda step: anew or (step.code, step.program_id.id) not in wanted  # noqa: B023 used at once
            )
            previews = stale.run_id.filtered(lambda run: run.state != "posted")
            stale.unlink()
            previews.unlink()
            known = {(step.code, step.program_id.id) for step in listed.step_ids}
            listed.step_ids = [
                fields.Command.create({"code": code, "program_id": program_id})
                for code, program_id in wanted
                if (code, program_id) not in known
            ]
            listed.invalidate_recordset(["step_ids"])  # read again in their order: they run in it

    def _step_program_ids(self, code):
        programs = self._programs_of_step(code)
        return [False] if programs is None else programs.ids

    def _begin(self):
        _ = self.env._
        today = loyalty_today(self.env, self.company_id)
        if self.date_to >= today:
            raise UserError(
                _(
                    "%(date)s is not over yet, so what happens on it is not known. Close the period from %(next)s on.",
                    date=format_date(self.env, self.date_to),
                    next=format_date(self.env, self.date_to + relativedelta(days=1)),
                )
            )
        self._prepare_steps()  # a program may have got its accounting since
        if not self.step_ids.program_id:
            raise UserError(
                _(
                    "%s has no loyalty program with accounting, so there is nothing to close. Open a program, tab "
                    "Accounting, and use Set Up Accounting.",
                    self.company_id.name,
                )
            )
        self.sudo().state = "running"  # the status is the server's; the right to run was checked

    def _run_step(self, code):
        """Run one step for all its programs; what is done already is left alone, so a second run posts nothing.

        :raises odoo.exceptions.UserError: when steps before it are not done (M17), or when it cannot be done
        :return: whether all of the step is done
        """
        self._check_rights()
        self.ensure_one()
        self._lock()
        todo = self._steps_in_order(code)
        if self.state == "draft":
            self._begin()
            todo = self._steps_in_order(code)
        for step in todo:
            step._execute()
        self._finish()
        return all(step.state != "todo" for step in todo)

    def _steps_in_order(self, code):
        """Return the rows of a step that are left; refuse when others come first (M17)."""
        open_before = self.step_ids.filtered(
            lambda step: step.state == "todo" and STEPS.index(step.code) < STEPS.index(code)
        )
        todo = self.step_ids.filtered(lambda step: step.code == code and step.state == "todo")
        if todo and open_before:
            raise UserError(
                self.env._(
                    "“%(step)s” comes after “%(before)s”, which is not done yet. Run that step first.",
                    step=todo[0]._label(),
                    before=open_before[0]._label(),
                )
            )
        return todo

    def _run(self):
        """Run all steps that are left, and stop at the first that cannot be done: its row says why.

        Each step is complete or has changed nothing. What was done before stays, and the next call goes on behind it.

        :return: whether the close is finished
        """
        self._check_rights()
        self.ensure_one()
        self._lock()
        if self.state == "draft":
            self._begin()
        for step in self.step_ids.filtered(lambda step: step.state == "todo"):
            while not self._try_step(step):
                if not step._goes_on() or not self._commit_progress(0):
                    return False
            self._commit_progress(1)
        self._finish()
        return self.state == "done"

    def _commit_progress(self, steps):
        """Let a job commit what is done; return whether there is time to go on."""
        if "cron_id" not in self.env.context:
            return True
        has_time = self.env["ir.cron"]._commit_progress(steps)
        self._lock()
        return bool(has_time)

    def _try_step(self, step):
        try:
            with self.env.cr.savepoint():
                step._execute()
        except UserError as error:  # what people can mend: an account is missing, a journal is archived
            self.env.invalidate_all()
            step.sudo().problem = str(error)  # the row is the server's; the right to run was checked
        return step.state != "todo"

    def _finish(self):
        if self.state == "running" and self.step_ids and all(step.state != "todo" for step in self.step_ids):
            # The result is the server's; the right to run was checked.
            self.sudo().write({"state": "done", "closed_by_id": self.env.uid, "closed_at": fields.Datetime.now()})
            self.activity_feedback(["mail.mail_activity_data_todo"])  # those of the job that had stopped
            # Seals wait for transactions that write, so for this one too: they follow it.
            self.env.ref("loyalty_ledger.cron_seal").sudo()._trigger()

    # --- actions -------------------------------------------------------------------------------------------------

    def action_preview(self):
        """Show the figures that the open steps would post as things are now. Posts nothing."""
        self._check_rights()
        self.ensure_one()
        self._lock()
        today = loyalty_today(self.env, self.company_id)
        if self.date_to > today:
            raise UserError(
                self.env._(
                    "%(date)s is still to come, so its figures are not known. To see what the close would post so far, set "
                    "the end of the period to %(today)s.",
                    date=format_date(self.env, self.date_to),
                    today=format_date(self.env, today),
                )
            )
        if self.state == "draft":
            self._prepare_steps()
        for step in self.step_ids.filtered(lambda step: step.state == "todo"):
            step._preview()
        return True

    def action_close_again(self):
        """Open a new close of the same period, which posts what changed since; nothing posted is touched."""
        self._check_rights()
        self.ensure_one()
        if self.state != "done" or self != self._last_closed():
            raise UserError(self.env._("Only the latest finished close can be run again; later ones build on it."))
        # The link to the former close is the server's; the right to run was checked.
        again = self.sudo().create(
            {
                "company_id": self.company_id.id,
                "date_from": self.date_from,
                "date_to": self.date_to,
                "reopened_id": self.id,
                "responsible_id": self.env.uid,
            }
        )
        return again.with_user(self.env.user)._get_records_action()

    def action_lock(self):
        """Set the company's lock date to the end of the period, with the rights of the user.

        :raises odoo.exceptions.UserError: by Odoo, for example when the period has draft entries
        """
        self._check_rights()
        self.ensure_one()
        if self.state != "done":
            raise UserError(self.env._("Finish the close before you lock its period."))
        if not self.env.su and not self.env.user.has_group("account.group_account_manager"):
            raise AccessError(self.env._("Only administrators of Accounting can set the lock date."))
        company = self.company_id
        if not company.fiscalyear_lock_date or company.fiscalyear_lock_date < self.date_to:
            # Administrators of Accounting set lock dates, and need not have the right to change companies.
            company.sudo().fiscalyear_lock_date = self.date_to
        return True
