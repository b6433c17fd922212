"""Numbers of points and of cards in words to users."""

from odoo.tools.misc import formatLang

from ..ledger.rounding import PRECISION


def say_points(env, points, signed=False):
    """Return a number of points as the reader writes numbers, with as many of its four decimals as it needs.

    :param signed: with a plus sign where points were added
    """
    points = round(float(points), PRECISION) + 0.0  # no negative zero
    digits = next(digits for digits in range(PRECISION + 1) if round(points, digits) == points)
    text = formatLang(env, points, digits=digits)
    if points > 0:
        return in_order(env, f"+{text}") if signed else text
    return in_order(env, text) if points else text


def say_percentage(env, percentage):
    """Return the number of a percentage, without its sign, as the reader writes numbers: 2.5, or 2,5 in German."""
    return say_points(env, percentage)


def in_order(env, text):
    """Return an amount or a number with its sign, whose parts keep their order where one writes from right to left.

    Without the marks around it, "+600" would be shown as "600+", "$ 844.02" as "844.02 $" and "71%" as "% 71".
    """
    return isolated(env, text)


def _is_rtl(env):
    return env["res.lang"]._get_data(code=env.lang or "en_US").direction == "rtl"


def isolated(env, code):
    """Return a number of a card for a sentence.

    In languages written from right to left, a number with dashes or letters is read from the left all the same: without the
    marks around it, "0440-aed7-4752" would be shown as "aed7-4752-0440".
    """
    if not code or not _is_rtl(env):
        return code
    return f"\N{LEFT-TO-RIGHT ISOLATE}{code}\N{POP DIRECTIONAL ISOLATE}"


def say_named_points(env, points, name, signed=False):
    """Return a number of points with their name: "1 point", "1,070 points". A name of a program's own has no singular.

    :param name: what the program calls its points; empty: points
    :param signed: with a plus sign where points were added
    """
    usual = env._("points")
    is_one = points == 1 and name in (False, None, "", "points", "Points", usual)
    text = env._("1 point") if is_one else f"{say_points(env, points)} {name or usual}"
    if signed and points > 0:
        # The mark keeps the sign at its number, whatever direction the name has.
        return f"\N{LEFT-TO-RIGHT MARK}+{text}" if _is_rtl(env) else f"+{text}"
    return text
