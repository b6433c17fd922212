from odoo import api, models
from odoo.exceptions import AccessError

from ..tools.order_event import OrderEvent


class SaleOrderCouponPoints(models.Model):
    """What an order gives becomes points at its confirmation: only reward code writes it."""

    _inherit = "sale.order.coupon.points"

    @api.model_create_multi
    def create(self, vals_list):
        return super(SaleOrderCouponPoints, self._by_reward_code()).create(vals_list)

    def write(self, vals):
        records = self._by_reward_code()
        if vals.keys() == {"points"} and all(record.points == vals["points"] for record in records):
            return True  # each confirmation says again what the order gives
        return super(SaleOrderCouponPoints, records).write(vals)

    def unlink(self):
        in_reward_code = OrderEvent.of(self.env) is not None
        return super(SaleOrderCouponPoints, self.sudo() if in_reward_code else self).unlink()

    def _by_reward_code(self):
        """Return ``self`` as superuser for reward code, or refuse.

        Salespeople may update the rewards of their orders, but Odoo gives them no access to these records and
        forgets to raise its rights where a customer changes or an order is cancelled.
        """
        if not self.env.su and OrderEvent.of(self.env) is None:
            raise AccessError(
                self.env._(
                    "The points that an order earns are calculated from its lines and programs, and cannot be edited."
                )
            )
        return self.sudo()
