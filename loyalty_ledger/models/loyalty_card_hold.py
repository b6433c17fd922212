"""Reserving points of a card."""

from datetime import timedelta

from odoo import models
from odoo.exceptions import ValidationError


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    def _hold(self, points, key, document=None, ttl=None, values=None):
        """Reserve points of the card for a document.

        The same key and points again return the same hold while it is active.

        :param points: positive number of points
        :param key: unique name of the reservation, for example of the payment line
        :param document: ``(model, id)`` or None
        :param ttl: :class:`datetime.timedelta` or number of minutes after which it times out; None: never
        :param values: what else a new hold has, such as the money that its points cover
        :return: the ``loyalty.hold``
        :raises odoo.exceptions.UserError: when the card cannot spend or has fewer points available
        :raises odoo.exceptions.ValidationError: when the key already names another or a settled reservation
        """
        self.ensure_one()
        ttl = timedelta(minutes=ttl) if isinstance(ttl, int | float) else ttl
        return self._place_hold(points, key, document, ttl, values)

    def _check_same_hold(self, hold, points):
        if hold.card_id != self or abs(hold.points - points) > 1e-9 or not hold._is_active():
            raise ValidationError(
                self.env._("The reservation %s exists already with other content, or it is settled.", hold.key)
            )
        return hold
