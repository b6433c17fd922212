from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from .common import LoyaltyAccountCase, LoyaltyAccountCommon


@tagged("post_install", "-at_install")
class TestSetUp(LoyaltyAccountCase):
    """Set Up Accounting, on the chart of accounts of the company."""

    def set_up(self, policy="accrual", vat_mode="tender", program=None, user=None):
        program = program or self.program
        action = program.with_user(user or self.env.user).action_set_up_accounting()
        wizard = self.env["loyalty.account.setup"].with_user(user or self.env.user).with_context(**action["context"])
        with Form(wizard) as form:
            form.accounting_policy = policy
            form.vat_mode = vat_mode
        form.record.action_set_up()
        return form.record

    def test_one_click(self):
        """M2, M5, S6: two answers make journal, payment method, liability and expense account, beside the chart's own."""
        codes = set(self.env["account.account"].search([]).mapped("code"))
        wizard = self.set_up("accrual", "tender")
        program, journal = self.program, self.program.loyalty_journal_id
        self.assertRecordValues(program, [{"accounting_policy": "accrual", "vat_mode": "tender", "vat_rate": 0.0}])
        self.assertRecordValues(
            journal, [{"name": "Loyalty Points", "type": "cash", "code": "LOY", "company_id": self.company.id}]
        )
        for direction in ("inbound", "outbound"):
            methods = journal[f"{direction}_payment_method_line_ids"].payment_method_id
            self.assertEqual(methods.mapped("code"), ["loyalty"])
        self.assertRecordValues(
            program.liability_account_id | program.cost_account_id,
            [
                {"name": "Loyalty Points Accrued", "account_type": "liability_current"},
                {"name": "Loyalty Points Redeemed", "account_type": "expense"},
            ],
        )
        for account in program.liability_account_id | program.cost_account_id:
            self.assertNotIn(account.code, codes)
            self.assertIn(len(account.code), {len(code) for code in codes})
        self.assertEqual(len(wizard.created.splitlines()), 3)
        if "issue_on" in program._fields:
            self.assertEqual(program.issue_on, "paid")

    def test_contra_revenue(self):
        """S6: a price reduction lowers the revenue, so the account is made among the income accounts."""
        self.set_up("redemption", "price_reduction")
        self.assertEqual(self.program.cost_account_id.account_type, "income")
        self.assertFalse(self.program.liability_account_id)
        self.assertEqual(self.program.vat_rate, self.company.account_sale_tax_id.amount)

    def test_again_finds_everything(self):
        """M2, M6: another program of the company takes the same accounts and journal; a second click creates nothing."""
        self.set_up("accrual", "input_tax")
        other = self.make_program(name="Second")
        wizard = self.set_up("accrual", "input_tax", other)
        self.assertFalse(wizard.created)
        for field in ("loyalty_journal_id", "liability_account_id", "cost_account_id"):
            self.assertEqual(other[field], self.program[field])
        mapped = self.program.tax_map_ids
        self.set_up("accrual", "input_tax")
        self.assertEqual(self.program.tax_map_ids, mapped)

    def test_input_taxes(self):
        """S7: each sales tax gets the purchase tax of its rate; those without one are listed."""
        odd = self.env["account.tax"].create({"name": "7.5 %", "type_tax_use": "sale", "amount": 7.5})
        transition = self.company_data["default_account_receivable"].copy()
        caba = self.company_data["default_tax_sale"].copy(
            {"name": "Cash", "tax_exigibility": "on_payment", "cash_basis_transition_account_id": transition.id}
        )
        wizard = self.set_up("redemption", "input_tax")
        lines = {line.sale_tax_id: line.purchase_tax_id for line in self.program.tax_map_ids}
        self.assertEqual(lines[self.company_data["default_tax_sale"]], self.company_data["default_tax_purchase"])
        self.assertIn(odd, wizard.unmatched_tax_ids)
        self.assertNotIn(caba, lines)
        self.assertEqual(self.program.vat_rate, self.company_data["default_tax_sale"].amount)

    def test_point_value_from_today(self):
        """C10, bP4: a point is worth 0.01 by default; a change of one value holds from today and keeps the other."""
        self.assertEqual(self.program.point_value, 0.01)
        self.program.vat_rate = 15
        self.program.point_value = 0.1
        self.assertRecordValues(
            self.program.point_value_ids,
            [{"date": fields.Date.to_date("2026-03-15"), "point_value": 0.1, "vat_rate": 15.0}],
        )
        self.assertEqual(self.program._point_value_at(fields.Date.to_date("2026-03-14")), (0.01, 0.0))

    def test_value_of_the_companys_day(self):
        """N29, C10: a value entered at night by a user whose day has begun earlier holds from the company's today on."""
        self.company.partner_id.tz = "UTC"
        program = self.program.with_context(tz="Europe/Brussels")
        with freeze_time("2026-03-15 23:30:00"):
            program.point_value = 0.1
            self.assertEqual(program.point_value_ids.mapped("date"), [fields.Date.to_date("2026-03-15")])
            self.assertEqual(program.point_value, 0.1)

    def test_program_without_company(self):
        """M2: books are kept by company, so a program for all companies asks for one."""
        program = self.make_program(name="Everywhere", company_id=False)
        self.set_up("accrual", "tender", program)
        self.assertEqual(program.company_id, self.company)

    def test_branch(self):
        """M2: a branch is set up with accounts and journal that its parent's chart allows."""
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.env.user.company_ids |= branch
        program = self.make_program(name="Branch", company_id=branch.id)
        self.set_up("accrual", "input_tax", program)
        self.assertFalse(program._accounting_problem())
        self.assertTrue(program.tax_map_ids)
        self.assertTrue(program.liability_account_id.with_company(branch).code)
        other = self.make_program(name="Parent")
        self.set_up("accrual", "tender", other)
        self.assertFalse(other._accounting_problem())

    def test_no_chart(self):
        """S3: a company without a chart of accounts is told to install one."""
        company = self.env["res.company"].create({"name": "Bare"})
        self.env.user.company_ids |= company
        program = self.make_program(name="Bare", company_id=company.id, currency_id=company.currency_id.id)
        with self.assertRaisesRegex(UserError, "no chart of accounts"):
            self.set_up("accrual", "tender", program)

    def test_rights(self):
        """M2: setting up needs a loyalty manager who may change the chart of accounts."""
        manager = new_test_user(
            self.env,
            "only_loyalty",
            groups="loyalty_ledger.group_loyalty_manager",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        with self.assertRaisesRegex(AccessError, "Accounting / Administrator"):
            self.set_up(user=manager)

    def test_installation_leaves_cash_journals_alone(self):
        """M3: points are a way to pay in the loyalty journal only."""
        method = self.env.ref("loyalty_account.account_payment_method_loyalty_in")
        self.env["account.payment.method"]._auto_link_payment_methods(
            method, self.env["account.payment.method"]._get_payment_method_information()
        )
        lines = self.env["account.payment.method.line"].search([("payment_method_id", "=", method.id)])
        self.assertNotIn(self.company_data["default_journal_cash"], lines.journal_id)


@tagged("post_install", "-at_install")
class TestValidation(LoyaltyAccountCommon):
    """What is refused, and that the message names the field and what to do."""

    def refused(self, pattern, program=None, **values):
        with self.assertRaisesRegex(ValidationError, pattern), self.env.cr.savepoint():
            (program or self.program).write(values)

    def test_missing_accounts(self):
        """M5, S3: activation is refused while an account is missing, with a message that names it."""
        program = self.make_program(name="New")
        self.refused("VAT of Redemptions", program, accounting_policy="redemption")
        self.refused("Redemption Account", program, accounting_policy="redemption", vat_mode="tender")
        cost = {"cost_account_id": self.cost_account.id}
        self.refused("Liability Account", program, accounting_policy="accrual", vat_mode="tender", **cost)
        program.write({"accounting_policy": "redemption", "vat_mode": "tender", **cost})

    def test_wrong_account_types(self):
        """M5, S6: the redeemed account is an expense (income for price reductions), the accrued one a liability."""
        self.refused("Redemption Account.*type Expense", cost_account_id=self.revenue.id)
        self.refused("Redemption Account.*type Income", vat_mode="price_reduction")
        self.refused(
            "Liability Account.*of type Expense",
            accounting_policy="accrual",
            liability_account_id=self.cost_account.id,
        )
        self.refused(
            "Liability Account.*of type Payable",
            accounting_policy="accrual",
            liability_account_id=self.company_data["default_account_payable"].id,
        )
        self.program.write({"vat_mode": "price_reduction", "cost_account_id": self.revenue.id})

    def test_company_and_currency(self):
        """M2, S3: no books without a company, nor in another currency than the company's."""
        cost = {"cost_account_id": self.cost_account.id}
        everywhere = self.make_program(name="All", company_id=False)
        self.refused("set the Company", everywhere, accounting_policy="redemption", vat_mode="tender", **cost)
        euros = self.make_program(name="Euro", currency_id=self.env.ref("base.EUR").id)
        self.refused("Currency is EUR", euros, accounting_policy="redemption", vat_mode="tender", **cost)

    def test_deferral_without_the_add_on(self):
        """M5: deferral needs its add-on, and with it an account of its own: both are said, with what to do instead."""
        self.patch(type(self.program), "_may_defer", lambda program: False)
        self.refused("needs the add-on.*Accrue the liability", accounting_policy="deferral")

    def test_journal(self):
        """M3: the journal is optional, but when there is one it is like cash."""
        self.refused("Loyalty Journal.*type Cash", loyalty_journal_id=self.bank_journal.id)
        self.program.loyalty_journal_id = False
        self.assertEqual(self.program._books_journal().type, "general")

    def test_input_taxes(self):
        """S7: strictly purchase taxes of the same rate and country, due on invoice; none at all is refused too."""
        line = self.program.tax_map_ids.filtered(lambda line: line.sale_tax_id == self.sale_taxes[15])
        copy = self.purchase_taxes[15].copy
        belgium = self.env.ref("base.be")
        group = self.purchase_taxes[15].tax_group_id.copy({"country_id": belgium.id})
        foreign = copy({"name": "Foreign", "country_id": belgium.id, "tax_group_id": group.id})
        transition = self.receivable.copy()
        caba = copy(
            {"name": "Caba", "tax_exigibility": "on_payment", "cash_basis_transition_account_id": transition.id}
        )
        fixed = copy({"name": "Fixed", "amount_type": "fixed"})
        for tax, message in (
            (self.sale_taxes[15], "Input Taxes.*is no purchase tax"),
            (self.purchase_taxes[5], "rate of 5%, but sales tax.*15%"),
            (foreign, "Foreign is a tax of Belgium"),
            (caba, "Caba is due on payment"),
            (fixed, "not computed as a percentage"),
        ):
            with self.assertRaisesRegex(ValidationError, message), self.env.cr.savepoint():
                line.purchase_tax_id = tax
            self.refused(message, tax_map_ids=[Command.update(line.id, {"purchase_tax_id": tax.id})])
        self.refused("no input tax is set", tax_map_ids=[Command.clear()])
