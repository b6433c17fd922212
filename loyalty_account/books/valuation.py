"""What points are worth on the books: the arithmetic of value lines, without database and ORM.

Amounts are :class:`decimal.Decimal` in company currency, points are integers in ten-thousandths.
"""

from decimal import Decimal

from odoo.addons.loyalty_ledger.ledger.rounding import UNIT, round_to


def unit_value(point_value, vat_rate, relief):
    """Return what a point costs as a fraction ``(numerator, denominator)``.

    value of a point x (1 - VAT / (100 + VAT)), which is value x 100 / (100 + VAT); the whole value where redemption
    recovers no VAT. A fraction, because 0.10 x 100 / 115 has no end.

    >>> unit_value(Decimal("0.10"), Decimal(15), True)
    (Decimal('10.00'), Decimal('115'))
    >>> unit_value(Decimal("0.10"), Decimal(15), False)
    (Decimal('0.10'), Decimal('1'))
    """
    if relief and vat_rate:
        return point_value * 100, 100 + vat_rate
    return point_value, Decimal(1)


def value_of(points, unit, rounding):
    """Return the rounded value of points (ten-thousandths) at a unit value from :func:`unit_value`."""
    numerator, denominator = unit
    return round_to(Decimal(points) * numerator / (UNIT * denominator), rounding)


def left_value(carrying, before, after, rounding):
    """Return what is left of a carrying value when ``before`` points become ``after``.

    carrying x after / before, rounded; nothing is left where no points are. What was released is the difference, so
    the parts of a lot that is used up piece by piece add up to what it carried (cumulative rounding).

    >>> left_value(Decimal("8.70"), 1000000, 500000, Decimal("0.01"))
    Decimal('4.35')
    """
    if not after or not before:
        return Decimal(0)
    return round_to(carrying * after / before, rounding)
