from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ..ledger.usability import ADJUST
from .loyalty_card_adjust import MODES

#: Cards that could not be adjusted that a message names.
LISTED = 20


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
        "Skip Cards With Problems",
        readonly=True,
        help="Cards that cannot be adjusted when the request is approved are skipped. If this is not ticked, nothing "
        "is posted then.",
    )
    reason = fields.Char("Reason", required=True, readonly=True)
    state = fields.Selection(
        [
            ("waiting", "Waiting for Approval"),
            ("approved", "Approved"),
            ("refused", "Refused"),
            ("withdrawn", "Withdrawn"),
        ],
        "Status",
        required=True,
        default="waiting",
        readonly=True,
        tracking=True,
        index=True,
    )
    line_ids = fields.One2many("loyalty.adjustment.line", "adjustment_id", "Cards", readonly=True)
    has_linked = fields.Boolean(compute="_compute_has_linked")
    card_count = fields.Integer("Number of Cards", compute="_compute_totals")
    subject = fields.Char("For", compute="_compute_subject")
    points_moved = fields.Char(
        "Points Moved",
        compute="_compute_totals",
        help="Total of all cards of each program. The sign is left out where points are added on some cards and taken from "
        "others, or move from one card to another.",
    )
    company_id = fields.Many2one("res.company", "Company", readonly=True)

    def _compute_name(self):
        for adjustment in self:
            adjustment.name = self.env._("Adjustment %s", adjustment.id or "")

    @api.depends("name", "reason")
    def _compute_display_name(self):
        for adjustment in self:
            adjustment.display_name = f"{adjustment.name}: {adjustment.reason or ''}"

    @api.depends("line_ids.card_id", "line_ids.target_id")
    def _compute_has_linked(self):
        """Whether another card than the one chosen is credited, so that forms name it."""
        for adjustment in self:
            adjustment.has_linked = any(line.target_id - line.card_id for line in adjustment.line_ids)

    @api.depends("line_ids.change", "line_ids.card_id", "mode")
    @api.depends_context("lang")
    def _compute_totals(self):
        Program = self.env["loyalty.program"].sudo()  # access: names of points; the lines are the reader's
        for adjustment in self:
            moved, signs = {}, set()
            for program, lines in adjustment.line_ids.grouped(lambda line: line.program_id.sudo()).items():
                moved[program] = sum(abs(line.change) for line in lines)
                signs |= {line.change > 0 for line in lines if line.change}
            is_signed = len(signs) == 1 and adjustment.mode != "transfer"
            if is_signed and not signs.pop():
                moved = {program: -points for program, points in moved.items()}
            adjustment.card_count = len(adjustment.line_ids)
            adjustment.points_moved = Program._say_points_of_each(moved, signed=is_signed)

    @api.depends("line_ids.card_id", "line_ids.target_id", "mode")
    @api.depends_context("lang")
    def _compute_subject(self):
        """Name whom it is for, so that a row of the list can be decided; several cards are counted."""
        for adjustment in self:
            lines = adjustment.sudo().line_ids  # access: users who may read the request see the owners' names
            cards = lines.card_id
            if adjustment.mode == "transfer" and len(lines) == 1:
                giver, receiver = (
                    card.partner_id.display_name or card._masked_code() for card in (cards, lines.target_id)
                )
                adjustment.subject = self.env._("%(giver)s to %(receiver)s", giver=giver, receiver=receiver)
                continue
            owner = cards.partner_id.display_name if len(cards.partner_id) == 1 else ""
            count = self.env._("%s cards", len(cards)) if len(cards) != 1 else "" if owner else cards._masked_code()
            adjustment.subject = ", ".join(text for text in (owner, count) if text)

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
            if problem := line.target_id._unusable_reason(purpose=ADJUST):
                raise UserError(problem)
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

    def _say_approved(self):
        """Name the points that were posted, those of each program apart."""
        posted = Domain("res_model", "=", self._name) & Domain("res_id", "=", self.id)
        if self.mode == "transfer":
            posted &= Domain("points", ">", 0)
        entries = self.env["loyalty.ledger.entry"].sudo()  # access: see _decide
        points = {
            program: sum_ for program, sum_ in entries._read_group(posted, ["program_id"], ["points:sum"]) if sum_
        }
        said = self.env["loyalty.program"]._say_points_of_each(points) if points else ""
        if self.mode == "transfer" and said:
            return self.env._(
                "Transfer approved and posted, %(subject)s: %(points)s (%(reason)s)",
                subject=self.subject,
                points=said,
                reason=self.reason,
            )
        if not said:
            return self.env._(
                "Approved and posted for %(subject)s: %(reason)s", subject=self.subject, reason=self.reason
            )
        return self.env._(
            "Approved and posted for %(subject)s: %(points)s (%(reason)s)",
            subject=self.subject,
            points=said,
            reason=self.reason,
        )

    def _log_left_out(self, cards, entries):
        """Say in the chatter which cards could not be adjusted, and why."""
        posted = {entry.idempotency_key for entry in entries}
        rows = cards.filtered(lambda card: f"adjustment:{self.id}:{card.id}" not in posted)._plan_adjustment(
            self.mode, self.points
        )
        if left := [f"{row['card']._masked_code()}: {row['problem']}" for row in rows if row["problem"]]:
            shown = left[:LISTED] + ([self.env._("… and %s more cards.", len(left) - LISTED)] if left[LISTED:] else [])
            self.sudo()._message_log(body=self.env._("Skipped: %s", "; ".join(shown)))  # access: see _decide

    @api.ondelete(at_uninstall=False)
    def _unlink_unless_approved(self):
        if any(adjustment.state == "approved" for adjustment in self):
            raise ValidationError(self.env._("This adjustment has transactions, so it cannot be deleted."))


class LoyaltyAdjustmentLine(models.Model):
    _name = "loyalty.adjustment.line"
    _description = "Card of a Loyalty Adjustment"
    _order = "id"

    adjustment_id = fields.Many2one("loyalty.adjustment", required=True, ondelete="cascade", index=True)
    card_id = fields.Many2one("loyalty.card", "Card", required=True, readonly=True, ondelete="restrict")
    program_id = fields.Many2one(related="card_id.program_id", string="Program")
    partner_id = fields.Many2one(related="card_id.partner_id", string="Customer")
    target_id = fields.Many2one(
        "loyalty.card",
        "Credited Card",
        readonly=True,
        ondelete="restrict",
        help="Card that receives the points: the linked card, or the card itself.",
    )
    before = fields.Float("Balance When Requested", digits=(16, 4), readonly=True, aggregator=None)
    change = fields.Float("Change When Requested", digits=(16, 4), readonly=True)
    after = fields.Float("Balance After", digits=(16, 4), compute="_compute_after")

    @api.depends("before", "change")
    def _compute_after(self):
        for line in self:
            line.after = line.before + line.change
