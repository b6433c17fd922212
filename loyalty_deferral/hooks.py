"""What happens when the add-on leaves."""

from odoo.exceptions import UserError
from odoo.tools import SQL

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
    _leave_values(env)
    keep_demo_records(env, "loyalty_deferral")


def _leave_values(env):
    """Leave what cohorts had booked, by entry, to the proof: its lines go with the add-on, the journal entries stay."""
    env.flush_all()
    env.cr.execute(
        SQL(
            """
            UPDATE loyalty_program p SET former_values = COALESCE(p.former_values, '[]') || l.rows
              FROM (SELECT program_id, jsonb_agg(to_jsonb(s) - 'program_id') AS rows
                      FROM (SELECT program_id, move_id, account_id, run_id, date, sum(amount) AS amount
                              FROM loyalty_cohort_line WHERE move_id IS NOT NULL
                             GROUP BY program_id, move_id, account_id, run_id, date HAVING sum(amount) <> 0) s
                     GROUP BY program_id) l
             WHERE l.program_id = p.id
            """
        )
    )
    env["loyalty.program"].invalidate_model(["former_values"])
