"""What expires is booked with the write-off, one entry for each program and month (P12)."""

from odoo import models

from ..books.write_off import CONTEXT_KEY, WriteOff


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    def _write_off(self, day):
        """Book what expires on these cards together, in the transaction that writes it off (P12).

        One journal entry for each program and month: points belong to the month in which they expired.
        """
        write_off = WriteOff()
        super(LoyaltyCard, self.with_context(**{CONTEXT_KEY: write_off}))._write_off(day)
        if write_off:
            write_off.is_over = True
            self.env["loyalty.ledger.entry"].sudo().with_context(**{CONTEXT_KEY: write_off}).browse(
                list(write_off)
            )._book_values()
