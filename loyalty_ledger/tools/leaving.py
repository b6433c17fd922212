"""Coming and going: what else the database keeps around the cards."""

from odoo.exceptions import UserError
from odoo.tools import SQL


def check_balance_column(env):
    """Refuse to change the type of the cards' balance while something reads it that PostgreSQL would have to rewrite.

    Installing makes the balance an exact number, uninstalling turns it back. Views of other add-ons or of a reporting
    tool, triggers on the column, row policies and generated columns stand in the way; indexes and defaults do not.

    :raises odoo.exceptions.UserError: with their names, and what to do
    """
    rows = env.execute_query(
        SQL(
            """
            WITH RECURSIVE dependent AS (
                 SELECT d.classid, d.objid, d.objsubid, COALESCE(r.ev_class, 0) AS view_id
                   FROM pg_depend d
                   JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                   LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
                   LEFT JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
                   LEFT JOIN pg_attribute g ON g.attrelid = f.adrelid AND g.attnum = f.adnum
                  WHERE d.refclassid = 'pg_class'::regclass AND a.attrelid = 'loyalty_card'::regclass
                    AND a.attname = 'points'
                    AND (d.classid IN ('pg_rewrite'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass,
                                       'pg_proc'::regclass) OR g.attgenerated <> '')
                  UNION
                 SELECT d.classid, d.objid, d.objsubid, r.ev_class
                   FROM dependent p
                   JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = p.view_id
                                   AND p.view_id <> 0 AND d.classid = 'pg_rewrite'::regclass
                   JOIN pg_rewrite r ON r.oid = d.objid)
            SELECT DISTINCT CASE WHEN view_id <> 0 THEN pg_describe_object('pg_class'::regclass, view_id, 0)
                                 ELSE pg_describe_object(classid, objid, objsubid) END
              FROM dependent ORDER BY 1
            """
        )
    )
    if rows:
        raise UserError(
            env._(
                "The balance of loyalty cards (table loyalty_card, column points) changes its type when the points "
                "ledger is installed or uninstalled, and PostgreSQL does not allow that while it is used by: %s. "
                "Keep their definitions (for a view: SELECT pg_get_viewdef('its_name')), drop them, install or "
                "uninstall, then create them again.",
                ", ".join(name for (name,) in rows),
            )
        )


def keep_demo_records(env, module):
    """Make the demonstration records of ``module`` ordinary ones.

    Odoo deletes what an add-on brought. Cards that are in use would lose their balances with it, and customers and
    products that documents name cannot go at all.
    """
    env["ir.model.data"].search([("module", "=", module), ("name", "=like", r"demo\_%")]).unlink()
