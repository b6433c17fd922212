"""Invoices of unusual shapes that points paid: instalments, deductions, receipts, delivery, replaced and translated ones."""

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .test_redemption_batches import BatchCase


class Shapes:
    def test_instalments(self):
        """N29, C25, N4: due in two instalments, points cover more than the first: half comes back, then the rest."""
        terms = self.env["account.payment.term"].create(
            {
                "name": "30 and 60 days",
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": 30, "nb_days": 30}),
                    Command.create({"value": "percent", "value_amount": 70, "nb_days": 60}),
                ],
            }
        )
        move = self.sell(invoice_payment_term_id=terms.id)
        self.assertEqual(len(move._loyalty_receivable()), 2)
        notes = [self.credit(move, self.line(50, 15)) for __ in range(2)]
        self.assertEqual([note.amount_residual for note in notes], [32.5, 32.5])
        self.assertEqual([note.loyalty_points_redeemed for note in notes], [250, 250])
        self.assertAllBack(move)

    def test_deduction(self):
        """N29, N4: 150.00 less a deduction of 50.00: what is left is what points cover, and comes back line by line."""
        move = self.sell(self.line(150, 15), self.line(-50, 15, product_id=False, name="Deduction"))
        note = self.credit(move)
        self.assertEqual((note.amount_residual, note.loyalty_points_redeemed), (65, 500))
        self.assertAllBack(move)

    def test_delivery_is_credited(self):
        """N29, bP6, N4: only delivery is credited, which points never covered: money comes back, and no points."""
        shipping = self.env["product.product"].create({"name": "Shipping", "loyalty_no_redeem": True})
        move = self.sell(self.line(100, 15), self.line(10, 15, product_id=shipping.id))
        note = self.credit(move, self.line(10, 15, product_id=shipping.id))
        self.assertEqual((note.amount_residual, note.loyalty_points_redeemed), (11.5, 0))
        self.assertSound()
        note = self.credit(move, self.line(100, 15))
        self.assertEqual((note.amount_residual, note.loyalty_points_redeemed), (65, 500))
        self.assertAllBack(move)

    def test_replaced(self):
        """N29, N4: reversed and replaced: the points are back, and the new draft has none until somebody applies them."""
        move = self.sell()
        wizard = (
            self.env["account.move.reversal"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id})
        )
        wizard.modify_moves()
        new = wizard.new_move_ids
        self.assertEqual((new.state, new.amount_total, new.loyalty_redeem_points), ("draft", 115, 0))
        self.assertEqual((self.card.points, self.card.reserved_points), (1000, 0))
        self.apply_points(new, 500)
        new.action_post()
        self.assertEqual((new.amount_residual, self.card.points), (65, 500))
        self.assertSound()

    def test_receipt(self):
        """N29, N4: a sales receipt that points paid is reversed."""
        move = self.make_invoice(self.line(100, 15), move_type="out_receipt", post=not self.draft)
        if self.vat_mode == "price_reduction" and not self.draft:
            with self.assertRaisesRegex(UserError, "receipt has no credit note"):
                self.apply_points(move, 500)
            return
        self.apply_points(move, 500)
        if self.draft:
            move.action_post()
        self.pay(move)
        note = self.credit(move)
        self.assertEqual((note.amount_residual, note.loyalty_points_redeemed), (65, 500))
        self.assertAllBack(move)

    def test_line_without_tax_and_zero(self):
        """N29, N4: free goods and a line of 0.00 beside what points paid; the free line is credited."""
        move = self.sell(self.line(100, 15), self.line(0, 15), self.line(0, 5))
        note = self.credit(move, self.line(0, 5), self.line(0, 15))
        self.assertEqual((note.amount_residual, note.loyalty_points_redeemed), (0, 0))
        note = self.credit(move, self.line(100, 15))
        self.assertEqual((note.amount_residual, note.loyalty_points_redeemed), (65, 500))
        self.assertAllBack(move)


class ChangedDrafts(Shapes):
    def test_other_fiscal_position(self):
        """N29, S11: a draft with points gets a fiscal position of another rate: what is posted fits, or is refused."""
        position = self.env["account.fiscal.position"].create({"name": "Reduced", "company_id": self.company.id})
        tax = self.make_tax("sale", 6)
        tax.write(
            {
                "fiscal_position_ids": [Command.set(position.ids)],
                "original_tax_ids": [Command.set(self.sale_taxes[15].ids)],
            }
        )
        purchase = self.make_tax("purchase", 6)
        self.program.tax_map_ids = [Command.create({"sale_tax_id": tax.id, "purchase_tax_id": purchase.id})]
        self.product.taxes_id = self.sale_taxes[15]
        move = self.make_invoice(self.line(100, 15))
        self.apply_points(move, 500)
        move.fiscal_position_id = position
        move.action_update_fpos_values()
        self.post_or_apply_again(move, "no longer match the lines")
        self.assertEqual(move.amount_residual, 56)
        self.assertEqual(self.card.points, 500)
        if self.vat_mode != "tender":
            self.assertEqual(self.vat(self.books(move)), round(6 - 50 * 6 / 106, 2))
        self.assertSound()

    def test_other_currency(self):
        """N29, S11: the currency of a draft with points changes: refused with the way out, or right."""
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 0.5)])
        move = self.make_invoice(self.line(100, 15))
        self.apply_points(move, 500)
        move.currency_id = euro
        self.post_or_apply_again(move, "500 points are worth .*25.00")
        self.assertEqual((move.amount_residual, self.card.points), (90, 500))
        self.credit(move)
        self.assertAllBack(move)

    def post_or_apply_again(self, move, words):
        """Points that pay are booked as the invoice is by then; lines that no longer fit are refused, and applied again."""
        if self.vat_mode == "price_reduction":
            with self.assertRaisesRegex(UserError, f"{words}.*Use Apply Loyalty Points again"), self.cr.savepoint():
                move.action_post()
            self.env.invalidate_all()
            self.apply_points(move, 500)
        move.action_post()


@tagged("post_install", "-at_install")
class TestShapesInputTax(ChangedDrafts, BatchCase):
    """Points pay, and recover input tax."""


@tagged("post_install", "-at_install")
class TestShapesReduction(Shapes, BatchCase):
    """Points lower the price of the posted invoice."""

    vat_mode = "price_reduction"


@tagged("post_install", "-at_install")
class TestShapesReducedDraft(ChangedDrafts, BatchCase):
    """Points lower the price of the draft."""

    vat_mode = "price_reduction"
    draft = True
