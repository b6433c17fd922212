"""What happens when the add-on leaves."""

from odoo.exceptions import UserError

from odoo.addons.loyalty_ledger.tools.leaving import keep_demo_records


def uninstall_hook(env):
    """Refuse to leave while revenue is deferred: nothing else knows what the liability consists of.

    :raises odoo.exceptions.UserError: naming the programs
    """
    programs = env["loyalty.program"].with_context(active_test=False).search([("accounting_policy", "=", "deferral")])
    if programs:
        raise UserError(
            env._(
                "Revenue of these programs is deferred: %s. Change their accounting policy first, then uninstall.",
                ", ".join(programs.mapped("name")),
            )
        )
    keep_demo_records(env, "loyalty_deferral")
