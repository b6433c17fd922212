"""What points are worth at the till. Plain arithmetic, without the ORM."""

from odoo.tools import float_round

from odoo.addons.loyalty_account.tools.vat_split import next_part
from odoo.addons.loyalty_ledger.tools.units import PRECISION, UNIT, to_units


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


def points_share(points, before, part, whole):
    """Return the points that come back for ``part`` of ``whole`` after ``before`` of it came back earlier (N4).

    Cumulative rounding: all parts together make ``points``. Whole points, if whole points were taken (C21).
    """
    unit = 1.0 if to_units(points) % UNIT == 0 else 1.0 / UNIT
    return next_part(points, before, part, whole, unit)
