from odoo.addons.loyalty_ledger.tools.source import Source


class TillSource(Source):
    """Collects what Odoo's code does to cards while it settles an order of the till, and posts it in one go.

    :param order: the ``pos.order`` that is settled
    :param claimed: ids of the cards that the order's claims are about
    """

    __slots__ = ("claimed", "order")

    def __init__(self, order, claimed):
        super().__init__(document=("pos.order", order.id), buffer={})
        self.order = order
        self.claimed = claimed

    def settle(self):
        """Post what was collected, once. Whatever changes a card after that is posted as it comes."""
        changes, self.buffer = self.buffer, None
        if changes is not None:
            self.order._post_till_points(changes, self.claimed)
