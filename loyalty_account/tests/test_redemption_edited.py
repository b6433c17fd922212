"""Invoices that are edited, undone or credited after points paid, and settings that change in between."""

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .redemption_common import RedemptionCase


class EditedCase(RedemptionCase):
    """115.00 incl. 15 %, of which 500 points worth 0.10 pay 50.00."""

    point_value = 0.1

    @classmethod
    def accounting_values(cls, **values):
        if cls.vat_mode == "price_reduction":
            account = cls.make_account("Sales Paid with Points", "400900", "income")
            values["cost_account_id"] = account.id
        return super().accounting_values(**values)

    def sell(self, *lines, draft=False, points=500, **values):
        move = self.make_invoice(*(lines or (self.line(100, 15),)), post=not draft, **values)
        self.apply_points(move, points)
        if draft:
            move.action_post()
        return move

    def redemption(self, move):
        """The payment, or the credit note, by which points paid."""
        return self.loyalty_payments(move) or move._loyalty_reductions()


class EditedInvoice:
    """What holds in every mode, where points cover a posted invoice."""

    def test_unchanged(self):
        """N29, S11: reset to draft and confirmed as it was, the invoice stays paid by points."""
        move = self.sell()
        move.button_draft()
        move.action_post()
        self.assertEqual((move.loyalty_points_redeemed, self.card.points), (500, 500))

    def test_lower_price(self):
        """N29, S11: lowered below what points paid, the invoice is refused with the reason and the way out."""
        move = self.sell()
        redemption = self.redemption(move)
        move.button_draft()
        move.invoice_line_ids.price_unit = 30
        with (
            self.assertRaisesRegex(
                UserError, "50.00 of .* was paid with points before the invoice was changed.*Cancel "
            ),
            self.cr.savepoint(),
        ):
            move.action_post()
        self.env.invalidate_all()
        if redemption._name == "account.payment":
            redemption.with_user(self.clerk).action_cancel()
        else:
            redemption.with_user(self.clerk).button_draft()
            redemption.with_user(self.clerk).button_cancel()
        self.assertEqual(self.card.points, 1000)
        move.invoice_line_ids.price_unit = 30
        move.action_post()
        self.assertEqual((move.amount_residual, move.loyalty_points_redeemed), (34.5, 0))

    def test_other_tax(self):
        """N29, S11: with another tax the VAT that points relieved would be wrong: refused, unless points relieve none."""
        move = self.sell()
        move.button_draft()
        move.invoice_line_ids.tax_ids = self.sale_taxes[0]
        if self.vat_mode == "tender":
            move.action_post()
            self.assertEqual((move.amount_residual, self.vat(move)), (50, 0))
            return
        with self.assertRaisesRegex(UserError, "before the invoice was changed"), self.cr.savepoint():
            move.action_post()

    def test_other_shares(self):
        """N29, S11: a line at another rate changes what points paid of each: refused; a higher price at the same is not."""
        move = self.sell()
        move.button_draft()
        move.invoice_line_ids.price_unit = 200
        move.action_post()
        self.assertEqual((move.amount_residual, move.loyalty_points_redeemed), (180, 500))
        move.button_draft()
        move.write({"invoice_line_ids": [Command.create({"product_id": self.product.id, **self.line(100, 5)})]})
        if self.vat_mode == "tender":
            move.action_post()
            self.assertEqual(move.amount_residual, 285)
            return
        with self.assertRaisesRegex(UserError, "before the invoice was changed"), self.cr.savepoint():
            move.action_post()


@tagged("post_install", "-at_install")
class TestEditedInputTax(EditedInvoice, EditedCase):
    pass


@tagged("post_install", "-at_install")
class TestEditedTender(EditedInvoice, EditedCase):
    vat_mode = "tender"


@tagged("post_install", "-at_install")
class TestEditedReduction(EditedInvoice, EditedCase):
    vat_mode = "price_reduction"

    def test_points_of_the_draft(self):
        """N29, S11: points that lowered the price of the draft fit its lines, or the invoice is not confirmed again."""
        move = self.sell(draft=True)
        move.button_draft()
        line = move.invoice_line_ids.filtered(lambda line: not line.is_loyalty_reduction)
        line.tax_ids = self.sale_taxes[0]
        with self.assertRaisesRegex(UserError, "no longer match the lines"), self.cr.savepoint():
            move.action_post()


