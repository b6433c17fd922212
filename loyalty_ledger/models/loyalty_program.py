from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..ledger import schema
from ..ledger.plan import Terms, add_delay
from ..ledger.rounding import to_units
from ..ledger.schema import LEDGERED_TYPES
from ..tools.memory import remembered
from .loyalty_card_purge import TERMS_CHANGE


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    is_ledgered = fields.Boolean(
        "Has a Points Ledger",
        compute="_compute_is_ledgered",
        search="_search_is_ledgered",
        help="Loyalty cards, eWallets and gift cards keep their points in the ledger.",
    )
    expiry_policy = fields.Selection(
        [
            ("never", "Points never expire"),
            ("lot", "Each earning expires on its own"),
            ("rolling", "The balance expires without new earnings"),
        ],
        "Points Expiry",
        required=True,
        default="never",
        prefetch="loyalty_terms",
        help="Each earning expires on its own: so long after the day it was earned.\n"
        "The balance expires without new earnings: each new earning renews the whole balance.",
    )
    expiry_delay = fields.Integer("Expires After", default=12, prefetch="loyalty_terms")
    expiry_unit = fields.Selection(
        [("day", "Days"), ("month", "Months"), ("year", "Years")],
        "Expiry Unit",
        required=True,
        default="month",
        prefetch="loyalty_terms",
    )
    vesting_days = fields.Integer(
        "Pending For", help="Points can be spent this many days after they were earned, for example the return window."
    )
    negative_policy = fields.Selection(
        [("debt", "Keep as Debt"), ("clamp", "Waive")],
        "Returned Goods Whose Points Were Spent",
        required=True,
        default="debt",
        prefetch="loyalty_terms",
        help="When a return takes back points that the customer has spent already.\n"
        "Keep as Debt: the card owes the points, later earnings pay them first.\n"
        "Waive: only what is left is taken back; the rest is recorded as waived.",
    )
    reversal_grace_days = fields.Integer(
        "Days of Grace",
        default=30,
        prefetch="loyalty_terms",
        help="Points that are returned after their expiry date stay usable for this many days.",
    )
    level_ids = fields.One2many("loyalty.level", "program_id", "Levels", copy=True)
    level_basis = fields.Selection(
        [
            ("lifetime", "Points ever earned"),
            ("balance", "Current balance"),
            ("last_12_months", "Points earned in the last 12 months"),
            ("invoices", "Number of purchases"),
        ],
        "Level Basis",
        required=True,
        default="lifetime",
        help="What the level of a card is based on. With “Points ever earned”, redeeming points never lowers the "
        "level.",
    )

    _check_expiry_delay = models.Constraint(
        "CHECK (expiry_policy = 'never' OR expiry_delay > 0)", "Points must expire after at least one day."
    )
    _check_vesting = models.Constraint("CHECK (vesting_days >= 0)", "The number of days cannot be negative.")
    _check_delays = models.Constraint(
        "CHECK (expiry_delay <= CASE expiry_unit WHEN 'day' THEN 36525 WHEN 'month' THEN 1200 ELSE 100 END"
        " AND vesting_days <= 36525 AND reversal_grace_days <= 36525)",
        "Points can be pending, or stay valid, for 100 years at most.",
    )
    _check_grace = models.Constraint("CHECK (reversal_grace_days >= 0)", "The days of grace cannot be negative.")

    def init(self):
        super().init()
        schema.protect_programs(self.env.cr)

    @api.depends("program_type")
    def _compute_is_ledgered(self):
        for program in self:
            program.is_ledgered = program.program_type in LEDGERED_TYPES

    def _search_is_ledgered(self, operator, value):
        if operator != "in":
            return NotImplemented
        if len(value) != 1:
            return [(1, "=", 1)] if value else [(0, "=", 1)]
        return [("program_type", "in" if True in value else "not in", LEDGERED_TYPES)]

    @remembered("self.id")
    def _ledger_terms(self):
        """Return what the program says about the life of its points (:class:`ledger.plan.Terms`).

        Every question about a balance asks, and programs hardly ever change: remembered until one does.
        """
        self.ensure_one()
        return Terms(
            policy=self.expiry_policy,
            delay=self.expiry_delay,
            unit=self.expiry_unit,
            vesting=self.vesting_days,
            negative=self.negative_policy,
            grace=self.reversal_grace_days,
        )

    @remembered("self.id")
    def _level_steps(self):
        """Return the levels as pairs of threshold (ten-thousandths of the basis) and id, the lowest first.

        Every posting asks, and levels hardly ever change: remembered until one does.
        """
        return sorted((to_units(level.min_points), level.id) for level in self.level_ids)

    @remembered("self.id")
    def _mails_milestones(self):
        """Return whether customers get a mail when they reach a number of points.

        Every posting asks, and mails hardly ever change: remembered until one does.
        """
        return "points_reach" in self.sudo().communication_plan_ids.mapped("trigger")

    def _rolling_expiry(self, last_earning_date):
        """Last usable day of a balance whose last earning was on that date, or False."""
        self.ensure_one()
        if self.expiry_policy != "rolling" or not last_earning_date:
            return False
        return add_delay(last_earning_date, self.expiry_delay, self.expiry_unit)

    def write(self, vals):
        """Freeze type, company and currency of a program with transactions; expire under the old terms first."""
        self._check_frozen(vals)
        if {"expiry_policy", "expiry_delay", "expiry_unit"} & vals.keys():
            self._purge_before_change(vals)
        becoming = self.browse()
        if vals.get("program_type") in LEDGERED_TYPES:
            becoming = self.filtered(lambda program: not program.is_ledgered)
            becoming._check_may_become_ledgered()
        result = super().write(vals)
        if becoming:
            becoming.with_context(active_test=False).coupon_ids._start_ledger()
        return result

    def _check_frozen(self, vals):
        frozen = {name: vals[name] for name in ("program_type", "company_id", "currency_id") if name in vals}
        if not frozen:
            return
        for program in self.with_context(active_test=False):
            changed = [
                program._fields[name]._description_string(self.env)
                for name, value in frozen.items()
                if program._fields[name].convert_to_write(program[name], program) != (value or False)
            ]
            if changed and program._has_entries():
                raise ValidationError(
                    self.env._(
                        "%(program)s has transactions in the points ledger, so its %(fields)s can no longer change. "
                        "Create another program and transfer the cards.",
                        program=program.name,
                        fields=", ".join(changed),
                    )
                )

    def _points_for_import(self, amount, date):
        """Return the points that stand for an amount of money in a file of balances, or None where nothing says so.

        Gift cards and wallets count money. Override to value the points of other programs.
        """
        return amount if len(self) == 1 and self.program_type in ("gift_card", "ewallet") else None

    def _has_entries(self):
        return bool(self.env["loyalty.ledger.entry"].sudo().search_count([("program_id", "in", self.ids)], limit=1))

    def _check_may_become_ledgered(self):
        cards = self.env["loyalty.card"].sudo().with_context(active_test=False)
        for program in self:
            if cards.search_count([("program_id", "=", program.id), ("points", "!=", 0)], limit=1):
                raise ValidationError(
                    self.env._(
                        "%s has cards with points. A program can get a points ledger only while its cards are empty; "
                        "create a new program instead.",
                        program.name,
                    )
                )

    def _purge_before_change(self, vals):
        """New expiry terms never revive points that are past their date under the old ones."""
        names = vals.keys() & {"expiry_policy", "expiry_delay", "expiry_unit"}
        changed = self.filtered(lambda program: any(program[name] != vals[name] for name in names))
        # Managers have no write access to lots; write access to the program was checked.
        cards = self.env["loyalty.card"].sudo()
        cards.with_context(**{TERMS_CHANGE: True})._purge(programs=changed, commit=False)

    def _value_of_points(self, points, date):
        """Return what points are worth on a day in the program's currency, unrounded, or None where nothing says it.

        Points of gift cards and eWallets are money. Override where points have a value; call super.
        """
        self.ensure_one()
        return points if self.program_type in ("gift_card", "ewallet") else None
