"""Expected redemption from what was redeemed so far: the chain ladder, without database and ORM (N16).

What it is. A triangle has a row for each cohort, oldest first, with its cumulative redemptions by age: the oldest is the
longest. What happened from one age to the next, over all cohorts that were seen at both, says how the younger ones go on
(:func:`factors`, weighted by volume); the product of what is still to come brings each to its end (:func:`ultimates`).

How to use it. Three months of sales, seen for three, two and one months:

>>> triangle = [[100.0, 150.0, 165.0], [110.0, 170.0], [90.0]]
>>> [round(factor, 6) for factor in factors(triangle)]
[1.52381, 1.1]
>>> [round(end, 4) for end in ultimates(triangle)]
[165.0, 187.0, 150.8571]
>>> proposals(triangle, [500, 500, 500])[2].rate
0.3017142857142857

Numbers are floats: estimates, which nobody posts. Factors and ultimates are those of the package *chainladder* (volume
average, no tail).
"""

from typing import NamedTuple


class Proposal(NamedTuple):
    """What the method says about a cohort: parts of what was issued.

    :param rate: the proposal
    :param low: with the smallest factor that any cohort had at each age, where there were several
    :param high: with the largest one
    :param is_borrowed: nothing of the cohort was redeemed yet, so it is that of all other cohorts
    """

    rate: float
    low: float
    high: float
    is_borrowed: bool


def link_ratios(triangle, age):
    """Return ``[(before, after)]`` of the cohorts that were seen at ``age`` and at the next one.

    Cohorts of which nothing was redeemed at ``age`` say nothing about the ratio.
    """
    return [(row[age], row[age + 1]) for row in triangle if len(row) > age + 1 and row[age] > 0]


def factors(triangle, last_age=None):
    """Return the factor from each age to the next, weighted by volume; 1.0 where no cohort says anything.

    :param last_age: age from which nothing more is redeemed, as points have expired; default: the oldest one seen
    """
    result = []
    for age in range(max((len(row) for row in triangle), default=1) - 1):
        pairs = link_ratios(triangle, age) if last_age is None or age < last_age else []
        before = sum(pair[0] for pair in pairs)
        result.append(sum(pair[1] for pair in pairs) / before if before else 1.0)
    return result


def bounds(triangle, last_age=None):
    """Return ``[(smallest, largest)]`` of the ratios that single cohorts had from each age to the next."""
    result = []
    for age in range(max((len(row) for row in triangle), default=1) - 1):
        pairs = link_ratios(triangle, age) if last_age is None or age < last_age else []
        ratios = [after / before for before, after in pairs] or [1.0]
        result.append((min(ratios), max(ratios)))
    return result


def project(row, steps):
    """Return a row with what follows by the factors ``steps``, up to the oldest age.

    >>> project([100.0], [1.5, 1.1])
    [100.0, 150.0, 165.0]
    """
    row = list(row)
    for step in steps[max(0, len(row) - 1) :]:
        row.append((row[-1] if row else 0.0) * step)
    return row


def ultimates(triangle, last_age=None):
    """Return what each cohort redeems in the end."""
    steps = factors(triangle, last_age)
    return [project(row, steps)[-1] if row else 0.0 for row in triangle]


def proposals(triangle, issued, last_age=None):
    """Return a :class:`Proposal` for each cohort: its ultimate as a part of what was issued, at most all of it.

    A cohort of which nothing was redeemed yet has no ultimate of its own: it gets what the others redeem together.

    :param issued: points of each cohort
    """
    steps, spread = factors(triangle, last_age), bounds(triangle, last_age)
    ends = [
        [project(row, each)[-1] if row else 0.0 for row in triangle]
        for each in (steps, [low for low, __ in spread], [high for __, high in spread])
    ]
    known = [number for number, row in enumerate(triangle) if row and row[-1] > 0 and issued[number] > 0]
    whole = sum(issued[number] for number in known)
    common = [sum(of_kind[number] for number in known) / whole if whole else 0.0 for of_kind in ends]
    result = []
    for number in range(len(triangle)):
        own = number in known
        parts = [of_kind[number] / issued[number] for of_kind in ends] if own else common
        least = triangle[number][-1] / issued[number] if own else 0.0
        result.append(Proposal(*(min(1.0, max(least, part)) for part in parts), not own))
    return result


def expected_next(triangle, last_age=None):
    """Return ``[(expected, actual)]`` of the last step of each cohort: by what was known one step earlier.

    >>> [(round(a, 2), b) for a, b in expected_next([[100.0, 150.0, 165.0], [110.0, 170.0], [90.0]])]
    [(150.0, 165.0), (165.0, 170.0), (0.0, 90.0)]
    """
    earlier = truncate(triangle, 1)
    steps = factors(earlier, last_age)
    result = []
    for row, before in zip(triangle, earlier):
        age = len(before) - 1
        factor = steps[age] if 0 <= age < len(steps) else 1.0
        result.append((before[-1] * factor if before else 0.0, row[-1] if row else 0.0))
    return result


def truncate(triangle, steps):
    """Return the triangle as it was known ``steps`` steps ago; cohorts that did not exist yet are empty."""
    return [row[: max(0, len(row) - steps)] for row in triangle]


def back_test(triangle, steps, last_age=None):
    """Return ``[(predicted, actual)]`` of what each cohort redeemed by now, as the method would have said ``steps`` ago.

    Only cohorts that existed then.
    """
    earlier = truncate(triangle, steps)
    known = factors(earlier, last_age)
    result = []
    for row, before in zip(triangle, earlier):
        if before:
            result.append((project(before, known[: len(row) - 1])[-1], row[-1]))
    return result
