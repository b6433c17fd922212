"""Reserved points and the money that they will pay."""

from odoo import fields, models

from ..books import points as rates


class LoyaltyHold(models.Model):
    _inherit = "loyalty.hold"

    amount = fields.Monetary("Amount", readonly=True, help="Amount covered by the points, as of their reservation.")
    currency_id = fields.Many2one("res.currency", "Currency", readonly=True)

    def _freeze(self, amount, currency):
        """Note what the reserved points cover, so that a new point value does not change the document."""
        # Nobody has write access to reservations; the caller has placed this one itself.
        self.sudo()._settle({"amount": amount, "currency_id": currency.id})

    def _worth(self, points):
        """Return what ``points`` of this hold pay: their part, rounded down, of the money that was fixed for all."""
        self.ensure_one()
        return rates.part_worth(self.amount, points, self.points, self.currency_id.rounding or 0.01)

    def _hand_over(self, points, key, document, into=None, amount=None):
        """The money of the points goes with them: ``amount``, by default what they are worth."""
        amount, currency = self._worth(points) if amount is None else amount, self.currency_id
        left, before = self.amount - amount, into.amount if into else 0.0
        kept = super()._hand_over(points, key, document, into=into)
        if currency:
            kept._freeze(currency.round(before + amount), currency)
            if kept != self:
                self._freeze(currency.round(left), currency)
        return kept
