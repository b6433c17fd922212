"""Several taxes on one line, one of them on top of the other: points lower the price with all of them, to the cent."""

from odoo.fields import Command
from odoo.tests import tagged

from .proof_common import ProofVerbs
from .redemption_common import RedemptionCase
from .test_redemption_reduction import ReductionCase


class TaxOnTax(ProofVerbs):
    point_value = 0.1

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.grant(9000)
        cls.eco_vat = cls.make_account("Eco VAT", "251902", "liability_current")
        cls.first = cls.make_tax("sale", 10, include_base_amount=True, sequence=1)
        cls.first.repartition_line_ids.filtered(lambda line: line.repartition_type == "tax").account_id = cls.eco_vat
        cls.second = cls.make_tax("sale", 20, sequence=2)

    def compound(self, price, **values):
        return {"price_unit": price, "tax_ids": [Command.set((self.first | self.second).ids)], **values}

    def balances(self, *moves):
        """Return ``{account name: balance}`` of these entries together, without what is 0."""
        totals = {}
        for line in self.env["account.move"].union(*moves).line_ids:
            totals[line.account_id.name] = round(totals.get(line.account_id.name, 0) + line.balance, 2)
        return {name: amount for name, amount in totals.items() if amount}


@tagged("post_install", "-at_install")
class TestReductionTaxOnTax(TaxOnTax, ReductionCase):
    def check(self, price, points, net, first, second, rounding, included, posted):
        self.company.tax_calculation_rounding_method = rounding
        (self.first | self.second).price_include_override = "tax_included" if included else "tax_excluded"
        gross = round(price * 1.32, 2)
        move = self.make_invoice(self.compound(gross if included else price), post=posted)
        self.assertEqual(move.amount_total, gross)
        self.apply_points(move, points)
        if posted:
            note = move._loyalty_reductions()
        else:
            move.action_post()
            note = move.browse()
        lines = (note or move).line_ids
        amount = round(points * 0.1, 2)
        reduction = lines.filtered("is_loyalty_reduction")
        self.assertEqual((reduction.balance, abs(reduction.price_total)), (net, amount))
        found = {
            tax: round(sum(lines.filtered(lambda line, tax=tax: line.tax_line_id == tax).mapped("balance")), 2)
            + (0.0 if posted else round(price * share, 2))
            for tax, share in ((self.first, 0.1), (self.second, 0.22))
        }
        self.assertEqual(
            (round(found[self.first], 2), round(found[self.second], 2)), (first, second), (rounding, included, posted)
        )
        self.assertSound()
        return move, note

    def test_half(self):
        """N29, N3: 100.00 + 10 % + 20 % on both = 132.00, of which points cover 66.00: half of each tax, in both
        methods of rounding, with prices that include the taxes or not, before and after posting; the credit note takes
        it back."""
        for rounding in ("round_per_line", "round_globally"):
            for included in (False, True):
                for posted in (False, True):
                    with self.subTest(rounding=rounding, included=included, posted=posted):
                        move, note = self.check(100, 660, 50, 5, 11, rounding, included, posted)
                        back = self.credit(move)
                        self.assertEqual((move.amount_residual, back.amount_residual), (0, 0))
                        everything = move | note | back | back.loyalty_redeem_return_ids | move.reversal_move_ids
                        everything |= note.loyalty_redeem_return_ids
                        self.assertEqual(self.balances(everything), {})
                        self.assertSound()

    def test_odd_amount(self):
        """N29, N3: 17.30 of 132.00: net 13.11, taxes 1.31 and 2.88, together what the points cover."""
        for posted in (False, True):
            with self.subTest(posted=posted):
                self.check(100, 173, 13.11, 1.31, 2.88, "round_per_line", False, posted)

    def test_half_of_the_goods(self):
        """N29, N4: half of the line comes back with half of the points and half of each tax."""
        move = self.make_invoice(self.compound(100, quantity=2))
        self.apply_points(move, 660)
        move.action_post()
        note = self.credit(move, self.compound(100))
        self.assertEqual((note.amount_total, note.loyalty_redeem_points), (99, 330))
        self.assertEqual(
            self.balances(note),
            {
                "Eco VAT": 7.5,
                "Output VAT": 16.5,
                self.receivable.name: -99,
                self.revenue.name: 100,
                "Sales Paid with Points": -25,
            },
        )
        self.assertSound()


@tagged("post_install", "-at_install")
class TestInputTaxOnTax(TaxOnTax, RedemptionCase):
    def test_half(self):
        """N29, N3: recovered input tax of goods with a tax on a tax."""
        taxes = [
            self.make_tax("purchase", 10, include_base_amount=True, sequence=1),
            self.make_tax("purchase", 20, sequence=2),
        ]
        self.program.tax_map_ids = [
            Command.create({"sale_tax_id": sale.id, "purchase_tax_id": purchase.id})
            for sale, purchase in zip((self.first, self.second), taxes)
        ]
        move = self.make_invoice(self.compound(100), post=True)
        self.apply_points(move, 660)
        payment = self.loyalty_payments(move)
        self.assertEqual(
            self.balances(payment.move_id),
            {"Loyalty Points Redeemed": 50, "Input VAT": 16, self.receivable.name: -66},
        )
        self.assertSound()
        self.credit(move)
        self.assertSound()
