from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.loyalty_ledger.ledger.rounding import next_part, part_of, share_out, split, to_cents

from ..books.vat_split import gross_of_sets, kept_by_exchanges, lines_back, parts_back, wanted_back
from .golden_vat_split import REFUND_IN_THIRDS, SEVERAL_RATES

quick = settings(
    max_examples=200, deadline=None, database=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
cents = st.integers(min_value=0, max_value=10**9).map(lambda value: value / 100)


@tagged("post_install", "-at_install")
class TestVatSplit(BaseCase):
    """The arithmetic of redemptions, without a database."""

    def test_several_rates(self):
        """S24: gross is shared over the rates pro rata, remainder to the largest."""
        for case in SEVERAL_RATES:
            weights = [line["gross"] for line in case["lines"] if line.get("payable", True)]
            self.assertEqual(split(case["gross"], weights), [share["gross"] for share in case["split"]])

    def test_refund_in_thirds(self):
        """S24: three equal refunds take back the VAT to the cent."""
        self.assertEqual([next_part(6.52, step, 1, 3) for step in range(3)], REFUND_IN_THIRDS)
        self.assertEqual([next_part(6.52, before, 16.67, 50.01) for before in (0, 16.67, 33.34)], REFUND_IN_THIRDS)

    def test_units(self):
        """Amounts are counted in the currency's own unit, half away from zero."""
        self.assertEqual(to_cents(2.675), 268)
        self.assertEqual(to_cents(-2.675), -268)
        self.assertEqual(to_cents(10.02, 0.05), 200)
        self.assertEqual(split(1000, [1, 1, 1], 1), [334, 333, 333])
        self.assertEqual(split(0.05, [0, 0]), [0.05, 0.0])
        self.assertEqual(split(5, []), [])

    @quick
    @given(cents, st.lists(cents, min_size=1, max_size=8))
    def test_split_adds_up(self, total, weights):
        shares = split(total, weights)
        self.assertEqual(sum(map(to_cents, shares)), to_cents(total))
        whole = sum(weights)
        if whole:
            for share, weight in zip(shares, weights):
                if weight != max(weights):
                    self.assertLessEqual(abs(share - total * weight / whole), 0.005 + 1e-6 * total)

    @quick
    @given(cents, st.lists(st.integers(min_value=1, max_value=10**6), min_size=1, max_size=8))
    def test_parts_add_up(self, total, parts):
        """However often something comes back: the last part takes the remainder, and no part is negative."""
        whole, before, taken = sum(parts), 0, 0
        for part in parts:
            share = next_part(total, before, part, whole)
            self.assertGreaterEqual(share, 0)
            before += part
            taken += to_cents(share)
            self.assertEqual(taken, to_cents(part_of(total, before, whole)))
        self.assertEqual(taken, to_cents(total))

    def test_part_of_a_set(self):
        """N29, N4: 46.00 of 121.00 at 21 % and 109.00 at 9 %: what comes back for a line has the VAT of that line."""
        nets, taxes = [20.0, 20.0], [(4.2, [0]), (1.8, [1])]
        shares, __ = gross_of_sets(nets, taxes)
        self.assertEqual(shares, [24.2, 21.8])
        for returned, net, vat in (
            ([0, 109], [0.0, 20.0], [0.0, 1.8]),
            ([0, 54.5], [0.0, 10.0], [0.0, 0.9]),
            ([121, 0], [20.0, 0.0], [4.2, 0.0]),
            ([60.5, 54.5], [10.0, 10.0], [2.1, 0.9]),
        ):
            wanted = wanted_back(shares, [0, 0], [121, 109], returned)
            parts = parts_back(sum(wanted), shares, [0, 0], wanted)
            self.assertEqual(lines_back(nets, taxes, [0, 0], [0, 0], parts), (net, vat))

    def test_more_or_less_than_the_goods_say(self):
        """N29, N4: a lump sum takes what the sets have left; where less comes back, none gives more than it should."""
        self.assertEqual(parts_back(46, [24.2, 21.8], [0, 0], [0, 21.8]), [24.2, 21.8])
        self.assertEqual(parts_back(10, [24.2, 21.8], [0, 10], [0, 11.8]), [0.0, 10.0])
        self.assertEqual(parts_back(99, [24.2, 21.8], [0, 0], [0, 0]), [24.2, 21.8], "never more than there is")

    def test_what_an_exchange_left(self):
        """N29, N4: the goods of a return come first, then what an exchange left, then what other sets have."""
        shares, back, wanted, kept = [24.2, 23.0, 21.8], [6.0, 0, 0], [18.2, 23.0, 0], [18.2, 0, 0]
        for part, parts in (
            (11.5, [0.0, 11.5, 0.0]),
            (23.0, [0.0, 23.0, 0.0]),
            (30.0, [7.0, 23.0, 0.0]),
            (41.2, [18.2, 23.0, 0.0]),
            (51.2, [18.2, 23.0, 10.0]),
        ):
            self.assertEqual(parts_back(part, shares, back, wanted, kept=kept), parts)
        self.assertEqual(kept_by_exchanges(wanted, [7.0, 23.0, 0], kept, False), [11.2, 0.0, 0.0])
        self.assertEqual(kept_by_exchanges(wanted, [0, 11.5, 0], kept, False), [18.2, 0.0, 0.0], "no exchange")
        self.assertEqual(kept_by_exchanges(wanted, [0, 11.5, 0], kept, True), [18.2, 11.5, 0.0])

    @quick
    @given(cents, st.lists(cents, min_size=1, max_size=8))
    def test_shares_stay_in_their_rooms(self, total, rooms):
        """N29: shares by cumulative rounding add up, and none is negative or above its room."""
        shares = share_out(total, rooms)
        self.assertEqual(sum(map(to_cents, shares)), min(to_cents(total), sum(map(to_cents, rooms))))
        for share, room in zip(shares, rooms):
            self.assertTrue(0 <= to_cents(share) <= to_cents(room))

    @quick
    @given(
        st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 30)), min_size=1, max_size=4),
        st.lists(st.lists(st.integers(0, 5), min_size=4, max_size=4), min_size=1, max_size=6),
        st.booleans(),
    )
    def test_sets_in_parts(self, sets, steps, shared):
        """N29, N4: whatever comes back in which order, each line is back to the cent in the end, and none before."""
        nets = [net / 100 for net, __ in sets]
        taxes = [(round(net * rate / 100) / 100, [position]) for position, (net, rate) in enumerate(sets)]
        if shared:
            taxes.append((round(sum(nets) * 0.03, 2), list(range(len(sets)))))
        shares, __ = gross_of_sets(nets, taxes)
        whole = [sum(step[position] for step in steps) + 1 for position in range(len(sets))]
        done = [0] * len(sets)
        nets_back, taxes_back = [0.0] * len(sets), [0.0] * len(taxes)
        for step in [*steps, [1] * 4]:
            done = [before + more for before, more in zip(done, step)]
            back, __ = gross_of_sets(nets_back, [(amount, of) for amount, (__, of) in zip(taxes_back, taxes)])
            wanted = wanted_back(shares, back, whole, done)
            parts = parts_back(sum(wanted), shares, back, wanted)
            net, tax = lines_back(nets, taxes, nets_back, taxes_back, parts)
            self.assertEqual(sum(map(to_cents, [*net, *tax])), sum(map(to_cents, parts)))
            nets_back = [round(before + more, 2) for before, more in zip(nets_back, net)]
            taxes_back = [round(before + more, 2) for before, more in zip(taxes_back, tax)]
        self.assertEqual(nets_back, nets)
        self.assertEqual(taxes_back, [amount for amount, __ in taxes])
