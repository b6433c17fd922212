"""Points as whole numbers: the ledger counts in ten-thousandths of a point.

The database keeps points as ``numeric(16,4)``. Sums of floats drift, sums of integers do not, so everything
that computes with points does it on integers and converts at the border.
"""

from odoo.tools import float_round

PRECISION = 4
UNIT = 10**PRECISION
#: No amount and no balance may reach this many points: numeric(16,4) would overflow a digit later.
LIMIT = 10**11


def to_units(points):
    """Return ``points`` in ten-thousandths, half away from zero.

    :param points: a number of points (int, float, Decimal or None)
    :raises OverflowError: when the amount has 12 digits or more before the decimal point, or is not a number
    """
    if not points:
        return 0
    if isinstance(points, int):
        units = points * UNIT
    else:
        value = float(points)
        if value != value or value in (float("inf"), float("-inf")):
            raise OverflowError(points)
        units = round(value * UNIT)
        if abs(units - value * UNIT) > 0.4999:
            # Close to a tie: let Odoo's own rounding decide, it repairs the binary representation first.
            units = round(float_round(value, precision_digits=PRECISION) * UNIT)
    if abs(units) >= LIMIT * UNIT:
        raise OverflowError(points)
    return units


def to_points(units):
    """Return ten-thousandths as a float number of points, exact to the fourth decimal."""
    return units / UNIT
