import logging
from datetime import timedelta

from psycopg2 import errors

from odoo import api, fields, models
from odoo.tools import SQL

from ..ledger import schema, settled

_logger = logging.getLogger(__name__)

#: Entries that one seal covers at most: bounds memory and time of one step.
BLOCK = 100_000
#: When to try again where others were writing all the time.
LATER = timedelta(minutes=10)


class LoyaltyLedgerSeal(models.Model):
    """A digest over a settled range of entries, chained to the seal before: what was sealed cannot be rewritten."""

    _name = "loyalty.ledger.seal"
    _inherit = ["loyalty.readonly.mixin"]
    _description = "Loyalty Ledger Seal"
    _order = "id desc"
    _rec_name = "last_entry_id"
    _log_access = False

    date = fields.Datetime("Sealed On", required=True, readonly=True)
    first_entry_id = fields.Integer("First Entry", required=True, readonly=True, aggregator=None)
    last_entry_id = fields.Integer("Last Entry", required=True, readonly=True, aggregator=None)
    entry_count = fields.Integer("Entries", required=True, readonly=True)
    previous_id = fields.Many2one("loyalty.ledger.seal", "Previous Seal", readonly=True, ondelete="restrict")
    digest = fields.Char("Digest", required=True, readonly=True)

    # NULLS NOT DISTINCT needs PostgreSQL 15: the first seal is unique by an expression instead.
    _chain_unique = models.UniqueIndex(
        "((COALESCE(previous_id, 0)))", "The ledger was sealed by somebody else at the same time. Try again."
    )

    def init(self):
        super().init()
        schema.protect_seals(self.env.cr)

    @api.depends("last_entry_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for seal in self:
            seal.display_name = self.env._(
                "Seal %(number)s, up to transaction %(last)s", number=seal.id or "", last=seal.last_entry_id
            )

    def _refusal(self):
        return self.env._("Seals of the points ledger cannot be created, changed or deleted by hand.")

    @api.model
    def _seal(self, up_to, block=BLOCK):
        """Seal settled entries in blocks.

        :param up_to: last settled entry id, from :func:`ledger.settled.settle` on the cursor of this very transaction
        :return: the new seals
        """
        seals = self.browse()
        while seal := self._seal_block(up_to, block):
            seals |= seal
            if "cron_id" in self.env.context:
                self.env["ir.cron"]._commit_progress(1)
        return seals

    def _seal_block(self, up_to, block):
        previous = self.search([], limit=1)
        rows = self.env.execute_query(
            SQL(
                """
                WITH picked AS (
                     SELECT id, row_hash FROM loyalty_ledger_entry
                      WHERE id > %(after)s AND id <= %(up_to)s ORDER BY id LIMIT %(block)s)
                INSERT INTO loyalty_ledger_seal
                       (date, first_entry_id, last_entry_id, entry_count, previous_id, digest)
                SELECT %(now)s, min(id), max(id), count(*), %(previous)s,
                       encode(sha256(convert_to(concat(%(digest)s::text, string_agg(row_hash, '' ORDER BY id)), 'UTF8')), 'hex')
                  FROM picked HAVING count(*) > 0
                RETURNING id
                """,
                after=previous.last_entry_id or 0,
                up_to=up_to,
                block=block,
                now=fields.Datetime.now(),
                previous=previous.id or None,
                digest=previous.digest or "",
            )
        )
        return self.browse([row[0] for row in rows])

    @api.model
    def _seal_settled(self, block=BLOCK):
        """Seal everything that is settled now, on a connection of its own, and commit.

        The caller's transaction may see less: what committed since it began, with lower ids, would be missing.

        :return: ids of the new seals
        :raises psycopg2.errors.LockNotAvailable: when somebody writes for longer than two seconds
        """
        with self.env.registry.cursor() as cr:
            up_to = settled.settle(cr)
            return self.with_env(self.env(cr=cr))._seal(up_to, block).ids

    @api.model
    def _cron_seal(self):
        """Nightly: seal everything that is settled; beside a transaction that does not end, try again soon."""
        try:
            self._seal_settled()
        except errors.LockNotAvailable:
            _logger.info("The points ledger was not sealed, as others are writing; it is tried again in %s.", LATER)
            self.env.ref("loyalty_ledger.cron_seal")._trigger(fields.Datetime.now() + LATER)

    @api.model
    def _find_broken(self):
        """Return ``[(seal id, problem)]``: seals whose entries or chain changed, first the first."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT s.id, s.first_entry_id, s.last_entry_id, s.entry_count, found.count, s.digest, found.digest,
                       s.previous_id IS NOT DISTINCT FROM lag(s.id) OVER (ORDER BY s.id)
                  FROM loyalty_ledger_seal s
                  LEFT JOIN loyalty_ledger_seal p ON p.id = s.previous_id
                 CROSS JOIN LATERAL (
                       SELECT count(*), encode(sha256(convert_to(
                                  concat(p.digest, string_agg(e.row_hash, '' ORDER BY e.id)), 'UTF8')), 'hex') AS digest
                         FROM loyalty_ledger_entry e
                        WHERE e.id > COALESCE(p.last_entry_id, 0) AND e.id <= s.last_entry_id) found
                 ORDER BY s.id
                """
            )
        )
        problems = []
        for seal_id, first, last, count, found, digest, now, chained in rows:
            if count != found:
                problem = self.env._(
                    "Entries %(first)s to %(last)s were %(count)s when they were sealed and are %(found)s now.",
                    first=first,
                    last=last,
                    count=count,
                    found=found,
                )
            elif digest != now or not chained:
                problem = self.env._(
                    "Entries %(first)s to %(last)s changed after they were sealed: their digest is now %(digest)s.",
                    first=first,
                    last=last,
                    digest=now[:12],
                )
            else:
                continue
            problems.append((seal_id, problem))
        return problems
