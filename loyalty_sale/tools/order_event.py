"""A business event of an order, carried through Odoo's own code by the context."""

from contextlib import contextmanager

from odoo.addons.loyalty_ledger.tools.source import Source


class OrderEvent(Source):
    """What changes points for one order, collected until the event is over.

    Its presence in the context also says that Odoo's own reward code is at work: only that code may write what
    lines cost. A remote client can send a context key, but no instance of this class.

    :param order: the ``sale.order`` whose changes are collected; without one, nothing is collected
    """

    __slots__ = ("spent", "earned", "other", "kept", "skipped")

    def __init__(self, order=None):
        super().__init__(document=(order._name, order.id) if order else None)
        #: Ten-thousandths by card id: costs of reward lines (negative: more was spent), points given, anything else.
        self.spent, self.earned, self.other = {}, {}, {}
        #: Programs whose card stays as it is during an update, with the ids of their cards.
        self.kept = {}
        #: Reasons why a card earns nothing, by order id.
        self.skipped = {}
        self.buffer = self.other if order else None

    @contextmanager
    def collecting(self, name):
        """Collect changes as ``spent`` or ``earned`` for a while."""
        before, self.buffer = self.buffer, getattr(self, name)
        try:
            yield
        finally:
            self.buffer = before

    def close(self):
        """Whoever still holds this event in a context posts directly from now on."""
        self.buffer = None

    def card_ids(self):
        """Return the ids of all cards that the event touched."""
        return sorted({*self.spent, *self.earned, *self.other})

    def has_changes(self):
        """Return whether anything has to be posted."""
        return any(units for part in (self.spent, self.earned, self.other) for units in part.values())
