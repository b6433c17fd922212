"""Invoices that sell gift cards or top up wallets with books: no money without a card.

Cards are made by what sells them, an order or a register, and the invoice only books the money. An invoice alone makes none,
so the customer would pay for nothing and the books would owe money that no card has.
"""

from odoo import models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    _inherit = "account.move"

    def _post(self, soft=True):
        self._check_stored_value_has_card()
        return super()._post(soft)

    def _check_stored_value_has_card(self):
        """Refuse invoices whose gift cards or top-ups no document brings onto a card, with what to do instead."""
        for move in self:
            if move.move_type not in ("out_invoice", "out_receipt") or move.reversed_entry_id:
                continue
            for line in move._lines_without_card():
                program = move._stored_program_of(line)
                if program and not move._changed_cards_of(program):
                    raise UserError(move._say_no_card(line, program))

    def _lines_without_card(self):
        """Hook: return the lines that sell gift cards or top-ups and whose card no other document makes. Override to leave
        out those of orders and the like."""
        self.ensure_one()
        return self.invoice_line_ids.filtered(
            lambda line: (
                line.display_type == "product" and line.product_id.loyalty_stored_value and line.price_total > 0
            )
        )

    def _stored_program_of(self, line):
        """Return the program with books whose card this line would sell; one at most, see
        ``loyalty.program.stored_problems``."""
        # Who invoices need not see programs.
        programs = line.product_id.sudo().loyalty_rule_ids.program_id.filtered(
            lambda program: program._keeps_stored_value() and program.company_id in self.company_id.sudo().parent_ids
        )
        day = self.date or self.invoice_date
        # What is older than the adoption is part of it: balances were taken over as they were.
        return programs.filtered(
            lambda program: line.id > program.stored_last_item_id or not day or day > program.stored_since
        )[:1]

    def _changed_cards_of(self, program):
        """Return whether transactions of the program name this document, such as those of an add-on that makes cards."""
        entries = self.env["loyalty.ledger.entry"].sudo()  # counted only
        return bool(
            entries.search_count(
                [("res_model", "=", self._name), ("res_id", "=", self.id), ("program_id", "=", program.id)], limit=1
            )
        )

    def _say_no_card(self, line, program):
        _ = self.env._
        names = {"document": self.display_name, "product": line.product_id.display_name, "program": program.name}
        if program.program_type == "ewallet":
            return _(
                "%(document)s sells “%(product)s”, but an invoice alone puts no money on a wallet of %(program)s: the customer "
                "would pay for nothing. Sell it on a sales order or at the register, which top the wallet up, and invoice "
                "that; or remove the line. What you give away is put on a wallet with Adjust Points.",
                **names,
            )
        return _(
            "%(document)s sells “%(product)s”, but an invoice alone makes no card of %(program)s: the customer would pay for "
            "nothing. Sell it on a sales order or at the register, which make the card, and invoice that; or remove the "
            "line. Cards that you give away are made with Generate on the program.",
            **names,
        )
