"""The VAT of a part of a redemption is that of the part: 100 at 21 % and 100 at 9 %, of which 460 points cover
46.00."""

from odoo.fields import Command
from odoo.tests import tagged

from .redemption_common import RedemptionCase


class TwoRatesCase(RedemptionCase):
    """An invoice of 121.00 and 109.00, 1,000 points worth 0.10 each."""

    point_value = 0.1

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for rate in (21, 9):
            cls.sale_taxes[rate] = cls.make_tax("sale", rate)
            cls.purchase_taxes[rate] = cls.make_tax("purchase", rate)
            cls.program.tax_map_ids = [
                Command.create({"sale_tax_id": cls.sale_taxes[rate].id, "purchase_tax_id": cls.purchase_taxes[rate].id})
            ]

    def use_price_reduction(self):
        self.contra_account = self.make_account("Sales Paid with Points", "400900", "income")
        self.program.write({"vat_mode": "price_reduction", "cost_account_id": self.contra_account.id})

    def sell(self, points=460, draft=False, **values):
        move = self.make_invoice(self.line(100, 21), self.line(100, 9), **values)
        if draft:
            self.apply_points(move, points)
        move.action_post()
        if not draft:
            self.apply_points(move, points)
        self.assertEqual(move.loyalty_points_redeemed, points)
        return move

    def documents(self, move):
        """The invoice, its credit notes, and all entries that moved points for them."""
        moves = move
        while True:
            payments = self.env["account.payment"].search([("loyalty_move_id", "in", moves.ids)])
            found = moves | moves.reversal_move_ids | moves.loyalty_redeem_return_ids | payments.move_id
            found |= self.env["account.move"].search([("loyalty_redeem_note_id", "in", found.ids)])
            if found == moves:
                return moves
            moves = found

    def relief(self, move):
        """What points took off the VAT so far: ``{rate: (base, tax)}``, of posted journal items of points."""
        result = {}
        for document in self.documents(move).filtered(lambda move: move.state == "posted"):
            for rate in (21, 9):
                taxes = self.sale_taxes[rate] | self.purchase_taxes[rate]
                of_points = document.line_ids.filtered(
                    lambda line: line.account_id == self.program.cost_account_id and line.tax_ids & taxes  # noqa: B023
                )
                base, tax = result.get(rate, (0, 0))
                base += sum(of_points.mapped("balance"))
                tax_lines = document.line_ids.filtered(lambda line: line.tax_line_id in taxes)  # noqa: B023
                tax += sum(tax_lines.mapped("balance"))
                goods = document.invoice_line_ids - of_points
                goods = goods.filtered(lambda line: line.tax_ids & taxes and not line.is_loyalty_reduction)  # noqa: B023
                tax -= sum(
                    self.company.currency_id.round(line.balance * rate / 100) for line in goods
                )  # the VAT of the goods themselves
                result[rate] = (round(base, 2), round(tax, 2))
        return result


class PartsOfRedemption:
    """What holds in every mode; ``start`` sells."""

    def start(self):
        return self.sell()

    def test_line_comes_back(self):
        """N29, N4: the line at 9 % is credited: 1.80 of VAT comes back, all at 9 %; then the rest, to the cent."""
        move = self.start()
        self.assertEqual(self.relief(move), self.expected((20, 4.2), (20, 1.8)))
        note = self.credit(move, self.line(100, 9))
        self.assertEqual(self.relief(move), self.expected((20, 4.2), (0, 0)))
        self.assertEqual((self.card.points, note.loyalty_points_redeemed), (758, 218))
        self.credit(move, self.line(100, 21))
        self.assertEqual(self.relief(move), self.expected((0, 0), (0, 0)))
        self.assertEqual(self.card.points, 1000)

    def test_half_a_line_comes_back(self):
        """N29, N4: half of the line at 9 %: 0.90; the other half, and the line at 21 % in thirds: nothing is left."""
        move = self.start()
        self.credit(move, self.line(50, 9))
        self.assertEqual(self.relief(move), self.expected((20, 4.2), (10, 0.9)))
        self.assertEqual(self.card.points, 649)
        for price in (33.33, 33.33, 33.34):
            self.credit(move, self.line(price, 21))
        self.assertEqual(self.relief(move)[21], self.expected((0, 0), (10, 0.9))[21])
        self.assertEqual(self.relief(move)[9], self.expected((0, 0), (10, 0.9))[9])
        self.credit(move, self.line(50, 9))
        self.assertEqual(self.relief(move), self.expected((0, 0), (0, 0)))
        self.assertEqual(self.card.points, 1000)

    def test_credit_notes_posted_at_once(self):
        """N29, N4: three credit notes are posted together: each gives its own part back, the last one the rest."""
        move = self.start()
        notes = [
            self.credit(move, line, post=False)
            for line in (self.line(100, 9), self.line(33.33, 21), self.line(66.67, 21))
        ]
        notes = self.env["account.move"].union(*notes).with_user(self.clerk)
        notes.action_post()
        self.assertEqual(notes.mapped("loyalty_points_redeemed"), [218, 81, 161])
        self.assertEqual([abs(note.loyalty_amount_redeemed) for note in notes], [21.8, 8.07, 16.13])
        self.assertEqual((self.card.points, self.relief(move)), (1000, self.expected((0, 0), (0, 0))))
        notes[0].button_draft()
        self.assertEqual((self.card.points, self.relief(move)[21]), (782, self.expected((0, 0), (0, 0))[21]))

    def test_fee_at_another_rate(self):
        """N29, N4: a fee at 9 % lowers what goods at 21 % give back: 110.10 of 230.00, 22.02; then the rest."""
        move = self.start()
        note = self.credit(move, self.line(100, 21), self.line(-10, 9))
        self.assertEqual((abs(note.loyalty_amount_redeemed), note.loyalty_points_redeemed), (22.02, 220))
        self.assertEqual(self.relief(move)[9], self.expected((20, 4.2), (20, 1.8))[9])
        self.credit(move, self.line(110, 9))
        self.assertEqual((self.card.points, self.relief(move)), (1000, self.expected((0, 0), (0, 0))))

    def test_thirds_posted_at_once(self):
        """N29, N4, B15: thirds of one line that are posted together: no cent is rounded twice."""
        move = self.make_invoice(self.line(300, 9))
        self.pay_with_points(move, 460)
        notes = self.env["account.move"].union(*(self.credit(move, self.line(100, 9), post=False) for __ in range(3)))
        notes.with_user(self.clerk).action_post()
        self.assertEqual(sorted(notes.mapped("loyalty_amount_redeemed")), [15.33, 15.33, 15.34])
        self.assertEqual((self.card.points, sorted(notes.mapped("loyalty_points_redeemed"))), (1000, [153, 153, 154]))

    def pay_with_points(self, move, points):
        move.action_post()
        self.apply_points(move, points)

    def expected(self, at_21, at_9):
        return {21: at_21, 9: at_9}


