"""How many seals there were, and which was the last: noted apart from the seals, so that deleted ones are missed."""

import logging

from odoo import api, models

_logger = logging.getLogger(__name__)

#: System parameter with the number of seals ever made, the id of the latest and its digest.
HEAD = "loyalty_ledger.seal_head"


class LoyaltyLedgerSeal(models.Model):
    _inherit = "loyalty.ledger.seal"

    def _seal_block(self, up_to, block):
        seal = super()._seal_block(up_to, block)
        if seal:
            seal._note_head()
        return seal

    def _note_head(self):
        """Note this seal as the latest, in the system parameters and in the log of the server, which is kept outside
        the database."""
        made, __, __ = self._noted_head()
        self.env["ir.config_parameter"].sudo().set_param(HEAD, f"{made + 1} {self.id} {self.digest}")
        _logger.info("Points ledger sealed up to transaction %s: seal %s, %s", self.last_entry_id, self.id, self.digest)

    @api.model
    def _noted_head(self):
        """Return (number of seals ever made, id of the latest, its digest); zeros and nothing before the first."""
        # Not through the cache of parameters: what it holds may be older than the seals.
        parameter = self.env["ir.config_parameter"].sudo().search_fetch([("key", "=", HEAD)], ["value"])
        made, seal_id, digest = ((parameter.value or "").split() + [""] * 3)[:3]
        return int(made) if made.isdecimal() else 0, int(seal_id) if seal_id.isdecimal() else 0, digest

    @api.model
    def _missing_seals(self):
        """Return problems, as ``loyalty.card._verify_ledger`` does, where seals were deleted or put in place of others."""
        made, seal_id, digest = self._noted_head()
        last, count = self.search([], limit=1), self.search_count([])
        if count < made:
            problem = self.env._("Seals were deleted: %s of those that were made are missing.", made - count)
        elif count > made:
            problem = self.env._(
                "There are %s more seals than were made, or the note of the latest seal was changed.", count - made
            )
        elif (last.id or 0, last.digest or "") != (seal_id, digest):
            problem = self.env._("The latest seal is not the one that was noted when it was made.")
        else:
            return []
        return [{"model": self._name, "id": seal_id or last.id, "problem": problem}]
