from odoo import fields
from odoo.fields import Command

from odoo.addons.loyalty_account.tests.books_common import BooksCase
from odoo.addons.loyalty_account.tests.proof_common import ProofVerbs


class DeferralCase(ProofVerbs, BooksCase):
    """A program that defers revenue: 1 point per 10.00, worth 1.00, of which 95 % are expected. Today is 15 March 2026."""

    policy = "deferral"
    vat_mode = "tender"
    point_value = 1.0
    rate = 95.0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program.rule_ids.reward_point_amount = 0.1
        cls.bank = cls.company_data["default_journal_bank"]
        lines = cls.bank.inbound_payment_method_line_ids | cls.bank.outbound_payment_method_line_ids
        lines.payment_account_id = cls.bank.default_account_id

    @classmethod
    def accounting_values(cls, **values):
        if cls.cost_account.account_type != "income":
            cls.cost_account = cls.make_account("Revenue Deferred for Points", "400900", "income")
            values["cost_account_id"] = cls.cost_account.id
        return {
            **super().accounting_values(**values),
            "issue_on": "paid",
            "tax_map_ids": [Command.clear()],
            "point_value_ids": [
                Command.create(
                    {
                        "date": "2020-01-01",
                        "point_value": cls.point_value,
                        "vat_rate": 15,
                        "redemption_rate": cls.rate,
                    }
                )
            ],
        }

    def sell(self, *amounts, day, pay=True, **values):
        """Sell on a day; paid on the same day, or not."""
        with self.on(day):
            invoice = self.make_invoice(*amounts, post=True, invoice_date=day, date=day, **values)
            self.env.cr.flush()
            if pay:
                self.pay(invoice)
        return invoice

    def pay(self, invoice, amount=None, **values):
        wizard = (
            self.env["account.payment.register"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create(
                {
                    "journal_id": self.bank.id,
                    "payment_date": fields.Date.today(),
                    **({"amount": amount} if amount else {}),
                    **values,
                }
            )
        )
        payments = wizard._create_payments()
        self.env.cr.flush()
        return payments

    def credit(self, invoice, *lines, day, **values):
        with self.on(day):
            note = self.make_invoice(
                *lines,
                post=True,
                move_type="out_refund",
                invoice_date=day,
                date=day,
                reversed_entry_id=invoice.id,
                **values,
            )
            self.env.cr.flush()
        return note

    def estimate(self, rate, day):
        self.program.point_value_ids = [
            Command.create({"date": day, "point_value": self.point_value, "vat_rate": 15, "redemption_rate": rate})
        ]

    def close(self, end, start=None, run=True):
        close = (
            self.env["loyalty.close"]
            .with_user(self.accountant)
            .create({"company_id": self.company.id, "date_to": end, **({"date_from": start} if start else {})})
        )
        if run:
            close._run()
            self.assertEqual((close.state, close.problem), ("done", False))
        return close

    def step(self, close):
        return close.step_ids.filtered(lambda step: step.code == "defer" and step.program_id == self.program)

    def defer(self, day):
        """What the close does for the program, alone."""
        return self.run_accrual(day)

    def items(self, run):
        """``{label: (liability, revenue)}`` of the entry of a run, as changes in credit."""
        found = {}
        for line in run.move_id.line_ids:
            label = line.name.split(":")[0]
            row = found.setdefault(label, [0.0, 0.0])
            row[line.account_id == self.cost_account] = -line.balance
        return {label: tuple(row) for label, row in found.items()}

    def cohort(self, month, kind="sale"):
        return self.program.cohort_ids.filtered(
            lambda cohort: cohort.date_from == fields.Date.to_date(month) and cohort.kind == kind
        )
