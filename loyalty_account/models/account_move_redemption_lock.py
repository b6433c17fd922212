"""What points did stays: invoices that are confirmed again must still fit what points paid of them (S11), and what cannot be
touched is undone by an entry with a date of its own, once."""

from odoo import models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    _inherit = "account.move"

    def _post(self, soft=True):
        """An invoice that was a draft again is confirmed as long as VAT and money of its points are right."""
        again = self.filtered(
            lambda move: (
                move.posted_before and move.move_type in ("out_invoice", "out_receipt") and move.state == "draft"
            )
        )
        posted = super()._post(soft)
        (again & posted)._check_redeemed_still_fits()
        return posted

    def _check_redeemed_still_fits(self):
        """Refuse invoices whose lines, taxes or totals changed after points had paid them."""
        if not self:
            return
        payments = self._loyalty_own_payments()
        for move in self:
            sources = [
                *payments.filtered(lambda payment: payment.loyalty_move_id == move),  # noqa: B023 used at once
                *move.sudo()._loyalty_reductions().filtered(lambda note: note.state == "posted"),
            ]
            sources = [source for source in sources if source._redemption_in_force()[0]]
            wrong = [source for source in sources if not source._still_pays(move)]
            currency = move.currency_id
            paid = currency.round(sum(source._loyalty_money_left(move) for source in sources))
            total = sum(move._loyalty_payable_sets(None).values()) - move._loyalty_amount_credited()
            if not wrong and currency.compare_amounts(paid, total) > 0:
                wrong = sources
            if wrong:
                raise UserError(
                    self.env._(
                        "%(amount)s of %(invoice)s was paid with points before the invoice was changed, so amount "
                        "and VAT of the redemption no longer match its lines. Cancel %(documents)s, which returns "
                        "the points, confirm the invoice, and apply points again.",
                        amount=currency.format(paid),
                        invoice=move.display_name,
                        documents=", ".join(source.display_name for source in wrong),
                    )
                )
            for source in sources:
                source._match_again(move)

    def _loyalty_redeemed_on(self):
        """Return ``{entry: document}`` of those of these entries by which points paid a document. Override for others."""
        found = {}
        for move in self:
            payment = move.origin_payment_id
            if payment.loyalty_card_id and payment.payment_type == "inbound":
                found[move] = payment.loyalty_move_id
            elif move.move_type == "out_refund" and move._is_reduction():
                found[move] = move.reversed_entry_id
        return found

    def _say_points_cannot_pay(self, document, paid, amount):
        """Return why this entry, by which points paid the document ``paid``, cannot be matched with ``document``, or
        False.

        What was redeemed relieved the VAT of its own goods. Override for others.

        :param amount: that would be matched, in the currency of ``document``
        """
        self.ensure_one()
        source = self.origin_payment_id or self
        values = {"redemption": source.display_name, "paid": paid.display_name, "document": document.display_name}
        if document.origin_payment_id and not document.origin_payment_id.loyalty_card_id or document.statement_line_id:
            return self.env._(
                "%(redemption)s was paid with points, for which no money is paid out. Cancel it, which returns the points.",
                **values,
            )
        if document.move_type not in ("out_invoice", "out_receipt"):
            return False
        program = source._redemption_terms()["card"].sudo().program_id  # users may have no access to the card
        if not source._still_pays(document):
            return self.env._(
                "%(redemption)s redeemed points on %(paid)s and relieved the VAT of its lines; %(document)s has other "
                "taxes. Cancel %(redemption)s, which returns the points, and apply them to %(document)s.",
                **values,
            )
        payable, currency = document._loyalty_payable_here(program), document.currency_id
        if currency.compare_amounts(amount, payable + currency.rounding) > 0:
            return self.env._(
                "Points can cover %(payable)s of %(document)s, not %(amount)s. Cancel %(redemption)s, which returns the "
                "points, and apply fewer points to %(document)s.",
                payable=currency.format(payable),
                amount=currency.format(amount),
                **values,
            )
        return False

    def _loyalty_amount_credited(self):
        """Return what posted credit notes took back of this document, in its currency."""
        return sum(
            sum(note._loyalty_payable_sets(None, parts=parts).values()) * part * note._rate_to(self)
            for note, part, parts in self._loyalty_own_notes()
        )

    def _still_pays(self, invoice):
        """Return whether what points booked is what they would book of ``invoice`` as it is now. See payments."""
        return self._loyalty_booked().fits(
            invoice, self._loyalty_money(), self.loyalty_redeem_card_id.sudo().program_id
        )

    def _loyalty_money_left(self, invoice):
        """Return what this credit note of points still pays of ``invoice``, in its currency. See payments."""
        returns = self.loyalty_redeem_return_ids.filtered(lambda entry: entry._redemption_in_force()[0])
        back = sum(returns.mapped("loyalty_redeem_amount"))
        left = 1 - back / self._loyalty_money() if self._loyalty_money() else 0.0
        return self.loyalty_redeem_amount * left * self._rate_to(invoice)

    def _match_again(self, invoice):
        """Match with the invoice, which Odoo unmatched when its lines changed."""
        lines = (
            (self | invoice)
            ._loyalty_receivable()
            .filtered(lambda line: line.parent_state == "posted" and not line.reconciled)
        )
        if len(lines.move_id) > 1 and len(lines.account_id) == 1:
            lines.reconcile()

    def _loyalty_must_stay(self):
        """Return whether this posted entry is undone by a dated entry only: its period, its taxes or its hash are locked,
        or an accrual run has counted what it did to points."""
        self.ensure_one()
        if not self._can_be_unlinked():
            return True
        has_tax = any(line._affect_tax_report() for line in self.line_ids)
        return bool(self._get_violated_lock_dates(self.date, has_tax)) or self._loyalty_accrued()

    def _loyalty_accrued(self):
        """Return whether the value of points is accrued beyond the date of this entry."""
        payment = self.origin_payment_id
        # Users may lack access to the program (another company); the document was checked.
        card = (payment.loyalty_card_id or self.loyalty_redeem_card_id).sudo()
        return card.program_id._is_accrued(self.date)

    def _loyalty_reversals(self):
        """Return the posted entries that reverse this one; credit notes are none."""
        return self.sudo().reversal_move_ids.filtered(
            lambda entry: entry.state == "posted" and entry.move_type == "entry"
        )

    def _check_reversal_stays(self):
        """The reversal of an entry that carries points is final: the points went with it."""
        for move in self.filtered(lambda move: move.state == "posted"):
            first = move.reversed_entry_id.reversed_entry_id
            if first.loyalty_items or first.origin_payment_id.loyalty_card_id:
                raise UserError(
                    self.env._(
                        "%(entry)s undid what %(first)s did to points and cannot be reversed. Apply points again, or "
                        "credit the invoice again.",
                        entry=move.reversed_entry_id.display_name,
                        first=first.display_name,
                    )
                )
