"""Points and money: what points cover, and how many points an amount takes.

Points to money rounds down to the currency's unit, money to points rounds up to whole points: anybody who splits a
redemption into several never gets more than by one. Exact fractions, no ORM; the till's mirror is
``loyalty_pos/static/src/app/utils/points.js``, and ``points_cases.js`` holds the cases that both are tested with.

>>> points_to_money(1, 0.005), points_to_money(2, 0.005), points_to_money(3, 0.335)
(0.0, 0.01, 1.0)
>>> money_to_points(0.01, 0.005), money_to_points(1.0, 0.03)
(2, 34)
>>> points_within(1.0, 0.03), points_within(0.01, 0.005), points_within(1.0, 0.335)
(33, 2, 3)
"""

from fractions import Fraction
from math import ceil, floor

from odoo.addons.loyalty_ledger.ledger.rounding import UNIT, exact, from_cents, to_cents, to_units

#: Decimals of the value of one point (``numeric(16,6)``).
VALUE_UNIT = 10**6


def _value(point_value):
    """Return the value of one point as the database keeps it, whatever a float made of its last digits."""
    return Fraction(floor(exact(point_value) * VALUE_UNIT + Fraction(1, 2)), VALUE_UNIT)


def points_to_money(points, point_value, unit=0.01):
    """Return what ``points`` pay: points x value, rounded down to the currency's unit (C10, C19, N29).

    :param points: number of points, to four decimals
    :param point_value: money that one point is worth, to six decimals
    :param unit: smallest unit of the currency
    """
    if points <= 0:
        return 0.0
    return from_cents(floor(Fraction(to_units(points), UNIT) * _value(point_value) / exact(unit)), unit)


def money_to_points(amount, point_value, unit=0.01):
    """Return the smallest whole number of points that pays at least ``amount``, or 0 where points cover nothing
    (C20)."""
    if not point_value or amount <= 0:
        return 0
    return ceil(to_cents(amount, unit) * exact(unit) / _value(point_value))


def points_within(amount, point_value, unit=0.01, available=None):
    """Return the whole points that cover as much of ``amount`` as points can, and never more (C21).

    Of the numbers that pay the same it is the smallest: nobody gives 1,009 points worth 0.001 for 1.00.

    :param available: points that there are at most, also with decimals
    """
    if not point_value or amount <= 0:
        return 0
    # The largest number that pays less than the next unit of money.
    most = ceil((to_cents(amount, unit) + 1) * exact(unit) / _value(point_value)) - 1
    if available is not None:
        most = max(0, min(most, to_units(available) // UNIT))
    return money_to_points(points_to_money(most, point_value, unit), point_value, unit)


def part_worth(amount, points, whole, unit=0.01):
    """Return what ``points`` of a reservation of ``whole`` points for ``amount`` pay, rounded down: its rest pays more.

    >>> part_worth(0.01, 1, 2), part_worth(0.01, 2, 2)
    (0.0, 0.01)
    """
    if to_units(points) >= to_units(whole):
        return amount
    return from_cents(floor(to_cents(amount, unit) * Fraction(to_units(points), to_units(whole))), unit)


def part_within(due, amount, whole, unit=0.01):
    """Return how many points of a reservation of ``whole`` points for ``amount`` pay as much of ``due`` as they can.

    The smallest such number of whole points; all of them where ``due`` is enough for them.
    """
    cents, money = max(0, to_cents(due, unit)), to_cents(amount, unit)
    if cents >= money:
        return whole
    of_all = Fraction(to_units(whole), UNIT) / money
    most = ceil((cents + 1) * of_all) - 1
    return ceil(floor(most / of_all) * of_all)


def points_typed(amount, due, point_value, unit=0.01):
    """Return the whole points for an amount that somebody typed while ``due`` can be paid.

    They pay at least the amount; where that would be more than what is due, as much as points can. An amount above what
    is due stays above it, so that it can be refused in words.
    """
    points = money_to_points(amount, point_value, unit)
    due_cents = to_cents(max(due, 0.0), unit)
    if to_cents(amount, unit) <= due_cents < to_cents(points_to_money(points, point_value, unit), unit):
        return points_within(due, point_value, unit)
    return points
