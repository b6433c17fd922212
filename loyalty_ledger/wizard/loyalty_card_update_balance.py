"""Odoo's wizard for the balance of a card: it adjusts, with a reason."""

from odoo import models
from odoo.exceptions import ValidationError

from ..ledger.rounding import to_units
from ..models.loyalty_card_adjust import MANAGER


class LoyaltyCardUpdateBalance(models.TransientModel):
    _name = "loyalty.card.update.balance"
    _inherit = ["loyalty.values.mixin", "loyalty.card.update.balance"]

    def action_update_card_point(self):
        """Post the difference under the card's lock, as an adjustment with the description as its reason (S21).

        Odoo gives salespeople and cashiers this wizard; setting a balance takes a loyalty manager (S20).
        """
        ledgered = self.filtered("card_id.ledgered")
        waiting = None
        for wizard in ledgered:
            card = wizard.card_id
            card._check_ledger_group(MANAGER)
            if wizard.new_balance < 0 or to_units(wizard.new_balance) == to_units(card.points):
                raise ValidationError(
                    self.env._("Enter a new balance of zero or more that differs from the current balance.")
                )
            before = card.points
            adjust = self.env["loyalty.adjust.wizard"].create(
                {"card_ids": card.ids, "mode": "set", "points": wizard.new_balance, "reason": wizard.description}
            )
            action = adjust.action_confirm()
            if adjust.adjustment_id:
                waiting = action  # show what waits for approval: the balance is as before
            change = card.points - before
            if change:
                self.env["loyalty.history"].create(
                    {
                        "card_id": card.id,
                        "description": wizard.description,
                        "used": max(-change, 0),
                        "issued": max(change, 0),
                    }
                )
        rest = self - ledgered
        result = super(LoyaltyCardUpdateBalance, rest).action_update_card_point() if rest else None
        return waiting or result
