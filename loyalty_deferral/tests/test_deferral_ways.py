"""Deferred revenue where points and documents take other ways: merged customers, transfers, branches, imports, later days."""

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from .common import DeferralCase


@tagged("post_install", "-at_install")
class TestDeferralWays(DeferralCase):
    def test_merged_customers(self):
        """N2, N29: points of merged customers stay in the cohorts of their sales, before and after the merger."""
        bob = self.env["res.partner"].create({"name": "Bob"})
        card = self.make_card(bob)
        self.sell(1000.0, day="2026-01-10", partner=bob, loyalty_card_id=card.id)
        self.sell(1000.0, day="2026-02-10")
        self.redeem(60, card, day="2026-01-20")
        self.defer("2026-01-31")
        (self.card | card)._merge_cards()
        self.assertEqual((self.card.points, card.points), (140, 0))
        self.redeem(100, day="2026-03-14")
        self.defer("2026-03-15")
        self.assertEqual(
            self.program.cohort_ids.mapped(lambda cohort: (cohort.kind, cohort.issued_points)), [("sale", 100)] * 2
        )
        self.assertEqual(sum(self.program.cohort_ids.mapped("redeemed_points")), 160)
        self.assertSound("2026-01-31")
        self.assertSound("2026-02-28")
        self.assertSound()

    def test_transfer_and_return(self):
        """N2, N29: of points that were given to somebody else the return takes back what is left, as debt or from the giver."""
        other = self.make_card(self.env["res.partner"].create({"name": "Bob"}))
        invoice = self.sell(1000.0, day="2026-01-10")
        self.env["loyalty.card"]._post_entries(
            [self.card._transfer_op(other, 40, "Gift") | {"effective_date": fields.Date.to_date("2026-01-20")}]
        )
        self.redeem(30, other, day="2026-01-25")
        self.defer("2026-01-31")
        self.credit(invoice, 1000.0, day="2026-02-10")
        self.defer("2026-02-28")
        self.assertEqual(self.cohort("2026-01-01").allocated_amount, 0.0)
        self.assertEqual(self.liability(), 0.0)
        for day in ("2026-01-31", "2026-02-15", "2026-02-28"):
            self.assertSound(day)

    def test_branch(self):
        """N2, N29: sales of a branch are deferred in the books of its company, and controlled with its own items."""
        branch = self._create_company(name="Branch", parent_id=self.company.id)
        self.env.user.company_ids |= branch
        with self.on("2026-01-10"):
            invoice = (
                self.env["account.move"]
                .with_company(branch)
                .create(
                    {
                        "move_type": "out_invoice",
                        "partner_id": self.customer.id,
                        "loyalty_card_id": self.card.id,
                        "invoice_date": "2026-01-10",
                        "company_id": branch.id,
                        "invoice_line_ids": [
                            Command.create({"name": "Tea", "price_unit": 1000.0, "tax_ids": [Command.clear()]})
                        ],
                    }
                )
            )
            invoice.action_post()
            self.env.cr.flush()
        self.assertEqual(invoice.sudo().loyalty_earning_id.revenue_amount, 1000.0)
        self.defer("2026-01-31")
        self.assertEqual(self.liability(), 86.76)
        self.assertSound("2026-01-31")

    def test_reopened_month(self):
        """N2, N29, M12: a month that is opened again takes what came late on its own days; the proofs of all days hold."""
        self.sell(1000.0, day="2026-01-10")
        self.defer("2026-01-31")
        self.sell(500.0, day="2026-02-05")
        self.defer("2026-02-28")
        late = self.sell(300.0, day="2026-01-28")
        self.assertSound("2026-01-31")
        self.assertSound("2026-02-28")
        run = self.defer("2026-02-28")
        self.assertEqual(
            round(
                -sum(
                    run.move_id.line_ids.filtered(lambda line: line.account_id == self.liability_account).mapped(
                        "balance"
                    )
                ),
                2,
            ),
            26.03,
        )
        self.credit(late, 300.0, day="2026-02-27")
        self.sell(100.0, day="2026-03-03")
        self.defer("2026-03-15")
        for day in ("2026-01-31", "2026-02-15", "2026-02-28", "2026-03-01", "2026-03-15"):
            with self.subTest(day):
                self.assertSound(day)

    def test_return_of_an_unpaid_sale(self):
        """N2, N29, N4: a credit note lowers what is deferred on its own day, also of a sale that nobody paid yet."""
        invoice = self.sell(1000.0, day="2026-01-10", pay=False)
        self.defer("2026-01-31")
        self.credit(invoice, 500.0, day="2026-02-10")
        self.assertEqual(self.prove("2026-01-31")["completeness"]["items"], [])
        self.assertEqual(self.items(self.defer("2026-02-28")), {"Deferred revenue of returned sales": (-43.38, 43.38)})

    def test_deleted_earning(self):
        """N2, N29: what was deferred for a document that is deleted is undone, and stays on record."""
        earning = self.sell(1000.0, day="2026-01-10", pay=False).sudo().loyalty_earning_id
        self.defer("2026-01-31")
        earning.unlink()
        self.assertEqual((bool(earning.exists()), earning.revenue_amount), (True, 0.0))
        self.defer("2026-03-15")
        self.assertEqual(self.liability(), 0.0)

    def test_draft_again(self):
        """N2, N29: an invoice that is reset, changed and posted again is deferred from what it says then."""
        invoice = self.sell(1000.0, day="2026-01-10", pay=False)
        self.defer("2026-01-31")
        with self.on("2026-02-03"):
            invoice.button_draft()
            self.env.cr.flush()
            invoice.invoice_line_ids.price_unit = 600.0
            invoice.action_post()
            self.env.cr.flush()
        self.assertEqual(invoice.loyalty_earning_id.revenue_amount, 600.0)
        self.defer("2026-02-28")
        self.assertEqual(self.liability(), 52.05)
        with self.on("2026-03-03"):
            invoice.button_draft()
            invoice.button_cancel()
            self.env.cr.flush()
        self.defer("2026-03-15")
        self.assertEqual(self.liability(), 0.0)
        self.assertSound("2026-03-15")

    def test_partly_paid_with_points_later(self):
        """N2, N29: points that pay a part of a sale of an earlier month lower its revenue; the control agrees on each day."""
        self.sell(1000.0, day="2026-01-05")
        invoice = self.sell(200.0, day="2026-01-10", pay=False)
        self.defer("2026-01-31")
        with self.on("2026-02-10"):
            self.env["loyalty.apply.points"].with_user(self.clerk).create(
                {"move_id": invoice.id, "card_id": self.card.id, "points": 50}
            ).action_apply()
            self.env.cr.flush()
        self.assertEqual(invoice.loyalty_earning_id.revenue_amount, 150.0)
        self.assertSound("2026-01-31")
        self.defer("2026-02-28")
        with self.on("2026-03-10"):
            self.pay(invoice)
        self.defer("2026-03-15")
        for day in ("2026-01-31", "2026-02-28", "2026-03-15"):
            with self.subTest(day):
                self.assertSound(day)

    def test_write_off_and_discount(self):
        """N2, N29: what a payment writes off is no credit note: the revenue stays, in both."""
        invoice = self.sell(1000.0, day="2026-01-10", pay=False)
        with self.on("2026-01-20"):
            self.pay(
                invoice,
                990.0,
                payment_difference_handling="reconcile",
                writeoff_account_id=self.cost_account.id,
            )
        self.defer("2026-01-31")
        self.assertSound("2026-01-31")

    def test_credit_note_in_another_currency(self):
        """N2, N29: a return of a document in another currency takes its part, whatever the rate is by then."""
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create(
            [
                {"currency_id": euro.id, "name": day, "rate": rate, "company_id": self.company.id}
                for day, rate in (("2026-01-01", 0.5), ("2026-02-01", 0.4))
            ]
        )
        invoice = self.sell(500.0, day="2026-01-12", currency_id=euro.id)
        self.assertEqual(invoice.loyalty_earning_id.revenue_amount, 1000.0)
        self.defer("2026-01-31")
        self.credit(invoice, 250.0, day="2026-02-10", currency_id=euro.id)
        self.assertEqual(invoice.loyalty_earning_id.revenue_amount, 500.0)
        self.defer("2026-02-28")
        self.assertSound("2026-02-28")
