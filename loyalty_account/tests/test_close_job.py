from odoo.tests import tagged

from odoo.addons.base.models.ir_cron import IrCron

from .close_common import CloseCase


@tagged("post_install", "-at_install")
class TestCloseJob(CloseCase):
    """The close by a job."""

    def run_job(self):
        self.patch(IrCron, "_commit_progress", lambda cron, *args, **kwargs: True)
        self.env["loyalty.close"].with_context(cron_id=1)._cron_close()
        return self.env["loyalty.close"].search([("company_id", "=", self.company.id)])

    def test_when_it_runs(self):
        """M17: the job closes the month that is over where a company wants it, some days later, and once."""
        self.february()
        self.assertFalse(self.run_job())
        self.company.write({"loyalty_close_schedule": "monthly", "loyalty_close_user_id": self.accountant.id})
        with self.on("2026-03-03"):
            self.assertFalse(self.run_job())
        close = self.run_job()
        self.assertRecordValues(close, [{"state": "done", "residual": 0.0, "responsible_id": self.accountant.id}])
        self.assertEqual(self.run_job(), close)

    def test_late_documents_are_waited_for(self):
        """M17: a close that somebody has prepared is not run before its time either."""
        self.february()
        self.company.loyalty_close_schedule = "monthly"
        close = self.make_close()
        with self.on("2026-03-03"):
            self.run_job()
        self.assertEqual(close.state, "draft")
        with self.on("2026-03-04"):
            self.run_job()
        self.assertEqual(close.state, "done")

    def test_stop_becomes_an_activity(self):
        """M17: where the job stops, the responsible gets one activity with the reason; the next night goes on."""
        self.february()
        self.company.write({"loyalty_close_schedule": "monthly", "loyalty_close_user_id": self.accountant.id})
        self.liability_account.active = False
        close = self.run_job()
        self.run_job()
        self.assertEqual(close.state, "running")
        self.assertRecordValues(close.activity_ids, [{"user_id": self.accountant.id}])
        self.assertIn("Accrue", str(close.activity_ids.note))
        self.liability_account.active = True
        self.run_job()
        self.assertEqual(close.state, "done")
        self.assertFalse(close.activity_ids, "what the job asked for is done")

    def test_somebody_was_faster(self):
        """M17: steps that somebody ran by hand between two commits of the job are not run again."""
        self.february()
        self.company.loyalty_close_schedule = "monthly"
        close = self.make_close()

        def commit(cron, processed=0, **kwargs):
            if close.step_ids.filtered(lambda step: step.code == "inquire").state == "done":
                for code in ("write_off", "accrue"):
                    close._run_step(code)
            return True

        self.patch(IrCron, "_commit_progress", commit)
        self.env["loyalty.close"].with_context(cron_id=1)._cron_close()
        runs = self.env["loyalty.accrual.run"].search([("program_id", "=", self.program.id)])
        self.assertEqual((close.state, len(runs), self.liability()), ("done", 1, 60.87))
