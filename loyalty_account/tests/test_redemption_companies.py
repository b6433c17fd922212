from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .redemption_common import RedemptionCase


@tagged("post_install", "-at_install")
class TestRedemptionCompanies(RedemptionCase):
    """Foreign currency, branches, other companies."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.foreign = cls.setup_other_currency("GBP", rounding=0.01, rates=[("2026-01-01", 2.0), ("2026-03-10", 4.0)])

    def test_foreign_invoice(self):
        """S24, N3: an invoice in another currency is paid at the rate of the redemption; the exchange entry follows."""
        move = self.make_invoice(self.line(100, 15), currency_id=self.foreign.id, invoice_date="2026-02-01", post=True)
        self.assertEqual((move.amount_total, move.amount_total_signed), (115, 57.5))
        self.assertEqual(move._loyalty_payable_amount(self.program), 28.75)
        with self.assertRaisesRegex(UserError, "Points can cover .*28.75"):
            self.apply_points(move, 29)
        self.apply_points(move, 10)
        payment = self.loyalty_payments(move)
        self.assertEqual((payment.currency_id, payment.amount), (self.company.currency_id, 10))
        self.assertEqual(move.amount_residual, 75)
        self.assertEqual((move.loyalty_points_redeemed, move.loyalty_amount_redeemed), (10, 40))
        self.assertEntry(
            payment.move_id,
            [
                (self.cost_account, 8.70, [self.tags["purchase", 15, "invoice", "base"]]),
                (self.input_vat, 1.30, [self.tags["purchase", 15, "invoice", "tax"]]),
                (self.receivable, -10, []),
            ],
        )
        note = self.credit(move)
        self.assertEqual((note.amount_residual, move.amount_residual, self.card.points), (0, 0, 1000))

    def test_foreign_draft(self):
        """N6: a draft in another currency freezes the points' money in the company's currency."""
        move = self.make_invoice(self.line(100, 15), currency_id=self.foreign.id)
        self.apply_points(move, 10)
        self.assertEqual((move.loyalty_amount_reserved, move.amount_total), (10, 115))
        move.action_post()
        self.assertEqual(move.amount_residual, 75)

    def test_foreign_price_reduction(self):
        """N3: points lower the price of an invoice in another currency, at the rate of its date."""
        self.program.write(
            {
                "vat_mode": "price_reduction",
                "cost_account_id": self.make_account("Sales Paid with Points", "400900", "income").id,
            }
        )
        move = self.make_invoice(self.line(100, 15), currency_id=self.foreign.id)
        self.apply_points(move, 10)
        self.assertEqual(move.amount_total, 75)
        move.action_post()
        self.assertEqual((self.card.points, move.loyalty_amount_redeemed), (990, 40))
        posted = self.make_invoice(self.line(100, 15), currency_id=self.foreign.id, post=True)
        self.apply_points(posted, 10)
        self.assertEqual((posted.amount_residual, posted.reversal_move_ids.amount_total_signed), (75, -10))

    def test_branch(self):
        """S24: points of the company pay an invoice of its branch, in the company's journal."""
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": self.company.id, "country_id": self.company.country_id.id}
        )
        self.cr.precommit.run()  # the branch takes over the chart of accounts
        self.clerk.write({"company_ids": [Command.link(branch.id)]})
        self.env.user.write({"company_ids": [Command.link(branch.id)]})
        clerk = self.clerk.with_context(allowed_company_ids=[branch.id, self.company.id])
        move = (
            self.env["account.move"]
            .with_user(self.clerk)
            .with_context(allowed_company_ids=[branch.id, self.company.id])
            .with_company(branch)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.customer.id,
                    "company_id": branch.id,
                    "invoice_date": fields.Date.today(),
                    "invoice_line_ids": [Command.create({"product_id": self.product.id, **self.line(100, 15)})],
                }
            )
        )
        move.action_post()
        self.assertEqual((move.company_id, move.loyalty_card_id), (branch, self.card))
        move._apply_loyalty_points(self.card.with_user(clerk), 50)
        payment = self.loyalty_payments(move)
        self.assertEqual((payment.company_id, payment.journal_id), (branch, self.loyalty_journal))
        self.assertEqual((move.amount_residual, self.card.points), (65, 950))
        payment.action_cancel()
        self.assertEqual((move.amount_residual, self.card.points), (115, 1000))

    def test_other_company(self):
        """S10: points of one company never pay an invoice of another."""
        other = self.setup_other_company(name="Elsewhere")
        company = other["company"]
        stranger = self.make_program(company_id=company.id, name="Other points")
        card = self.make_card(program=stranger)
        self.grant(100, card)
        move = self.make_invoice(self.line(100, 15), post=True)
        with self.assertRaisesRegex(UserError, "belongs to company Elsewhere"):
            move._apply_loyalty_points(card, 10)
        with self.assertRaisesRegex(ValidationError, "belongs to company Elsewhere"):
            self.env["account.payment"].create(
                {
                    "payment_type": "inbound",
                    "partner_type": "customer",
                    "partner_id": self.customer.id,
                    "journal_id": self.loyalty_journal.id,
                    "amount": 1,
                    "loyalty_card_id": card.id,
                    "loyalty_points": 100,
                    "loyalty_move_id": move.id,
                }
            )

    def test_tax_exempt_line_needs_no_mapping(self):
        """S7: lines without tax, and of 0 % without mapping, are paid without VAT; a group of taxes by its parts."""
        self.program.tax_map_ids.filtered(lambda row: row.sale_tax_id == self.sale_taxes[0]).unlink()
        group = self.env["account.tax"].create(
            {
                "name": "Both",
                "amount_type": "group",
                "type_tax_use": "sale",
                "company_id": self.company.id,
                "country_id": self.company.account_fiscal_country_id.id,
                "children_tax_ids": [Command.set((self.sale_taxes[15] | self.sale_taxes[0]).ids)],
            }
        )
        move = self.make_invoice(
            self.line(50), self.line(50, 0), {"price_unit": 100, "tax_ids": [Command.set(group.ids)]}, post=True
        )
        self.assertEqual(move.amount_total, 215)
        self.apply_points(move, 215)
        entry = self.loyalty_payments(move).move_id
        self.assertEqual(move.payment_state, "paid")
        vat = entry.line_ids.filtered(lambda line: line.account_id == self.input_vat)
        self.assertEqual(vat.balance, 15)
