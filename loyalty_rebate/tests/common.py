from odoo.fields import Command

from odoo.addons.loyalty_account.tests.books_common import BooksCase
from odoo.addons.loyalty_account.tests.proof_common import ProofVerbs


class RebateCase(ProofVerbs, BooksCase):
    """A program that credits 10 % of monthly sales above 1,000.00; one credit is 1.00. Today is 15 March 2026."""

    point_value = 1.0
    vat_mode = "tender"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program.write({"award_mode": "period", "tier_ids": [Command.create({"threshold": 1000, "percentage": 10})]})

    def sell(self, *amounts, day, **values):
        return self.make_invoice(*amounts, post=True, invoice_date=day, date=day, **values)

    def credit(self, invoice, amount, day):
        return self.make_invoice(
            amount, post=True, move_type="out_refund", invoice_date=day, date=day, reversed_entry_id=invoice.id
        )

    def close(self, end, start=None):
        return (
            self.env["loyalty.close"]
            .with_user(self.accountant)
            .create({"company_id": self.company.id, "date_to": end, **({"date_from": start} if start else {})})
        )

    def step(self, close, code):
        return close.step_ids.filtered(lambda step: step.code == code and step.program_id == self.program)

    def figures(self, day=None, partner=None):
        (figures,) = self.program._period_figures(partner or self.customer, day)
        return figures
