"""Points that cover all of a document, or all that is left of it, leave neither money nor tax, in both currencies."""

from odoo.tests import tagged

from .proof_common import ProofVerbs
from .test_redemption_reduction import ReductionCase

#: Lines (price, rate, quantity) whose taxes do not add up to the tax of their total.
FIVES = [(49.37, 5, 2), (2.5, 15, 3), (35.31, 5, 2), (46.28, 5, 2), (48.17, 5, 3), (32.49, 15, 1)]
FIFTEENS = [(50.44, 15, 1), (59.9, 15, 1), (40.35, 15, 3), (45.54, 15, 3), (17.22, 15, 2)]
INCLUDED = [(15.81, 15, 2), (34.5, 15, 1), (24.87, 15, 1)]
MIXED = [(36.91, 5, 1), (11.41, 15, 2), (30.32, 15, 2), (33.39, 15, 3), (22.93, 5, 3)]
OTHERS = [(51.98, 5, 2), (30.62, 15, 1), (48.29, 5, 3), (36.95, 15, 1), (26.96, 15, 1)]


@tagged("post_install", "-at_install")
class TestReductionWhole(ProofVerbs, ReductionCase):
    point_value = 0.01

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.grant(10**6)
        cls.weak = cls.setup_other_currency("EUR", rates=[("2020-01-01", 1.25)])
        cls.strong = cls.setup_other_currency("GBP", rates=[("2020-01-01", 0.64)])

    def sell(self, basket, posted, method="round_per_line", included=False, currency=None):
        self.company.tax_calculation_rounding_method = method
        taxes = self.env["account.tax"].union(*self.sale_taxes.values())
        taxes.price_include_override = "tax_included" if included else "tax_excluded"
        lines = [self.line(price, rate, quantity=quantity) for price, rate, quantity in basket]
        return self.make_invoice(*lines, post=posted, currency_id=(currency or self.company.currency_id).id)

    def pay_wholly(self, move, steps=1):
        """Pay all that is due with points, in equal steps."""
        for step in range(steps, 0, -1):
            due = move._loyalty_payable_amount(self.program)
            self.apply_points(move, amount=round(due / step, 2))
        if move.state == "draft":
            move.action_post()
        self.assertEqual(move.amount_residual, 0)

    def assertNothingLeft(self, move):
        """Neither tax nor base is left in both currencies, nor anything on the receivable account."""
        documents = move | move.reversal_move_ids
        everything = documents | documents.loyalty_redeem_return_ids
        for tax in self.sale_taxes.values():
            for lines in (
                everything.line_ids.filtered(lambda line: line.tax_line_id == tax),  # noqa: B023 used at once
                everything.line_ids.filtered(lambda line: tax in line.tax_ids),  # noqa: B023 used at once
            ):
                found = [round(sum(lines.mapped(name)), 2) for name in ("amount_currency", "balance")]
                self.assertEqual(found, [0, 0], tax.name)
        self.assertAlmostEqual(sum(everything._loyalty_receivable().mapped("balance")), 0)

    def test_all_at_once(self):
        """N29, N3: points cover the whole document: residual, tax and base are 0.00, whatever the lines were rounded to."""
        for case in (
            (FIVES, True),
            (FIFTEENS, False),
            ([(7.63, 5, 2), (14.6, 5, 3), (29.79, 5, 2)], True, "round_per_line", True),
            (MIXED, False, "round_globally", False, self.strong),
            (OTHERS, True, "round_globally", False, self.strong),
            (INCLUDED, False, "round_per_line", True, self.weak),
            ([(22.41, 5, 1), (11.83, 15, 1), (8.47, 15, 2)], False, "round_per_line", False, self.strong),
            ([(24.18, 15, 3), (31.09, 15, 1)], True, "round_per_line", True, self.weak),
        ):
            with self.subTest(case=case):
                move = self.sell(*case)
                self.pay_wholly(move)
                self.assertNothingLeft(move)

    def test_in_steps(self):
        """N29, N3: points cover a posted invoice in three steps, in both methods of rounding: the last one takes what
        the others left of each rate."""
        for basket, method in ((FIVES, "round_per_line"), (MIXED, "round_globally"), (FIFTEENS, "round_globally")):
            with self.subTest(basket=basket, method=method):
                move = self.sell(basket, True, method)
                self.pay_wholly(move, steps=3)
                self.assertEqual(len(move._loyalty_reductions()), 3)
                self.assertNothingLeft(move)

    def test_draft_and_posted(self):
        """N29, N3: half on the draft, the rest on the posted invoice."""
        move = self.sell(FIVES, False)
        half = round(move.amount_total / 2, 2)
        self.apply_points(move, amount=half)
        move.action_post()
        self.pay_wholly(move)
        self.assertNothingLeft(move)

    def test_after_a_credit_note(self):
        """N29, N3, N4: one line was credited before points cover the rest."""
        move = self.sell(FIVES, True)
        price, rate, quantity = FIVES[0]
        self.credit(move, self.line(price, rate, quantity=quantity))
        self.pay_wholly(move)
        self.assertNothingLeft(move)

    def test_credited(self):
        """N29, N4: what points covered wholly is credited wholly: every account is 0.00 and the points are back."""
        points = self.card.points
        for case in (
            (FIVES, False),
            (FIFTEENS, True),
            (MIXED, False, "round_globally", False, self.strong),
            (INCLUDED, False, "round_per_line", True, self.weak),
        ):
            with self.subTest(case=case):
                move = self.sell(*case)
                self.pay_wholly(move)
                note = self.credit(move)
                self.assertEqual((note.amount_residual, move.amount_residual, self.card.points), (0, 0, points))
                self.assertNothingLeft(move)
        self.assertSound()
