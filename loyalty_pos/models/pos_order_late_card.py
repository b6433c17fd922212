"""Customers who are named after they paid: their order gets customer and card, once, and earns then.

The goods are gone and nobody may take points for somebody else's purchase, so only orders of the open session that have
no customer yet take one, and never the card of the person who is at the till.
"""

from odoo import models
from odoo.exceptions import UserError

from odoo.addons.loyalty_ledger.ledger.usability import EARN

from ..tools import remote


class PosOrder(models.Model):
    _inherit = "pos.order"

    @remote.checked(config_id=remote.an_id, card_id=remote.an_id)
    def pos_name_card(self, config_id, card_id):
        """Give a paid order the card of its customer, who was not known when it was paid, and the points of it.

        :return: dict with ``points`` that the order earned and ``balance`` of the card after it
        :raises odoo.exceptions.UserError: with the reason why the order, or the card, cannot do that
        """
        self.check_access("write")
        config = self.env["loyalty.card"]._till_of_call(config_id)
        self.ensure_one()
        self._stand_in_line([f"pos.order:{self.uuid}", *self.env["loyalty.card"]._names_in_line([card_id], [])])
        self._loyalty_serialize()
        order = self.sudo()  # cashiers neither read cards of strangers nor settle; the till and the order were checked
        card = order.env["loyalty.card"].browse(card_id).exists()
        if problem := order._no_late_card(config) or order._no_late_use_of(card, config):
            raise UserError(problem)
        order.write({"loyalty_card_id": card.id, "partner_id": order.partner_id.id or card.partner_id.id})
        order._loyalty_settle()
        if order.loyalty_unsettled:
            raise UserError(
                self.env._("Order %s could not get its points now. Try again, or adjust the card.", order.name)
            )
        order.message_post(
            body=self.env._(
                "%(user)s named the customer after the payment: card %(code)s earned %(points)s.",
                user=self.env.user.name,
                code=card._masked_code(),
                points=card._say_points(order.loyalty_points_earned),
            )
        )
        return {"points": order.loyalty_points_earned, "balance": order.loyalty_balance_after}

    def _no_late_card(self, config):
        """Say why this order takes no card after its payment, or return False."""
        values = {"order": self.name or self.uuid, "till": config.name}
        if self.state == "draft":
            return self.env._("Order %(order)s is not paid yet. Choose the customer on it.", **values)
        if self.state != "paid" or self.session_id != config.current_session_id or self.session_id.state != "opened":
            return self.env._(
                "Order %(order)s is not of the session that is open at %(till)s. A manager can give its points with "
                "Adjust Points.",
                **values,
            )
        if self.loyalty_card_id or self._entries_of_order():
            return self.env._(
                "Order %(order)s has its card and its points already; they cannot move to another card.", **values
            )
        if self.lines.refunded_orderline_id:
            return self.env._("Order %(order)s returns goods: its points follow the order that sold them.", **values)
        return False

    def _no_late_use_of(self, card, config):
        """Say why the card cannot be named for this order after its payment, or return False."""
        program = card.program_id
        if not card or program.program_type != "loyalty" or program not in config._get_program_ids().sudo():
            return self.env._("This card cannot be used at %s.", config.name)
        values = {"order": self.name or self.uuid, "code": card.code, "program": program.name}
        if not card.partner_id:
            return self.env._("Card %(code)s has no customer. Name its customer first.", **values)
        if self.partner_id and (problem := card._unusable_for(self.partner_id)):
            return problem
        if card.partner_id == self.env.user.partner_id:
            return self.env._("This is your own card. Ask a colleague to give the points of order %(order)s.", **values)
        day = self._loyalty_day()
        if reason := card._unusable_reason(day, EARN):
            return reason
        if not card.partner_id._earns_loyalty():
            return self.env._("%s does not participate in loyalty programs.", card.partner_id.name)
        if program not in self._programs_of_server():
            return self.env._(
                "%(program)s awards points when the order is paid, not afterwards. A manager can add them with "
                "Adjust Points.",
                **values,
            )
        return False

    def write(self, vals):
        """A customer who is named after the payment earns, also where Odoo's *Invoice* button names him."""
        nameless = self._paid_without_customer() if vals.get("partner_id") and not self.env.su else self.browse()
        result = super().write(vals)
        for order in nameless:
            if order.partner_id == self.env.user.partner_id:
                order.sudo()._report_points(
                    note=self.env._(
                        "%s chose their own contact as the customer of a paid order; it earned nothing.",
                        self.env.user.name,
                    )
                )
            else:
                order._loyalty_settle()
        return result

    def _paid_without_customer(self):
        """Return those of these orders that were paid, without a customer, in sessions that are open."""
        return self.filtered(
            lambda order: (
                order.state == "paid"
                and not (order.partner_id or order.loyalty_card_id)
                and order.session_id.state == "opened"
            )
        )
