"""Points as whole numbers: the ledger counts in ten-thousandths of a point.

The database keeps points as ``numeric(16,4)``. Sums of floats drift, sums of integers do not, so everything
that computes with points does it on integers and converts at the border.
"""

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
