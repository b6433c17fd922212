import time

from odoo import fields, models
from odoo.exceptions import AccessError

AUDITORS = ("loyalty_ledger.group_loyalty_auditor", "loyalty_ledger.group_loyalty_manager")
#: Problems shown at most: a damaged table has millions, the first ones say where it began.
SHOWN = 1000


class LoyaltyVerification(models.TransientModel):
    """One run of "Verify Ledger" and what it found (N5)."""

    _name = "loyalty.verification"
    _description = "Verification of the Points Ledger"

    date = fields.Datetime("Verified On", readonly=True)
    duration = fields.Float("Seconds", readonly=True)
    entry_count = fields.Integer("Transactions", readonly=True)
    card_count = fields.Integer("Cards", readonly=True)
    lot_count = fields.Integer("Lots", readonly=True)
    seal_count = fields.Integer("Seals", readonly=True)
    sealed_up_to = fields.Datetime("Sealed On", readonly=True)
    problem_count = fields.Integer("Problems", readonly=True)
    state = fields.Selection([("ok", "No Discrepancies"), ("bad", "Failed")], "Result", readonly=True)
    line_ids = fields.One2many("loyalty.verify.line", "verification_id", "Discrepancies", readonly=True)

    def _compute_display_name(self):
        self.display_name = self.env._("Verification of the Ledger")

    def action_verify(self):
        """Verify now and show the result, of no record or of an earlier one; for auditors and managers."""
        self._check_may_verify()
        verification = self._run()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Verify Ledger"),
            "res_model": self._name,
            "res_id": verification.id,
            "views": [(False, "form")],
            "target": "current",
        }

    def _check_may_verify(self):
        if not self.env.su and not any(self.env.user.has_group(group) for group in AUDITORS):
            raise AccessError(self.env._("Only loyalty auditors and managers can verify the ledger."))

    def _run(self):
        started, clock = fields.Datetime.now(), time.monotonic()
        # The whole ledger, whatever companies the reader works in: a chain of hashes has no company.
        sudo = self.sudo().with_context(active_test=False)
        problems = sudo.env["loyalty.card"]._verify_ledger()
        seals = sudo.env["loyalty.ledger.seal"]
        verification = self.create({})
        verification.sudo().write(
            {
                "date": started,
                "duration": time.monotonic() - clock,
                "entry_count": sudo.env["loyalty.ledger.entry"].search_count([]),
                "card_count": sudo.env["loyalty.card"].search_count([("ledgered", "=", True)]),
                "lot_count": sudo.env["loyalty.lot"].search_count([]),
                "seal_count": seals.search_count([]),
                "sealed_up_to": seals.search([], limit=1).date,
                "problem_count": len(problems),
                "state": "bad" if problems else "ok",
                "line_ids": [
                    (0, 0, {"res_model": problem["model"], "res_id": problem["id"], "problem": problem["problem"]})
                    for problem in problems[:SHOWN]
                ],
            }
        )
        return verification
