"""What an order still needs, and so how long its points stay reserved.

A reservation follows the state of its order, not an event: whatever ends the need for the points (an invoice, the till, a
lower quantity, a closed delivery, a lock) has them freed by :meth:`_free_unneeded_points` before the transaction ends.
"""

from odoo import api, models

#: Key of the ids of orders to look at in the data of the transaction's hooks.
CHANGED = "loyalty_sale.changed_orders"


class SaleOrder(models.Model):
    _inherit = "sale.order"

    # --- what is open --------------------------------------------------------------------------------------------

    def _loyalty_open_amounts(self, program):
        """Return ``(due, payable)``: what is still to be paid of the order, and of its lines that points of ``program``
        may pay, in the currency of the order.

        What is on an invoice is paid there, draft or not; what the till sold, and what was paid in advance, is paid.
        """
        self.ensure_one()
        payable_lines = self._loyalty_payable_lines(program)
        due = payable = 0.0
        for line, gross in self._loyalty_line_totals().items():
            amount = gross * line._loyalty_open_part()
            due += amount
            if line in payable_lines:
                payable += amount
        deposits = sum(line._loyalty_deposited() for line in self.order_line.filtered("is_downpayment"))
        due -= deposits + self._paid_in_advance()
        return self.currency_id.round(due), self.currency_id.round(payable - deposits)

    def _loyalty_line_totals(self):
        """Return ``{line: total with taxes}``; together they are the total of the order, however its taxes are rounded."""
        self.ensure_one()
        AccountTax, company = self.env["account.tax"], self.company_id
        lines = self.order_line.filtered(lambda line: not line.display_type and not line.is_downpayment)
        base_lines = [line._prepare_base_line_for_taxes_computation() for line in lines]
        base_lines += self._add_base_lines_for_early_payment_discount()
        AccountTax._add_tax_details_in_base_lines(base_lines, company)
        AccountTax._round_base_lines_tax_details(base_lines, company)
        totals = dict.fromkeys(lines, 0.0)
        for base_line in base_lines:
            if base_line["record"] in totals:
                details = base_line["tax_details"]
                totals[base_line["record"]] += (
                    details["total_excluded_currency"]
                    + details["delta_total_excluded_currency"]
                    + sum(tax_data["tax_amount_currency"] for tax_data in details["taxes_data"])
                )
        return totals

    def _paid_in_advance(self):
        """Return what online payments paid of the order beyond its invoices, in the currency of the order."""
        paid = self.sudo().amount_paid  # salespeople may have no access to payment transactions; the order is theirs
        if not paid:
            return 0.0
        posted = self.sudo().invoice_ids.filtered(lambda move: move.state == "posted")
        notes = posted.filtered(lambda move: move.move_type == "out_refund")
        due = sum(move.amount_total - move.loyalty_amount_redeemed for move in posted - notes)
        due -= sum(move.amount_total - move.loyalty_amount_redeemed for move in notes)
        return max(0.0, paid - max(0.0, due))

    def _loyalty_closed(self):
        """Return whether nothing more will be delivered, because somebody locked the order after a part was invoiced.

        A lock before that only protects the order, and where all orders are locked at their confirmation it says nothing.
        """
        self.ensure_one()
        return self.locked and not self._should_be_locked() and any(line.qty_invoiced for line in self.order_line)

    def _sold_at_till(self):
        """Return whether a till sold some of the order: the goods are handed over, and nothing may stop the order."""
        self.ensure_one()
        if "pos_order_line_ids" not in self._fields:
            return False
        return any(line.order_id.state not in ("draft", "cancel") for line in self.sudo().pos_order_line_ids)

    def _needs_points(self):
        """Return whether anything is left that the reserved points of the order could pay: the one question that decides
        how long they stay reserved."""
        self.ensure_one()
        if self.state != "sale":
            return False
        # A draft may still change, or be deleted.
        if any(move.state == "draft" and move.move_type == "out_invoice" for move in self.invoice_ids):
            return True
        due, payable = self._loyalty_open_amounts((self.loyalty_hold_id.card_id or self.loyalty_card_id).program_id)
        return self.currency_id.compare_amounts(min(due, payable), 0.0) > 0

    # --- freeing -------------------------------------------------------------------------------------------------

    def _free_unneeded_points(self):
        """Free the reserved points of those of these orders that need them no longer. Any event may call it."""
        for order in self.sudo():  # reservations have no write access; what ended the need was allowed
            if order._held_points() and not order._needs_points():
                order._release_points()

    def _mark_points_changed(self):
        """Have the reservations of these orders looked at before the commit."""
        ids = [order_id for order_id in self._ids if isinstance(order_id, int)]
        if not ids:
            return
        precommit = self.env.cr.precommit
        if CHANGED not in precommit.data:
            precommit.data[CHANGED] = set()
            precommit.add(self.env["sale.order"].sudo()._free_changed_orders)
        precommit.data[CHANGED].update(ids)

    @api.model
    def _free_changed_orders(self):
        ids = self.env.cr.precommit.data.pop(CHANGED, ())
        orders = self.search([("id", "in", list(ids)), ("loyalty_hold_id", "!=", False)])
        orders._free_unneeded_points()
        self.env.flush_all()

    def write(self, vals):
        result = super().write(vals)
        if vals.get("locked"):
            self._free_unneeded_points()
        return result


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _loyalty_open_part(self):
        """Return which part of the line is still to be invoiced: 1 is its ordered quantity.

        Goods that are invoiced as delivered count as long as they can still be delivered.
        """
        self.ensure_one()
        ordered = self.product_uom_qty
        if not ordered or self.order_id.state != "sale":
            return 1.0 if ordered else 0.0
        expected = ordered
        if self.product_id.invoice_policy == "delivery":
            expected = self.qty_delivered
            if not self._loyalty_delivered():
                expected = max(expected, ordered) if ordered > 0 else min(expected, ordered)
        part = (expected - self.qty_invoiced) / ordered
        return max(0.0, part)

    def _loyalty_delivered(self):
        """Return whether the line will not be delivered any further."""
        self.ensure_one()
        if self.order_id._loyalty_closed():
            return True
        # With the app Inventory: salespeople may have no access to stock; the order is theirs.
        moves = self.sudo().move_ids if "move_ids" in self._fields else ()
        return bool(moves) and all(move.state in ("done", "cancel") for move in moves)

    def _loyalty_deposited(self):
        """Return what this down payment took in advance and no invoice has taken off yet."""
        self.ensure_one()
        # Salespeople may have no access to invoices and Point of Sale orders; the order is theirs.
        order_line = self.sudo()
        amount = 0.0
        for line in order_line.invoice_lines:
            if line.parent_state != "cancel":
                amount += (-1 if line.move_id.move_type == "out_refund" else 1) * line.price_total
        if "pos_order_line_ids" in self._fields:  # deposits that a till took
            for line in order_line.pos_order_line_ids:
                if line.order_id.state not in ("draft", "cancel"):
                    amount += line.price_subtotal_incl
        return amount

    def _compute_invoice_status(self):
        """Quantities changed: ordered, delivered, invoiced, or sold by a till."""
        super()._compute_invoice_status()
        self.order_id.filtered("loyalty_hold_id")._mark_points_changed()

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"product_uom_qty", "qty_delivered", "price_unit", "discount", "tax_ids"}:
            self.order_id.filtered("loyalty_hold_id")._free_unneeded_points()
        return result

    def unlink(self):
        orders = self.order_id.filtered("loyalty_hold_id")
        result = super().unlink()
        orders._free_unneeded_points()
        return result
