"""Payments with points that take off the VAT of the sales that earned them (N17): which lots they use, and what returns
bring back."""

from collections import defaultdict

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.ledger.rounding import to_units


class AccountPayment(models.Model):
    _inherit = "account.payment"

    def _plan_relief_rows(self):
        """Return ``{payment: values of rows}`` of these payments in mode "original sale", as confirming them one after the
        other uses lots. The cards stay locked until the end of the transaction."""
        # Users may lack access to the card and its program; the payments were checked.
        taking = self.filtered(
            lambda payment: (
                payment.payment_type == "inbound" and payment.loyalty_card_id.sudo().program_id._relieves_earning_sale()
            )
        )
        if not taking:
            return {}
        taking.loyalty_card_id.sudo()._ledger_touch()
        ops = [payment._redeem_op(payment.loyalty_points, payment.date) for payment in taking]
        taken = self.env["loyalty.card"].sudo()._preview_redemptions(ops)
        plans = {}
        for payment, lots in zip(taking, taken):
            card = payment.loyalty_card_id.sudo()
            plans[payment] = card.program_id._plan_relief(payment.amount, [(card.id, *lot) for lot in lots])
        return plans

    def _relief_rows(self):
        """Return what of which sale this payment took off, or gives back."""
        return self.env["loyalty.relief"]._of_document(self)

    def _plan_returned_rows(self):
        """Return values of the rows by which this payment gives back a part of another, or none."""
        origin = self.loyalty_origin_id
        rows = origin and origin._relief_rows()
        if not rows:
            return []
        returns = origin.loyalty_return_ids.filtered(
            lambda payment: payment != self and payment._redemption_in_force()[0]
        )
        returned = self.env["loyalty.relief"].union(*(payment._relief_rows() for payment in returns))
        return rows.program_id._plan_relief_back(self.amount, rows, returned)

    def _prepare_relief_back(self, label, rows):
        """Return the journal items of what comes back, on the account on which the redemption was booked."""
        move = self.loyalty_origin_id.move_id
        cost = move.line_ids.filtered(
            lambda line: line.account_id != self.destination_account_id and not line.tax_repartition_line_id
        )
        program = self.loyalty_card_id.sudo().program_id  # users may lack access to it; the credit note was checked
        lines = program._relief_lines(rows, self.partner_id, label, cost.account_id[:1])
        for vals in lines:
            if not vals.get("tax_repartition_line_id"):
                vals["analytic_distribution"] = cost[:1].analytic_distribution
        return lines

    def _take_points(self, points, date):
        """The lots that were used are those whose VAT the entry takes off."""
        super()._take_points(points, date)
        if rows := self._relief_rows():
            self._check_lots_of_rows(rows)

    def _check_lots_of_rows(self, rows):
        """Refuse an entry that takes off the VAT of other sales than those whose points were used."""
        planned, used = defaultdict(int), defaultdict(int)
        for row in rows:
            planned[row.lot_id.id] += to_units(row.points)
        found = self.env.execute_query(
            SQL(
                """
                SELECT c.lot_id, (sum(c.points) * 10000)::bigint FROM loyalty_ledger_entry e
                  JOIN loyalty_ledger_consumption c ON c.debit_entry_id = e.id
                 WHERE e.res_model = %s AND e.res_id = %s AND e.kind = 'redeem' GROUP BY c.lot_id
                """,
                self._name,
                self.id,
            )
        )
        used.update({lot_id: units for lot_id, units in found if units})
        if {lot: units for lot, units in planned.items() if units} != dict(used):
            raise UserError(
                self.env._(
                    "%(payment)s takes off the VAT of the sales whose points it used, and other points of the card would be "
                    "used now. Cancel it and apply the points again.",
                    payment=self.display_name,
                )
            )
