"""Leaving the ledger: what it kept is handed to Odoo's own history of cards."""

from odoo import api, fields, models
from odoo.tools import SQL


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    @api.model
    def action_prepare_upgrade(self):
        """Make ``loyalty.history`` add up to the balances, as removing the ledger would, before an upgrade of Odoo."""
        self._check_ledger_group("loyalty_ledger.group_loyalty_manager")
        count = self.sudo()._write_history_differences()  # the group was checked; history has no rights of its own
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("The history of %s cards was completed.", count),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    @api.model
    def _write_history_differences(self):
        """Write one ``loyalty.history`` row for each card whose history does not add up to its balance.

        Later versions of Odoo compute points from the history; with these rows they get the same balances. Odoo keeps
        any number of decimals there (as text, each number keeps all of them), so the difference is written as it is:
        rounded to four, it would leave a rest that the next run writes back. Rests below a tenth of the ledger's unit,
        which a binary number of that size may not hold, are left; what is no number counts as nothing.

        :return: number of rows written
        """
        self.flush_model()
        self.env["loyalty.history"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO loyalty_history (card_id, description, issued, used, create_uid, create_date, write_uid,
                                             write_date)
                SELECT c.id, %s, GREATEST(d.difference, 0), GREATEST(-d.difference, 0), %s, %s, %s, %s
                  FROM loyalty_card c
                  LEFT JOIN (SELECT card_id, sum(CASE WHEN issued BETWEEN -1e15 AND 1e15 THEN issued::text::numeric ELSE 0 END)
                                    - sum(CASE WHEN used BETWEEN -1e15 AND 1e15 THEN used::text::numeric ELSE 0 END) AS points
                               FROM loyalty_history GROUP BY card_id) h ON h.card_id = c.id
                 CROSS JOIN LATERAL (SELECT COALESCE(c.points, 0)::numeric - COALESCE(h.points, 0) AS difference) d
                 WHERE c.ledgered AND abs(d.difference) > 0.00001
                """,
                self.env._("Balance of the points ledger"),
                self.env.uid,
                fields.Datetime.now(),
                self.env.uid,
                fields.Datetime.now(),
            )
        )
        count = self.env.cr.rowcount
        self.env["loyalty.history"].invalidate_model()
        self.invalidate_model(["history_ids"])
        return count
