"""Credits that went to a customer's account: their entry takes the points, and undoing it gives them back."""

from odoo import api, fields, models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    _inherit = "account.move"

    is_loyalty_credit = fields.Boolean(
        "Account Credit",
        copy=False,
        readonly=True,
        help="Loyalty credits of a period that were posted to the customer's account. They pay the next invoice.",
    )

    @api.model
    def _server_fields(self):
        return super()._server_fields() | {"is_loyalty_credit"}

    def button_draft(self):
        """What an accrual counted, or a lock date closes, is undone by an entry of its own day; for credit notes of points
        there is none."""
        for move in self.filtered(lambda move: move.is_loyalty_credit and move.move_type == "entry"):
            if move.state == "posted" and move._loyalty_must_stay():
                raise UserError(
                    self.env._(
                        "%s is part of a month that was accrued or locked, so it stays. Use Reverse Entry: the reversal has a "
                        "date of its own and returns the credits to the card.",
                        move.display_name,
                    )
                )
        return super().button_draft()

    def _loyalty_redeemed_on(self):
        """Account credits paid no document: they are the customer's, settle any of the account, and can be paid out."""
        return super(AccountMove, self.filtered(lambda move: not move.is_loyalty_credit))._loyalty_redeemed_on()

    def _check_reduction_pays(self, lines, sign, total):
        """Account credits lower no document of their own: what they are worth was checked by their lines."""
        if not self.is_loyalty_credit:
            super()._check_reduction_pays(lines, sign, total)

    def _check_loyalty_items(self):
        """Account credits, and what reverses them, keep their journal items and their customer."""
        credits_ = self.filtered(lambda move: move.is_loyalty_credit or move.reversed_entry_id.is_loyalty_credit)
        super(AccountMove, self - credits_)._check_loyalty_items()
        for move in credits_:
            origin = move if move.loyalty_items else move.reversed_entry_id
            if move.state != "posted" or move.move_type != "entry" or not origin.loyalty_items:
                continue
            items = move._list_loyalty_items(1 if origin == move else -1)
            if move.line_ids.partner_id - origin.partner_id or items != origin.loyalty_items:
                raise UserError(
                    self.env._(
                        "%s carries loyalty credits of its customer and must keep its journal items: accounts, amounts, taxes "
                        "and customer. Undo your changes, or cancel the entry, which returns the credits to the card.",
                        move.display_name,
                    )
                )
