from odoo import api, fields, models

from .account_payment_method import LOYALTY


class AccountPaymentMethodLine(models.Model):
    _inherit = "account.payment.method.line"

    earns_loyalty = fields.Boolean(
        "Earns Points",
        compute="_compute_earns_loyalty",
        store=True,
        readonly=False,
        precompute=True,
        help="Amounts paid this way earn loyalty points. Yes for cash, cheque and card; no for loyalty points, gift "
        "cards and credit notes. By default as set on the journal, and never for points.",
    )

    @api.depends("journal_id.earns_loyalty", "payment_method_id")
    def _compute_earns_loyalty(self):
        for line in self:
            # A line that lost its journal keeps what it said: payments still refer to it.
            earns = line.journal_id.earns_loyalty if line.journal_id else line.earns_loyalty
            line.earns_loyalty = earns and line.code != LOYALTY
