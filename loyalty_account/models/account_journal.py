"""Which ways of payment earn points (C6)."""

from odoo import api, fields, models

#: Types of journals whose entries are payments.
PAYING_JOURNALS = ("bank", "cash", "credit")


class AccountJournal(models.Model):
    _inherit = "account.journal"

    earns_loyalty = fields.Boolean(
        "Earns Loyalty Points",
        compute="_compute_earns_loyalty",
        store=True,
        readonly=False,
        precompute=True,
        help="Invoices paid by bank statements and entries of this journal earn points. For payments, see the "
        "setting of each payment method.",
    )

    @api.depends("type")
    def _compute_earns_loyalty(self):
        for journal in self:
            journal.earns_loyalty = journal.type in PAYING_JOURNALS
