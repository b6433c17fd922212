"""The close as the scheduler runs it, where a program credits sales of a period: batch by batch."""

from dateutil.relativedelta import relativedelta
from test_jobs import JobsCase, Killed

from odoo import Command
from odoo.tests import tagged

from odoo.addons.loyalty_ledger.tools.today import loyalty_today
from odoo.addons.loyalty_rebate.models import loyalty_program_account_credit, loyalty_program_roll_over


@tagged("post_install", "-at_install")
class TestRollOverJob(JobsCase):
    """A close that is killed between two batches of the roll-over posts each customer once."""

    CUSTOMERS = 5

    def setUp(self):
        super().setUp()
        with self.registry.cursor() as cr:
            env = self.env_of(cr)
            company = env["res.company"].create({"name": f"Rolled {self.program_id}"})
            env["account.chart.template"].try_loading("generic_coa", company=company, install_demo=False)
            accounts = env["account.account"].with_company(company)
            program = env["loyalty.program"].browse(self.program_id)
            program.write(
                {
                    "company_id": company.id,
                    "currency_id": company.currency_id.id,
                    "liability_account_id": accounts.search([("account_type", "=", "liability_current")], limit=1).id,
                    "cost_account_id": accounts.search([("account_type", "=", "expense")], limit=1).id,
                    "vat_mode": "tender",
                    "accounting_policy": "accrual",
                    "point_value_ids": [Command.create({"date": "2020-01-01", "point_value": 1.0})],
                    "award_mode": "period",
                    "settlement": "account",
                    "rule_ids": [
                        Command.clear(),
                        Command.create({"reward_point_mode": "money", "reward_point_amount": 1, "minimum_qty": 0}),
                    ],
                    "tier_ids": [Command.create({"threshold": 1000, "percentage": 10})],
                }
            )
            company.write({"loyalty_close_schedule": "monthly", "loyalty_close_delay": 0})
            self.company_id = company.id
            self.last_day = loyalty_today(env, company) + relativedelta(day=1, days=-1)
            partners = env["res.partner"].create([{"name": f"Customer {number}"} for number in range(self.CUSTOMERS)])
            self.partner_ids = partners.ids
            product = env["product.product"].create({"name": "Coffee", "taxes_id": [Command.clear()]})
            line = {"product_id": product.id, "price_unit": 1100.0, "tax_ids": [Command.clear()]}
            env["account.move"].with_company(company).create(
                [
                    {
                        "move_type": "out_invoice",
                        "company_id": company.id,
                        "partner_id": partner.id,
                        "invoice_date": self.last_day,
                        "date": self.last_day,
                        "invoice_line_ids": [Command.create(line)],
                    }
                    for partner in partners
                ]
            ).action_post()
        self.addCleanup(self.leave)

    def leave(self):
        with self.registry.cursor() as cr:
            self.env_of(cr)["res.company"].browse(self.company_id).loyalty_close_schedule = "off"

    def test_killed_between_batches(self):
        """M13, M12, M14: killed after each batch in turn, roll-over and account credits post each customer once."""
        self.patch(loyalty_program_roll_over, "BATCH", 2)
        self.patch(loyalty_program_account_credit, "CREDIT_BATCH", 2)
        commit, killed = self.registry["loyalty.close"]._commit_progress, []

        def kill(close, steps):
            result = commit(close, steps)
            if close.company_id.id == self.company_id and not steps:
                killed.append(close.step_ids.filtered("is_going_on").mapped(lambda step: (step.code, step.note)))
                raise Killed
            return result

        self.patch(self.registry["loyalty.close"], "_commit_progress", kill)
        for __ in range(10):
            with self.registry.cursor() as cr:
                try:
                    self.env_of(cr).ref("loyalty_account.cron_close").method_direct_trigger()
                except Killed:
                    cr.rollback()
                    continue
                break
        self.assertEqual(
            killed,
            [[("roll_over", "Customers left: 3")], [("roll_over", "Customers left: 1")]]
            + [[("account_journals", False)]] * 2,
        )
        with self.registry.cursor() as cr:
            env = self.env_of(cr)
            close = env["loyalty.close"].search([("company_id", "=", self.company_id)])
            self.assertEqual([(close.state, close.residual, close.problem)], [("done", 0.0, False)])
            steps = {step.code: (step.points, step.amount) for step in close.step_ids}
            self.assertEqual((steps["roll_over"], steps["account_journals"]), ((50.0, 50.0), (50.0, 50.0)))
            cards = env["loyalty.card"].search(
                [("program_id", "=", self.program_id), ("partner_id", "in", self.partner_ids)]
            )
            self.assertEqual(cards.mapped("points"), [0.0] * self.CUSTOMERS)
            self.assertEqual(
                sorted(cards.entry_ids.mapped(lambda entry: (entry.kind, entry.points))),
                [("earn", 10.0)] * self.CUSTOMERS + [("redeem", -10.0)] * self.CUSTOMERS,
            )
            credits_ = env["account.move"].search(
                [("company_id", "=", self.company_id), ("is_loyalty_credit", "=", True)]
            )
            self.assertEqual(credits_.mapped("loyalty_redeem_amount"), [10.0] * self.CUSTOMERS)
