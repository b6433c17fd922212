"""A change to deferred revenue beside somebody who posts points, each on a connection of their own."""

from psycopg2.errors import SerializationFailure
from test_jobs import BooksJobsCase

from odoo import Command
from odoo.exceptions import ConcurrencyError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger


@tagged("post_install", "-at_install")
class TestDeferralSwitchWriters(BooksJobsCase):
    def setUp(self):
        super().setUp()
        self.slow, self.quick = self.make_cards(0, 0)
        with self.registry.cursor() as cr:
            program = self.env_of(cr)["loyalty.program"].browse(self.program_id)
            program.issue_on = "paid"
            program.point_value_ids.date = "2020-01-01"
            Account = self.env_of(cr)["account.account"].with_company(self.company_id)
            self.income_id, self.equity_id = Account.create(
                [
                    {
                        "name": f"Switch {kind}",
                        "code": Account._search_new_account_code(code),
                        "account_type": kind,
                        "company_ids": [Command.set([self.company_id])],
                    }
                    for kind, code in (("income", "498001"), ("equity", "308001"))
                ]
            ).ids
        self.writer, low = self.hold_open(self.slow, 50, effective_date=self.month_end)
        with self.registry.cursor() as cr:
            high = self.post(self.env_of(cr), self.quick, 100, "quick", effective_date=self.month_end).id
        self.assertLess(low, high)

    def switch(self, meanwhile=None):
        """Change to deferred revenue at the end of the last month; return what was taken over.

        :param meanwhile: called once the transaction has its view of the database
        """
        with self.registry.cursor() as cr:
            switch = self.env_of(cr)["loyalty.deferral.switch"].create(
                {
                    "program_id": self.program_id,
                    "date": self.month_end,
                    "policy": "deferral",
                    "redemption_rate": 90,
                    "counterpart_id": self.equity_id,
                    "cost_account_id": self.income_id,
                }
            )
            if meanwhile:
                meanwhile()
            switch.action_post()
            return switch.deferred_amount

    def assertUnchanged(self):
        with self.registry.cursor() as cr:
            program = self.env_of(cr)["loyalty.program"].browse(self.program_id)
            self.assertEqual((program.accounting_policy, program.accrued_until), ("accrual", False))

    def test_writer_that_does_not_end(self):
        """N2, N29: nothing changes while points of the program are being posted, and it is said why."""
        with self.assertRaisesRegex(UserError, "Points of Crowded are being posted right now"):
            self.switch()
        self.assertUnchanged()
        self.writer.commit()
        self.assertEqual(self.switch(), 13.5)

    def test_writer_that_ends_meanwhile(self):
        """N2, N29: what was committed after the change had begun, with a lower id than others, is not left out as if it were
        taken over: the change begins again."""
        with self.assertRaises(ConcurrencyError):
            self.switch(self.writer.commit)
        self.assertUnchanged()
        self.assertEqual(self.switch(), 13.5)

    def test_writer_that_posts_afterwards(self):
        """N2, N29: who still sees the program as it was before the change posts nothing; Odoo begins the request again."""
        self.writer.commit()
        with self.registry.cursor() as cr:
            env = self.env_of(cr)
            self.assertEqual(env["loyalty.program"].browse(self.program_id).accounting_policy, "accrual")
            self.switch()
            with self.assertRaises(SerializationFailure), mute_logger("odoo.sql_db"):
                self.post(env, self.quick, 10, "late", effective_date=self.month_end)
            cr.rollback()
        with self.registry.cursor() as cr:
            self.post(self.env_of(cr), self.quick, 10, "late", effective_date=self.month_end)
