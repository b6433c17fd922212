"""Exact numbers and rounding: the one set for all add-ons.

Points are whole numbers: the ledger counts in ten-thousandths of a point (:func:`to_units`, :func:`to_points`). The database
keeps them as ``numeric(16,4)``. Sums of floats drift, sums of integers do not, so everything that computes with points does it
on integers and converts at the border.

Money is counted in whole units of its currency (:func:`to_cents`), rounded half away from zero as Odoo's
``res.currency.round`` does; what the books keep is a Decimal (:func:`to_decimal`, :func:`round_to`).

Shares add up: to their total by :func:`split`, :func:`share_out` and :func:`spread`, and over several returns by
:func:`part_of` and :func:`next_part` (cumulative rounding: round what all parts so far make, less what went before).
"""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from odoo.exceptions import ValidationError
from odoo.tools import float_round
from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__, default_lang="en_US")

PRECISION = 4
UNIT = 10**PRECISION
#: No amount and no balance may reach this many points: numeric(16,4) would overflow a digit later.
LIMIT = 10**11
#: What many cards together change in one step stays below this: a sum's column has a digit more.
TOTAL_LIMIT = 10 * LIMIT


class NotPoints(ValidationError, OverflowError, ValueError):
    """A number of points that no card can have. Where nobody catches it, people read what is wrong."""

    def __init__(self, points):
        # In the language of the request; here is no environment to ask.
        message = _lt("“%(points)s” is not a number of points below %(limit)s.", points=str(points), limit=f"{LIMIT:,}")
        super().__init__(str(message).replace("\0", ""))


def to_units(points):
    """Return ``points`` in ten-thousandths, half away from zero.

    :param points: a number of points (int, float, Decimal or None)
    :raises NotPoints: when the amount has 12 digits or more before the decimal point, or is not a number; it is an
        :class:`OverflowError` and a :class:`ValueError`, and a message for people
    """
    if not points:
        return 0
    if isinstance(points, int):
        units = points * UNIT
    else:
        try:
            value = float(points)
        except (OverflowError, TypeError, ValueError) as error:
            raise NotPoints(points) from error
        if value != value or value in (float("inf"), float("-inf")):
            raise NotPoints(points)
        units = round(value * UNIT)
        if abs(units - value * UNIT) > 0.4999:
            # Close to a tie: let Odoo's own rounding decide, it repairs the binary representation first.
            units = round(float_round(value, precision_digits=PRECISION) * UNIT)
    if abs(units) >= LIMIT * UNIT:
        raise NotPoints(points)
    return units


def to_points(units):
    """Return ten-thousandths as a float number of points, exact to the fourth decimal."""
    return units / UNIT


def as_points(points):
    """Return a sum or difference of floats as the number of points that it stands for.

    >>> 0.1 + 0.2, as_points(0.1 + 0.2)
    (0.30000000000000004, 0.3)
    """
    return to_points(to_units(points))


# --- exact numbers ---------------------------------------------------------------------------------------------------


def exact(number):
    """Return the decimal number that a float stands for, without its binary error, as a fraction.

    >>> exact(0.1) * 3 == exact(0.3)
    True
    """
    # repr of a float is the shortest decimal that names it: 33.33 stays 33.33.
    return Fraction(repr(number)) if isinstance(number, float) else Fraction(number or 0)


def to_decimal(amount):
    """Return a number of the database (which Odoo reads as float) as the Decimal that it was."""
    return Decimal(str(amount))


# --- money -----------------------------------------------------------------------------------------------------------


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


def round_to(amount, rounding):
    """Round to a multiple of the currency's rounding, half away from zero.

    :param amount: Decimal
    :param rounding: Decimal, for example ``Decimal("0.01")``
    """
    return (amount / rounding).quantize(Decimal(1), ROUND_HALF_UP) * rounding


# --- shares that add up ----------------------------------------------------------------------------------------------


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


def spread(parts, rounding):
    """Return the parts rounded so that they add up to their rounded total (cumulative rounding).

    :param parts: list of exact amounts; the n-th result is round(sum of the first n) - round(sum of the first n - 1)

    >>> spread([Decimal(1000) / 115] * 5, Decimal("0.01"))
    [Decimal('8.70'), Decimal('8.69'), Decimal('8.70'), Decimal('8.69'), Decimal('8.70')]
    """
    rounded, total, before = [], Decimal(0), Decimal(0)
    for part in parts:
        total += part
        after = round_to(total, rounding)
        rounded.append(after - before)
        before = after
    return rounded
