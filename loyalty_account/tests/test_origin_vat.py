import random
from fractions import Fraction

from odoo.tests import BaseCase, tagged

from ..books.origin_vat import Taxed, share_relief, shares_back
from .golden_vat_rates_of_earning import CASES


@tagged("post_install", "-at_install")
class TestOriginVat(BaseCase):
    """The arithmetic of VAT at the rates of the sales that earned."""

    def lots(self, chance):
        result = []
        for __ in range(chance.randint(1, 12)):
            sets = [
                Taxed((rate,), chance.randint(1, 10**5) / 100, {rate: Fraction(rate, 100 + rate)} if rate else {})
                for rate in chance.sample((0, 5, 7, 19, 20), chance.randint(0, 3))
            ]
            result.append((chance.randint(1, 10**7), sets))
        return result

    def test_golden(self):
        """N17: the golden cases, in cents."""
        for case in CASES:
            lots = [
                (round(amount * 100), [Taxed((rate,), 1, {rate: Fraction(rate, 100 + rate)})] if rate else [])
                for amount, rate in case["lots"]
            ]
            shares = share_relief(round(case["redeemed"] * 100), lots)
            found = {}
            for share in shares:
                for rate, vat in share.vat.items():
                    found[rate] = found.get(rate, 0) + vat
            self.assertEqual({rate: vat / 100 for rate, vat in found.items()}, case["vat"])

    def test_shares_add_up(self):
        """N17: money and points add up, VAT is that of the exact shares to the cent, and returns in any parts bring back
        all of it, never more than there is."""
        chance = random.Random(19)
        for __ in range(200):
            lots, gross = self.lots(chance), chance.randint(1, 10**5)
            shares = share_relief(gross, lots)
            self.assertEqual(sum(share.gross for share in shares), gross)
            self.assertEqual(sum(share.points for share in shares), sum(points for points, __ in lots))
            whole, exact = sum(points for points, __ in lots), {}
            for points, sets in lots:
                weight = sum(Fraction(repr(taxed.weight)) for taxed in sets)
                for taxed in sets:
                    for rate, part in taxed.parts.items():
                        share = Fraction(gross * points, whole) * Fraction(repr(taxed.weight)) / weight
                        exact[rate] = exact.get(rate, 0) + share * part
            for rate, vat in exact.items():
                booked = sum(share.vat.get(rate, 0) for share in shares)
                self.assertLessEqual(abs(booked - vat), Fraction(1, 2))
            self.assertReturned(chance, gross, shares)

    def assertReturned(self, chance, gross, shares):
        back, left = {}, gross
        while left:
            part = min(left, chance.randint(1, gross))
            returned = shares_back(part, shares, back)
            self.assertEqual(sum(share.gross for share in returned.values()), part)
            for position, share in returned.items():
                before = back.get(position)
                if before:
                    vat = {tax: cents + before.vat.get(tax, 0) for tax, cents in share.vat.items()}
                    share = share._replace(
                        gross=share.gross + before.gross, points=share.points + before.points, vat=vat
                    )
                back[position] = share
            left -= part
        for position, share in enumerate(shares):
            whole = back.get(position)
            if share.gross:
                self.assertEqual((whole.gross, whole.points, whole.vat), (share.gross, share.points, share.vat))
