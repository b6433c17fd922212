"""What was checked is posted: at once, by the job for large files, or after a second manager's approval."""

import logging

from odoo import api, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..tools import jobs
from ..tools.balance_table import QUESTIONS
from .loyalty_balance_import import BATCH
from .loyalty_card_adjust import MANAGER

_logger = logging.getLogger(__name__)

#: Lines up to which an import does not wait for the job.
AT_ONCE = 2000


class LoyaltyBalanceImport(models.Model):
    _inherit = "loyalty.balance.import"

    def action_import(self):
        """Import what was checked: at once, by the job for large files, or after a second manager's approval."""
        self.ensure_one()
        self.env["loyalty.card"]._check_ledger_group(MANAGER)
        if self.state == "draft":
            self.action_check()
        if self.state != "checked":
            return True
        if questions := self._questions():
            raise ValidationError("\n".join(questions))
        if self.problem_count and not self.skip_problems:
            raise ValidationError(
                self.env._(
                    "Lines with problems: %s. Correct the file, or choose to leave these lines out.", self.problem_count
                )
            )
        if not self._would_change():
            raise UserError(
                self.env._("There is nothing to import: no line of this file would change a balance or issue a card.")
            )
        if self.kind == "adjust" and not (self.reason or "").strip() and self._lacks_reason():
            raise ValidationError(self.env._("Adjustments need a reason: fill it in here or in the file."))
        record = self.sudo()  # the group was checked; status and requester are not for users to write
        record.requester_id = self.env.user
        if self._needs_approval():
            record.state = "waiting"
            record._ask_approval()
        else:
            record.state = "approved"
            self._approved()
        return True

    def _questions(self):
        """Return what has to be answered before the import."""
        return [self[name] for name in QUESTIONS if self[name]]

    def _would_change(self):
        domain = [
            ("import_id", "=", self.id),
            ("state", "=", "pending"),
            "|",
            ("change", "!=", 0),
            ("is_new_card", "=", True),
        ]
        return bool(self.env["loyalty.balance.import.line"].search_count(domain, limit=1))

    def _lacks_reason(self):
        return bool(
            self.env["loyalty.balance.import.line"].search_count(
                [("import_id", "=", self.id), ("state", "=", "pending"), ("reason", "=", False)], limit=1
            )
        )

    def _needs_approval(self):
        """Return whether the lines, with what the user gave to their customers within a day, exceed the limit (N10)."""
        if not self.env["res.company"]._has_loyalty_limits():
            return False
        rows = self.env.execute_query(
            SQL(
                """
                SELECT program_id, (sum(abs(change)) * 10000)::bigint FROM loyalty_balance_import_line
                 WHERE import_id = %s AND state = 'pending' AND change <> 0 GROUP BY program_id
                """,
                self.id,
            )
        )
        Program, Card = self.env["loyalty.program"].sudo(), self.env["loyalty.card"]
        cards = SQL(
            """
            SELECT COALESCE(c.points_to_id, c.id) FROM loyalty_balance_import_line l JOIN loyalty_card c ON c.id = l.card_id
             WHERE l.import_id = %s AND l.state = 'pending' AND l.change <> 0
            """,
            self.id,
        )
        # Lines of a customer who gets a new card have none yet.
        owners = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT p.commercial_partner_id FROM loyalty_balance_import_line l JOIN res_partner p ON p.id = l.partner_id
                 WHERE l.import_id = %s AND l.state = 'pending' AND l.change <> 0 AND l.card_id IS NULL
                """,
                self.id,
            )
        )
        giving = {Program.browse(program_id): units for program_id, units in rows}
        return Card._exceeds_limit(giving, cards, [owner for (owner,) in owners if owner])

    def _approved(self):
        """Post small files at once; large ones go to the job, which can stop and go on."""
        record = self.sudo().with_user(self.requester_id).sudo()  # the ledger names who asked for it
        if record.pending_count <= AT_ONCE:
            while record._import_batch():
                pass
        else:
            self.env.ref("loyalty_ledger.cron_balance_import").sudo()._trigger()

    def _say_approved(self):
        """Say how many lines were imported, or that a large file is still being imported."""
        if self.state == "approved":
            return self.env._("Approved: %s. It is being imported in the background.", self.file_name)
        return self.env._(
            "Approved: %(file)s. Lines imported: %(count)s", file=self.file_name, count=self.sudo().done_count
        )

    def action_stop(self):
        """Stop an import that is running in the background. What was imported stays; the rest can go on later."""
        self.env["loyalty.card"]._check_ledger_group(MANAGER)
        self.check_access("write")
        self.sudo().filtered(lambda record: record.state == "approved").state = "stopped"  # the group was checked
        return True

    def action_continue(self):
        """Go on with an import that was stopped, where it stopped."""
        self.env["loyalty.card"]._check_ledger_group(MANAGER)
        self.check_access("write")
        stopped = self.sudo().filtered(lambda record: record.state == "stopped")  # the group was checked
        stopped.state = "approved"
        if stopped:
            self.env.ref("loyalty_ledger.cron_balance_import").sudo()._trigger()
        return True

    @api.model
    def _cron_import(self):
        """Go on with large files, batch by batch; an interrupted run goes on where it stopped.

        What fails lands on its line, and a file that cannot go on now does not keep the others waiting.
        """
        ids = self.search([("state", "=", "approved")], order="id").ids
        self.env["ir.cron"]._commit_progress()
        for record in self.browse(ids):
            try:
                while left := jobs.run_batch(self.env, record._import_in_job):
                    if left < 0:
                        return  # no time is left
            except Exception:  # pylint: disable=broad-exception-caught
                self.env.cr.rollback()
                _logger.exception("Import %s failed, the next run tries again", record.id)
                continue
            if left is None:
                _logger.info("Import %s: others were faster, the next run goes on", record.id)

    def _import_in_job(self):
        """Import and commit the next batch; return how many lines are left, -1 where there is no time for them."""
        if not self.exists() or self.state != "approved":  # somebody stopped it
            return 0
        record = self.with_user(self.requester_id or self.env.user).sudo()  # the ledger names who asked for it
        done = record._import_batch()
        left = record.pending_count
        time = self.env["ir.cron"]._commit_progress(done, remaining=left)
        return left if time or not left else -1

    def _import_batch(self):
        """Post the next lines and return their number; 0 when the import is done."""
        self.ensure_one()
        lines = self.env["loyalty.balance.import.line"].search(
            [("import_id", "=", self.id), ("state", "=", "pending")], limit=BATCH, order="id"
        )
        if lines:
            lines._import()
            self.env.invalidate_all()
        self._count()
        if not self.pending_count:
            self._finish()
        return len(lines)

    def _finish(self):
        """End the import. One that posted nothing can be checked again: it is not done."""
        if self.done_count:
            self.state = "done"
            return
        self.state = "checked"
        self._message_log(
            body=self.env._("Nothing was imported: the lines say why. Correct the file and check it again.")
        )

    def _as_requester(self):
        """Return the import with the rights of the user who asked for it, in the companies of the check."""
        user = self.requester_id or self.env.user
        return self.with_user(user).sudo(False).with_context(allowed_company_ids=self.scope or user.company_ids.ids)
