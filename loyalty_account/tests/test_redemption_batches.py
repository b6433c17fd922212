"""Credit notes that are posted together, and taxes that change between a sale and its credit note."""

from odoo.tests import tagged

from .proof_common import ProofVerbs
from .redemption_common import RedemptionCase


class BatchCase(ProofVerbs, RedemptionCase):
    """115.00, of which 500 points worth 0.10 cover 50.00; the rest is paid with money."""

    point_value = 0.1
    draft = False

    @classmethod
    def accounting_values(cls, **values):
        if cls.vat_mode == "price_reduction":
            account = cls.make_account("Sales Paid with Points", "400900", "income")
            values["cost_account_id"] = account.id
        return super().accounting_values(**values)

    def sell(self, *lines, points=500, **values):
        move = self.make_invoice(*(lines or (self.line(100, 15),)), post=not self.draft, **values)
        self.apply_points(move, points)
        if self.draft:
            move.action_post()
        self.pay(move, move.amount_residual)
        self.assertEqual((move.amount_residual, self.card.points), (0, 1000 - points))
        return move

    def books(self, *moves):
        moves = self.env["account.move"].union(*moves)
        moves |= moves.reversal_move_ids
        payments = self.env["account.payment"].search([("loyalty_move_id", "in", moves.ids)])
        return moves | payments.move_id | moves.loyalty_redeem_return_ids

    def assertAllBack(self, *moves):
        self.assertEqual(self.card.points, 1000)
        self.assertEqual(self.vat(self.books(*moves)), 0)
        self.assertSound()


class Batches:
    def test_two_halves(self):
        """N29, N4: two credit notes of half each, posted together: each gives half of points, money and VAT back."""
        move = self.sell()
        notes = self.env["account.move"].union(*(self.credit(move, self.line(50, 15), post=False) for __ in range(2)))
        notes.action_post()
        self.assertEqual([note.amount_residual for note in notes], [32.5, 32.5])
        self.assertEqual([note.loyalty_points_redeemed for note in notes], [250, 250])
        self.assertAllBack(move)

    def test_two_whole_ones(self):
        """N29, N4: two credit notes of everything, posted together: points come back once."""
        move = self.sell()
        notes = self.env["account.move"].union(*(self.credit(move, post=False) for __ in range(2)))
        notes.action_post()
        self.assertEqual(notes.mapped("loyalty_points_redeemed"), [500, 0])
        self.assertEqual((notes[0].amount_residual, self.card.points), (65, 1000))
        self.assertSound()

    def test_tax_changed(self):
        """N29, N4: the rate of the tax is changed after the sale: what points relieved comes back as it was booked."""
        vats = []
        for lines in ((), (self.line(50, 15),)):
            move = self.sell()
            goods = self.vat(move) if self.vat_mode != "price_reduction" else 15
            taxes = self.sale_taxes[15] | self.purchase_taxes[15]
            taxes.amount = 20
            self.assertSound()
            notes = [self.credit(move, *lines) for __ in range(2 if lines else 1)]
            self.assertEqual(sum(note.loyalty_points_redeemed for note in notes), 500)
            # Odoo itself credits the goods at the rate that the tax has now: 20.00 of 15.00.
            vats.append(self.vat(self.books(move)) - goods + 20)
            self.assertEqual(self.card.points, 1000)
            self.assertSound()
            taxes.amount = 15
        self.assertEqual(vats, [0, 0])


class MoreBatches(Batches):
    def test_three_parts(self):
        """N29, N4: three parts of two rates: the last takes the remainders."""
        move = self.sell(self.line(100, 15), self.line(100, 5), points=333)
        drafts = [
            self.credit(move, *(self.line(price, rate) for rate in (15, 5)), post=False) for price in (30, 30, 40)
        ]
        notes = self.env["account.move"].union(*drafts)
        notes.action_post()
        self.assertAlmostEqual(sum(note.amount_residual for note in notes), 220 - 33.3)
        self.assertEqual(sum(note.loyalty_points_redeemed for note in notes), 333)
        self.assertAllBack(move)

    def test_two_invoices(self):
        """N29, N4: two invoices of one customer are credited by one action, and one of them in two parts."""
        first = self.sell()
        self.card._post_entries(
            [{"card_id": self.card.id, "kind": "adjust", "points": 500, "key": "test:more", "reason": "test"}]
        )
        second = self.sell()
        notes = (
            (first | second)
            .with_user(self.clerk)
            ._reverse_moves([{"invoice_date": move.invoice_date} for move in (first, second)])
        )
        notes.action_post()
        self.assertEqual([note.amount_residual for note in notes], [65, 65])
        self.assertEqual(self.card.points, 1500)
        self.assertEqual(self.vat(self.books(first, second)), 0)
        self.assertSound()

    def test_tax_of_product_changed(self):
        """N29, N4: the product has another tax since: the invoice's own counts."""
        move = self.sell()
        self.product.taxes_id = self.sale_taxes[5]
        note = self.credit(move)
        self.assertEqual(note.amount_residual, 65)
        self.assertAllBack(move)


@tagged("post_install", "-at_install")
class TestBatchesInputTax(MoreBatches, BatchCase):
    """Points pay, and recover input tax."""


@tagged("post_install", "-at_install")
class TestBatchesTender(Batches, BatchCase):
    vat_mode = "tender"


@tagged("post_install", "-at_install")
class TestBatchesReduction(Batches, BatchCase):
    """Points lower the price of the posted invoice."""

    vat_mode = "price_reduction"


@tagged("post_install", "-at_install")
class TestBatchesReducedDraft(MoreBatches, BatchCase):
    """Points lower the price of the draft."""

    vat_mode = "price_reduction"
    draft = True
