from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    def _may_earn_loyalty(self):
        """The till gives the points of its own sales; an invoice of them gives none."""
        return super()._may_earn_loyalty() and not self.sudo().pos_order_ids

    def _needs_loyalty_link(self):
        """Orders of a till say themselves what they return."""
        return super()._needs_loyalty_link() and not self.sudo().pos_order_ids

    def _compute_payments_widget_reconciled_info(self):
        """Say of the payments of a till, too, how many points paid."""
        super()._compute_payments_widget_reconciled_info()
        for move in self:
            for row in (move.invoice_payments_widget or {}).get("content", []):
                # Odoo shows these payments to whoever reads the invoice, on the portal too; so the points.
                payments = self.browse(row["move_id"]).sudo().pos_payment_ids
                if points := sum(payments.mapped("loyalty_points")):
                    card = payments.loyalty_card_id[:1]
                    row["loyalty_label"] = self.env._("with %s", card._say_points(abs(points)))

    def _loyalty_statement(self):
        """The printed invoice of orders of a till says what they did to the card, as their receipts do."""
        orders = self.sudo().pos_order_ids  # the document is printed for the customer, whatever its reader may see
        cards = orders.loyalty_card_id
        if not cards:
            return super()._loyalty_statement()
        redeemed = sum(orders.mapped("loyalty_points_redeemed"))
        earned = sum(orders.mapped("loyalty_points_earned"))
        if not redeemed and not earned:
            return []
        card = cards[0]
        lines = [self.env._("Loyalty card ending in %s", card.code[-4:])]
        points, money = orders._points_that_paid()
        if redeemed > 0 and points == redeemed:
            lines.append(
                self.env._(
                    "Redeemed: %(points)s, worth %(amount)s",
                    points=card._say_points(redeemed),
                    amount=self.currency_id.format(money),
                )
            )
        elif redeemed > 0:  # rewards have no price in money
            lines.append(self.env._("Redeemed: %s", card._say_points(redeemed)))
        elif redeemed:
            lines.append(self.env._("Given back: %s", card._say_points(-redeemed)))
        if earned > 0:
            lines.append(self.env._("Earned: %s", card._say_points(earned)))
        elif earned:
            lines.append(self.env._("Taken back: %s", card._say_points(-earned)))
        if len(orders) == 1 and orders.loyalty_settled:
            lines.append(self.env._("New balance: %s", card._say_points(orders.loyalty_balance_after)))
        return lines
