"""Sales orders that a till settles: points that they reserved can pay there (with Odoo's app Sales in Point of Sale)."""

from odoo import api, models

from odoo.addons.loyalty_ledger.ledger.rounding import to_points, to_units
from odoo.addons.loyalty_ledger.tools.words import say_points

from ..tools import remote


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    @api.model
    @remote.checked(config_id=remote.an_id, card_id=remote.an_id, order_ids=remote.ids)
    def pos_reserved_by_orders(self, config_id, card_id, order_ids):
        """Return how many points of a card the sales orders reserved that a till is about to settle.

        :return: dict with ``points``; they are available to these orders at the till, see :meth:`pos_hold`
        """
        config = self._till_of_call(config_id)
        card = self.sudo().browse(card_id).exists()  # the till was checked; a number of points is all that it learns
        holds = card._holds_of_orders(config, order_ids) if card else []
        return {"points": sum(hold.points for hold in holds)}

    def _holds_of_orders(self, config, order_ids):
        """Return active reservations of this card by these sales orders, which wait for an invoice; none without the apps."""
        holds = self.env["loyalty.hold"].sudo()  # cashiers have no access to reservations
        if "sale_order_origin_id" not in self.env["pos.order.line"]._fields or "sale.order" not in self.env:
            return holds
        ids = [order_id for order_id in order_ids or () if isinstance(order_id, int) and not isinstance(order_id, bool)]
        if not ids or "loyalty_hold_id" not in self.env["sale.order"]._fields:
            return holds
        orders = self.env["sale.order"].sudo().search([("id", "in", ids), ("company_id", "=", config.company_id.id)])
        return orders.loyalty_hold_id.filtered(
            lambda hold: hold.card_id == self and hold.res_model == "sale.order" and hold._is_active()
        )

    def _take_from_orders(self, config, order_ids, points):
        """Free what the sales orders that a till settles reserved, as far as the card has too few points without it."""
        self.ensure_one()
        missing = to_units(points) - to_units(self.available_points)
        for hold in self._holds_of_orders(config, order_ids) if missing > 0 else ():
            part = min(missing, to_units(hold.points))
            if part <= 0:
                break
            missing -= part
            order = self.env["sale.order"].sudo().browse(hold.res_id)
            key = f"sale.order:{order.id}:till:{self.id}:{self.ledger_revision}"
            taken = hold._hand_over(to_points(part), key, ("sale.order", order.id))
            if taken == hold:
                order.loyalty_hold_id = False
            taken._release()
            order._message_log(
                body=self.env._(
                    "%(points)s reserved loyalty points are used at %(till)s.",
                    points=say_points(self.env, to_points(part)),
                    till=config.name,
                )
            )
        self.invalidate_recordset()
