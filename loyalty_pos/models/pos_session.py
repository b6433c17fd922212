"""Points in the books of a session: what redemptions cost, the tax that they recover (part T), and their value (R).

    Dr redemption account G - V | Dr input tax V        instead of a receivable, for each payment by points of G

Points are no money that anybody owes, so there is no receivable to reconcile: the lines stand where the closing entry
has those of cash and bank, for invoiced orders too, whose invoice payments the entry balances (as
pos_online_payment/models/pos_session.py does it). Lines that reduce the price need nothing here: they are lines of
the order on the redemption account.
"""

from collections import defaultdict

from odoo import models
from odoo.fields import Command
from odoo.tools import frozendict

from odoo.addons.loyalty_ledger.tools.trusted import by_server


class PosSession(models.Model):
    _inherit = "pos.session"

    def _validate_session(self, balancing_account=False, amount_to_balance=0, bank_payment_method_diffs=None):
        """Settle first what could not be settled when it was paid; release the value of what was used when it is closed."""
        # Cashiers may have no access to the ledger; access to the session was checked by Odoo.
        self.sudo()._get_closed_orders().filtered("loyalty_unsettled")._loyalty_settle()
        result = super()._validate_session(balancing_account, amount_to_balance, bank_payment_method_diffs)
        if self.state == "closed":
            # Cashiers may have no access to the books; access to the session was checked by Odoo.
            self.sudo()._release_values()
        return result

    def _release_values(self):
        """Book what the points that the session's orders used were worth on the books (part R)."""
        entries = self.env["loyalty.ledger.entry"].search(
            [("res_model", "=", "pos.order"), ("res_id", "in", self.order_ids.ids)]
        )
        entries._book_values(document=self)
        relief = self.env["loyalty.relief"].search(
            [("res_model", "=", "pos.order"), ("res_id", "in", self.order_ids.ids)]
        )
        if relief:
            by_server(relief).write({"move_id": self.move_id.id, "date": self.move_id.date})

    def _accumulate_amounts(self, data):
        data = super()._accumulate_amounts(data)
        amounts = defaultdict(lambda: {"amount": 0.0, "amount_converted": 0.0})
        for order in self._get_closed_orders():
            # Cashiers may have no access to accounts; access to the session was checked by Odoo.
            for vals in order.sudo()._prepare_points_lines():
                key = frozendict({name: value for name, value in vals.items() if name != "balance"})
                amounts[key] = self._update_amounts(amounts[key], {"amount": vals["balance"]}, order.date_order)
        data["loyalty_redemptions"] = amounts
        return data

    def _create_pay_later_receivable_lines(self, data):
        """Remember which debt is that of which payment: what settles it earns on the order."""
        data = super()._create_pay_later_receivable_lines(data)
        payments = list(data["split_receivables_pay_later"])
        if payments:
            for payment, line in zip(payments, data["pay_later_move_lines"][-len(payments) :]):
                payment.sudo().loyalty_debt_id = line  # the field is the server's
        return data

    def _create_bank_payment_moves(self, data):
        data = super()._create_bank_payment_moves(data)
        data["MoveLine"].create(
            [
                self._get_loyalty_redemption_vals(key, amounts)
                for key, amounts in data["loyalty_redemptions"].items()
                if not self.currency_id.is_zero(amounts["amount"])
            ]
        )
        return data

    def _get_loyalty_redemption_vals(self, key, amounts):
        """Return a line of the closing entry. Override to add to it; call super."""
        return {
            "name": f"{self.name} - {key['label']}",
            "move_id": self.move_id.id,
            "account_id": key["account_id"],
            "tax_ids": [Command.set(key["tax_ids"])],
            "tax_tag_ids": [Command.set(key["tag_ids"])],
            "tax_repartition_line_id": key["repartition_line_id"],
            "group_tax_id": key["group_tax_id"],
            "display_type": "tax" if key["repartition_line_id"] else "product",
            "currency_id": self.currency_id.id,
            "amount_currency": amounts["amount"],
            "balance": amounts["amount_converted"],
        }
