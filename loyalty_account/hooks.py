"""Leaving: what the database keeps outside Odoo's own tables."""


def uninstall_hook(env):
    """Remove the trigger that keeps value lines; the table itself goes with the add-on."""
    env.cr.execute("DROP FUNCTION IF EXISTS loyalty_valuation_immutable() CASCADE")
