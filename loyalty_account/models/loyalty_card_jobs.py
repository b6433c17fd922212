from odoo import api, models

from odoo.addons.loyalty_ledger.models.loyalty_card_jobs import BATCH

from ..tools.write_off import CONTEXT_KEY, WriteOff


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    @api.model
    def _purge(self, programs=None, as_of=None, batch=BATCH, commit=True):
        """Book what expired in one journal entry for each program, right after the purge (P12).

        Should the job be cut off in between, the next accrual run finds that those lots carry a value without points,
        and releases it.
        """
        write_off = WriteOff()
        collecting = self.with_context(**{CONTEXT_KEY: write_off})
        done = super(LoyaltyCard, collecting)._purge(programs=programs, as_of=as_of, batch=batch, commit=commit)
        if write_off:
            write_off.is_over = True
            self.env["loyalty.ledger.entry"].sudo().with_context(**{CONTEXT_KEY: write_off}).browse(
                list(write_off)
            )._book_values()
        return done
