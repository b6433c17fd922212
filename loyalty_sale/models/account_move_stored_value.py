"""Money that credit notes of orders give back: never more than was paid, nor for a gift card than is left on it.

Gift cards and wallets that an order sold lose what is credited for them. What can no longer be made good, because the
card was spent or its part of the payment is left out, follows the setting Returns without Receipt of its program.
"""

from odoo import models
from odoo.exceptions import UserError

from odoo.addons.loyalty_ledger.ledger.rounding import to_points


class AccountMove(models.Model):
    _inherit = "account.move"

    def _post(self, soft=True):
        moves = self.filtered(lambda move: move.move_type in ("out_invoice", "out_refund") and not move._is_reduction())
        orders = {move: move._stored_value_orders() for move in moves}
        problems = {}
        for move, concerned in orders.items():
            if concerned and (found := move._money_problems(concerned)):
                problems[move] = found
                refusing = [words for __, program, words in found if program.unlinked_return_policy == "refuse"]
                if refusing:
                    raise UserError("\n".join(refusing))
        posted = super()._post(soft)
        for move in moves & posted:
            orders[move]._sync_stored_value()
            for card, program, words in problems.get(move, ()):
                move._report_return(card, program, words)
        return posted

    def button_draft(self):
        """Cards follow a document that no longer counts; Odoo cancels posted documents by this, too."""
        undone = self.filtered(
            lambda move: (
                move.state == "posted" and move.move_type in ("out_invoice", "out_refund") and not move._is_reduction()
            )
        )
        orders = {move: move._stored_value_orders() for move in undone}
        result = super().button_draft()
        for move, concerned in orders.items():
            found = concerned and move._undoing_problems(concerned)
            if refusing := [words for __, program, words in found if program.unlinked_return_policy == "refuse"]:
                raise UserError("\n".join(refusing))
            for card, program, words in found:
                move._report_return(card, program, words)
        self.env["sale.order"].sudo().union(*orders.values())._sync_stored_value()
        return result

    def _lines_without_card(self):
        """An order makes the cards of its lines. What else its invoice sells of the same program goes onto them, too."""
        lines = super()._lines_without_card().filtered(lambda line: not line.sudo().sale_line_ids)
        if lines:
            sold = self._loyalty_orders().coupon_point_ids.coupon_id.program_id
            lines = lines.filtered(lambda line: not line.product_id.sudo().loyalty_rule_ids.program_id & sold)
        return lines

    def _stored_value_orders(self):
        """Return the orders whose gift cards and wallets this document may change: what it credits, or invoices of
        them."""
        self.ensure_one()
        if self.move_type == "out_refund":
            return self._credited_orders()
        # Invoicing users may have no access to orders; the invoice was read with their rights.
        lines = self.sudo().invoice_line_ids.sale_line_ids
        return lines.filtered(lambda line: line.coupon_id or line.product_id.loyalty_stored_value).order_id

    def _credited_orders(self):
        """Return the orders that these credit notes return goods of, by their own lines or by those of their invoices."""
        notes = self.filtered(lambda move: move.move_type == "out_refund")
        if not notes:
            return self.env["sale.order"]
        moves = notes.union(*(parent for parents in notes._loyalty_returned().values() for parent in parents))
        return moves._loyalty_orders()

    def _money_problems(self, orders):
        """Say what this draft would pay out that was not paid in money, or take off a gift card that is not there.

        :return: list of (card, program whose setting decides, words)
        """
        self.ensure_one()
        problems = []
        for program, cards, wanted, left in orders._stored_value_missing(self):
            names = self._say_missing(cards, wanted, left)
            if self.move_type == "out_refund":
                text = self.env._(
                    "%(document)s pays out %(wanted)s of card %(code)s, on which only %(left)s are left. Credit no more "
                    "than that.",
                    **names,
                )
            else:
                text = self.env._(
                    "%(document)s sells card %(code)s for %(wanted)s less than the order did, but only %(left)s are left "
                    "on it. Invoice what the order says.",
                    **names,
                )
            problems.append((cards[:1], program, text))
        paying = orders.order_line.filtered(lambda line: line.coupon_id.ledgered and line.price_total < 0)
        if paying and self.move_type == "out_refund":
            paid, back = orders._money_of_documents(self)
            excess = self.currency_id.round(back - paid)
            if self.currency_id.compare_amounts(excess, 0.0) > 0:
                card = paying.coupon_id[:1]
                problems.append(
                    (
                        card,
                        card.program_id,
                        self.env._(
                            "With %(note)s, %(back)s are paid back for %(orders)s, of which %(paid)s were invoiced: card "
                            "%(code)s paid the rest. Credit the line of the card, too.",
                            note=self.display_name,
                            back=self.currency_id.format(back),
                            orders=", ".join(orders.mapped("name")),
                            paid=self.currency_id.format(paid),
                            code=card._masked_code(),
                        ),
                    )
                )
        return problems

    def _undoing_problems(self, orders):
        """Say what cards lack now that this document, which was posted before, no longer counts; like
        :meth:`_money_problems`. What they lacked before is no matter of this document."""
        self.ensure_one()
        before = {}
        for program, cards, wanted, left in orders._stored_value_missing(self):
            before[program, cards] = wanted - left
        return [
            (
                cards[:1],
                program,
                self.env._(
                    "Without %(document)s, %(wanted)s must go off card %(code)s, on which only %(left)s are left: the rest "
                    "was used. Keep the document posted, or top the card up first.",
                    **self._say_missing(cards, wanted, left),
                ),
            )
            for program, cards, wanted, left in orders._stored_value_missing()
            if wanted - left > before.get((program, cards), 0)
        ]

    def _say_missing(self, cards, wanted, left):
        return {
            "document": self.display_name,
            "wanted": cards[:1]._say_points(to_points(wanted)),
            "code": ", ".join(card._masked_code() for card in cards),
            "left": cards[:1]._say_points(to_points(left)),
        }
