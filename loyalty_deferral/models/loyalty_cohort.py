"""Cohorts: the points of one month of sales, the revenue that is deferred for them, and the lines that booked it."""

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL, format_date

from odoo.addons.loyalty_ledger.ledger import arrays, schema
from odoo.addons.loyalty_ledger.tools.today import loyalty_today

LINE_COLUMNS = (
    "id cohort_id program_id company_id kind part amount date effective_date move_id account_id close_id run_id"
).split()


class LoyaltyCohort(models.Model):
    """Program x month of the documents that earned: the unit of account of a deferral.

    Its figures are those of the last close; :meth:`loyalty.program._deferral_state` says them for any day.
    """

    _name = "loyalty.cohort"
    _inherit = ["loyalty.server.fields.mixin", "loyalty.program.sums.mixin"]
    _description = "Cohort of Loyalty Points"
    _order = "program_id, date_from desc, kind"

    program_id = fields.Many2one("loyalty.program", "Program", required=True, readonly=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", "Company", required=True, readonly=True, ondelete="restrict")
    currency_id = fields.Many2one(related="company_id.currency_id")
    date_from = fields.Date("Month", required=True, readonly=True, help="First day of the month of the documents.")
    month_name = fields.Char("Month of the Sales", compute="_compute_month_name")
    kind = fields.Selection(
        [("sale", "Sales"), ("grant", "Granted"), ("transition", "Transition")],
        "Origin",
        required=True,
        readonly=True,
        help="Sales: points that documents of the month earned.\n"
        "Granted: adjustments and bonuses. There is no contract with the customer, so no revenue is deferred.\n"
        "Transition: points that customers had when the program began to defer. Their part of the original sales is "
        "unknown, so they stand at their stand-alone price.",
    )
    date_to = fields.Date("As Of", readonly=True, help="Last day of the close that the figures are of.")
    revenue_amount = fields.Monetary(
        "Revenue", readonly=True, help="Of the documents, without VAT, less credit notes and less what points paid."
    )
    issued_points = fields.Float("Issued", digits=(16, 4), readonly=True)
    redeemed_points = fields.Float("Redeemed", digits=(16, 4), readonly=True)
    lapsed_points = fields.Float("Lapsed", digits=(16, 4), readonly=True)
    open_points = fields.Float("Open", digits=(16, 4), readonly=True)
    expected_points = fields.Float("Expected to Be Redeemed", digits=(16, 4), readonly=True)
    redemption_rate = fields.Float(
        "Expected Redemption (%)", digits=(16, 4), readonly=True, aggregator=None, help="The rate of the last close."
    )
    allocated_amount = fields.Monetary("Allocated", readonly=True, help="Part of the revenue that falls to the points.")
    recognised_amount = fields.Monetary("Recognised", readonly=True)
    deferred_amount = fields.Monetary("Deferred", readonly=True, help="What is still a liability.")
    line_ids = fields.One2many("loyalty.cohort.line", "cohort_id", "Lines", readonly=True)
    rate_ids = fields.One2many("loyalty.cohort.rate", "cohort_id", "Own Estimates")

    _program_unique = models.UniqueIndex("(program_id, date_from, kind)", "The program has this cohort already.")

    @api.model
    def _server_fields(self):
        return self._fields.keys() - {"rate_ids"}

    @api.depends("date_from")
    @api.depends_context("lang")
    def _compute_month_name(self):
        for cohort in self:
            cohort.month_name = format_date(self.env, cohort.date_from, date_format="LLLL yyyy")

    def action_view_sales(self):
        """Open the documents of the cohort: what each earned, and what of its revenue is deferred."""
        self.check_access("read")
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("loyalty_deferral.loyalty_earning_deferred_action")
        until = self.date_from + relativedelta(months=1)
        domain = [("program_id", "=", self.program_id.id), ("date", ">=", self.date_from), ("date", "<", until)]
        return {**action, "domain": domain, "context": {"create": False}}

    def action_view_items(self):
        """Open the journal items that the cohort's lines are part of."""
        self.check_access("read")
        self.ensure_one()
        return self.line_ids.move_id._action_loyalty_items(self.display_name)

    def action_view_uses(self):
        """Open what was redeemed of the points of the cohort, lapsed or was taken off, and given back."""
        self.check_access("read")
        self.env["loyalty.ledger.consumption"].check_access("read")
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("loyalty_deferral.loyalty_ledger_consumption_action")
        name = self.env._("Uses of Points: %s", self.display_name)
        return {**action, "name": name, "domain": [("cohort_id", "in", self.ids)], "context": {}}

    @api.depends("program_id", "date_from", "kind")
    @api.depends_context("lang")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for cohort in self:
            month = cohort.date_from and format_date(self.env, cohort.date_from, date_format="LLLL yyyy")
            name = f"{cohort.program_id.name}, {month}"
            cohort.display_name = name if cohort.kind == "sale" else f"{name} ({kinds.get(cohort.kind)})"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_booked(self):
        raise UserError(self.env._("Cohorts follow the sales and the points, and cannot be deleted."))


class LoyaltyCohortLine(models.Model):
    """A change of what is deferred for a cohort. Append-only; the deferred amount is the sum of the lines.

    ``part`` says of which of its two figures: what was allocated, or what of it is recognised (then with the sign of the
    liability: recognised revenue is negative).
    """

    _name = "loyalty.cohort.line"
    _inherit = ["loyalty.readonly.mixin"]
    _description = "Deferred Revenue of a Cohort"
    _order = "id desc"
    _log_access = False

    cohort_id = fields.Many2one(
        "loyalty.cohort", "Cohort", required=True, readonly=True, ondelete="restrict", index=True
    )
    program_id = fields.Many2one("loyalty.program", "Program", required=True, readonly=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", "Company", required=True, readonly=True, ondelete="restrict")
    currency_id = fields.Many2one(related="company_id.currency_id")
    kind = fields.Selection(
        [
            ("allocate", "Allocated"),
            ("redeem", "Redeemed"),
            ("breakage", "Lapsed"),
            ("re_estimate", "Re-estimated"),
            ("return", "Returned"),
            ("transition", "Transition"),
        ],
        "Type",
        required=True,
        readonly=True,
    )
    part = fields.Selection(
        [("allocated", "Allocated"), ("recognised", "Recognised")], "Of", required=True, readonly=True
    )
    amount = fields.Monetary("Amount", required=True, readonly=True, help="Positive: the liability grows.")
    date = fields.Date("Accounting Date", required=True, readonly=True, help="Date of the journal entry.")
    effective_date = fields.Date(
        "Business Date",
        required=True,
        readonly=True,
        help="Last day of the close; the accounting date is later where the period was locked.",
    )
    move_id = fields.Many2one(
        "account.move",
        "Journal Entry",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="Empty where the lines of a close add up to nothing, so that there is nothing to book.",
    )
    account_id = fields.Many2one(
        "account.account", "Liability Account", required=True, readonly=True, ondelete="restrict"
    )
    run_id = fields.Many2one("loyalty.accrual.run", "Run", readonly=True, ondelete="restrict", index="btree_not_null")
    close_id = fields.Many2one("loyalty.close", "Close", readonly=True, ondelete="restrict", index="btree_not_null")

    _program_idx = models.Index("(program_id, date)")

    @api.depends("cohort_id", "kind")
    @api.depends_context("lang")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for line in self:
            line.display_name = f"{line.cohort_id.display_name}: {kinds.get(line.kind)}"

    @api.model
    def _action_list(self, domain, title):
        """Return the action that lists lines, with what they are of in its title."""
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("loyalty_deferral.loyalty_cohort_line_action")
        name = self.env._("Deferred Revenue: %s", title)
        return {**action, "name": name, "domain": domain, "context": {}}

    def action_open_move(self):
        """Open the journal entry that booked the line, with the rights of the user."""
        self.check_access("read")
        self.ensure_one()
        if not self.move_id:
            raise UserError(
                self.env._("The lines of this close add up to zero, so there was nothing to book: no journal entry.")
            )
        return self.move_id._get_records_action()

    def init(self):
        super().init()
        schema.immutable(
            self.env.cr,
            "loyalty_cohort_line",
            "cohort_line",
            LINE_COLUMNS,
            "Lines of deferred revenue cannot be changed or deleted.",
        )

    def _refusal(self):
        return self.env._(
            "Lines of deferred revenue are made by the close with their journal entries, and cannot be created, changed or "
            "deleted."
        )

    @api.model
    def _book(self, rows, day, move, run=None, close=None):
        """Write the lines that a journal entry books.

        :param rows: list of ``(cohort, kind, part, amount)`` of one program
        :param day: the business date; the accounting date is that of the entry
        """
        if not rows:
            return
        numbers, program = arrays.numbers, rows[0][0].program_id
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO loyalty_cohort_line (cohort_id, kind, part, amount, program_id, company_id, date, effective_date,
                                                 move_id, account_id, run_id, close_id)
                SELECT n.*, %s, %s, %s, %s, %s, %s, %s, %s
                  FROM unnest(%s::int[], %s::text[], %s::text[], %s::numeric[]) n
                """,
                program.id,
                program.company_id.id,
                move.date or day,
                day,
                move.id or None,
                program.liability_account_id.id,
                run and run.id or None,
                close and close.id or None,
                numbers([cohort.id for cohort, __, __, __ in rows]),
                numbers([kind for __, kind, __, __ in rows]),
                numbers([part for __, __, part, __ in rows]),
                numbers([amount for __, __, __, amount in rows]),
            )
        )
        self.invalidate_model(flush=False)
        program.cohort_ids.invalidate_recordset(["line_ids"])


class LoyaltyCohortRate(models.Model):
    """What is expected of one cohort from a day on, where it differs from the program. Says who decided, and why."""

    _name = "loyalty.cohort.rate"
    _inherit = ["loyalty.values.mixin"]
    _description = "Expected Redemption of a Cohort"
    _order = "cohort_id, date desc"
    _rec_name = "cohort_id"

    cohort_id = fields.Many2one("loyalty.cohort", "Cohort", required=True, ondelete="restrict")
    program_id = fields.Many2one(related="cohort_id.program_id", store=True, precompute=True, index=True)
    company_id = fields.Many2one(related="cohort_id.company_id")
    date = fields.Date("From", required=True, default=lambda self: loyalty_today(self.env, self.env.company))
    redemption_rate = fields.Float("Expected Redemption (%)", digits=(16, 4), required=True)
    reason = fields.Char("Reason", required=True, help="Why this estimate: it is kept on record.")

    _cohort_date_unique = models.UniqueIndex(
        "(cohort_id, date)", "The cohort has an estimate from this day on already."
    )

    @api.constrains("redemption_rate")
    def _check_redemption_rate(self):
        if any(not 0 < rate.redemption_rate <= 100 for rate in self):
            raise ValidationError(
                self.env._("The Expected Redemption is a percentage. Enter a number above 0, at most 100.")
            )

    @api.constrains("reason")
    def _check_reason(self):
        if any(not (rate.reason or "").strip() for rate in self):
            raise ValidationError(self.env._("Enter the reason for this estimate: it is kept on record."))

    @api.model_create_multi
    def create(self, vals_list):
        rates = super().create(vals_list)
        rates._check_not_closed()
        return rates

    def write(self, vals):
        self._check_not_closed()
        result = super().write(vals)
        self._check_not_closed()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_closed(self):
        self._check_not_closed()

    def _check_not_closed(self):
        """What a close has used stays as it is, so that it can be proved again."""
        for rate in self:
            rate.program_id._check_not_closed(rate.date)
