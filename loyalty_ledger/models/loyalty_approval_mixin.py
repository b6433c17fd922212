"""What needs a second person."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_datetime

from .loyalty_card_adjust import MANAGER


class LoyaltyApprovalMixin(models.AbstractModel):
    """A change of points that a second manager approves or refuses (N10), and the person who requested it may withdraw."""

    _name = "loyalty.approval.mixin"
    _description = "Approval of Loyalty Points"
    _inherit = ["loyalty.server.fields.mixin", "mail.thread", "mail.activity.mixin"]
    _mail_post_access = "read"

    requester_id = fields.Many2one("res.users", "Requested By", readonly=True, copy=False)
    approver_id = fields.Many2one("res.users", "Decided By", readonly=True, copy=False)
    decided_on = fields.Datetime("Decided On", readonly=True, copy=False)
    can_approve = fields.Boolean(compute="_compute_can_approve")
    can_withdraw = fields.Boolean(compute="_compute_can_approve")

    @api.model
    def _server_fields(self):
        """Status and decision are the server's."""
        return super()._server_fields() | {
            name for name, field in self._fields.items() if field.readonly and field.store
        } - {"write_date"}

    @api.depends("requester_id", "state")
    @api.depends_context("uid")
    def _compute_can_approve(self):
        manager = self.env.user.has_group(MANAGER)
        for record in self:
            may_decide, is_mine = manager and record.state == "waiting", record.requester_id == self.env.user
            record.can_approve = may_decide and not is_mine
            record.can_withdraw = may_decide and is_mine

    def _ask_approval(self):
        """Give every other manager an activity."""
        group = self.env.ref(MANAGER).sudo()
        for record in self:
            company = record.company_id
            managers = group.all_user_ids.filtered(
                lambda user, record=record, company=company: (
                    user.active
                    and not user.share
                    and user != record.requester_id
                    and user._is_internal()
                    and user.id != self.env.ref("base.user_root").id
                    and (not company or company in user.company_ids)
                )
            )
            for manager in managers:
                record.activity_schedule(
                    "mail.mail_activity_data_todo",
                    user_id=manager.id,
                    summary=self.env._("Approve or refuse %s", record.display_name),
                )

    def _decide(self, state):
        """Record who decided: the requester withdraws, and never approves or refuses; others never withdraw."""
        self.ensure_one()
        self.env["loyalty.card"]._check_ledger_group(MANAGER)
        self.check_access("read")
        self.flush_recordset()
        # Two managers at once: the second one waits here and finds the decision.
        self.env.cr.execute(
            SQL("SELECT state, requester_id FROM %s WHERE id = %s FOR UPDATE", SQL.identifier(self._table), self.id)
        )
        current, requester_id = self.env.cr.fetchone()
        if current != "waiting":
            return False
        is_mine = requester_id == self.env.uid
        if state == "withdrawn" and not is_mine:
            raise UserError(
                self.env._("Only the person who requested this change can withdraw it. You can refuse it instead.")
            )
        if state != "withdrawn" and is_mine:
            raise UserError(
                self.env._(
                    "You requested this change yourself. Another manager must approve or refuse it; you can withdraw it."
                )
            )
        record = self.sudo()  # nobody has write access: the group was checked above
        record.write({"state": state, "approver_id": self.env.uid, "decided_on": fields.Datetime.now()})
        record.activity_unlink(["mail.mail_activity_data_todo"])
        return True

    def action_approve(self):
        """Post the change and say what was posted. Who asked for it cannot approve it; a second time posts nothing."""
        decided = self.browse()
        for record in self:
            if record._decide("approved"):
                record._approved()
            else:
                decided |= record
        if not self:
            return True
        notes = [record._say_approved() for record in self - decided]
        return self._notify([*notes, *decided._decided_notes()], "warning" if decided else "success")

    def _say_approved(self):
        """Return what the person who approved it reads. Override to say what was posted."""
        return self.env._("Approved: %s", self.display_name)

    def action_refuse(self):
        """Close the request without moving points. What was decided already stays as it is, and the answer says so."""
        notes = self.filtered(lambda record: not record._decide("refused"))._decided_notes()
        return self._notify(notes, "warning") if notes else True

    def action_withdraw(self):
        """Close one's own request without moving points. What was decided already stays as it is, and the answer says so."""
        notes = self.filtered(lambda record: not record._decide("withdrawn"))._decided_notes()
        return self._notify(notes, "warning") if notes else True

    def _decided_notes(self):
        """Return for each of these requests who decided it before."""
        self.invalidate_recordset(["state", "approver_id", "decided_on"])
        states = dict(self._fields["state"]._description_selection(self.env))
        return [
            self.env._(
                "%(request)s: %(state)s by %(name)s on %(time)s. Nothing was changed again.",
                request=record.display_name,
                state=states[record.state],
                name=record.sudo().approver_id.name or "",
                time=format_datetime(self.env, record.decided_on) if record.decided_on else "",
            )
            for record in self
        ]

    def _notify(self, notes, kind):
        """Return a notification with a line for each note."""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": kind,
                "message": "\n".join(notes),
                "className": "text-prewrap",
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _approved(self):
        """Hook: post what was approved."""
