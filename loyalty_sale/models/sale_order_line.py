from collections import defaultdict
from contextlib import contextmanager

from odoo import api, models
from odoo.exceptions import AccessError

from ..tools.order_event import OrderEvent

#: What a reward line costs and whom: written by reward code only, for it moves points.
REWARD_FIELDS = frozenset(("points_cost", "coupon_id", "reward_id"))


class SaleOrderLine(models.Model):
    _name = "sale.order.line"
    _inherit = ["loyalty.server.fields.mixin", "sale.order.line"]

    @api.model
    def _server_fields(self):
        """Rewards come from reward code only: what they cost, and whom, moves points."""
        return super()._server_fields() | REWARD_FIELDS

    @api.model
    def _may_write_server_fields(self):
        return OrderEvent.of(self.env) is not None or super()._may_write_server_fields()

    @api.model
    def _say_server_fields(self, names):
        return self.env._(
            "The points of a reward and the card they are taken from cannot be edited. Use Reward or Coupon Code on the "
            "order."
        )

    @api.model_create_multi
    def create(self, vals_list):
        if not any(vals.get(name) for vals in vals_list for name in REWARD_FIELDS):
            return super().create(vals_list)
        for vals in vals_list:
            self.browse()._check_server_fields(vals)
        by_order = defaultdict(list)
        for position, vals in enumerate(vals_list):
            by_order[vals.get("order_id") or self.env.context.get("default_order_id")].append(position)
        created = [None] * len(vals_list)
        for order_id, positions in by_order.items():
            order = self.env["sale.order"].browse(order_id or [])
            batch = [vals_list[position] for position in positions]
            if order:
                with order._collecting_costs(self) as model:
                    lines = super(SaleOrderLine, model).create(batch)
            else:
                lines = super().create(batch)
            for position, line in zip(positions, lines):
                created[position] = line.id
        return self.browse(created)

    def write(self, vals):
        if "order_id" in vals:
            self._check_rewards_stay(vals["order_id"])
        # Users can only say what is there already; their own values never run in the event of an order.
        if "points_cost" not in vals or not self._may_write_server_fields():
            return super().write(vals)
        for order, lines in self.grouped("order_id").items():
            with order._collecting_costs(lines) as bound:
                super(SaleOrderLine, bound).write(vals)
        return True

    def unlink(self):
        if not any(line.reward_id and line.state == "sale" for line in self):
            return super().unlink()
        for order, lines in self.grouped("order_id").items():
            with order._collecting_costs(lines) as bound:
                super(SaleOrderLine, bound).unlink()
        return True

    def _reset_loyalty(self, complete=False):
        """Reward code of Odoo that is also called by itself."""
        event, lines = OrderEvent.bound(self)
        if event.is_active():
            super(SaleOrderLine, lines)._reset_loyalty(complete=complete)
        else:
            with event.enter():
                super(SaleOrderLine, lines)._reset_loyalty(complete=complete)
        return self

    def _check_rewards_stay(self, order_id):
        """Refuse to move a reward to another order."""
        if not self._may_write_server_fields() and any(
            line.reward_id and line.order_id.id != order_id for line in self
        ):
            raise AccessError(self._say_server_fields(REWARD_FIELDS))


class SaleOrder(models.Model):
    _inherit = "sale.order"

    @contextmanager
    def _collecting_costs(self, lines):
        """Yield ``lines`` bound to the event of this order, which collects their costs as spent."""
        with self._loyalty_event("spent"):
            yield OrderEvent.bound(lines)[1]
