"""What a credit note returns, through every link there is (N4)."""

from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL

#: Documents that sell or return.
SALE_DOCUMENTS = ("out_invoice", "out_receipt", "out_refund")


class AccountMove(models.Model):
    _inherit = "account.move"

    def _loyalty_returned(self):
        """Return ``{document: {document that it returns: parts}}`` of all of these.

        A credit note returns invoices; an invoice that reverses a credit note takes that back. ``parts`` is
        ``{line: part}``, which part of each of its lines returns that document, or None: all of it.

        Everything that gives points back, or takes them back, asks here and never looks at ``reversed_entry_id`` itself.
        Override to know other links than Odoo's own reversal; a link that is there already comes first.
        """
        return {
            move: {move.reversed_entry_id: None}
            if move.move_type in SALE_DOCUMENTS and move.reversed_entry_id.move_type in SALE_DOCUMENTS
            else {}
            for move in self
        }

    def _loyalty_returning(self):
        """Return the posted documents that return any of these, oldest first. Override to know other links."""
        return self.search(
            [("reversed_entry_id", "in", self.ids), ("state", "=", "posted"), ("move_type", "in", SALE_DOCUMENTS)],
            order="id",
        )

    def _loyalty_returned_ids(self):
        """Return the ids of documents that any of these return, without their parts: what has to be calculated again.

        Override to know other links.
        """
        self.flush_model(["reversed_entry_id"])
        rows = self.env.execute_query(
            SQL(
                "SELECT reversed_entry_id FROM account_move WHERE id = ANY(%s) AND reversed_entry_id IS NOT NULL",
                self.ids,
            )
        )
        return {move_id for (move_id,) in rows}

    def _loyalty_share(self, parts):
        """Return which part of this document's total ``parts`` are, as :meth:`_loyalty_returned` gives them."""
        self.ensure_one()
        if parts is None or not self.amount_total:
            return 1.0
        return sum(line.price_total * part for line, part in parts.items()) / self.amount_total

    @api.model
    def _join_parts(self, several):
        """Return ``several`` parts of one document as one, as :meth:`_loyalty_returned` gives them."""
        joined = defaultdict(float)
        for parts in several:
            if parts is None:
                return None
            for line, part in parts.items():
                joined[line] += part
        return dict(joined)

    @api.model
    def _part_of_lines(self, lines, parts):
        """Return what ``lines`` of one document come to, each as far as ``parts`` take it."""
        if parts is None:
            return sum(lines.mapped("price_total"))
        return sum(line.price_total * parts.get(line, 0.0) for line in lines)

    def _loyalty_parents(self):
        """Return the invoices that this credit note returns."""
        self.ensure_one()
        parents = self._loyalty_returned()[self]
        return self.union(*parents) - self
