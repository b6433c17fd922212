"""When deferred revenue is expected to be recognised (IFRS 15.120): the arithmetic, without database and ORM."""

from decimal import Decimal

from odoo.addons.loyalty_ledger.ledger.rounding import spread


def expected_months(amount, age, pattern, last_age, rounding):
    """Return ``[(months from now, amount)]``: when the deferred amount of a cohort is expected to be recognised.

    By the way in which earlier cohorts were redeemed: in proportion to what they redeemed at the ages that this cohort has
    not reached. Where none is as old yet, evenly until the points expire; where they never do, in the next month, as they can
    be redeemed at any time.

    :param age: months since the month of the cohort
    :param pattern: ``{age: part of the points that cohorts redeemed at this age}``
    :param last_age: age at which the last points expire, or None
    :return: amounts add up to ``amount``

    >>> expected_months(Decimal(90), 1, {1: Decimal(3), 2: Decimal(2), 3: Decimal(1)}, None, Decimal("0.01"))
    [(1, Decimal('60.00')), (2, Decimal('30.00'))]
    >>> expected_months(Decimal(90), 1, {}, 4, Decimal("0.01"))
    [(1, Decimal('30.00')), (2, Decimal('30.00')), (3, Decimal('30.00'))]
    >>> expected_months(Decimal(90), 1, {}, None, Decimal("0.01"))
    [(1, Decimal('90.00'))]
    """
    weights = {
        later - age: weight
        for later, weight in pattern.items()
        if later > age and weight > 0 and (last_age is None or later <= last_age)
    }
    if not weights:
        weights = dict.fromkeys(range(1, max(1, (last_age or 0) - age) + 1), Decimal(1))
    whole = sum(weights.values())
    months = sorted(weights)
    amounts = spread([Decimal(amount) * weights[month] / whole for month in months], rounding)
    return list(zip(months, amounts))
