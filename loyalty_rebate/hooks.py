"""What happens when the add-on leaves."""

from odoo.addons.loyalty_ledger.tools.leaving import keep_demo_records


def uninstall_hook(env):
    """Programs that credited the sales of a period do not begin to award points for each sale by themselves.

    What is on the cards stays and can be redeemed; *Customers Earn Points* switches them on again, then for each sale.
    """
    programs = env["loyalty.program"].with_context(active_test=False)
    programs.search([("award_mode", "=", "period")]).accumulates = False
    keep_demo_records(env, "loyalty_rebate")
