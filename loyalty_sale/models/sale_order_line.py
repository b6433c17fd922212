from collections import defaultdict
from contextlib import contextmanager

from odoo import api, models
from odoo.exceptions import AccessError

from odoo.addons.loyalty_ledger.tools.trusted import trusted_defaults

from ..tools.order_event import OrderEvent

#: What a reward line costs and whom: written by reward code only, for it moves points.
REWARD_FIELDS = ("points_cost", "coupon_id", "reward_id")


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    @api.model
    def default_get(self, fields):
        """A default from a context would give points past every check: rewards come from reward code only."""
        return trusted_defaults(self, fields, REWARD_FIELDS, super().default_get)

    @api.model_create_multi
    def create(self, vals_list):
        if not any(vals.get(name) for vals in vals_list for name in REWARD_FIELDS):
            return super().create(vals_list)
        self._check_reward_code()
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
        if not vals.keys() & {*REWARD_FIELDS, "order_id"}:
            return super().write(vals)
        self._check_reward_fields(vals)
        if "points_cost" not in vals:
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

    def _check_reward_code(self):
        if self.env.su or OrderEvent.of(self.env) is not None:
            return
        raise AccessError(
            self.env._(
                "The points of a reward and the card they are taken from cannot be edited. Use Reward or Coupon Code "
                "on the order."
            )
        )

    def _check_reward_fields(self, vals):
        """Refuse to change what moves points, and to move a reward to another order."""
        for line in self:
            for name in (*REWARD_FIELDS, "order_id"):
                if name not in vals or (name == "order_id" and not line.reward_id):
                    continue
                before = line[name] if name == "points_cost" else line[name].id
                if (before or False) != (vals[name] or False):
                    self._check_reward_code()


class SaleOrder(models.Model):
    _inherit = "sale.order"

    @contextmanager
    def _collecting_costs(self, lines):
        """Yield ``lines`` bound to the event of this order, which collects their costs as spent."""
        with self._loyalty_event("spent"):
            yield OrderEvent.bound(lines)[1]
