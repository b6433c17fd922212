"""Invoices take over the points that their order reserved: never free and spent at once (N6)."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.loyalty_account.books.points import part_within
from odoo.addons.loyalty_ledger.tools.today import loyalty_today
from odoo.addons.loyalty_ledger.tools.words import say_points

#: What only code of the server writes on invoices.
SERVER_FIELDS = frozenset(("loyalty_order_id", "loyalty_order_points", "loyalty_order_amount"))


class AccountMove(models.Model):
    _inherit = "account.move"

    loyalty_order_id = fields.Many2one(
        "sale.order",
        "Order That Uses Points",
        copy=False,
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="Order whose reserved points are redeemed on this invoice.",
    )
    loyalty_order_points = fields.Float(
        "Points of the Order",
        digits=(16, 4),
        copy=False,
        readonly=True,
        help="Points that the invoice took over from the order.",
    )
    loyalty_order_amount = fields.Monetary(
        "Value of the Order's Points", currency_field="company_currency_id", copy=False, readonly=True
    )

    @api.model
    def _server_fields(self):
        """Whose points are redeemed is said by the order that is invoiced."""
        return super()._server_fields() | SERVER_FIELDS

    @api.model
    def _say_server_fields(self, names):
        if names & SERVER_FIELDS:
            return self.env._("Points of an order are moved to its invoices when these are created.")
        return super()._say_server_fields(names)

    def _check_server_fields(self, vals):
        """A new invoice may name an order: its lines say whether it is its invoice (:meth:`_take_over_points`)."""
        if not self and "loyalty_order_id" in vals:
            vals = {name: value for name, value in vals.items() if name != "loyalty_order_id"}
        super()._check_server_fields(vals)

    @api.model_create_multi
    def create(self, vals_list):
        """New invoices of orders that use points take their part of them over."""
        moves = super().create(vals_list)
        moves.filtered("loyalty_order_id")._take_over_points()
        return moves

    def _take_over_points(self):
        for move in self.sudo():  # reservations have no write access; invoicing the order was allowed
            order, hold = move.loyalty_order_id, move.loyalty_order_id.loyalty_hold_id
            if order not in move.invoice_line_ids.sale_line_ids.order_id or move.loyalty_order_points:
                move.loyalty_order_id = False  # its lines say whose invoice it is
                continue
            if move.move_type != "out_invoice" or move.state != "draft" or not order._held_points():
                continue
            points = move._fitting_points(hold, order._points_for_invoice(move))
            if not points:
                continue
            try:
                with self.env.cr.savepoint():
                    move._take_points_of(order, hold, points)
            except UserError as error:
                # Points never stand in the way of an invoice; they stay reserved for the order.
                move._message_log(
                    body=self.env._(
                        "The loyalty points of %(order)s were not redeemed on this invoice: %(problem)s",
                        order=order.name,
                        problem=error,
                    )
                )

    def _fitting_points(self, hold, points):
        """Return as many of ``points`` as pay no more than points can cover of this invoice, and no money pays
        already."""
        currency = self.company_currency_id
        left = abs(self.amount_residual_signed) - self._paid_online()
        due = max(0.0, min(self._loyalty_payable_amount(hold.program_id), left))
        if points and currency.compare_amounts(hold._worth(points), due) > 0:
            points = part_within(due, hold.amount, hold.points, currency.rounding)
        return points if hold._worth(points) else 0

    def _loyalty_payable_amount(self, program):
        """A deposit pays in advance for what was ordered: points cover as much of it as they may pay of the order, so
        that no gift card is bought by way of its deposit."""
        amount = super()._loyalty_payable_amount(program)
        deposits = self.sudo().invoice_line_ids.filtered(lambda line: line.is_downpayment and line.price_total > 0)
        # Invoicing users may have no access to orders; the invoice was read with their rights.
        orders = deposits.sale_line_ids.order_id
        if not amount or not orders or program.redeem_stored_value:
            return amount
        lines = orders.order_line.filtered("product_id.loyalty_stored_value")
        if not lines:
            return amount
        others = (orders.invoice_ids - self).filtered(lambda move: move.state == "posted")
        notes = others.filtered(lambda move: move.move_type == "out_refund")
        redeemed = sum((others - notes).mapped("loyalty_amount_redeemed")) - sum(
            notes.mapped("loyalty_amount_redeemed")
        )
        room = sum(orders.mapped("amount_total")) - sum(lines.mapped("price_total"))
        room = max(0.0, room - redeemed - self.loyalty_amount_redeemed)
        today = loyalty_today(self.env, self.company_id)
        return min(amount, self.currency_id._convert(room, self.company_currency_id, self.company_id, today))

    def _paid_online(self):
        """Return what online payments pay that Odoo matches with the invoice only later, in company currency."""
        transactions = self.transaction_ids.filtered(
            lambda tx: tx.state in ("authorized", "done") and not tx.payment_id.is_reconciled
        )
        today = loyalty_today(self.env, self.company_id)
        return sum(
            tx.currency_id._convert(tx.amount, self.company_currency_id, self.company_id, today) for tx in transactions
        )

    def _take_points_of(self, order, hold, points):
        card, amount = hold.card_id, hold._worth(points)
        if card.program_id.vat_mode == "price_reduction":
            self._add_reduction_lines(card, points, amount)
        elif card.program_id.vat_mode == "input_tax":
            card.program_id._map_tax_sets(self._loyalty_tax_sets(card.program_id))
        key = f"account.move:{self.id}:{card.id}:{card.ledger_revision}"
        kept = hold._hand_over(points, key, ("account.move", self.id))
        if kept == hold:
            order.loyalty_hold_id = False
        self.write({"loyalty_hold_id": kept.id, "loyalty_order_points": points, "loyalty_order_amount": amount})
        self._message_log(
            body=self.env._(
                "%(points)s loyalty points of card %(card)s, reserved by %(order)s, are redeemed for %(amount)s.",
                points=say_points(self.env, points),
                card=card._say_code(),
                order=order.name,
                amount=self.company_currency_id.format(amount),
            )
        )

    def _return_points_to_order(self, points=None):
        """Hand points of these drafts back to their orders; without ``points`` all of them, with the lines they made."""
        for move in self.sudo():  # reservations have no write access; changing the invoice was allowed
            order, hold, currency = move.loyalty_order_id, move.loyalty_hold_id, move.company_currency_id
            if not (order and hold and move.loyalty_order_points and hold._is_active()):
                continue
            whole = points is None or points >= hold.points
            back = hold.points if whole else points
            # What the invoice keeps is rounded down, as if it had taken no more from the beginning.
            amount = currency.round(hold.amount - (0.0 if whole else hold._worth(hold.points - back)))
            # Reservations of another card stay apart: the order got them after its card changed.
            into = order.loyalty_hold_id if order._held_points() else hold.browse()
            if into.card_id not in (hold.card_id, hold.card_id.browse()):
                continue
            move.write(
                {
                    "loyalty_order_points": max(0.0, move.loyalty_order_points - back),
                    "loyalty_order_amount": max(0.0, move.loyalty_order_amount - amount),
                    **({"loyalty_hold_id": False} if whole else {}),
                }
            )
            kept = hold._hand_over(back, order._hold_key(), ("sale.order", order.id), into, amount)
            if order.state == "sale" and order.loyalty_use_points:
                order.loyalty_hold_id = kept
            else:
                kept._release()

    def _settle_loyalty_hold(self):
        """What other payments left nothing to pay for goes back to the order, and never stops the posting."""
        move = self.sudo()  # reservations are read here only
        hold = move.loyalty_hold_id
        if move.loyalty_order_points and not move.loyalty_redeem_points and hold._is_active():
            points = move._fitting_points(hold, hold.points)
            if points < hold.points:
                self._return_points_to_order(hold.points - points)
            if not points:
                return
        super()._settle_loyalty_hold()

    def _post(self, soft=True):
        posted = super()._post(soft)
        posted.loyalty_order_id._free_unneeded_points()
        return posted

    def button_cancel(self):
        """Points of orders go back to them, also those that the invoice had redeemed when it was posted."""
        undone = self._points_of_orders()
        drafts = self.filtered(lambda move: move.loyalty_order_points and move.state == "draft")
        drafts._return_points_to_order()
        drafts.filtered(lambda move: move.loyalty_redeem_points).sudo().write(  # the server's fields
            {"loyalty_redeem_card_id": False, "loyalty_redeem_points": 0, "loyalty_redeem_amount": 0}
        )
        result = super().button_cancel()
        # The server's fields: these invoices no longer contain anything of the order.
        self.sudo().filtered("loyalty_order_points").write({"loyalty_order_points": 0, "loyalty_order_amount": 0})
        self._restore_to_orders(undone)
        return result

    def unlink(self):
        undone = self._points_of_orders()
        self.filtered(lambda move: move.loyalty_order_points and move.state == "draft")._return_points_to_order()
        result = super().unlink()
        self._restore_to_orders(undone)
        return result

    def _points_of_orders(self):
        """Return ``{order: (points, money)}`` that these invoices have of their orders, with what these still hold."""
        found = {}
        for move in self.sudo():  # reservations are read here only
            order, hold = move.loyalty_order_id, move.loyalty_order_id.loyalty_hold_id
            if not move.loyalty_order_points or move.state == "cancel":
                continue
            held = order._held_points()
            points, amount = found.get(order, (held, hold.amount if held else 0.0))
            found[order] = points + move.loyalty_order_points, amount + move.loyalty_order_amount
        return found

    @api.model
    def _restore_to_orders(self, undone):
        """Have orders whose invoices were undone reserve what they need again, at most what they had (B10)."""
        for order, (points, amount) in undone.items():
            order._reserve_up_to(points, amount)
