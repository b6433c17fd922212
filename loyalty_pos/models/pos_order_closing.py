"""What the payments by points of an order put into the closing entry: calculated once, when the order is paid.

The journal items are written down with the order. The closing books them as they are, and a return mirrors them,
whatever the settings of the program, its accounts or its input taxes are by then.
"""

from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.loyalty_account.books import vat_split

#: What makes a journal item of the closing entry, besides its balance.
ITEM = ("account_id", "tax_ids", "tag_ids", "repartition_line_id", "group_tax_id")


class PosOrder(models.Model):
    _inherit = "pos.order"

    # Tills read every field that their user may see, with each order.
    loyalty_items = fields.Json(
        "Journal Items of the Points",
        copy=False,
        readonly=True,
        groups="base.group_system",
        help="Journal items of the order's points when its session is closed, by program, as calculated when the "
        "order was paid. Returns reverse their share of them.",
    )

    # --- what points may cover -------------------------------------------------------------------------------------

    def _loyalty_payable_lines(self, program, totals):
        """Return the lines that points of ``program`` may pay: goods, and what takes something off their price."""
        return self.lines.filtered(
            lambda line: (
                not line.loyalty_redeem_uuid
                and not line.refunded_orderline_id
                and not self._is_tip(line)
                and program._may_pay_for(line.product_id, totals[line.id][0])
            )
        )

    def _tax_sets_of_lines(self, program):
        """Return ``({taxes: gross}, {line: taxes})`` of the lines that points of ``program`` may pay."""
        totals = self._loyalty_totals()
        sets, of_lines = defaultdict(float), {}
        for line in self._loyalty_payable_lines(program, totals):
            taxes = of_lines[line] = line.tax_ids_after_fiscal_position._origin
            sets[taxes] += totals[line.id][0]
        return {taxes: max(0.0, self.currency_id.round(gross)) for taxes, gross in sets.items()}, of_lines

    # --- what they book ------------------------------------------------------------------------------------------

    def _prepare_points_lines(self):
        """Return what the order's payments by points put into the closing entry, as dicts with a ``balance``."""
        self.ensure_one()
        result = []
        for method in self._points_methods():
            program = method.loyalty_program_id
            for part in self._points_items(program).values():
                for item in part["items"]:
                    result.append({"label": method.name, **self._usable_item(item, program)})
        return result

    def _points_methods(self):
        """Return the payment methods by points of the order, one for each program."""
        methods = self.payment_ids.payment_method_id.filtered("loyalty_program_id")
        return methods.browse(of_program[:1].id for of_program in methods.grouped("loyalty_program_id").values())

    def _points_amounts(self, program):
        """Return what points of a program paid in this order, and what came back as points, both positive."""
        payments = self.payment_ids.filtered(lambda payment: payment.payment_method_id.loyalty_program_id == program)
        paid = sum(payment.amount for payment in payments if payment.amount > 0)
        back = -sum(payment.amount for payment in payments if payment.amount < 0)
        return self.currency_id.round(paid), self.currency_id.round(back)

    def _points_items(self, program, strict=False):
        """Return what the points of a program book: ``paid`` and ``back``, each with ``items`` and what they are of.

        Calculated when it is asked for first, then kept. An order whose payments changed since, while its session is
        open, is calculated again.

        :param strict: raise where the set-up does not allow it; else the cost is booked in full, without tax, and
            listed: the goods are gone and the session has to close
        """
        kept = (self.loyalty_items or {}).get(str(program.id), {})
        amounts = dict(zip(("paid", "back"), self._points_amounts(program)))
        booked = self.session_id.state == "closed" and bool(kept)
        if not booked and {part: vals["amount"] for part, vals in kept.items()} != {
            part: amount for part, amount in amounts.items() if amount
        }:
            kept = {}
            if amounts["paid"]:
                kept["paid"] = self._prepare_redemption(program, amounts["paid"], strict)
            if amounts["back"]:
                kept["back"] = self._prepare_return(program, amounts["back"])
            self._keep_points_items(program, kept)
        return kept

    def _keep_points_items(self, program, vals):
        self.loyalty_items = {**(self.loyalty_items or {}), str(program.id): vals}

    def _keep_booking(self):
        """Write down what the points of a paid order book. What is not possible yet is tried by the closing."""
        for method in self._points_methods():
            program = method.loyalty_program_id
            try:
                paid = self._points_items(program, strict=True).get("paid")
            except UserError:
                continue
            if paid:
                self._review_payable(program, paid["amount"], sum(paid["sold"]))
        reductions = self.lines.filtered("loyalty_redeem_uuid").loyalty_card_id.program_id
        if reductions and not (self.loyalty_items or {}).get("accounts"):
            accounts = {str(program.id): program.cost_account_id.id for program in reductions}
            self.loyalty_items = {**(self.loyalty_items or {}), "accounts": accounts}
            totals = self._loyalty_totals()
            for program in reductions:
                lines = self.lines.filtered(
                    lambda line: line.loyalty_redeem_uuid and line.loyalty_card_id.program_id == program  # noqa: B023
                )
                sets, __ = self._tax_sets_of_lines(program)
                self._review_payable(program, -sum(totals[line.id][0] for line in lines), sum(sets.values()))

    def _review_payable(self, program, amount, payable):
        """List orders that paid with points what points may not pay: gift cards, top-ups, tips, products kept out."""
        most = max(payable, self._get_rounded_amount(payable, force_round=True))
        if self.currency_id.compare_amounts(amount, most) > 0:
            cards = (self.payment_ids.loyalty_card_id | self.lines.loyalty_card_id).filtered(
                lambda card: card.program_id == program
            )
            self._report_points(
                card=cards[:1],
                program=program,
                note=self.env._(
                    "%(amount)s were paid with points, but only %(payable)s of the order are eligible: points cannot "
                    "be redeemed on gift cards, top-ups, tips, and products that the program or the product excludes.",
                    amount=self.currency_id.format(amount),
                    payable=self.currency_id.format(payable),
                ),
            )

    def _prepare_redemption(self, program, amount, strict=False):
        """Return what a redemption of ``amount`` books, shared over the taxes of the order."""
        if program._relieves_earning_sale():
            return self._prepare_relief(program, amount, strict)
        no_partner = self.env["res.partner"]  # the closing entry adds all orders up
        sets, of_lines = self._tax_sets_of_lines(program)
        try:
            lines = program._redemption_lines(amount, self, no_partner, program.name, sets)
            mapped = self._mapped_taxes(program, sets)
        except UserError as error:
            if strict:
                raise
            self._report_points(card=self.loyalty_card_id, program=program, note=str(error))
            lines = [{"account_id": program.cost_account_id.id, "balance": amount}]
            mapped = {}
        items = self._items_of_lines(lines)
        positions = {tuple(item["tax_ids"]): index for index, item in enumerate(_bases(items))}
        sold, of_line = [0.0] * len(positions), {}
        for line, taxes in of_lines.items():
            position = positions.get(mapped.get(taxes, ()), 0 if len(positions) == 1 else None)
            if position is not None:
                of_line[str(line.id)] = position
        for taxes, gross in sets.items():
            position = positions.get(mapped.get(taxes, ()), 0 if len(positions) == 1 else None)
            if position is not None:
                sold[position] = self.currency_id.round(sold[position] + gross)
        return {"amount": amount, "items": items, "sold": sold, "lines": of_line}

    @api.model
    def _items_of_lines(self, lines):
        """Return values of journal items in the shape in which an order keeps them."""
        return [
            {
                "account_id": vals["account_id"],
                "balance": vals["balance"],
                "tax_ids": _ids_of(vals.get("tax_ids")),
                "tag_ids": _ids_of(vals.get("tax_tag_ids")),
                "repartition_line_id": vals.get("tax_repartition_line_id") or False,
                "group_tax_id": vals.get("group_tax_id") or False,
            }
            for vals in lines
        ]

    def _mapped_taxes(self, program, sets):
        """Return ``{taxes of the order: ids of the taxes with which the points are booked}``."""
        if program.vat_mode != "input_tax":
            return {}
        return {taxes: tuple(sorted(next(iter(program._map_tax_sets({taxes: 1.0}))).ids)) for taxes in sets}

    # --- returns -------------------------------------------------------------------------------------------------

    def _prepare_return(self, program, amount):
        """Return what a refund of ``amount`` in points books: its part of what the sale had booked (N4).

        The tax of a part is that of the goods that come back; the last part takes the remainder of each item. What
        was never paid with points comes back without tax. What an exchange does not give back pays what it sold instead:
        it keeps its tax, unless a later return pays out more points than its own goods had cost.
        """
        unit = self.currency_id.rounding
        origin = self._origin_of_refund()
        sale = origin._points_items(program).get("paid") if origin else None
        if sale and (rows := origin._relief_rows(program)):
            return self._prepare_relief_back(program, amount, rows, sale)
        plain = {"account_id": program.cost_account_id.id, "tax_ids": (), "tag_ids": ()}
        if not sale:
            return {"amount": amount, "items": [self._returned_item(plain, amount)]}
        bases, taxes = _bases(sale["items"]), _taxes(sale["items"])
        nets = [item["balance"] for item in bases]
        of_taxes = [(item["balance"], self._sets_of_tax(item, bases)) for item in taxes]
        earlier = self._earlier_returns(origin, program)
        back = [sum(amounts) for amounts in zip([0.0] * len(bases), *(vals["nets"] for vals in earlier))]
        taxes_back = [sum(amounts) for amounts in zip([0.0] * len(taxes), *(vals["taxes"] for vals in earlier))]
        part = max(0.0, min(amount, self.currency_id.round(sale["amount"] - sum(back) - sum(taxes_back))))
        shares, __ = vat_split.gross_of_sets(nets, of_taxes, unit)
        gross_back, __ = vat_split.gross_of_sets(
            back, [(amount_back, sets) for amount_back, (__, sets) in zip(taxes_back, of_taxes)], unit
        )
        returned = self._returned_of_sets(origin, program, sale)
        wanted = vat_split.wanted_back(shares, gross_back, sale["sold"], returned, unit)
        none = [0.0] * len(bases)
        kept = [max(0.0, sum(amounts)) for amounts in zip(none, *(vals.get("kept") or none for vals in earlier))]
        parts = vat_split.parts_back(part, shares, gross_back, wanted, unit, kept)
        kept_now = vat_split.kept_by_exchanges(wanted, parts, kept, self._sells_in_exchange(), unit)
        net_parts, tax_parts = vat_split.lines_back(nets, of_taxes, back, taxes_back, parts, unit)
        items = [
            self._returned_item(item, balance)
            for item, balance in zip([*bases, *taxes], [*net_parts, *tax_parts])
            if not self.currency_id.is_zero(balance)
        ]
        rest = self.currency_id.round(amount - sum(parts))
        if not self.currency_id.is_zero(rest):
            items.append(self._returned_item({**plain, "account_id": bases[0]["account_id"]}, rest))
        vals = {"amount": amount, "items": items, "nets": net_parts, "taxes": tax_parts}
        if any(kept) or any(kept_now):
            vals["kept"] = [self.currency_id.round(now - before) for now, before in zip(kept_now, kept)]
        return vals

    def _sells_in_exchange(self):
        """Return whether this order sells goods, too: they are paid with those that it takes back."""
        return any(
            line.qty * line.price_unit > 0 and not line.refunded_orderline_id and not line.loyalty_redeem_uuid
            for line in self.lines
        )

    def _earlier_returns(self, origin, program):
        """Return what other refunds of the sale booked, those that came before this one."""
        refunds = origin._refunds_of_origin() - self
        known = refunds.filtered(lambda order: str(program.id) in (order.loyalty_items or {}))
        before = (refunds - known).filtered(lambda order: order.id < self.id)
        result = []
        for refund in (known | before).sorted("id"):
            vals = refund._points_items(program).get("back") or {}
            if vals.get("nets") and refund._origin_of_refund() == origin:
                result.append(vals)
        return result

    def _returned_of_sets(self, origin, program, sale):
        """Return the gross of the goods of each set of taxes of a sale that came back for points by now, this refund included.

        Goods that were exchanged do not count: what points had paid of them pays what was sold instead. No later refund
        gives it back in place of the tax of its own goods.
        """
        refunds = origin._refunds_of_origin().filtered(
            lambda order: (
                (order.id < self.id or str(program.id) in (order.loyalty_items or {}))
                and order._points_amounts(program)[1]
            )
        )
        returned = [0.0] * len(sale["sold"])
        for line_id, gross in origin._gone_with(refunds | self, origin._loyalty_totals()).items():
            position = sale["lines"].get(str(line_id))
            if position is not None:
                returned[position] += gross
        return [self.currency_id.round(gross) for gross in returned]

    def _sets_of_tax(self, item, bases):
        """Return the positions of the sets whose taxes include that of a tax item."""
        tax = self.env["account.tax.repartition.line"].browse(item["repartition_line_id"]).tax_id
        return [
            position
            for position, base in enumerate(bases)
            if tax in self.env["account.tax"].browse(base["tax_ids"]).flatten_taxes_hierarchy()
        ]

    def _returned_item(self, item, balance):
        """Return a journal item that takes ``balance`` of an item of the sale back, as refunds are reported."""
        repartition = self.env["account.tax.repartition.line"].browse(item.get("repartition_line_id") or [])
        if repartition:
            tax = repartition.tax_id
            position = list(tax.invoice_repartition_line_ids).index(repartition)
            repartition = tax.refund_repartition_line_ids[position]
            tags = repartition.tag_ids
        else:
            taxes = self.env["account.tax"].browse(item["tax_ids"])
            tags = taxes.flatten_taxes_hierarchy().get_tax_tags(True, "base")
        return {
            "account_id": item["account_id"],
            "balance": -balance,
            "tax_ids": list(item["tax_ids"]),
            "tag_ids": tags.ids,
            "repartition_line_id": repartition.id,
            "group_tax_id": item.get("group_tax_id") or False,
        }

    def _usable_item(self, item, program):
        """Return a kept item in the shape of the closing. An account that was closed since is that of today's: a
        session has to close."""
        account = self.env["account.account"].browse(item["account_id"]).exists()
        if not item["repartition_line_id"] and not account.active:
            item = {**item, "account_id": program.cost_account_id.id}
        values = {name: item[name] for name in ITEM}
        values |= {name: tuple(item[name]) for name in ("tax_ids", "tag_ids")}
        return {**values, "balance": item["balance"]}

    def _prepare_invoice_vals(self):
        """An order that took goods back and sold others for more is invoiced; one that pays out is credited."""
        values = super()._prepare_invoice_vals()
        total = self.currency_id.round(sum(self.mapped("amount_total")))
        is_credit = total < 0 or (not total and any(order.is_refund for order in self))
        move_type = "out_refund" if is_credit else "out_invoice"
        if move_type != values["move_type"]:
            values |= {"move_type": move_type, "invoice_line_ids": self._prepare_invoice_lines(move_type)}
            if not is_credit and values.pop("reversed_entry_id", None):  # only a credit note reverses an invoice
                values["ref"] = self.name
        return values

    @api.model
    def _get_invoice_lines_values(self, line_values, pos_line, move_type):
        """Goods go the way on the invoice that they went at the register, and lines that reduce the price by points are
        booked on the redemption account there, too.

        Odoo turns the lines round by the sign of the total, and once more by the flag of a refund. Where points had paid
        all of a sale, its return pays out nothing: it would be invoiced as a second sale.
        """
        values = super()._get_invoice_lines_values(line_values, pos_line, move_type)
        quantity = pos_line.qty * (-1 if move_type == "out_refund" else 1)
        if values.get("quantity", 0) * quantity < 0:
            values["quantity"] = -values["quantity"]
        if line_values["quantity"] * quantity < 0 and values.get("extra_tax_data"):
            values["extra_tax_data"] = self.env["account.tax"]._reverse_quantity_base_line_extra_tax_data(
                values["extra_tax_data"]
            )
        if account := pos_line._reduction_account():
            values["account_id"] = account.id
        return values