@tagged("post_install", "-at_install")
class TestEarnedAndRedeemed(EditedCase):
    """Points in the price of an invoice that earns too: its two kinds of transactions are told apart."""

    vat_mode = "price_reduction"

    def test_paid_again(self):
        """N29, N4: paid, unpaid, paid again: a tenth that is credited gives 50 points back and takes 6 of 56."""
        self.program.issue_on = "paid"
        move = self.sell(draft=True)
        payment = self.pay(move)
        self.env.cr.flush()
        self.assertEqual((move.loyalty_points_earned, self.card.points), (56, 556))
        payment.action_draft()
        payment.action_cancel()
        self.env.cr.flush()
        self.assertEqual(self.card.points, 500)
        self.pay(move)
        self.env.cr.flush()
        self.assertEqual(self.card.points, 556)
        note = self.credit(move, self.line(10, 15))
        self.env.cr.flush()
        self.assertEqual((note.amount_total, self.card.points), (6.5, 600))
        second = self.credit(move, self.line(10, 15))
        self.env.cr.flush()
        self.assertEqual((second.amount_total, self.card.points), (6.5, 645))
        (note | second).with_user(self.clerk).button_draft()
        (note | second).with_user(self.clerk).button_cancel()
        self.env.cr.flush()
        self.assertEqual(self.card.points, 556)
        move.button_draft()
        self.env.cr.flush()
        self.assertEqual((self.card.points, self.card.available_points), (1000, 500))
        self.assertEqual(self.card._verify_ledger(), [])


