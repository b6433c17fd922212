"""What "Verify Ledger" compares: lots, balances and hashes with the transactions that they come from (N5)."""

from odoo import api, models
from odoo.tools import SQL

from ..ledger import schema


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    @api.model
    def _verify_ledger(self):
        """Rebuild lots, balances and hashes from the entries and compare (N5).

        :return: list of dicts ``model``, ``id``, ``problem``, the first bad row first; empty when everything fits
        """
        self.env.flush_all()
        problems = []
        for model, query, problem in self._verification_queries():
            for row_id, found, expected in self.env.execute_query(query):
                problems.append({"model": model, "id": row_id, "problem": problem(found=found, expected=expected)})
        for seal_id, problem in self.env["loyalty.ledger.seal"].sudo()._find_broken():
            problems.append({"model": "loyalty.ledger.seal", "id": seal_id, "problem": problem})
        return problems + self.env["loyalty.verification"].sudo()._protection_problems()

    def _verification_queries(self):
        """Return triples of model, query (id, found, expected) and the function that words the problem."""
        _ = self.env._
        entries, cards, lots = "loyalty.ledger.entry", "loyalty.card", "loyalty.lot"
        return [
            (
                entries,
                SQL(
                    "SELECT id, row_hash, '' FROM loyalty_ledger_entry e WHERE row_hash IS DISTINCT FROM %s ORDER BY id",
                    schema.row_hash("e"),
                ),
                lambda found, expected: _("The row was changed: its hash does not fit its contents."),
            ),
            (
                entries,
                SQL(
                    """
                    SELECT id, balance_after, expected FROM (
                        SELECT id, balance_after, sum(points) OVER (PARTITION BY card_id ORDER BY id) AS expected
                          FROM loyalty_ledger_entry) e
                     WHERE balance_after IS DISTINCT FROM expected ORDER BY id
                    """
                ),
                lambda found, expected: _(
                    "Balance after the transaction is %(found)s, its sum is %(expected)s.",
                    found=found,
                    expected=expected,
                ),
            ),
            (
                lots,
                SQL(
                    """
                    SELECT l.id, l.remaining, l.points - COALESCE(c.taken, 0)
                      FROM loyalty_lot l
                      LEFT JOIN (SELECT lot_id, sum(points) FILTER (WHERE moved_to_lot_id IS NULL) AS taken
                                   FROM loyalty_ledger_consumption GROUP BY lot_id) c ON c.lot_id = l.id
                     WHERE l.remaining IS DISTINCT FROM l.points - COALESCE(c.taken, 0) ORDER BY l.id
                    """
                ),
                lambda found, expected: _(
                    "The lot holds %(found)s points, its consumptions leave %(expected)s.",
                    found=found,
                    expected=expected,
                ),
            ),
            (
                lots,
                SQL(
                    """
                    SELECT l.id, l.expiration_date, x.expiration_date FROM loyalty_lot l
                      JOIN loyalty_ledger_entry x ON x.id = COALESCE(l.expiry_entry_id, l.entry_id)
                      LEFT JOIN loyalty_lot o ON o.id = l.origin_lot_id
                     WHERE l.expiration_date IS DISTINCT FROM x.expiration_date
                       AND (l.expiry_entry_id IS NOT NULL OR o.id IS NULL
                            OR l.expiration_date IS DISTINCT FROM o.expiration_date) ORDER BY l.id
                    """
                ),
                lambda found, expected: _(
                    "The lot expires on %(found)s, its transaction says %(expected)s.", found=found, expected=expected
                ),
            ),
            (
                lots,
                SQL(
                    """
                    SELECT l.id, l.available_from, e.available_from FROM loyalty_lot l
                      JOIN loyalty_ledger_entry e ON e.id = l.entry_id
                      LEFT JOIN loyalty_lot o ON o.id = l.origin_lot_id
                     WHERE l.available_from IS DISTINCT FROM e.available_from
                       AND (o.id IS NULL OR l.available_from IS DISTINCT FROM o.available_from) ORDER BY l.id
                    """
                ),
                lambda found, expected: _(
                    "The lot opens on %(found)s, its transaction says %(expected)s.", found=found, expected=expected
                ),
            ),
            (
                cards,
                SQL(
                    """
                    SELECT c.id, c.points, 0 FROM loyalty_card c JOIN loyalty_program p ON p.id = c.program_id
                     WHERE c.ledgered IS NOT TRUE AND c.points <> 0 AND p.program_type IN %s ORDER BY c.id
                    """,
                    schema.LEDGERED_TYPES,
                ),
                lambda found, expected: _("The card has %(found)s points outside the points ledger.", found=found),
            ),
            (
                entries,
                SQL(
                    """
                    SELECT e.id, COALESCE(l.points, 0) + COALESCE(r.back, 0) + COALESCE(d.paid, 0), e.points
                      FROM loyalty_ledger_entry e
                      LEFT JOIN (SELECT entry_id, sum(points) AS points FROM loyalty_lot GROUP BY entry_id) l
                             ON l.entry_id = e.id
                      LEFT JOIN (SELECT entry_id, -sum(points) FILTER (WHERE points < 0 AND moved_to_lot_id IS NULL)
                                        AS back FROM loyalty_ledger_consumption GROUP BY entry_id) r
                             ON r.entry_id = e.id
                      LEFT JOIN LATERAL (SELECT e.points - COALESCE(l.points, 0) - COALESCE(r.back, 0) AS paid
                                          WHERE e.kind = 'reversal') d ON TRUE
                     WHERE e.points > 0
                       AND (COALESCE(l.points, 0) + COALESCE(r.back, 0) + COALESCE(d.paid, 0) <> e.points
                            OR COALESCE(d.paid, 0) < 0)
                     ORDER BY e.id
                    """
                ),
                lambda found, expected: _(
                    "The credit brought %(expected)s points, its lots account for %(found)s.",
                    found=found,
                    expected=expected,
                ),
            ),
            (
                entries,
                SQL(
                    """
                    SELECT e.id, COALESCE(c.taken, 0) + e.unpaid_points, -e.points - COALESCE(r.points, 0)
                      FROM loyalty_ledger_entry e
                      LEFT JOIN (SELECT debit_entry_id, sum(points) AS taken FROM loyalty_ledger_consumption
                                  GROUP BY debit_entry_id) c ON c.debit_entry_id = e.id
                      LEFT JOIN (SELECT reversed_entry_id, sum(points) AS points FROM loyalty_ledger_entry
                                  WHERE reversed_entry_id IS NOT NULL GROUP BY reversed_entry_id) r
                             ON r.reversed_entry_id = e.id
                     WHERE e.points < 0
                       AND COALESCE(c.taken, 0) + e.unpaid_points <> -e.points - COALESCE(r.points, 0)
                     ORDER BY e.id
                    """
                ),
                lambda found, expected: _(
                    "The debit took %(expected)s points, its lots and what it owes account for %(found)s.",
                    found=found,
                    expected=expected,
                ),
            ),
            (
                cards,
                SQL(
                    """
                    SELECT c.id, concat_ws(' / ', c.points, c.accumulated_points, c.redeemed_points, c.lifetime_points,
                                           c.debt_points),
                           concat_ws(' / ', COALESCE(e.points, 0), COALESCE(e.points + e.redeemed, 0),
                                     COALESCE(e.redeemed, 0), COALESCE(e.lifetime, 0), COALESCE(e.unpaid, 0))
                      FROM loyalty_card c
                      LEFT JOIN (SELECT card_id, sum(points) AS points, sum(level_points) AS lifetime,
                                        sum(unpaid_points) AS unpaid,
                                        COALESCE(-sum(points) FILTER (WHERE is_redemption), 0) AS redeemed
                                   FROM loyalty_ledger_entry GROUP BY card_id) e ON e.card_id = c.id
                     WHERE c.ledgered
                       AND (COALESCE(c.points, 0) <> COALESCE(e.points, 0)
                            OR COALESCE(c.redeemed_points, 0) <> COALESCE(e.redeemed, 0)
                            OR COALESCE(c.accumulated_points, 0) <> COALESCE(e.points + e.redeemed, 0)
                            OR COALESCE(c.lifetime_points, 0) <> COALESCE(e.lifetime, 0)
                            OR COALESCE(c.debt_points, 0) <> COALESCE(e.unpaid, 0))
                     ORDER BY c.id
                    """
                ),
                lambda found, expected: _(
                    "The card shows %(found)s (outstanding / accumulated / redeemed / lifetime / owed), its "
                    "transactions make %(expected)s.",
                    found=found,
                    expected=expected,
                ),
            ),
            (
                cards,
                SQL(
                    """
                    SELECT c.id, c.points, COALESCE(l.open, 0) - COALESCE(c.debt_points, 0)
                      FROM loyalty_card c
                      LEFT JOIN (SELECT card_id, sum(remaining) AS open FROM loyalty_lot GROUP BY card_id) l
                             ON l.card_id = c.id
                     WHERE c.ledgered
                       AND COALESCE(c.points, 0) <> COALESCE(l.open, 0) - COALESCE(c.debt_points, 0) ORDER BY c.id
                    """
                ),
                lambda found, expected: _(
                    "The card has %(found)s points, its lots less what it owes make %(expected)s.",
                    found=found,
                    expected=expected,
                ),
            ),
        ]
