"""Credit notes that are reversed themselves: what they took back returns (N4)."""

from collections import defaultdict
from fractions import Fraction

from odoo import models

from odoo.addons.loyalty_ledger.tools.earning import Settlement, exact


class AccountMove(models.Model):
    _inherit = "account.move"

    def _restores_loyalty(self):
        """Return whether this is an invoice that reverses a credit note: it gives back what that took, on its invoice."""
        self.ensure_one()
        return self.move_type == "out_invoice" and self.reversed_entry_id.move_type == "out_refund"

    def _loyalty_families(self):
        """Return ``{document: what reverses it}``: its posted credit notes, the posted invoices that reverse these, the
        credit notes of those, and so on; parents come first."""
        families, roots, level = {}, {move: move for move in self}, self
        while level:
            found = self.search(
                [
                    ("reversed_entry_id", "in", level.ids),
                    ("state", "=", "posted"),
                    ("move_type", "in", ("out_refund", "out_invoice")),
                ],
                order="id",
            )
            level = found.filtered(lambda move: move not in roots and not move._is_reduction())
            for move in level:
                roots[move] = roots[move.reversed_entry_id]
                families[roots[move]] = families.get(roots[move], self.browse()) + move
        return families

    def _loyalty_credited(self, family, settlements):
        """Return the credit notes that take back what this document earned, and the invoices that give it back.

        An invoice that reverses a credit note counts, with its own credit notes, once it is paid in full (bP7).
        """
        counted = self
        for move in family:
            if move.reversed_entry_id in counted and (
                move.move_type == "out_refund" or settlements[move.id][0].settled
            ):
                counted += move
        return (
            counted.filtered(lambda move: move.move_type == "out_refund"),
            (counted - self).filtered(lambda move: move.move_type != "out_refund"),
        )

    def _loyalty_restored_settlement(self, credited, restored, settlements):
        """Return how this document and what restores it were paid together, each for the goods that it still sells.

        What the credit note itself pays of an invoice that reverses it was paid as the goods were at first.
        """
        shares, qualifying, whole = {}, Fraction(0), Fraction(0)
        given_back = credited._loyalty_given_back()
        for move in self | restored:
            settlement = settlements[move.id][0]
            rate = exact(move._rate_to(self))
            notes = credited.filtered(lambda note: note.reversed_entry_id == move)  # noqa: B023
            goods = exact(move._loyalty_goods()) * rate
            share = settlement.share()
            if move in restored and goods:
                paid = min(goods, (settlement.qualifying + settlement.other) * rate)
                note = move.reversed_entry_id
                kept = 1 - exact(given_back.get(note, 0.0))
                as_at_first = min(Fraction(1), shares[note.reversed_entry_id] / kept) if kept > 0 else Fraction(0)
                share = (paid * share + (goods - paid) * as_at_first) / goods
            shares[move] = share
            goods -= sum(exact(note._loyalty_goods()) * exact(note._rate_to(self)) for note in notes)
            goods = max(goods, Fraction(0))
            qualifying += goods * share
            whole += goods
        return Settlement(due=whole, qualifying=qualifying, other=whole - qualifying, settled=True)

    def _loyalty_goods(self):
        """Return what the document sells or takes back, with tax, whatever points pay of it in its own lines."""
        self.ensure_one()
        reduced = sum(self.invoice_line_ids.filtered("is_loyalty_reduction").mapped("price_total"))
        return self.amount_total - reduced

    def _loyalty_given_back(self):
        """Return ``{credit note: part of its goods for which it gave points back and not money}``."""
        payments = self.env["account.payment"].search([("loyalty_move_id", "in", self.ids)])
        entries = self.search([("loyalty_redeem_note_id", "in", self.ids)])
        parts = {}
        for note in self:
            returns = [
                *payments.filtered(lambda payment: payment.loyalty_move_id == note),  # noqa: B023
                *entries.filtered(lambda entry: entry.loyalty_redeem_note_id == note),  # noqa: B023
            ]
            amounts = [
                document._redemption_terms()["amount"] for document in returns if document._redemption_in_force()[0]
            ]
            rate = abs(note.amount_total_signed / note.amount_total) if note.amount_total else 1.0
            goods = note._loyalty_goods()
            parts[note] = (goods - note.amount_total + sum(amounts) / rate) / goods if goods else 0.0
        return parts

    def _loyalty_sale(self):
        """Return the invoices of this document's sale, the first one and those that reverse credit notes of it, and
        ``{credit note: part of it that was not reversed}``."""
        self.ensure_one()
        first, seen = self, self
        while first.reversed_entry_id.move_type in ("out_invoice", "out_receipt", "out_refund"):
            first = first.reversed_entry_id
            if first in seen:
                break
            seen |= first
        family = first | first._loyalty_families().get(first, self.browse())
        invoices = family.filtered(lambda move: move.move_type != "out_refund")
        gross = defaultdict(float)
        for invoice in invoices:
            gross[invoice.reversed_entry_id] += invoice._loyalty_goods()
        notes = {
            note: max(0.0, 1 - gross[note] / note._loyalty_goods()) if note._loyalty_goods() else 1.0
            for note in family - invoices
        }
        return invoices, notes
