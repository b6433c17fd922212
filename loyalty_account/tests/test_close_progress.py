from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.loyalty_account.models import loyalty_close_progress

from .close_common import CloseCase


@tagged("post_install", "-at_install")
class TestCloseProgress(CloseCase):
    """The close as the screen runs it: part by part, each a request of its own."""

    def setUp(self):
        super().setUp()
        self.patch(loyalty_close_progress, "PART", 0.0)
        self.february()
        self.close = self.make_close()

    def test_all_steps(self):
        """M17: each part says which step comes next, and keeps what it did; the last one finishes the close."""
        close = self.close
        action = close.action_run()
        self.assertEqual((action["type"], action["tag"]), ("ir.actions.client", "loyalty_close_run"))
        self.assertEqual(action["params"]["message"], "Step 1 of 5: Freeze Figures (Points)")
        self.assertEqual((close.state, self.steps(close, "state")), ("running", [("todo",)] * 5))
        said = []
        for number in range(1, 6):
            said.append(close.action_run_part())
            self.assertEqual(close.progress, 20 * number)
        self.assertEqual(
            said,
            [
                "Step 2 of 5: Write Off Expired Points (Points)",
                "Step 3 of 5: Accrue (Points)",
                "Step 4 of 5: Reconcile (Points)",
                "Step 5 of 5: Report Pack",
                False,
            ],
        )
        self.assertEqual((close.state, close.next_step, self.liability()), ("done", False, 60.87))
        self.assertFalse(close.action_run_part(), "there is nothing left")

    def test_quick_steps(self):
        """M17: what takes less than a second is one part."""
        self.patch(loyalty_close_progress, "PART", 60.0)
        self.assertFalse(self.close.action_run_part())
        self.assertEqual(self.close.state, "done")

    def test_one_step(self):
        """M17: the button of a row runs its step, and refuses one that comes too early, with the reason."""
        steps = {step.code: step for step in self.close.step_ids}
        with self.assertRaisesRegex(UserError, "“Accrue” comes after “Freeze Figures”, which is not done yet"):
            steps["accrue"].action_run()
        self.assertEqual(self.close.state, "draft")
        params = steps["inquire"].action_run()["params"]
        self.assertEqual((params["code"], params["message"]), ("inquire", "Step 1 of 5: Freeze Figures (Points)"))
        self.assertFalse(self.close.action_run_part("inquire"))
        self.assertEqual([step.code for step in self.close.step_ids if step.state == "done"], ["inquire"])
        self.assertEqual(self.close.next_step, "Step 2 of 5: Write Off Expired Points (Points)")

    def test_stops(self):
        """M17, M5: a step that cannot be done ends the run; its row says why, and what was done before stays."""
        self.liability_account.active = False
        self.close.action_run()
        while self.close.action_run_part():
            self.assertFalse(self.close.problem)
        self.assertIn("Accrue", self.close.problem)
        self.assertEqual(self.steps(self.close, "state"), [("done",), ("done",), ("todo",), ("todo",), ("todo",)])
        self.assertFalse(self.books_moves())

    def test_rights(self):
        """M17: auditors see a close and do not run its parts."""
        close = self.close.with_user(self.auditor)
        self.assertFalse(close.is_running_now)
        for run in (close.action_run, close.action_run_part, close.step_ids[0].action_run):
            with self.assertRaises(AccessError):
                run()
