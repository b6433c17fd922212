"""What makes the accounting of a program possible: validation of its set-up, the value of a point, changes."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tools import format_date

from ..books import combinations, valuation

#: Who may read rules and rewards, and so the whole form of a program.
MARKETING = ("loyalty_ledger.group_loyalty_user", "loyalty_ledger.group_loyalty_auditor")
#: What only the server writes.
ACCOUNTING = ("account.group_account_invoice", "account.group_account_readonly")


class LoyaltyProgram(models.Model):
    _name = "loyalty.program"
    _inherit = ["loyalty.server.fields.mixin", "loyalty.program"]

    accrual_schedule = fields.Selection(
        [("monthly", "Monthly, when the month is over"), ("off", "By hand only")],
        "Accrual",
        required=True,
        default="monthly",
        prefetch="loyalty_terms",
        help="When the liability of this program is brought up to date.",
    )
    accrued_until = fields.Date(
        "Accrued Until",
        readonly=True,
        copy=False,
        prefetch="loyalty_terms",
        help="Last day of the latest posted accrual run.",
    )
    unit_value = fields.Float(
        "Liability per Point",
        digits=(16, 6),
        compute="_compute_unit_value",
        help="What an outstanding point is worth in the books today: the point value, less the expected VAT where "
        "redemption recovers VAT.",
    )
    has_values = fields.Boolean(compute="_compute_has_values")

    # --- views ---------------------------------------------------------------------------------------------------

    def get_formview_id(self, access_uid=None):
        """Show accounting users without a right in the Loyalty app what they may read: the books of the program."""
        user = self.env["res.users"].browse(access_uid or self.env.uid)
        if not any(user.has_group(group) for group in MARKETING) and any(user.has_group(group) for group in ACCOUNTING):
            return self.env.ref("loyalty_account.loyalty_program_view_form_books").id
        return super().get_formview_id(access_uid)

    # --- value of a point ----------------------------------------------------------------------------------------

    def _check_not_closed(self, date):
        """Refuse to change what holds from a day on that a run has used, so that its proof can be repeated.

        :raises odoo.exceptions.UserError: with the day until which the program is closed
        """
        until = self.accrued_until
        if until and date <= until:
            raise UserError(
                self.env._(
                    "%(program)s is closed until %(until)s, with the values and estimates in force then, so nothing can be "
                    "changed as of %(date)s. Enter a new value or estimate that holds from a later day on.",
                    program=self.name,
                    until=format_date(self.env, until),
                    date=format_date(self.env, date),
                )
            )

    def _unit_value_at(self, date):
        """Return what a point is worth in the books on a day, as a fraction (:func:`books.valuation.unit_value`)."""
        if self._keeps_stored_value():
            return Decimal(1), Decimal(1)
        point_value, vat_rate = self._point_value_at(date)
        # The columns are numeric(16,6) and numeric(16,4): as texts they come back as exact numbers.
        return valuation.unit_value(
            Decimal(f"{point_value:.6f}").normalize(),
            Decimal(f"{vat_rate:.4f}").normalize(),
            combinations.has_relief(self.vat_mode),
        )

    def _value_of_points(self, points, date):
        value = super()._value_of_points(points, date)
        if value is None and self.program_type == "loyalty":
            return points * self._point_value_at(date)[0] or None
        return value

    @api.depends("point_value", "vat_rate", "vat_mode")
    def _compute_unit_value(self):
        for program in self:
            relief = program.vat_rate if combinations.has_relief(program.vat_mode) else 0.0
            program.unit_value = program.point_value * 100 / (100 + relief)

    def _keeps_liability(self):
        """Return whether outstanding points of the program are a liability in the books."""
        return self.accounting_policy in combinations.LIABILITY_POLICIES

    def _values_lots(self):
        """Return whether each lot of points carries its own value in the books."""
        return self.accounting_policy in combinations.LOT_POLICIES

    def _may_defer(self):
        """Return whether revenue can be deferred in this database. Override in the add-on that does it."""
        return False

    def _has_runs(self):
        """Return whether runs bring the liability of the program up to date. Override to add policies."""
        return self.accounting_policy in combinations.ACCRUED_POLICIES

    def _keeps_stored_value(self):
        """Return whether a point of the program is money that documents book."""
        return self.accounting_policy == combinations.STORED_VALUE

    def _fiscal_country(self):
        """Return the country whose taxes the program's company declares; a branch has its parent's."""
        company = self.company_id
        return company.account_fiscal_country_id or company.root_id.account_fiscal_country_id

    def _books_journal(self):
        """Return the journal of the program's entries: its own, else the company's miscellaneous one (M3)."""
        self.ensure_one()
        if self.loyalty_journal_id:
            return self.loyalty_journal_id
        company = self.company_id
        return self.env["account.journal"].search(
            [*self.env["account.journal"]._check_company_domain(company), ("type", "=", "general")], limit=1
        )

    # --- validation ----------------------------------------------------------------------------------------------

    @api.constrains(
        "accounting_policy",
        "vat_mode",
        "loyalty_journal_id",
        "liability_account_id",
        "cost_account_id",
        "breakage_account_id",
        "company_id",
        "currency_id",
        "program_type",
        "tax_map_ids",
        "point_value_ids",
    )
    def _check_accounting(self):
        for program in self.filtered(lambda program: program.accounting_policy != "none"):
            problem = program._accounting_problem()
            if problem:
                raise ValidationError(program._with_name(problem))

    def _with_name(self, problem):
        return self.env._("%(program)s: %(problem)s", program=self.name, problem=problem)

    def _accounting_problem(self):
        """Return the first thing that keeps the program from being booked, in words, or None (M5, S3, S6, S7)."""
        self.ensure_one()
        for check in (
            self._policy_problem,
            self._company_problem,
            self._journal_problem,
            self._account_problem,
            self._tax_problem,
        ):
            if problem := check():
                return problem
        return None

    def _policy_problem(self):
        _ = self.env._
        if self.accounting_policy == combinations.DEFERRAL and not self._may_defer():
            return _(
                "Accounting Policy “Defer revenue (IFRS 15)” needs the add-on Revenue Deferral. Install it under Apps, or "
                "choose “Accrue the liability”, which is for points that are immaterial or under local rules."
            )
        if self._keeps_stored_value():
            return self._stored_value_problem()
        if self.program_type in combinations.STORED_VALUE_TYPES:
            return _("gift cards and eWallets are money. Set Accounting Policy to “Stored value” or “No accounting”.")
        if self.program_type != "loyalty":
            return _("only programs of type Loyalty Cards have accounting. Set Accounting Policy to “No accounting”.")
        return self._vat_mode_problem(self.accounting_policy)

    def _vat_mode_problem(self, policy):
        """Return why the VAT of redemptions does not go with a policy, in words, or None."""
        _ = self.env._
        if not self.vat_mode:
            return _(
                "choose “VAT of Redemptions” on the Accounting tab. There is no default, because it depends on the "
                "terms of the program; ask your accountant."
            )
        if (policy, self.vat_mode) == (combinations.DEFERRAL, combinations.INPUT_TAX):
            return _(
                "revenue cannot be deferred while redemptions recover input tax: their account must be an expense then, "
                "and a deferral lowers revenue. Choose “Means of payment” or “Price reduction” under VAT of Redemptions."
            )
        if not combinations.is_supported(policy, self.vat_mode):
            return _("this combination of Accounting Policy and VAT of Redemptions is not supported.")
        return None

    def _company_problem(self):
        _ = self.env._
        if not self.company_id:
            return _("set the Company. Books are kept per company, so a program for all companies has no accounting.")
        if self.currency_id != self.company_id.currency_id:
            return _(
                "the Currency is %(currency)s, but %(company)s keeps its books in %(expected)s. Change the program's "
                "currency.",
                currency=self.currency_id.name,
                company=self.company_id.name,
                expected=self.company_id.currency_id.name,
            )
        return None

    def _journal_problem(self):
        journal = self.loyalty_journal_id
        if journal and journal.type != "cash":
            return self.env._(
                "Loyalty Journal %(journal)s is of type %(type)s. Points are received like cash: choose a journal of "
                "type Cash, or leave it empty.",
                journal=journal.display_name,
                type=dict(journal._fields["type"]._description_selection(self.env))[journal.type],
            )
        return None

    def _account_problem(self):
        _ = self.env._
        if self._keeps_stored_value():
            return self._stored_accounts_problem()
        wanted = combinations.COST_GROUP[self.accounting_policy, self.vat_mode]
        groups = {"expense": _("Expense"), "income": _("Income")}
        cost, liability = self.cost_account_id, self.liability_account_id
        if not cost:
            return _(
                "set the Redemption Account (loyalty points redeemed), an account of type %s, or use Set Up Accounting.",
                groups[wanted],
            )
        if cost.internal_group not in (wanted, combinations.ALSO.get(self.vat_mode)):
            reason = _("redeemed points are a cost with this VAT mode")
            if wanted == "income":
                reason = _("redemptions lower the revenue with this VAT mode")
                if self.accounting_policy == combinations.DEFERRAL:
                    reason = _("deferred revenue is taken from the revenue and comes back to it")
            return _(
                "Redemption Account %(account)s must be an account of type %(type)s, because %(reason)s.",
                account=cost.display_name,
                type=groups[wanted],
                reason=reason,
            )
        if not self._keeps_liability():
            return None
        if not liability:
            return _(
                "set the Liability Account (loyalties accrued), an account of type Current Liabilities, or use Set Up "
                "Accounting."
            )
        if liability.account_type not in combinations.LIABILITY_TYPES:
            return _(
                "Liability Account %(account)s is of type %(type)s; it must be of type Current or Non-current "
                "Liabilities.",
                account=liability.display_name,
                type=dict(liability._fields["account_type"]._description_selection(self.env))[liability.account_type],
            )
        return None

    def _tax_problem(self):
        if self.vat_mode != combinations.INPUT_TAX:
            return None
        if not self.tax_map_ids:
            return self.env._(
                "no input tax is set. “Recover input tax” needs a line under Input Taxes for each sales tax on which "
                "points can be redeemed, or use Set Up Accounting."
            )
        for line in self.tax_map_ids:
            if problem := line._problem():
                return problem
        return None

    # --- changes -------------------------------------------------------------------------------------------------

    @api.model
    def _server_fields(self):
        return super()._server_fields() | {"accrued_until", "former_cost_account_ids", "former_values"}

    @api.model
    def _say_server_fields(self, names):
        if "accrued_until" in names:
            return self.env._("Only posting an accrual run moves the day until which points are accrued.")
        return self.env._("Former redemption accounts are noted when the Redemption Account changes. Change that one.")

    def write(self, vals):
        """Refuse to leave a policy while its value is on the books; date the first values back when one begins."""
        if "cost_account_id" in vals:
            self._note_former_cost_accounts(vals["cost_account_id"])
        starting = self.browse()
        if "accounting_policy" in vals:
            starting = self.filtered(lambda program: not program._keeps_liability())
            self.filtered(
                lambda program: program._keeps_liability() and vals["accounting_policy"] != program.accounting_policy
            )._check_no_value()
        result = super().write(vals)
        starting.filtered(lambda program: program._keeps_liability())._date_values_back()
        return result

    def _note_former_cost_accounts(self, account_id):
        """Remember the accounts on which redemptions were booked until now: the proof finds them right."""
        for program in self:
            former = program.cost_account_id
            if former and former.id != account_id and former not in program.former_cost_account_ids:
                # Users cannot write the note; write access to the account was checked.
                program.sudo().former_cost_account_ids = [Command.link(former.id)]

    def _date_values_back(self):
        """Let the first value hold for the points that customers have already.

        Otherwise the run for last month would value them by the default, and the next one by what was entered today.
        """
        groups = self.env["loyalty.ledger.entry"]._read_group(
            [("program_id", "in", self.ids)], ["program_id"], ["effective_date:min"]
        )
        begins = dict(groups)
        for program in self.filtered(lambda program: not program.accrued_until):
            first, begin = program.point_value_ids.sorted("date")[:1], begins.get(program)
            if first and begin and begin < first.date:
                first.date = begin

    def _check_no_value(self):
        values = self._carrying_values()
        for program in self:
            amount = values.get(program.id)
            if amount:
                raise ValidationError(
                    self.env._(
                        "%(program)s: the Accounting Policy cannot change, because outstanding points of this program "
                        "are a liability of %(amount)s. Close the program's cards or let its points expire first, or "
                        "start a new program with the other policy.",
                        program=program.name,
                        amount=program.currency_id.format(float(amount)),
                    )
                )

    @api.onchange("vat_mode", "accounting_policy")
    def _onchange_vat_mode(self):
        if self._origin.vat_mode and self.vat_mode != self._origin.vat_mode and self.has_values:
            return {
                "warning": {
                    "title": self.env._("Change of the VAT mode"),
                    "message": self.env._(
                        "Journal entries that were posted stay as they are. What an outstanding point is worth may "
                        "change, because VAT is recovered in some modes only: the next accrual run shows the "
                        "difference as a revaluation."
                    ),
                }
            }
        return None

    def _compute_has_values(self):
        values = self._carrying_values()
        for program in self:
            program.has_values = program._origin.id in values

    def _carrying_values(self):
        """Return ``{program id: value on the books}`` of programs that ever had value lines."""
        if not self._origin.ids:
            return {}
        groups = (
            self.env["loyalty.valuation"]
            .sudo()  # loyalty managers have no access to journal items; write access to the program was checked
            ._read_group([("program_id", "in", self._origin.ids)], ["program_id"], ["amount:sum"])
        )
        return {program.id: amount for program, amount in groups}

    # --- journal entries -----------------------------------------------------------------------------------------

    def _prepare_books_move(
        self, date, totals, partner=None, document=None, ref=None, counterparts=None, liability=None, analytic=None
    ):
        """Return the values of a journal entry between liability and redemption account, or None without amounts.

        :param totals: dict kind of value line -> amount; positive: the liability grows
        :param counterparts: dict kind -> account, where it is not the redemption account
        :param liability: account, where it is not the program's by now
        :param analytic: analytic distribution of the document, for what it redeemed
        """
        self.ensure_one()
        labels = self._books_labels()
        lines = []
        for kind, label in labels.items():
            amount = totals.get(kind)
            if not amount:
                continue
            if kind == "redeem" and amount > 0:
                label = self.env._("Value of loyalty points given back")
            account = (counterparts or {}).get(kind) or self.cost_account_id
            name = f"{label}: {document}" if document else f"{label}: {self.name}"
            pair = [(liability or self.liability_account_id, -amount), (account, amount)]
            for account_of_line, balance in pair if amount < 0 else reversed(pair):
                lines.append(
                    {
                        "account_id": account_of_line.id,
                        "balance": float(balance),
                        "currency_id": self.company_id.currency_id.id,
                        "amount_currency": float(balance),
                        "partner_id": partner and partner.id,
                        "name": name,
                        "analytic_distribution": kind == "redeem" and account_of_line == account and analytic,
                    }
                )
        if not lines:
            return None
        return {
            "move_type": "entry",
            "journal_id": self._books_journal().id,
            "company_id": self.company_id.id,
            "date": date,
            "ref": ref or lines[0]["name"],
            "partner_id": partner and partner.id,
            "currency_id": self.company_id.currency_id.id,
            "loyalty_program_id": self.id,
            "line_ids": [Command.create(line) for line in lines],
        }

    def _books_labels(self):
        """What the journal items say, by kind of value line."""
        _ = self.env._
        if self._keeps_stored_value():
            return {
                "opening": _("Opening balance of gift cards and eWallets"),
                "issue": _("Balance issued"),
                "redeem": _("Balance redeemed"),
                "expire": _("Expired balance"),
                "clawback": _("Balance taken back"),
                "adjust": _("Balance given away"),
            }
        return {
            "opening": _("Opening balance of loyalty points"),
            "issue": _("Loyalty points earned"),
            "redeem": _("Value of redeemed loyalty points"),
            "expire": _("Expired loyalty points"),
            "clawback": _("Loyalty points taken back"),
            "adjust": _("Loyalty points adjusted"),
            "revalue": _("Revaluation of loyalty points"),
            "correct": _("Correction of accrued loyalty points"),
        }
