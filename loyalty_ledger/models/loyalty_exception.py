from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_datetime

from ..tools.words import say_points

#: Rows of a damaged ledger that one run reports; the rest follows once these are resolved.
REPORTED = 100


class LoyaltyException(models.Model):
    """Something that the ledger had to accept and that a person should look at."""

    _name = "loyalty.exception"
    _inherit = [
        "loyalty.server.fields.mixin",
        "loyalty.values.mixin",
        "mail.thread",
        "mail.activity.mixin",
        "loyalty.document.mixin",
        "loyalty.program.sums.mixin",
    ]
    _description = "Loyalty Exception"
    _order = "id desc"

    kind = fields.Selection(
        [
            ("debt", "Overspent"),
            ("waived", "Waived"),
            ("claim", "Claim Reduced"),
            ("verify", "Integrity Check Failed"),
        ],
        "Problem",
        required=True,
        readonly=True,
        help="Overspent: the card had fewer points than the event took; the rest is owed.\n"
        "Waived: points should have been taken back but were spent; the program waives them.\n"
        "Claim Reduced: a document claimed more points than the program's rules give.\n"
        "Integrity Check Failed: the verification found a row that was changed.",
    )
    card_id = fields.Many2one("loyalty.card", "Card", readonly=True, ondelete="restrict", index="btree_not_null")
    partner_id = fields.Many2one(related="card_id.partner_id", string="Customer")
    program_id = fields.Many2one("loyalty.program", "Program", readonly=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", "Company", readonly=True, ondelete="restrict")
    entry_id = fields.Many2one("loyalty.ledger.entry", "Transaction", readonly=True, ondelete="restrict")
    points = fields.Float("Points", digits=(16, 4), readonly=True)
    points_text = fields.Char("Points With Unit", compute="_compute_points_text")
    res_model = fields.Char("Document Model", readonly=True)
    res_id = fields.Many2oneReference("Document", model_field="res_model", readonly=True)
    document_name = fields.Char("Source Document", compute="_compute_document_name")
    note = fields.Char("Details", readonly=True)
    state = fields.Selection(
        [("open", "To Review"), ("resolved", "Resolved")],
        "Status",
        required=True,
        default="open",
        readonly=True,
        tracking=True,
    )
    resolution = fields.Char("Resolution", tracking=True, help="What was found and done. Optional.")
    resolved_by_id = fields.Many2one("res.users", "Resolved By", readonly=True)
    resolved_on = fields.Datetime("Resolved On", readonly=True)

    is_found = fields.Boolean(
        readonly=True, default=True, help="The last verification found it again, so it is not reported as new."
    )

    _open_idx = models.Index("(state) WHERE state = 'open'")
    _entry_idx = models.Index("(entry_id) WHERE entry_id IS NOT NULL")

    @api.model
    def _server_fields(self):
        """Everything but the wording of the resolution, and what Odoo's chatter writes."""
        free = ("message_", "activity_", "my_activity_")
        return {name for name in self._fields if name != "resolution" and not name.startswith(free)}

    @api.model
    def _say_server_fields(self, names):
        return self.env._("Exceptions are resolved, not edited: use Resolve.")

    @api.depends("kind", "card_id")
    @api.depends_context("uid")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for exception in self:
            card = exception.card_id and exception.card_id._shown_code()
            exception.display_name = (
                f"{kinds.get(exception.kind, '')}: {card}" if card else kinds.get(exception.kind, "")
            )

    @api.depends("points", "program_id")
    @api.depends_context("lang")
    def _compute_points_text(self):
        for exception in self:
            # access: the name of its points alone; the exception itself was read with the reader's rights
            program = exception.program_id.sudo()
            exception.points_text = bool(exception.points and program) and program._say_points(exception.points)

    def action_resolve(self):
        """Mark exceptions as looked at, by whom and when."""
        self.env["loyalty.card"]._check_ledger_group("loyalty_ledger.group_loyalty_manager")
        self.check_access("write")
        # The group was checked; the status itself is not editable.
        self.sudo().filtered(lambda exception: exception.state == "open").write(
            {"state": "resolved", "resolved_by_id": self.env.uid, "resolved_on": fields.Datetime.now()}
        )
        self.activity_feedback(["mail.mail_activity_data_todo"])
        return True

    def action_waive(self):
        """Give the cards what they owe of these events, and mark the exceptions as looked at: one click (N8).

        An adjustment like any other, with the exception as its reason; above the limit a second manager approves it.
        """
        self.env["loyalty.card"]._check_ledger_group("loyalty_ledger.group_loyalty_manager")
        self.check_access("write")
        self._lock_states()
        notes = [exception._say_resolved() for exception in self if exception.state != "open"]
        for exception in self.filtered(lambda exception: exception.kind == "debt" and exception.state == "open"):
            card, owed = exception._owed()
            if owed <= 0:
                notes.append(
                    self.env._(
                        "Card %s no longer owes anything for this. Nothing was waived.", exception.card_id._say_code()
                    )
                )
                continue
            entries = card._adjust(
                "add",
                owed,
                self.env._("Waived: %s", exception.document_name or exception.display_name),
                f"waive:{exception.id}",
                document=("loyalty.exception", exception.id),
                approved=False,
                waive=True,
            )
            if entries is None:
                raise UserError(
                    self.env._(
                        "%(points)s points on card %(card)s, together with what you granted its customer within 24 "
                        "hours, exceed the single-approver limit. Use Adjust Points, which asks a second manager for "
                        "approval.",
                        points=say_points(self.env, owed),
                        card=card._say_code(),
                    )
                )
            if not entries:
                notes.append(
                    self.env._("The debt of card %s was waived before. Nothing was waived again.", card._say_code())
                )
        self.action_resolve()
        if not notes:
            return True
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "message": "\n".join(notes),
                "className": "text-prewrap",
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _lock_states(self):
        """Two managers at once: the second one waits here and finds what the first one did."""
        self.flush_recordset()
        self.env.cr.execute(SQL("SELECT id FROM loyalty_exception WHERE id = ANY(%s) ORDER BY id FOR UPDATE", self.ids))
        self.invalidate_recordset(["state"])

    def _owed(self):
        """Return the card that owes the points of this event now, and how many.

        A card that was linked to another or merged has handed its debt over; a closed one still owes it.
        """
        card = self.card_id.sudo()  # the right to waive was checked; managers have no write access to the ledger
        if card.points_to_id:
            return card.points_to_id, min(self.points, card.points_to_id.debt_points)
        entry = self.entry_id.sudo()
        own = entry.unpaid_points if entry and entry.card_id == card else card.debt_points
        return card, min(self.points, own, card.debt_points)

    def _say_resolved(self):
        return self.env._(
            "%(exception)s was resolved by %(name)s on %(time)s. Nothing was waived again.",
            exception=self.display_name,
            name=self.sudo().resolved_by_id.name or "",
            time=format_datetime(self.env, self.resolved_on) if self.resolved_on else "",
        )

    def action_reopen(self):
        """Put exceptions back on the list."""
        self.env["loyalty.card"]._check_ledger_group("loyalty_ledger.group_loyalty_manager")
        self.check_access("write")
        # The group was checked; the status itself is not editable.
        self.sudo().write({"state": "open", "resolved_by_id": False, "resolved_on": False})
        return True

    # --- nightly verification ------------------------------------------------------------------------------------

    @api.model
    def _cron_verify(self):
        """Verify the ledger; list new damage as exceptions and call a ledger manager."""
        return self.sudo()._report_damage(self.env["loyalty.card"].sudo()._verify_ledger())

    @api.model
    def _report_damage(self, problems):
        """Create an exception for each problem that is not on the list yet, with one activity on the first.

        What somebody has looked at and resolved is no news either, as long as every verification finds it: a seal that
        is broken stays broken. What was gone in between is reported again.

        :param problems: what ``loyalty.card._verify_ledger`` returned
        :return: the new exceptions
        """
        found = {(problem["model"], problem["id"], problem["problem"]) for problem in problems}
        listed = self.search([("kind", "=", "verify"), "|", ("state", "=", "open"), ("is_found", "=", True)])
        known = {(exception.res_model, exception.res_id, exception.note) for exception in listed}
        for exception in listed:
            still = (exception.res_model, exception.res_id, exception.note) in found
            if exception.is_found != still:
                exception.is_found = still
        fresh = [problem for problem in problems if (problem["model"], problem["id"], problem["problem"]) not in known]
        exceptions = self.create([self._prepare_damage_vals(problem) for problem in fresh[:REPORTED]])
        if exceptions:
            exceptions[0].activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Points ledger: %s discrepancies", len(fresh)),
                note=self.env._(
                    "The nightly verification found rows that were changed outside the ledger. "
                    "Open Loyalty / Reports / Verify Ledger for the whole list."
                ),
                user_id=self._damage_reviewer().id,
            )
        return exceptions

    @api.model
    def _prepare_damage_vals(self, problem):
        row = self.env[problem["model"]].browse(problem["id"])
        card = (
            row if row._name == "loyalty.card" else row.card_id if "card_id" in row._fields else row.env["loyalty.card"]
        )
        return {
            "kind": "verify",
            "card_id": card.id,
            "program_id": card.program_id.id,
            "company_id": card.company_id.id,
            "res_model": row._name,
            "res_id": row.id,
            "note": problem["problem"],
        }

    @api.model
    def _damage_reviewer(self):
        """Who gets the activity: a ledger manager, rather a colleague than the administrator. Override to choose."""
        managers = self.env.ref("loyalty_ledger.group_loyalty_manager").all_user_ids.filtered("active")
        people = managers - self.env.ref("base.user_root") - (self.env.ref("base.user_admin", False) or managers[:0])
        return (people or managers or self.env.user).sorted("id")[0]
