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


def points_for(amount, point_value):
    """Return how many whole points ``amount`` buys: the largest number whose value does not exceed it."""
    if not point_value or amount <= 0:
        return 0
    return int(exact(amount) / exact(point_value))