class PosOrderLine(models.Model):
    _inherit = "pos.order.line"

    def _prepare_base_line_for_taxes_computation(self):
        """Lines that reduce the price by points are booked on the redemption account (contra-revenue)."""
        values = super()._prepare_base_line_for_taxes_computation()
        values |= self._said_taxes(values)
        account = self._reduction_account()
        return {**values, "account_id": account} if account else values

    def _said_taxes(self, base_line):
        """Return the net and the taxes that are said for a line which gives a reduction back, where Odoo overlooks them.

        They are said as in a refund, whose quantities Odoo turns round. An order that pays nothing out, as points had paid
        all of it or as other goods are bought, is none.
        """
        said = self.extra_tax_data or {}
        if not self.refunded_orderline_id.loyalty_redeem_uuid or said.get("quantity", 0) * base_line["quantity"] >= 0:
            return {}
        AccountTax = self.env["account.tax"]
        return AccountTax._import_base_line_extra_tax_data(
            base_line, AccountTax._reverse_quantity_base_line_extra_tax_data(said)
        )

    def _reduction_account(self):
        """Return the account of a line that reduces the price by points, or that takes such a line back: what the
        program had when the sale was paid."""
        self.ensure_one()
        line = (self if self.loyalty_redeem_uuid else self.refunded_orderline_id).sudo()  # cashiers see no accounts
        if not line.loyalty_redeem_uuid:
            return self.env["account.account"]
        program = line.loyalty_card_id.program_id
        kept = (line.order_id.loyalty_items or {}).get("accounts", {}).get(str(program.id))
        account = self.env["account.account"].sudo().browse(kept or []).exists()
        return account if account.active else program.cost_account_id


def _bases(items):
    return [item for item in items if not item["repartition_line_id"]]


def _taxes(items):
    return [item for item in items if item["repartition_line_id"]]


def _ids_of(commands):
    """Return the ids of ``[Command.set(ids)]``, sorted; none for other commands."""
    return sorted(commands[0][2] or ()) if commands else []
