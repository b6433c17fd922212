from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.loyalty_card_adjust import MANAGER


class LoyaltyReplaceWizard(models.TransientModel):
    """A lost card: new number, same points, old number closed, in one step."""

    _name = "loyalty.replace.wizard"
    _inherit = ["loyalty.values.mixin"]
    _description = "Replace a Loyalty Card"

    card_id = fields.Many2one("loyalty.card", "Card", required=True, domain=[("ledgered", "=", True)])
    partner_id = fields.Many2one(related="card_id.partner_id", string="Customer")
    old_code = fields.Char("Old Number", compute="_compute_old_code", store=True, readonly=False, precompute=True)
    available_points = fields.Float(related="card_id.available_points")
    new_code = fields.Char("New Number", help="Scan the new card. Empty: a number is generated.")
    prints = fields.Boolean("Print the New Card")
    done = fields.Boolean(readonly=True)

    @api.depends("card_id")
    def _compute_old_code(self):
        """The number of when the window was opened: another one may replace it before this one is confirmed."""
        for wizard in self:
            wizard.old_code = wizard.card_id.code

    def action_confirm(self):
        """Replace the number; a second click replaces nothing again.

        :raises odoo.exceptions.UserError: where the card got another number after the window was opened
        """
        self.ensure_one()
        card = self.card_id
        card._check_ledger_group(MANAGER)
        if not self.done:
            card._lock_cards(card.ids)
            if card.code != self.old_code:
                raise UserError(
                    self.env._(
                        "Somebody else replaced this card a moment ago: its number is %s now. Close this window. If that "
                        "card is lost too, replace it again.",
                        card._shown_code(),
                    )
                )
            card._replace(self.new_code)
            self.done = True
        if self.prints:
            return {**card.action_print_card(), "close_on_report_download": True}
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("The new number is %s. The old one is closed.", card._shown_code()),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
