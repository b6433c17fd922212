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
        """Refuse another currency at once, but for carts of a shop: who looks around there may change it at will."""
        self.filtered(lambda order: not order._is_web_cart())._refuse_other_currency()

    @api.constrains("state")
    def _check_confirmed_currency(self):
        """However an order is confirmed, its currency is right by then."""
        self.filtered(lambda order: order.state == "sale")._refuse_other_currency()

    def _is_web_cart(self):
        """Return whether this is a quotation of a web shop, or a visitor's."""
        self.ensure_one()
        if self.state not in ("draft", "sent"):
            return False
        return bool("website_id" in self._fields and self.website_id) or not self.env.user._is_internal()

    def _refuse_other_currency(self):
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
        """Quotations from before the books of a program began, and carts, are checked when they are confirmed."""
        self._refuse_other_currency()
        super()._check_loyalty_funds()

    # --- what documents leave ------------------------------------------------------------------------------------

    def _in_force(self):
        """Orders whose cards follow their documents: confirmed, and by this ledger."""
        return self.filtered(lambda order: order.state == "sale" and order.loyalty_in_ledger)

    def _stored_value_left(self, program, lines, units, documents, loose=(0.0, 0.0)):
        """Return what documents leave of the ``units`` that order lines moved, in ten-thousandths.

        Programs in the books follow the money to the cent: what is invoiced, less what is credited, and what still waits
        for its invoice. Others lose what is credited and not invoiced again, by its share where a point is no unit of
        money.

        :param lines: order lines of one program
        :param documents: invoices and credit notes
        :param loose: what lines of documents without an order line invoice and credit of these, see
            :meth:`_stored_value_loose`
        """
        invoiced, credited = (
            abs(self._money_of_lines(moves, lines)) + more for moves, more in zip(documents, loose, strict=True)
        )
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

    @staticmethod
    def _money_of_lines(moves, lines):
        """Return what ``moves`` say for these order lines."""
        return sum(moves.invoice_line_ids.filtered(lambda line: line.sale_line_ids & lines).mapped("price_total"))

    def _stored_value_given(self):
        """Return ``{(order, program): ten-thousandths}`` of the cards that the orders sold."""
        given = {}
        for order in self:
            for line in order.sudo().coupon_point_ids:
                program = line.coupon_id.program_id
                if program.program_type in STORED_VALUE and line.coupon_id.ledgered:
                    given[order, program] = given.get((order, program), 0) + to_units(line.points)
        return given

    def _stored_value_lines(self, program):
        """Return the lines of this order that sell cards of ``program``."""
        products = program.trigger_product_ids
        return self.sudo().order_line.filtered(lambda line: line.product_id in products and not line.is_reward_line)

    @staticmethod
    def _loose_lines(moves, programs):
        """Return the lines of ``moves`` that sell or credit cards of ``programs`` and name no order."""
        products = programs.trigger_product_ids
        return moves.invoice_line_ids.filtered(lambda line: not line.sale_line_ids and line.product_id in products)

    def _stored_value_sharing(self, programs, documents):
        """Return these orders with those that share a document with a line that names no order: whose it is depends on
        all of them."""
        moves = self._loose_lines(documents[0].union(documents[1]), programs).move_id
        others = (moves | moves.reversed_entry_id)._loyalty_orders()
        return self | self.browse(others.ids)._in_force()

    def _stored_value_loose(self, program, documents):
        """Share out what lines that name no order sell and credit of ``program`` among the orders of their document: what
        is sold goes to the first, what is credited to that of which most is left.

        :return: ``{order: [invoiced, credited]}``
        """
        invoices, notes = (self._loose_lines(moves, program).grouped("move_id") for moves in documents)
        loose = {order: [0.0, 0.0] for order in self.sorted("id")}
        if not (invoices or notes):
            return loose
        room = {}
        for order in loose:
            lines = order._stored_value_lines(program)
            sold, back = (abs(self._money_of_lines(moves, lines)) for moves in documents)
            room[order] = max(0.0, sold - back)
        for move, lines in (*invoices.items(), *notes.items()):
            named = (move | move.reversed_entry_id)._loyalty_orders()
            own = [order for order in loose if order in named] or list(loose)
            amount, kind = abs(sum(lines.mapped("price_total"))), 1 if move in notes else 0
            ranked = sorted(own, key=lambda order: -room[order]) if kind else own[:1]
            for order in ranked:
                part = min(amount, room[order]) if kind else amount
                loose[order][kind] += part
                room[order] += -part if kind else part
                amount -= part
            loose[own[0]][kind] += amount  # what is credited beyond all that was sold
        return loose

    def _stored_value_targets(self, draft=None):
        """Return ``{(order, program): ten-thousandths of points that the order leaves on its cards after its credit
        notes}``, with orders that share a document with these where that matters."""
        given = self._stored_value_given()
        if not given:
            return {}
        programs = self.env["loyalty.program"].sudo().union(*(program for __, program in given))
        documents, targets = self._credit_documents(draft), {}
        orders = self
        while (more := orders._stored_value_sharing(programs, documents)) != orders:
            orders, documents = more, more._credit_documents(draft)
        given = orders._stored_value_given()
        for program in programs:
            own = {order: units for (order, sold), units in given.items() if sold == program}
            loose = self.browse([order.id for order in own])._stored_value_loose(program, documents)
            for order, units in own.items():
                targets[order, program] = order._stored_value_left(
                    program, order._stored_value_lines(program), units, documents, loose[order]
                )
        return targets

    def _stored_value_off(self, draft=None):
        """Return ``[(order, program, entries in force, ten-thousandths to take off)]``, as if ``draft`` were posted;
        negative where the cards get some again."""
        targets = self._in_force()._stored_value_targets(draft)
        orders = self.browse({order.id for order, __ in targets})
        rows, result = orders._stored_value_rows("earn"), []
        for (order, program), target in targets.items():
            own = [row for row in rows.get(program, ()) if row.order_id == order.id]
            if units := sum(row.units for row in own) - target:
                result.append((order, program, own, units))
        return result

    def _stored_value_missing(self, draft=None):
        """Return ``[(program, cards, ten-thousandths to take off them, how much of it is there)]`` of orders whose cards
        do not have it, as if ``draft`` were posted."""
        there, result = {}, []
        for __, program, rows, units in self._stored_value_off(draft):
            cards = self.env["loyalty.card"].sudo().browse(sorted({row.card_id for row in rows}))
            wanted, left = units, 0
            for card in cards._stored_value_holders() if units > 0 else ():
                there.setdefault(card.id, card._stored_value_there())  # several orders may top up one wallet
                part = min(units, there[card.id])
                there[card.id] -= part
                units -= part
                left += part
            if units > 0:
                result.append((program, cards, wanted, left))
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
        """Return movements that bring the cards that each order sold to what its documents leave."""
        ops, there = [], {}
        for order, program, own, units in self._stored_value_off():
            if units < 0:
                ops += order._stored_value_again(program, own, -units)
                continue
            cards = self.env["loyalty.card"].sudo().browse([row.card_id for row in own])
            holders = {card: card._stored_value_holders() for card in cards}
            for holder in holders.values():
                if holder not in there:
                    there[holder] = holder._stored_value_there()
            # Which of several cards came back nobody says: the fullest, as a used one stays with its owner.
            for card, row in sorted(
                zip(cards, own, strict=True),
                key=lambda pair: (-there[holders[pair[0]]], pair[1].entry_id),
            ):
                part = min(units, row.units, there[holders[card]])
                if part > 0:
                    units -= part
                    there[holders[card]] -= part
                    ops.append(order._reversal_op(card, row, -part))
        return ops

    def _stored_value_again(self, program, rows, units):
        """Return movements that put ``units`` on the cards of ``program`` again, each up to what the order gave it; the
        last card takes what more was paid."""
        self.ensure_one()
        ops, last = [], None
        for line in self.sudo().coupon_point_ids:
            card = line.coupon_id
            if card.program_id != program or not card.ledgered or self._why_no_earning(card):
                continue
            left = sum(row.units for row in rows if row.card_id == card.id)
            part = max(0, min(units, to_units(line.points) - left))
            last = card, part
            if part:
                units -= part
                ops.append(self._loyalty_op(card, "earn", part))
        if units and last and program._keeps_stored_value():
            card, part = last
            if part:
                ops.pop()
            ops.append(self._loyalty_op(card, "earn", part + units))
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
                    "%(order)s needs %(needed)s more of card %(code)s, on which %(left)s are left. Invoice less of the card, "
                    "keep the document posted that gave it back what was used since, or top the card up first.",
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
