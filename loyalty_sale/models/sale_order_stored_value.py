"""Gift cards and wallets that paid an order."""

from odoo import models

from odoo.addons.loyalty_ledger.ledger.rounding import to_units

#: Programs whose points are money that customers paid in advance.
STORED_VALUE = ("gift_card", "ewallet")


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _credit_documents(self, draft=None):
        """Return the posted invoices and credit notes of these orders, with those that reverse them, and ``draft``."""
        moves = self.sudo().invoice_ids  # who credits one document need not see the others
        moves |= moves._loyalty_returning()
        moves = moves.filtered(lambda move: move.state == "posted" and not move._is_reduction())
        notes = moves.filtered(lambda move: move.move_type == "out_refund")
        return moves - notes, notes | (draft.sudo() if draft else notes.browse())

    def _money_of_documents(self, draft=None):
        """Return ``(invoiced, paid back)`` of the orders; points that cover a document or lower its price change
        neither."""
        invoices, notes = self._credit_documents(draft)
        return tuple(sum(move._loyalty_goods() for move in moves) for moves in (invoices, notes))

    def _stored_value_rows(self):
        """Return ``{program: entries in force}`` of gift cards and wallets that the orders put money on."""
        rows = {}
        # Users may have no access to the gift card; the order names it.
        cards = self.env["loyalty.card"].sudo()
        for row in self._open_loyalty_entries() if self else ():
            program = cards.browse(row.card_id).program_id
            if row.kind == "earn" and program.program_type in STORED_VALUE:
                rows.setdefault(program, []).append(row)
        return rows

    def _stored_value_targets(self, draft=None):
        """Return ``{program: ten-thousandths of points that the orders leave on its cards after their credit notes}``."""
        given = {}
        for line in self.sudo().coupon_point_ids:
            program = line.coupon_id.program_id
            if program.program_type in STORED_VALUE and line.coupon_id.ledgered:
                given[program] = given.get(program, 0) + to_units(line.points)
        if not given:
            return {}
        invoices, notes = self._credit_documents(draft)
        targets = {}
        for program, units in given.items():
            products = program.trigger_product_ids

            def value(lines, products=products):
                return sum(lines.filtered(lambda line: line.product_id in products).mapped("price_total"))

            sold = max(value(self.sudo().order_line), value(invoices.invoice_line_ids))
            back = value(notes.invoice_line_ids)
            targets[program] = round(units * (1 - min(1.0, back / sold))) if sold > 0 and back > 0 else units
        return targets

    def _stored_value_to_take(self, draft=None):
        """Return ``[(program, cards, ten-thousandths to take from them)]``, as if ``draft`` were posted."""
        targets, rows = self._stored_value_targets(draft), None
        result = []
        for program, target in targets.items():
            rows = self._stored_value_rows() if rows is None else rows
            own = rows.get(program, [])
            units = sum(row.units for row in own) - target
            if units > 0:
                cards = self.env["loyalty.card"].sudo().browse(sorted({row.card_id for row in own}))
                result.append((program, cards, units))
        return result

    def _sync_stored_value(self):
        """Take from gift cards and wallets what credit notes paid out for them, as far as it is there, and give it back
        where a credit note is no longer valid. Any event may call it."""
        if not self:
            return
        ops, order_of = [], {order.id: order for order in self}
        targets, rows = self._stored_value_targets(), None
        for program, target in targets.items():
            rows = self._stored_value_rows() if rows is None else rows
            own = rows.get(program, [])
            units = sum(row.units for row in own) - target
            if units > 0:
                cards = self.env["loyalty.card"].sudo().browse(sorted({row.card_id for row in own}))
                there = {card.id: max(0, to_units(card.available_points)) for card in cards}
                # Which of several cards came back nobody says: the fullest, as a used one stays with its owner.
                for row in sorted(own, key=lambda row: (-there[row.card_id], row.entry_id)):
                    part = min(units, row.units, there[row.card_id])
                    if part > 0:
                        units -= part
                        there[row.card_id] -= part
                        card = cards.browse(row.card_id)
                        ops.append(order_of[row.order_id]._reversal_op(card, row, -part))
            elif units < 0:
                ops += self._stored_value_again(program, own, -units)
        self._post_loyalty(ops)

    def _stored_value_again(self, program, rows, units):
        """Return movements that put ``units`` on the cards of ``program`` again, each up to what the order gave it."""
        ops = []
        for order in self:
            for line in order.sudo().coupon_point_ids:
                card = line.coupon_id
                if card.program_id != program or not card.ledgered:
                    continue
                left = sum(row.units for row in rows if row.card_id == card.id and row.order_id == order.id)
                part = min(units, to_units(line.points) - left)
                if part > 0:
                    units -= part
                    ops.append(order._loyalty_op(card, "earn", part))
        return ops
