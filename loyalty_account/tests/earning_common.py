from odoo import fields
from odoo.fields import Command

from .common import LoyaltyAccountCase


class EarningCase(LoyaltyAccountCase):
    """The program gives points when documents are paid: one per currency unit, without tax.

    Payments are registered by the invoicing user. ``cr.flush`` is what a commit does first.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program.issue_on = "paid"
        cls.bank = cls.company_data["default_journal_bank"]
        cls.cash = cls.company_data["default_journal_cash"]
        cls.vouchers = cls.env["account.journal"].create(
            {
                "name": "Gift Vouchers",
                "code": "GIFT",
                "type": "cash",
                "company_id": cls.company.id,
                "earns_loyalty": False,
            }
        )
        for journal in (cls.bank, cls.cash, cls.vouchers):
            cls.use_outstanding_account(journal)
        cls.tax = cls.company_data["default_tax_sale"]  # 15 %

    @classmethod
    def use_outstanding_account(cls, journal):
        lines = journal.inbound_payment_method_line_ids | journal.outbound_payment_method_line_ids
        lines.payment_account_id = journal.default_account_id

    def pay(self, invoices, amount=None, journal=None, user=None, **values):
        """Register a payment as the invoicing user and return it."""
        wizard = (
            self.env["account.payment.register"]
            .with_user(user or self.clerk)
            .with_context(active_model="account.move", active_ids=invoices.ids)
            .create(
                {
                    "journal_id": (journal or self.bank).id,
                    "payment_date": fields.Date.today(),
                    **({"amount": amount} if amount else {}),
                    **values,
                }
            )
        )
        payments = wizard._create_payments()
        self.env.cr.flush()
        return payments

    def credit(self, invoice, *lines, post=True, **values):
        """Create a credit note of the invoice, of everything or of these lines, as the invoicing user."""
        wizard = (
            self.env["account.move.reversal"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id, "date": fields.Date.today(), **values})
        )
        note = self.env["account.move"].browse(wizard.reverse_moves()["res_id"]).with_user(self.clerk)
        if lines:
            note.invoice_line_ids = [
                Command.clear(),
                *(
                    Command.create(
                        {
                            "product_id": self.product.id,
                            "quantity": 1,
                            "tax_ids": [Command.clear()],
                            **(line if isinstance(line, dict) else {"price_unit": line}),
                        }
                    )
                    for line in lines
                ),
            ]
        if post:
            note.action_post()
            self.env.cr.flush()
        return note

    def reconcile(self, *moves):
        """Reconcile the open receivable lines of these entries, as the accountant does."""
        lines = (
            self.env["account.move"]
            .union(*moves)
            .line_ids.filtered(lambda line: line.account_id.account_type == "asset_receivable" and not line.reconciled)
        )
        lines.sudo().reconcile()
        self.env.cr.flush()

    def entries(self, card=None):
        """``[(kind, points, date)]`` of the card, oldest first."""
        found = self.env["loyalty.ledger.entry"].search([("card_id", "=", (card or self.card).id)], order="id")
        return [(entry.kind, entry.points, entry.effective_date.isoformat()) for entry in found]

    def assertEarned(self, invoice, earned, earnable=None, card=None):
        """Compare what the invoice shows, what the card has and what the ledger says."""
        self.env.cr.flush()
        invoice.invalidate_recordset()
        earnable = earned if earnable is None else earnable
        found = (invoice.loyalty_points_earned, invoice.loyalty_points_earnable)
        self.assertEqual(found, (earned, earnable))
        self.assertFalse(invoice.loyalty_sync_error)
        own = self.env["loyalty.ledger.entry"].search(
            [("res_model", "=", "account.move"), ("res_id", "=", invoice.id), ("kind", "in", ("earn", "reversal"))]
        )
        self.assertEqual(sum(own.mapped("points")) - sum(own.mapped("waived_points")), earned)

    def assertStable(self, invoices):
        """Synchronising again, any number of times, posts nothing."""
        before = self.env["loyalty.ledger.entry"].search_count([])
        for __ in range(2):
            invoices._sync_loyalty()
        self.assertEqual(self.env["loyalty.ledger.entry"].search_count([]), before)
