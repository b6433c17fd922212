"""What sales of a period are credited: the arithmetic of tiers, without database and ORM.

Tiers are ``[threshold, percentage, "above" | "all"]``, ascending. A tier is reached from its threshold on; its percentage
holds up to the next tier that is reached. The highest reached tier that applies to all sales starts at 0.00:

>>> tiers = [[1000, 1, "above"], [5000, 2, "above"]]
>>> [credit_of(tiers, {0: sales}) for sales in (999, 1000, 5000, 6000)]
[0.0, 0.0, 40.0, 60.0]
>>> [credit_of([[1000, 2, "all"]], {0: sales}) for sales in (999, 1000)]
[0.0, 20.0]

Products with a percentage of their own have it instead of that of the tier, on the part of the sales that is credited:

>>> credit_of([], {2.5: 60}), credit_of([[50, 2, "above"]], {0: 50, 10: 50})
(1.5, 3.0)
"""

from functools import lru_cache

#: Amounts and percentages are counted in ten-thousandths, so that everything is exact in whole numbers.
SCALE = 10_000


def to_units(number):
    """Return a number in ten-thousandths; unlike points, sales have no limit."""
    return round(float(number) * SCALE)


@lru_cache(maxsize=1024)
def _exact_tiers(tiers):
    return tuple((to_units(threshold), to_units(percentage), how) for threshold, percentage, how in tiers)


def brackets(tiers, sales):
    """Return ``[(part of the sales, percentage)]`` of the sales that are credited; numbers in ten-thousandths."""
    reached = [row for row in _exact_tiers(tuple(map(tuple, tiers))) if sales > 0 and sales >= row[0]]
    first = max((number for number, row in enumerate(reached) if row[2] == "all"), default=None)
    if first is not None:
        reached = [(0, *reached[first][1:]), *reached[first + 1 :]]
    ends = [row[0] for row in reached[1:]] + [sales]
    return [(end - start, percentage) for (start, percentage, __), end in zip(reached, ends)]


def credit_of(tiers, base, rounding=0.01):
    """Return what sales are credited, rounded once (half up); never negative.

    :param tiers: as above, ascending
    :param base: ``{own percentage of the products, 0 for none: sales}``; sales are taken to four decimals
    :param rounding: unit of the currency
    """
    amounts = [(to_units(float(percentage)), to_units(amount)) for percentage, amount in base.items()]
    sales = sum(amount for __, amount in amounts)
    own = sum(amount * percentage for percentage, amount in amounts)
    if tiers:
        if sales <= 0:
            return 0.0
        parts = brackets(tiers, sales)
        others = sum(amount for percentage, amount in amounts if not percentage)
        # Of each product the same share is credited: what lies in the brackets, of all sales.
        credit = own * sum(part for part, __ in parts) + others * sum(part * percentage for part, percentage in parts)
    else:
        credit, sales = own, 1
    # Tiers and percentages bring a factor of 10,000 each, and per cent one of 100.
    whole = sales * 100 * SCALE * to_units(rounding)
    steps = (2 * max(0, credit) + whole) // (2 * whole)
    return round(steps * rounding, 10)


def in_units(amount, rounding):
    """Return an amount of money as a multiple of the currency's unit; for sums of what is, nearly so, already.

    >>> in_units(0.1 + 0.2, 0.01)
    0.3
    """
    return round(round(amount / rounding) * rounding, 10)


def next_tier(tiers, sales):
    """Return the next tier that is not reached, or None."""
    return next((tier for tier in tiers if sales < tier[0]), None)
