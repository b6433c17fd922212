"""How the money of a redemption is shared: over tax rates, and over partial refunds.

All sums are made in whole units of the currency, so that shares always add up to the cent
(`loyalty_ledger/ledger/rounding.py`). No ORM.
"""

from odoo.addons.loyalty_ledger.ledger.rounding import from_cents, part_of, share_out, split, to_cents


def wanted_back(shares, back, sold, returned, unit=0.01):
    """Return what comes back of each set of taxes of a redemption, because goods of that set are returned.

    Cumulative rounding for each set: when all its goods are back, so is all that points paid of it, to the cent.

    >>> wanted_back([24.2, 21.8], [0, 0], [121, 109], [0, 54.5])
    [0.0, 10.9]

    :param shares: gross that points paid of each set
    :param back: gross of each set that came back before
    :param sold: gross of the goods of each set that the redemption was made for
    :param returned: gross of these goods that is returned, this return included
    """
    wanted = []
    for share, earlier, goods, gone in zip(shares, back, sold, returned):
        target = part_of(share, min(max(gone, 0), goods), goods, unit) if goods > 0 else 0
        wanted.append(from_cents(max(0, to_cents(target, unit) - to_cents(earlier, unit)), unit))
    return wanted


def parts_back(part, shares, back, wanted, unit=0.01, kept=()):
    """Return how ``part`` of a redemption comes back over its sets of taxes; it adds up to ``part``.

    As ``wanted`` by the goods of each set (:func:`wanted_back`). Where less comes back than that, all sets give less;
    where more does (a lump sum, taxes that the sale did not have), it is taken pro rata from what sets have left.

    >>> parts_back(30.0, [24.2, 21.8], [0, 0], [0, 21.8])
    [8.2, 21.8]

    :param kept: of ``wanted``, what earlier exchanges left (:func:`kept_by_exchanges`): it comes after the goods of this
        return

    >>> parts_back(21.8, [24.2, 21.8], [14.2, 0], [10.0, 21.8], kept=[10.0, 0])
    [0.0, 21.8]
    """
    total, asked = to_cents(part, unit), sum(to_cents(amount, unit) for amount in wanted)
    if total <= asked:
        if not any(kept):
            return share_out(part, wanted, unit)
        own = [
            from_cents(max(0, to_cents(amount, unit) - to_cents(before, unit)), unit)
            for amount, before in zip(wanted, kept)
        ]
        parts = share_out(part, own, unit)
        rooms = [from_cents(to_cents(amount, unit) - to_cents(mine, unit), unit) for amount, mine in zip(wanted, own)]
        more = share_out(from_cents(total - sum(to_cents(mine, unit) for mine in parts), unit), rooms, unit)
        return [from_cents(to_cents(mine, unit) + to_cents(extra, unit), unit) for mine, extra in zip(parts, more)]
    left = [
        from_cents(max(0, to_cents(share, unit) - to_cents(earlier, unit) - to_cents(amount, unit)), unit)
        for share, earlier, amount in zip(shares, back, wanted)
    ]
    more = share_out(from_cents(total - asked, unit), left, unit)
    return [from_cents(to_cents(amount, unit) + to_cents(extra, unit), unit) for amount, extra in zip(wanted, more)]


def kept_by_exchanges(wanted, parts, kept, is_exchange, unit=0.01):
    """Return what exchanges left of what their goods wanted back, set by set: it pays what they sold instead.

    >>> kept_by_exchanges([24.2, 0], [14.2, 0], [0, 0], True)
    [10.0, 0.0]

    :param wanted: what a return's goods wanted back (:func:`wanted_back`), with what was left before
    :param parts: what came back (:func:`parts_back`)
    :param kept: what earlier exchanges had left
    :param is_exchange: whether this return sold something, too; another one may take what was left, and leaves nothing
    """
    left = [max(0, to_cents(amount, unit) - to_cents(part, unit)) for amount, part in zip(wanted, parts)]
    if not is_exchange:
        left = [min(amount, to_cents(before, unit)) for amount, before in zip(left, kept)]
    return [from_cents(amount, unit) for amount in left]


def gross_of_sets(nets, taxes, unit=0.01):
    """Return ``(gross of each set, its part of each tax)`` of booked lines.

    A tax that several sets have is shared pro rata to their nets, remainder to the largest.

    :param nets: net of each set
    :param taxes: list of (amount, positions of the sets that have this tax)
    :return: list of amounts, and for each tax a dict position -> amount

    >>> gross_of_sets([20.0, 20.0], [(4.2, [0]), (1.8, [1])])
    ([24.2, 21.8], [{0: 4.2}, {1: 1.8}])
    """
    gross = [to_cents(net, unit) for net in nets]
    parts = []
    for amount, sets in taxes:
        # A tax without a set is of all of them: nothing that was booked gets lost.
        sets = list(sets) or list(range(len(nets)))
        shares = dict(zip(sets, split(amount, [abs(nets[position]) for position in sets], unit)))
        parts.append(shares)
        for position, share in shares.items():
            gross[position] += to_cents(share, unit)
    return [from_cents(amount, unit) for amount in gross], parts


def lines_back(nets, taxes, nets_back, taxes_back, parts, unit=0.01):
    """Return what comes back of each booked line of a redemption: ``(nets, taxes)``, together the sum of ``parts``.

    The tax of a part is the tax of the set that the part is of. Cumulative rounding: the part with which a set is
    all back takes the remainder of its net and of each of its taxes.

    >>> lines_back([20.0, 20.0], [(4.2, [0]), (1.8, [1])], [0, 0], [0, 0], [0, 10.9])
    ([0.0, 10.0], [0.0, 0.9])

    :param nets: net of each set as it was booked, none negative
    :param taxes: list of (amount as it was booked, positions of the sets that have this tax)
    :param nets_back: net of each set that came back before
    :param taxes_back: amount of each tax that came back before
    :param parts: gross of each set that comes back now (:func:`parts_back`)
    """
    shares, of_taxes = gross_of_sets(nets, taxes, unit)
    back, __ = gross_of_sets(nets_back, [(amount, sets) for amount, (__, sets) in zip(taxes_back, taxes)], unit)
    after = [to_cents(earlier, unit) + to_cents(part, unit) for earlier, part in zip(back, parts)]
    rest = list(after)
    result = []
    for amounts, earlier in zip(of_taxes, taxes_back):
        total = 0
        for position, amount in amounts.items():
            share = shares[position]
            part = to_cents(part_of(amount, from_cents(after[position], unit), share, unit), unit) if share else 0
            total += part
            rest[position] -= part
        result.append(from_cents(total - to_cents(earlier, unit), unit))
    return [from_cents(amount - to_cents(earlier, unit), unit) for amount, earlier in zip(rest, nets_back)], result
