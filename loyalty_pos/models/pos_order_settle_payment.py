"""Payments with points that the back end adds to an order: reserved first, as a register does."""

from uuid import uuid4

from odoo import models
from odoo.exceptions import UserError

from odoo.addons.loyalty_ledger.tools.words import say_points

from ..tools import remote
from .pos_payment_method import LOYALTY


class PosOrder(models.Model):
    _inherit = "pos.order"

    @remote.checked(data=remote.plain)
    def add_payment(self, data):
        """Payments that people enter in the back end are checked first: nothing has been handed over yet."""
        self.check_access("write")  # before anything is said about cards
        method = self.env["pos.payment.method"].browse(data.get("payment_method_id"))
        self._check_unlinked_returns()
        if method.type == LOYALTY and data["amount"] > 0:
            data = {**data, **self._reserve_for_payment(method.loyalty_program_id.sudo(), data["amount"])}
        elif data["amount"] < 0 and not data.get("is_change"):
            self._check_refund_payment(method, -data["amount"])
        return super().add_payment(data)

    def _reserve_for_payment(self, program, amount):
        """Reserve the points of a payment that is entered in the back end; return its values."""
        order = self.sudo()  # cashiers may have no access to programs; access to the order was checked
        card = order._card_that_pays(order.loyalty_card_id, False, program)
        if not card:
            raise UserError(
                self.env._("The customer of order %s has no card whose points can be redeemed.", self.name or self.uuid)
            )
        points = order._points_that_pay(program, amount)
        uuid = str(uuid4())
        card._hold_for_till(order.config_id, points, uuid, self.uuid)
        return {"uuid": uuid, "loyalty_card_id": card.id, "loyalty_card_code": card.code}

    def _points_that_pay(self, program, amount):
        """Return the whole points that cover an amount exactly; refuse amounts that no number of points covers."""
        points, day = program._money_to_points(amount, self._loyalty_day()), self._loyalty_day()
        worth = program._points_to_money(points, day)
        if self.currency_id.compare_amounts(worth, amount):
            below = program._points_within(amount, day)
            raise UserError(
                self.env._(
                    "No whole number of points is worth %(amount)s: %(fewer)s points are worth %(less)s, %(points)s "
                    "are worth %(more)s. Enter one of these amounts.",
                    amount=self.currency_id.format(amount),
                    fewer=say_points(self.env, below),
                    less=self.currency_id.format(program._points_to_money(below, day)),
                    points=say_points(self.env, points),
                    more=self.currency_id.format(worth),
                )
            )
        return points
