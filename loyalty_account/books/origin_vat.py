"""VAT of a redemption at the rates of the sales that earned its points, lot by lot. No ORM (N17).

What it is. A redemption takes points of lots; each lot came with a sale, whose gross by sets of taxes the earning keeps. The
money of the redemption is shared over the lots by their points, and over the sets of a lot by their gross; each share
carries the VAT of its set. Lots without a sale carry none.

How to use it. 5.00 for 300 points of a sale at 19 % and 200 of one at 7 %:

>>> lots = [(300, [Taxed((1,), 119, {1: Fraction(19, 119)})]), (200, [Taxed((2,), 107, {2: Fraction(7, 107)})])]
>>> [(share.lot, share.gross, share.vat) for share in share_relief(500, lots)]
[(0, 300, {1: 48}), (1, 200, {2: 13})]

Money is in whole units of the currency (cents), points in whole units of theirs.
"""

from fractions import Fraction
from typing import NamedTuple

from odoo.tools import groupby

from odoo.addons.loyalty_ledger.ledger.rounding import half_up


class Taxed(NamedTuple):
    """What of a sale has the same taxes: ``key`` names the set, ``weight`` is its gross, ``parts`` says which fraction of a
    gross amount each tax takes."""

    key: tuple
    weight: float
    parts: dict


class Share(NamedTuple):
    """A part of a redemption: of which lot (its position), which set of taxes, how many points, how much, with which VAT."""

    lot: int
    key: tuple
    points: int
    gross: int
    vat: dict

    def taken(self, gross, before):
        """Return what ``gross`` more of this share brings back after ``before`` did, by cumulative rounding.

        >>> share = Share(0, (1,), 300, 300, {1: 48})
        >>> share.taken(100, share.taken(0, None)).vat, share.taken(200, share.taken(100, None)).vat
        ({1: 16}, {1: 32})
        """
        gone = before or Share(self.lot, self.key, 0, 0, {})
        after = gone.gross + gross

        def part(whole, earlier):
            target = whole if after >= self.gross else half_up(Fraction(whole * after, self.gross))
            return target - earlier

        vat = {tax: part(amount, gone.vat.get(tax, 0)) for tax, amount in self.vat.items()}
        return Share(self.lot, self.key, part(self.points, gone.points), gross, vat)


def share_relief(gross, lots):
    """Return the :class:`Share` list of a redemption of ``gross``, in the order of the lots.

    Cumulative rounding: money, points of a lot and the VAT of each tax add up to their rounded totals.

    :param lots: list of ``(points, [Taxed])`` in the order of use; without sets where there was no sale
    """
    shares, whole = [], sum(points for points, __ in lots)
    money, rounded = Fraction(0), 0
    vat, vat_rounded = {}, {}
    for position, (points, sets) in enumerate(lots):
        sets = [taxed for taxed in sets if taxed.weight > 0] or [Taxed((), 1, {})]
        weights = [Fraction(repr(taxed.weight) if isinstance(taxed.weight, float) else taxed.weight) for taxed in sets]
        counted, before = Fraction(0), 0
        for taxed, weight in zip(sets, weights):
            exact = Fraction(gross * points, whole) * weight / sum(weights)
            money += exact
            amount, rounded = half_up(money) - rounded, half_up(money)
            counted += weight
            after = half_up(points * counted / sum(weights))
            of_taxes = {}
            for tax, part in taxed.parts.items():
                vat[tax] = vat.get(tax, 0) + exact * part
                of_taxes[tax] = half_up(vat[tax]) - vat_rounded.get(tax, 0)
                vat_rounded[tax] = half_up(vat[tax])
            shares.append(Share(position, taxed.key, after - before, amount, of_taxes))
            before = after
    return shares


