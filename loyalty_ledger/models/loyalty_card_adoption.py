"""Taking over the balances of cards that are not under the ledger yet: at installation, and whatever was missed."""

import logging

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..ledger import schema
from ..tools.today import loyalty_today

_logger = logging.getLogger(__name__)


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    @api.model
    def _adopt_balances(self):
        """Give each card of a ledgered type that is not under the ledger an opening entry and a lot.

        Whatever is archived (card, customer, program, company) comes too: it may return, and a card outside the ledger
        can neither earn nor redeem. Runs at installation and at every upgrade of the add-on; a second run finds
        nothing. Set-based, in the transaction of the caller.

        :return: number of cards that came under the ledger
        """
        self.env.flush_all()
        waiting = SQL(
            "FROM loyalty_card c JOIN loyalty_program p ON p.id = c.program_id"
            " WHERE c.ledgered IS NOT TRUE AND p.program_type IN %s",
            schema.LEDGERED_TYPES,
        )
        if not self.env.execute_query(SQL("SELECT 1 %s LIMIT 1", waiting)):
            return 0
        # The trigger would check each card of the bulk update; the sums are compared once at the end instead.
        self.env.cr.execute("DROP TRIGGER IF EXISTS loyalty_card_ledger ON loyalty_card")
        self.env.cr.execute("SET CONSTRAINTS loyalty_entry_ledger, loyalty_lot_ledger DEFERRED")
        days = self._adoption_days()
        first_id, openings = self._adopt_openings(days, waiting)
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO loyalty_lot (entry_id, card_id, program_id, company_id, points, remaining, date)
                SELECT id, card_id, program_id, company_id, points, points, effective_date
                  FROM loyalty_ledger_entry
                 WHERE id >= %s AND idempotency_key = 'opening:' || card_id AND points > 0 ORDER BY id
                """,
                first_id,
            )
        )
        ids = self._adopt_cards(days)
        self.env.cr.execute("SET CONSTRAINTS loyalty_entry_ledger, loyalty_lot_ledger IMMEDIATE")
        schema.protect_cards(self.env.cr)
        # Balances were rounded to four decimals: what other add-ons store about them is computed again.
        self.env.invalidate_all(flush=False)
        self.browse(ids).modified(["points"])
        self.env.flush_all()
        _logger.info("The points ledger took over %s cards, %s of them with a balance.", len(ids), openings)
        return len(ids)

    def _adoption_days(self):
        """SQL rows of company id (or NULL) and today's date there, archived companies included."""
        Company = self.env["res.company"].sudo().with_context(active_test=False)  # every company's cards are taken over
        companies = [*Company.search(Domain.TRUE), Company]
        return SQL(", ").join(
            SQL("(%s::int, %s::date)", company.id or None, loyalty_today(self.env, company)) for company in companies
        )

    def _adopt_openings(self, days, waiting):
        """Write the opening entries.

        :return: an id that all of them have at least, and how many there are
        """
        # Only an installation has balances that were rounded.
        ((rounding,),) = self.env.execute_query(SQL("SELECT to_regclass('loyalty_adoption_rounding') IS NOT NULL"))
        rounded = SQL("loyalty_adoption_rounding" if rounding else "(SELECT 0 AS card_id, 0 AS points WHERE FALSE)")
        ((first_id,),) = self.env.execute_query(SQL("SELECT nextval('loyalty_ledger_entry_id_seq')"))
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO loyalty_ledger_entry (
                       id, card_id, program_id, company_id, kind, points, balance_after, date, effective_date, reason,
                       idempotency_key, is_redemption, level_points, waived_points, author_id, unpaid_points,
                       expiration_date, available_from, res_model, res_id, reversed_entry_id, last_earning_date, row_hash)
                SELECT n.*, %(hash)s
                  FROM (SELECT nextval('loyalty_ledger_entry_id_seq')::int AS id, w.id AS card_id, w.program_id,
                               w.company_id, 'opening' AS kind, w.points, w.points AS balance_after,
                               %(now)s::timestamp AS date, d.day AS effective_date,
                               CASE WHEN r.card_id IS NULL THEN %(reason)s
                                    ELSE %(rounded)s || ' ' || r.points::text END AS reason,
                               'opening:' || w.id AS idempotency_key, FALSE AS is_redemption,
                               GREATEST(w.points, 0) AS level_points, 0::numeric AS waived_points,
                               %(author)s AS author_id, GREATEST(-w.points, 0) AS unpaid,
                               NULL::date AS expiration_date, NULL::date AS available_from,
                               NULL::text AS res_model, NULL::int AS res_id, NULL::int AS reversed_entry_id,
                               CASE WHEN w.points > 0 THEN d.day END AS last_earning_date
                          FROM (SELECT c.* %(waiting)s AND c.points <> 0) w
                          JOIN (VALUES %(days)s) AS d(company_id, day) ON d.company_id IS NOT DISTINCT FROM w.company_id
                          LEFT JOIN %(rounding)s r ON r.card_id = w.id
                         ORDER BY w.id) n
                """,
                hash=schema.row_hash("n"),
                now=fields.Datetime.now(),
                reason=self.env._("Balance before the points ledger"),
                rounded=self.env._("Balance before the points ledger, rounded from"),
                author=self.env.uid,
                waiting=waiting,
                days=days,
                rounding=rounded,
            )
        )
        return first_id, self.env.cr.rowcount

    def _adopt_cards(self, days):
        """Put the cards under the ledger with the balances of their opening entries; return their ids."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE loyalty_card c
                   SET ledgered = TRUE, points = COALESCE(c.points, 0), accumulated_points = COALESCE(c.points, 0),
                       redeemed_points = 0, lifetime_points = GREATEST(COALESCE(c.points, 0), 0),
                       debt_points = GREATEST(-COALESCE(c.points, 0), 0),
                       ledger_revision = (COALESCE(c.points, 0) <> 0)::int, welcome_sent = TRUE,
                       last_earning_date = CASE WHEN c.points > 0 THEN d.day END,
                       last_use_date = CASE WHEN c.points <> 0 THEN d.day END
                  FROM loyalty_program p, (VALUES %(days)s) AS d(company_id, day)
                 WHERE p.id = c.program_id AND p.program_type IN %(types)s AND c.ledgered IS NOT TRUE
                   AND d.company_id IS NOT DISTINCT FROM c.company_id
             RETURNING c.id
                """,
                days=days,
                types=schema.LEDGERED_TYPES,
            )
        )
        return [card_id for (card_id,) in self.env.cr.fetchall()]
