"""What comes back at the till: which sale it was part of, and how much money may be paid out for it.

The till never refuses what it handed over: what should not have been paid out is listed for a manager. In the back end
nothing has happened yet, so there it is refused, with the reason.
"""

from collections import defaultdict

from odoo import api, models
from odoo.exceptions import UserError

from odoo.addons.loyalty_ledger.ledger.rounding import part_of, split, to_points, to_units

from .pos_order_claims import STORED_VALUE
from .pos_payment_method import LOYALTY

#: Says in the context that a till sends what it has worked out.
AT_TILL = "loyalty_at_till"


class PosOrder(models.Model):
    _inherit = "pos.order"

    def _origin_of_refund(self):
        """Return the order whose goods this order takes back; Odoo lets one order take back goods of one only."""
        return self.lines.refunded_orderline_id.order_id[:1]

    def _refunds_of_origin(self, drafts=False):
        """Return the orders that take back goods of this order and were paid; with ``drafts`` those to be paid, too."""
        states = ("draft", "paid", "done") if drafts else ("paid", "done")
        return self.lines.refund_orderline_ids.order_id.filtered(lambda order: order.state in states)

    def _review_returns(self):
        """List what this paid order should not have paid out, and take back what it paid out for gift cards."""
        self.ensure_one()
        if origin := self._origin_of_refund():
            self._take_back_stored_value(origin)
            self._review_money_of_returns(origin)
        if lines := self._unlinked_returns():
            program = self._programs_that_pay()[:1]
            self._report_points(
                program=program,
                note=self.env._(
                    "%(products)s came back without the original order, so it is unknown whether it was paid with "
                    "points and what it had earned: %(amount)s were refunded for it.",
                    products=", ".join(lines.product_id.mapped("display_name")),
                    amount=self.currency_id.format(-sum(lines.mapped("price_subtotal_incl"))),
                ),
            )

    # --- reductions of the price ---------------------------------------------------------------------------------

    def _refund(self):
        """Odoo copies what was not returned yet line by line; a reduction is a part of the goods, in money."""
        refunds = super()._refund()
        for refund in refunds:
            refund.sudo()._fit_reductions()  # cashiers may have no access to the cards; access to the order was checked
        return refunds

    def write(self, vals):
        """In the back end, too, the reduction follows the goods when somebody returns fewer of them than Odoo copied."""
        result = super().write(vals)
        if "lines" in vals and not self.env.context.get(AT_TILL):
            for order in self.filtered(lambda order: order.state == "draft"):
                order.sudo()._fit_reductions()  # cards and totals; access to the order was checked
        return result

    @api.model
    def _process_order(self, order, existing_order):
        """A till has made its lines fit already."""
        there = existing_order and existing_order.with_context(**{AT_TILL: True})
        return super(PosOrder, self.with_context(**{AT_TILL: True}))._process_order(order, there)

    def _fit_reductions(self):
        """Let this draft give back the part of each reduction that is due with its goods; the last takes the rest.

        A line that reduced the price of goods with some taxes comes back with these goods: their tax is its own.
        """
        origin = self._origin_of_refund()
        reductions = origin.lines.filtered("loyalty_redeem_uuid")
        if not reductions:
            return
        sold, unit = origin._loyalty_totals(), self.currency_id.rounding
        earlier = origin._refunds_of_origin() - self
        gone = origin._gone_with(earlier | self, sold)
        given = defaultdict(lambda: [0.0, 0.0])
        for refund in earlier:
            totals = refund._loyalty_totals()
            for line in refund.lines.filtered(lambda line: line.refunded_orderline_id in reductions):
                returned = line.refunded_orderline_id
                given[returned] = [before - now for before, now in zip(given[returned], totals[line.id])]
        for line in reductions:
            goods = origin._goods_of_reduction(line, sold)
            whole = sum(sold[part.id][0] for part in goods)
            back = min(whole, sum(gone[part.id] for part in goods))
            gross, net = (
                self.currency_id.round(-part_of(-total, back, whole, unit) - before)
                for total, before in zip(sold[line.id], given[line])
            )
            self._set_returned_reduction(line, gross, net)
        self._compute_prices()

    def _goods_of_reduction(self, reduction, totals):
        """Return the goods of this order whose price a line of a redemption reduced: those with its taxes."""
        goods = self._loyalty_payable_lines(reduction.loyalty_card_id.program_id, totals)
        taxes = reduction.tax_ids_after_fiscal_position
        return goods.filtered(lambda line: line.tax_ids_after_fiscal_position == taxes) or goods

    def _gone_with(self, refunds, sold):
        """Return ``{line id: money}``: what came back of each line of this order with these refunds.

        A piece is its part of what the line was sold for. What its own tax is rounded to does not count: the last piece
        makes the line whole. A piece that comes back for another price counts by that.

        :param sold: totals of this order (:meth:`_loyalty_totals`)
        """
        gone = defaultdict(float)
        for refund in refunds:
            totals = refund._loyalty_totals()
            for line in refund.lines.filtered(lambda line: line.refunded_orderline_id.id in sold):
                gone[line.refunded_orderline_id.id] += refund._worth_of_return(line, sold, totals)
        return gone

    def _set_returned_reduction(self, line, gross, net):
        """Make one line of this draft give back ``gross`` of a reduction; both amounts are negative.

        Where an earlier refund gave back more than its part, nothing is left: no return takes points of the customer.
        """
        own = self.lines.filtered(lambda other: other.refunded_orderline_id == line)
        if self.currency_id.compare_amounts(gross, 0.0) >= 0:
            own.unlink()
            return
        own = own[:1] or line.copy({"order_id": self.id, "refunded_orderline_id": line.id, "extra_tax_data": False})
        price = line.price_unit * (net / line.price_subtotal if line.price_subtotal else 1.0)
        taxes = line.tax_ids_after_fiscal_position.flatten_taxes_hierarchy()
        said = (line.extra_tax_data or {}).get("manual_tax_amounts") or {}
        weights = [abs(said.get(str(tax.id), {}).get("tax_amount_currency", tax.amount)) for tax in taxes]
        # Net and tax are said, not calculated again: the tax engine would round each of them on its own.
        shares = split(gross - net, weights, self.currency_id.rounding)
        own.write(
            {
                "qty": -1,
                "price_unit": price,
                "discount": 0.0,
                "price_subtotal": -net,
                "price_subtotal_incl": -gross,
                "extra_tax_data": {
                    # As when it was sold: its taxes are rounded apart from those of the goods.
                    "computation_key": f"loyalty_{line.loyalty_redeem_uuid}",
                    "currency_id": self.currency_id.id,
                    "price_unit": price,
                    "discount": 0.0,
                    "quantity": 1.0,
                    "rate": self.currency_rate,
                    "manual_total_excluded_currency": net,
                    "manual_tax_amounts": {
                        str(tax.id): {"tax_amount_currency": share, "base_amount_currency": net}
                        for tax, share in zip(taxes, shares)
                    },
                },
            }
        )

    # --- goods without receipt -----------------------------------------------------------------------------------

    def _programs_that_pay(self):
        """Return the programs whose points can be redeemed at the till of this order."""
        programs = self.env["loyalty.program"].sudo()  # cashiers need not see how a program is booked
        domain = [("program_type", "=", "loyalty"), ("pos_ok", "=", True), ("accounting_policy", "!=", "none")]
        config = self.config_id
        return programs.search(domain).filtered(
            lambda program: program._pays_at_till() and program._belongs_to_till(config)
        )

    def _unlinked_returns(self):
        """Return the lines that take back goods of no order, of products that points may have paid."""
        lines = self.lines.filtered(
            lambda line: (
                line.qty < 0
                and line.price_unit > 0
                and not line.refunded_orderline_id
                and not line.is_reward_line
                and not line.loyalty_redeem_uuid
            )
        )
        programs = self._programs_that_pay() if lines else self.env["loyalty.program"]
        if not programs:
            return lines.browse()
        return lines.filtered(lambda line: programs._may_pay_for(line.product_id, 1.0))

    def _check_unlinked_returns(self):
        """Refuse in the back end to pay for goods without their sale, where a program says so."""
        order = self.sudo()  # cashiers may have no access to programs; access to the order was checked
        lines = order._unlinked_returns()
        refusing = lines and order._programs_that_pay().filtered(
            lambda program: program.unlinked_return_policy == "refuse"
        )
        if refusing:
            raise UserError(
                self.env._(
                    "%(products)s comes back without the original order. Program %(program)s does not allow that, "
                    "since it may have been paid with points: find the order and use Return Products there.",
                    products=", ".join(lines.product_id.mapped("display_name")),
                    program=refusing[0].name,
                )
            )

    # --- money never exceeds the money that was paid -------------------------------------------------------------

    def _paid_by_loyalty(self):
        """Return whether points, gift cards, wallets or rewards paid a part of this order, or of what it took in exchange."""
        return any(
            order.loyalty_points_redeemed
            or any(line.is_reward_line or line.loyalty_redeem_uuid for line in order.lines)
            for order in self._with_exchanged()
        )

    def _with_exchanged(self):
        """Return this order with those whose goods paid for it: what it took back in exchange, and so on."""
        orders, origin = self, self._older_origin()
        while origin:
            orders, origin = orders | origin, origin._older_origin()
        return orders

    def _older_origin(self):
        """Return the order whose goods this one takes back. It is older, whatever a client linked: no way goes in circles."""
        return self._origin_of_refund().filtered(lambda origin: origin.id < self.id)

    def _newer_refunds(self, drafts=False):
        return self._refunds_of_origin(drafts).filtered(lambda refund: refund.id > self.id)

    def _money_in(self):
        """Return the money that was due for this order, exactly; negative where it pays out.

        What cash is rounded to, so that it can be paid in coins, does not count; what was paid twice does. Neither counts what
        the tax engine makes of goods that come back one by one, which may be cents more or less than they cost together
        (:meth:`_odd_of_returns`).
        """
        money = sum(self._money_payments().mapped("amount"))
        if self.state == "draft":
            return money
        due = self.amount_total - sum((self.payment_ids - self._money_payments()).mapped("amount"))
        coins = self.config_id.rounding_method.rounding if self.config_id.cash_rounding else 0.0
        within = self.currency_id.compare_amounts(abs(money - due), coins) <= 0
        return (due if within else money) - self._odd_of_returns()

    def _money_payments(self):
        return self.payment_ids.filtered(lambda payment: payment.payment_method_id.type != LOYALTY)

    def _money_out(self, drafts=False):
        """Return the money that a return paid out beyond what was paid in: itself, and for what it sold in exchange."""
        out = sum(refund._money_out(drafts) for refund in self._newer_refunds(drafts))
        return max(0.0, out - self._money_in())

    def _money_carried(self, drafts=False):
        """Return the money that had paid for the goods which this order took in exchange, and that nobody got back yet."""
        origin = self._older_origin()
        if not origin:
            return 0.0
        others = origin._newer_refunds(drafts) - self
        back = sum(refund._money_out(drafts) for refund in others)
        return max(0.0, origin._money_in() + origin._money_carried(drafts) - back)

    def _money_of_sale(self, drafts=False):
        """Return ``(money paid, money paid back)`` of this order and its returns.

        An order that took goods in exchange was paid with the money that these had been paid with; what it sold may come
        back in turn. Both are exact until here: only their difference is rounded, once.

        :param drafts: count what returns that are not complete yet paid back, too
        """
        paid = max(0.0, self._money_in() + self._money_carried(drafts))
        back = sum(refund._money_out(drafts) for refund in self._newer_refunds(drafts))
        rounded, more = self.currency_id.round(paid), self.currency_id.round(back - paid)
        return rounded, self.currency_id.round(rounded + more)

    def _odd_of_returns(self):
        """Return the total of what this order takes back less what it is of its sale, exactly: what rounding makes of it.

        A piece is its part of what its line was sold for, and a reduction by points goes with the goods that it reduced.
        What comes back for another price or with other taxes counts as it is.
        """
        self.ensure_one()
        origin = self._older_origin()
        if not origin:
            return 0.0
        lines = self.lines.filtered(lambda line: line.refunded_orderline_id.order_id == origin)
        sold, totals = origin._loyalty_totals(), self._loyalty_totals()
        gone, odd, given, due = origin._gone_with(self, sold), 0.0, 0.0, 0.0
        for line in lines:
            returned = line.refunded_orderline_id
            if not returned.loyalty_redeem_uuid:
                odd += totals[line.id][0] + self._worth_of_return(line, sold, totals)
        for reduction in lines.refunded_orderline_id.filtered("loyalty_redeem_uuid"):
            goods = origin._goods_of_reduction(reduction, sold)
            whole = sum(sold[line.id][0] for line in goods)
            given += sum(totals[line.id][0] for line in lines if line.refunded_orderline_id == reduction)
            due -= sold[reduction.id][0] * sum(gone[line.id] for line in goods) / whole if whole else 0.0
        # Each reduction comes back in whole cents. What differs by more was not calculated, and counts as it is.
        return odd + (given - due if abs(given - due) <= self.currency_id.rounding * len(lines) else 0.0)

    def _worth_of_return(self, line, sold, totals):
        """Return what a line that takes goods back is of its sale, before it is rounded.

        :param sold: totals of the sale (:meth:`_loyalty_totals`)
        :param totals: totals of this order
        """
        returned = line.refunded_orderline_id
        names = ("price_unit", "discount", "tax_ids_after_fiscal_position")
        if not returned.qty or any(line[name] != returned[name] for name in names):
            return -totals[line.id][0]
        return -sold[returned.id][0] * line.qty / returned.qty

    def _review_money_of_returns(self, origin):
        """List refunds that paid out as money what was paid with points, gift cards or rewards.

        A return that pays nothing out, such as an exchange for something dearer, adds nothing to what an earlier one did.
        """
        if sum(self._money_payments().mapped("amount")) >= 0 or not origin._paid_by_loyalty():
            return
        paid, back = origin._money_of_sale()
        if self.currency_id.compare_amounts(back, paid) > 0:
            self._report_points(
                card=origin.loyalty_card_id,
                note=self.env._(
                    "%(back)s were paid out for goods of order %(order)s, of which %(paid)s were paid in money and "
                    "the rest with points, gift cards or rewards.",
                    back=self.currency_id.format(back),
                    order=origin.name,
                    paid=self.currency_id.format(paid),
                ),
            )

    def _check_refund_payment(self, method, amount):
        """Refuse to pay out as money what was paid with points, and the other way round."""
        order = self.sudo()  # cashiers may have no access to entries and cards; access to the order was checked
        origin = order._origin_of_refund()
        if not origin:
            return
        if method.type == LOYALTY:
            program = method.loyalty_program_id.sudo()
            left = origin._paid_with_points(program).amount - origin._given_back(program, order)
            left += sum(p.amount for p in self.payment_ids if p.payment_method_id == method)
            allowed = left
        elif origin.loyalty_points_redeemed or order._refuses_more_than_paid(origin):
            paid, back = origin._money_of_sale(drafts=True)
            left = paid - back + max(0.0, -order._odd_of_returns()) - order._stored_value_missing(origin)
            left = self.currency_id.round(left)
            allowed = max(left, self._get_rounded_amount(left, method.is_cash_count))
        else:
            return
        if self.currency_id.compare_amounts(amount, allowed) > 0:
            said = self.env._(
                "Order %(order)s was paid partly with points, gift cards or rewards, or what it sold is used: at most "
                "%(left)s can come back as %(method)s.",
                order=origin.name,
                left=self.currency_id.format(max(left, 0.0)),
                method=method.name,
            )
            if origin._older_origin():
                said += " " + self.env._(
                    "%(order)s took other goods in exchange, and points that had paid for these stay used: exchange what it "
                    "sold as well, or let a manager give the points back with Adjust on the card.",
                    order=origin.name,
                )
            raise UserError(said)

    def _refuses_more_than_paid(self, origin):
        """Return whether a program of the gift cards and rewards of a sale refuses to pay more back than was paid."""
        programs = origin._programs_that_paid()
        for entries, __ in self._stored_value_returned(origin):
            programs |= next(iter(entries)).program_id
        return any(program.unlinked_return_policy == "refuse" for program in programs)

    def _programs_that_paid(self):
        """Return the programs of rewards, gift cards and points that paid for this order and what it took in exchange."""
        orders = self._with_exchanged()
        rewards = orders.lines.filtered("is_reward_line").reward_id.program_id
        cards = orders.payment_ids.loyalty_card_id | orders.lines.filtered("loyalty_redeem_uuid").loyalty_card_id
        return rewards | cards.program_id

    def _is_pos_order_paid(self):
        """Points are not rounded to coins: with cash beside them the total may differ by what the cash was rounded."""
        if super()._is_pos_order_paid():
            return True
        methods = self.payment_ids.payment_method_id
        if not self.config_id.cash_rounding or LOYALTY not in methods.mapped("type"):
            return False
        if not any(methods.mapped("is_cash_count")):
            return False
        rounding = self.config_id.rounding_method
        most = rounding.rounding / 2 if rounding.rounding_method == "HALF-UP" else rounding.rounding
        difference = abs(self.currency_id.round(self.amount_total - self.amount_paid))
        return self.currency_id.compare_amounts(difference, most) <= 0

    # --- gift cards and wallets that come back -------------------------------------------------------------------

    def _stored_value_returned(self, origin):
        """Return what comes back of gift cards and wallets that were bought on an order.

        :return: list of (``{transaction: ten-thousandths of points that were not taken back yet}``, ten-thousandths
            to take back for the lines that this order or an earlier one returns)
        """
        result = []
        for program, entries in origin._entries_of_order().filtered(_is_top_up).grouped("program_id").items():
            products = program.trigger_product_ids
            sold = origin.lines.filtered(lambda line: line.product_id in products and line.qty > 0)  # noqa: B023
            back = (origin._refunds_of_origin() | self).lines.filtered(
                lambda line: line.refunded_orderline_id in sold  # noqa: B023 used at once
            )
            value = sum(sold.mapped("price_subtotal_incl"))
            if not back or value <= 0:
                continue
            reversed_points = dict(
                entries._read_group([("reversed_entry_id", "in", entries.ids)], ["reversed_entry_id"], ["points:sum"])
            )
            left = {entry: to_units(entry.points) + to_units(reversed_points.get(entry, 0)) for entry in entries}
            share = min(1.0, -sum(back.mapped("price_subtotal_incl")) / value)
            whole = sum(to_units(entry.points) for entry in entries)
            units = round(whole * share) - (whole - sum(left.values()))
            if units > 0:
                result.append((left, units))
        return result

    def _stored_value_missing(self, origin):
        """Return the money of gift cards and wallets that this order takes back and that was spent already."""
        missing = 0.0
        for entries, units in self._stored_value_returned(origin):
            cards = self.env["loyalty.card"].union(*(entry.card_id for entry in entries))
            points = to_points(max(0, units - cards._stored_value_there()))
            missing += points * (cards.program_id.reward_ids[:1].discount or 1.0)
        return self.currency_id.round(missing)

    def _take_back_stored_value(self, origin):
        """Take from gift cards and wallets what is paid out for them, as far as it is there; list the rest, once."""
        for entries, units in self._stored_value_returned(origin):
            cards = self.env["loyalty.card"].union(*(entry.card_id for entry in entries))
            if self._is_reported(cards):
                continue
            holders = {card: card._stored_value_holders() for card in cards}
            there = {card: card._stored_value_there() for card in holders.values()}
            ops, missing = [], units
            # Which of several cards came back nobody says: the fullest, as a card that was used stays with its owner.
            for entry in sorted(entries, key=lambda entry: (-there[holders[entry.card_id]], entry.id)):
                holder = holders[entry.card_id]
                part = min(missing, entries[entry], there[holder])
                if part <= 0:
                    continue
                missing -= part
                there[holder] -= part
                ops.append(
                    {
                        "card_id": entry.card_id.id,
                        "kind": "reversal",
                        "points": -to_points(part),
                        "key": f"pos-back:{self.uuid}:{entry.id}",
                        "document": ("pos.order", self.id),
                        "reversed_entry_id": entry.id,
                        "effective_date": self._loyalty_day(),
                    }
                )
            self.env["loyalty.card"]._post_entries(ops)
            if missing:
                self._report_points(
                    card=cards[:1],
                    points=to_points(missing),
                    note=self.env._(
                        "%(wanted)s were paid out for card %(code)s, on which only %(left)s were left.",
                        wanted=cards[:1]._say_points(to_points(units)),
                        code=", ".join(card._masked_code() for card in cards),
                        left=cards[:1]._say_points(to_points(units - missing)),
                    ),
                )

    def _cards_moved(self):
        """Return the cards whose points these sales moved: the customers' own first, then gift cards and wallets."""
        cards = self.filtered(
            lambda order: order.loyalty_points_redeemed or order.loyalty_points_earned
        ).loyalty_card_id
        entries = self._entries_of_order().filtered(lambda entry: entry.program_id.program_type in STORED_VALUE)
        return cards | entries.card_id

    def _is_reported(self, cards):
        """Return whether the exceptions list has this order with one of these cards."""
        exceptions = self.env["loyalty.exception"].sudo()  # cashiers do not see what others have to look at
        domain = [("res_model", "=", "pos.order"), ("res_id", "=", self.id), ("card_id", "in", cards.ids)]
        return bool(exceptions.search_count([*domain, ("kind", "=", "claim")], limit=1))


def _is_top_up(entry):
    """Return whether a transaction of an order put money on a gift card or a wallet."""
    return entry.kind == "earn" and entry.program_id.program_type in STORED_VALUE
