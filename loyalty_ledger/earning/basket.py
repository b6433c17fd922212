"""What a basket earns: the arithmetic of earning rules, without database and ORM.

Invoices, orders and tills describe what was sold as :class:`Line`, say what was paid for it as :class:`Settlement`,
and get the same points for the same basket. Points are

    rate of each rule x what the rule counts x multiplier of the level x qualifying payments / all payments

and rounded once, at the very end. All arithmetic is exact (:class:`fractions.Fraction`): 0.29 at 100 points per unit
is 29 points, and 30.00 at one point per 3.00 is 10 points.
"""

import math
from fractions import Fraction

from ..ledger.rounding import UNIT, exact

#: Where exact results of inexact floats are snapped to, before anything is rounded down.
GRAIN = 10**6


def round_points(points, rounding="down"):
    """Round a fraction of points and return ten-thousandths.

    :param rounding: ``down`` to whole points, ``nearest`` whole point (half up), ``none`` keeps four decimals
    """
    points = Fraction(round(points * GRAIN), GRAIN)
    if rounding == "down":
        return math.floor(points) * UNIT
    if rounding == "nearest":
        return math.floor(points + Fraction(1, 2)) * UNIT
    return math.floor(points * UNIT + Fraction(1, 2))


class Rule:
    """One earning rule.

    :param mode: ``money`` (``rate`` points per currency unit), ``unit`` (per unit) or ``order`` (per document)
    :param minimum_quantity: units of its products that the document needs
    :param minimum_amount: value of its products that the document needs, with tax if ``minimum_tax`` is ``incl``
    """

    __slots__ = ("mode", "rate", "minimum_quantity", "minimum_amount", "minimum_tax", "name")

    def __init__(self, mode, rate, minimum_quantity=0, minimum_amount=0, minimum_tax="incl", name=None):
        self.mode = mode
        self.rate = exact(rate)
        self.minimum_quantity = exact(minimum_quantity)
        self.minimum_amount = exact(minimum_amount)
        self.minimum_tax = minimum_tax
        self.name = name


class Line:
    """One line of a document, in the currency of the program.

    :param untaxed: value without tax, after discounts
    :param total: value with tax
    :param rules: positions of the rules that count the product
    :param deposit: the line is a down payment, or takes one off: money, but nothing that was sold
    """

    __slots__ = ("quantity", "untaxed", "total", "rules", "deposit")

    def __init__(self, quantity, untaxed, total, rules, deposit=False):
        self.quantity = exact(quantity)
        self.untaxed = exact(untaxed)
        self.total = exact(total)
        self.rules = rules
        self.deposit = deposit


class Settlement:
    """What was paid for a document so far, in any one currency.

    :param due: what has to be paid: the total less early-payment discount and less credit notes set off against it
    :param qualifying: paid by ways of payment that earn points
    :param other: settled in other ways: points, gift cards, credit of other documents, amounts written off
    :param settled: whether the document is paid in full; nothing is earned before (bP7)
    """

    __slots__ = ("due", "qualifying", "other", "settled")

    def __init__(self, due=0, qualifying=0, other=0, settled=False):
        self.due = exact(due)
        self.qualifying = exact(qualifying)
        self.other = exact(other)
        self.settled = settled

    def share(self):
        """Return the part of the document that qualifying payments paid, from 0 to 1 (C6, C14).

        Until it is paid in full: the part that they can still pay.
        """
        if self.settled:
            paid = self.qualifying + self.other
            return _within(self.qualifying / paid) if paid else Fraction(0)
        return _within((self.due - self.other) / self.due) if self.due > 0 else Fraction(0)


class Result:
    """What a basket earns, and why.

    :param earnable: ten-thousandths of points that it earns once paid; equal to ``points`` from then on (P22)
    :param points: ten-thousandths of points that it has earned by now
    :param share: part that qualifying payments paid, as a float
    :param steps: list of dicts, each with ``step`` and the numbers of that step
    :param words: the steps as text, where somebody put them into words
    """

    __slots__ = ("earnable", "points", "share", "steps", "words")

    def __init__(self, earnable, points, share, steps):
        self.earnable = earnable
        self.points = points
        self.share = share
        self.steps = steps
        self.words = ""


