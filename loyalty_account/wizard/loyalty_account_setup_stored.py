"""Set Up Accounting of gift cards and eWallets: accounts, products, and the balances that exist already."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.loyalty_ledger.tools.today import loyalty_today

from ..books import combinations


class LoyaltyAccountSetup(models.TransientModel):
    _inherit = "loyalty.account.setup"

    program_type = fields.Selection(related="program_id.program_type")
    currency_id = fields.Many2one(related="company_id.currency_id")
    chosen_liability_id = fields.Many2one(
        "account.account",
        "Existing Liability Account",
        domain=[("account_type", "in", combinations.LIABILITY_TYPES)],
        help="If this program's gift cards are booked on a liability account already, choose it. Otherwise one is created.",
    )
    adoption_date = fields.Date(
        "Balances as of",
        compute="_compute_adoption_date",
        store=True,
        readonly=False,
        precompute=True,
        help="Day as of which existing balances are taken into the books.",
    )
    opening_account_id = fields.Many2one(
        "account.account",
        "Counter-account",
        help="Other side of the opening entry, for example the account on which gift cards were booked until now.",
    )
    stored_balance = fields.Monetary("Balances of Cards", compute="_compute_stored_figures")
    stored_booked = fields.Monetary("On the Liability Account", compute="_compute_stored_figures")
    stored_opening = fields.Monetary("Opening Entry", compute="_compute_stored_figures")
    is_adopted = fields.Boolean(compute="_compute_stored_figures")
    breakage_account_id = fields.Many2one("account.account", "Breakage Account", readonly=True)
    opening_move_id = fields.Many2one("account.move", "Opening Journal Entry", readonly=True)
    stored_problems = fields.Text(related="program_id.stored_problems")

    @api.depends("program_id")
    def _compute_adoption_date(self):
        for wizard in self:
            wizard.adoption_date = loyalty_today(self.env, wizard.program_id.company_id or self.env.company)

    @api.depends("program_id", "adoption_date", "chosen_liability_id")
    def _compute_stored_figures(self):
        for wizard in self:
            program, figures = wizard.program_id.sudo(), (0, 0, 0)  # figures only; the screen is for accountants
            if program.program_type in combinations.STORED_VALUE_TYPES and wizard.adoption_date:
                figures = program._adoption_figures(
                    wizard.adoption_date, wizard.chosen_liability_id or program.liability_account_id
                )
            wizard.stored_balance, wizard.stored_booked, wizard.stored_opening = map(float, figures)
            wizard.is_adopted = bool(program.stored_since)

    def _set_up_stored_value(self):
        """Find or create the accounts, and take the balances into the books; a second time only checks again."""
        program, created = self.program_id, []
        values = {
            "cost_account_id": self._stored_account("cost_account_id", created).id,
            "breakage_account_id": self._stored_account("breakage_account_id", created).id,
            "liability_account_id": (
                self.chosen_liability_id or self._stored_account("liability_account_id", created)
            ).id,
        }
        if problem := program._stored_terms_problem():
            raise ValidationError(program._with_name(problem))
        if program.stored_since:
            program.write({**values, "accounting_policy": combinations.STORED_VALUE})
        else:
            self.opening_move_id = program._adopt_balances(self.adoption_date, values, self.opening_account_id)
        self.write({**values, "is_done": True, "created": "\n".join(created)})

    def _stored_account(self, field, created):
        """Return the program's own account, or one of our name that no other program has, or a new one."""
        program = self.program_id
        if program[field]:
            return program[field]
        name, group = {
            "liability_account_id": (self.env._("Balances of %s", program.name), "liability"),
            "cost_account_id": (self.env._("Gift Cards Given Away"), "expense"),
            "breakage_account_id": (self.env._("Expired Gift Cards"), "income"),
        }[field]
        return self._find_named_account(name, group, created)

    def action_correct(self):
        """Correct the products that the check named."""
        self.ensure_one()
        self._check_rights()
        self.program_id.action_correct_stored_products()
        self.invalidate_recordset(["stored_problems"])
        return self._action_reopen()
