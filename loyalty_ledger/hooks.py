"""Taking over existing cards at installation, and leaving them as they were at removal."""

from odoo.exceptions import UserError
from odoo.tools import SQL

from .ledger import schema
from .models.loyalty_ledger_seal_head import HEAD
from .tools.leaving import check_balance_column, keep_demo_records

#: Columns that the gateway keeps on the card, added in one pass so that the table is rewritten once.
CARD_COLUMNS = "accumulated_points redeemed_points lifetime_points debt_points".split()


def pre_init_hook(env):
    """Turn the balance into an exact number and remember the cards whose balance had more than four decimals."""
    check_balance_column(env)
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
        raise UserError(
            env._(
                "%s loyalty cards have a balance of 100,000,000,000 points or more, or none that is a number. "
                "Correct them, then install the points ledger.",
                too_large,
            )
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
    """Take over what the installation itself created under Odoo's rules, and forget what rounding needed."""
    env["loyalty.card"]._adopt_balances()
    # Coupons were rounded too: what other add-ons store about balances is computed again.
    rounded = [card_id for (card_id,) in env.execute_query(SQL("SELECT card_id FROM loyalty_adoption_rounding"))]
    env["loyalty.card"].browse(rounded).modified(["points"])
    env.flush_all()
    env.cr.execute("DROP TABLE loyalty_adoption_rounding")


def uninstall_hook(env):
    """Leave Odoo's loyalty with the same balances: plain column, no triggers, a history that adds up."""
    check_balance_column(env)
    keep_demo_records(env, "loyalty_ledger")
    env["loyalty.card"]._write_history_differences()
    # The seals go with the add-on: a later ledger must not be asked for them.
    env["ir.config_parameter"].search([("key", "=", HEAD)]).unlink()
    # Odoo offers its papers on every card again.
    for name in ("report_loyalty_card", "report_gift_card"):
        if report := env.ref(f"loyalty.{name}", raise_if_not_found=False):
            report.domain = False
    env.flush_all()
    schema.drop_all(env.cr)
    env.cr.execute("DROP INDEX IF EXISTS loyalty_card__partner_program_idx")
    env.cr.execute("ALTER TABLE loyalty_card ALTER COLUMN points TYPE double precision")
