"""What invoices, the portal and the printed document say about points that paid."""

from collections import defaultdict

from odoo import models

from odoo.addons.loyalty_ledger.ledger.rounding import as_points, part_of
from odoo.addons.loyalty_ledger.tools.words import say_points


class AccountMove(models.Model):
    _inherit = "account.move"

    def _compute_payments_widget_reconciled_info(self):
        """Say which payments were points, and how many (on the form, the portal and the printed invoice)."""
        super()._compute_payments_widget_reconciled_info()
        for move in self:
            content = (move.invoice_payments_widget or {}).get("content", [])
            # Odoo shows these payments to anybody who reads the invoice, on the portal too; so the points.
            payments = self.env["account.payment"].browse([row["account_payment_id"] for row in content]).sudo()
            reductions = self.browse([row["move_id"] for row in content]).sudo()
            for row in content:
                payment = payments.filtered(lambda payment: payment.id == row["account_payment_id"])  # noqa: B023
                reduction = reductions.filtered(lambda move: move.id == row["move_id"])  # noqa: B023
                points = payment.loyalty_points if payment.loyalty_card_id else reduction.loyalty_redeem_points
                if points:
                    row["loyalty_points"] = say_points(self.env, points)
                    card = payment.loyalty_card_id or reduction.loyalty_redeem_card_id
                    row["loyalty_label"] = self.env._("with %s", card._say_points(points))

    def _loyalty_statement(self):
        """Return what the printed document says about points: each card by its last digits, never the whole number.

        Somebody else's card, which the customer presented, is neither identified nor is it told what it earned: that is
        between the shop and the card's holder. No balance is printed at all, a print may lie about for years.
        """
        self.ensure_one()
        document = self.sudo()  # the document is printed for the customer, whatever its reader may see
        redeemed = document._loyalty_redeemed_by_card()
        earned = document.loyalty_points_earned if "loyalty_points_earned" in self._fields else 0
        lines = []
        for card in self.env["loyalty.card"].sudo().union(*redeemed) | document.loyalty_card_id:
            own = card._belongs_to(document.partner_id)
            facts = []
            points, amount = redeemed.get(card, (0, 0))
            if points and self.move_type == "out_refund":
                facts.append(self.env._("Given back: %s", card._say_points(points)))
            elif points:
                facts.append(
                    self.env._(
                        "Redeemed: %(points)s, worth %(amount)s",
                        points=card._say_points(points),
                        amount=self.currency_id.format(amount),
                    )
                )
            if earned and own and card == document.loyalty_card_id:
                facts.append(self.env._("Earned: %s", card._say_points(earned)))
            if facts:
                whose = self.env._("Loyalty card ending in %s", card.code[-4:])
                lines += [whose if own else self.env._("Loyalty card of another customer"), *facts]
        return lines

    def _loyalty_redeemed_by_card(self):
        """Return ``{card: (points, amount)}`` of what this document redeems or gives back; a card alone has all of it."""
        self.ensure_one()
        if not self.loyalty_points_redeemed:
            return {}
        by_card = defaultdict(lambda: [0.0, 0.0])
        for payment, matched in self._loyalty_payments().items():
            by_card[payment.loyalty_card_id][0] += part_of(
                payment.loyalty_points, matched["paid"], payment.amount, 0.0001
            )
            by_card[payment.loyalty_card_id][1] += matched["amount"]
        others = self.loyalty_redeem_card_id or self._loyalty_reductions().loyalty_redeem_card_id[:1]
        points = as_points(self.loyalty_points_redeemed - sum(points for points, __ in by_card.values()))
        if points and (others or not by_card):  # what lowered the price
            by_card[others or self.loyalty_card_id][0] += points
            by_card[others or self.loyalty_card_id][1] += self.loyalty_amount_redeemed - sum(
                amount for __, amount in by_card.values()
            )
        return {card: (as_points(points), amount) for card, (points, amount) in by_card.items() if card}
