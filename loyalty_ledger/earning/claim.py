"""What documents tell the earning engine: the border between orders, invoices and registers and their points."""


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

    def key(self):
        return (*self.document, self.card.program_id.id)

    def product_ids(self):
        return {line.product_id for line in (*self.lines, *self.returned)}


class ClaimLine:
    """One line of a claim, in the currency of the document. ``product_id`` is 0 for a line without product."""

    __slots__ = ("product_id", "quantity", "untaxed", "total", "deposit")

    def __init__(self, product_id, quantity, untaxed, total, deposit=False):
        self.product_id = product_id
        self.quantity = quantity
        self.untaxed = untaxed
        self.total = total
        self.deposit = deposit
