"""Redemptions of invoices, as their payment sees them."""

from odoo import models
from odoo.exceptions import UserError

from odoo.addons.loyalty_ledger.tools.words import say_points


class AccountPayment(models.Model):
    _inherit = "account.payment"

    def _confirm_for_move(self):
        """Confirm a payment that was made for an invoice, which matches it, and say so."""
        self.action_post()
        self._log_redemption(self.loyalty_move_id)

    def _log_redemption(self, move):
        """Tell the invoice's or credit note's chatter about points and money."""
        card = self.loyalty_card_id.sudo()  # the message names the number, as the payment does
        values = {
            "points": say_points(self.env, self.loyalty_points),
            "card": card.code,
            "amount": self.currency_id.format(self.amount),
        }
        if self.payment_type == "inbound":
            body = self.env._("%(points)s loyalty points of card %(card)s were redeemed for %(amount)s.", **values)
        else:
            body = self.env._("%(points)s loyalty points worth %(amount)s went back to card %(card)s.", **values)
        move.message_post(body=body)

    def _check_loyalty_entry(self, changed):
        """Points cover what is due, and go back once."""
        confirmed = self.browse()
        for payment in self:
            move = payment.move_id
            for entry in (move | move.sudo().reversal_move_ids) & changed:  # all reversals count
                first = (move._loyalty_reversals() - entry)[:1]
                if first and (entry != move or entry.state != "posted"):
                    raise UserError(
                        self.env._(
                            "%(payment)s was reversed by %(entry)s already; its points can go back only once.",
                            payment=payment.display_name,
                            entry=first.display_name,
                        )
                    )
                if entry == move and entry.state == "posted" and payment.payment_type == "inbound":
                    payment._check_loyalty_due(
                        confirmed.filtered(
                            lambda other: other.loyalty_move_id == payment.loyalty_move_id  # noqa: B023 used at once
                        )
                    )
                    confirmed += payment
