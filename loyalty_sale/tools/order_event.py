"""Business events of orders, carried through Odoo's own code by the context.

What it is. While an order is confirmed, cancelled or given a reward, Odoo's code writes costs of lines and balances of cards in
many places. An :class:`OrderEvent` in the context collects what it means to change, and the order posts all of it at the end,
as one transaction for each card.

How to use it. Bind it to the order, enter the event, and say which part the code that follows is about:

>>> order = env["sale.order"].create({"partner_id": env.user.partner_id.id})
>>> event, order = OrderEvent.bound(order)
>>> with event.enter(order) as changes, event.collecting(changes.spent):
...     event.buffer[7] = -30_0000  # as the ledger does when code of rewards takes 30 points off card 7
>>> changes.card_ids(), changes.spent, event.is_active()
([7], {7: -300000}, False)
"""

from contextlib import contextmanager

from odoo.addons.loyalty_ledger.tools.source import CONTEXT_KEY, Source

CACHE_KEY = "loyalty_sale.order_event"


class Changes:
    """What one event changes for one order, in ten-thousandths of points by card id."""

    __slots__ = ("order_id", "spent", "earned", "other", "kept")

    def __init__(self, order_id):
        self.order_id = order_id
        #: Costs of reward lines (negative: more was spent), points that the order gives, and anything else.
        self.spent, self.earned, self.other = {}, {}, {}
        #: Programs whose card stays as it is during an update, with the ids of their cards.
        self.kept = {}

    def card_ids(self):
        """Return the ids of all cards that the event touched."""
        return sorted({*self.spent, *self.earned, *self.other})

    def __bool__(self):
        return any(units for part in (self.spent, self.earned, self.other) for units in part.values())


class OrderEvent(Source):
    """The events that are going on in a transaction, the innermost one last.

    While one is, its presence in the context says that Odoo's own reward code is at work: only that code may write
    what lines cost. A remote client can send a context key, but no instance of this class. There is one instance per
    transaction, since each distinct context costs an environment.
    """

    __slots__ = ("stack", "skipped")

    def __init__(self):
        super().__init__()
        self.stack = []
        #: Reasons why orders that are being confirmed earn nothing, by order id.
        self.skipped = {}

    def is_active(self):
        return bool(self.stack)

    @classmethod
    def bound(cls, records):
        """Return the event of the transaction, and ``records`` with it in their context."""
        event = records.env.cr.cache.get(CACHE_KEY)
        if event is None:
            event = records.env.cr.cache[CACHE_KEY] = cls()
        if records.env.context.get(CONTEXT_KEY) is not event:
            records = event.bind(records)
        return event, records

    @property
    def changes(self):
        """Changes of the order whose event is the innermost one, or None while states change or lines are copied."""
        return self.stack[-1] if self.stack else None

    def changes_of(self, order):
        """Return the changes of the innermost event if that is of ``order``."""
        changes = self.changes
        return changes if changes is not None and changes.order_id == order.id else None

    @contextmanager
    def enter(self, order=None):
        """Begin an event of ``order``, or one that collects nothing; yield its changes."""
        before = self.document, self.buffer
        changes = Changes(order.id) if order else None
        self.stack.append(changes)
        self.document = (order._name, order.id) if order else None
        self.buffer = changes.other if order else None
        try:
            yield changes
        finally:
            self.stack.pop()
            self.document, self.buffer = before

    @contextmanager
    def collecting(self, part):
        """Collect changes in this part of the innermost event for a while."""
        before, self.buffer = self.buffer, part
        try:
            yield
        finally:
            self.buffer = before
