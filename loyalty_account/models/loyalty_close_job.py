"""The close by a job: which companies want it, when, and who is told where it stops."""

import logging

from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.exceptions import UserError

from odoo.addons.loyalty_ledger.tools.today import loyalty_today

_logger = logging.getLogger(__name__)


class LoyaltyClose(models.Model):
    _inherit = "loyalty.close"

    @api.model
    def _cron_close(self):
        """Close last month for the companies that want it; where a close stops, its responsible gets an activity.

        Each step is committed, and each batch of a long one. A job that is interrupted goes on behind the last of them.
        """
        due = [close for company in self._companies_to_close() if (close := self._due_close(company))]
        self.env["ir.cron"]._commit_progress(remaining=sum(len(close.step_ids) for close in due))
        for close in due:
            try:
                is_done = close._run()
                problem = close.problem
            except UserError as error:
                is_done, problem = False, str(error)
            if not is_done and problem:  # without one there was no more time, and the next run goes on
                _logger.warning("Loyalty close %s stopped: %s", close.display_name, problem)
                close._note_stop(problem)
            self.env["ir.cron"]._commit_progress()

    def _companies_to_close(self):
        return self.env["res.company"].search([("loyalty_close_schedule", "=", "monthly")], order="id")

    def _due_close(self, company):
        """Return the close of last month that is to be run now, made when there is none, or nothing."""
        today = loyalty_today(self.env, company)
        end = today.replace(day=1) - relativedelta(days=1)
        closes = self.with_company(company)
        open_close = closes.search([("company_id", "=", company.id), ("state", "!=", "done")], limit=1)
        if open_close:
            is_due = open_close.state == "running" or (today - open_close.date_to).days > company.loyalty_close_delay
            return open_close if is_due else None
        last = closes.search([("company_id", "=", company.id), ("state", "=", "done")], limit=1)
        if (last and last.date_to >= end) or (today - end).days <= company.loyalty_close_delay:
            return None
        responsible = company.loyalty_close_user_id or self.env.user
        close = closes.create({"company_id": company.id, "responsible_id": responsible.id})
        return close if close.step_ids.program_id else close.unlink() and None

    def _note_stop(self, problem):
        """Tell the responsible why the close stopped, once until it is dealt with."""
        if not self.activity_ids.filtered("automated"):
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("The loyalty close stopped"),
                note=problem or "",
                user_id=self.responsible_id.id or self.env.uid,
            )
