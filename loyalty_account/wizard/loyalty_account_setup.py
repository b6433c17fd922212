"""Set Up Accounting: journal, accounts, input taxes and payment method of a program, from any chart of accounts."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tools import float_compare

from ..books import combinations

#: What the chart's own accounts are called when new ones are put beside them.
NEIGHBOUR = {"expense": "expense_account_id", "income": "income_account_id"}


class LoyaltyAccountSetup(models.TransientModel):
    """Asks what only the merchant can know and finds or creates the rest."""

    _name = "loyalty.account.setup"
    _inherit = ["loyalty.values.mixin"]
    _description = "Set Up Loyalty Accounting"

    program_id = fields.Many2one("loyalty.program", "Program", required=True, ondelete="cascade")
    has_company = fields.Boolean(compute="_compute_has_company")
    company_id = fields.Many2one(
        "res.company",
        "Company",
        required=True,
        compute="_compute_company_id",
        store=True,
        readonly=False,
        precompute=True,
        help="The company in whose books the program is kept.",
    )
    accounting_policy = fields.Selection(
        [
            ("redemption", "Expense when redeemed: no liability for outstanding points"),
            ("accrual", "Accrue the liability: outstanding points are a liability, updated every month"),
        ],
        "Accounting Policy",
    )
    vat_mode = fields.Selection(
        [
            ("tender", "Means of payment: points are redeemed like a voucher, without effect on VAT"),
            ("price_reduction", "Price reduction: points lower the price and the output VAT with it"),
            ("input_tax", "Recover input tax: the VAT in the redeemed amount is claimed as input tax"),
            ("earning_sale", "Original sale: points lower the output VAT of the sales that earned them"),
        ],
        "VAT of Redemptions",
    )
    point_value_notice = fields.Char(related="program_id.point_value_notice")
    is_done = fields.Boolean()
    journal_id = fields.Many2one("account.journal", "Loyalty Journal", readonly=True)
    liability_account_id = fields.Many2one("account.account", "Liability Account", readonly=True)
    cost_account_id = fields.Many2one("account.account", "Redemption Account", readonly=True)
    tax_map_ids = fields.One2many(related="program_id.tax_map_ids", string="Input Taxes", readonly=True)
    unmatched_tax_ids = fields.Many2many(
        "account.tax",
        string="Sales Taxes without Input Tax",
        readonly=True,
        help="No purchase tax of the same rate was found. Points cannot be redeemed on invoices with these taxes "
        "until you add one under Input Taxes.",
    )
    created = fields.Text("Created", readonly=True)
    waiting_points = fields.Float("Points Not on the Books", digits=(16, 4), readonly=True)

    @api.depends("program_id")
    def _compute_has_company(self):
        for wizard in self:
            wizard.has_company = bool(wizard.program_id.company_id)

    @api.depends("program_id")
    def _compute_company_id(self):
        for wizard in self:
            wizard.company_id = wizard.program_id.company_id or self.env.company

    def action_set_up(self):
        """Find or create what the program needs, in one go; a second time changes nothing that fits."""
        self.ensure_one()
        self._check_rights()
        program = self.program_id
        if not program.company_id:
            program.write({"company_id": self.company_id.id, "currency_id": self.company_id.currency_id.id})
        self = self.with_company(self.company_id)
        if not self.company_id.root_id.chart_template and not self.env["account.account"].search_count(
            self._of_company("account.account"), limit=1
        ):
            raise UserError(
                self.env._(
                    "%s has no chart of accounts yet. Install one under Accounting, Configuration, Settings first.",
                    self.company_id.name,
                )
            )
        if self.program_id.program_type in combinations.STORED_VALUE_TYPES:
            self._set_up_stored_value()
            return self._action_reopen()
        self._set_up_points()
        return self._action_reopen()

    def _set_up_points(self):
        program, created = self.program_id, []
        if not self.accounting_policy or not self.vat_mode:
            raise UserError(self.env._("Choose the Accounting Policy and the VAT of Redemptions."))
        if not combinations.is_supported(self.accounting_policy, self.vat_mode):
            labels = [
                dict(self._fields[name]._description_selection(self.env))[self[name]].split(":")[0]
                for name in ("accounting_policy", "vat_mode")
            ]
            raise UserError(
                self.env._(
                    "“%(policy)s” does not go together with “%(mode)s”. Choose “Means of payment” or “Price reduction” under "
                    "VAT of Redemptions, or another Accounting Policy.",
                    policy=labels[0],
                    mode=labels[1],
                )
            )
        values = {"accounting_policy": self.accounting_policy, "vat_mode": self.vat_mode}
        group = combinations.COST_GROUP[self.accounting_policy, self.vat_mode]
        values["cost_account_id"] = self._find_account("cost_account_id", group, created).id
        if self.accounting_policy in combinations.LIABILITY_POLICIES:
            values["liability_account_id"] = self._find_account("liability_account_id", "liability", created).id
        values["loyalty_journal_id"] = self._find_journal(created).id
        unmatched = self.env["account.tax"]
        if self.vat_mode == combinations.INPUT_TAX:
            commands, unmatched = self._map_taxes()
            values["tax_map_ids"] = commands
        if combinations.has_relief(self.vat_mode) and not program.vat_rate:
            values["vat_rate"] = self._expected_vat()
        if "issue_on" in program._fields:
            values["issue_on"] = "paid"
        program.write(values)
        waits = program._keeps_liability() and not program.accrued_until
        self.write(
            {
                "is_done": True,
                "waiting_points": program.outstanding_points if waits else 0.0,
                "journal_id": values["loyalty_journal_id"],
                "liability_account_id": values.get("liability_account_id"),
                "cost_account_id": values["cost_account_id"],
                "unmatched_tax_ids": [Command.set(unmatched.ids)],
                "created": "\n".join(created),
            }
        )

    def _action_reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Accounting of %s", self.program_id.name),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def _check_rights(self):
        for group, name in (
            ("loyalty_ledger.group_loyalty_manager", self.env._("Loyalty / Manager")),
            ("account.group_account_manager", self.env._("Accounting / Administrator")),
        ):
            if not self.env.user.has_group(group):
                raise AccessError(
                    self.env._(
                        "Setting up the accounting of a program creates accounts and a journal. It needs the right %s.",
                        name,
                    )
                )

    def _of_company(self, model):
        return self.env[model]._check_company_domain(self.company_id)

    # --- accounts ------------------------------------------------------------------------------------------------

    def _find_account(self, field, group, created):
        """Return the account of the program, of another program of the company, of our name, or a new one."""
        names = {
            "cost_account_id": self.env._("Loyalty Points Redeemed")
            if group == "expense"
            else self.env._("Loyalty Points Deducted from Sales"),
            "liability_account_id": self.env._("Loyalty Points Accrued"),
        }
        types = combinations.LIABILITY_TYPES if group == "liability" else self._types_of(group)
        programs = self.program_id | self.env["loyalty.program"].search(
            [("company_id", "=", self.company_id.id), (field, "!=", False)], order="id"
        )
        for account in programs.mapped(field):
            if account.account_type in types:
                return account
        return self._find_named_account(names[field], group, created)

    def _find_named_account(self, name, group, created):
        """Return the account of the company with our name and kind, or a new one beside the chart's own."""
        types = combinations.LIABILITY_TYPES if group == "liability" else self._types_of(group)
        Account = self.env["account.account"]
        domain = [*self._of_company("account.account"), ("account_type", "in", types)]
        account = Account.search([*domain, ("name", "=", name)], limit=1)
        if not account:
            account = Account.create(
                {
                    "name": name,
                    "code": self._free_code(types, group),
                    "account_type": types[0],
                    "reconcile": False,
                    "company_ids": [Command.link(self.company_id.id)],
                }
            )
            created.append(self.env._("Account %s", account.display_name))
        return account

    @staticmethod
    def _types_of(group):
        return {
            "expense": ("expense", "expense_other", "expense_depreciation", "expense_direct_cost"),
            "income": ("income", "income_other"),
        }[group]

    def _free_code(self, types, group):
        """Return an unused code as long as the chart's own, next to accounts of the same kind."""
        company = self.company_id
        neighbour = company[NEIGHBOUR[group]] if group in NEIGHBOUR else self.env["account.account"]
        if not neighbour.code:
            accounts = self.env["account.account"].search(
                [*self._of_company("account.account"), ("account_type", "=", types[0])]
            )
            # Accounts of taxes have a block of their own in most charts: better not beside them.
            tax_lines = self.env["account.tax.repartition.line"].search(
                [*self._of_company("account.tax.repartition.line"), ("account_id", "in", accounts.ids)]
            )
            accounts = (accounts - tax_lines.account_id) or accounts
            neighbour = max(accounts, key=lambda account: account.code or "", default=neighbour)
        start = neighbour.code or {"liability": "210000", "expense": "600000", "income": "400000"}[group]
        return self.env["account.account"]._search_new_account_code(start)

    # --- journal -------------------------------------------------------------------------------------------------

    def _find_journal(self, created):
        """Return the cash journal of the company's programs, with Loyalty Points as way in and out; or a new one."""
        Journal = self.env["account.journal"]
        methods = {
            "inbound": self.env.ref("loyalty_account.account_payment_method_loyalty_in"),
            "outbound": self.env.ref("loyalty_account.account_payment_method_loyalty_out"),
        }
        programs = self.program_id | self.env["loyalty.program"].search(
            [("company_id", "=", self.company_id.id), ("loyalty_journal_id", "!=", False)], order="id"
        )
        journal = programs.loyalty_journal_id.filtered(lambda journal: journal.type == "cash")[:1]
        if not journal:
            # A journal that only receives points; one with cash in it stays the cash journal.
            lines = self.env["account.payment.method.line"].search(
                [
                    *self._of_company("account.payment.method.line"),
                    ("payment_method_id", "=", methods["inbound"].id),
                    ("journal_id.type", "=", "cash"),
                ],
                order="id",
            )
            journal = lines.journal_id.filtered(
                lambda journal: journal.inbound_payment_method_line_ids.payment_method_id == methods["inbound"]
            )[:1]
        if journal:
            for direction, method in methods.items():
                lines = journal[f"{direction}_payment_method_line_ids"]
                if method not in lines.payment_method_id:
                    journal[f"{direction}_payment_method_line_ids"] = [
                        Command.create({"name": method.name, "payment_method_id": method.id})
                    ]
            return journal
        journal = Journal.create(
            {
                "name": self.env._("Loyalty Points"),
                "code": self._free_journal_code(),
                "type": "cash",
                "company_id": self.company_id.id,
                "show_on_dashboard": False,
                "earns_loyalty": False,
                **{
                    f"{direction}_payment_method_line_ids": [
                        Command.clear(),
                        Command.create({"name": method.name, "payment_method_id": method.id}),
                    ]
                    for direction, method in methods.items()
                },
            }
        )
        created.append(self.env._("Journal %(name)s (%(code)s)", name=journal.name, code=journal.code))
        return journal

    def _free_journal_code(self):
        taken = set(
            self.env["account.journal"]
            .with_context(active_test=False)
            .search(self._of_company("account.journal"))
            .mapped("code")
        )
        return next(code for code in ("LOY", *(f"LOY{number}" for number in range(2, 100))) if code not in taken)

    # --- taxes ---------------------------------------------------------------------------------------------------

    def _expected_vat(self):
        """Return the rate of the company's default sales tax: what points are most likely spent on."""
        tax = self.company_id.account_sale_tax_id or self.company_id.root_id.account_sale_tax_id
        return tax.amount if tax.amount_type == "percent" and tax.amount > 0 else 0.0

    def _map_taxes(self):
        """Pair each sales tax of the fiscal country with a purchase tax of its rate.

        :return: commands for the lines that the program does not have yet, and the sales taxes without a match
        """
        domain = [
            *self._of_company("account.tax"),
            ("country_id", "=", self.program_id._fiscal_country().id),
            ("amount_type", "=", "percent"),
            ("tax_exigibility", "!=", "on_payment"),
        ]
        Tax = self.env["account.tax"]
        sales = Tax.search([*domain, ("type_tax_use", "=", "sale")])
        purchases = Tax.search([*domain, ("type_tax_use", "=", "purchase")]).filtered(self._is_recovered)
        sound = self.program_id.tax_map_ids.filtered(lambda line: not line._problem())
        commands = [Command.delete(line.id) for line in self.program_id.tax_map_ids - sound]
        unmatched = Tax
        for sale in sales - sound.sale_tax_id:
            candidates = purchases.filtered(
                lambda tax: not float_compare(tax.amount, sale.amount, precision_digits=4)  # noqa: B023 used at once
            )
            if not candidates:
                unmatched |= sale
                continue
            # Points are a cost of selling, not goods: the same kind of tax first, then the chart's own order.
            best = candidates.sorted(
                lambda tax: (tax.tax_scope != sale.tax_scope, bool(tax.tax_scope), tax.sequence, tax.id)  # noqa: B023
            )
            commands.append(Command.create({"sale_tax_id": sale.id, "purchase_tax_id": best[0].id}))
        return commands, unmatched

    @staticmethod
    def _is_recovered(tax):
        """Whether the whole tax is deducted: no reverse charge, no part that is not deductible."""
        lines = tax.invoice_repartition_line_ids.filtered(lambda line: line.repartition_type == "tax")
        if any(line.factor_percent < 0 for line in lines):
            return False
        if not tax.amount:
            return True
        total = sum(lines.filtered("account_id").mapped("factor_percent"))
        return float_compare(total, 100, precision_digits=4) == 0
