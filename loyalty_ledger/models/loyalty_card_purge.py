"""Expired points are written off, at night and before terms of a program change (P9)."""

import logging

from odoo import api, models
from odoo.tools import SQL

from ..tools import jobs
from ..tools.today import loyalty_today

_logger = logging.getLogger(__name__)

#: Cards that one step of the nightly write-off takes.
BATCH = 5_000

#: Last usable day of a lot ``l`` on card ``c`` of program ``p``; :meth:`ledger.card.CardState.lot_expiry` in SQL.
LOT_EXPIRY = SQL(
    """LEAST(c.expiration_date, COALESCE(l.expiration_date, CASE WHEN p.expiry_policy = 'rolling' THEN
        (c.last_earning_date + CASE p.expiry_unit
            WHEN 'day' THEN make_interval(days => p.expiry_delay)
            WHEN 'month' THEN make_interval(months => p.expiry_delay)
            ELSE make_interval(years => p.expiry_delay) END)::date END))"""
)
#: Says in the context that the expiry terms of programs are about to change.
TERMS_CHANGE = "loyalty_terms_change"


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    @api.model
    def _purge(self, programs=None, as_of=None, batch=BATCH, commit=True):
        """Write off points past their last usable day, in batches of cards (P9).

        What a hold protects stays. Before terms change (:data:`TERMS_CHANGE` in the context) it keeps its date too, and
        cards that somebody is using are waited for. A second run finds nothing. When interrupted, the next run goes on.

        :param programs: ``loyalty.program`` records, default all
        :param as_of: date; default today where each company does business
        :param commit: commit after each batch, when run by a job
        :return: number of cards whose points were written off
        """
        self.flush_model()
        self.env["loyalty.program"].flush_model()
        done, changing = 0, TERMS_CHANGE in self.env.context
        is_job = commit and "cron_id" in self.env.context
        for company_id, day in self._purge_days(programs, as_of):
            last_id, has_time = 0, True
            if is_job:
                # The first statement of a batch locks the cards: its view must not be older.
                self.env["ir.cron"]._commit_progress()

            def write_off(company_id=company_id, day=day):
                ids = self._purge_batch(programs, company_id, day, last_id, batch, wait=changing)  # noqa: B023 at once
                if not ids:
                    return ids, True
                self.browse(ids)._write_off(day)
                return ids, not is_job or self._purge_progress(programs, company_id, day, ids[-1], len(ids))

            while result := jobs.run_batch(self.env, write_off) if is_job else write_off():
                ids, has_time = result
                done += len(ids)
                if not ids or not has_time:
                    break
                last_id = ids[-1]
            if result is None:
                _logger.info("Expired points of company %s: others were faster, the next run goes on", company_id)
            if not has_time:
                break
        return done

    def _write_off(self, day):
        """Write off what is past its last usable day on these cards, which are locked. Override to do more with it."""
        self._refresh_ledger(day, keep_dates=TERMS_CHANGE in self.env.context)

    def _purge_days(self, programs, as_of):
        """Pairs of company id (None: programs without company) and the day to purge for."""
        domain = [("ledgered", "=", True)]
        if programs is not None:
            domain.append(("program_id", "in", programs.ids))
        companies = [
            company for (company,) in self.sudo().with_context(active_test=False)._read_group(domain, ["company_id"])
        ]
        return [(company.id or None, as_of or loyalty_today(self.env, company)) for company in companies]

    def _purge_condition(self, programs, company_id, day, last_id):
        return SQL(
            """
            FROM loyalty_card c JOIN loyalty_program p ON p.id = c.program_id
            WHERE c.ledgered AND c.id > %(last)s AND c.company_id IS NOT DISTINCT FROM %(company)s %(programs)s
              AND EXISTS (SELECT 1 FROM loyalty_lot l WHERE l.card_id = c.id AND l.remaining > 0
                           AND (%(expiry)s < %(day)s
                                OR c.debt_points > 0 AND COALESCE(l.available_from, %(day)s) <= %(day)s))
            """,
            last=last_id,
            company=company_id,
            programs=SQL("AND p.id = ANY(%s)", programs.ids) if programs is not None else SQL(),
            expiry=LOT_EXPIRY,
            day=day,
        )

    def _purge_batch(self, programs, company_id, day, last_id, batch, wait=False):
        """Lock the next cards that need the write-off, leaving out those somebody is using now or waiting for them."""
        rows = self.env.execute_query(
            SQL(
                "SELECT c.id %s ORDER BY c.id LIMIT %s FOR NO KEY UPDATE OF c %s",
                self._purge_condition(programs, company_id, day, last_id),
                batch,
                SQL() if wait else SQL("SKIP LOCKED"),
            )
        )
        return [row[0] for row in rows]

    def _purge_progress(self, programs, company_id, day, last_id, processed):
        """Commit and report what is left; return whether there is time for another batch."""
        ((remaining,),) = self.env.execute_query(
            SQL("SELECT count(*) %s", self._purge_condition(programs, company_id, day, last_id))
        )
        return self.env["ir.cron"]._commit_progress(processed, remaining=remaining)

    @api.model
    def _cron_purge(self):
        self._purge(batch=BATCH)