class PartsAfterPosting(PartsOfRedemption):
    """What holds where points cover a posted invoice."""

    def test_points_after_a_credit_note(self):
        """N29, N4: points that are redeemed after the line at 9 % was credited relieve VAT at 21 % only."""
        move = self.make_invoice(self.line(100, 21), self.line(100, 9), post=True)
        self.credit(move, self.line(100, 9))
        self.apply_points(move, 605)
        self.assertEqual(self.relief(move), self.expected((50, 10.5), (0, 0)))
        self.credit(move, self.line(50, 21))
        self.credit(move, self.line(50, 21))
        self.assertEqual(self.relief(move), self.expected((0, 0), (0, 0)))
        self.assertEqual(self.card.points, 1000)


@tagged("post_install", "-at_install")
class TestPartsInputTax(PartsAfterPosting, TwoRatesCase):
    def test_tax_map_changed_since(self):
        """N29, N4: what a redemption booked is what comes back, whatever the tax mapping says by now."""
        move = self.sell()
        other = self.purchase_taxes[9].copy()
        self.program.tax_map_ids.filtered(lambda row: row.sale_tax_id == self.sale_taxes[9]).purchase_tax_id = other
        self.program.tax_map_ids.filtered(lambda row: row.sale_tax_id == self.sale_taxes[21]).unlink()
        self.program.cost_account_id = self.make_account("Another", "610901", "expense")
        self.credit(move, self.line(100, 9))
        back = self.documents(move).filtered(lambda entry: entry.origin_payment_id.payment_type == "outbound")
        self.assertEntry(
            back,
            [
                (self.cost_account, -20.0, [self.tags["purchase", 9, "refund", "base"]]),
                (self.input_vat, -1.8, [self.tags["purchase", 9, "refund", "tax"]]),
                (self.receivable, 21.8, []),
            ],
        )
        self.credit(move, self.line(100, 21))
        self.assertEqual((self.card.points, self.vat(*self.documents(move))), (1000, 0))


@tagged("post_install", "-at_install")
class TestPartsReductionOfDraft(PartsOfRedemption, TwoRatesCase):
    def setUp(self):
        super().setUp()
        self.use_price_reduction()

    def start(self):
        return self.sell(draft=True)

    def test_lines_of_points_that_the_goods_do_not_justify(self):
        """N29, N4: a credit note of one line that kept all lines of points takes back those of its goods only."""
        move = self.sell(draft=True)
        note = self.credit(move, post=False)
        note.write(
            {
                "invoice_line_ids": [
                    Command.delete(line.id)
                    for line in note.invoice_line_ids
                    if not line.is_loyalty_reduction and line.tax_ids == self.sale_taxes[21]
                ]
            }
        )
        note.action_post()
        self.assertEqual(self.relief(move), self.expected((20, 4.2), (0, 0)))
        self.assertEqual((note.amount_total, self.card.points), (87.2, 758))


@tagged("post_install", "-at_install")
class TestPartsReductionAfterPosting(PartsAfterPosting, TwoRatesCase):
    def setUp(self):
        super().setUp()
        self.use_price_reduction()


@tagged("post_install", "-at_install")
class TestPartsTender(TwoRatesCase):
    vat_mode = "tender"

    def test_line_comes_back(self):
        """N29, N4: as means of payment points have no VAT; what comes back of them is the share of the line."""
        move = self.sell()
        self.credit(move, self.line(100, 9))
        self.assertEqual((self.card.points, self.vat(*self.documents(move))), (758, 21))
        self.credit(move, self.line(100, 21))
        self.assertEqual((self.card.points, self.vat(*self.documents(move))), (1000, 0))
