"""What an order of the till can have earned, and what of a claim stands. Plain arithmetic, without the ORM.

The till's preview computes points in ``pos_loyalty/static/src/app/models/pos_order.js`` (``pointsForPrograms``);
these functions follow the same rules on what the server knows of the order.
"""

from typing import NamedTuple

from odoo.tools import float_compare, float_round

#: The till sums floats and rounds each rule's points; a claim may differ by this much without being cut.
TOLERANCE = 0.01


class Line(NamedTuple):
    """A line of the order: quantity (negative: returned) and totals with and without tax, in the order's currency."""

    qty: float
    included: float
    excluded: float
    reward: bool = False


class Rule(NamedTuple):
    """The terms of a ``loyalty.rule``: points per order, per unit or per unit of money, and its minimums."""

    mode: str
    amount: float
    minimum_qty: float = 0
    minimum_amount: float = 0
    tax_included: bool = True
    split: bool = False


class Claim(NamedTuple):
    """What is left of a claim: points won, points spent, and points refused."""

    earned: float
    spent: float
    cut: float


def rule_points(rule, counted, checked, digits):
    """Return the points that a rule gives for an order.

    ``order``: amount; ``unit``: amount x quantity; ``money``: round(amount x total with tax), half up; with
    ``split``: the sum over lines of quantity x round(amount x total with tax / quantity). Nothing below a minimum.

    :param counted: :class:`Line` list that earns under the rule
    :param checked: :class:`Line` list that counts towards the minimum purchase
    :param digits: decimals to which the till rounds points
    """
    purchase = sum(line.included if rule.tax_included else line.excluded for line in checked)
    if rule.minimum_amount > purchase + TOLERANCE:
        return 0.0
    quantity = sum(line.qty for line in counted if not line.reward)
    if quantity < rule.minimum_qty:
        return 0.0
    if rule.mode == "order":
        return rule.amount
    if rule.mode == "unit":
        return rule.amount * quantity
    if rule.split:
        return sum(
            line.qty * _round(rule.amount * line.included / line.qty, digits)
            for line in counted
            if line.qty > 0 and not line.reward
        )
    return _round(rule.amount * sum(line.included for line in counted), digits)


def judge(net, spent, highest):
    """Return the :class:`Claim` that stands of a net change, knowing what the order's reward lines spent.

    won = net + spent, at least 0 and at most ``highest``: Odoo's till takes no points back for returned goods.

    :param net: points as claimed: won less spent
    :param spent: points that reward lines of the order cost, not negative
    """
    won = net + spent
    earned = min(max(won, 0.0), highest)
    if float_compare(abs(earned - won), TOLERANCE, precision_digits=4) <= 0:
        earned = won
    return Claim(earned, spent, abs(earned - won))


def _round(points, digits):
    return float_round(points, precision_digits=digits, rounding_method="HALF-UP")