def shares_back(gross, shares, back):
    """Return ``{position of a share: Share}`` of what comes back with ``gross``: lots that were used last come back first.

    The points of a lot are alike: where its sale had several rates, each comes back by its part.

    :param shares: as :func:`share_relief` made them
    :param back: ``{position: Share}`` that came back before

    >>> shares = [Share(0, (1,), 300, 300, {1: 48}), Share(1, (2,), 200, 200, {2: 13})]
    >>> [(position, share.gross, share.vat) for position, share in shares_back(250, shares, {}).items()]
    [(1, 200, {2: 13}), (0, 50, {1: 8})]
    >>> shares = [Share(0, (1,), 300, 300, {1: 48}), Share(0, (2,), 100, 100, {2: 7})]
    >>> [(position, share.gross, share.vat) for position, share in shares_back(200, shares, {}).items()]
    [(0, 150, {1: 24}), (1, 50, {2: 4})]
    """
    result, left = {}, gross
    positions = range(len(shares))
    for __, group in groupby(reversed(positions), lambda position: shares[position].lot):
        group = sorted(group)
        if left <= 0 and any(shares[position].gross for position in group):
            break
        parts = _parts_of_lot(left, [shares[number] for number in group], [back.get(number) for number in group])
        for position, part in zip(group, parts):
            if part or not shares[position].gross and back.get(position) is None:
                result[position] = shares[position].taken(part, back.get(position))
        left -= sum(parts)
    return result


def _parts_of_lot(gross, shares, back):
    """Return what of ``gross`` each share of a lot takes, by cumulative rounding; at most what is left of it.

    >>> shares = [Share(0, (1,), 1, 5, {}), Share(0, (2,), 1, 5, {})]
    >>> _parts_of_lot(3, shares, [None, None]), _parts_of_lot(9, shares, [None, Share(0, (2,), 1, 5, {})])
    ([2, 1], [5, 0])
    """
    gone = [share.gross if share else 0 for share in back]
    rooms = [share.gross - before for share, before in zip(shares, gone)]
    gross = min(gross, sum(rooms))
    whole, after = sum(share.gross for share in shares), sum(gone) + gross
    parts, counted, rounded = [], 0, 0
    for share, before, room in zip(shares, gone, rooms):
        counted += share.gross
        target = half_up(Fraction(counted * after, whole)) if whole else 0
        parts.append(max(0, min(room, target - rounded - before, gross - sum(parts))))
        rounded = target
    for number in reversed(range(len(parts))):  # what rounding, or an earlier release, left on others
        parts[number] += min(gross - sum(parts), rooms[number] - parts[number])
    return parts


def shares_back_of(parts, shares, back):
    """Return ``{position of a share: Share}`` like :func:`shares_back`, where several cards paid.

    :param parts: list of ``(gross, positions of the shares that it brings back first)``, one for each card. What they do
        not hold comes back of the others, those taken last first.

    >>> shares = [Share(0, (1,), 300, 300, {1: 48}), Share(1, (2,), 200, 200, {2: 13})]
    >>> back = shares_back_of([(150, [0]), (100, [1])], shares, {})
    >>> [(position, share.gross, share.vat) for position, share in sorted(back.items())]
    [(0, 150, {1: 24}), (1, 100, {2: 7})]
    """
    result, gone = {}, dict(back)

    def take(gross, positions):
        """Bring ``gross`` back of some shares and return what they do not hold."""
        own = list(positions)
        before = {number: gone[position] for number, position in enumerate(own) if position in gone}
        taken = shares_back(gross, [shares[position] for position in own], before)
        for number, share in taken.items():
            position = own[number]
            result[position] = joined(result.get(position), share)
            gone[position] = joined(gone.get(position), share)
        return gross - sum(share.gross for share in taken.values())

    if left := sum(take(gross, positions) for gross, positions in parts):
        take(left, range(len(shares)))
    return result


def joined(one, other):
    """Return two parts of the same share as one; the first may be None.

    >>> joined(Share(0, (1,), 100, 100, {1: 16}), Share(0, (1,), 50, 50, {1: 8}))
    Share(lot=0, key=(1,), points=150, gross=150, vat={1: 24})
    """
    if one is None:
        return other
    vat = {tax: one.vat.get(tax, 0) + other.vat.get(tax, 0) for tax in {**one.vat, **other.vat}}
    return other._replace(points=one.points + other.points, gross=one.gross + other.gross, vat=vat)
