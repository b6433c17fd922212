"""What a till sends with a call: numbers, ids and texts are read once, at the door, before a lock or a query.

    @api.model
    @checked(config_id=an_id, points=a_number)
    def pos_hold(self, config_id, card_id, points): ...

A value that cannot be what the method needs is refused with words; the others arrive as the method expects them.
"""

import functools
import inspect
import math

from odoo.exceptions import UserError

from odoo.addons.loyalty_ledger.tools.values import POINTS_LIMIT, read_id


def an_id(value):
    """An id, as a number or a text."""
    return _not_none(read_id(value))


def maybe_id(value):
    """An id, or nothing."""
    return value if value is None or value is False or value == "" else an_id(value)


def a_text(value):
    """A text, a number that stands for one, or nothing."""
    if value is None or value is False:
        return value
    if not isinstance(value, (str, int)) or isinstance(value, bool) or "\0" in str(value):
        raise ValueError(value)
    return str(value)


def a_number(value):
    """A finite number that points or quantities can be."""
    if isinstance(value, bool):
        raise ValueError(value)
    number = float(value)
    if math.isnan(number) or abs(number) >= POINTS_LIMIT:
        raise ValueError(value)
    return value if isinstance(value, (int, float)) else number


def numbers_by_id(value):
    """A dict id -> number."""
    return {an_id(key): a_number(number) for key, number in _a_dict(value).items()}


def claims_by_id(value):
    """A dict id -> values of what a till claims for a card.

    Its goods are handed over already: points that are no number are for the claims' own rules to cut, not refused.
    """
    result = {}
    for key, vals in _a_dict(value).items():
        result[an_id(key)] = vals = {**_a_dict(vals)}
        for name in vals:
            if name in ("program_id", "coupon_id", "partner_id", "card_id"):
                vals[name] = maybe_id(vals[name])
            elif isinstance(vals[name], str):
                vals[name] = a_text(vals[name])
    return result


def ids(value):
    """A list of ids, or nothing."""
    if value is None or value is False:
        return value
    if not isinstance(value, (list, tuple)):
        raise ValueError(value)
    return [an_id(part) for part in value]


def basket(value):
    """A list of (product id, amount), or nothing."""
    if value is None or value is False:
        return value
    return [(maybe_id(product_id), a_number(amount)) for product_id, amount in value]


def texts(value):
    """A list of texts, or nothing."""
    if not isinstance(value, (list, tuple, type(None), bool)) or value is True:
        raise ValueError(value)
    return [a_text(text) for text in value or ()]


def a_moment(value):
    """A date or a moment as the till writes it."""
    text = str(value or "")[:10]
    if len(text) != 10 or [len(part) for part in text.split("-")] != [4, 2, 2]:
        raise ValueError(value)
    return a_text(value)


def plain(value):
    """Return a nested value as it is, if all its numbers are finite and no text has a NUL byte.

    :raises ValueError: with the first one that is not
    """
    if isinstance(value, dict):
        for part in value.values():
            plain(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            plain(part)
    elif isinstance(value, float) and not math.isfinite(value) or isinstance(value, str) and "\0" in value:
        raise ValueError(value)
    return value


def checked(**kinds):
    """Decorate a method that tills call: each named argument is read by its function of this module."""

    def decorate(method):
        signature = inspect.signature(method)

        @functools.wraps(method)
        def call(self, *args, **kwargs):
            bound = signature.bind(self, *args, **kwargs)
            for name, value in bound.arguments.items():
                if name in kinds:
                    bound.arguments[name] = read(self.env, name, value, kinds[name])
            return method(*bound.args, **bound.kwargs)

        return call

    return decorate


def read(env, name, value, kind):
    """Return ``kind(value)``, or say which value of the call makes no sense."""
    try:
        return kind(value)
    except (AttributeError, OverflowError, TypeError, ValueError) as error:
        shown = str(value).replace("\0", "")[:80]
        raise UserError(
            env._(
                "The register sent “%(value)s” as %(name)s, which is not possible. Try again.", value=shown, name=name
            )
        ) from error


def _a_dict(value):
    if not isinstance(value, dict):
        raise ValueError(value)
    return value


def _not_none(value):
    if value is None:
        raise ValueError(value)
    return value
