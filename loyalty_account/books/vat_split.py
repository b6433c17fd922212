"""How the money of a redemption is shared: over tax rates, and over partial refunds.

Amounts are rounded half away from zero to the currency's smallest unit, as Odoo's ``res.currency.round`` does, and all
sums are made in whole units, so that shares always add up to the cent. No ORM.
"""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction


def to_cents(amount, unit=0.01):
    """Return ``amount`` as a whole number of currency units (cents for ``unit`` 0.01)."""
    # repr of a float is the shortest decimal that names it: 33.33 stays 33.33.
    return int((Decimal(repr(float(amount))) / Decimal(repr(float(unit)))).to_integral_value(ROUND_HALF_UP))


def from_cents(cents, unit=0.01):
    """Return a whole number of currency units as an amount, the float closest to it."""
    return float(cents * Decimal(repr(float(unit))))


def half_up(value):
    """Round a :class:`fractions.Fraction` to a whole number, half away from zero."""
    sign = -1 if value < 0 else 1
    return sign * int(abs(value) + Fraction(1, 2))


def split(total, weights, unit=0.01):
    """Share ``total`` pro rata to ``weights``: share i = round(total x weight i / sum), remainder to the largest.

    >>> split(50.0, [115.0, 210.0, 50.0])
    [15.33, 28.0, 6.67]

    :param total: amount, also negative
    :param weights: amounts of which none is negative; where all are zero the first takes everything
    :param unit: smallest unit of the currency
    :return: list of amounts in the order of ``weights`` whose sum is ``total``
    """
    cents = to_cents(total, unit)
    shares = [to_cents(weight, unit) for weight in weights]
    if not shares:
        return []
    whole = sum(shares)
    result = [half_up(Fraction(cents * share, whole)) if whole else 0 for share in shares]
    # The largest carries the remainder: there it matters least. The first of equals, so that the result is stable.
    result[shares.index(max(shares))] += cents - sum(result)
    return [from_cents(share, unit) for share in result]


def exact(number):
    """Return the decimal number that a float stands for, without its binary error."""
    return Fraction(Decimal(repr(float(number))))


def part_of(total, part, whole, unit=0.01):
    """Return round(total x part / whole): what belongs to ``part`` after the first ``part`` of ``whole`` came back.

    >>> part_of(6.52, 33.33, 50.0)
    4.35

    :param part: cumulative amount so far; from ``whole`` on it is the total
    :param unit: what the result is rounded to
    """
    if exact(part) >= exact(whole):
        return total
    return from_cents(half_up(to_cents(total, unit) * exact(part) / exact(whole)), unit)


def next_part(total, before, part, whole, unit=0.01):
    """Return what a partial refund takes of ``total``: cumulative rounding, so that the last one takes the remainder.

    >>> [next_part(6.52, before, 1, 3, 0.01) for before in (0, 1, 2)]
    [2.17, 2.18, 2.17]

    :param total: what there is to take back, for example the VAT of a redemption
    :param before: part of ``whole`` that came back before
    :param part: part of ``whole`` that comes back now
    """
    taken = to_cents(part_of(total, before, whole, unit), unit) if before else 0
    return from_cents(to_cents(part_of(total, before + part, whole, unit), unit) - taken, unit)


def share_out(total, rooms, unit=0.01):
    """Share ``total`` pro rata to ``rooms`` by cumulative rounding: no share is negative or above its room.

    >>> share_out(0.02, [0.01, 0.01, 0.01, 0.01])
    [0.01, 0.0, 0.01, 0.0]

    :param total: amount that is not negative; what is above the sum of all rooms stays out
    :param rooms: amounts of which none is negative
    """
    rooms = [to_cents(room, unit) for room in rooms]
    whole = sum(rooms)
    cents = min(to_cents(total, unit), whole)
    shares, counted, before = [], 0, 0
    for room in rooms:
        counted += room
        after = half_up(Fraction(cents * counted, whole)) if whole else 0
        shares.append(from_cents(after - before, unit))
        before = after
    return shares


