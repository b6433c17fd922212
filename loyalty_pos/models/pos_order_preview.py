"""What a refund would do to the customer's points, for the cashier to see before goods are taken back."""

from collections import defaultdict

from odoo import models
from odoo.exceptions import AccessError

from odoo.addons.loyalty_ledger.earning.claim import ClaimLine
from odoo.addons.loyalty_ledger.ledger.rounding import part_of, to_points, to_units

from ..tools import remote, tender
from .pos_payment_method import LOYALTY


class PosOrder(models.Model):
    _inherit = "pos.order"

    @remote.checked(quantities=remote.numbers_by_id)
    def pos_refund_preview(self, quantities):
        """Say what returning these goods would do to points; nothing is written (N4).

        :param quantities: dict id of a line of this order -> quantity that comes back (keys may be strings, as JSON
            makes them)
        :return: dict with ``payments``, a list of what has to come back as points (``method_id``, ``card_id``,
            ``card_code``, ``amount`` and ``points``); ``cash``, the most that may come back as money;
            ``capped``, whether anything but money paid for the sale, so that this matters, and ``refused``, whether a till
            must not pay out more (else it is listed for a manager); ``taken_back``, the earned points that are taken back, and ``program_id``, their program; ``lost``, those of them
            that expired or were adjusted away and are not taken again; ``missing``, those that are spent already, and
            ``policy``, what happens with these (``debt`` or ``clamp``); ``kept``, a list of points that stay on cards since
            their program has Odoo's own timing (``program_id`` and ``points``)
        """
        self.ensure_one()
        if not self.env.user.has_group("point_of_sale.group_pos_user"):
            raise AccessError(self.env._("Only users of the Point of Sale may return goods."))
        self.check_access("read")
        order = self.sudo()  # cashiers see the effect on points, not cards and transactions
        quantities = {int(line_id): float(quantity) for line_id, quantity in quantities.items()}
        lines = [(line, quantities[line.id]) for line in order.lines if quantities.get(line.id)]
        totals = order._loyalty_totals()
        value = order.currency_id.round(sum(totals[line.id][0] * qty / line.qty for line, qty in lines if line.qty))
        payments = order._preview_payments(lines, totals)
        taken_back, card, lost, kept = order._preview_taken_back(lines, totals)
        after = to_units(card.points) + sum(to_units(p["points"]) for p in payments if p["card_id"] == card.id)
        cash = value - sum(payment["amount"] for payment in payments)
        paid_by_loyalty, refused = order._paid_by_loyalty(), False
        if paid_by_loyalty:
            paid, back = order._money_of_sale()
            cash = min(cash, paid - back)
            refused = bool(order.loyalty_points_redeemed) or any(
                program.unlinked_return_policy == "refuse" for program in order._programs_that_paid()
            )
        return {
            "payments": payments,
            "cash": order.currency_id.round(max(0.0, cash)),
            "capped": paid_by_loyalty,
            "refused": refused,
            "taken_back": taken_back,
            "lost": lost,
            "kept": [{"program_id": program.id, "points": to_points(units)} for program, units in kept.items()],
            "program_id": card.program_id.id,
            "missing": max(0.0, to_points(to_units(taken_back) - to_units(lost) - max(0, after)))
            if taken_back
            else 0.0,
            "policy": card.program_id.negative_policy,
        }

    def _preview_payments(self, lines, totals):
        """Return what comes back as points when goods are returned: what points paid of them.

        Of what points may not pay, such as tips and gift cards, nothing does; unless there is not enough money for it, as
        an earlier return gave back more money and fewer points.

        :param lines: list of (line, quantity that comes back)
        """
        unit, back = self.currency_id.rounding, self._gone_with(self._refunds_of_origin(), totals)
        for line, quantity in lines:
            back[line.id] += totals[line.id][0] * quantity / line.qty if line.qty else 0.0
        value = sum(totals[line.id][0] * quantity / line.qty for line, quantity in lines if line.qty)
        left = self.currency_id.round(value)
        result = []
        for method in self.payment_ids.payment_method_id.filtered(lambda method: method.type == LOYALTY):
            program = method.loyalty_program_id
            goods = self._goods_paid_with(program, totals)
            whole = sum(totals[line.id][0] for line in goods)
            gone = max(0.0, sum(back[line.id] for line in goods))
            cards = {redemption.card for redemption in self._redemptions_of(program)}
            for card in sorted(cards, key=lambda card: card.id):
                paid = self._paid_with_points(program, card)
                given = self._given_back(program, self.browse(), card)
                most = self.currency_id.round(paid.amount - given)
                amount = self.currency_id.round(part_of(paid.amount, gone, whole, unit) - given)
                amount = max(0.0, min(amount, most, left))
                left = self.currency_id.round(left - amount)
                result.append((method, card, paid, given, amount, most))
        if result:
            paid, back = self._money_of_sale()
            left = self.currency_id.round(left - max(0.0, paid - back))
        items = []
        for method, card, paid, given, amount, most in result:
            more = max(0.0, min(left, most - amount))
            left, amount = left - more, self.currency_id.round(amount + more)
            if amount > 0:
                items.append(
                    {
                        "method_id": method.id,
                        "card_id": card.id,
                        "card_code": card.code,
                        "amount": amount,
                        "points": tender.points_share(paid.points, given, amount, paid.amount),
                    }
                )
        return items

    def _goods_paid_with(self, program, totals):
        """Return the lines that points of a program paid, as it was when the order was paid."""
        kept = (self.loyalty_items or {}).get(str(program.id), {}).get("paid") or {}
        lines = self.lines.filtered(lambda line: str(line.id) in kept.get("lines", {}))
        lines = lines or self._loyalty_payable_lines(program, totals)
        payable = sum(totals[line.id][0] for line in lines)
        payable = max(payable, self._get_rounded_amount(payable, force_round=True))
        paid = sum(redemption.amount for redemption in self._redemptions_of(program))
        if self.currency_id.compare_amounts(paid, payable) > 0:  # they paid what they should not have
            return self.lines.filtered(lambda line: not line.loyalty_redeem_uuid)
        return lines

    def _preview_taken_back(self, lines, totals):
        """Return the earned points that are taken back, the card that they come from, those of them that are gone, and a
        dict program -> ten-thousandths of points that stay on cards although the goods come back."""
        back = {}
        for line, quantity in lines:
            sold = line.combo_parent_id if self._is_part_of_combo(line) else line
            if not self._line_is_sold(sold) or not line.qty:
                continue
            part = quantity / line.qty
            claim = back.setdefault(sold, ClaimLine(sold.product_id.id, 0, 0.0, 0.0))
            claim.total += totals[line.id][0] * part
            claim.untaxed += totals[line.id][1] * part
            if line == sold and not (line.is_reward_line and totals[line.id][0] <= 0):
                claim.quantity += quantity
        back = list(back.values())
        points, card, entries = 0, self.loyalty_card_id, self.env["loyalty.ledger.entry"]
        for earning in self._earned_before():
            claim = self._earning_claim(earning.card_id)
            claim.returned = [*claim.returned, *back]
            points += max(0, to_units(earning.points) - earning._evaluate(claim).points)
            card = earning.card_id
            entries |= earning.entry_ids.filtered(lambda entry: entry.kind == "earn")
        for entry, less in self._claimed_to_take_back(sum(line.total for line in back)):
            points += less
            card = entry.card_id
            entries |= entry
        card = card.points_to_id or card
        left, lost = card._left_of_credits(entries if points else entries.browse())
        kept = defaultdict(int)
        for entry, units in self._claimed_to_take_back(sum(line.total for line in back), odoo_timing=True):
            kept[entry.program_id] += units
        return to_points(points), card, max(0.0, min(lost, to_points(points - to_units(left)))), kept
