"""Points that paid an invoiced order of a register: their entry pays that invoice only."""

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .test_session_closing import ClosingCase


class Moved:
    def test_other_invoice(self):
        """N29, N3, S2: unreconciled, it pays no other invoice and no money out; put back it pays its own."""
        order = self.sale(to_invoice=True)
        invoice = order.sudo().account_move
        entry = order.sudo().payment_ids.filtered("loyalty_card_id").account_move_id
        line = entry.line_ids.filtered(lambda line: line.balance < 0)
        line.remove_move_reconcile()
        self.assertEqual(invoice.amount_residual, 50)
        other = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.ann.id,
                "invoice_line_ids": [
                    Command.create({"price_unit": 100, "tax_ids": [Command.set(self.sale_taxes[5].ids)]})
                ],
            }
        )
        other.action_post()
        with (
            self.assertRaisesRegex(
                UserError, f"on order {order.name} at the register, so it can pay {invoice.name} .*only"
            ),
            self.cr.savepoint(),
        ):
            other.js_assign_outstanding_line(line.id)
        self.env.invalidate_all()
        invoice.js_assign_outstanding_line(line.id)
        self.assertEqual((invoice.amount_residual, other.amount_residual), (0, 105))
        self.close()
        self.assertEqual(self.card.points, 950)


@tagged("post_install", "-at_install")
class TestMovedInputTax(Moved, ClosingCase):
    """Points that recover input tax."""


@tagged("post_install", "-at_install")
class TestMovedTender(Moved, ClosingCase):
    vat_mode = "tender"
