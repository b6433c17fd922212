"""What Verify asks besides the sums: is the protection in force, and did anything move where no transaction moved it."""

from odoo import api, models
from odoo.tools import SQL

from ..ledger import schema

#: Rows of one kind that are named.
NAMED = 200


class LoyaltyVerification(models.TransientModel):
    _inherit = "loyalty.verification"

    @api.model
    def _protected_triggers(self):
        """Return ``{trigger: table}`` of what protects the ledger inside the database. Override to add."""
        return schema.TRIGGERS

    @api.model
    def _protection_problems(self):
        """Return problems as ``loyalty.card._verify_ledger`` does: protection that is off, and what it would have refused
        but only a comparison shows: cards and programs that changed sides, reservations that were altered."""
        return [
            *self._weakened_triggers(),
            *self._moved_cards(),
            *self._moved_programs(),
            *self._altered_holds(),
            *self.env["loyalty.ledger.seal"].sudo()._missing_seals(),
        ]

    def _weakened_triggers(self):
        models_by_table = {model._table: name for name, model in self.env.registry.items() if not model._abstract}
        words = {
            "missing": self.env._(
                "The trigger %(trigger)s that protects table %(table)s is missing. Upgrade the add-on."
            ),
            "disabled": self.env._("The trigger %(trigger)s that protects table %(table)s is switched off."),
            "replaced": self.env._(
                "The function of trigger %(trigger)s on table %(table)s was replaced. Upgrade the add-on to restore it."
            ),
        }
        return [
            {
                "model": "ir.model",
                "id": self.env["ir.model"]._get_id(models_by_table[table]),
                "problem": words[how] % {"trigger": trigger, "table": table},
            }
            for table, trigger, how in schema.weakened(self.env.cr, self._protected_triggers())
        ]

    def _moved_cards(self):
        """Cards that are in another program than their transactions."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT c.id, COALESCE(p.name ->> 'en_US', ''), string_agg(DISTINCT o.name ->> 'en_US', ', ')
                  FROM loyalty_ledger_entry e JOIN loyalty_card c ON c.id = e.card_id
                  JOIN loyalty_program p ON p.id = c.program_id JOIN loyalty_program o ON o.id = e.program_id
                 WHERE c.program_id <> e.program_id GROUP BY c.id, p.name ORDER BY c.id LIMIT %s
                """,
                NAMED,
            )
        )
        return [
            {
                "model": "loyalty.card",
                "id": card_id,
                "problem": self.env._(
                    "The card is in program %(now)s, but has transactions of %(before)s.", now=now, before=before
                ),
            }
            for card_id, now, before in rows
        ]

    def _moved_programs(self):
        """Programs whose company or type no longer fits their transactions."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT p.id, p.program_type IN %s AS typed, p.company_id IS NOT DISTINCT FROM e.company_id AS owned
                  FROM (SELECT DISTINCT program_id, company_id FROM loyalty_ledger_entry) e
                  JOIN loyalty_program p ON p.id = e.program_id ORDER BY p.id
                """,
                schema.LEDGERED_TYPES,
            )
        )
        problems = {}
        for program_id, typed, owned in rows:
            if not typed:
                problems[program_id] = self.env._(
                    "The program has transactions, but its type is not tracked in the points ledger."
                )
            elif not owned:
                problems[program_id] = self.env._("The program has transactions of another company than its own.")
        return [
            {"model": "loyalty.program", "id": program_id, "problem": problem}
            for program_id, problem in problems.items()
        ]

    def _altered_holds(self):
        """Reservations that say something else than the transaction that used them, or none."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT h.id FROM loyalty_hold h LEFT JOIN loyalty_ledger_entry e ON e.id = h.entry_id
                 WHERE CASE WHEN h.state = 'consumed'
                            THEN e.id IS NULL OR e.points <> -h.points OR e.card_id <> h.card_id
                            ELSE h.entry_id IS NOT NULL END
                 ORDER BY h.id LIMIT %s
                """,
                NAMED,
            )
        )
        return [
            {
                "model": "loyalty.hold",
                "id": hold_id,
                "problem": self.env._("The reservation was changed: it differs from the transaction that used it."),
            }
            for (hold_id,) in rows
        ]
