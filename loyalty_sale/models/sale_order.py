"""Where Odoo's own reward code starts and ends: each of its calls is one business event."""

from contextlib import contextmanager

from odoo import api, fields, models

from odoo.addons.loyalty_ledger.ledger.rounding import to_points
from odoo.addons.loyalty_ledger.tools.lines import fetch_lines
from odoo.addons.loyalty_ledger.tools.trusted import by_server

from ..tools.order_event import OrderEvent


class SaleOrder(models.Model):
    _name = "sale.order"
    _inherit = ["loyalty.server.fields.mixin", "sale.order"]

    loyalty_in_ledger = fields.Boolean(
        "Points in the Ledger",
        readonly=True,
        copy=False,
        help="The order was confirmed with the points ledger installed, which recorded what it earned and redeemed.",
    )

    @contextmanager
    def _loyalty_event(self, part="other"):
        """Collect what Odoo's code changes for this order, and post it when the outermost call for it is over.

        Yields the order bound to the event, and its changes.

        :param part: what of the changes is collected: ``spent``, ``earned`` or ``other``
        """
        self.ensure_one()
        event, order = OrderEvent.bound(self)
        changes = event.changes_of(self)
        if changes is not None:
            with event.collecting(getattr(changes, part)):
                yield order, changes
            return
        with event.enter(self) as changes:
            try:
                with event.collecting(getattr(changes, part)):
                    yield order, changes
            finally:
                # What was collected shows in the cached balances; from here on they say what is posted.
                self.env["loyalty.card"].browse(changes.card_ids()).invalidate_recordset(["points"])
        if changes:
            self._post_loyalty_event(changes)

    # --- state ---------------------------------------------------------------------------------------------------

    def action_confirm(self):
        """Refuse overspending before anything is written; earning never blocks the sale, skipped cards are named."""
        fetch_lines(self, "order_line", "coupon_point_ids")
        self._check_loyalty_funds()
        event, orders = OrderEvent.bound(self)
        with event.enter():
            result = super(SaleOrder, orders).action_confirm()
        for order in self.filtered(lambda order: order.id in event.skipped):
            order._message_log(body="\n".join(dict.fromkeys(event.skipped.pop(order.id))))
        return result

    def _action_cancel(self):
        event, orders = OrderEvent.bound(self)
        with event.enter():
            return super(SaleOrder, orders)._action_cancel()

    @api.model
    def _server_fields(self):
        """Only confirming an order puts it into the ledger."""
        return super()._server_fields() | {"loyalty_in_ledger"}

    @api.model
    def _say_server_fields(self, names):
        return self.env._("Only confirming or cancelling an order changes its place in the points ledger.")

    @api.model_create_multi
    def create(self, vals_list):
        """New orders are not in the ledger, whatever their creator says; confirming puts them there."""
        return super().create([{**vals, "loyalty_in_ledger": False} for vals in vals_list])

    def write(self, vals):
        """Post when orders become confirmed and reverse when they stop being it, no matter who changes the state."""
        self._check_server_fields(vals)
        state = vals.get("state")
        if not state:
            return super().write(vals)
        confirmed = self.filtered(lambda order: order.state == "sale")
        if state != "sale":
            if confirmed:
                confirmed._reverse_loyalty()
                return super(SaleOrder, by_server(self)).write({**vals, "loyalty_in_ledger": False})
            return super().write(vals)
        entering = self - confirmed
        if confirmed:
            super(SaleOrder, confirmed).write(vals)
        result = super(SaleOrder, by_server(entering)).write({**vals, "loyalty_in_ledger": True})
        entering._post_loyalty_confirmation()
        return result

    def _get_point_changes(self):
        """While orders are confirmed or cancelled, leave out what the ledger posts by itself."""
        changes = super()._get_point_changes()
        event = OrderEvent.of(self.env)
        if event is not None and event.changes is None:
            return {card: points for card, points in changes.items() if not card.ledgered}
        return changes

    # --- reward code ---------------------------------------------------------------------------------------------

    def copy(self, default=None):
        """Copies contain reward lines for a moment, until Odoo removes them."""
        event, orders = OrderEvent.bound(self)
        with event.enter():
            copies = super(SaleOrder, orders).copy(default)
        return self.browse(copies.ids)

    def _update_programs_and_rewards(self):
        with self._loyalty_event() as (order, changes):
            kept = order._keep_loyalty_cards(changes)
            super(SaleOrder, order)._update_programs_and_rewards()
            order._restore_loyalty_cards(kept)

    def _program_check_compute_points(self, programs):
        """Read all products of the order at once: rules ask some of them first whether they earn at all (C33)."""
        self.order_line.product_id.sudo().mapped("loyalty_no_earn")  # as Odoo reads them later
        fetch_lines(programs, "rule_ids", "reward_ids")
        return super()._program_check_compute_points(programs)

    def _apply_program_reward(self, reward, coupon, **kwargs):
        with self._loyalty_event() as (order, __):
            return super(SaleOrder, order)._apply_program_reward(reward, coupon, **kwargs)

    def _write_vals_from_reward_vals(self, reward_vals, old_lines, delete=True):
        with self._loyalty_event() as (order, __):
            lines = super(SaleOrder, order)._write_vals_from_reward_vals(reward_vals, old_lines, delete=delete)
        return lines.with_env(self.env)

    def _add_points_for_coupon(self, coupon_points):
        with self._loyalty_event("earned") as (order, __):
            super(SaleOrder, order)._add_points_for_coupon(coupon_points)

    def _try_apply_code(self, code):
        """A gift card whose points are reserved, pending, expired or locked cannot pay, whatever its balance."""
        card = self.env["loyalty.card"].search([("code", "=", code), ("ledgered", "=", True)])
        minimum = min(card.program_id.reward_ids.mapped("required_points"), default=0)
        if card and card.points >= minimum > card._spendable_points():
            day = self._get_confirmed_tx_create_date()
            if not (card.expiration_date and card.expiration_date < day):  # Odoo's own message says that
                return {"error": card._unusable_reason(day) or self.env._("This coupon has already been used.")}
        return super()._try_apply_code(code)

    def _get_real_points_for_coupon(self, coupon, post_confirm=False):
        """Rewards spend what is available to this customer, whatever the balance says."""
        points = super()._get_real_points_for_coupon(coupon, post_confirm=post_confirm)
        if not coupon.ledgered:
            return points
        points -= coupon.points
        may_use = self._may_use_card(coupon)
        if may_use:
            points += coupon._spendable_points()
        if self.state in ("sale", "done"):
            event = OrderEvent.of(self.env)
            if event is not None and (changes := event.changes_of(self)) is not None:
                points += to_points(changes.spent.get(coupon.id, 0))
        elif coupon.program_id.applies_on != "future":
            given = self._given_points(coupon)
            points += (self._own_points(coupon, given) if may_use else 0.0) - given
        return coupon.currency_id.round(points)

    def _given_points(self, card):
        """Points that the order gives to the card."""
        return sum(line.points for line in self.coupon_point_ids if line.coupon_id == card)

    def _own_points(self, card, given):
        """What the order's own rewards on the card, which its customer may use, may spend of the points that it gives.

        Nothing while they would be pending, owed, or go to another card (P20, N9, H22).
        """
        if given <= 0 or card.program_id.applies_on == "future" or self._defers_points(card):
            return 0.0
        if card.program_id.vesting_days or not card._is_usable():
            return 0.0
        return max(0.0, given - card.debt_points)
