"""Reconcile Loyalty: the proof of a program for a day, kept with who asked for it and when."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_date

from odoo.addons.loyalty_ledger.tools.today import loyalty_today

PROVERS = (
    "account.group_account_readonly",
    "account.group_account_user",
    "account.group_account_manager",
    "loyalty_ledger.group_loyalty_auditor",
    "loyalty_ledger.group_loyalty_manager",
)
COMPARISONS = [
    ("points", "Points"),
    ("value", "Value"),
    ("completeness", "Completeness"),
    ("payments", "Payments"),
]
#: What people ask; everything else is the answer.
QUESTION = frozenset(("program_id", "date"))
PARTS = tuple(name for name, __ in COMPARISONS)


class LoyaltyProof(models.Model):
    """The result of one proof, which stays as it was found; proving again is another record.

    A proof changes nothing in the books.
    """

    _name = "loyalty.proof"
    _inherit = ["loyalty.server.fields.mixin", "loyalty.values.mixin"]
    _description = "Reconcile Loyalty"
    _order = "id desc"

    program_id = fields.Many2one(
        "loyalty.program",
        "Program",
        required=True,
        ondelete="cascade",
        default=lambda self: self._default_program_id(),
        domain=["|", ("program_type", "=", "loyalty"), ("accounting_policy", "=", "stored_value")],
    )
    company_id = fields.Many2one(related="program_id.company_id", store=True, precompute=True)
    currency_id = fields.Many2one(related="program_id.currency_id")
    proved_at = fields.Datetime("Reconciled On", readonly=True, copy=False)
    user_id = fields.Many2one("res.users", "Reconciled By", readonly=True, copy=False, ondelete="restrict")
    date = fields.Date(
        "As of",
        required=True,
        compute="_compute_date",
        store=True,
        readonly=False,
        precompute=True,
        help="Everything up to the end of this day.",
    )
    state = fields.Selection(
        [("draft", "New"), ("ok", "Proved"), ("waiting", "Proved, with known differences"), ("bad", "Differences")],
        "Result",
        readonly=True,
        default="draft",
        copy=False,
    )
    residual = fields.Monetary("Unexplained", readonly=True, copy=False)
    residual_points = fields.Float("Unexplained Points", digits=(16, 4), readonly=True, copy=False)
    part_ids = fields.One2many("loyalty.proof.part", "proof_id", "Comparisons", readonly=True, copy=False)
    point_part_ids = fields.One2many(
        "loyalty.proof.part", "proof_id", "Points", domain=[("part", "=", "points")], readonly=True, copy=False
    )
    money_part_ids = fields.One2many(
        "loyalty.proof.part", "proof_id", "Money", domain=[("part", "!=", "points")], readonly=True, copy=False
    )
    line_ids = fields.One2many("loyalty.proof.line", "proof_id", "Differences", readonly=True, copy=False)

    def _default_program_id(self):
        programs = self.env["loyalty.program"].search(
            [("accounting_policy", "!=", "none"), ("company_id", "in", self.env.companies.ids)], limit=2
        )
        return programs if len(programs) == 1 else programs.browse()

    @api.depends("program_id")
    def _compute_date(self):
        for proof in self:
            proof.date = loyalty_today(self.env, proof.program_id.company_id)

    def _compute_display_name(self):
        for proof in self:
            day = format_date(self.env, proof.date) if proof.date else ""
            proof.display_name = f"{proof.program_id.name or ''} {day}".strip()

    @api.model
    def _server_fields(self):
        return self._fields.keys() - QUESTION

    def _changes(self, name, value):
        return True  # nobody has to send them, whatever they say

    @api.model
    def _say_server_fields(self, names):
        return self.env._("The result of a reconciliation cannot be changed. Reconcile again.")

    def write(self, vals):
        """The answer belongs to its question: both stay as they are once there is one."""
        if vals.keys() & QUESTION and any(proof.state != "draft" for proof in self):
            raise UserError(
                self.env._("A finished reconciliation is kept as it is. Use New for another program or another day.")
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_finished(self):
        if any(proof.state != "draft" for proof in self):
            raise UserError(self.env._("A finished reconciliation is evidence and cannot be deleted."))

    def _check_rights(self):
        if not self.env.su and not any(self.env.user.has_group(group) for group in PROVERS):
            raise AccessError(self.env._("Only accountants, loyalty auditors and loyalty managers can reconcile."))

    def action_reconcile(self):
        """Compare ledger and books and note what differs; a finished proof stays, and a new one is opened."""
        self.ensure_one()
        self._check_rights()
        self.program_id.check_access("read")
        if self.state != "draft":
            again = self.copy()
            again.action_reconcile()
            return again._get_records_action()
        result = self.program_id._loyalty_proof(self.date)
        labels = self._part_labels()
        if self.program_id._keeps_stored_value():
            labels |= self._stored_part_labels()
        proof = self.sudo()  # nobody has write access to results; the right to reconcile was checked
        proof.write(
            {
                "proved_at": fields.Datetime.now(),
                "user_id": self.env.uid,
                "residual": result["residual"],
                "residual_points": result["residual_points"],
                "state": self._result_state(result),
                "part_ids": [
                    fields.Command.create(
                        {
                            "part": name,
                            "ledger_label": labels[name][0],
                            "books_label": labels[name][1],
                            **{key: result[name][key] for key in ("ledger", "books", "difference", "residual")},
                        }
                    )
                    for name in PARTS
                ],
                "line_ids": [
                    fields.Command.create(
                        {
                            "part": name,
                            "res_model": item["model"],
                            "res_id": item["id"],
                            "problem": item["problem"],
                            "amount": item["amount"],
                            "size": 0.0 if item["amount"] else item["size"],
                            "is_explained": item["explained"],
                        }
                    )
                    for name in PARTS
                    for item in sorted(result[name]["items"], key=lambda item: item["explained"])
                ],
            }
        )
        return True

    def action_reconcile_all(self):
        """Reconcile every program that is on the books, as of today, and list the results.

        :raises odoo.exceptions.UserError: where no program is
        """
        self._check_rights()
        programs = self.env["loyalty.program"].search(
            [("accounting_policy", "!=", "none"), ("company_id", "in", self.env.companies.ids)]
        )
        if not programs:
            raise UserError(self.env._("No program is on the books: use Set Up Accounting on a program first."))
        proofs = self.create([{"program_id": program.id} for program in programs])
        for proof in proofs:
            proof.action_reconcile()
        action = self.env["ir.actions.act_window"]._for_xml_id("loyalty_account.loyalty_proof_action")
        return {**action, "domain": [("id", "in", proofs.ids)], "name": self.env._("All Programs")}

    @staticmethod
    def _result_state(result):
        is_wrong = any(not item["explained"] for name in PARTS for item in result[name]["items"])
        if is_wrong or result["residual"] or result["residual_points"]:
            return "bad"
        return "waiting" if any(result[name]["items"] for name in PARTS) else "ok"

    def _stored_part_labels(self):
        _ = self.env._
        return {
            "value": (_("Balances of cards"), _("Liability account")),
            "completeness": (_("Balances left in lots"), _("Value lines")),
            "payments": (_("Paid out beyond a balance"), _("Allowed")),
        }

    def _part_labels(self):
        _ = self.env._
        return {
            "points": (_("Transactions"), _("Lots less what is owed")),
            "value": (_("Value lines"), _("Liability account")),
            "completeness": (_("Outstanding points at value"), _("Value lines")),
            "payments": (_("Redeemed points at value"), _("Paid by documents")),
        }


class LoyaltyProofPart(models.Model):
    """One of the four comparisons."""

    _name = "loyalty.proof.part"
    _description = "Comparison of a Loyalty Proof"
    _order = "id"

    proof_id = fields.Many2one("loyalty.proof", required=True, readonly=True, ondelete="cascade", index=True)
    part = fields.Selection(COMPARISONS, "Comparison", readonly=True)
    ledger_label = fields.Char("What", readonly=True)
    ledger = fields.Float("Ledger", digits=(16, 2), readonly=True)
    books_label = fields.Char("Against", readonly=True)
    books = fields.Float("Books", digits=(16, 2), readonly=True)
    difference = fields.Float("Difference", digits=(16, 2), readonly=True)
    residual = fields.Float("Unexplained", digits=(16, 2), readonly=True)


class LoyaltyProofLine(models.Model):
    """A row that makes a difference."""

    _name = "loyalty.proof.line"
    _inherit = ["loyalty.document.mixin"]
    _description = "Difference of a Loyalty Proof"
    _order = "id"

    proof_id = fields.Many2one("loyalty.proof", required=True, readonly=True, ondelete="cascade", index=True)
    part = fields.Selection(COMPARISONS, "Comparison", readonly=True)
    res_model = fields.Char("Model", readonly=True)
    res_id = fields.Many2oneReference("Row", model_field="res_model", readonly=True)
    row_name = fields.Char("Record", compute="_compute_row_name")
    problem = fields.Text("What", readonly=True)
    amount = fields.Float(
        "Amount", digits=(16, 2), readonly=True, help="In points where points are compared, otherwise in money."
    )
    size = fields.Float(
        "Size",
        digits=(16, 2),
        readonly=True,
        help="Size of the difference in money or in points, also if both sides of the comparison are equal.",
    )
    is_explained = fields.Boolean(
        "Expected",
        readonly=True,
        help="Known and explained: it is part of the next accrual run, or it is in the list of exceptions.",
    )

    def _compute_row_name(self):
        for line in self:
            # Only named here; the button opens the row with the reader's own rights.
            row = self.env[line.res_model].sudo().browse(line.res_id).exists() if line.res_model in self.env else None
            line.row_name = row.display_name if row else f"#{line.res_id}"
