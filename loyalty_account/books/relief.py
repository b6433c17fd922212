"""How much VAT a redemption should relieve, after all that came back of it. No ORM.

A set is what has the same taxes: a tuple of ``(rate, part)``, where ``rate`` is the percentage by which a tax is known and
``part`` the fraction of a gross amount that it takes.
"""

from odoo.addons.loyalty_ledger.ledger.rounding import exact as fraction
from odoo.addons.loyalty_ledger.ledger.rounding import from_cents, half_up, split, to_cents

from .vat_split import kept_by_exchanges, parts_back, wanted_back


def still_redeemed(redeemed, back, sold, returned, unit=0.01):
    """Return the gross that points still pay of each set of taxes.

    >>> still_redeemed(46.0, 21.8, [121.0, 109.0], [0, 109.0])
    [24.2, 0.0]

    :param redeemed: money of all redemptions of the sale
    :param back: money of it that came back as points
    :param sold: gross of what points may cover, set by set
    :param returned: gross of it that was returned
    """
    # Nothing is left of goods that were taken off an invoice after points had paid them.
    redeemed = min(redeemed, sum(max(0.0, amount) for amount in sold)) if not back else redeemed
    weights = [max(0.0, amount) for amount in sold]
    shares = split(redeemed, weights, unit)
    parts = parts_back(
        min(back, redeemed),
        shares,
        [0] * len(shares),
        wanted_back(shares, [0] * len(shares), weights, returned, unit),
        unit,
    )
    return [from_cents(to_cents(share, unit) - to_cents(part, unit), unit) for share, part in zip(shares, parts)]


def redeemed_after_each(redeemed, sold, returns, unit=0.01):
    """Return the gross that points still pay of each set of taxes after each return, one after the other.

    Needed where goods were exchanged: what an exchange did not give back pays what it sold instead.

    >>> redeemed_after_each(46.0, [121.0, 109.0], [(14.2, [121.0, 0], True), (21.8, [121.0, 109.0], False)])
    [[10.0, 21.8], [10.0, 0.0]]

    :param returns: ``(money that came back as points, gross returned by then of each set, whether it sold something, too)``
    """
    weights = [max(0.0, amount) for amount in sold]
    shares = split(redeemed, weights, unit)
    back, kept, result = [0.0] * len(shares), [0.0] * len(shares), []
    for amount, returned, is_exchange in returns:
        wanted = wanted_back(shares, back, weights, returned, unit)
        parts = parts_back(amount, shares, back, wanted, unit, kept)
        kept = kept_by_exchanges(wanted, parts, kept, is_exchange, unit)
        back = [from_cents(to_cents(before, unit) + to_cents(part, unit), unit) for before, part in zip(back, parts)]
        result.append(
            [from_cents(to_cents(share, unit) - to_cents(gone, unit), unit) for share, gone in zip(shares, back)]
        )
    return result


def relief_of(sets, amounts, unit=0.01):
    """Return ``{rate: VAT}`` in these gross amounts.

    >>> relief_of([((15, 15 / 115),), ((9, 9 / 109),)], [24.2, 21.8])
    {15: 3.16, 9: 1.8}
    """
    result = {}
    for taxes, amount in zip(sets, amounts):
        for rate, part in taxes:
            vat = from_cents(half_up(fraction(to_cents(amount, unit)) * fraction(part)), unit)
            result[rate] = round(result.get(rate, 0.0) + vat, 6)
    return result


def rough_relief(redeemed, back, sets, sold, returned):
    """Return ``{rate: VAT}`` without rounding: fast, to see which sales are worth a closer look."""
    weights = [max(0.0, amount) for amount in sold]
    whole = sum(weights)
    if not whole:
        return {}
    redeemed = min(redeemed, whole) if not back else redeemed
    shares = [redeemed * weight / whole for weight in weights]
    wanted = [
        share * min(max(gone, 0.0), weight) / weight if weight else 0.0
        for share, gone, weight in zip(shares, returned, weights)
    ]
    asked = sum(wanted)
    if back <= asked:
        parts = [back * amount / asked if asked else 0.0 for amount in wanted]
    else:
        left = [share - amount for share, amount in zip(shares, wanted)]
        rest = sum(left)
        parts = [amount + ((back - asked) * more / rest if rest else 0.0) for amount, more in zip(wanted, left)]
    result = {}
    for taxes, share, part in zip(sets, shares, parts):
        for rate, fraction_ in taxes:
            result[rate] = result.get(rate, 0.0) + (share - part) * fraction_
    return result


def differences(expected, booked, tolerance):
    """Return ``{rate: (expected, booked)}`` where they differ by more than ``tolerance``."""
    return {
        rate: (expected.get(rate, 0.0), booked.get(rate, 0.0))
        for rate in sorted({*expected, *booked})
        if abs(expected.get(rate, 0.0) - booked.get(rate, 0.0)) > tolerance
    }
