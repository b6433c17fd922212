"""Invoices in another currency: what a payment with points paid is counted in its own currency."""

from freezegun import freeze_time

from odoo.tests import tagged

from .redemption_common import RedemptionCase


class RatesCase(RedemptionCase):
    """The company keeps its books in one currency; the invoice of 1 March is in another, points are redeemed on the
    15th."""

    point_value = 0.1
    #: Units of the invoice's currency for one of the company's, on the day of the invoice and on that of the points.
    rates = (1.25, 1.10)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.foreign = cls.setup_other_currency(
            "GBP", rounding=0.01, rates=[("2026-03-01", cls.rates[0]), ("2026-03-15", cls.rates[1])]
        )

    @classmethod
    def accounting_values(cls, **values):
        if cls.vat_mode == "price_reduction":
            account = cls.make_account("Sales Paid with Points", "400900", "income")
            values["cost_account_id"] = account.id
        return super().accounting_values(**values)

    def sell(self, points=None, **values):
        """Sell 200.00 plus 15 % on 1 March; points are redeemed on the 15th."""
        with freeze_time("2026-03-01 12:00:00"):
            move = self.make_invoice(
                self.line(200, 15), currency_id=self.foreign.id, invoice_date="2026-03-01", post=True, **values
            )
        self.assertEqual(move.invoice_currency_rate, self.rates[0])
        self.apply_points(move, points)
        return move

    def books(self, move):
        """The invoice, its credit notes, what points and exchange rates booked for them."""
        moves = move | move.reversal_move_ids
        payments = self.env["account.payment"].search([("loyalty_move_id", "in", moves.ids)])
        return (
            moves
            | payments.move_id
            | moves.reversal_move_ids.loyalty_redeem_return_ids
            | moves.loyalty_redeem_return_ids
        )

    def relief(self, move):
        """VAT that points took off so far."""
        lines = self.books(move).line_ids.filtered(lambda line: line.account_id in self.output_vat | self.input_vat)
        goods = (move | move.reversal_move_ids).invoice_line_ids.filtered(lambda line: not line.is_loyalty_reduction)
        goods = goods.filtered("tax_ids")
        return round(sum(lines.mapped("balance")) - sum(round(line.balance * 0.15, 2) for line in goods), 2)


class RatesOfRedemption:
    """What holds in every mode."""

    def test_full_credit_note(self):
        """N29, N4: 1,000 points cover 100.00 of the company's currency; the full credit note gives all of it back."""
        move = self.sell(1000)
        paid = round(100 * self.rates[1], 2)
        self.assertEqual((move.amount_residual, self.card.points), (round(230 - paid, 2), 0))
        self.assertEqual((move.loyalty_points_redeemed, move.loyalty_amount_redeemed), (1000, paid))
        self.assertIn("Redeemed: 1,000 points", " ".join(move._loyalty_statement()))
        self.assertEqual(self.relief(move), self.vat_of_points)
        note = self.credit(move)
        self.assertEqual((self.card.points, note.amount_residual, move.amount_residual), (1000, 0, 0))
        self.assertEqual((note.loyalty_points_redeemed, note.loyalty_amount_redeemed), (1000, paid))
        self.assertEqual(self.relief(move), 0)

    def test_paid_and_credited_in_parts(self):
        """N29, N4: the customer paid the rest in money: that much comes back in money, the last part takes the rest."""
        move = self.sell(1000)
        paid = round(100 * self.rates[1], 2)
        self.pay(move)
        notes = [self.credit(move, self.line(price, 15)) for price in (66.67, 66.67, 66.66)]
        self.assertEqual(self.card.points, 1000)
        self.assertAlmostEqual(sum(note.amount_residual for note in notes), 230 - paid)
        self.assertEqual(self.relief(move), 0)
        half = self.sell(500)
        self.pay(half)
        note = self.credit(half, self.line(100, 15))
        self.assertEqual(self.card.points, 750)
        self.assertAlmostEqual(note.amount_residual, 115 - round(25 * self.rates[1], 2))
        self.assertAlmostEqual(self.relief(half), self.vat_of_points / 4, delta=0.01)

    def test_points_are_their_money_in_the_books(self):
        """N29: 500 points are 50.00 in the company's currency, whatever rate the invoice had."""
        move = self.sell(500)
        lines = self.books(move).line_ids
        cost = sum(lines.filtered(lambda line: line.account_id == self.program.cost_account_id).mapped("balance"))
        self.assertEqual(round(cost + self.relief(move), 2), 50)

    def test_dialog_offers_what_is_accepted(self):
        """N29, C21: the most points that the dialog offers can be applied, and pay all that is due."""
        self.grant(9000)
        with freeze_time("2026-03-01 12:00:00"):
            move = self.make_invoice(
                self.line(200, 15), currency_id=self.foreign.id, invoice_date="2026-03-01", post=True
            )
        wizard = self.apply_points(move)
        self.assertEqual(wizard.points, int(230 / self.rates[1] / 0.1 + 1e-6))
        self.assertLess(move.amount_residual, 0.1 * self.rates[1])
        self.assertGreaterEqual(move.amount_residual, 0)
        self.credit(move)
        self.assertEqual((self.card.points, move.amount_residual), (10000, 0))

    def test_cancelling_credit_note(self):
        """N29, N4: a credit note that cancels the invoice gives all points back, and no money."""
        move = self.sell(1000)
        wizard = (
            self.env["account.move.reversal"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id})
        )
        wizard.refund_moves()
        note = move.reversal_move_ids.filtered(lambda note: not note._is_reduction())
        note.action_post()
        self.assertEqual((self.card.points, note.amount_residual, move.amount_residual), (1000, 0, 0))

    def test_cancel_the_invoice(self):
        """N29, N4: reversed and entered anew: the points are back and what they paid is open nowhere."""
        move = self.sell(1000)
        wizard = (
            self.env["account.move.reversal"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id})
        )
        wizard.modify_moves()
        self.assertEqual(self.card.points, 1000)
        open_lines = self.books(move).line_ids.filtered(
            lambda line: line.account_id == self.receivable and not line.reconciled
        )
        self.assertEqual(sum(open_lines.mapped("amount_residual")), 0)


@tagged("post_install", "-at_install")
class TestRateFalls(RatesOfRedemption, RatesCase):
    vat_of_points = 13.04


@tagged("post_install", "-at_install")
class TestRateRises(RatesOfRedemption, RatesCase):
    rates = (1.10, 1.25)
    vat_of_points = 13.04


@tagged("post_install", "-at_install")
class TestRateTender(RatesOfRedemption, RatesCase):
    vat_mode = "tender"
    vat_of_points = 0


@tagged("post_install", "-at_install")
class TestRateReduction(RatesOfRedemption, RatesCase):
    vat_mode = "price_reduction"
    vat_of_points = 13.05  # 14.35 in the currency of the invoice


@tagged("post_install", "-at_install")
class TestRateReductionRises(RatesOfRedemption, RatesCase):
    vat_mode = "price_reduction"
    rates = (1.10, 1.25)
    vat_of_points = 13.04
