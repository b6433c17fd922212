"""What invoices of orders know that others do not: the order's pricelist, down payments, and points given before."""

from odoo import models
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.tools.words import say_points


class AccountMove(models.Model):
    _inherit = "account.move"

    def _post(self, soft=True):
        """Name what orders gave at their confirmation, as Odoo does: a credit note does not take it back."""
        posted = super()._post(soft)
        for note in posted.filtered(lambda move: move.move_type == "out_refund" and not move._is_reduction()):
            note._report_points_of_orders()
        return posted

    def _report_points_of_orders(self):
        orders = self._credited_orders()
        for (order_id, card), points in orders._points_given().items() if orders else ():
            if points > 0 and card.program_type == "loyalty":
                self._report_return(
                    card,
                    card.program_id,
                    self.env._(
                        "%(note)s gives %(amount)s back for %(order)s, which earned %(points)s points when it was confirmed. "
                        "A credit note does not take these back: cancel the order if nothing of it is kept, or adjust the "
                        "card.",
                        note=self.name,
                        amount=self.currency_id.format(self.amount_total),
                        order=self.env["sale.order"].sudo().browse(order_id).name,
                        points=say_points(self.env, points),
                    ),
                )

    def _loyalty_payable_lines(self, programs):
        """Points cover no delivery (bP5)."""
        lines = super()._loyalty_payable_lines(programs)
        if "is_delivery" not in self.env["sale.order.line"]._fields:
            return lines
        # Invoicing users may have no access to orders; the invoice was read with their rights.
        return lines.filtered(lambda line: not any(line.sudo().sale_line_ids.mapped("is_delivery")))

    def _loyalty_pricelists(self):
        """Invoices of orders have the prices of their orders."""
        pricelists = super()._loyalty_pricelists()
        for move in self:
            if ordered := move.sudo().invoice_line_ids.sale_line_ids.order_id.pricelist_id[:1]:
                pricelists[move] = ordered
        return pricelists

    def _loyalty_earned_elsewhere(self, programs):
        """Orders that gave their points at confirmation leave none to their invoices."""
        moves = super()._loyalty_earned_elsewhere(programs)
        orders = {move: move.sudo().invoice_line_ids.sale_line_ids.order_id for move in self}
        ids = {order.id for ordered in orders.values() for order in ordered}
        if not ids:
            return moves
        left = self.env["sale.order"].browse(sorted(ids))._points_given()
        gave = {(order_id, card.program_id) for (order_id, card), points in left.items() if points > 0}
        for move, ordered in orders.items():
            if any((order.id, programs[move]) in gave for order in ordered):
                moves |= move
        return moves


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _is_loyalty_deposit(self):
        return super()._is_loyalty_deposit() or self.is_downpayment

    def _sql_deposits(self):
        return SQL("%s OR l.is_downpayment IS TRUE", super()._sql_deposits())
