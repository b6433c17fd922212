"""What a return takes back of a payment by points."""

from odoo import models

from ..books.booking import Booked
from ..books.return_terms import CONTEXT_KEY


class AccountPayment(models.Model):
    _inherit = "account.payment"

    def _loyalty_money(self):
        """Return what this payment with points is worth in company currency."""
        return self.amount

    def _loyalty_booked(self):
        """Return what this payment with points booked by sets of taxes, and what of it came back."""
        returns = self.loyalty_return_ids.filtered(lambda payment: payment._redemption_in_force()[0])
        return Booked(self.move_id, self.destination_account_id, returns.move_id)

    def _given_back_for(self, notes):
        """Return ``{credit note: how much of this payment it gave back}``; the payment may have paid other sales too."""
        returns = self.loyalty_return_ids.filtered(
            lambda payment: payment.loyalty_move_id in notes and payment._redemption_in_force()[0]
        )
        return {note: sum(payments.mapped("amount")) for note, payments in returns.grouped("loyalty_move_id").items()}

    def _give_back_part(self, credit_note, amount, terms):
        """Make the payment that gives ``amount`` of this one back, and match it.

        It settles the credit note, or this payment's own credit where cancelling the invoice set it free.
        """
        self.ensure_one()
        program = self.loyalty_card_id.sudo().program_id  # whoever posts the credit note need not see the program
        returns = self.loyalty_return_ids.filtered(lambda payment: payment._redemption_in_force()[0])
        points = self._points_given_back(amount, returns)
        payment = self.with_context(**{CONTEXT_KEY: terms}).create(
            {
                "payment_type": "outbound",
                "partner_type": "customer",
                "partner_id": self.partner_id.id,
                "company_id": self.company_id.id,
                "journal_id": self.journal_id.id,
                "payment_method_line_id": program._loyalty_method_line("outbound", self.journal_id).id,
                "currency_id": self.currency_id.id,
                "amount": amount,
                # A credit note may be dated before points paid; these never come back before they were taken.
                "date": max(credit_note.date, self.move_id.date),
                "memo": credit_note.payment_reference or credit_note.name,
                "destination_account_id": self.destination_account_id.id,
                "loyalty_card_id": self.loyalty_card_id.id,
                "loyalty_points": points,
                "loyalty_move_id": credit_note.id,
                "loyalty_origin_id": self.id,
                "write_off_line_vals": [],
            }
        )
        payment = payment.with_env(self.env)
        payment.action_post()
        open_lines = (payment | self).move_id.line_ids.filtered(
            lambda line: line.account_id == self.destination_account_id and not line.reconciled
        )
        if len(open_lines.move_id) > 1:
            open_lines.reconcile()
        payment._log_redemption(credit_note)
        return payment
