"""The proof of credits that were paid out as gift cards: what left the card against what the books say of the gift card."""

from odoo import models
from odoo.tools import SQL


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _redemption_rows(self, date):
        """Add payouts as gift card; those in money are account credits, which are documents of their own."""
        paid_out = self._money_rows(date, SQL("res_model = 'loyalty.card'"), self._gift_cards_paid_out(date))
        return [*super()._redemption_rows(date), *paid_out]

    def _gift_cards_paid_out(self, date):
        """SQL of gift cards that paid credits out: what the entries of their issue, and of its undoing, have on the
        liability account of their program."""
        return SQL(
            """
            SELECT 'loyalty.card' AS model, g.res_id AS id, g.res_id::text AS key, NULL::int AS origin,
                   COALESCE(b.books, 0) AS books, 0 AS slack, b.day, FALSE AS explained, FALSE AS is_waiting
              FROM (SELECT DISTINCT res_id FROM loyalty_ledger_entry
                     WHERE program_id = %(program)s AND res_model = 'loyalty.card' AND kind = 'redeem') g
              LEFT JOIN LATERAL (
                   SELECT -sum(l.balance) AS books, min(l.date) AS day
                     FROM (SELECT DISTINCT v.move_id, v.account_id
                             FROM loyalty_ledger_entry i
                             JOIN loyalty_card c ON i.res_model = 'loyalty.card' AND c.id = i.res_id
                             JOIN loyalty_valuation v ON v.entry_id = i.id
                            WHERE i.card_id = g.res_id AND c.program_id = %(program)s) m
                     JOIN account_move_line l ON l.move_id = m.move_id AND l.account_id = m.account_id
                    WHERE l.parent_state = 'posted' AND l.date <= %(date)s) b ON TRUE
            """,
            program=self.id,
            date=date,
        )
