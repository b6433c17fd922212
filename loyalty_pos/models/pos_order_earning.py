"""What an order of the till earns, as the server works it out: programs that give points when a document is paid.

The order says what was sold, what came back and how it was paid; the engine of the ledger decides, as for invoices, so
the same basket earns the same in every channel. Returned goods take back what they earned, on the order that sold them.
"""

from math import floor

from odoo import models

from odoo.addons.loyalty_ledger.earning.basket import Settlement
from odoo.addons.loyalty_ledger.earning.claim import Claim, ClaimLine
from odoo.addons.loyalty_ledger.ledger.rounding import UNIT, to_points, to_units
from odoo.addons.loyalty_ledger.ledger.usability import EARN
from odoo.addons.loyalty_ledger.tools.today import loyalty_today

from .pos_order_account import NOTHING_YET
from .pos_order_claims import STORED_VALUE


class PosOrder(models.Model):
    _inherit = "pos.order"

    def _has_loyalty(self):
        if super()._has_loyalty():
            return True
        origin = self._origin_of_refund()
        if origin.loyalty_settled or (origin and origin._entries_of_order()):
            return True
        takes_part = self.partner_id or self.loyalty_card_id or self.lines.coupon_id
        return bool(takes_part and self._programs_of_server())

    def _loyalty_settle_one(self):
        programs = self._programs_of_server()
        known = self._earned_before()
        claims = self._earning_claims(programs, known)
        origin = self._origin_of_refund()
        if claims and origin and self._spends_points():
            # The level before the order counts, and what it spends is posted before what comes back.
            known = known.union(*self.env["loyalty.earning"]._freeze(claims, known).values())
        redeemed = self._settle_redemptions()
        spent = redeemed + self._settle_rewards(programs)
        if origin:
            self.env["loyalty.card"]._post_entries(spent)
            self._return_rewards()
            results = self._settle_earnings(claims, known)
        else:
            results = self._settle_earnings(claims, known, spent)
        self._review_redemptions(redeemed)
        self._refresh_points_of_order(results)

    def _spends_points(self):
        """Return whether the order pays with points, or has rewards that cost some."""
        return bool(self.payment_ids.payment_method_id.loyalty_program_id) or any(
            line.loyalty_redeem_uuid or line.is_reward_line for line in self.lines
        )

    def _programs_of_server(self):
        """Return the programs whose points the server gives and takes for this order; clients have no say in them."""
        self.ensure_one()
        Program = self.env["loyalty.program"].sudo()
        programs = Program.browse(Program._server_program_ids())._read_for_till()
        return programs.filtered(lambda program: program._is_offered_to(self))

    def _earned_before(self):
        """Return the earnings that the server calculated for these orders."""
        earnings = self.env["loyalty.earning"].sudo()
        ids = [order.id for order in self if order._was_settled()]
        return earnings.search([("res_model", "=", "pos.order"), ("res_id", "in", ids)]) if ids else earnings

    def _settle_earnings(self, claims, known, spent=()):
        """Give what the order earned by now, and take back from the order that it returns goods of.

        :param known: the earnings that the order has already
        :param spent: movements of what the order spends, posted before in the same call of the gateway
        :return: the values of the order that say so
        """
        origin = self._origin_of_refund()
        before = origin._earned_before()
        claims += [origin._earning_claim(earning.card_id) for earning in before]
        if origin:
            self._take_back_claimed(origin)
        if not claims:
            self.env["loyalty.card"]._post_entries(spent)
            return {}
        program = (self.loyalty_card_id or origin.loyalty_card_id).program_id
        earned = origin._points_of_earnings(program)
        earnings = self.env["loyalty.earning"]._synchronise(claims, known | before, spent)
        # What had expired, or was waived, left the card before or never: it is not taken (twice).
        back = earned - origin._points_of_earnings(program)
        own = earnings.filtered(
            lambda earning: earning.res_id == self.id and earning.program_id in (program or earning.program_id)
        )
        results = {"loyalty_points_earnable": sum(own.mapped("earnable_points"))}
        if back:
            results["loyalty_points_taken_back"] = self.loyalty_points_taken_back + back
        return results

    def _points_of_earnings(self, program):
        """Return the points that this order gave by now: what was posted for it, less what was taken back from cards.

        :param program: only points of this program, as those of several are no sum; all where it is empty
        """
        if not self:
            return 0.0
        domain = [("res_model", "=", "pos.order"), ("res_id", "in", self.ids), ("kind", "in", ("earn", "reversal"))]
        domain += [("program_id", "=", program.id)] if program else []
        entries = self.env["loyalty.ledger.entry"].sudo()  # cashiers do not read the ledger
        return entries._read_group([*domain, ("is_redemption", "=", False)], [], ["points:sum"])[0][0] or 0.0

    def _earning_claims(self, programs, known):
        """Return what the order says to the earning engine, one claim for each program, also one that it had before."""
        if not any(self._line_is_sold(line) for line in self.lines):
            return []
        known = {earning.program_id: earning.card_id for earning in known}
        claims = []
        for program in programs.union(*known):
            card = known.get(program) or self._card_that_earns(program)
            if card:
                claims.append(self._earning_claim(card))
        return claims

    def _card_that_earns(self, program):
        """Return the card on which the order earns: the one it names, the customer's own, or a new one (H1, H2).

        A new card is issued only when the order earns something, to customers who participate and have none.
        """
        Card = self.env["loyalty.card"]
        day = self._loyalty_day()
        named = self.loyalty_card_id
        if named.program_id == program and self._is_customers_card(named) and named._is_usable(day, EARN):
            return named
        card = Card._earning_card(self.partner_id, program, day)
        if card or not self.partner_id:
            return card.filtered(lambda card: card._is_usable(day, EARN))
        if not program.is_nominative or not self.partner_id._earns_loyalty():
            return card
        claim = self._earning_claim(Card.new({"program_id": program.id, "partner_id": self.partner_id.id}))
        if not self.env["loyalty.earning"]._preview([claim])[claim].points:
            return card
        Card._lock_customer(self.partner_id)
        return Card.create({"program_id": program.id, "partner_id": self.partner_id.id, "source_pos_order_id": self.id})

    # --- what was sold -------------------------------------------------------------------------------------------

    def _earning_claim(self, card):
        """Return the :class:`Claim` of this order on a card."""
        self.ensure_one()
        totals = self._loyalty_totals()
        day = self._loyalty_day()
        later = self._paid_on_account()
        today = loyalty_today(self.env, self.company_id)
        refunds = self._refunds_of_origin()
        returned = [line for refund in refunds for line in refund._returned_lines(self)]
        return Claim(
            ("pos.order", self.id),
            card,
            day,
            lines=self._sold_lines(totals),
            returned=returned,
            settlement=self._earning_settlement(totals, later),
            active=self.state in ("paid", "done"),
            earned_on=min(max(later.date or day, day), today),
            returned_on=max(refund._loyalty_day() for refund in refunds) if refunds else None,
            customer=self.partner_id,
            pricelist=self.pricelist_id,
            redeemed=self._redeemed_revenue,
        )

    def _redeemed_revenue(self):
        """Return how much of the order's revenue points paid, as the redemption account is charged for it, less what refunds
        gave back."""
        refunds, totals = self._refunds_of_origin(), self._loyalty_totals()
        lines = self.lines.filtered(lambda line: line.loyalty_redeem_uuid and not line.refunded_orderline_id)
        amount = max(0.0, self._paid_by_points()) - sum(totals[line.id][1] for line in lines)
        for refund in refunds:
            totals = refund._loyalty_totals()
            amount += min(0.0, refund._paid_by_points()) - sum(
                totals[line.id][1] for line in refund.lines if line.refunded_orderline_id in lines
            )
        return amount

    def _paid_by_points(self):
        return sum(payment.amount for payment in self.payment_ids if payment.payment_method_id.loyalty_program_id)

    def _line_is_sold(self, line):
        """Return whether a line sells something. What pays, what returns goods, tips and parts of a combo do not.

        Rewards that gift cards and eWallets pay with, and points that reduce the price, are payments (C6).
        """
        return not (
            line.refunded_orderline_id
            or self._is_part_of_combo(line)
            or self._is_tip(line)
            or line.loyalty_redeem_uuid
            or (line.is_reward_line and line.reward_id.program_id.program_type in STORED_VALUE)
        )

    def _sold_lines(self, totals):
        lines = self.lines.filtered(self._line_is_sold)
        return [self._claim_line(line, totals) for line in lines]

    def _claim_line(self, line, totals):
        parts = self._with_parts(line)
        total, untaxed = (sum(totals[part.id][position] for part in parts) for position in (0, 1))
        # A reward takes money off and is no further piece.
        quantity = 0 if line.is_reward_line and total <= 0 else line.qty
        sets = {}
        for part in parts:
            taxes = tuple(part.tax_ids_after_fiscal_position.ids)
            sets[taxes] = sets.get(taxes, 0.0) + totals[part.id][0]
        return ClaimLine(line.product_id.id, quantity, untaxed, total, sets=sets)

    def _returned_lines(self, origin):
        """Return what this refund takes back of an order, with positive quantities and amounts.

        A combo is one piece, as it was sold: lines that take it or its parts back belong to it by what they return,
        whether they are a combo themselves or not.
        """
        totals = self._loyalty_totals()
        result = {}
        for line in self.lines.filtered(lambda line: line.refunded_orderline_id in origin.lines):
            returned = line.refunded_orderline_id
            sold = returned.combo_parent_id if origin._is_part_of_combo(returned) else returned
            if not origin._line_is_sold(sold):
                continue
            claim = result.setdefault(sold, ClaimLine(sold.product_id.id, 0, 0.0, 0.0))
            claim.total -= totals[line.id][0]
            claim.untaxed -= totals[line.id][1]
            if returned == sold:
                claim.quantity -= line.qty
        for sold, claim in result.items():
            if sold.is_reward_line and claim.total <= 0:
                claim.quantity = 0
        return list(result.values())

    # --- how it was paid -----------------------------------------------------------------------------------------

    def _earning_settlement(self, totals, later=NOTHING_YET):
        """Return how the order was paid (:class:`earning.basket.Settlement`): money earns, points do not (C6, bH5).

        Change is part of the payments, as a negative one. Goods that were returned in exchange pay like the money
        that had paid for them: what they had earned is taken back. Money pays tips first, as points never do.

        :param later: what was paid since of what the order put on the customer's account
        """
        qualifying = other = tips = 0.0
        for payment in self.payment_ids:
            if payment.payment_method_id.earns_loyalty:
                qualifying += payment.amount
            else:
                other += payment.amount
        qualifying, other = qualifying + later.amount, other - later.amount
        for line in self.lines:
            if self._is_part_of_combo(line) or line.refunded_orderline_id or self._line_is_sold(line):
                continue
            if self._is_tip(line):
                tips += totals[line.id][0]
            else:
                other -= totals[line.id][0]
        if tips:
            by_money = min(tips, max(0.0, qualifying))
            qualifying, other = qualifying - by_money, other - (tips - by_money)
        exchanged = -sum(totals[line.id][0] for line in self.lines if line.refunded_orderline_id)
        if exchanged > 0:
            share = self._origin_of_refund()._qualifying_share()
            qualifying += exchanged * share
            other += exchanged * (1 - share)
        due = self.currency_id.round(qualifying + other)
        return Settlement(
            due=due,
            qualifying=self.currency_id.round(qualifying),
            other=self.currency_id.round(other),
            settled=self.state in ("paid", "done"),
        )

    def _qualifying_share(self):
        earnings = self._earned_before()
        return max(earnings.mapped("share")) if earnings else 1.0

    # --- programs with Odoo's timing -----------------------------------------------------------------------------

    def _take_back_claimed(self, origin):
        """Take back what the till had claimed for goods that come back: their part of the value of the order (N4)."""
        self.env["loyalty.card"]._post_entries(
            [
                {
                    "card_id": entry.card_id.id,
                    "kind": "reversal",
                    "points": -to_points(less),
                    "key": f"pos-back:{self.uuid}:{entry.id}",
                    "document": ("pos.order", self.id),
                    "reversed_entry_id": entry.id,
                    "effective_date": self._loyalty_day(),
                }
                for entry, less in origin._claimed_to_take_back()
            ]
        )

    def _claimed_to_take_back(self, more=0.0, odoo_timing=False):
        """Return ``[(entry, ten-thousandths of points)]``: what was claimed for goods that have come back.

        Only in programs that give points when paid, for orders from before they did. Where Odoo's own timing holds,
        returns leave points alone, as Odoo's till does, and the cashier reads how many stay.

        :param more: value of goods that are about to come back, too
        :param odoo_timing: return what stays on cards of programs with Odoo's own timing instead
        """
        entries = self._entries_of_order().filtered(
            lambda entry: (
                entry.kind == "earn"
                and entry.program_id.program_type == "loyalty"
                and (entry.program_id.issue_on != "paid") == odoo_timing
                and entry.idempotency_key.startswith(f"pos:{self.uuid or self.id}:")
            )
        )
        if not entries:
            return []
        sold = sum(line.total for line in self._sold_lines(self._loyalty_totals()))
        refunds = self._refunds_of_origin()
        back = more + sum(line.total for refund in refunds for line in refund._returned_lines(self))
        share = min(1.0, max(0.0, back / sold)) if sold > 0 else 1.0
        reversed_points = dict(
            self.env["loyalty.ledger.entry"]
            .sudo()  # cashiers do not read the ledger
            ._read_group([("reversed_entry_id", "in", entries.ids)], ["reversed_entry_id"], ["points:sum"])
        )
        result = []
        for entry in entries:
            step = UNIT if to_units(entry.points) % UNIT == 0 else 1
            # What stays is rounded down, as what is earned is; the dust of floats is no whole point.
            kept = floor(to_units(entry.points) * (1 - share) / step + 1e-6) * step
            less = to_units(entry.points) + to_units(reversed_points.get(entry, 0)) - kept
            if less > 0:
                result.append((entry, less))
        return result

    # --- rewards -------------------------------------------------------------------------------------------------

    def _settle_rewards(self, programs):
        """Return the movements that take what rewards of the server's programs cost."""
        if not self.lines.filtered("is_reward_line"):
            return []
        lines = self._reward_lines().filtered(lambda line: line.reward_id.program_id in programs)
        for line in lines:
            card = self._card_that_pays(line.coupon_id, False, line.reward_id.program_id)
            if card != line.coupon_id:
                line.coupon_id = card
        costs = self._reward_costs(lines)
        ops = []
        for card, of_card in lines.grouped("coupon_id").items():
            spent = sum(to_units(costs[line]) for line in of_card)
            if card.ledgered and spent:
                ops.append(self._till_op(card.points_to_id or card, "redeem", -spent))
        posted = self._posted_keys([op["key"] for op in ops]) if self._was_settled() else ()
        return [op for op in ops if op["key"] not in posted]

    def _return_rewards(self):
        """Give back the points of rewards that are returned with the goods, by the returned quantity (N4).

        Loyalty programs with Odoo's own timing keep them, as Odoo's till does; gift cards and eWallets are money.
        """
        origin = self._origin_of_refund()
        lines = self.lines.filtered(
            lambda line: line.refunded_orderline_id.is_reward_line and line.refunded_orderline_id.points_cost > 0
        )
        for card, of_card in lines.grouped(lambda line: line.refunded_orderline_id.coupon_id).items():
            if card.program_type == "loyalty" and card.program_id.issue_on != "paid":
                continue
            entries = origin._entries_of_order().filtered(
                lambda entry: (
                    entry.kind == "redeem"
                    and entry.card_id in (card, card.points_to_id)  # noqa: B023 used at once
                    and entry.idempotency_key.startswith(f"pos:{origin.uuid or origin.id}:")
                )
            )
            uuid = f"{self.uuid}:rewards:{card.id}"
            if not entries or self._returns_of(uuid):
                continue
            points = sum(
                line.refunded_orderline_id.points_cost * min(1.0, -line.qty / line.refunded_orderline_id.qty)
                for line in of_card
                if line.qty < 0 < line.refunded_orderline_id.qty
            )
            self._return_points(entries, points, uuid)
