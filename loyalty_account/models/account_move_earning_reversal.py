"""Credit notes that are reversed themselves: what they took back returns (N4)."""

from collections import defaultdict
from fractions import Fraction

from odoo import models

from odoo.addons.loyalty_ledger.earning.basket import Settlement
from odoo.addons.loyalty_ledger.ledger.rounding import exact


class AccountMove(models.Model):
    _inherit = "account.move"

    def _restores_loyalty(self):
        """Return whether this is an invoice that reverses a credit note: it gives back what that took, on its invoice."""
        self.ensure_one()
        return self.move_type == "out_invoice" and self.reversed_entry_id.move_type == "out_refund"

    def _loyalty_families(self):
        """Return ``{document: family}``: its posted credit notes, the posted invoices that reverse these, the credit notes
        of those, and so on; parents come first.

        A family is ``{member: {document of the family that it returns: parts}}``, see :meth:`_loyalty_returned`. A credit
        note of several invoices is in the family of each.
        """
        families, level = {move: {} for move in self}, self
        while level:
            found = level._loyalty_returning().filtered(lambda move: not move._is_reduction())
            links = found._loyalty_returned() if found else {}
            level = self.browse()
            for move in found:
                for root, family in families.items():
                    parents = {
                        parent: parts for parent, parts in links[move].items() if parent in family or parent == root
                    }
                    if parents and move not in family and move != root:
                        family[move] = parents
                        level |= move
        return {root: family for root, family in families.items() if family}

    def _loyalty_credited(self, family, settlements):
        """Return the credit notes that take back what this document earned, and the invoices that give it back.

        An invoice that reverses a credit note counts, with its own credit notes, once it is paid in full (bP7).
        """
        counted = self
        for move, parents in family.items():
            if any(parent in counted for parent in parents) and (
                move.move_type == "out_refund" or settlements[move.id][0].settled
            ):
                counted += move
        return (
            counted.filtered(lambda move: move.move_type == "out_refund"),
            (counted - self).filtered(lambda move: move.move_type != "out_refund"),
        )

    def _loyalty_restored_settlement(self, family, credited, restored, settlements):
        """Return how this document and what restores it were paid together, each for the goods that it still sells.

        What the credit note itself pays of an invoice that reverses it was paid as the goods were at first.
        """
        shares, qualifying, whole = {}, Fraction(0), Fraction(0)
        given_back = credited._loyalty_given_back()
        for move in self | restored:
            settlement = settlements[move.id][0]
            rate = exact(move._rate_to(self))
            notes = credited.filtered(lambda note: move in family[note])  # noqa: B023
            goods = exact(move._loyalty_goods()) * rate
            share = settlement.share()
            if move in restored and goods:
                paid = min(goods, (settlement.qualifying + settlement.other) * rate)
                note = move.reversed_entry_id
                kept = 1 - exact(given_back.get(note, 0.0))
                first = next(iter(family[note]))
                as_at_first = min(Fraction(1), shares[first] / kept) if kept > 0 else Fraction(0)
                share = (paid * share + (goods - paid) * as_at_first) / goods
            shares[move] = share
            goods -= sum(
                exact(note._loyalty_goods())
                * exact(note._loyalty_share(family[note][move]))
                * exact(note._rate_to(self))
                for note in notes
            )
            goods = max(goods, Fraction(0))
            qualifying += goods * share
            whole += goods
        return Settlement(due=whole, qualifying=qualifying, other=whole - qualifying, settled=True)

    def _loyalty_goods(self):
        """Return what the document sells or takes back, with tax, whatever points cover of it in its own lines."""
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
        """Return the invoices of this document's sale, the first one and those that reverse credit notes of it, then
        ``{credit note: part of it that was not reversed}`` and ``{credit note: its parts that return these invoices}``, see
        :meth:`_loyalty_returned`."""
        self.ensure_one()
        first, seen = self, self
        while parents := first._loyalty_returned()[first]:
            first = next(iter(parents))
            if first in seen:
                break
            seen |= first
        family = first._loyalty_families().get(first, {})
        restored = self.browse().union(*(move for move in family if move.move_type != "out_refund"))
        gross = defaultdict(float)
        for invoice in restored:
            gross[next(iter(family[invoice]))] += invoice._loyalty_goods()
        notes, links = {}, {}
        for note, parents in family.items():
            if note in restored:
                continue
            parts = links[note] = note._join_parts(parents.values())
            goods = note._loyalty_goods() * note._loyalty_share(parts)
            notes[note] = max(0.0, 1 - gross[note] / goods) if goods else 1.0
        return first + restored, notes, links
