"""What points are worth at the till. Plain arithmetic, without the ORM."""

from fractions import Fraction

from odoo.tools import float_round

from odoo.addons.loyalty_ledger.tools.units import PRECISION, UNIT, to_points, to_units


def money_of(points, point_value, rounding):
    """Return what points pay: points x point value, rounded half up to the currency's ``rounding`` (C10, C19)."""
    return float_round(points * point_value, precision_rounding=rounding)


def points_of(amount, point_value, rounding):
    """Return the points that pay an amount of money (C20).

    The whole number of points that is worth exactly the amount, if there is one (C21), else amount / point value to
    four decimals: a client may ask for any amount, and what it got is paid for.
    """
    points = float_round(amount / point_value, precision_digits=PRECISION)
    whole = float_round(points, precision_digits=0)
    if abs(money_of(whole, point_value, rounding) - amount) < rounding / 2:
        return whole
    return points


def share_of(total, before, part, whole, unit):
    """Return what belongs to ``part`` of ``whole`` when ``before`` of it was returned earlier.

    round(total x (before + part) / whole) - round(total x before / whole), in steps of ``unit``: cumulative rounding,
    so that all parts together make the total and the last one takes the remainder (N4).

    :param total: what there is to return, not negative; never more than this comes back
    """
    steps = _fraction(total) / _fraction(unit)

    def rounded(value):
        within = min(Fraction(1), max(Fraction(0), value / _fraction(whole))) if whole else Fraction(0)
        return int(steps * within + Fraction(1, 2))

    before, part = _fraction(before), _fraction(part)
    return float((rounded(before + part) - rounded(before)) * _fraction(unit))


def points_share(points, before, part, whole):
    """Return the points that come back for ``part`` of ``whole``: whole points, if whole points were taken (C21)."""
    units = to_units(points)
    step = UNIT if units % UNIT == 0 else 1
    return to_points(int(share_of(units, before, part, whole, step)))


def _fraction(number):
    return Fraction(repr(float(number)))
