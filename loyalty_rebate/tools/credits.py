"""What sales of a period are credited: the arithmetic of tiers, without database and ORM.

Tiers are ``[threshold, percentage, "above" | "all"]``, ascending. A tier is reached from its threshold on; its percentage
holds up to the next tier that is reached. The highest reached tier that applies to all sales starts at 0.00:

>>> tiers = [[1000, 1, "above"], [5000, 2, "above"]]
>>> [float(credit_of(tiers, {0: sales})) for sales in (999, 1000, 5000, 6000)]
[0.0, 0.0, 40.0, 60.0]
>>> [float(credit_of([[1000, 2, "all"]], {0: sales})) for sales in (999, 1000)]
[0.0, 20.0]

Products with a percentage of their own have it instead of that of the tier, on the part of the sales that is credited:

>>> float(credit_of([], {2.5: 60})), float(credit_of([[50, 2, "above"]], {0: 50, 10: 50}))
(1.5, 3.0)
"""

from decimal import Decimal
from fractions import Fraction

from odoo.addons.loyalty_ledger.ledger.rounding import exact, half_up


def brackets(tiers, sales):
    """Return ``[(part of the sales, percentage)]`` of the sales that are credited, as fractions."""
    rows = [(exact(threshold), exact(percentage), how) for threshold, percentage, how in tiers]
    reached = [row for row in rows if sales > 0 and sales >= row[0]]
    first = max((number for number, row in enumerate(reached) if row[2] == "all"), default=None)
    if first is not None:
        reached = [(Fraction(0), *reached[first][1:]), *reached[first + 1 :]]
    ends = [row[0] for row in reached[1:]] + [sales]
    return [(end - start, percentage) for (start, percentage, __), end in zip(reached, ends)]


def credit_of(tiers, base, rounding="0.01"):
    """Return what sales are credited, rounded once (half up); never negative.

    :param tiers: as above, ascending
    :param base: ``{own percentage of the products, 0 for none: sales}``
    :param rounding: unit of the currency
    """
    amounts = {exact(percentage): exact(amount) for percentage, amount in base.items()}
    sales = sum(amounts.values(), Fraction(0))
    if tiers:
        parts = brackets(tiers, sales)
        credited = sum((part for part, __ in parts), Fraction(0))
        share = credited / sales if sales > 0 else Fraction(0)
        others = amounts.get(Fraction(0), Fraction(0)) / sales if sales > 0 else Fraction(0)
        credit = sum((part * others * percentage for part, percentage in parts), Fraction(0))
    else:
        share, credit = Fraction(1), Fraction(0)
    credit += sum((amount * share * percentage for percentage, amount in amounts.items()), Fraction(0))
    credit = max(Fraction(0), credit / 100)
    unit = Decimal(str(rounding))
    return half_up(credit / Fraction(unit)) * unit


def next_tier(tiers, sales):
    """Return the next tier that is not reached, or None."""
    return next((tier for tier in tiers if sales < tier[0]), None)
