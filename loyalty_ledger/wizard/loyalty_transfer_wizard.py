from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..ledger.rounding import to_units
from ..ledger.usability import ADJUST
from ..models.loyalty_card_adjust import MANAGER


class LoyaltyTransferWizard(models.TransientModel):
    """Move points, or everything, to another card of the program; the points keep their dates (N11)."""

    _name = "loyalty.transfer.wizard"
    _inherit = ["loyalty.values.mixin"]
    _description = "Transfer Loyalty Points"

    card_id = fields.Many2one("loyalty.card", "From Card", required=True, domain=[("ledgered", "=", True)])
    program_id = fields.Many2one(related="card_id.program_id")
    available_points = fields.Float(related="card_id.available_points")
    outstanding_points = fields.Float("Outstanding", related="card_id.points")
    target_card_id = fields.Many2one(
        "loyalty.card",
        "To Card",
        required=True,
        domain="[('program_id', '=', program_id), ('id', '!=', card_id), ('ledgered', '=', True), "
        "('closed', '=', False), ('points_to_id', '=', False)]",
    )
    target_points = fields.Float("Balance of the Receiving Card", related="target_card_id.points")
    everything = fields.Boolean(
        "Everything", help="The whole balance, pending points, debt, and what counts for the level."
    )
    points = fields.Float("Points", digits=(16, 4))
    reason = fields.Char("Reason", help="Customers can see it: enter no personal data.")
    source_after = fields.Float("Balance Left", digits=(16, 4), compute="_compute_after")
    target_after = fields.Float("Balance After", digits=(16, 4), compute="_compute_after")
    done = fields.Boolean(readonly=True)
    adjustment_id = fields.Many2one("loyalty.adjustment", readonly=True)

    @api.depends("card_id", "target_card_id", "everything", "points")
    def _compute_after(self):
        for wizard in self:
            moved = wizard.card_id.points if wizard.everything else wizard.points
            wizard.source_after = wizard.card_id.points - moved
            wizard.target_after = wizard.target_card_id.points + moved

    def action_confirm(self):
        """Post the transfer, or ask for approval above the limit (N10); a second click posts nothing."""
        self.ensure_one()
        _ = self.env._
        self.card_id._check_ledger_group(MANAGER)
        cards = self.card_id | self.target_card_id
        cards.check_access("write")
        if not (self.reason or "").strip():
            raise ValidationError(_("Give a reason for the transfer."))
        if not self.everything and to_units(self.points) <= 0:
            raise ValidationError(_("Enter a positive number of points, or choose Everything."))
        if problem := self.target_card_id._unusable_reason(purpose=ADJUST):
            raise ValidationError(problem)
        if self.done:
            return self._close()
        self.done = True
        points = 0 if self.everything else self.points
        if self.card_id._exceeds_transfer_limit(self.target_card_id, points):
            self.adjustment_id = self.env["loyalty.adjustment"]._request_transfer(
                self.card_id, self.target_card_id, points, self.reason.strip()
            )
            return self._close()
        operation = self.card_id.sudo()._transfer_op(self.target_card_id, points, self.reason.strip())
        self.env["loyalty.card"]._post_entries([{**operation, "key": f"transfer:wizard:{self.id}"}])
        return self._close()

    def _close(self):
        """Return the action that shows what waits for a second manager, or closes the dialog."""
        if not self.adjustment_id:
            return {"type": "ir.actions.act_window_close"}
        return {
            "type": "ir.actions.act_window",
            "res_model": "loyalty.adjustment",
            "res_id": self.adjustment_id.id,
            "views": [(False, "form")],
        }
