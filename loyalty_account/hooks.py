"""Leaving: what the database keeps outside Odoo's own tables."""

from odoo.tools import SQL

from odoo.addons.loyalty_ledger.tools.leaving import keep_demo_records


def uninstall_hook(env):
    """Remove the trigger that keeps value lines; the table itself goes with the add-on."""
    keep_demo_records(env, "loyalty_account")
    keep_payments(env)
    env.cr.execute("DROP FUNCTION IF EXISTS loyalty_valuation_immutable() CASCADE")


def keep_payments(env):
    """Give payments that were made with points the manual method: they stay, and the method goes with the add-on.

    What no payment uses is removed by Odoo with the method (account/models/account_payment_method.py, unlink).
    """
    for direction in ("in", "out"):
        method = env.ref(f"loyalty_account.account_payment_method_loyalty_{direction}", raise_if_not_found=False)
        if not method:
            continue
        ids = {"loyalty": method.id, "manual": env.ref(f"account.account_payment_method_manual_{direction}").id}
        env.flush_all()
        env.cr.execute(
            SQL(
                """
                UPDATE account_payment_method_line l SET payment_method_id = %(manual)s
                 WHERE l.payment_method_id = %(loyalty)s
                   AND EXISTS (SELECT 1 FROM account_payment p WHERE p.payment_method_line_id = l.id)
                """,
                **ids,
            )
        )
        env.cr.execute(
            SQL(
                "UPDATE account_payment SET payment_method_id = %(manual)s WHERE payment_method_id = %(loyalty)s", **ids
            )
        )
        env.invalidate_all()
