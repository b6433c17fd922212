"""Points that take off the VAT of the sales that earned them, at the till (N17): from the lots that an order used."""

from collections import defaultdict

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL


class PosOrder(models.Model):
    _inherit = "pos.order"

    def _relief_rows(self, program, back=False):
        """Return what of which sale the points of a program took off in this order, or with ``back`` what it gave back."""
        rows = self.env["loyalty.relief"]._of_document(self)
        return rows.filtered(lambda row: row.program_id == program and bool(row.origin_id) == back)

    def _prepare_relief(self, program, amount, strict=False):
        """Return what a redemption of ``amount`` books: cost and VAT by the sales whose points the order used.

        Points that were owed came from no sale by then, and carry no VAT, whatever pays them later.
        """
        lots = self._lots_used(program)
        try:
            rows = program._plan_relief(amount, lots) if lots else []
            lines = program._relief_lines(rows, self.env["res.partner"], program.name)
        except UserError as error:
            if strict:
                raise
            self._report_points(card=self.loyalty_card_id, program=program, note=str(error))
            rows, lines = [], []
        if not lines:
            lines = [{"account_id": program.cost_account_id.id, "balance": amount}]
        self._keep_relief(program, rows)
        sets, __ = self._tax_sets_of_lines(program)
        return {
            "amount": amount,
            "items": self._items_of_lines(lines),
            "sold": [self.currency_id.round(sum(sets.values()))],
            "lines": {},
        }

    def _lots_used(self, program):
        """Return ``[(card id, lot id or None, points in ten-thousandths)]`` of what the order redeemed, in order of use."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT e.id, e.card_id, (e.points * 10000)::bigint, c.lot_id, (c.points * 10000)::bigint
                  FROM loyalty_ledger_entry e
                  LEFT JOIN loyalty_ledger_consumption c ON c.debit_entry_id = e.id AND c.entry_id = e.id
                 WHERE e.res_model = 'pos.order' AND e.res_id = %s AND e.program_id = %s AND e.kind = 'redeem'
                   AND e.idempotency_key LIKE 'pos-pay:%%'
                 ORDER BY e.id, c.id
                """,
                self.id,
                program.id,
            )
        )
        lots, owed = [], {}
        for entry_id, card_id, points, lot_id, units in rows:
            key = entry_id, card_id
            owed[key] = owed.get(key, -points) - (units or 0)
            if lot_id:
                lots.append((card_id, lot_id, units))
        return lots + [(card_id, None, units) for (__, card_id), units in owed.items() if units > 0]

    def _keep_relief(self, program, rows, back=False):
        """Write down what the points take off, instead of what was written before the payments of the order changed."""
        self._relief_rows(program, back).filtered(lambda row: not row.move_id).unlink()
        self.env["loyalty.relief"]._keep(self, rows, date=self._loyalty_day())

    def _prepare_relief_back(self, program, amount, rows, sale):
        """Return what a refund of ``amount`` in points books: what the sale took off, the lots that it used last first.

        Where several cards had paid, each gets back what its own lots took off.
        """
        origin = self._origin_of_refund()
        others = origin._refunds_of_origin() - self
        returned = self.env["loyalty.relief"].union(*(order._relief_rows(program, back=True) for order in others))
        returned = returned.filtered(lambda row: row.origin_id in rows)
        by_card = defaultdict(float)
        for payment in self.payment_ids.filtered(
            lambda payment: payment.payment_method_id.loyalty_program_id == program and payment.amount < 0
        ):
            by_card[payment.loyalty_card_id.id] -= payment.amount
        back = program._plan_relief_back(amount, rows, returned, by_card)
        account = self.env["account.account"].browse(sale["items"][0]["account_id"])
        lines = program._relief_lines(back, self.env["res.partner"], program.name, account)
        rest = self.currency_id.round(amount + sum(vals["balance"] for vals in lines))
        if not self.currency_id.is_zero(rest):  # never paid with these points
            lines.append({"account_id": account.id, "balance": -rest})
        self._keep_relief(program, back, back=True)
        return {"amount": amount, "items": self._items_of_lines(lines)}
