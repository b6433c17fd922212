from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL, format_datetime

from ..tools.trusted import trusted_defaults
from .loyalty_card_adjust import MANAGER, MODES

#: Cards that could not be adjusted that a message names.
LISTED = 20


class LoyaltyApprovalMixin(models.AbstractModel):
    """A change of points that a second manager approves or refuses (N10)."""

    _name = "loyalty.approval.mixin"
    _description = "Approval of Loyalty Points"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _mail_post_access = "read"

    requester_id = fields.Many2one("res.users", "Requested By", readonly=True, copy=False)
    approver_id = fields.Many2one("res.users", "Decided By", readonly=True, copy=False)
    decided_on = fields.Datetime("Decided On", readonly=True, copy=False)
    can_approve = fields.Boolean(compute="_compute_can_approve")

    @api.model
    def default_get(self, fields):
        """Status and decision are the server's, also where a default from a context would say them."""
        return trusted_defaults(self, fields, self._server_fields(), super().default_get)

    def _server_fields(self):
        """Return the names of what only the server writes."""
        return {name for name, field in self._fields.items() if field.readonly and field.store} - {"write_date"}

    @api.depends("requester_id", "state")
    @api.depends_context("uid")
    def _compute_can_approve(self):
        manager = self.env.user.has_group(MANAGER)
        for record in self:
            record.can_approve = manager and record.state == "waiting" and record.requester_id != self.env.user

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
        """Record who decided; the requester never does."""
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
        if requester_id == self.env.uid:
            raise UserError(self.env._("You asked for this change yourself: another manager must decide."))
        record = self.sudo()  # nobody has write access: the group was checked above
        record.write({"state": state, "approver_id": self.env.uid, "decided_on": fields.Datetime.now()})
        record.activity_unlink(["mail.mail_activity_data_todo"])
        return True

    def action_approve(self):
        """Post the change. The person who asked for it cannot approve it; a second time posts nothing and says so."""
        decided = self.browse()
        for record in self:
            if record._decide("approved"):
                record._approved()
            else:
                decided |= record
        return decided._say_decided()

    def action_refuse(self):
        """Close the request without moving points. What was decided already stays as it is, and the answer says so."""
        return self.filtered(lambda record: not record._decide("refused"))._say_decided()

    def _say_decided(self):
        """Return a notification of who decided these requests before, or True where there are none."""
        if not self:
            return True
        self.invalidate_recordset(["state", "approver_id", "decided_on"])
        states = dict(self._fields["state"]._description_selection(self.env))
        return self._notify_once(
            "\n".join(
                self.env._(
                    "%(request)s: %(state)s by %(name)s on %(time)s. Nothing was changed again.",
                    request=record.display_name,
                    state=states[record.state],
                    name=record.sudo().approver_id.name or "",
                    time=format_datetime(self.env, record.decided_on) if record.decided_on else "",
                )
                for record in self
            )
        )

    def _notify_once(self, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _approved(self):
        """Hook: post what was approved."""


class LoyaltyAdjustment(models.Model):
    """An adjustment above the company's limit: it posts once a second manager approves it."""

    _name = "loyalty.adjustment"
    _description = "Loyalty Adjustment"
    _inherit = "loyalty.approval.mixin"
    _order = "id desc"

    name = fields.Char("Number", compute="_compute_name")
    mode = fields.Selection([*MODES, ("transfer", "Transfer to another card")], "Change", required=True, readonly=True)
    points = fields.Float("Points per Card", digits=(16, 4), readonly=True)
    expiration_date = fields.Date("Expires On", readonly=True)
    renews = fields.Boolean(
        "Renews the Balance", readonly=True, help="The whole balance expires later, as after a sale."
    )
    skip_problems = fields.Boolean(
        "Leave Out Cards With Problems", readonly=True,
        help="Cards that cannot be adjusted when the request is approved are left out; without it nothing is posted.",
    )  # fmt: skip
    reason = fields.Char("Reason", required=True, readonly=True)
    state = fields.Selection(
        [("waiting", "Waiting for Approval"), ("approved", "Approved"), ("refused", "Refused")],
        "Status", required=True, default="waiting", readonly=True, tracking=True, index=True,
    )  # fmt: skip
    line_ids = fields.One2many("loyalty.adjustment.line", "adjustment_id", "Cards", readonly=True)
    card_count = fields.Integer("Number of Cards", compute="_compute_totals")
    total_points = fields.Float(
        "Points Moved", digits=(16, 4), compute="_compute_totals", help="Over all cards, in or out."
    )
    company_id = fields.Many2one("res.company", "Company", readonly=True)

    def _compute_name(self):
        for adjustment in self:
            adjustment.name = self.env._("Adjustment %s", adjustment.id or "")

    @api.depends("name", "reason")
    def _compute_display_name(self):
        for adjustment in self:
            adjustment.display_name = f"{adjustment.name}: {adjustment.reason or ''}"

    @api.depends("line_ids.change")
    def _compute_totals(self):
        for adjustment in self:
            adjustment.card_count = len(adjustment.line_ids)
            adjustment.total_points = sum(abs(line.change) for line in adjustment.line_ids)

    @api.model
    def _request(self, cards, mode, points, reason, expiration_date=None, skip_problems=False, renews=False):
        """Record an adjustment that waits for approval and tell the other managers."""
        rows = cards._plan_adjustment(mode, points)
        if skip_problems:
            rows = [row for row in rows if not row["problem"]]
        company = cards.company_id
        # Managers have no create access: whatever waits here went through the checks of the wizard.
        adjustment = self.sudo().create(
            {
                "mode": mode,
                "points": points,
                "expiration_date": expiration_date,
                "reason": reason,
                "skip_problems": skip_problems,
                "renews": renews,
                "requester_id": self.env.uid,
                "company_id": company.id if len(company) == 1 else False,
                "line_ids": [
                    (
                        0,
                        0,
                        {
                            "card_id": row["card"].id,
                            "target_id": row["target"].id,
                            "before": row["before"],
                            "change": row["change"],
                        },
                    )
                    for row in rows
                ],
            }
        )
        adjustment._ask_approval()
        return adjustment.sudo(False)

    @api.model
    def _request_transfer(self, card, target, points, reason):
        """Record a transfer to another customer's card that waits for approval.

        :param points: points to move; 0: the whole balance at the time of the approval
        """
        target = (target.points_to_id or target).sudo()
        moved = points or card.sudo().points
        # Managers have no create access: whatever waits here went through the checks of the wizard.
        adjustment = self.sudo().create(
            {
                "mode": "transfer",
                "points": points,
                "reason": reason,
                "requester_id": self.env.uid,
                "company_id": card.company_id.id,
                "line_ids": [
                    (0, 0, {"card_id": card.id, "target_id": target.id, "before": target.points, "change": moved})
                ],
            }
        )
        adjustment._ask_approval()
        return adjustment.sudo(False)

    def _post_transfer(self):
        """Post the transfer as it was asked for; the gateway checks both cards as they are now."""
        for line in self.sudo().line_ids:  # access: see _decide
            if line.target_id.closed:
                raise UserError(
                    self.env._("Card %s is closed. Reopen it, or refuse this transfer.", line.target_id.code)
                )
            operation = line.card_id._transfer_op(line.target_id, self.points, self.reason)
            self.env["loyalty.card"]._post_entries(
                [{**operation, "key": f"adjustment:{self.id}:{line.card_id.id}", "document": (self._name, self.id)}]
            )

    def _approved(self):
        """Post once per card: the keys name this adjustment."""
        if self.mode == "transfer":
            self._post_transfer()
            return
        cards = self.sudo().line_ids.card_id
        entries = cards._adjust(
            self.mode,
            self.points,
            self.reason,
            f"adjustment:{self.id}",
            expiration_date=self.expiration_date,
            document=(self._name, self.id),
            skip_problems=self.skip_problems,
            renews=self.renews,
        )
        if self.skip_problems:
            self._log_left_out(cards, entries)

    def _log_left_out(self, cards, entries):
        """Say in the chatter which cards could not be adjusted, and why."""
        posted = {entry.idempotency_key for entry in entries}
        rows = cards.filtered(lambda card: f"adjustment:{self.id}:{card.id}" not in posted)._plan_adjustment(
            self.mode, self.points
        )
        if left := [f"{row['card'].code}: {row['problem']}" for row in rows if row["problem"]]:
            shown = left[:LISTED] + ([self.env._("… and %s more cards.", len(left) - LISTED)] if left[LISTED:] else [])
            self.sudo()._message_log(body=self.env._("Left out: %s", "; ".join(shown)))  # access: see _decide

    @api.ondelete(at_uninstall=False)
    def _unlink_unless_approved(self):
        if any(adjustment.state == "approved" for adjustment in self):
            raise ValidationError(self.env._("Transactions name this adjustment; it cannot be deleted."))


class LoyaltyAdjustmentLine(models.Model):
    _name = "loyalty.adjustment.line"
    _description = "Card of a Loyalty Adjustment"
    _order = "id"

    adjustment_id = fields.Many2one("loyalty.adjustment", required=True, ondelete="cascade", index=True)
    card_id = fields.Many2one("loyalty.card", "Card", required=True, readonly=True, ondelete="restrict")
    partner_id = fields.Many2one(related="card_id.partner_id", string="Customer")
    target_id = fields.Many2one(
        "loyalty.card", "Points Go To", readonly=True, ondelete="restrict",
        help="The card that gets the points: the linked card, or the card itself.",
    )  # fmt: skip
    before = fields.Float("Balance When Requested", digits=(16, 4), readonly=True, aggregator=None)
    change = fields.Float("Change When Requested", digits=(16, 4), readonly=True)
    after = fields.Float("Balance Then", digits=(16, 4), compute="_compute_after")

    @api.depends("before", "change")
    def _compute_after(self):
        for line in self:
            line.after = line.before + line.change
