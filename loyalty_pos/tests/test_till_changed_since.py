"""Between a sale with points and its return things change: customers, cards, programs, months. And tills of branches."""

from datetime import timedelta

from freezegun import freeze_time

from odoo import Command, fields
from odoo.tests import new_test_user, tagged

from .test_session_closing import ClosingCase, ReductionCase


class ChangedSince:
    """50 points cover 50.00 of 115.00; then something changes, and everything comes back."""

    policy = "accrual"

    def balances(self):
        accounts = self.cost_account | self.input_vat | self.output_vat | self.liability_account
        lines = self.env["account.move.line"].search(
            [("account_id", "in", accounts.ids), ("parent_state", "=", "posted")]
        )
        found = {a: round(sum(items.mapped("balance")), 2) for a, items in lines.grouped("account_id").items()}
        return {account.name: balance for account, balance in found.items() if balance}

    def accrue(self, date):
        self.env["loyalty.accrual.run"].create({"program_id": self.program.id, "date_to": date}).action_post()

    def next_session(self):
        self.close()
        self.pos_session = self.open_session(self.config)

    def sale_with_points(self):
        return self.reduced_sale() if self.vat_mode == "price_reduction" else self.sale()

    def return_all(self, order):
        if self.vat_mode == "price_reduction":
            return self.reduced_refund(order)
        return self.refund(order, 1, 50)

    def assertAllIsBack(self, refund, points, card=None):
        self.assertEqual((refund.state, refund.loyalty_points_redeemed), ("paid", -50))
        self.assertEqual((card or self.card).points, points)
        self.assertFalse(self.exceptions_of(refund) | self.exceptions_of(refund, "debt"))
        self.close()
        self.assertProved(ledger=0.0, books=0.0)

    def test_customers_were_merged(self):
        """N29, N11, N4: the customer became another one's contact: the points come back to the card that took over."""
        eve = self.env["res.partner"].create({"name": "Eve"})
        other = self.make_card(partner=eve)
        self.grant(100, other)
        order = self.sale_with_points()
        self.next_session()
        self.env["base.partner.merge.automatic.wizard"].create({})._merge([self.ann.id, eve.id], eve)
        self.env.invalidate_all()
        self.assertEqual(order.partner_id, eve)
        self.ann = eve
        master = self.card.points_to_id or other.points_to_id or other
        total = sum((self.card | other).mapped("points"))
        self.assertEqual(total, 1050)
        refund = self.return_all(order)
        self.assertEqual(sum((self.card | other | master).mapped("points")), 1100)
        self.assertEqual((self.card.points_to_id or self.card).points, 1100)
        self.assertFalse(self.exceptions_of(refund))
        self.close()

    def test_program_was_archived(self):
        """N29, bP2, N4: a program that ended takes its points back."""
        order = self.sale_with_points()
        self.next_session()
        self.program.sudo().active = False
        self.assertAllIsBack(self.return_all(order), 1000)

    def test_card_was_closed(self):
        """N29, N4: a card that was closed gets its points back."""
        order = self.sale_with_points()
        self.next_session()
        self.card.sudo().closed = True
        self.assertAllIsBack(self.return_all(order), 1000)

    def test_card_is_past_its_date(self):
        """N29, N4: so does a card that is past its date, with the days of grace of points that come back."""
        self.card.sudo().expiration_date = fields.Date.today()
        order = self.sale_with_points()
        self.close()
        with freeze_time(fields.Datetime.now() + timedelta(days=1)):
            self.pos_session = self.open_session(self.config)
            refund = self.return_all(order)
            self.assertEqual((refund.state, refund.loyalty_points_redeemed), ("paid", -50))
            self.assertFalse(self.exceptions_of(refund))
            self.close()
            self.assertProved(ledger=0.0, books=0.0)

    def test_card_was_replaced(self):
        """N29, H5, N4: the lost card was linked to a new one, which gets the points."""
        order = self.sale_with_points()
        self.next_session()
        new = self.make_card(partner=self.ann)
        self.card.sudo().points_to_id = new
        self.assertEqual((self.card.points, new.points), (0, 950))
        refund = self.return_all(order)
        self.assertEqual((self.card.points, new.points), (0, 1000))
        self.assertFalse(self.exceptions_of(refund))
        self.close()
        self.assertProved(ledger=0.0, books=0.0)

    def test_month_was_accrued(self):
        """N29, N1, N4: a sale of March, the accrual of March, and the return in April: March stays as it was."""
        self.card._post_entries(
            [{"card_id": self.card.id, "kind": "earn", "points": 100, "key": "e", "effective_date": "2026-03-01"}]
        )
        self.accrue("2026-03-02")
        order = self.sale_with_points()
        self.close()
        with freeze_time("2026-04-02 12:00:00"):
            self.accrue("2026-03-31")
            before = self.program._loyalty_proof("2026-03-31")
            self.assertEqual(before["residual"], 0.0, before)
            self.pos_session = self.open_session(self.config)
            refund = self.return_all(order)
            self.assertEqual((refund.loyalty_points_redeemed, self.card.points), (-50, 1100))
            self.close()
            after = self.program._loyalty_proof("2026-03-31")
            self.assertEqual((after["residual"], after["value"]["books"]), (0.0, before["value"]["books"]), after)
            self.accrue("2026-04-02")
            self.assertProved(ledger=0.0, books=0.0)

    def test_session_over_the_month_end(self):
        """N29, N1, N4: a session that is open over the month end: the accrual runs before it is closed."""
        self.card._post_entries(
            [{"card_id": self.card.id, "kind": "earn", "points": 100, "key": "e", "effective_date": "2026-03-01"}]
        )
        with freeze_time("2026-03-31 22:00:00"):
            order = self.sale_with_points()
        with freeze_time("2026-04-01 08:00:00"):
            self.accrue("2026-03-31")
            refund = self.return_all(order)
            self.assertEqual(self.card.points, 1100)
            self.assertFalse(self.exceptions_of(refund))
            self.close()
            proof = self.program._loyalty_proof("2026-03-31")
            self.assertEqual(proof["residual"], 0.0, proof)
            self.accrue("2026-04-01")
            self.assertProved(ledger=0.0, books=0.0)


