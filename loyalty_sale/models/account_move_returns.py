"""Credit notes that Odoo makes from orders: their lines say what they return, no reversal does (N4)."""

from odoo import models
from odoo.tools import SQL

from odoo.addons.loyalty_account.books.returns import Document, match_returns


class AccountMove(models.Model):
    _inherit = "account.move"

    def _loyalty_returned(self):
        """Credit notes of orders return the invoices of the same order lines, the latest first, then its deposits."""
        returned = super()._loyalty_returned()
        open_notes = self.filtered(lambda move: move.move_type == "out_refund" and not returned[move])
        orders = open_notes._loyalty_orders()
        if not orders:
            return returned
        # What is left of an invoice depends on all orders that share it; who posts one need not see the others.
        orders |= orders.sudo().invoice_ids._loyalty_orders()
        documents = orders.invoice_ids.filtered(lambda move: move.state == "posted" or move in open_notes)
        known = super(AccountMove, documents)._loyalty_returned()
        for moves in documents._loyalty_sales():
            found = match_returns([move._to_match(known[move]) for move in moves.sorted("id")])
            for note in open_notes & moves:
                parts = found.get(note.id, {})
                returned[note] = {
                    self.browse(invoice_id): None
                    if len(parts) == 1
                    else {self.env["account.move.line"].browse(line_id): part for line_id, part in lines.items()}
                    for invoice_id, lines in parts.items()
                }
        return returned

    def _loyalty_sales(self):
        """Return these documents as a list of recordsets: those that share an order, at any remove, are one sale."""
        sales = []
        for move in self.sorted("id"):
            orders = move._loyalty_orders()
            joined = [sale for sale in sales if sale[0] & orders]
            for sale in joined:
                sales.remove(sale)
            sales.append((orders.union(*(sale[0] for sale in joined)), move.union(*(sale[1] for sale in joined))))
        return [moves for __, moves in sales]

    def _to_match(self, parents):
        """Return this document as :class:`Document`, each line with the order line that it invoices or returns."""
        sign = -1 if self.move_type == "out_invoice" and self.amount_total < 0 else 1
        lines = [
            (line.id, line.sale_line_ids[:1].id or None, tuple(line.tax_ids.ids), sign * line.price_total)
            for line in self.invoice_line_ids
            if line.display_type == "product" and line.price_total and not line.is_loyalty_reduction
        ]
        parent = self.browse().union(*parents)[:1]
        return Document(self.id, lines, returns=self.move_type == "out_refund", of=parent.id or None)

    def _loyalty_orders(self):
        """Return the orders whose lines these documents invoice or return."""
        # Invoicing users may have no access to orders; the invoice was read with their rights.
        return self.sudo().invoice_line_ids.sale_line_ids.order_id

    def _loyalty_returning(self):
        """Credit notes of the same orders, as far as they return one of these."""
        found = super()._loyalty_returning()
        ids = self._linked_by_orders("out_invoice", "out_refund") - set(found.ids)
        notes = self.browse(sorted(ids)).filtered(lambda move: move.state == "posted")
        if notes:
            returned = notes._loyalty_returned()
            found |= notes.filtered(lambda note: any(parent in self for parent in returned[note]))
        return found.sorted("id")

    def _loyalty_returned_ids(self):
        """All invoices of the orders: which of them a credit note returns depends on the others."""
        return super()._loyalty_returned_ids() | self._linked_by_orders("out_refund", "out_invoice")

    def _linked_by_orders(self, own_type, other_type):
        """Return the ids of the documents of ``other_type`` of the orders of those of ``own_type``, in one query.

        Credit notes that reverse an invoice are linked by that and left out.
        """
        if not self.ids:
            return set()
        self.env["account.move.line"].flush_model(["move_id", "sale_line_ids"])
        self.flush_model(["move_type", "reversed_entry_id"])
        rows = self.env.execute_query(
            SQL(
                """
                WITH orders AS (
                    SELECT DISTINCT item.order_id
                      FROM account_move own
                      JOIN account_move_line line ON line.move_id = own.id
                      JOIN sale_order_line_invoice_rel rel ON rel.invoice_line_id = line.id
                      JOIN sale_order_line item ON item.id = rel.order_line_id
                     WHERE own.id = ANY(%(ids)s) AND own.move_type = %(own)s
                       AND (own.move_type <> 'out_refund' OR own.reversed_entry_id IS NULL)
                )
                SELECT DISTINCT other.id
                  FROM orders
                  JOIN sale_order_line item ON item.order_id = orders.order_id
                  JOIN sale_order_line_invoice_rel rel ON rel.order_line_id = item.id
                  JOIN account_move_line line ON line.id = rel.invoice_line_id
                  JOIN account_move other ON other.id = line.move_id
                 WHERE other.move_type = %(other)s
                   AND (other.move_type <> 'out_refund' OR other.reversed_entry_id IS NULL)
                """,
                ids=self.ids,
                own=own_type,
                other=other_type,
            )
        )
        return {move_id for (move_id,) in rows}
