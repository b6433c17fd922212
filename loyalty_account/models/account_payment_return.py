"""What a payment with points gives back of another one."""

from odoo import models
from odoo.exceptions import ValidationError

from odoo.addons.loyalty_ledger.ledger.rounding import as_points, part_of
from odoo.addons.loyalty_ledger.tools.words import say_points

from ..books.booking import Booked, BookedByLots
from ..books.return_terms import CONTEXT_KEY, ReturnTerms


class AccountPayment(models.Model):
    _inherit = "account.payment"

    def _loyalty_money(self):
        """Return what this payment with points is worth in company currency."""
        return self.amount

    def _loyalty_booked(self):
        """Return what this payment with points booked by sets of taxes, and what of it came back."""
        returns = self.loyalty_return_ids.filtered(lambda payment: payment._redemption_in_force()[0])
        kind = BookedByLots if self._relief_rows() else Booked
        return kind(self.move_id, self.destination_account_id, returns.move_id)

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
        # Users may lack access to the program (another company); the credit note was checked.
        program = self.loyalty_card_id.sudo().program_id
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

    def _check_loyalty_return(self):
        """Points come back only through a credit note: never more than the payment took, with the same card."""
        origin = self.loyalty_origin_id
        if not origin or origin.payment_type != "inbound" or not origin.loyalty_card_id:
            raise ValidationError(
                self.env._(
                    "Points are returned by the credit note of the invoice on which they were redeemed, not by a "
                    "separate payment."
                )
            )
        if self.loyalty_move_id and self.loyalty_move_id.move_type != "out_refund":
            raise ValidationError(self.env._("Points are returned by a credit note. Choose one."))
        if self.loyalty_card_id != origin.loyalty_card_id or self.currency_id != origin.currency_id:
            raise ValidationError(self.env._("Points go back to the card that they came from."))
        posted = (origin.loyalty_return_ids | self).filtered(
            lambda payment: payment == self or payment._redemption_in_force()[0]
        )
        if (
            sum(posted.mapped("loyalty_points")) > origin.loyalty_points
            or origin.currency_id.compare_amounts(sum(posted.mapped("amount")), origin.amount) > 0
        ):
            raise ValidationError(
                self.env._(
                    "%s would return more than was paid with points.", self.display_name or self.env._("This payment")
                )
            )
        points = origin._points_given_back(self.amount, posted - self)
        if self.loyalty_points != points:
            raise ValidationError(
                self.env._(
                    "%(points)s points go back for %(amount)s, not %(other)s.",
                    points=say_points(self.env, points),
                    amount=self.currency_id.format(self.amount),
                    other=say_points(self.env, self.loyalty_points),
                )
            )

    def _points_given_back(self, amount, earlier):
        """Return the points that go back for ``amount`` of this payment, after the returns ``earlier``."""
        self.ensure_one()
        total = part_of(self.loyalty_points, sum(earlier.mapped("amount")) + amount, self.amount, 1.0)
        return as_points(total - sum(earlier.mapped("loyalty_points")))

    def _foreign_return(self, document):
        """Return what this payment gives back in the currency of the credit note."""
        if terms := ReturnTerms.of(self.env):
            return terms.foreign
        return self.currency_id._convert(
            self.amount, document.currency_id, self.company_id, self.loyalty_origin_id.date
        )

    def _prepare_return_lines(self, label, rows=()):
        """Return the part of the redemption's lines that comes back, each set of taxes by what comes back of its goods, or
        of the lots that get their points back (``rows``)."""
        if rows:
            return self._prepare_relief_back(label, rows)
        booked = self.loyalty_origin_id._loyalty_booked()
        return booked.lines_back(booked.parts(self.amount, ReturnTerms.of(self.env)), label)