def _within(share):
    return min(Fraction(1), max(Fraction(0), share))


def earn(rules, lines, returned=(), settlement=None, multiplier=1, basis="untaxed", rounding="down"):
    """Return what a basket earns.

    Rules add up. What was returned takes back what it earned and no more: a rule whose minimum the document met stays
    met. The value of a rule per document is taken back by the returned share of what it counts.

    :param rules: list of :class:`Rule`
    :param lines: lines of the document
    :param returned: lines of its credit notes, with positive quantities and amounts
    :param settlement: :class:`Settlement`; None: as if paid in full by qualifying payments
    :param multiplier: factor of the member's level before this purchase (bS1)
    :param basis: ``untaxed`` or ``total``: what rules per currency unit count
    :param rounding: see :func:`round_points`
    :return: :class:`Result`
    """
    steps = []
    points = sum(
        (_rule_points(rules, number, lines, returned, basis, steps) for number in range(len(rules))), Fraction(0)
    )
    multiplier = exact(multiplier)
    if multiplier != 1 and points:
        points *= multiplier
        steps.append({"step": "multiplier", "multiplier": float(multiplier), "points": float(points)})
    share = settlement.share() if settlement else Fraction(1)
    if share != 1 and points:
        steps.append(
            {
                "step": "share",
                "share": float(share),
                "qualifying": float(settlement.qualifying if settlement.settled else settlement.due - settlement.other),
                "paid": float(settlement.qualifying + settlement.other if settlement.settled else settlement.due),
                "points": float(points * share),
            }
        )
    earnable = round_points(points * share, rounding)
    if earnable != round_points(points * share, "none"):
        steps.append({"step": "rounding", "rounding": rounding, "points": earnable / UNIT})
    settled = settlement is None or settlement.settled
    if not settled:
        steps.append({"step": "unpaid", "points": earnable / UNIT})
    return Result(earnable, earnable if settled else 0, float(share), steps)


def _rule_points(rules, number, lines, returned, basis, steps):
    """Return the points of one rule as a fraction and note the steps."""
    rule = rules[number]

    def own(candidates):
        # A minimum is about what is sold: then the goods earn, on the final invoice, and deposits do not.
        return [line for line in candidates if number in line.rules and not (line.deposit and rule.minimum_amount > 0)]

    counted, given_back = own(lines), own(returned)
    note = {"step": "rule", "rule": number, "name": rule.name, "mode": rule.mode, "rate": float(rule.rate)}
    goods = [line for line in counted if not line.deposit]
    if not counted or (rule.mode != "money" and not goods):
        steps.append({**note, "step": "no_products"})
        return Fraction(0)
    amount = sum((line.total if rule.minimum_tax == "incl" else line.untaxed) for line in counted)
    if amount < rule.minimum_amount:
        minimum = {"amount": float(amount), "minimum": float(rule.minimum_amount), "tax": rule.minimum_tax}
        steps.append({**note, "step": "minimum_amount", **minimum})
        return Fraction(0)
    quantity = sum(line.quantity for line in goods)
    if goods and quantity < rule.minimum_quantity:
        minimum = {"quantity": float(quantity), "minimum": float(rule.minimum_quantity)}
        steps.append({**note, "step": "minimum_quantity", **minimum})
        return Fraction(0)
    value = sum(getattr(line, basis) for line in counted)
    back = sum(getattr(line, basis) for line in given_back)
    if rule.mode == "money":
        base, less = value, back
    elif rule.mode == "unit":
        base, less = quantity, sum(line.quantity for line in given_back if not line.deposit)
    else:
        units_back = sum(line.quantity for line in given_back if not line.deposit)
        gone = back / value if value > 0 else units_back / quantity if quantity > 0 else Fraction(0)
        base, less = Fraction(1), _within(gone)
    points = max(Fraction(0), base - max(Fraction(0), less)) * rule.rate
    steps.append({**note, "base": float(base), "returned": float(less), "points": float(points)})
    return points
