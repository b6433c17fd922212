"""What invoices of orders know of the points."""

from collections import defaultdict

from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _prepare_invoice(self):
        """The invoice earns on the order's card, if that can still be used."""
        values = super()._prepare_invoice()
        card = self.loyalty_card_id or self.coupon_point_ids.coupon_id.filtered(self._defers_points)[:1]
        if card and card.sudo()._is_usable():  # users may have no access to all cards; the card is the customer's own
            values["loyalty_card_id"] = card.id
        return values

    def _points_given(self):
        """Return ``{(order id, card): points}`` that these orders gave at their confirmation and that were not taken back."""
        # Invoicing users may have no access to the ledger; the invoice is theirs.
        Entry = self.env["loyalty.ledger.entry"].sudo()
        earned = Entry.search([("kind", "=", "earn"), ("res_model", "=", self._name), ("res_id", "in", self.ids)])
        left = defaultdict(float)
        for entry in earned:
            left[entry.res_id, entry.card_id] += entry.points
        for entry in Entry.search([("reversed_entry_id", "in", earned.ids)]):
            left[entry.reversed_entry_id.res_id, entry.reversed_entry_id.card_id] += entry.points - entry.waived_points
        return left

    def _add_loyalty_history_lines(self):
        """What the invoice will give was not issued by the order."""
        result = super()._add_loyalty_history_lines()
        deferred = self.coupon_point_ids.coupon_id.filtered(self._defers_points)
        if deferred:
            lines = self.env["loyalty.history"].search(
                [("order_model", "=", self._name), ("order_id", "=", self.id), ("card_id", "in", deferred.ids)]
            )
            lines.issued = 0
        return result