def wanted_back(shares, back, sold, returned, unit=0.01):
    """Return what comes back of each set of taxes of a redemption, because goods of that set are returned.

    Cumulative rounding for each set: when all its goods are back, so is all that points paid of it, to the cent.

    >>> wanted_back([24.2, 21.8], [0, 0], [121, 109], [0, 54.5])
    [0.0, 10.9]

    :param shares: gross that points paid of each set
    :param back: gross of each set that came back before
    :param sold: gross of the goods of each set that the redemption was made for
    :param returned: gross of these goods that is returned, this return included
    """
    wanted = []
    for share, earlier, goods, gone in zip(shares, back, sold, returned):
        target = part_of(share, min(max(gone, 0), goods), goods, unit) if goods > 0 else 0
        wanted.append(from_cents(max(0, to_cents(target, unit) - to_cents(earlier, unit)), unit))
    return wanted


def parts_back(part, shares, back, wanted, unit=0.01):
    """Return how ``part`` of a redemption comes back over its sets of taxes; it adds up to ``part``.

    As ``wanted`` by the goods of each set (:func:`wanted_back`). Where less comes back than that, all sets give less;
    where more does (a lump sum, taxes that the sale did not have), it is taken pro rata from what sets have left.

    >>> parts_back(30.0, [24.2, 21.8], [0, 0], [0, 21.8])
    [8.2, 21.8]
    """
    total, asked = to_cents(part, unit), sum(to_cents(amount, unit) for amount in wanted)
    if total <= asked:
        return share_out(part, wanted, unit)
    left = [
        from_cents(max(0, to_cents(share, unit) - to_cents(earlier, unit) - to_cents(amount, unit)), unit)
        for share, earlier, amount in zip(shares, back, wanted)
    ]
    more = share_out(from_cents(total - asked, unit), left, unit)
    return [from_cents(to_cents(amount, unit) + to_cents(extra, unit), unit) for amount, extra in zip(wanted, more)]


def gross_of_sets(nets, taxes, unit=0.01):
    """Return ``(gross of each set, its part of each tax)`` of booked lines.

    A tax that several sets have is shared pro rata to their nets, remainder to the largest.

    :param nets: net of each set
    :param taxes: list of (amount, positions of the sets that have this tax)
    :return: list of amounts, and for each tax a dict position -> amount

    >>> gross_of_sets([20.0, 20.0], [(4.2, [0]), (1.8, [1])])
    ([24.2, 21.8], [{0: 4.2}, {1: 1.8}])
    """
    gross = [to_cents(net, unit) for net in nets]
    parts = []
    for amount, sets in taxes:
        # A tax without a set is of all of them: nothing that was booked gets lost.
        sets = list(sets) or list(range(len(nets)))
        shares = dict(zip(sets, split(amount, [abs(nets[position]) for position in sets], unit)))
        parts.append(shares)
        for position, share in shares.items():
            gross[position] += to_cents(share, unit)
    return [from_cents(amount, unit) for amount in gross], parts


def lines_back(nets, taxes, nets_back, taxes_back, parts, unit=0.01):
    """Return what comes back of each booked line of a redemption: ``(nets, taxes)``, together the sum of ``parts``.

    The tax of a part is the tax of the set that the part is of. Cumulative rounding: the part with which a set is
    all back takes the remainder of its net and of each of its taxes.

    >>> lines_back([20.0, 20.0], [(4.2, [0]), (1.8, [1])], [0, 0], [0, 0], [0, 10.9])
    ([0.0, 10.0], [0.0, 0.9])

    :param nets: net of each set as it was booked, none negative
    :param taxes: list of (amount as it was booked, positions of the sets that have this tax)
    :param nets_back: net of each set that came back before
    :param taxes_back: amount of each tax that came back before
    :param parts: gross of each set that comes back now (:func:`parts_back`)
    """
    shares, of_taxes = gross_of_sets(nets, taxes, unit)
    back, __ = gross_of_sets(nets_back, [(amount, sets) for amount, (__, sets) in zip(taxes_back, taxes)], unit)
    after = [to_cents(earlier, unit) + to_cents(part, unit) for earlier, part in zip(back, parts)]
    rest = list(after)
    result = []
    for amounts, earlier in zip(of_taxes, taxes_back):
        total = 0
        for position, amount in amounts.items():
            share = shares[position]
            part = to_cents(part_of(amount, from_cents(after[position], unit), share, unit), unit) if share else 0
            total += part
            rest[position] -= part
        result.append(from_cents(total - to_cents(earlier, unit), unit))
    return [from_cents(amount - to_cents(earlier, unit), unit) for amount, earlier in zip(rest, nets_back)], result
