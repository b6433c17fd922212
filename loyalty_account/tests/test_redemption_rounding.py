"""The document's total is the only total: cash rounding, and taxes that are rounded on the whole document."""

from odoo.fields import Command
from odoo.tests import tagged

from .redemption_common import RedemptionCase


class RoundingCase(RedemptionCase):
    """Points worth 0.01; 20,000 on the card."""

    point_value = 0.01

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.grant(19000)
        gain = cls.make_account("Rounding Gain", "400950", "income")
        loss = cls.make_account("Rounding Loss", "610950", "expense")
        cls.roundings = {
            strategy: cls.env["account.cash.rounding"].create(
                {
                    "name": strategy,
                    "rounding": 0.05,
                    "rounding_method": "HALF-UP",
                    "strategy": strategy,
                    "profit_account_id": gain.id,
                    "loss_account_id": loss.id,
                }
            )
            for strategy in ("add_invoice_line", "biggest_tax")
        }

    @classmethod
    def accounting_values(cls, **values):
        if cls.vat_mode == "price_reduction":
            account = cls.make_account("Sales Paid with Points", "400900", "income")
            values["cost_account_id"] = account.id
        return super().accounting_values(**values)

    def pay_in_full(self, points, *lines, draft=False, **values):
        """Let the dialog offer what it can, and check that this pays everything."""
        move = self.make_invoice(*lines, post=not draft, **values)
        wizard = self.apply_points(move)
        self.assertEqual((wizard.points, wizard.amount), (points, points / 100))
        if draft:
            move.action_post()
        self.assertEqual((move.amount_residual, move.loyalty_points_redeemed), (0, points))
        self.assertEqual(self.card.points, 20000 - points)
        return move

    def net_vat(self, move):
        moves = move | move.reversal_move_ids
        payments = self.env["account.payment"].search([("loyalty_move_id", "in", moves.ids)])
        moves |= payments.move_id | moves.loyalty_redeem_return_ids
        return round(self.vat(*moves), 2)


class RoundedTotals:
    """What holds in every mode, on drafts and on posted invoices."""

    def cases(self):
        for draft in (False, True):
            for strategy, rounding in self.roundings.items():
                yield draft, strategy, rounding

    def test_rounded_in_cash(self):
        """N29, C21: 9.98 that is rounded to 10.00 in cash costs 1,000 points; 100.60 to 101.00 costs 10,100."""
        for draft, strategy, rounding in self.cases():
            for price, step, points in ((8.68, 0.05, 1000), (87.48, 1.0, 10100)):
                with self.subTest(draft=draft, strategy=strategy, points=points):
                    rounding.rounding = step
                    move = self.pay_in_full(
                        points, self.line(price, 15), draft=draft, invoice_cash_rounding_id=rounding.id
                    )
                    if self.vat_mode != "tender" and strategy == "add_invoice_line":
                        self.assertEqual(self.net_vat(move), 0, "no relief beyond the VAT of the invoice")
                    note = self.credit(move)
                    self.assertEqual((self.card.points, note.amount_residual), (20000, 0))

    def test_rounded_down_in_cash(self):
        """N29, C21: 10.02 that is rounded to 10.00 in cash costs 1,000 points, not 1,002."""
        for draft, strategy, rounding in self.cases():
            with self.subTest(draft=draft, strategy=strategy):
                move = self.pay_in_full(1000, self.line(8.71, 15), draft=draft, invoice_cash_rounding_id=rounding.id)
                note = self.credit(move)
                self.assertEqual((self.card.points, note.amount_residual), (20000, 0))

    def test_part_of_a_rounded_total(self):
        """N29: half of 10.00 in points, the rest in cash; the full credit note gives 500 points and 5.00 back."""
        for draft, strategy, rounding in self.cases():
            with self.subTest(draft=draft, strategy=strategy):
                move = self.make_invoice(self.line(8.68, 15), post=not draft, invoice_cash_rounding_id=rounding.id)
                self.apply_points(move, 500)
                if draft:
                    move.action_post()
                self.assertEqual(move.amount_residual, 5)
                self.pay(move)
                note = self.credit(move)
                self.assertEqual((self.card.points, note.amount_residual), (20000, 5))

    def test_taxes_rounded_globally(self):
        """N29, C21: 10 times 0.35 and 15 % is 4.03 where taxes are rounded on the document: 403 points, and back."""
        self.company.tax_calculation_rounding_method = "round_globally"
        for draft in (False, True):
            with self.subTest(draft=draft):
                move = self.pay_in_full(403, *[self.line(0.35, 15)] * 10, draft=draft)
                if self.vat_mode != "tender":
                    self.assertEqual(self.net_vat(move), 0)
                note = self.credit(move)
                self.assertEqual((self.card.points, note.amount_residual), (20000, 0))
                self.assertEqual(self.net_vat(move), 0)

    def test_excluded_product(self):
        """N29: what points may not pay stays out: of 9.98 and 4.99 shipping, rounded to 15.00, they pay 10.01."""
        shipping = self.env["product.product"].create({"name": "Shipping", "loyalty_no_redeem": True})
        rounding = self.roundings["add_invoice_line"]
        freight = {"product_id": shipping.id, "price_unit": 4.99, "tax_ids": [Command.clear()]}
        move = self.make_invoice(self.line(8.68, 15), freight, post=True, invoice_cash_rounding_id=rounding.id)
        self.assertEqual(move.amount_total, 14.95)
        self.assertEqual(self.apply_points(move).points, 996)
        self.assertEqual(move.amount_residual, 4.99)


@tagged("post_install", "-at_install")
class TestRoundingInputTax(RoundedTotals, RoundingCase):
    pass


@tagged("post_install", "-at_install")
class TestRoundingTender(RoundedTotals, RoundingCase):
    vat_mode = "tender"


@tagged("post_install", "-at_install")
class TestRoundingReduction(RoundedTotals, RoundingCase):
    vat_mode = "price_reduction"
