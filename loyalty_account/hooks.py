"""Leaving: what the database keeps outside Odoo's own tables."""

from odoo.addons.loyalty_ledger.tools.leaving import keep_demo_records


def uninstall_hook(env):
    """Remove the trigger that keeps value lines; the table itself goes with the add-on."""
    keep_demo_records(env, "loyalty_account")
    env.cr.execute("DROP FUNCTION IF EXISTS loyalty_valuation_immutable() CASCADE")
