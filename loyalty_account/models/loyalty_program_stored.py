"""Gift cards and wallets in the books: one point is one unit of money, booked by the documents that sell and spend it."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

from odoo.addons.loyalty_ledger.ledger.rounding import round_to, to_decimal

from ..books import combinations


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    breakage_account_id = fields.Many2one(
        "account.account",
        "Breakage Account",
        check_company=True,
        help="Income from balances of gift cards and eWallets that expired.",
    )
    stored_since = fields.Date(
        "On the Books Since",
        readonly=True,
        copy=False,
        help="Day on which the balances of gift cards and eWallets were taken into the books.",
    )
    stored_last_entry_id = fields.Integer("Last Transaction Adopted", readonly=True, copy=False)
    stored_last_item_id = fields.Integer("Last Journal Item Adopted", readonly=True, copy=False)
    stored_problems = fields.Text("Problems of the Products", compute="_compute_stored_problems", compute_sudo=True)

    @api.model
    def _server_fields(self):
        return super()._server_fields() | {"stored_since", "stored_last_entry_id", "stored_last_item_id"}

    @api.depends("accounting_policy", "liability_account_id", "rule_ids.product_ids", "reward_ids")
    def _compute_stored_problems(self):
        for program in self:
            problems = program._stored_product_problems() if program._keeps_stored_value() else []
            program.stored_problems = "\n".join(problems)

    def _point_value_at(self, date):
        if self._keeps_stored_value():
            return 1.0, 0.0
        return super()._point_value_at(date)

    def _say_point_value(self, date):
        return "" if self._keeps_stored_value() else super()._say_point_value(date)

    def copy_data(self, default=None):
        """A copy has its own balances and so its own liability account: it is set up by itself."""
        vals_list = super().copy_data(default)
        for program, vals in zip(self, vals_list):
            if program._keeps_stored_value():
                own = {"accounting_policy": "none", "liability_account_id": False}
                vals.update({name: value for name, value in own.items() if name not in (default or {})})
        return vals_list

    # --- validation ----------------------------------------------------------------------------------------------

    def _stored_value_problem(self):
        """Return why the program cannot keep stored value, in words, or None."""
        _ = self.env._
        if self.program_type not in combinations.STORED_VALUE_TYPES:
            return _("Accounting Policy “Stored value” is for gift cards and eWallets only.")
        if not self.stored_since:
            return _("use Set Up Accounting: it checks the products and takes the balances into the books.")
        return self._stored_terms_problem()

    def _stored_terms_problem(self):
        """Return why a point is not one unit of money, in words, or None."""
        _ = self.env._
        for rule in self.rule_ids:
            if rule.reward_point_mode != "money" or rule.reward_point_amount != 1:
                return _(
                    "a rule gives %(points)s points per %(mode)s. With Accounting Policy “Stored value” one unit of money "
                    "must give one point. Give a bonus away with Generate or Adjust Points instead, which books its cost.",
                    points=rule.reward_point_amount,
                    mode=dict(rule._fields["reward_point_mode"]._description_selection(self.env))[
                        rule.reward_point_mode
                    ],
                )
        for reward in self.reward_ids:
            if reward.reward_type != "discount" or reward.discount_mode != "per_point" or reward.discount != 1:
                return _(
                    "reward %s is not worth one unit of money per point, as Accounting Policy “Stored value” needs.",
                    reward.description or reward.display_name,
                )
        return None

    def _stored_accounts_problem(self):
        """Return what is wrong with the three accounts, in words, or None."""
        _ = self.env._
        wanted = (
            (self.liability_account_id, combinations.LIABILITY_TYPES, _("Liability Account"), _("Current Liabilities")),
            (self.cost_account_id, ("expense",), _("Redemption Account"), _("Expense")),
            (self.breakage_account_id, ("income", "income_other"), _("Breakage Account"), _("Income")),
        )
        for account, types, label, kind in wanted:
            if not account:
                return _("set the %(label)s, an account of type %(type)s.", label=label, type=kind)
            if account.account_type not in types and account.internal_group not in types:
                return _(
                    "%(label)s %(account)s must be an account of type %(type)s.",
                    label=label,
                    account=account.display_name,
                    type=kind,
                )
        liability = self.liability_account_id
        other = (
            self.sudo()  # programs that the user may not see use accounts too
            .with_context(active_test=False)
            .search([("liability_account_id", "=", liability.id), ("id", "!=", self.id)], limit=1)
        )
        if other:
            return _(
                "Liability Account %(account)s is that of program %(other)s. Journal items of gift cards and eWallets do "
                "not name their program, so each program needs a liability account of its own.",
                account=liability.display_name,
                other=other.name,
            )
        if liability.tax_ids:
            return _("remove the default taxes from Liability Account %s.", liability.display_name)
        return None

    # --- products ------------------------------------------------------------------------------------------------

    def _stored_value_products(self):
        """Return the products that sell and spend balances of the program, archived ones too. Override to add."""
        program = self.with_context(active_test=False)
        return program.rule_ids.product_ids | program.reward_ids.discount_line_product_id

    def _stored_faults(self):
        """Return ``(product, company, what is wrong in words)`` of products that do not book on the liability account.

        Branches have income accounts of their own; they do not take those of their company over.
        """
        _ = self.env._
        account, found = self.liability_account_id, []
        for company in self._companies_of_books().filtered("active"):
            for product in self._stored_value_products().with_company(company):
                names = {
                    "product": product.display_name
                    if company == self.company_id
                    else _("%(product)s in %(company)s", product=product.display_name, company=company.name),
                    "expected": account.display_name,
                }
                income = product._get_product_accounts()["income"]
                if income != account:
                    text = _(
                        "Product %(product)s: its income account is %(found)s, not %(expected)s.",
                        found=income.display_name or _("not set"),
                        **names,
                    )
                    found.append((product, company, text))
                if taxes := self._stored_taxes(product, company):
                    text = _(
                        "Product %(product)s has sales taxes (%(taxes)s). A gift card that buys goods of any rate is "
                        "a multi-purpose voucher: VAT is due when it is spent.",
                        taxes=", ".join(taxes.mapped("name")),
                        **names,
                    )
                    found.append((product, company, text))
        self._forget_taxes()
        return found

    def _forget_taxes(self):
        """Taxes of companies that the user may not see were read in sudo: they must not stay in the cache."""
        products = self.sudo()._stored_value_products()
        products.product_tmpl_id.invalidate_recordset(["taxes_id"], flush=False)
        products.invalidate_recordset(["taxes_id"], flush=False)

    def _stored_taxes(self, product, company):
        """Return the sales taxes of a product that only this company or branch adds to those of the company above it."""
        taxes = product.taxes_id.filtered_domain(self.env["account.tax"]._check_company_domain(company))
        return taxes if company == self.company_id else taxes.filtered(lambda tax: tax.company_id == company)

    def _stored_product_problems(self):
        """Return what keeps documents from booking on the liability account, in words."""
        self.ensure_one()
        problems = [text for __, __, text in self._stored_faults()]
        positions = self.env["account.fiscal.position"].search(
            [
                *self.env["account.fiscal.position"]._check_company_domain(self.company_id),
                ("account_ids.account_src_id", "=", self.liability_account_id.id),
            ]
        )
        problems += [
            self.env._(
                "Fiscal position %(position)s replaces %(account)s by another account. Remove that line.",
                position=position.name,
                account=self.liability_account_id.display_name,
            )
            for position in positions
        ]
        shared = self.sudo().search(
            [
                ("company_id", "in", (self.company_id.id, False)),
                ("program_type", "in", combinations.STORED_VALUE_TYPES),
                ("rule_ids.product_ids", "in", self.rule_ids.product_ids.ids),
                ("id", "!=", self.id),
            ]
        )
        problems += [
            self.env._(
                "Program %(other)s sells the same product (%(products)s). Give one of them a product of its own.",
                other=other.name,
                products=", ".join((other.rule_ids.product_ids & self.rule_ids.product_ids).mapped("display_name")),
            )
            for other in shared
        ]
        return problems

    def action_correct_stored_products(self):
        """Point the products of the program at the liability account and take sales taxes of its company off them."""
        self.check_access("write")
        if not self.env.su and not self.env.user.has_group("account.group_account_manager"):
            raise AccessError(self.env._("Only administrators of Accounting can change the accounts of products."))
        # Branches that the user may not see book the same money; the right to change accounts was checked.
        for program in self.sudo().filtered(lambda program: program._keeps_stored_value()):
            for product, company in {(product, company) for product, company, __ in program._stored_faults()}:
                template = product.product_tmpl_id.with_company(company)
                template.property_account_income_id = program.liability_account_id
                template.taxes_id -= program._stored_taxes(product, company)
        self.invalidate_recordset(["stored_problems"])
        self._forget_taxes()
        return True

    # --- issue ---------------------------------------------------------------------------------------------------

    def _issue_stored_cards(self, vals_list):
        """Issue cards with a balance that is given away, and book it: Dr redemption account, Cr liability account.

        One journal entry for each document; the caller checked that the user may do it.

        :param vals_list: dicts with ``partner_id``, ``amount`` (company currency, positive), ``key`` (unique name of
            the event), ``document`` (model, id), ``reason`` and optionally ``expiration_date``
        :return: the cards, in the order given
        :raises odoo.exceptions.ValidationError: when the program keeps no stored value, or an amount is not positive
        """
        self.ensure_one()
        if self.program_type not in combinations.STORED_VALUE_TYPES:
            raise ValidationError(self.env._("%s is no program of gift cards or eWallets.", self.name))
        unit = to_decimal(self.currency_id.rounding)
        amounts = [round_to(to_decimal(vals["amount"]), unit) for vals in vals_list]
        if any(amount <= 0 for amount in amounts):
            raise ValidationError(self.env._("A gift card needs an amount above zero."))
        cards = (
            self.env["loyalty.card"]
            .sudo()  # accountants have no right to create cards; the caller checked the right to pay out
            .create(
                [
                    {
                        "program_id": self.id,
                        "partner_id": vals.get("partner_id"),
                        "expiration_date": vals.get("expiration_date"),
                    }
                    for vals in vals_list
                ]
            )
        )
        cards._post_entries(
            {
                "card_id": card.id,
                "kind": "adjust",
                "points": float(amount),
                "key": vals["key"],
                "document": vals.get("document"),
                "reason": vals["reason"],
            }
            for card, amount, vals in zip(cards, amounts, vals_list)
        )
        return cards.with_env(self.env)