@tagged("post_install", "-at_install")
class TestBranchReduction(EditedCase):
    """Price reduction on the posted invoice of a branch."""

    vat_mode = "price_reduction"

    def test_branch(self):
        """N29, S24: points lower the price of a posted invoice of a branch, and come back with its credit note."""
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": self.company.id, "country_id": self.company.country_id.id}
        )
        self.cr.precommit.run()  # the branch takes over the chart of accounts
        self.clerk.write({"company_ids": [Command.link(branch.id)]})
        self.env.user.write({"company_ids": [Command.link(branch.id)]})
        for companies in ([branch.id, self.company.id], [self.company.id, branch.id]):
            with self.subTest(companies=companies):
                clerk = self.clerk.with_context(allowed_company_ids=companies)
                move = (
                    self.env["account.move"]
                    .with_user(self.clerk)
                    .with_context(allowed_company_ids=companies)
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
                move._apply_loyalty_points(self.card.with_user(clerk), 500)
                note = move._loyalty_reductions()
                self.assertEqual((note.company_id, note.journal_id.company_id), (branch, move.journal_id.company_id))
                self.assertEqual((move.amount_residual, self.card.points), (65, 500))
                back = move._reverse_moves([{"invoice_date": move.invoice_date}])
                back.action_post()
                self.assertEqual((back.amount_residual, move.amount_residual, self.card.points), (0, 0, 1000))
                entry = note.loyalty_redeem_return_ids
                self.assertEqual((entry.company_id, entry.journal_id), (branch, self.loyalty_journal))


class AccruedCase(EditedCase):
    """A program that accrues; points earned in January pay on 20 February, and February is accrued."""

    policy = "accrual"

    @classmethod
    def accounting_values(cls, **values):
        vals = super().accounting_values(**values)
        vals.pop("point_value")
        vals["point_value_ids"] = [
            Command.create({"date": "2020-01-01", "point_value": cls.point_value, "vat_rate": 15})
        ]
        return vals

    @classmethod
    def grant(cls, points, card=None, **values):
        op = {"card_id": cls.card.id, "kind": "earn", "points": points, "key": "test:earned"}
        return cls.card._post_entries([{**op, "effective_date": "2026-01-10"}])

    def sell_in_february(self, **values):
        self.accrue("2026-01-31")
        with freeze_time("2026-02-20 12:00:00"):
            move = self.sell(**values)
        self.accrue("2026-02-28")
        return move

    def accrue(self, day):
        run = self.env["loyalty.accrual.run"].create({"program_id": self.program.id, "date_to": day})
        run.action_preview()
        run.action_post()

    def liability(self, day):
        lines = self.env["account.move.line"].search(
            [
                ("account_id", "=", self.liability_account.id),
                ("parent_state", "=", "posted"),
                ("date", "<=", day),
            ]
        )
        return round(-sum(lines.mapped("balance")), 2)

    def assertDated(self, before):
        """The accrued month says what it said; what was undone is in March, and the next run finds nothing wrong."""
        self.assertEqual(self.liability("2026-02-28"), before)
        self.accrue("2026-03-15")
        per_point = 0.1 if self.vat_mode == "tender" else 0.1 / 1.15
        self.assertEqual(self.liability("2026-03-31"), round(self.card.points * per_point, 2))
        dates = self.env["loyalty.valuation"].search([("program_id", "=", self.program.id)])
        for line in dates:
            self.assertEqual(line.date, line.move_id.date or line.date)
        values = dates.filtered(lambda line: line.kind == "redeem" and line.amount > 0)
        self.assertTrue(all(str(day) >= "2026-03-01" for day in values.mapped("effective_date")))


class UndoneAfterAccrual:
    def test_payment_is_cancelled(self):
        """N29, S11: a redemption in an accrued month is undone by an entry of today; nothing is back-dated."""
        move = self.sell_in_february()
        before = self.liability("2026-02-28")
        redemption = self.redemption(move).with_user(self.clerk)
        redemption.action_cancel()
        self.assertEqual(redemption.move_id.state, "posted")
        self.assertEqual(redemption.move_id._loyalty_reversals().mapped("date"), [fields.Date.today()])
        self.assertEqual((self.card.points, move.amount_residual), (1000, 115))
        self.assertDated(before)

    def test_invoice_is_cancelled(self):
        """N29, S11: so it is where the invoice is cancelled, or the credit note that gave points back."""
        move = self.sell_in_february()
        before = self.liability("2026-02-28")
        with freeze_time("2026-03-10 12:00:00"):
            note = self.credit(move, self.line(50, 15), post=False)
            note.invoice_date = "2026-03-10"
            note.action_post()
        self.assertEqual(self.card.points, 750)
        note.button_draft()
        note.button_cancel()
        self.assertEqual(self.card.points, 500)
        move.button_draft()
        move.button_cancel()
        self.assertEqual(self.card.points, 1000)
        self.assertDated(before)

    def test_behind_the_tax_lock(self):
        """N29, S11: behind a tax lock date the undo is an entry of today too, not an error."""
        move = self.sell_in_february()
        before = self.liability("2026-02-28")
        self.company.tax_lock_date = "2026-02-28"
        redemption = self.redemption(move).with_user(self.clerk)
        redemption.action_cancel()
        self.assertEqual((redemption.move_id.state, self.card.points, move.amount_residual), ("posted", 1000, 115))
        self.assertDated(before)


@tagged("post_install", "-at_install")
class TestUndoneAccruedInputTax(UndoneAfterAccrual, AccruedCase):
    pass


@tagged("post_install", "-at_install")
class TestUndoneAccruedTender(UndoneAfterAccrual, AccruedCase):
    vat_mode = "tender"


@tagged("post_install", "-at_install")
class TestUndoneAccruedReduction(AccruedCase):
    vat_mode = "price_reduction"

    def test_invoice_is_reset(self):
        """N29, S11: points in the price: reset, confirmed again and cancelled in March, all of it is of March."""
        move = self.sell_in_february(draft=True)
        before = self.liability("2026-02-28")
        move.button_draft()
        self.assertEqual(self.card.points, 1000)
        move.action_post()
        self.assertEqual(self.card.points, 500)
        move.button_draft()
        move.button_cancel()
        self.assertEqual(self.card.points, 1000)
        self.assertDated(before)

    def test_credit_note_of_points(self):
        """N29, S11: a credit note of points is cancelled in March: the accrued month stays."""
        move = self.sell_in_february()
        before = self.liability("2026-02-28")
        note = move._loyalty_reductions().with_user(self.clerk)
        note.button_draft()
        note.button_cancel()
        self.assertEqual((self.card.points, move.amount_residual), (1000, 115))
        self.assertDated(before)


@tagged("post_install", "-at_install")
class TestSettingsChangedSince(AccruedCase):
    """What was booked is mirrored from what was frozen."""

    def test_everything_changed(self):
        """N29, B14, N4: VAT mode, accounts, tax mapping, point value, products: a return mirrors the sale."""
        move = self.make_invoice(self.line(100, 15), self.line(100, 5, product_id=self.product.copy().id), post=True)
        self.accrue("2026-03-14")
        self.apply_points(move, 440)
        self.assertEqual(self.vat(self.redemption(move).move_id), -4)
        with freeze_time("2026-03-16 12:00:00"):
            self.program.write(
                {
                    "vat_mode": "tender",
                    "cost_account_id": self.make_account("Other Cost", "610902", "expense").id,
                    "liability_account_id": self.make_account("Other Liability", "251902", "liability_current").id,
                    "point_value": 0.2,
                    "loyalty_journal_id": self.make_loyalty_journal(code="LOY2").id,
                }
            )
            self.program.tax_map_ids.unlink()
            self.product.loyalty_no_redeem = True
            first = self.credit(move, self.line(100, 5, product_id=move.invoice_line_ids[1].product_id.id))
            self.assertEqual(self.card.points, 560 + 210)
            second = self.credit(move, self.line(100, 15))
        self.assertEqual((self.card.points, move.amount_residual), (1000, 0))
        documents = move | first | second
        payments = self.env["account.payment"].search([("loyalty_move_id", "in", documents.ids)])
        self.assertEqual(self.vat(*documents, *payments.move_id), 0)
        values = self.env["loyalty.valuation"].search([("program_id", "=", self.program.id), ("kind", "=", "redeem")])
        items = (payments.move_id | values.move_id).line_ids
        self.assertAlmostEqual(sum(values.mapped("amount")), 0)
        for account in items.account_id - self.receivable:
            self.assertAlmostEqual(
                sum(items.filtered(lambda line: line.account_id == account).mapped("balance")),  # noqa: B023
                0,
                msg=account.name,
            )
        self.assertFalse(items.account_id & (self.program.cost_account_id | self.program.liability_account_id))
