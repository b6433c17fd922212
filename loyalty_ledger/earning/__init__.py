"""Earning points: what a document claims, and what its basket earns.

What it is. Orders, invoices and registers describe a sale as a :class:`.claim.Claim`; `loyalty.earning` freezes the
terms at the first claim, has :mod:`.basket` compute the points, and posts the difference to what was posted before.
So any event may claim any number of times, and no later change of rules is retroactive.

How to use it. `env["loyalty.earning"]._synchronise([claim, ...])` posts; the arithmetic alone:

>>> from odoo.addons.loyalty_ledger.earning.basket import Line, Rule, Settlement, earn
>>> from odoo.addons.loyalty_ledger.ledger.rounding import to_points
>>> basket = [Line(2, 80, 92, {0}), Line(1, 20, 23, set())]
>>> half_by_points = Settlement(due=115, qualifying=57.5, other=57.5, settled=True)
>>> result = earn([Rule("money", 1)], basket, settlement=half_by_points)
>>> to_points(result.points), [step["step"] for step in result.steps]
(40.0, ['rule', 'share'])
"""
