"""What documents tell the earning engine: the border between orders, invoices and registers and their points.

What it is. A :class:`Claim` says what a document sold, what came back of it and how it was paid by now. It says nothing about
points: `loyalty.earning` freezes the terms, and posts what the document has earned less what was posted for it before.

How to use it. Claim at every event, any number of times. Nothing is earned before the document is paid in full:

>>> from datetime import date
>>> from odoo.addons.loyalty_ledger.earning.basket import Settlement
>>> rule = {"reward_point_mode": "money", "reward_point_amount": 1}
>>> values = {"name": "Example", "program_type": "loyalty", "rule_ids": [(0, 0, rule)]}
>>> card = env["loyalty.card"].create({"program_id": env["loyalty.program"].create(values).id})
>>> def claim(paid):
...     settlement = Settlement(due=92, qualifying=paid, settled=paid == 92)
...     document, goods = ("res.partner", env.user.partner_id.id), [ClaimLine(0, 2, 80.0, 92.0)]
...     return Claim(document, card, date(2026, 3, 1), goods, settlement=settlement)
>>> [env["loyalty.earning"]._synchronise([claim(paid)]).points for paid in (46, 92, 92)], card.points
([0.0, 80.0, 80.0], 80.0)
"""


class Claim:
    """What a document says to the earning engine.

    :param document: ``(model, id)``
    :param card: the ``loyalty.card`` that earns
    :param date: day of the document
    :param lines: :class:`ClaimLine` of what was sold
    :param returned: :class:`ClaimLine` of what was credited, with positive quantities and amounts
    :param settlement: :class:`earning.basket.Settlement`
    :param rate: value of one unit of the document's currency in the program's currency; frozen
    :param active: whether the document counts: posted, and not cancelled
    :param earned_on: day on which the points were earned; not in the future
    :param returned_on: day of the latest return
    :param customer: who buys, or no partner
    :param pricelist: whose prices the document has
    :param elsewhere: the points were given on another document already
    :param redeemed: function of nothing that returns how much of the revenue, without VAT, points paid, in the document's
        currency, less what returns gave back. Called only where it matters
    """

    def __init__(self, document, card, date, lines=(), returned=(), settlement=None, **details):
        self.document = document
        self.card = card
        self.date = date
        self.lines = lines
        self.returned = returned
        self.settlement = settlement
        self.rate = details.get("rate", 1.0)
        self.active = details.get("active", True)
        self.earned_on = details.get("earned_on")
        self.returned_on = details.get("returned_on")
        self.customer = details.get("customer")
        self.pricelist = details.get("pricelist")
        self.elsewhere = details.get("elsewhere", False)
        self.redeemed = details.get("redeemed")

    def key(self):
        return (*self.document, self.card.program_id.id)

    def product_ids(self):
        return {line.product_id for line in (*self.lines, *self.returned)}


class ClaimLine:
    """One line of a claim, in the currency of the document. ``product_id`` is 0 for a line without product.

    ``sets`` says by which taxes the total is taxed, ``{ids of taxes: total}``: nothing that points are calculated from.
    """

    __slots__ = ("product_id", "quantity", "untaxed", "total", "deposit", "sets")

    def __init__(self, product_id, quantity, untaxed, total, deposit=False, sets=None):
        self.product_id = product_id
        self.quantity = quantity
        self.untaxed = untaxed
        self.total = total
        self.deposit = deposit
        self.sets = sets or {}
