"""Beginning or ending to defer the revenue of a program: one dated entry, previewed, with the reason on record."""

from collections import defaultdict
from contextlib import closing
from decimal import Decimal
from fractions import Fraction

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, ConcurrencyError, LockError, UserError
from odoo.tools import format_date

from odoo.addons.loyalty_account.models.loyalty_ledger_entry import post_moves
from odoo.addons.loyalty_ledger.ledger.rounding import UNIT, to_decimal, to_points
from odoo.addons.loyalty_ledger.ledger.settled import misses_entries, seen_up_to
from odoo.addons.loyalty_ledger.tools.today import loyalty_today
from odoo.addons.loyalty_ledger.tools.trusted import by_server

from ..tools.deferral import round_amount, standalone_price

#: What people say about a switch; everything else is its result.
INPUTS = frozenset(
    (
        "program_id",
        "date",
        "policy",
        "redemption_rate",
        "counterpart_id",
        "liability_account_id",
        "cost_account_id",
        "reason",
    )
)


class LoyaltyDeferralSwitch(models.Model):
    """Until its day the program keeps its old policy, from the next day on the new one.

    What customers have on that day is taken over: points that are open get their stand-alone price, by the month in which
    they were earned, since the prices of their sales can no longer be shared; sales that are not paid yet get the part of
    their revenue; what the old policy carried is released. The difference goes to the chosen counter-account.
    """

    _name = "loyalty.deferral.switch"
    _inherit = ["loyalty.server.fields.mixin", "loyalty.values.mixin"]
    _description = "Change to or from Deferred Revenue"
    _order = "date desc, id desc"
    _check_company_auto = True

    program_id = fields.Many2one(
        "loyalty.program", "Program", required=True, ondelete="restrict", domain=[("program_type", "=", "loyalty")]
    )
    company_id = fields.Many2one(related="program_id.company_id", store=True, precompute=True)
    currency_id = fields.Many2one(related="program_id.currency_id")
    policy_before = fields.Selection(
        selection=lambda self: (
            self.env["loyalty.program"]._fields["accounting_policy"]._description_selection(self.env)
        ),
        string="Old Policy",
        compute="_compute_policy_before",
        store=True,
        precompute=True,
    )
    policy = fields.Selection(
        [
            ("deferral", "Defer revenue (IFRS 15)"),
            ("accrual", "Accrue the liability"),
            ("redemption", "Expense when redeemed"),
        ],
        "New Policy",
        required=True,
        default="deferral",
    )
    date = fields.Date(
        "Last Day of Old Policy",
        required=True,
        compute="_compute_date",
        store=True,
        readonly=False,
        precompute=True,
        help="The transition entry is dated on this day. Sales of the next day are the first under the new policy.",
    )
    redemption_rate = fields.Float(
        "Expected Redemption (%)",
        digits=(16, 4),
        compute="_compute_redemption_rate",
        store=True,
        readonly=False,
        precompute=True,
        help="How many percent of all points are redeemed in the end.",
    )
    counterpart_id = fields.Many2one(
        "account.account",
        "Counter-account",
        check_company=True,
        help="Takes the difference between what was on the books and what is deferred, for example retained earnings.",
    )
    liability_account_id = fields.Many2one(
        "account.account",
        "Liability Account",
        check_company=True,
        compute="_compute_accounts",
        store=True,
        readonly=False,
        precompute=True,
    )
    cost_account_id = fields.Many2one(
        "account.account",
        "Redemption Account",
        check_company=True,
        compute="_compute_accounts",
        store=True,
        readonly=False,
        precompute=True,
        help="An income account while revenue is deferred: what is deferred is taken from it and comes back to it. With the "
        "other policies an expense account.",
    )
    reason = fields.Char("Reason", help="Kept on record. Needed to stop deferring.")
    state = fields.Selection(
        [("draft", "Draft"), ("posted", "Posted")], "Status", required=True, readonly=True, default="draft", copy=False
    )
    line_ids = fields.One2many("loyalty.deferral.switch.line", "switch_id", "Preview", readonly=True, copy=False)
    released_amount = fields.Monetary("On the Books Before", readonly=True, copy=False)
    deferred_amount = fields.Monetary("On the Books After", readonly=True, copy=False)
    move_id = fields.Many2one("account.move", "Journal Entry", readonly=True, copy=False, ondelete="restrict")
    run_id = fields.Many2one("loyalty.accrual.run", "Run", readonly=True, copy=False, ondelete="restrict")
    last_entry_id = fields.Integer("Last Transaction Taken Over", readonly=True, copy=False, aggregator=None)
    posted_at = fields.Datetime("Posted On", readonly=True, copy=False)
    obstacle = fields.Char(compute="_compute_obstacle", compute_sudo=True)
    user_id = fields.Many2one("res.users", "Posted By", readonly=True, copy=False, ondelete="restrict")

    @api.depends("program_id")
    def _compute_policy_before(self):
        for switch in self.filtered(lambda switch: switch.state != "posted"):
            switch.policy_before = switch.program_id.accounting_policy

    @api.depends("program_id")
    def _compute_date(self):
        for switch in self.filtered(lambda switch: switch.state != "posted"):
            program = switch.program_id
            yesterday = loyalty_today(self.env, program.company_id) - relativedelta(days=1)
            switch.date = program and program._last_booked_day() or yesterday

    @api.depends("program_id")
    def _compute_redemption_rate(self):
        for switch in self.filtered(lambda switch: switch.state != "posted"):
            switch.redemption_rate = switch.program_id.redemption_rate

    @api.depends("program_id", "policy")
    def _compute_accounts(self):
        for switch in self.filtered(lambda switch: switch.state != "posted"):
            program = switch.program_id
            switch.liability_account_id = program.liability_account_id
            wanted = program._cost_group_of(switch.policy)
            fits = program.cost_account_id.internal_group == wanted
            switch.cost_account_id = program.cost_account_id if fits else False

    @api.depends("policy", "state", "program_id.accounting_policy", "program_id.vat_mode", "program_id.issue_on")
    def _compute_obstacle(self):
        """Say before anything is entered that settings of the program stand in the way."""
        for switch in self:
            begins = switch.state == "draft" and switch.policy == "deferral" and not switch.program_id._defers()
            switch.obstacle = switch.program_id and begins and switch.program_id._deferral_obstacle()

    @api.depends("program_id", "date")
    def _compute_display_name(self):
        for switch in self:
            day = format_date(self.env, switch.date) if switch.date else ""
            switch.display_name = f"{switch.program_id.name or ''} {day}".strip()

    # --- guards --------------------------------------------------------------------------------------------------

    @api.model
    def _server_fields(self):
        return self._fields.keys() - INPUTS

    def _changes(self, name, value):
        return True

    def write(self, vals):
        if any(switch.state == "posted" for switch in self):
            raise UserError(self.env._("This change is posted and stays as it is."))
        self._check_server_fields(vals)
        if vals.keys() & INPUTS:
            cleared = {"line_ids": [fields.Command.clear()], "released_amount": 0.0, "deferred_amount": 0.0}
            return super(LoyaltyDeferralSwitch, by_server(self)).write({**vals, **cleared})
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_posted(self):
        if any(switch.state == "posted" for switch in self):
            raise UserError(self.env._("This change is posted and stays on record."))

    def _check_rights(self):
        self.check_access("write")
        if not self.env.su and not self.env.user.has_group("account.group_account_manager"):
            raise AccessError(self.env._("Only administrators of Accounting can change how revenue is recognised."))

    def _check_switch(self):
        """Refuse what cannot be done, with the reason (M17)."""
        _ = self.env._
        program, today = self.program_id.sudo(), loyalty_today(self.env, self.company_id)
        name = program.name
        if self.state == "posted":
            raise UserError(_("This change is posted and stays as it is."))
        if (self.policy == "deferral") == program._defers() and program.deferral_state != "open":
            raise UserError(_("%s: the new policy is the one that the program has.", name))
        if not program.company_id:
            raise UserError(_("%s: set the Company first. Books are kept per company.", name))
        if self.obstacle:
            raise UserError(self.obstacle)
        if self.policy == "deferral" and not program._defers() and program.cohort_ids:
            raise UserError(
                _(
                    "%s has deferred revenue before. Its cohorts keep what they booked, so it cannot begin again: use a "
                    "program of its own for sales from now on.",
                    name,
                )
            )
        if self.policy != "deferral" and not (self.reason or "").strip():
            raise UserError(_("Write down the reason for which revenue is no longer deferred. It is kept on record."))
        if self.policy == "deferral" and not 0 < self.redemption_rate <= 100:
            raise UserError(_("Enter the Expected Redemption: a percentage above 0, at most 100."))
        if self.counterpart_id and self.counterpart_id in (program.liability_account_id, self.liability_account_id):
            raise UserError(
                _(
                    "%(account)s is the Liability Account: the transition would book nothing there. Choose another "
                    "Counter-account, for example retained earnings.",
                    account=self.counterpart_id.display_name,
                )
            )
        if self.date > today:
            raise UserError(_("What customers have on a day to come is not known. Choose today or an earlier day."))
        if locks := self.company_id._get_violated_lock_dates(self.date, False, program._books_journal()):
            raise UserError(
                _(
                    "The books of %(company)s are locked until %(lock)s. Choose a later day.",
                    company=self.company_id.name,
                    lock=format_date(self.env, max(lock for lock, __ in locks)),
                )
            )
        last = program._last_booked_day()
        if last and self.date < last:
            raise UserError(
                _(
                    "%(program)s: points were booked until %(last)s by the old policy. Choose that day or a later one.",
                    program=name,
                    last=format_date(self.env, last),
                )
            )

    # --- figures -------------------------------------------------------------------------------------------------

    def _plan(self):
        """Return what customers have on the day: ``(what the old policy carries, [(kind, month, points, amount)])``, ``kind``
        as of cohorts."""
        program = self.program_id.sudo()
        carried = to_decimal(program._carrying_values().get(program.id, 0))
        if self.policy == "redemption":
            return carried, []
        rows = program._open_points_by_month(self.date, taken_over=self.policy == "deferral")
        numerator, denominator = program._unit_value_at(self.date)
        rounding = to_decimal(program.currency_id.rounding)
        rate = to_decimal(self.redemption_rate) if self.policy == "deferral" else Decimal(100)
        return carried, [
            (
                "transition",
                month,
                units,
                round_amount(standalone_price(Fraction(units, UNIT), (numerator, denominator), rate), rounding),
            )
            for month, units in rows
        ]

    def _begin(self, program, plan):
        """Change the policy to a deferral, and return the plan with the sales that are not paid yet: their revenue is of the
        time before, so what falls to their points is part of the transition."""
        self._change_policy(program)
        earnings = program._defer_later_sales(self.date)
        carried, rows = plan
        return carried, rows + program._waiting_by_month(
            earnings.filtered(lambda earning: earning.date <= self.date), self.date
        )

    def _summarize(self, plan):
        carried, rows = plan
        self.sudo().write(  # users cannot write results; the right to change the policy was checked
            {
                "line_ids": [
                    fields.Command.clear(),
                    *(
                        fields.Command.create(
                            {
                                "month": month,
                                "points": to_points(units),
                                "amount": amount,
                                "is_waiting": kind == "sale",
                            }
                        )
                        for kind, month, units, amount in rows
                    ),
                ],
                "released_amount": carried,
                "deferred_amount": sum((row[3] for row in rows), Decimal(0)),
            }
        )

    def action_preview(self):
        """Show what the transition entry would book. Changes nothing else."""
        self._check_rights()
        self.ensure_one()
        self._check_switch()
        plan = self._plan()
        if self.policy == "deferral":
            # What unpaid sales defer is known once they do: it is done, read, and undone.
            with closing(self.env.cr.savepoint()):
                plan = self._begin(self.program_id.sudo(), plan)
        self._summarize(plan)
        return True

    def action_post(self):
        """Change the policy and post the transition entry, in one transaction."""
        self._check_rights()
        self.ensure_one()
        self._check_switch()
        program = self.program_id.sudo()
        self._lock_points(program)
        plan, former = self._plan(), program.liability_account_id
        self._check_counterpart(plan)
        if self.policy == "deferral":
            plan = self._begin(program, plan)
            self._check_counterpart(plan)
        self._summarize(plan)
        carried, rows = plan
        move = self._post_entry(carried, rows if self.policy == "deferral" else [], former)
        # A run holds the day and the counter-account, as for opening balances of an accrual.
        run = self.env["loyalty.accrual.run"].sudo().create({"program_id": program.id, "date_to": self.date})
        self.env.flush_all()
        if self.policy != "deferral":
            program._release_cohorts(self.date, move, run)
        program._release_values(self.date, move, run, former)
        if self.policy == "deferral":
            program._take_over_points(rows, self.date, move, run)
        else:
            self._change_policy(program)
        self._note_run(run, move, to_decimal(self.deferred_amount) - carried)
        by_server(program).write({"accrued_until": self.date})
        if self.policy == "accrual":
            self._accrue_open_points(program)
        self.sudo().write(  # users cannot write results; the right to change the policy was checked
            {
                "state": "posted",
                "move_id": move.id,
                "run_id": run.id,
                "last_entry_id": program._last_entry_id(),
                "posted_at": fields.Datetime.now(),
                "user_id": self.env.uid,
            }
        )
        return True

    def _lock_points(self, program):
        """Let nobody else post points of the program until the end, and go on only with all that were posted before.

        The last id that this transaction sees says which transactions were taken over. One that was in flight when this
        transaction began may have a lower id: it would count as taken over, and nobody would ever defer it.

        :raises odoo.exceptions.ConcurrencyError: where it cannot be seen; callers try again by themselves
        """
        try:
            program.lock_for_update()  # posting points of the program shares a lock on it until the end
        except LockError as error:
            raise UserError(
                self.env._(
                    "Points of %s are being posted right now, for example by a register or an import. Nothing was changed. "
                    "Please try again in a moment.",
                    program.name,
                )
            ) from error
        if misses_entries(self.env.cr, self.env.registry, program.id):
            raise ConcurrencyError(f"Points of program {program.id} were posted after this transaction began")

    def _check_counterpart(self, plan):
        carried, rows = plan
        if (carried or any(row[3] for row in rows)) and not self.counterpart_id:
            raise UserError(self.env._("Choose the Counter-account, for example retained earnings."))

    def _note_run(self, run, move, amount):
        point_value, vat_rate = self.program_id.sudo()._point_value_at(self.date)
        by_server(run.sudo()).write(  # runs are the server's; the right to change the policy was checked
            {
                "state": "posted",
                "point_value": point_value,
                "vat_rate": vat_rate,
                "move_id": move.id,
                "posted_at": fields.Datetime.now(),
                "opening_account_id": self.counterpart_id.id,
                "last_entry_id": seen_up_to(self.env.cr, self.env.registry),
                "amount": amount,
            }
        )

    def _accrue_open_points(self, program):
        """Value the points that customers have, against the counter-account: they are no cost of this period."""
        run = self.env["loyalty.accrual.run"].sudo().create({"program_id": program.id, "date_to": self.date})
        plan = run._plan()
        totals = run._summarize(plan)
        vals = program._prepare_books_move(
            self.date,
            totals,
            ref=self.env._("End of deferred revenue: %s", program.name),
            counterparts=dict.fromkeys(totals, self.counterpart_id),
        )
        move = post_moves(self.env, [vals]) if vals else self.env["account.move"]
        run._write_valuations(move, plan)
        self._note_run(run, move, run.amount)

    def _post_entry(self, carried, rows, former):
        """Post the entry of the transition: the old liability against the counter-account, and the new one."""
        program, label = self.program_id.sudo(), self.env._("Transition to deferred revenue: %s", self.program_id.name)
        if self.policy != "deferral":
            label = self.env._("End of deferred revenue: %s", self.program_id.name)
        deferred = sum((row[3] for row in rows), Decimal(0))
        balances = defaultdict(Decimal)
        balances[former] += carried
        balances[self.liability_account_id] -= deferred
        balances[self.counterpart_id] += deferred - carried
        lines = [
            fields.Command.create({"account_id": account.id, "balance": float(balance), "name": label})
            for account, balance in balances.items()
            if balance
        ]
        if not lines:
            return self.env["account.move"]
        return post_moves(
            self.env,
            [
                {
                    "move_type": "entry",
                    "journal_id": program._books_journal().id,
                    "company_id": program.company_id.id,
                    "date": self.date,
                    "ref": f"{label} ({self.reason.strip()})" if (self.reason or "").strip() else label,
                    "loyalty_program_id": program.id,
                    "line_ids": lines,
                }
            ],
        )

    def _change_policy(self, program):
        values = {
            "accounting_policy": self.policy,
            "liability_account_id": self.liability_account_id.id,
            "cost_account_id": self.cost_account_id.id,
        }
        if self.policy == "deferral":
            values["deferral_from"] = self.date + relativedelta(days=1)
            program._estimate_from(self.redemption_rate, self.date)
        by_server(program).write(values)

    def action_open_move(self):
        """Open the journal entry of the transition, and where points are accrued from then on, that of their value."""
        self.ensure_one()
        moves = self.move_id
        if self.policy == "accrual" and self.run_id:
            # It is the run that follows the one of the transition, on the same day and against the same account.
            moves |= (
                self.env["loyalty.accrual.run"]
                .search(
                    [
                        ("program_id", "=", self.program_id.id),
                        ("id", ">", self.run_id.id),
                        ("date_to", "=", self.date),
                        ("opening_account_id", "=", self.counterpart_id.id),
                    ],
                    order="id",
                    limit=1,
                )
                .move_id
            )
        if len(moves) < 2:
            return moves._get_records_action()
        # The list of journal entries, not that of invoices, which comes first otherwise.
        views = [(self.env.ref("account.view_move_tree").id, "list"), (False, "form")]
        return moves._get_records_action(name=self.env._("Journal Entries"), views=views)
