"""Revenue that is deferred for points (IFRS 15 B39-B43, ASC 606-10-55-41 to 45): the arithmetic, without database and ORM.

What it is. A sale with points is a sale of goods and of a right. Its price is shared between both by their stand-alone
prices (:func:`allocate`), and what falls to the points is revenue as they are redeemed (:func:`recognised`), in proportion
to the points that are expected to be redeemed at all, not to those that were issued. :func:`split_change` says why the
recognised revenue of a cohort changed since the last close.

Amounts are :class:`decimal.Decimal`, points whole numbers of any unit, rates in percent; everything is exact until the last
step, which rounds to the unit of the currency, half away from zero.

How to use it. IFRS 15, Example 52: goods for 100,000 bring 10,000 points worth 1.00 each, of which 95 % are expected:

>>> from decimal import Decimal
>>> allocated = allocate(Decimal(100000), 10000, (Decimal(1), Decimal(1)), Decimal(95))
>>> allocated = round_amount(allocated, Decimal("0.01"))
>>> first = Cohort(allocated, issued=10000, redeemed=4500)
>>> allocated, recognised(first, Decimal(95), Decimal("0.01"))
(Decimal('8675.80'), Decimal('4109.59'))
>>> recognised(Cohort(allocated, issued=10000, redeemed=8500), Decimal(97), Decimal("0.01"))
Decimal('7602.51')
"""

from collections import namedtuple
from decimal import Decimal
from fractions import Fraction

from odoo.addons.loyalty_ledger.ledger.rounding import half_up

#: What a line of a cohort says happened.
KINDS = ("allocate", "redeem", "breakage", "re_estimate", "return", "transition")


class Cohort(namedtuple("Cohort", "allocated issued redeemed lapsed", defaults=(0, 0))):
    """A cohort on a day: what its sales allocated to points, and where these are by now.

    :param allocated: amount
    :param issued: points, less those that returns took back, with those of documents that are not paid yet
    :param redeemed: points, less those that were given back
    :param lapsed: points that expired, or were taken off the cards
    """

    __slots__ = ()

    @property
    def open(self):
        """Points that customers can still redeem."""
        return max(0, self.issued - self.redeemed - self.lapsed)


def round_amount(amount, rounding):
    """Round an exact amount to the unit of a currency, half away from zero."""
    return half_up(Fraction(amount) / Fraction(rounding)) * rounding


def standalone_price(points, unit, rate):
    """Return the stand-alone price of points: points x value of one x expected redemption, as a fraction.

    :param unit: value of one point as (numerator, denominator)
    :param rate: expected redemption in percent
    """
    numerator, denominator = unit
    return Fraction(points) * Fraction(numerator) / Fraction(denominator) * Fraction(rate) / 100


def allocate(revenue, points, unit, rate):
    """Return which part of a document's revenue falls to its points, as a fraction.

    The price is shared in proportion to the stand-alone prices of goods and points: S x p / (S + p). It is neither the
    face value of the points nor a discount on the goods.

    :param revenue: revenue without VAT, S
    """
    price = standalone_price(points, unit, rate)
    if revenue <= 0 or price <= 0:
        return Fraction(0)
    return Fraction(revenue) * price / (Fraction(revenue) + price)


def kept_of_transition(amount, issued, taken_back, rounding):
    """Return what is left of an amount that a transition took over, after returns took points of its sales back.

    :param issued: points of the cohort, less those that were taken back
    :param taken_back: points that returns took since

    >>> kept_of_transition(Decimal("95.00"), 50, 50, Decimal("0.01"))
    Decimal('47.50')
    """
    if taken_back <= 0 or not amount:
        return amount
    return round_amount(Fraction(amount) * max(0, issued) / (max(0, issued) + taken_back), rounding)


def expected(cohort, rate):
    """Return how many points of a cohort are expected to be redeemed in the end, as a fraction.

    Never less than were redeemed already, never more than were redeemed or can still be.
    """
    return min(max(Fraction(cohort.redeemed), Fraction(rate) * cohort.issued / 100), cohort.redeemed + cohort.open)


def is_exceeded(cohort, rate):
    """Return whether more points were redeemed than expected while others are open, which would then carry nothing."""
    return bool(cohort.allocated > 0 and cohort.open and cohort.redeemed > Fraction(rate) * cohort.issued / 100)


def recognised(cohort, rate, rounding):
    """Return the revenue of a cohort that is recognised by now: round(A x R / E), all of it when no point is open.

    :param rate: expected redemption in percent, as estimated now
    """
    if not cohort.open:
        return cohort.allocated
    total = expected(cohort, rate)
    if not total:
        return Decimal(0)
    return round_amount(Fraction(cohort.allocated) * cohort.redeemed / total, rounding)


def split_change(before, now, old_rate, rate, posted, rounding):
    """Return why the recognised revenue of a cohort changed: ``{kind: amount}``, positive: more is recognised.

    The steps follow one another, each with what the one before changed, so that they add up:

    * ``return``: sales were credited, so that less was allocated and issued,
    * ``redeem``: points were redeemed, by the estimate of the last close,
    * ``breakage``: points lapsed,
    * ``re_estimate``: the new estimate, on all points redeemed so far (the catch-up of IFRS 15.88 and B46).

    :param before: :class:`Cohort` at the last close
    :param posted: what was recognised until then
    """
    steps = {
        "return": (Cohort(now.allocated, now.issued, before.redeemed, before.lapsed), old_rate),
        "redeem": (Cohort(now.allocated, now.issued, now.redeemed, before.lapsed), old_rate),
        "breakage": (now, old_rate),
        "re_estimate": (now, rate),
    }
    result, reached = {}, posted
    for kind, (cohort, at_rate) in steps.items():
        target = recognised(cohort, at_rate, rounding)
        result[kind] = target - reached
        reached = target
    return result
