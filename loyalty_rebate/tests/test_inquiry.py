from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import RebateCase


@tagged("post_install", "-at_install")
class TestInquiry(RebateCase):
    """Sales against target on the menu and on the customer."""

    def rows(self, action, user):
        return self.env["loyalty.inquiry"].with_user(user).search(action["domain"])

    def test_same_figures(self):
        """N29, M13: menu, customer and program say the same figures, and they open the documents behind them."""
        first = self.sell(1500, day="2026-02-10")
        second = self.sell(400, day="2026-03-05")
        user = self.make_role("reader", "account.group_account_readonly,loyalty_ledger.group_loyalty_user")
        rows = self.rows(self.env["loyalty.inquiry"].with_user(user).action_inquire(), user)
        self.assertRecordValues(
            rows,
            [
                {"period": "March 2026", "sales": 400.0, "target": 1000.0, "percentage": 40.0, "accrued": 0.0},
                {"period": "February 2026", "sales": 1500.0, "target": 1000.0, "percentage": 100.0, "accrued": 50.0},
            ],
        )
        self.assertRegex(rows[0].next_step, r"600\.00 to the next 10 %")
        self.assertEqual(rows[0].action_view_documents()["domain"], [("id", "in", second.ids)])
        self.assertEqual(rows[1].action_view_documents()["domain"], [("id", "in", first.ids)])
        customer = self.customer.with_user(user).with_company(self.company)
        self.assertRecordValues(
            customer,
            [
                {
                    "loyalty_period_name": "March 2026",
                    "loyalty_period_sales": 400.0,
                    "loyalty_period_target": 1000.0,
                    "loyalty_period_percentage": 40.0,
                    "loyalty_period_accrued": 0.0,
                    "loyalty_period_next": rows[0].next_step,
                }
            ],
        )
        own = self.rows(customer.action_loyalty_inquiry(), user)
        self.assertEqual(own.mapped("sales"), rows.mapped("sales"))

    def test_rights(self):
        """N29, P4: who may not read loyalty gets no inquiry; without a program it says what to do."""
        nobody = new_test_user(self.env, "inquiry_nobody", groups="base.group_user")
        with self.assertRaises(AccessError):
            self.env["loyalty.inquiry"].with_user(nobody).action_inquire()
        self.program.active = False
        with self.assertRaisesRegex(UserError, "No program credits sales of a period"):
            self.env["loyalty.inquiry"].with_user(self.accountant).with_company(self.company).action_inquire()
