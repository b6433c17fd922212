"""What runs at night or on demand over all cards: write-off of expired points, verification, adoption."""

import logging

from odoo import api, fields, models
from odoo.tools import SQL

from ..ledger import schema
from ..tools import jobs
from ..tools.today import loyalty_today

_logger = logging.getLogger(__name__)

#: Cards that one step of the nightly write-off takes.
BATCH = 5_000

#: Last usable day of a lot ``l`` on card ``c`` of program ``p``; :meth:`ledger.allocation.Card.lot_expiry` in SQL.
LOT_EXPIRY = SQL(
    """LEAST(c.expiration_date, COALESCE(l.expiration_date, CASE WHEN p.expiry_policy = 'rolling' THEN
        (c.last_earning_date + CASE p.expiry_unit
            WHEN 'day' THEN make_interval(days => p.expiry_delay)
            WHEN 'month' THEN make_interval(months => p.expiry_delay)
            ELSE make_interval(years => p.expiry_delay) END)::date END))"""
)
#: Says in the context that the expiry terms of programs are about to change.
TERMS_CHANGE = "loyalty_terms_change"


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    # --- nightly write-off ---------------------------------------------------------------------------------------

    @api.model
    def _purge(self, programs=None, as_of=None, batch=BATCH, commit=True):
        """Write off points past their last usable day, in batches of cards (P9).

        What a hold protects stays. Before terms change (:data:`TERMS_CHANGE` in the context) it keeps its date too, and
        cards that somebody is using are waited for. A second run finds nothing. When interrupted, the next run goes on.

        :param programs: ``loyalty.program`` records, default all
        :param as_of: date; default today where each company does business
        :param commit: commit after each batch, when run by a job
        :return: number of cards whose points were written off
        """
        self.flush_model()
        self.env["loyalty.program"].flush_model()
        done, changing = 0, TERMS_CHANGE in self.env.context
        is_job = commit and "cron_id" in self.env.context
        for company_id, day in self._purge_days(programs, as_of):
            last_id, has_time = 0, True
            if is_job:
                # The first statement of a batch locks the cards: its view must not be older.
                self.env["ir.cron"]._commit_progress()

            def write_off(company_id=company_id, day=day):
                ids = self._purge_batch(programs, company_id, day, last_id, batch, wait=changing)  # noqa: B023 at once
                if not ids:
                    return ids, True
                self.browse(ids)._write_off(day)
                return ids, not is_job or self._purge_progress(programs, company_id, day, ids[-1], len(ids))

            while result := jobs.run_batch(self.env, write_off) if is_job else write_off():
                ids, has_time = result
                done += len(ids)
                if not ids or not has_time:
                    break
                last_id = ids[-1]
            if result is None:
                _logger.info("Expired points of company %s: others were faster, the next run goes on", company_id)
            if not has_time:
                break
        return done

    def _write_off(self, day):
        """Write off what is past its last usable day on these cards, which are locked. Override to do more with it."""
        self._refresh_ledger(day, keep_dates=TERMS_CHANGE in self.env.context)

    def _purge_days(self, programs, as_of):
        """Pairs of company id (None: programs without company) and the day to purge for."""
        domain = [("ledgered", "=", True)]
        if programs is not None:
            domain.append(("program_id", "in", programs.ids))
        companies = [
            company for (company,) in self.sudo().with_context(active_test=False)._read_group(domain, ["company_id"])
        ]
        return [(company.id or None, as_of or loyalty_today(self.env, company)) for company in companies]

    def _purge_condition(self, programs, company_id, day, last_id):
        return SQL(
            """
            FROM loyalty_card c JOIN loyalty_program p ON p.id = c.program_id
            WHERE c.ledgered AND c.id > %(last)s AND c.company_id IS NOT DISTINCT FROM %(company)s %(programs)s
              AND EXISTS (SELECT 1 FROM loyalty_lot l WHERE l.card_id = c.id AND l.remaining > 0
                           AND (%(expiry)s < %(day)s
                                OR c.debt_points > 0 AND COALESCE(l.available_from, %(day)s) <= %(day)s))
            """,
            last=last_id,
            company=company_id,
            programs=SQL("AND p.id = ANY(%s)", programs.ids) if programs is not None else SQL(),
            expiry=LOT_EXPIRY,
            day=day,
        )

    def _purge_batch(self, programs, company_id, day, last_id, batch, wait=False):
        """Lock the next cards that need the write-off, leaving out those somebody is using now or waiting for them."""
        rows = self.env.execute_query(
            SQL(
                "SELECT c.id %s ORDER BY c.id LIMIT %s FOR NO KEY UPDATE OF c %s",
                self._purge_condition(programs, company_id, day, last_id),
                batch,
                SQL() if wait else SQL("SKIP LOCKED"),
            )
        )
        return [row[0] for row in rows]

    def _purge_progress(self, programs, company_id, day, last_id, processed):
        """Commit and report what is left; return whether there is time for another batch."""
        ((remaining,),) = self.env.execute_query(
            SQL("SELECT count(*) %s", self._purge_condition(programs, company_id, day, last_id))
        )
        return self.env["ir.cron"]._commit_progress(processed, remaining=remaining)

    @api.model
    def _cron_purge(self):
        self._purge(batch=BATCH)

    # --- verification --------------------------------------------------------------------------------------------

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

    # --- leaving -------------------------------------------------------------------------------------------------

    @api.model
    def _write_history_differences(self):
        """Write one ``loyalty.history`` row for each card whose history does not add up to its balance.

        Later versions of Odoo compute points from the history; with these rows they get the same balances. Odoo keeps
        any number of decimals there (as text, each number keeps all of them), so the difference is written as it is:
        rounded to four, it would leave a rest that the next run writes back. Rests below a tenth of the ledger's unit,
        which a binary number of that size may not hold, are left; what is no number counts as nothing.

        :return: number of rows written
        """
        self.flush_model()
        self.env["loyalty.history"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO loyalty_history (card_id, description, issued, used, create_uid, create_date, write_uid,
                                             write_date)
                SELECT c.id, %s, GREATEST(d.difference, 0), GREATEST(-d.difference, 0), %s, %s, %s, %s
                  FROM loyalty_card c
                  LEFT JOIN (SELECT card_id, sum(CASE WHEN issued BETWEEN -1e15 AND 1e15 THEN issued::text::numeric ELSE 0 END)
                                    - sum(CASE WHEN used BETWEEN -1e15 AND 1e15 THEN used::text::numeric ELSE 0 END) AS points
                               FROM loyalty_history GROUP BY card_id) h ON h.card_id = c.id
                 CROSS JOIN LATERAL (SELECT COALESCE(c.points, 0)::numeric - COALESCE(h.points, 0) AS difference) d
                 WHERE c.ledgered AND abs(d.difference) > 0.00001
                """,
                self.env._("Balance of the points ledger"),
                self.env.uid,
                fields.Datetime.now(),
                self.env.uid,
                fields.Datetime.now(),
            )
        )
        count = self.env.cr.rowcount
        self.env["loyalty.history"].invalidate_model()
        self.invalidate_model(["history_ids"])
        return count
