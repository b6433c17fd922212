"""Taking over existing cards at installation, and leaving them as they were at removal."""

import logging

from odoo import fields
from odoo.tools import SQL

from .models.loyalty_program import LEDGERED_TYPES
from .tools import ddl
from .tools.leaving import keep_demo_records
from .tools.today import loyalty_today

_logger = logging.getLogger(__name__)

#: Columns that the gateway keeps on the card, added in one pass so that the table is rewritten once.
CARD_COLUMNS = "accumulated_points redeemed_points lifetime_points debt_points".split()


def pre_init_hook(env):
    """Turn the balance into an exact number and remember the cards whose balance had more than four decimals."""
    env.cr.execute(
        """
        CREATE TABLE loyalty_adoption_rounding AS
            SELECT id AS card_id, points FROM loyalty_card
             WHERE points IS NOT NULL AND points::numeric <> round(points::numeric, 4)
        """
    )
    env.cr.execute("SELECT count(*) FROM loyalty_card WHERE abs(points) >= 1e11 OR points = 'NaN'")
    (too_large,) = env.cr.fetchone()
    if too_large:
        raise ValueError(
            f"{too_large} loyalty cards have a balance of 100,000,000,000 points or more, or none that is a number. "
            "Correct them, then install the points ledger."
        )
    columns = SQL(", ").join(
        SQL("ADD COLUMN IF NOT EXISTS %s numeric(16,4)", SQL.identifier(name)) for name in CARD_COLUMNS
    )
    env.cr.execute(
        SQL(
            "ALTER TABLE loyalty_card ALTER COLUMN points TYPE numeric(16,4) USING round(points::numeric, 4), %s",
            columns,
        )
    )


def post_init_hook(env):
    """Give each card of a ledgered type, archived ones included, an opening entry and a lot, in this transaction.

    Cards that the installation itself created (demo data) are under the ledger already.
    """
    # The trigger would check each card of the bulk update; the sums are compared once at the end instead.
    env.cr.execute("DROP TRIGGER loyalty_card_ledger ON loyalty_card")
    env.cr.execute(SQL("SET CONSTRAINTS %s DEFERRED", SQL("loyalty_entry_ledger, loyalty_lot_ledger")))
    company_days = [
        (company.id, loyalty_today(env, company))
        for company in [*env["res.company"].sudo().search([]), env["res.company"]]
    ]
    days = SQL(", ").join(SQL("(%s::int, %s::date)", company_id or None, day) for company_id, day in company_days)
    env.cr.execute(
        SQL(
            """
            INSERT INTO loyalty_ledger_entry (
                   id, card_id, program_id, company_id, kind, points, balance_after, date, effective_date, reason,
                   idempotency_key, is_redemption, level_points, waived_points, author_id, unpaid_points,
                   expiration_date, available_from, res_model, res_id, reversed_entry_id, row_hash)
            SELECT n.*, %(hash)s
              FROM (SELECT nextval('loyalty_ledger_entry_id_seq')::int AS id, c.id AS card_id, c.program_id, c.company_id,
                           'opening' AS kind, c.points, c.points AS balance_after, %(now)s::timestamp AS date,
                           d.day AS effective_date,
                           CASE WHEN r.card_id IS NULL THEN %(reason)s
                                ELSE %(rounded)s || ' ' || r.points::text END AS reason,
                           'opening:' || c.id AS idempotency_key, FALSE AS is_redemption,
                           GREATEST(c.points, 0) AS level_points, 0::numeric AS waived_points, %(author)s AS author_id,
                           GREATEST(-c.points, 0) AS unpaid, NULL::date AS expiration_date, NULL::date AS available_from,
                           NULL::text AS res_model, NULL::int AS res_id, NULL::int AS reversed_entry_id
                      FROM loyalty_card c
                      JOIN loyalty_program p ON p.id = c.program_id
                      JOIN (VALUES %(days)s) AS d(company_id, day) ON d.company_id IS NOT DISTINCT FROM c.company_id
                      LEFT JOIN loyalty_adoption_rounding r ON r.card_id = c.id
                     WHERE p.program_type IN %(types)s AND c.points <> 0 AND c.ledgered IS NOT TRUE
                     ORDER BY c.id) n
            """,
            hash=ddl.row_hash("n"),
            now=fields.Datetime.now(),
            reason=env._("Balance before the points ledger"),
            rounded=env._("Balance before the points ledger, rounded from"),
            author=env.uid,
            days=days,
            types=LEDGERED_TYPES,
        )
    )
    openings = env.cr.rowcount
    env.cr.execute(
        """
        INSERT INTO loyalty_lot (entry_id, card_id, program_id, company_id, points, remaining, date)
        SELECT id, card_id, program_id, company_id, points, points, effective_date
          FROM loyalty_ledger_entry WHERE idempotency_key = 'opening:' || card_id AND points > 0 ORDER BY id
        """
    )
    env.cr.execute(
        SQL(
            """
            UPDATE loyalty_card c
               SET ledgered = TRUE, points = COALESCE(c.points, 0), accumulated_points = COALESCE(c.points, 0),
                   redeemed_points = 0, lifetime_points = GREATEST(COALESCE(c.points, 0), 0),
                   debt_points = GREATEST(-COALESCE(c.points, 0), 0), ledger_revision = (COALESCE(c.points, 0) <> 0)::int,
                   welcome_sent = TRUE, last_earning_date = CASE WHEN c.points > 0 THEN d.day END,
                   last_use_date = CASE WHEN c.points <> 0 THEN d.day END
              FROM loyalty_program p, (VALUES %(days)s) AS d(company_id, day)
             WHERE p.id = c.program_id AND p.program_type IN %(types)s AND c.ledgered IS NOT TRUE
               AND d.company_id IS NOT DISTINCT FROM c.company_id
            """,
            days=days,
            types=LEDGERED_TYPES,
        )
    )
    env.cr.execute("DROP TABLE loyalty_adoption_rounding")
    env.cr.execute(SQL("SET CONSTRAINTS %s IMMEDIATE", SQL("loyalty_entry_ledger, loyalty_lot_ledger")))
    ddl.protect_cards(env.cr)
    env["loyalty.card"].invalidate_model(flush=False)
    _logger.info("The points ledger took over %s balances.", openings)


def uninstall_hook(env):
    """Leave Odoo's loyalty with the same balances: plain column, no triggers, a history that adds up."""
    keep_demo_records(env, "loyalty_ledger")
    env["loyalty.card"]._write_history_differences()
    env.flush_all()
    ddl.drop_all(env.cr)
    env.cr.execute("DROP INDEX IF EXISTS loyalty_card__partner_program_idx")
    env.cr.execute("ALTER TABLE loyalty_card ALTER COLUMN points TYPE double precision")
