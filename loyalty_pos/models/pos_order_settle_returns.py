"""What a refund gives back of the points that paid the sale, and what is left of them after other refunds."""

from typing import NamedTuple

from odoo import models

from odoo.addons.loyalty_ledger.ledger.rounding import to_points, to_units

from ..tools import tender


class PaidWithPoints(NamedTuple):
    """What an order paid with points: money, points, and the entries that took them, newest first."""

    amount: float
    points: float
    entries: object


class PosOrder(models.Model):
    _inherit = "pos.order"

    def _give_back_redeemed(self, redemptions):
        """Return redeemed points to the lots that they came from, pro rata to the money that the order gives back."""
        for redemption in redemptions:
            entries = self._returns_of(redemption.uuid)
            if not entries:
                origin = self._origin_of_refund()
                paid = origin._paid_with_points(redemption.program, redemption.card)
                before = origin._given_back(redemption.program, self, redemption.card)
                back, left = -redemption.amount, self.currency_id.round(paid.amount - before)
                if self.currency_id.compare_amounts(back, left + self._lost_in_lines(redemption, origin)) > 0:
                    self._report_points(
                        card=redemption.card,
                        program=redemption.program,
                        note=self.env._(
                            "%(back)s come back as points, of which only %(left)s were paid with points.",
                            back=self.currency_id.format(back),
                            left=self.currency_id.format(left),
                        ),
                    )
                points = tender.points_share(paid.points, before, min(back, left), paid.amount)
                entries = self._return_points(paid.entries, points, redemption.uuid)
            card = entries[:1].card_id or redemption.card
            self._note_points(redemption._replace(card=card), -sum(entries.mapped("points")))

    def _lost_in_lines(self, redemption, origin):
        """Return by how much lines that give a reduction back may differ from their part of it.

        The tax engine rounds net and tax of each line: two halves of 20.00 with 15 % in it are 10.01 each.
        """
        if redemption.records._name != "pos.order.line":
            return 0.0
        return self.currency_id.rounding * len(redemption.records) * len(origin._refunds_of_origin() | self)

    def _paid_with_points(self, program, card=None):
        """Return what this order paid with points of a program (:class:`PaidWithPoints`).

        :param card: only this card's, where several cards paid
        """
        redemptions = self._redemptions_of(program, card)
        posted = self._entries_by_key([self._redeem_key(redemption.uuid) for redemption in redemptions])
        entries = self.env["loyalty.ledger.entry"].union(*posted.values()).sorted("id", reverse=True)
        amount = self.currency_id.round(sum(redemption.amount for redemption in redemptions)) if redemptions else 0.0
        return PaidWithPoints(amount, -sum(entries.mapped("points")), entries)

    def _redemptions_of(self, program, card=None, sign=1):
        """Return the redemptions of a program in these orders, or with ``sign`` -1 what they give back."""
        redemptions = [
            redemption
            for order in self
            for redemption in order._loyalty_redemptions()
            if redemption.program == program and redemption.amount * sign > 0
        ]
        of_card = [redemption for redemption in redemptions if redemption.card == card]
        return of_card or redemptions

    def _given_back(self, program, refund, card=None):
        """Return how much of what was paid with points of a program other refunds than ``refund`` gave back."""
        refunds = (self.lines.refund_orderline_ids.order_id - refund).filtered("loyalty_settled")
        several = len({redemption.card for redemption in self._redemptions_of(program)}) > 1
        return -sum(
            redemption.amount
            for redemption in refunds._redemptions_of(program, sign=-1)
            if not several or redemption.card == card
        )

    def _returns_of(self, uuid):
        """Return the entries with which this refund gave back a redemption already."""
        entries = self._entries_of_order().filtered("reversed_entry_id")
        return entries.filtered(lambda entry: entry.idempotency_key.startswith(f"pos-pay:{uuid}:return:"))

    def _return_points(self, entries, points, uuid):
        """Reverse ``points`` of debits, newest first."""
        Entry = self.env["loyalty.ledger.entry"]
        returned = dict(
            Entry._read_group([("reversed_entry_id", "in", entries.ids)], ["reversed_entry_id"], ["points:sum"])
        )
        ops, missing = [], to_units(points)
        for entry in entries:
            part = min(missing, -to_units(entry.points) - to_units(returned.get(entry, 0)))
            if part <= 0:
                continue
            missing -= part
            ops.append(
                {
                    "card_id": entry.card_id.id,
                    "kind": "reversal",
                    "points": to_points(part),
                    "key": f"pos-pay:{uuid}:return:{entry.id}",
                    "document": ("pos.order", self.id),
                    "reversed_entry_id": entry.id,
                    "effective_date": self._loyalty_day(),
                }
            )
        return self.env["loyalty.card"]._post_entries(ops)