@tagged("post_install", "-at_install")
class TestChangedSinceInputTax(ChangedSince, ClosingCase):
    """Points pay, and recover input tax."""


@tagged("post_install", "-at_install")
class TestChangedSinceReduction(ChangedSince, ReductionCase):
    """Points lower the price."""

    def test_invoiced_later_and_credited_in_accounting(self):
        """N29, N4: invoiced after the closing and credited by Accounting: the credit note takes the reduction back with
        its VAT, moves no points and is listed."""
        order = self.reduced_sale()
        self.close()
        order.sudo().action_pos_order_invoice()
        invoice = order.account_move.with_user(self.clerk)
        note = invoice._reverse_moves([{"invoice_date": fields.Date.today()}])
        note.action_post()
        self.assertEqual((note.amount_total, self.card.points), (65.0, 950))
        listed = self.env["loyalty.exception"].search([("res_model", "=", "account.move"), ("res_id", "=", note.id)])
        self.assertTrue(listed)


class BranchTillCase(ClosingCase):
    """A till of a branch; the program, its accounts and its taxes are the parent company's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.branch = cls.env["res.company"].create(
            {"name": "Branch", "parent_id": cls.company.id, "country_id": cls.company.country_id.id}
        )
        cls.env.cr.precommit.run()  # the branch takes over the chart of accounts
        cls.branch.partner_id.tz = "UTC"
        cls.env.user.company_ids |= cls.branch
        cls.cashier = new_test_user(
            cls.env,
            "branch_cashier",
            groups="base.group_user,point_of_sale.group_pos_user",
            tz="UTC",
            company_id=cls.branch.id,
            company_ids=[Command.set((cls.branch | cls.company).ids)],
        )
        cls.env = cls.env(context=dict(cls.env.context, allowed_company_ids=(cls.branch | cls.company).ids))
        cls.config = (
            cls.env["pos.config"]
            .with_company(cls.branch)
            .create(
                {
                    "name": "Branch Till",
                    "company_id": cls.branch.id,
                    "payment_method_ids": [Command.set(cls.branch_methods().ids)],
                }
            )
        )
        cls.pos_session = cls.open_session(cls.config)
        cls.as_till = cls.env["loyalty.card"].with_user(cls.cashier)

    @classmethod
    def branch_methods(cls):
        Journal = cls.env["account.journal"].with_company(cls.branch)
        Method = cls.env["pos.payment.method"].with_company(cls.branch)
        cash, bank = (
            Journal.create(
                {"name": f"Branch {kind}", "code": f"B{kind[:3].upper()}", "type": kind, "company_id": cls.branch.id}
            )
            for kind in ("cash", "bank")
        )
        cls.cash_method = Method.create({"name": "Branch Cash", "journal_id": cash.id, "company_id": cls.branch.id})
        cls.method = Method.create({"name": "Branch Bank", "journal_id": bank.id, "company_id": cls.branch.id})
        if cls.vat_mode != "price_reduction":
            cls.points_method = Method.create(
                {"name": "Branch Points", "loyalty_program_id": cls.program.id, "company_id": cls.branch.id}
            )
        return cls.cash_method | cls.method | cls.points_method


@tagged("post_install", "-at_install")
class TestBranchTill(BranchTillCase):
    def test_sale_and_return(self):
        """N29, S24, N4: 50 points are redeemed at the till of a branch, recover input VAT, and come back with it."""
        order = self.sale()
        self.assertEqual((order.company_id, order.loyalty_points_redeemed, self.card.points), (self.branch, 50, 950))
        move = self.close()
        self.assertEqual(move.company_id, self.branch)
        self.assertItems(move, [*self.sold(100, 15), *self.redeemed(43.48, 6.52), (self.receivable_pos, 65)])
        self.pos_session = self.open_session(self.config)
        refund = self.refund(order, 1, 50)
        self.assertFalse(self.exceptions_of(refund))
        self.assertItems(
            self.close(), [*self.returned(100, 15), *self.given_back(43.48, 6.52), (self.receivable_pos, -65)]
        )
        self.assertEqual(self.card.points, 1000)


@tagged("post_install", "-at_install")
class TestBranchTillReduction(BranchTillCase, ReductionCase):
    def test_sale_and_return(self):
        """N29, S24, N4: the same where points lower the price, with an invoice."""
        order = self.reduced_sale(to_invoice=True)
        self.assertEqual(order.account_move.payment_state, "paid")
        self.assertEqual((order.company_id, order.loyalty_points_redeemed, self.card.points), (self.branch, 50, 950))
        self.close()
        self.pos_session = self.open_session(self.config)
        refund = self.reduced_refund(order)
        self.assertFalse(self.exceptions_of(refund))
        self.close()
        self.assertEqual(self.card.points, 1000)
