from odoo.tests import new_test_user, tagged

from .close_common import CloseCase


@tagged("post_install", "-at_install")
class TestDashboardMoney(CloseCase):
    """N27: money on the dashboard is what is on the books, for those who may see the books."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.looker = cls.make_looker("looks", "loyalty_ledger.group_loyalty_user")
        cls.reader = cls.make_looker(
            "reads",
            "loyalty_ledger.group_loyalty_user,loyalty_ledger.group_loyalty_auditor,account.group_account_readonly",
        )

    @classmethod
    def make_looker(cls, login, groups):
        return new_test_user(cls.env, login, groups, company_id=cls.company.id, company_ids=[(6, 0, cls.company.ids)])

    def load(self, user):
        return self.env["loyalty.dashboard"].with_user(user).load_figures({"program_id": self.program.id})

    def hero(self, user):
        return {figure["key"]: figure for figure in self.load(user)["hero"]["figures"]}

    def test_liability_is_what_value_lines_add_up_to(self):
        """N27: the liability by month follows the accounting dates of value lines, before and after they are folded."""
        self.february()
        self.make_close()._run()
        lines = self.env["loyalty.valuation"].search([("program_id", "=", self.program.id)])
        shown = self.hero(self.reader)["liability"]
        february = sum(line.amount for line in lines if line.date.month <= 2)
        self.assertTrue(february)
        self.assertAlmostEqual(shown["values"][-2], february, 2)
        self.assertAlmostEqual(shown["values"][-1], sum(lines.mapped("amount")), 2)
        self.assertEqual(shown["values"][0], 0.0)
        self.assertGreater(self.env["loyalty.value.daily"]._fold(), 0)
        self.assertEqual(self.hero(self.reader)["liability"]["values"], shown["values"])
        self.assertEqual(self.env["loyalty.card"]._verify_days(), [])
        action = (
            self.env["loyalty.dashboard"]
            .with_user(self.reader)
            .open_lines("liability", {"program_id": self.program.id})
        )
        rows = self.env[action["res_model"]].with_user(self.reader).search(action["domain"])
        self.assertAlmostEqual(sum(rows.mapped("amount")), shown["values"][-1], 2)

    def test_points_at_what_they_are_worth(self):
        """N27: what customers hold is points at the value of a point; 0.10 each."""
        self.february()
        outstanding = self.hero(self.looker)["outstanding"]
        points = sum(self.program.coupon_ids.mapped("points"))
        self.assertAlmostEqual(outstanding["values"][-1], points * 0.10, 2)

    def test_books_are_for_accountants(self):
        """N27: a loyalty user sees what points are worth, and neither the books nor what is to be done there."""
        self.february()
        self.assertNotIn("liability", self.hero(self.looker))
        tasks = {task["key"] for task in self.load(self.looker)["tasks"]}
        self.assertFalse(tasks & {"accruals", "close"})

    def test_what_accountants_have_to_do(self):
        """N27: an accrual is due until somebody closes months; then the close is, until the month is closed."""
        self.february()
        tasks = {task["key"]: task["count"] for task in self.load(self.reader)["tasks"]}
        self.assertEqual((tasks.get("accruals"), tasks.get("close")), (1, None))
        close = self.make_close()
        tasks = {task["key"]: task["count"] for task in self.load(self.reader)["tasks"]}
        self.assertEqual((tasks.get("accruals"), tasks.get("close")), (None, 1))
        close._run()
        tasks = {task["key"]: task["count"] for task in self.load(self.reader)["tasks"]}
        self.assertFalse(tasks.keys() & {"accruals", "close"})
