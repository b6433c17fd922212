"""The accrual run: the liability of a program becomes what its outstanding points are worth on a day."""

import logging
from decimal import Decimal

import psycopg2
from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, format_date

from odoo.addons.loyalty_ledger.ledger.rounding import to_decimal
from odoo.addons.loyalty_ledger.ledger.settled import seen_up_to
from odoo.addons.loyalty_ledger.ledger.statistics import analyze_grown
from odoo.addons.loyalty_ledger.tools.sql_files import read_sql
from odoo.addons.loyalty_ledger.tools.today import loyalty_today
from odoo.addons.loyalty_ledger.tools.trusted import by_server

from ..books.lots import TABLES, lots_on
from .loyalty_ledger_entry import post_moves
from .loyalty_valuation import KINDS

ACCRUAL_PLAN = read_sql(__file__, "accrual_plan")

_logger = logging.getLogger(__name__)

#: What people say about a run; everything else is its result.
INPUTS = frozenset(("program_id", "date_to", "opening_account_id"))
#: Kinds of value lines that a run makes, in the order in which it shows them.
RUN_KINDS = ("opening", "issue", "redeem", "expire", "revalue", "correct")


class LoyaltyAccrualRun(models.Model):
    """Target minus posted: a second run for the same day posts nothing (M12)."""

    _name = "loyalty.accrual.run"
    _inherit = ["loyalty.server.fields.mixin", "loyalty.values.mixin"]
    _description = "Accrual of Loyalty Points"
    _order = "date_to desc, id desc"
    _check_company_auto = True

    def _default_program_id(self):
        programs = self.env["loyalty.program"].search(
            [("accounting_policy", "=", "accrual"), ("company_id", "in", self.env.companies.ids)], limit=2
        )
        return programs if len(programs) == 1 else programs.browse()

    program_id = fields.Many2one(
        "loyalty.program",
        "Program",
        required=True,
        ondelete="restrict",
        default=lambda self: self._default_program_id(),
        domain=[("program_type", "=", "loyalty")],
    )
    company_id = fields.Many2one(related="program_id.company_id", store=True, precompute=True)
    currency_id = fields.Many2one(related="program_id.currency_id")
    accrued_until = fields.Date(related="program_id.accrued_until")
    date_to = fields.Date(
        "Until",
        required=True,
        compute="_compute_date_to",
        store=True,
        readonly=False,
        precompute=True,
        help="The liability is brought to the points outstanding at the end of this day. By default the end of last "
        "month; points of the current month are part of the next run.",
    )
    state = fields.Selection(
        [("draft", "Draft"), ("preview", "Previewed"), ("posted", "Posted")],
        "Status",
        required=True,
        readonly=True,
        default="draft",
        copy=False,
    )
    move_id = fields.Many2one("account.move", "Journal Entry", readonly=True, copy=False, ondelete="restrict")
    posted_at = fields.Datetime("Posted On", readonly=True, copy=False)
    last_entry_id = fields.Integer(
        "Last Transaction Seen",
        readonly=True,
        copy=False,
        aggregator=None,
        help="The run saw every transaction up to this number. Of those with a higher number it may have missed some.",
    )
    line_ids = fields.One2many("loyalty.accrual.run.line", "run_id", "Preview", readonly=True, copy=False)
    point_value = fields.Float("Point Value", digits=(16, 6), readonly=True, copy=False)
    vat_rate = fields.Float("Expected VAT (%)", digits=(16, 4), readonly=True, copy=False)
    unit_value = fields.Float("Liability per Point", digits=(16, 6), readonly=True, copy=False)
    target_points = fields.Float("Outstanding Points", digits=(16, 4), readonly=True, copy=False)
    target_amount = fields.Monetary("Liability", readonly=True, copy=False)
    posted_amount = fields.Monetary("Before This Run", readonly=True, copy=False)
    amount = fields.Monetary("This Run", readonly=True, copy=False)
    opening_amount = fields.Monetary(
        "Opening Balances Not Entered",
        readonly=True,
        copy=False,
        help="Value of points that customers had before the points ledger, and that are not on the books yet.",
    )
    opening_account_id = fields.Many2one(
        "account.account",
        "Counter-account of Opening Balances",
        check_company=True,
        copy=False,
        help="Opening balances are not a cost of this period: choose the counter-account, for example retained "
        "earnings or the provision that they replace. If empty, they are not booked.",
    )

    lock_message = fields.Char("Locked Period", compute="_compute_lock_message", compute_sudo=True)

    @api.depends("program_id", "date_to", "move_id.date")
    def _compute_lock_message(self):
        """Say where the journal entry goes when the period of the run is locked."""
        for run in self:
            run.lock_message = False
            if run.move_id and run.move_id.date != run.date_to:
                run.lock_message = self.env._(
                    "The period was locked: the journal entry is dated %s.", format_date(self.env, run.move_id.date)
                )
            elif run.state != "posted" and run.date_to and run.company_id:
                journal = run.program_id._books_journal()
                move = self.env["account.move"].new(
                    {"move_type": "entry", "company_id": run.company_id.id, "journal_id": journal.id}
                )
                run.lock_message = move._get_lock_date_message(run.date_to, False)

    @api.depends("program_id")
    def _compute_date_to(self):
        for run in self.filtered(lambda run: run.state != "posted"):
            run.date_to = run._last_month_end(run.program_id.company_id)

    def _last_month_end(self, company):
        return loyalty_today(self.env, company).replace(day=1) - relativedelta(days=1)

    @api.depends("program_id", "date_to")
    def _compute_display_name(self):
        for run in self:
            day = format_date(self.env, run.date_to) if run.date_to else ""
            run.display_name = f"{run.program_id.name or ''} {day}".strip()

    # --- guards --------------------------------------------------------------------------------------------------

    @api.model
    def _server_fields(self):
        """A run is posted by posting it: the proof believes what runs say they posted."""
        return self._fields.keys() - INPUTS

    def _changes(self, name, value):
        return True  # nobody has to send them, whatever they say

    @api.model
    def _say_server_fields(self, names):
        labels = sorted(self._fields[name]._description_string(self.env) for name in names)
        return self.env._("Only the accrual itself sets: %s.", ", ".join(labels))

    def write(self, vals):
        if any(run.state == "posted" for run in self):
            raise UserError(self.env._("A posted accrual run cannot be changed. Reverse its journal entry instead."))
        self._check_server_fields(vals)
        if vals.keys() & INPUTS:
            return super(LoyaltyAccrualRun, by_server(self)).write({"state": "draft", **vals})
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_posted(self):
        if any(run.state == "posted" for run in self):
            raise UserError(self.env._("A posted accrual run cannot be deleted. Reverse its journal entry instead."))

    def _check_rights(self):
        self.check_access("write")
        # Without the full accounting features, the administrator of Invoicing acts as accountant.
        groups = ("account.group_account_user", "account.group_account_manager")
        if not self.env.su and not any(self.env.user.has_group(group) for group in groups):
            raise AccessError(self.env._("Only accountants can accrue loyalty points."))

    def _check_order(self):
        """Refuse a run that makes no sense, with the reason (M1, M17)."""
        _ = self.env._
        program, today = self.program_id.sudo(), loyalty_today(self.env, self.program_id.company_id)
        if not program._has_runs():
            raise UserError(
                _(
                    "Loyalty accounting is not active for %(program)s: its Accounting Policy is “%(policy)s”, so nothing "
                    "is accrued. Open the program, tab Accounting, and use Set Up Accounting.",
                    program=program.name,
                    policy=dict(program._fields["accounting_policy"]._description_selection(self.env))[
                        program.accounting_policy
                    ],
                )
            )
        if problem := program._accounting_problem():
            raise UserError(program._with_name(problem))
        if self.date_to > today:
            raise UserError(
                _(
                    "%(date)s is not over yet, so what will be outstanding then is not known. Run the accrual until "
                    "%(today)s at most.",
                    date=format_date(self.env, self.date_to),
                    today=format_date(self.env, today),
                )
            )
        if program.accrued_until and self.date_to < program.accrued_until:
            raise UserError(
                _(
                    "%(program)s is accrued until %(date)s already. Runs follow one another: choose that day or a later "
                    "one. What was booked late for earlier days is part of the next run.",
                    program=program.name,
                    date=format_date(self.env, program.accrued_until),
                )
            )

    # --- computation ---------------------------------------------------------------------------------------------

    def _plan(self):
        """Compute the value lines of the run into a temporary table: lot, amount, points, kind.

        Two more rows without a lot hold what is outstanding and on the books, and openings that are left out.

        Set-based. Lots without value lines, or off by a unit of the currency or more, get a line; their exact
        deviations are rounded cumulatively (the sum of the first n lines is the rounded sum of their deviations), so the
        lines make the rounded total. What rounding leaves is posted one unit each on the lots that are off most.
        """
        program = self.program_id.sudo()
        numerator, denominator = program._unit_value_at(self.date_to)
        before = self.sudo().search(
            [("program_id", "=", program.id), ("state", "=", "posted"), ("id", "!=", self.id)],
            order="date_to desc, id desc",
            limit=1,
        )
        point_value, vat_rate = program._point_value_at(self.date_to)
        is_revalued = bool(before) and (before.point_value, before.vat_rate) != (point_value, vat_rate)
        self.env.flush_all()
        analyze_grown(self.env.cr, *TABLES)
        # A month's lots are sorted and joined once: in memory, not on disk.
        self.env.cr.execute("DROP TABLE IF EXISTS loyalty_accrual_plan")
        self.env.cr.execute(
            SQL(
                ACCRUAL_PLAN,
                lots=lots_on(program, self.date_to),
                program=program.id,
                numerator=str(numerator),
                denominator=str(denominator),
                rounding=str(program.company_id.currency_id.rounding),
                with_opening=bool(self.opening_account_id),
                revalued=is_revalued,
            )
        )
        return numerator / denominator

    def _summarize(self, unit):
        """Fill the preview from the plan."""
        program = self.program_id.sudo()
        rows = self.env.execute_query(
            SQL("SELECT kind, count(*), sum(points), sum(amount) FROM loyalty_accrual_plan GROUP BY kind")
        )
        found = {kind: (count, points, to_decimal(amount)) for kind, count, points, amount in rows}
        __, points, posted = found.pop("before")
        __, __, opening = found.pop("left_out")
        amount = sum((values[2] for values in found.values()), Decimal(0))
        point_value, vat_rate = program._point_value_at(self.date_to)
        self.sudo().write(  # users cannot write results; the right to run the accrual was checked
            {
                "line_ids": [
                    fields.Command.clear(),
                    *(
                        fields.Command.create(
                            {
                                "kind": kind,
                                "lot_count": found[kind][0],
                                "points": found[kind][1],
                                "amount": found[kind][2],
                            }
                        )
                        for kind in RUN_KINDS
                        if kind in found
                    ),
                ],
                "point_value": point_value,
                "vat_rate": vat_rate,
                "unit_value": unit,
                "target_points": points,
                "posted_amount": posted,
                "amount": amount,
                "target_amount": posted + amount,
                "opening_amount": opening,
            }
        )
        return {kind: values[2] for kind, values in found.items()}

    # --- actions -------------------------------------------------------------------------------------------------

    def action_preview(self):
        """Show what the run would post. Changes nothing but the preview."""
        self.ensure_one()
        self._check_rights()
        if self.state == "posted":
            raise UserError(self.env._("This run is posted already."))
        self._check_order()
        self._summarize(self._plan())
        self.sudo().state = "preview"  # users cannot write the status; the right to run the accrual was checked
        return True

    def action_post(self):
        """Post one balanced journal entry that brings the liability to the target, and its value lines.

        All of it is one transaction: a run that is interrupted has posted nothing, and can be started again.
        """
        self.ensure_one()
        self._check_rights()
        if self.state == "posted":
            raise UserError(self.env._("This run is posted already."))
        self._check_order()
        program = self.program_id.sudo()
        self.env.flush_all()
        # The row is changed, not only locked: a second run at the same time waits, then starts again with what this
        # one posted.
        self.env.cr.execute(
            SQL("UPDATE loyalty_program SET accrued_until = %s WHERE id = %s", self.date_to, program.id)
        )
        program.invalidate_recordset(["accrued_until"])
        plan = self._plan()
        totals = self._summarize(plan)
        vals = program._prepare_books_move(
            self.date_to,
            totals,
            ref=self._reference(),
            counterparts={"opening": self.opening_account_id},
        )
        move = post_moves(self.env, [vals]) if vals else self.env["account.move"]
        self._write_valuations(move, plan)
        self.sudo().write(  # users cannot write results; the right to run the accrual was checked
            {
                "state": "posted",
                "move_id": move.id,
                "posted_at": fields.Datetime.now(),
                "last_entry_id": seen_up_to(self.env.cr, self.env.registry),
            }
        )
        return True

    def _reference(self):
        """Return what the journal entry says. Override for runs of another kind."""
        return self.env._(
            "Accrual of loyalty points %(program)s until %(date)s",
            program=self.program_id.name,
            date=format_date(self.env, self.date_to),
        )

    def _write_valuations(self, move, plan):
        """Write the planned value lines, with the journal entry that books them, and drop the plan.

        :param plan: what :meth:`_plan` returned; the lines themselves are in its table
        """
        program = self.program_id.sudo()
        self.env.flush_all()
        # Foreign keys keep plans of this session, made while the tables were small, and read small tables whole: row by
        # row, both are slow. Planned anew, they use their indexes: for 20,000 rows 0.3 s instead of 28 s with an old plan, and
        # 0.16 s instead of 0.19 s for each reference to a small table.
        self.env.cr.execute("DISCARD PLANS; SET LOCAL enable_seqscan = off")
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO loyalty_valuation (program_id, company_id, lot_id, run_id, move_id, account_id, date,
                                               effective_date, kind, amount, points)
                SELECT %s, %s, lot_id, %s, %s, %s, %s, %s, kind, amount, points FROM loyalty_accrual_plan WHERE lot_id IS NOT NULL ORDER BY lot_id
                """,
                program.id,
                program.company_id.id,
                self.id,
                move.id or None,
                program.liability_account_id.id,
                move.date or self.date_to,
                self.date_to,
            )
        )
        self.env.cr.execute("DROP TABLE loyalty_accrual_plan; SET LOCAL enable_seqscan TO DEFAULT")
        self.env["loyalty.valuation"].invalidate_model(flush=False)

    def action_open_move(self):
        """Open the journal entry of the run, or its items for users whose form of the entry does not show them."""
        self.ensure_one()
        if not self.env.user.has_group("account.group_account_readonly"):
            return self.move_id.action_view_loyalty_items()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "views": [(False, "form")],
        }

    def action_view_valuations(self):
        """Open the value lines of the run."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("loyalty_account.loyalty_valuation_action")
        return {**action, "domain": [("run_id", "=", self.id)], "context": {}}

    # --- job -----------------------------------------------------------------------------------------------------

    @api.model
    def _cron_accrue(self):
        """Accrue the last month of each program that wants it, each in a transaction of its own.

        What the time of the job does not suffice for is left to its next call, which begins where this one ended. What
        customers hold of an archived program is owed to them as before.
        """
        programs = self.env["loyalty.program"].with_context(active_test=False)
        programs = programs.search(
            [("accounting_policy", "=", "accrual"), ("accrual_schedule", "=", "monthly")], order="id"
        )
        due = programs.filtered(self._is_due)
        self.env["ir.cron"]._commit_progress(remaining=len(due))
        for program in due:
            self._try_accrue(program)
            if not self.env["ir.cron"]._commit_progress(1):
                break

    def _is_due(self, program):
        return not program.accrued_until or program.accrued_until < self._last_month_end(program.company_id)

    def _try_accrue(self, program):
        """Post the run of one program, or say in the log why not: one program does not stop the others."""
        name = f"{program.name} (id {program.id})"
        try:
            with self.env.cr.savepoint():
                if self._is_due(program):  # nobody was faster since the job began
                    self.with_company(program.company_id).create({"program_id": program.id}).action_post()
        except psycopg2.OperationalError:
            self.env.cr.rollback()
            _logger.info("Accrual of %s: another transaction was faster, the next call goes on", name)
        except UserError as error:  # an account is missing, a journal is archived
            _logger.warning("The points of program %s were not accrued: %s", name, error)
        # Whatever is wrong with one program must not leave the others without accrual, month after month.
        except Exception:  # pylint: disable=broad-exception-caught
            _logger.exception("Accruing the points of program %s failed", name)


class LoyaltyAccrualRunLine(models.Model):
    """A line of the preview: what the run posts, and why."""

    _name = "loyalty.accrual.run.line"
    _description = "Line of an Accrual Run"
    _order = "id"

    run_id = fields.Many2one("loyalty.accrual.run", required=True, readonly=True, ondelete="cascade", index=True)
    currency_id = fields.Many2one(related="run_id.currency_id")
    kind = fields.Selection(KINDS, "What", required=True, readonly=True)
    lot_count = fields.Integer("Lots", readonly=True)
    points = fields.Float("Points", digits=(16, 4), readonly=True)
    amount = fields.Monetary("Amount", readonly=True)
