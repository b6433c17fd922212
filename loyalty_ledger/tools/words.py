"""Numbers of points in words to users."""

from odoo.tools.misc import formatLang

from ..ledger.rounding import PRECISION


def say_points(env, points, signed=False):
    """Return a number of points as the reader writes numbers, with as many of its four decimals as it needs.

    :param signed: with a plus sign where points were added
    """
    points = round(float(points), PRECISION) + 0.0  # no negative zero
    digits = next(digits for digits in range(PRECISION + 1) if round(points, digits) == points)
    text = formatLang(env, points, digits=digits)
    return f"+{text}" if signed and points > 0 else text
