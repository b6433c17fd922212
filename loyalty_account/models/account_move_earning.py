"""Points that customers' invoices earn: nothing until posted and paid in full, then on what qualifying payments paid."""

import logging

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, clean_context

from odoo.addons.loyalty_ledger.ledger.rounding import to_points

_logger = logging.getLogger(__name__)

#: Documents that earn; their credit notes take back.
EARNING_DOCUMENTS = ("out_invoice", "out_receipt")
#: Key of the ids to synchronise in the data of the transaction's hooks.
DIRTY = "loyalty_account.dirty"
#: What a synchronisation changes behind the cache.
EARNING_FIELDS = (
    "loyalty_earning_id",
    "loyalty_points_earnable",
    "loyalty_points_earned",
    "loyalty_explanation",
)
#: Documents that a retry takes at once.
BATCH = 200


class AccountMove(models.Model):
    _inherit = "account.move"

    loyalty_earning_id = fields.Many2one("loyalty.earning", "Earning", compute="_compute_loyalty_earning")
    loyalty_points_earnable = fields.Float(
        "Earnable Points",
        digits=(16, 4),
        compute="_compute_loyalty_earning",
        help="What the document earns once it is posted and paid in full in ways that earn points.",
    )
    loyalty_points_earned = fields.Float(
        "Earned Points",
        digits=(16, 4),
        compute="_compute_loyalty_earning",
        help="Points that the document brought to the card, less what was taken back.",
    )
    loyalty_explanation = fields.Text("Why This Many Points?", compute="_compute_loyalty_earning")
    loyalty_sync_error = fields.Char(
        "Loyalty Problem",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="Why the points of the document could not be calculated or posted. It is tried again every hour.",
    )

    # --- what the document shows ---------------------------------------------------------------------------------

    @api.depends_context("lang")
    @api.depends(
        "loyalty_card_id",
        "state",
        "payment_state",
        "partner_id",
        "currency_id",
        "invoice_date",
        "invoice_line_ids.price_subtotal",
        "invoice_line_ids.price_total",
        "invoice_line_ids.product_id",
    )
    def _compute_loyalty_earning(self):
        """Earnings of posted documents; for drafts, what they would earn by the rules of today."""
        # Users have no access to earnings; the document was read with their rights.
        Earning = self.env["loyalty.earning"].sudo()
        posted = self.filtered(lambda move: move.move_type in EARNING_DOCUMENTS and isinstance(move.id, int))
        earnings = {
            earning.res_id: earning for earning in Earning._of_documents([("account.move", mid) for mid in posted.ids])
        }
        drafts = self.filtered(lambda move: move.state == "draft" and move._may_earn_loyalty())
        previews = {}
        if drafts:
            claims = drafts.sudo()._loyalty_claims(preview=True)
            previews = {claim.document[1]: result for claim, result in Earning._preview(claims).items()}
        for move in self:
            earning = earnings.get(move.id, Earning)
            move.loyalty_earning_id = earning
            move.loyalty_points_earned = earning.points
            move.loyalty_points_earnable = earning.earnable_points
            move.loyalty_explanation = earning.explanation
            if not earning and move._restores_loyalty():
                move.loyalty_explanation = self.env._(
                    "Reverses %s: once paid in full, points that it took back return on the invoice that it credited.",
                    move.reversed_entry_id.name,
                )
            if move.id in previews:
                move.loyalty_points_earnable = to_points(previews[move.id].earnable)
                move.loyalty_explanation = previews[move.id].words

    def _may_earn_loyalty(self):
        """Return whether the document can earn: an invoice or receipt with a card of a program that gives at payment."""
        self.ensure_one()
        program = self.loyalty_card_id.sudo().program_id
        return program.program_type == "loyalty" and program.issue_on == "paid" and self._is_earning_document()

    def _is_earning_document(self):
        """Return whether the document is one that earns, whatever its card. Override to leave some out."""
        self.ensure_one()
        return self.move_type in EARNING_DOCUMENTS and not self._restores_loyalty()

    # --- events --------------------------------------------------------------------------------------------------

    def write(self, vals):
        if "loyalty_card_id" in vals and not self.env.su:
            self._check_card_may_change(vals["loyalty_card_id"])
        if "state" not in vals:
            return super().write(vals)
        changed = self.filtered(lambda move: move.state != vals["state"])
        result = super().write(vals)
        changed._mark_loyalty_dirty()
        return result

    def _check_card_may_change(self, card_id):
        """Points that a posted document earned belong to its card."""
        posted = self.filtered(
            lambda move: move.state != "draft" and move.loyalty_card_id.id != card_id and move._is_loyalty_document()
        )
        if posted:
            raise UserError(
                self.env._(
                    "The loyalty card of %s can no longer change. Reset the document to draft first.",
                    ", ".join(posted[:5].mapped("display_name")),
                )
            )

    def _compute_payment_state(self):
        """Payments without journal entry change the state of payment, and nothing else."""
        before = {move: move.payment_state for move in self}
        super()._compute_payment_state()
        self.filtered(
            lambda move: move.payment_state != before[move] and isinstance(move.id, int)
        )._mark_loyalty_dirty()

    def unlink(self):
        earnings = self.env["loyalty.earning"].sudo()._of_documents([("account.move", mid) for mid in self.ids])
        earnings.filtered("points")._withdraw()
        earnings.filtered(lambda earning: not earning.revision).unlink()
        credited = self.browse(sorted(self._loyalty_returned_ids())) - self
        result = super().unlink()
        credited._mark_loyalty_dirty()
        return result

    def _mark_loyalty_dirty(self):
        """Have the points of these documents, or of those that these entries settle, calculated before the commit."""
        ids = [move_id for move_id in self._ids if isinstance(move_id, int)]
        if not ids:
            return
        precommit = self.env.cr.precommit
        if DIRTY not in precommit.data:
            precommit.data[DIRTY] = set()
            # The events of all users of the transaction end in one pass.
            precommit.add(self.env["account.move"].with_context(clean_context(self.env.context))._sync_dirty_loyalty)
        precommit.data[DIRTY].update(ids)

    @api.model
    def _sync_dirty_loyalty(self):
        ids = self.env.cr.precommit.data.pop(DIRTY, ())
        self.sudo().browse(ids)._loyalty_affected()._sync_loyalty()

    def _loyalty_affected(self):
        """Return the invoices whose points depend on these journal entries: themselves, those that they credit, and
        those that they settle."""
        if not self.ids:
            return self.browse()
        rows = self.env.execute_query(
            SQL(
                """
                WITH dirty AS (SELECT unnest(%(ids)s) AS id)
                SELECT id FROM dirty
                 UNION
                SELECT debit.move_id FROM dirty
                  JOIN account_move_line line ON line.move_id = dirty.id
                  JOIN account_partial_reconcile part ON part.credit_move_id = line.id
                  JOIN account_move_line debit ON debit.id = part.debit_move_id
                """,
                ids=self.ids,
            )
        )
        affected, level = set(), {move_id for (move_id,) in rows}
        while level:  # up to the first invoice of the sale
            affected |= level
            level = self.browse(level)._loyalty_returned_ids() - affected
        return self.search(
            [
                ("id", "in", list(affected)),
                ("move_type", "in", EARNING_DOCUMENTS),
                "|",
                ("loyalty_card_id", "!=", False),
                ("loyalty_sync_error", "!=", False),
            ],
            order="id",
        )

    # --- synchronisation -----------------------------------------------------------------------------------------

    def _sync_loyalty(self):
        """Calculate and post the points of the documents. A business error never stops what they are part of.

        All at once; where that fails each document on its own, and those that fail are marked and tried again by
        :meth:`_cron_sync_loyalty`. Errors of concurrency are raised: the whole transaction is tried again.
        """
        if not self or self._try_sync_loyalty() is None:
            return
        for move in self:
            error = move._try_sync_loyalty()
            if error is not None:
                _logger.warning("The points of %s (id %s) wait for another try: %s", move.name, move.id, error)
                move.sudo().loyalty_sync_error = str(error)[:500] or type(error).__name__

    def _try_sync_loyalty(self):
        """Synchronise in a savepoint; return the error, or None."""
        try:
            with self.env.cr.savepoint():
                self._post_loyalty()
                self.filtered("loyalty_sync_error").loyalty_sync_error = False
        except psycopg2.OperationalError:
            raise  # lost against another transaction: anybody who started this one tries again
        # Nothing that goes wrong in loyalty may block a payment; the invoice is marked and listed.
        except Exception as error:  # pylint: disable=broad-exception-caught
            if not isinstance(error, UserError):
                _logger.exception("Calculating the points of invoices %s failed", self.ids[:20])
            return error
        return None

    def _post_loyalty(self):
        """Post target minus posted of the documents, set-based."""
        self.env.flush_all()
        earnings = self.env["loyalty.earning"].sudo()._of_documents([("account.move", move_id) for move_id in self.ids])
        cards = {earning.res_id: earning.card_id for earning in earnings}
        moves = self.sudo().filtered("loyalty_card_id")
        moves = moves.filtered(lambda move: move.id in cards or move._may_earn_loyalty())
        # A document that lost its card as a draft keeps nothing.
        earnings.filtered(lambda earning: earning.points and earning.res_id not in moves._ids)._withdraw()
        if moves:
            frozen = moves.filtered(lambda move: cards.get(move.id) == move.loyalty_card_id)
            earnings._synchronise(moves._loyalty_claims(frozen=frozen), known=earnings)
        self.invalidate_recordset(EARNING_FIELDS, flush=False)

    def action_retry_loyalty(self):
        """Work the points out again, for example after the reason of a problem is gone."""
        self.check_access("write")
        self._sync_loyalty()

    @api.model
    def _cron_sync_loyalty(self):
        """Try marked documents again."""
        ids = self.search([("loyalty_sync_error", "!=", False)], order="id").ids
        self.env["ir.cron"]._commit_progress(remaining=len(ids))
        while ids:
            batch, ids = ids[:BATCH], ids[BATCH:]
            try:
                self.browse(batch).exists()._sync_loyalty()
            except psycopg2.OperationalError:
                # Somebody pays or redeems just now; the next run takes them.
                self.env.cr.rollback()
                _logger.info("Loyalty retry: other transactions were faster, the next run goes on")
            if not self.env["ir.cron"]._commit_progress(len(batch)):
                break
