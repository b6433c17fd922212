"""The steps of a close: what each does, what it shows first, and what it leaves on record."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.ledger.settled import seen_up_to
from odoo.addons.loyalty_ledger.models.loyalty_card_purge import LOT_EXPIRY
from odoo.addons.loyalty_ledger.tools.words import say_points

from ..books.movements import ROLLFORWARD
from .loyalty_close import STEPS


class LoyaltyCloseStep(models.Model):
    """A step of a close for one program. ``_step_<code>`` does it, ``_preview_<code>`` shows its figures."""

    _name = "loyalty.close.step"
    _description = "Step of a Loyalty Close"
    _order = "sequence, id"

    close_id = fields.Many2one("loyalty.close", "Close", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="close_id.company_id", store=True, precompute=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    code = fields.Selection(
        [
            ("inquire", "Freeze Figures"),
            ("write_off", "Write Off Expired Points"),
            ("roll_over", "Roll Over Credits"),
            ("accrue", "Accrue"),
            ("defer", "Defer Revenue"),
            ("account_journals", "Post Account Credits"),
            ("prove", "Reconcile"),
            ("pack", "Report Pack"),
        ],
        "Step",
        required=True,
        readonly=True,
    )
    sequence = fields.Integer(compute="_compute_sequence", store=True, precompute=True)
    program_id = fields.Many2one("loyalty.program", "Program", readonly=True, ondelete="restrict")
    state = fields.Selection(
        [("todo", "To Do"), ("done", "Done"), ("skipped", "Skipped")],
        "Status",
        required=True,
        readonly=True,
        default="todo",
    )
    points = fields.Float("Points", digits=(16, 4), readonly=True)
    amount = fields.Monetary("Amount", readonly=True)
    note = fields.Text("Details", readonly=True)
    problem = fields.Text("Problem", readonly=True)
    reason = fields.Char(
        "Reason for Accepting", help="Why the close goes on although points and books do not agree. Kept on record."
    )
    done_at = fields.Datetime("Done On", readonly=True)
    user_id = fields.Many2one("res.users", "Done By", readonly=True, ondelete="restrict")
    run_id = fields.Many2one("loyalty.accrual.run", "Accrual Run", readonly=True, ondelete="restrict")
    proof_id = fields.Many2one("loyalty.proof", "Reconciliation", readonly=True, ondelete="restrict")
    is_next = fields.Boolean(compute="_compute_is_next")

    @api.depends("code")
    def _compute_sequence(self):
        for step in self:
            step.sequence = STEPS.index(step.code) if step.code else 0

    @api.depends("state", "close_id.step_ids.state")
    def _compute_is_next(self):
        for step in self:
            codes = [other.code for other in step.close_id.step_ids if other.state == "todo"]
            step.is_next = (
                step.state == "todo"
                and step.close_id.state != "done"
                and step.code == min(codes, key=STEPS.index, default=None)
            )

    @api.depends("code", "program_id")
    def _compute_display_name(self):
        for step in self:
            step.display_name = f"{step._label()} {step.program_id.name}" if step.program_id else step._label()

    def _label(self):
        return dict(self._fields["code"]._description_selection(self.env)).get(self.code, "")

    def write(self, vals):
        if not self.env.su:
            if vals.keys() - {"reason"}:
                raise UserError(self.env._("Steps of a close are run, not edited. Only the reason can be written."))
            if any(step.state != "todo" for step in self):
                raise UserError(self.env._("This step is done and stays as it is."))
        return super().write(vals)

    # --- running -------------------------------------------------------------------------------------------------

    def _execute(self):
        """Do the step and note what came out. A step that is done already is left alone."""
        self.ensure_one()
        if self.state != "todo":  # between two commits of the job somebody ran it by hand
            return
        values = {"state": "done", "problem": False, **getattr(self, f"_step_{self.code}")()}
        if values["state"] != "todo":
            values |= {"done_at": fields.Datetime.now(), "user_id": self.env.uid}
        self.sudo().write(values)  # the row is the server's; the right to run was checked by the close

    def _goes_on(self):
        """Return whether the step did a batch of its work and has more to do. Override in add-ons with long steps."""
        return False

    def _is_batched(self):
        """Return whether each batch of a long step is kept: a job commits it, and the screen asks for one at a time."""
        return "cron_id" in self.env.context or "loyalty_close_parts" in self.env.context

    def _preview(self):
        """Show the figures of an open step as they would be now."""
        self.ensure_one()
        show = getattr(self, f"_preview_{self.code}", None)
        if show:
            self.sudo().write(show())  # the row is the server's; the right to run was checked by the close

    def action_run(self):
        """Run this step for all its programs."""
        self.close_id._check_rights()
        self.ensure_one()
        return self.close_id.action_run(self.code)

    def action_accept(self):
        """Go on although points and books do not agree; the reason stays on the close."""
        self.close_id._check_rights()
        self.ensure_one()
        if self.code != "prove" or self.state != "todo" or not self.proof_id:
            raise UserError(self.env._("Only differences that a reconciliation of this close found can be accepted."))
        self.close_id._lock()
        if not (self.reason or "").strip():
            raise UserError(self.env._("Write the reason for accepting the differences into the row first."))
        # The row is the server's; the right to run was checked.
        self.sudo().write(
            {"state": "done", "problem": False, "done_at": fields.Datetime.now(), "user_id": self.env.uid}
        )
        self.close_id.message_post(
            body=self.env._("Differences of %(step)s accepted: %(reason)s", step=self.display_name, reason=self.reason)
        )
        self.close_id._finish()
        return True

    def action_open(self):
        """Open what the step made: the accrual run, the reconciliation, or the transactions written off."""
        self.check_access("read")
        self.ensure_one()
        record = self.run_id or self.proof_id
        if record:
            return record._get_records_action()
        action = self.env["ir.actions.act_window"]._for_xml_id("loyalty_ledger.loyalty_ledger_entry_action")
        domain = [
            ("program_id", "=", self.program_id.id),
            ("effective_date", ">=", self.close_id.date_from),
            ("effective_date", "<=", self.close_id.date_to),
        ]
        if self.code == "write_off":
            domain.append(("kind", "=", "expire"))
        return {**action, "domain": domain, "context": {}}

    # --- freeze figures ------------------------------------------------------------------------------------------

    def _step_inquire(self):
        """Note what the period did before the close changes anything, and what may still be missing from it."""
        closing = self._freeze("before")
        return {"points": closing[0], "amount": closing[1], "note": " ".join(self._warnings()) or False}

    def _preview_inquire(self):
        figures = self.program_id._rollforward(self.close_id.date_from, self.close_id.date_to)
        points, amount = figures["closing"]
        return {"points": points, "amount": amount, "note": " ".join(self._warnings()) or False}

    def _freeze(self, stage):
        """Keep the roll-forward of the program as it is now; return its closing points and amount."""
        close, program = self.close_id, self.program_id
        figures = program._rollforward(close.date_from, close.date_to)
        rows = [{"name": name, "points": figures[name][0], "amount": figures[name][1]} for name in ROLLFORWARD]
        rows.append({"name": "owed", "points": -program._owed_points(close.date_to), "amount": 0.0})
        # Figures are the server's; the right to run was checked.
        self.env["loyalty.close.figure"].sudo().create(
            [{"close_id": close.id, "program_id": program.id, "stage": stage, **row} for row in rows]
        )
        return figures["closing"]

    def _warnings(self):
        """Return sentences about what may still change the period. Override to add what an add-on knows."""
        _ = self.env._
        found = []
        exceptions = self.env["loyalty.exception"].sudo()  # counted only; accountants need no right in the Loyalty app
        count = exceptions.search_count([("program_id", "=", self.program_id.id), ("state", "=", "open")])
        if count:
            found.append(
                _("%s exceptions are not resolved.", count) if count > 1 else _("1 exception is not resolved.")
            )
        moves = self.env["account.move"].sudo()  # counted only; the right to run was checked by the close
        count = moves.search_count(
            [
                ("company_id", "=", self.company_id.id),
                ("loyalty_sync_error", "!=", False),
                ("date", "<=", self.close_id.date_to),
            ]
        )
        if count:
            found.append(
                _("%s invoices have a loyalty problem.", count) if count > 1 else _("1 invoice has a loyalty problem.")
            )
        return found

    # --- write off -----------------------------------------------------------------------------------------------

    def _expired(self):
        """Return points and value on the books of what expired until the end of the period.

        Points expire on the day after their last usable day: those usable on the last day belong to the next period.
        """
        self.env.flush_all()
        ((points, amount),) = self.env.execute_query(
            SQL(
                """
                SELECT COALESCE(sum(l.remaining), 0), COALESCE(sum(v.amount), 0)
                  FROM loyalty_lot l
                  JOIN loyalty_card c ON c.id = l.card_id JOIN loyalty_program p ON p.id = l.program_id
                 CROSS JOIN LATERAL (SELECT COALESCE(sum(amount), 0) AS amount FROM loyalty_valuation
                                      WHERE lot_id = l.id) v
                 WHERE l.program_id = %(program)s AND l.remaining > 0 AND %(expiry)s < %(date)s
                """,
                program=self.program_id.id,
                expiry=LOT_EXPIRY,
                date=self.close_id.date_to,
            )
        )
        return points, amount

    def _preview_write_off(self):
        points, amount = self._expired()
        return {"points": -points, "amount": -amount}

    def _step_write_off(self):
        """Write off what expired until the end of the period; the nightly job has usually done it already."""
        points, amount = self._expired()
        if points:
            # The job's own work, for one program; the right to run was checked.
            self.env["loyalty.card"].sudo()._purge(self.program_id, as_of=self.close_id.date_to, commit=False)
            left = self._expired()
            points, amount = points - left[0], amount - left[1]
            if left[0]:
                return {
                    "points": -points,
                    "amount": -amount,
                    "note": self.env._(
                        "%s expired points are reserved by documents, or their cards were in use: the nightly job writes "
                        "them off later.",
                        say_points(self.env, left[0]),
                    ),
                }
        return {"points": -points, "amount": -amount}

    # --- accrue --------------------------------------------------------------------------------------------------

    def _accrual(self):
        """Return the open accrual run of the step, made when there is none."""
        if self.run_id.state in ("draft", "preview"):
            return self.run_id
        run = self.env["loyalty.accrual.run"].create(
            {"program_id": self.program_id.id, "date_to": self.close_id.date_to}
        )
        self.sudo().run_id = run  # the row is the server's; the right to run was checked
        return run

    def _is_accrued_later(self):
        until = self.program_id.accrued_until
        return until and until > self.close_id.date_to

    def _say_accrued_later(self):
        return self.env._(
            "Points are accrued until a later day already; what changed in this period is part of the next run."
        )

    def _preview_accrue(self):
        if self._is_accrued_later():
            return {"note": self._say_accrued_later()}
        figures = self._preview_run()
        points, amount = self._changed_by_earlier_steps()
        return {"points": figures["points"] + points, "amount": self.currency_id.round(figures["amount"] + amount)}

    def _preview_run(self):
        """Return what the run would post if it were the first step."""
        run = self._accrual()
        run.action_preview()
        return {"points": run.target_points, "amount": run.amount}

    def _other_step(self, code):
        """Return the step of this code for the same program, as long as it is not done."""
        return self.close_id.step_ids.filtered(
            lambda step: step.code == code and step.program_id == self.program_id and step.state == "todo"
        )

    def _changed_by_earlier_steps(self):
        """Return points and amount by which earlier steps, as previewed, change what the run of now would accrue.

        What expires is written off by then, and with it what the run plans for its lots. Override to add.
        """
        points = self._other_step("write_off").points
        if not points:
            return 0.0, 0.0
        ((amount,),) = self.env.execute_query(
            SQL(
                """
                SELECT COALESCE(sum(n.amount), 0)
                  FROM loyalty_accrual_plan n JOIN loyalty_lot l ON l.id = n.lot_id
                  JOIN loyalty_card c ON c.id = l.card_id JOIN loyalty_program p ON p.id = l.program_id
                 WHERE l.remaining > 0 AND %s < %s
                """,
                LOT_EXPIRY,
                self.close_id.date_to,
            )
        )
        return points, -float(amount)

    def _step_accrue(self):
        """Bring the liability to what was outstanding at the end of the period."""
        if self._is_accrued_later():
            return {"state": "skipped", "note": self._say_accrued_later()}
        run = self._accrual()
        run.action_preview()
        run.action_post()
        return {"points": run.target_points, "amount": run.amount, "note": run.lock_message}

    # --- reconcile -----------------------------------------------------------------------------------------------

    def _step_prove(self):
        """Prove the program as of the end of the period; differences stop the close until they are fixed or accepted."""
        proof = self.env["loyalty.proof"].create({"program_id": self.program_id.id, "date": self.close_id.date_to})
        proof.action_reconcile()
        self.sudo().proof_id = proof  # the row is the server's; the right to run was checked
        values = {"points": proof.residual_points, "amount": proof.residual}
        others = self.close_id.step_ids.filtered(lambda step: step.code == "prove" and step != self)
        self.close_id.sudo().residual = sum(others.mapped("amount")) + proof.residual
        if proof.state == "bad":
            return {
                **values,
                "state": "todo",
                "problem": self.env._(
                    "Points and books do not agree. Open the reconciliation, fix what it names and run the step again, "
                    "or write a reason and accept the differences."
                ),
            }
        return values

    # --- pack ----------------------------------------------------------------------------------------------------

    def _step_pack(self):
        """Attach the report pack and note which transactions it covers."""
        for step in self.close_id.step_ids.filtered(lambda step: step.code == "prove"):
            step._freeze("after")
        # The number is the server's; the right to run was checked.
        self.close_id.sudo().last_entry_id = seen_up_to(self.env.cr, self.env.registry)
        self.close_id._attach_pack()
        return {}
