"""The proof of what points bought: never money in advance, unless the program says that they may."""

from odoo import models
from odoo.tools import SQL

from .loyalty_program_proof_returns import MOVE


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _check_stored_value(self, date):
        """Name sales of gift cards, top-ups and the like of which points paid more than all the other goods cost."""
        products = self._products_points_cannot_buy()
        bought = self._bought_without_points(products, date) if products else {}
        figures = self._sale_figures(list(bought), date)
        found = []
        for node, amount in sorted(bought.items()):
            one = figures.get(node)
            if not one or one.is_return:
                continue
            excess = (one.covered - max(0.0, one.goods - amount)) / one.rate
            if excess >= self.currency_id.rounding:
                found.append(
                    {
                        "model": node[0],
                        "res_id": node[1],
                        "problem": self.env._(
                            "%(name)s: %(amount)s of points were redeemed on products that are not eligible in "
                            "program %(program)s: gift cards, eWallet top-ups or tips.",
                            name=self._name_of(node),
                            amount=self.currency_id.format(excess),
                            program=self.name,
                        ),
                        "size": excess,
                    }
                )
        return found

    def _products_points_cannot_buy(self):
        """Return ids of products that turn money into something to be spent later. Override to add."""
        if self.redeem_stored_value:
            return set()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT x.product_product_id FROM loyalty_rule_product_product_rel x
                  JOIN loyalty_rule r ON r.id = x.loyalty_rule_id JOIN loyalty_program p ON p.id = r.program_id
                 WHERE p.program_type IN ('gift_card', 'ewallet')
                """
            )
        )
        return {product_id for (product_id,) in rows}

    def _bought_without_points(self, products, date):
        """Return ``{node: gross of these products}`` of documents that points paid. Override to add."""
        rows = self.env.execute_query(
            SQL(
                """
                WITH redeemed AS (
                     SELECT p.loyalty_move_id AS id FROM account_payment p JOIN loyalty_card c ON c.id = p.loyalty_card_id
                      WHERE c.program_id = %(program)s AND p.payment_type = 'inbound' AND p.loyalty_move_id IS NOT NULL
                      UNION
                     SELECT CASE WHEN m.move_type = 'out_refund' THEN m.reversed_entry_id ELSE m.id END
                       FROM account_move m JOIN loyalty_card c ON c.id = m.loyalty_redeem_card_id
                      WHERE c.program_id = %(program)s AND m.loyalty_redeem_origin_id IS NULL)
                SELECT l.move_id, sum(l.price_total) FROM redeemed r JOIN account_move_line l ON l.move_id = r.id
                 WHERE l.display_type = 'product' AND l.product_id = ANY(%(products)s) GROUP BY l.move_id
                """,
                program=self.id,
                products=sorted(products),
            )
        )
        return {(MOVE, move_id): float(amount) for move_id, amount in rows}
