"""Gift cards and wallets that an order sold, and those that paid it: cards follow what is invoiced and credited."""

from odoo import api, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.loyalty_ledger.ledger.rounding import to_points, to_units

#: Programs whose points are money that customers paid in advance.
STORED_VALUE = ("gift_card", "ewallet")


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _credit_documents(self, draft=None):
        """Return the posted invoices and credit notes of these orders, with those that reverse them, and ``draft``, which
        is as if it were posted."""
        moves = self.sudo().invoice_ids  # who credits one document need not see the others
        moves |= moves._loyalty_returning()
        moves = moves.filtered(lambda move: move.state == "posted" and not move._is_reduction())
        moves |= draft.sudo() if draft else moves.browse()
        notes = moves.filtered(lambda move: move.move_type == "out_refund")
        return moves - notes, notes

    def _money_of_documents(self, draft=None):
        """Return ``(invoiced, paid back)`` of the orders; points that cover a document or lower its price change
        neither."""
        invoices, notes = self._credit_documents(draft)
        return tuple(sum(move._loyalty_goods() for move in moves) for moves in (invoices, notes))

    # --- currency ------------------------------------------------------------------------------------------------

    @api.constrains("currency_id", "pricelist_id")
    def _check_stored_value_currency(self):
        """Balances in the books are money of one currency: an order in another one would move the card at one rate and the
        books at another."""
        for order in self:
            if order.currency_id == order.company_id.currency_id:
                continue
            for line in order.order_line:
                programs = line._stored_value_programs()
                if program := programs.filtered(lambda program: program.currency_id != order.currency_id)[:1]:  # noqa: B023
                    raise ValidationError(
                        self.env._(
                            "%(order)s is in %(currency)s, but balances of %(program)s are kept in %(own)s. Choose a "
                            "pricelist in %(own)s, or remove %(product)s.",
                            order=order.display_name,
                            currency=order.currency_id.name,
                            program=program.name,
                            own=program.currency_id.name,
                            product=line.product_id.display_name,
                        )
                    )

    def _check_loyalty_funds(self):
        """Quotations from before the books of a program began are checked when they are confirmed."""
        self._check_stored_value_currency()
        super()._check_loyalty_funds()

    # --- what documents leave ------------------------------------------------------------------------------------

    def _in_force(self):
        """Orders whose cards follow their documents: confirmed, and by this ledger."""
        return self.filtered(lambda order: order.state == "sale" and order.loyalty_in_ledger)

    def _stored_value_left(self, program, lines, units, documents, by_product=False):
        """Return what documents leave of the ``units`` that order lines moved, in ten-thousandths.

        Programs in the books follow the money to the cent: what is invoiced, less what is credited, and what still waits
        for its invoice. Others lose what is credited and not invoiced again, by its share where a point is no unit of
        money.

        :param lines: order lines of one program
        :param documents: invoices and credit notes
        :param by_product: lines of documents without an order line count by their product
        """

        def of_lines(moves):
            return moves.invoice_line_ids.filtered(
                lambda line: (
                    line.sale_line_ids & lines
                    or (by_product and not line.sale_line_ids and line.product_id in lines.product_id)
                )
            )

        invoiced, credited = (abs(sum(of_lines(moves).mapped("price_total"))) for moves in documents)
        ordered = abs(sum(lines.mapped("price_total")))
        in_books = program._keeps_stored_value()
        if not in_books and not credited:
            return units
        if in_books or (program.currency_id == self.currency_id and not program._stored_terms_problem()):
            waiting = abs(sum(line.price_total * line._stored_value_waiting(documents[0]) for line in lines))
            left = max(0, to_units(program.currency_id.round(invoiced - credited + waiting)))
            return left if in_books else min(left, units)
        ordered = max(ordered, invoiced)
        return round(units * (1 - min(1.0, credited / ordered))) if ordered else units

    def _stored_value_rows(self, kind):
        """Return ``{program: entries in force}`` of gift cards and wallets that the orders sold (``earn``) or that paid
        them (``redeem``)."""
        rows = {}
        # Users may have no access to the gift card; the order names it.
        cards = self.env["loyalty.card"].sudo()
        for row in self._open_loyalty_entries() if self else ():
            program = cards.browse(row.card_id).program_id
            if row.kind == kind and program.program_type in STORED_VALUE:
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
        documents = self._credit_documents(draft)
        targets = {}
        for program, units in given.items():
            products = program.trigger_product_ids
            lines = self.sudo().order_line.filtered(
                lambda line, products=products: line.product_id in products and not line.is_reward_line
            )
            targets[program] = self._stored_value_left(program, lines, units, documents, by_product=True)
        return targets

    def _stored_value_to_take(self, draft=None):
        """Return ``[(program, cards, ten-thousandths to take from them)]``, as if ``draft`` were posted."""
        orders = self._in_force()
        targets, rows = orders._stored_value_targets(draft), None
        result = []
        for program, target in targets.items():
            rows = orders._stored_value_rows("earn") if rows is None else rows
            own = rows.get(program, [])
            units = sum(row.units for row in own) - target
            if units > 0:
                cards = self.env["loyalty.card"].sudo().browse(sorted({row.card_id for row in own}))
                result.append((program, cards, units))
        return result

    # --- cards follow --------------------------------------------------------------------------------------------

    def _sync_stored_value(self):
        """Have gift cards and wallets follow what was invoiced and credited. Any event may call it.

        Cards that the orders sold lose what is credited for them, as far as it is there; cards that paid get back what
        is credited of their lines; both the other way round where a credit note is no longer valid.
        """
        orders = self._in_force()
        if orders:
            orders._post_loyalty([*orders._stored_value_sold_ops(), *orders._stored_value_spent_ops()])

    def _stored_value_sold_ops(self):
        ops, order_of = [], {order.id: order for order in self}
        targets, rows = self._stored_value_targets(), None
        for program, target in targets.items():
            rows = self._stored_value_rows("earn") if rows is None else rows
            own = rows.get(program, [])
            units = sum(row.units for row in own) - target
            if units > 0:
                cards = self.env["loyalty.card"].sudo().browse(sorted({row.card_id for row in own}))
                there = {card.id: card._stored_value_there() for card in cards}
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
        return ops

    def _stored_value_again(self, program, rows, units):
        """Return movements that put ``units`` on the cards of ``program`` again, each up to what the order gave it; the
        last card takes what more was paid."""
        ops, last = [], None
        for order in self:
            for line in order.sudo().coupon_point_ids:
                card = line.coupon_id
                if card.program_id != program or not card.ledgered or order._why_no_earning(card):
                    continue
                left = sum(row.units for row in rows if row.card_id == card.id and row.order_id == order.id)
                part = max(0, min(units, to_units(line.points) - left))
                last = order, card, part
                if part:
                    units -= part
                    ops.append(order._loyalty_op(card, "earn", part))
        if units and last and program._keeps_stored_value():
            order, card, part = last
            if part:
                ops.pop()
            ops.append(order._loyalty_op(card, "earn", part + units))
        return ops

    def _stored_value_spent_ops(self):
        """Return movements that give back to cards what is credited of the lines that they paid, or redeem it again."""
        ops, documents, rows = [], None, None
        for order in self:
            lines = order.sudo().order_line.filtered(
                lambda line: line.coupon_id.ledgered and line.coupon_id.program_id.program_type in STORED_VALUE
            )
            for card, own in lines.grouped("coupon_id").items():
                documents = documents or self._credit_documents()
                rows = self._stored_value_rows("redeem") if rows is None else rows
                spent = [
                    row for row in rows.get(card.program_id, ()) if row.card_id == card.id and row.order_id == order.id
                ]
                cost = to_units(sum(own.mapped("points_cost")))
                target = order._stored_value_left(card.program_id, own, cost, documents)
                units = -sum(row.units for row in spent) - target
                for row in spent if units > 0 else ():
                    if part := min(units, -row.units):
                        units -= part
                        ops.append(order._reversal_op(card, row, part))
                if units < 0:
                    order._check_stored_value_there(card, -units)
                    ops.append(order._loyalty_op(card, "redeem", units))
        return ops

    def _check_stored_value_there(self, card, units):
        """What a document needs from a card again must be on it."""
        there = card._stored_value_there()
        if units > there:
            raise UserError(
                self.env._(
                    "%(order)s needs %(needed)s of card %(code)s, on which %(left)s are left: what a credit note gave back "
                    "was used since. Keep the credit note, or top the card up first.",
                    order=self.name,
                    needed=card._say_points(to_points(units)),
                    code=card._masked_code(),
                    left=card._say_points(to_points(there)),
                )
            )


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    @api.constrains("product_id", "order_id")
    def _check_stored_value_currency(self):
        self.order_id._check_stored_value_currency()

    def _stored_value_programs(self):
        """Return the programs with books whose balances this line sells or spends."""
        # Salespeople may have no access to the program of a product.
        line = self.sudo()
        programs = line.coupon_id.program_id or line.product_id.loyalty_rule_ids.program_id
        return programs.filtered(
            lambda program: program._keeps_stored_value() and program.company_id in line.company_id.parent_ids
        )

    def _stored_value_waiting(self, invoices):
        """Return the part of the line that was never invoiced. What is credited does not wait again."""
        self.ensure_one()
        if not self.product_uom_qty:
            return 0.0
        done = sum(
            line.product_uom_id._compute_quantity(line.quantity, self.product_uom_id, round=False)
            for line in invoices.invoice_line_ids
            if self in line.sale_line_ids
        )
        return max(0.0, 1 - done / self.product_uom_qty)
