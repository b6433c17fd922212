"""Credit notes and points that paid their invoice: when they give points back, and what undoes them (N4)."""

from odoo import fields, models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    _inherit = "account.move"

    def button_draft(self):
        """A credit note that is a draft again gives nothing back; posting it decides anew, by its lines."""
        notes = self.filtered(lambda move: move.move_type == "out_refund")
        payments = notes._only_loyalty_payments()
        result = super().button_draft()
        # Odoo keeps matches of drafts, and the invoice would stay paid by points that are on the card again.
        self.filtered(
            lambda move: move.loyalty_items or move in notes and move._is_reduction()
        ).line_ids.remove_move_reconcile()
        payments._undo_loyalty()
        notes._undo_reductions()
        for move in self - notes:
            lines = move.line_ids.filtered("is_loyalty_reduction")
            if lines and move.state == "draft" and not move.loyalty_redeem_points:  # it was cancelled and gave them up
                move.write({"invoice_line_ids": [fields.Command.delete(line.id) for line in lines]})
        return result

    def button_cancel(self):
        """The sale does not take place: points that paid it go back."""
        payments = self._only_loyalty_payments()
        result = super().button_cancel()
        self._remove_loyalty_points()
        payments._undo_loyalty()
        self._undo_reductions()
        return result

    def unlink(self):
        payments = self._only_loyalty_payments()
        self._undo_reductions()
        for move in self:
            if move.loyalty_hold_id:
                move.sudo().loyalty_hold_id._release()  # reservations have no write access
        result = super().unlink()
        payments._undo_loyalty()
        return result

    def _only_loyalty_payments(self):
        """Return payments with points that were made for these documents and do nothing else now."""
        documents = self.filtered(lambda move: move.move_type in ("out_invoice", "out_receipt", "out_refund"))
        if not documents:
            return self.env["account.payment"]
        payments = self.env["account.payment"].search(
            [("loyalty_move_id", "in", documents.ids), ("state", "in", ("in_process", "paid"))]
        )
        return payments.filtered(
            lambda payment: payment.loyalty_origin_id or payment.reconciled_invoice_ids <= payment.loyalty_move_id
        )

    def _reconcile_reversed_moves(self, reverse_moves, move_reverse_cancel):
        """Credit notes give points back before they are matched with what is open of the invoice."""
        if not move_reverse_cancel:
            for number, credit_note in enumerate(reverse_moves, 1):
                invoice = credit_note.reversed_entry_id
                credit_note._return_loyalty_points(invoice, invoice._loyalty_sources(), reverse_moves[number:])
        return super()._reconcile_reversed_moves(reverse_moves, move_reverse_cancel)

    def _reverse_moves(self, default_values_list=None, cancel=False):
        """A credit note that cancels the invoice unmatches its payments first: remember which were points.

        What cancels a credit note takes the points again that it gave back, as if it had never been. Reversed otherwise,
        its points stay on the card, and the new invoice is paid like any other.
        """
        for note in self.filtered(lambda move: move.move_type == "out_refund" and move._is_reduction()):
            raise UserError(
                self.env._(
                    "%s reduces a price by points. To return the points, credit the invoice, or reset the credit "
                    "note to draft and cancel it.",
                    note.display_name,
                )
            )
        sources = {move: move._loyalty_sources() for move in self} if cancel else {}
        if cancel:
            notes = self.filtered(lambda move: move.move_type == "out_refund")
            notes._only_loyalty_payments()._undo_loyalty()
            notes._undo_returns()
        result = super()._reverse_moves(default_values_list=default_values_list, cancel=cancel)
        for number, credit_note in enumerate(result if cancel else (), 1):
            invoice = credit_note.reversed_entry_id
            credit_note._return_loyalty_points(invoice, sources.get(invoice), result[number:])
        return result

    def _return_points_of_linked(self):
        """Give points back for credit notes that no reversal links with their invoices: Odoo matches none of those."""
        notes = self.filtered(lambda move: move.move_type == "out_refund" and not move.reversed_entry_id)
        later = notes
        for note, parents in notes._loyalty_returned().items() if notes else ():
            later -= note
            for invoice in parents:
                note._return_loyalty_points(invoice, invoice._loyalty_sources(), later)
