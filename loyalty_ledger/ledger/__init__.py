"""The points ledger: which movements of points are allowed, which lots they touch, and what is written.

What it is. Balances of cards change in one place only. `loyalty.card._post_entries(ops)` is the door
(`models/loyalty_card_posting.py`); behind it

* :mod:`.gateway` locks and reads cards (:mod:`.reading`), applies movements and writes what came of them
  (:mod:`.writing`, :mod:`.levels`),
* :mod:`.allocation` decides, without database, which lots a movement takes or fills, pays debts and lets points expire;
  :mod:`.card` says what a card has and can spend, :mod:`.plan` what movements and planned rows are,
* :mod:`.usability` says whether a card can be used, and if not, why,
* :mod:`.rounding` knows how points are counted: whole ten-thousandths,
* :mod:`.schema` holds the triggers and constraints that keep the tables append-only, :mod:`.settled` says up to which
  entry the ledger is complete, :mod:`.arrays` passes many rows to one statement.

How to use it. Other code posts through the door and never imports the gateway; the arithmetic may be tried alone:

>>> import datetime
>>> from odoo.addons.loyalty_ledger.ledger.allocation import Card
>>> from odoo.addons.loyalty_ledger.ledger.plan import Op, Plan, Terms
>>> from odoo.addons.loyalty_ledger.ledger.rounding import to_points, to_units
>>> today = datetime.date(2026, 3, 1)
>>> card, plan = Card(1, Terms()), Plan()
>>> earned = card.apply(Op("earn", to_units(100), "sale 1", today), plan, today)
>>> redeemed = card.apply(Op("redeem", -to_units(30.5), "sale 2", today), plan, today)
>>> to_points(card.balance), [to_points(lot.remaining) for lot in plan.lots]
(69.5, [69.5])
"""
