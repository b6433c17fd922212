from odoo.fields import Command
from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestSetUpCharts(TransactionCase):
    """Set Up Accounting on real charts of accounts: generic, Belgian and South African."""

    def set_up(self, chart, country, vat_mode, policy="accrual"):
        """Set a program of a new company with this chart up, and check what holds for any of them."""
        company = self.env["res.company"].create({"name": f"Company {chart}", "country_id": self.env.ref(country).id})
        # The localisations are part of the test database.
        module = self.env["account.chart.template"]._get_chart_template_mapping()[chart]["module"]
        self.assertEqual(self.env["ir.module.module"]._get(module).state, "installed", module)
        self.env["account.chart.template"].try_loading(chart, company=company, install_demo=False)
        user = self.env.ref("base.user_admin")
        user.company_ids |= company
        self.uid = user
        env = self.env(user=user, context={"allowed_company_ids": company.ids})
        lengths = {len(account.code) for account in self.accounts(company)}
        program = env["loyalty.program"].create(
            {
                "name": "Points",
                "program_type": "loyalty",
                "company_id": company.id,
                "currency_id": company.currency_id.id,
                "rule_ids": [Command.clear()],
                "reward_ids": [Command.create({"required_points": 1, "discount": 10})],
            }
        )
        action = program.action_set_up_accounting()
        wizard = (
            env["loyalty.account.setup"]
            .with_context(**action["context"])
            .create({"accounting_policy": policy, "vat_mode": vat_mode})
        )
        wizard.action_set_up()
        self.assertFalse(program._accounting_problem())
        self.assertRecordValues(program, [{"accounting_policy": policy, "vat_mode": vat_mode}])
        self.assertEqual(len(wizard.created.splitlines()), 3)
        for account in program.liability_account_id | program.cost_account_id:
            self.assertIn(len(account.with_company(company).code), lengths)
            self.assertEqual(account.company_ids, company)
        for line in program.tax_map_ids:
            self.assertEqual(line.sale_tax_id.amount, line.purchase_tax_id.amount)
            self.assertEqual((line.sale_tax_id | line.purchase_tax_id).country_id, company.account_fiscal_country_id)
            factors = line.purchase_tax_id.invoice_repartition_line_ids.filtered(
                lambda part: part.repartition_type == "tax"
            ).mapped("factor_percent")
            if line.sale_tax_id.amount:
                self.assertEqual(factors, [100.0], line.purchase_tax_id.name)
        return program, wizard

    def accounts(self, company):
        Account = self.env["account.account"].with_company(company)
        return Account.search([*Account._check_company_domain(company), ("code", "!=", False)])

    def test_generic(self):
        """M5, S7: the generic chart: its sales tax of 15 % is mapped to its purchase tax of 15 %."""
        program, wizard = self.set_up("generic_coa", "base.us", "input_tax")
        company = program.company_id
        default = program.tax_map_ids.filtered(lambda line: line.sale_tax_id == company.account_sale_tax_id)
        self.assertEqual(default.purchase_tax_id, company.account_purchase_tax_id)
        self.assertEqual(program.vat_rate, company.account_sale_tax_id.amount)
        self.assertFalse(wizard.unmatched_tax_ids)

    def test_belgian(self):
        """M5, S7: the Belgian chart: 21, 12, 6 and 0 % are mapped to deductible input VAT, never to reverse charge."""
        program, wizard = self.set_up("be_comp", "base.be", "input_tax")
        self.assertEqual(program.vat_rate, 21.0)
        sales = self.env["account.tax"].search(
            [("company_id", "=", program.company_id.id), ("type_tax_use", "=", "sale"), ("amount", ">", 0)]
        )
        self.assertEqual(program.tax_map_ids.sale_tax_id & sales, sales)
        self.assertEqual({line.sale_tax_id.amount for line in program.tax_map_ids} - {0.0}, {21.0, 12.0, 6.0})
        default = program.tax_map_ids.filtered(lambda line: line.sale_tax_id == program.company_id.account_sale_tax_id)
        self.assertEqual(default.purchase_tax_id.amount, 21.0)
        for tax in wizard.unmatched_tax_ids:
            self.assertFalse(tax.amount, f"{tax.name} has a rate, and an input tax in this chart")

    def test_south_african(self):
        """M5, S7: the South African chart: the standard rate of 15 % is recovered as standard-rated input tax."""
        program, wizard = self.set_up("za", "base.za", "input_tax")
        self.assertEqual(program.vat_rate, 15.0)
        default = program.tax_map_ids.filtered(lambda line: line.sale_tax_id == program.company_id.account_sale_tax_id)
        self.assertEqual(default.purchase_tax_id, program.company_id.account_purchase_tax_id)
        self.assertNotIn(15.0, wizard.unmatched_tax_ids.mapped("amount"))

    def test_other_modes(self):
        """M5, S6: the other VAT modes need no input taxes, on any chart."""
        for chart, country in (("generic_coa", "base.us"), ("be_comp", "base.be"), ("za", "base.za")):
            with self.subTest(chart):
                program, __ = self.set_up(chart, country, "price_reduction")
                self.assertEqual(program.cost_account_id.internal_group, "income")
                self.assertFalse(program.tax_map_ids)
