"""What orders post: one entry per order, card and direction; nothing earned is netted with what was spent."""

from collections import defaultdict

from odoo import models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.ledger.rounding import to_points, to_units
from odoo.addons.loyalty_ledger.tools.words import say_points

from ..tools.order_event import OrderEvent


class SaleOrder(models.Model):
    _inherit = "sale.order"

    # --- confirming ----------------------------------------------------------------------------------------------

    def _loyalty_changes(self):
        """Return Odoo's point changes of the order by card, those of cards with a ledger included."""
        event, order = OrderEvent.bound(self)
        with event.enter(order):
            return order._get_point_changes()

    def _loyalty_costs(self):
        """Return ``{card: ten-thousandths}`` that the reward lines of the orders cost, on cards with a ledger."""
        costs = defaultdict(int)
        for line in self.order_line:
            if line.reward_id and line.points_cost and line.coupon_id.ledgered:
                costs[line.coupon_id] += to_units(line.points_cost)
        return costs

    def _check_loyalty_funds(self):
        """Refuse to confirm orders that together cost more than a card has available."""
        waiting = self.filtered(lambda order: order.state in ("draft", "sent"))
        for card, units in waiting._loyalty_costs().items():
            of_card = waiting.filtered(lambda order, card=card: card in order.order_line.coupon_id)
            stranger = of_card.filtered(lambda order, card=card: not order._may_use_card(card))[:1]
            if stranger:
                raise ValidationError(
                    self.env._(
                        "%(problem)s Remove its reward from order %(order)s.",
                        problem=card._unusable_for(stranger.partner_id),
                        order=stranger.name,
                    )
                )
            available = card._spendable_points()
            available += sum(order._own_points(card, order._given_points(card)) for order in of_card)
            if units > to_units(available):
                raise ValidationError(
                    self.env._(
                        "Card %(card)s has %(available)s points available, but %(orders)s needs %(needed)s. "
                        "Update or remove the rewards of the card.",
                        card=card._say_code(),
                        available=say_points(self.env, available),
                        orders=", ".join(of_card.mapped("name")),
                        needed=say_points(self.env, to_points(units)),
                    )
                )

    def _post_loyalty_confirmation(self):
        """Post what each of the orders earned and spent (C11, P24: nothing before this moment)."""
        ops = []
        left = {}
        lost = self._loyalty_lost()
        for order in self:
            costs = order._loyalty_costs()
            changes = order._loyalty_changes()
            for card, change in changes.items():
                if not card.ledgered:
                    continue
                spent = costs.get(card, 0)
                earned = to_units(change) + spent
                movements = []
                if order._defers_points(card):
                    earned = 0
                if earned > 0:
                    earned = max(0, earned - lost[order.id, card.id])
                if earned > 0 and (reason := order._why_no_earning(card)):
                    order._message_log(body=self.env._("No points earned. %s", reason))
                elif earned:
                    movements.append(order._loyalty_op(card, "earn" if earned > 0 else "external", earned))
                if spent:
                    movements.append(order._loyalty_op(card, "redeem" if spent > 0 else "external", -spent))
                    if card not in left:
                        left[card] = to_units(card._spendable_points())
                    if left[card] >= spent:
                        # Points from before the order pay for it, as far as they suffice.
                        movements.reverse()
                        left[card] -= spent
                ops += movements
        self._post_loyalty(ops)

    # --- changes of confirmed orders -----------------------------------------------------------------------------

    def _post_loyalty_event(self, changes):
        """Post what Odoo's reward code changed on this order, in total."""
        cards = self.env["loyalty.card"]
        opened = self._open_loyalty_entries()
        ops = []
        for card_id, units in changes.spent.items():
            card = cards.browse(card_id)
            if units < 0:
                ops.append(self._loyalty_op(card, "redeem", units))
            else:
                ops += self._reversal_ops(card, units, [row for row in opened if row.kind == "redeem"])
        for card_id, units in changes.other.items():
            card = cards.browse(card_id)
            if self._defers_points(card):
                continue
            if units < 0:
                ops += self._reversal_ops(card, units, [row for row in opened if row.kind == "earn"])
            elif units:
                ops.append(self._loyalty_op(card, "external", units))
        for card_id, units in changes.earned.items():
            card = cards.browse(card_id)
            units = self._unposted_earning(card, units, opened)
            if units > 0 and not self._defers_points(card) and not self._why_no_earning(card):
                ops.append(self._loyalty_op(card, "earn", units))
        self._post_loyalty(ops)

    def _defers_points(self, card):
        """Return whether the order's points are given later, when its invoice is paid (C11)."""
        program = card.sudo().program_id
        return program.program_type == "loyalty" and program.issue_on == "paid"

    def _unposted_earning(self, card, units, opened):
        """Points of a program applied late: never more than the order gives less what it gave already."""
        if not self.loyalty_in_ledger:
            return units
        given = self._given_points(card)
        posted = sum(row.units for row in opened if row.card_id == card.id and row.kind == "earn")
        return min(units, to_units(given) - posted - self._loyalty_lost()[self.id, card.id])

    def _loyalty_lost(self):
        """Return ``{(order id, card id): ten-thousandths}`` that the orders gave once and that were gone when they were taken
        back: expired, or spent and waived. An order that is confirmed again does not give them a second time."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT e.res_id, e.card_id, (sum(r.waived_points) * 10000)::bigint
                  FROM loyalty_ledger_entry e JOIN loyalty_ledger_entry r ON r.reversed_entry_id = e.id
                 WHERE e.res_model = %s AND e.res_id = ANY(%s) AND e.kind = 'earn' AND r.waived_points <> 0
                 GROUP BY e.res_id, e.card_id
                """,
                self._name,
                self.ids,
            )
        )
        return defaultdict(int, {(order_id, card_id): units for order_id, card_id, units in rows})

    # --- cancelling ----------------------------------------------------------------------------------------------

    def _reverse_loyalty(self):
        """Reverse what the ledger posted for the orders, never a recomputation: lines may have changed since."""
        opened = self._open_loyalty_entries()
        orders = {order.id: order for order in self}
        cards = self.env["loyalty.card"]
        # What was spent comes back first, so that taking back what was earned leaves no needless debt.
        opened.sort(key=lambda row: row.units > 0)
        ops = [orders[row.order_id]._reversal_op(cards.browse(row.card_id), row, -row.units) for row in opened]
        for order in self.filtered(lambda order: not order.loyalty_in_ledger):
            ops += order._pre_ledger_ops([row for row in opened if row.order_id == order.id])
        self._post_loyalty(ops)

    def _pre_ledger_ops(self, opened):
        """An order confirmed before the ledger: its points are in the opening balance, only Odoo knows which."""
        posted = defaultdict(int)
        for row in opened:
            posted[row.card_id, row.kind] += row.units
        costs = self._loyalty_costs()
        ops = []
        for card, change in self._loyalty_changes().items():
            if not card.ledgered:
                continue
            spent = costs.get(card, 0)
            earned = to_units(change) + spent - posted[card.id, "earn"]
            spent += posted[card.id, "redeem"]
            ops += [
                self._loyalty_op(card, "external", units, suffix=suffix)
                for units, suffix in ((spent, ":spent"), (-earned, ":earned"))
                if units
            ]
        return ops

    # --- movements -----------------------------------------------------------------------------------------------

    def _open_loyalty_entries(self):
        """Return what the ledger posted for the orders and did not reverse, newest first.

        Rows: order_id, entry_id, card_id, kind, units (signed ten-thousandths still in force).
        """
        return [
            _Open(*row)
            for row in self.env.execute_query(
                SQL(
                    """
                    SELECT * FROM (
                        SELECT e.res_id, e.id, e.card_id, e.kind,
                               (sign(e.points) * (abs(e.points) - COALESCE(sum(abs(r.points) + r.waived_points), 0))
                                * 10000)::bigint AS units
                          FROM loyalty_ledger_entry e
                          LEFT JOIN loyalty_ledger_entry r ON r.reversed_entry_id = e.id
                         WHERE e.res_model = %s AND e.res_id = ANY(%s) AND e.kind IN ('earn', 'redeem')
                         GROUP BY e.id) entries
                     WHERE units <> 0 ORDER BY id DESC
                    """,
                    self._name,
                    self.ids,
                )
            )
        ]

    def _loyalty_op(self, card, kind, units, suffix=""):
        # A confirmation after a cancellation is a new event: the card has moved on since.
        return {
            "card_id": card.id,
            "kind": kind,
            "points": to_points(units),
            "key": f"{self._name}:{self.id}:{kind}:{card.id}:{card.sudo().ledger_revision}{suffix}",
            "document": (self._name, self.id),
        }

    def _reversal_op(self, card, row, units):
        return {
            **self._loyalty_op(card, "reversal", units, suffix=f":{row.entry_id}"),
            "reversed_entry_id": row.entry_id,
        }

    def _reversal_ops(self, card, units, opened):
        """Movements that undo ``units`` of the order's entries on the card; more than that is Odoo's own change."""
        ops = []
        for row in opened:
            if not units:
                break
            if row.card_id != card.id or (row.units > 0) == (units > 0):
                continue
            part = min(abs(units), abs(row.units)) * (1 if units > 0 else -1)
            ops.append(self._reversal_op(card, row, part))
            units -= part
        if units:
            ops.append(self._loyalty_op(card, "external", units))
        return ops

    def _post_loyalty(self, ops):
        if ops:
            # Salespeople may have no access to the ledger; the right to confirm the order was checked. The author stays
            # the real user.
            self.env["loyalty.card"].sudo()._post_entries(ops)


class _Open:
    """An entry of an order that is still in force, in whole or in part."""

    __slots__ = ("order_id", "entry_id", "card_id", "kind", "units")

    def __init__(self, order_id, entry_id, card_id, kind, units):
        self.order_id = order_id
        self.entry_id = entry_id
        self.card_id = card_id
        self.kind = kind
        self.units = units
