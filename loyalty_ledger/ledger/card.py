"""A card as the ledger sees it: in which order its lots are used, and what of them can be spent.

>>> from datetime import date
>>> from odoo.addons.loyalty_ledger.ledger.plan import Hold, Lot, Terms
>>> card, today = CardState(1, Terms()), date(2026, 3, 1)
>>> card.add_lot(Lot(1, 1, 1, 50_0000, 50_0000, order=1))
>>> card.add_lot(Lot(2, 1, 2, 20_0000, 20_0000, expiry=date(2026, 12, 31), order=2))
>>> card.holds.append(Hold(1, 10_0000, today))
>>> [lot.id for lot in card.ordered_lots()], card.available(today)
([2, 1], 600000)
"""

from .plan import FOREVER, add_delay


class CardState:
    """Balance, lots, holds and debts of a card as they are now; :class:`.allocation.Card` applies movements to them."""

    __slots__ = (
        "id",
        "terms",
        "balance",
        "accumulated",
        "redeemed",
        "lifetime",
        "debt",
        "lots",
        "holds",
        "debts",
        "last_earning",
        "last_use",
        "start",
        "expiry",
        "closed",
        "archived",
        "source",
        "revision",
        "info",
        "level_id",
        "_rolling",
        "_sorted",
        "_has_vesting",
        "_has_dates",
        "open_total",
    )

    def __init__(self, id_, terms, balance=0, accumulated=0, redeemed=0, lifetime=0, debt=0, last_earning=None):
        self.id = id_
        self.terms = terms
        self.balance = balance
        self.accumulated = accumulated
        self.redeemed = redeemed
        self.lifetime = lifetime
        self.debt = debt
        self.lots = []
        self.holds = []
        self.debts = []
        self.last_earning = None
        self.last_use = None
        self.start = None
        self.expiry = None
        self.closed = False
        self.archived = False
        self.source = False
        self.revision = 0
        self.info = None
        self.level_id = None
        self._rolling = None
        self._sorted = True
        self._has_vesting = False
        self._has_dates = False
        self.open_total = 0
        if last_earning:
            self.earned_on(last_earning)

    # --- dates ---------------------------------------------------------------------------------------------------

    def earned_on(self, date):
        """Remember the last earning; with rolling expiry it renews the whole balance (bP3).

        :return: the day, or None where the last earning is a later one
        """
        if self.last_earning is None or date > self.last_earning:
            self.last_earning = date
            if self.terms.policy == "rolling":
                self._rolling = add_delay(date, self.terms.delay, self.terms.unit)
                if self._has_dates:
                    self._sorted = False
            return date
        return None

    def _has_run_out(self, as_of):
        """Whether rolling expiry is over: points granted now would be lapsed at once."""
        return self._rolling is not None and self._rolling < as_of

    def lot_expiry(self, lot):
        """Last usable day of a lot: the sooner of the card's date and its own, overridden or rolling one."""
        own = lot.expiry or self._rolling or FOREVER
        return min(own, self.expiry) if self.expiry else own

    def add_lot(self, lot):
        """Put an open lot among the others, keeping the order of consumption: earliest expiry, then oldest."""
        if lot.vests is not None:
            self._has_vesting = True
        if lot.expiry is not None and not self._has_dates:
            self._has_dates = True
            self._sorted = self._sorted and not (self.lots and self._rolling)
        if self._sorted and self.lots:
            last = self.lots[-1]
            self._sorted = (self.lot_expiry(last), last.order) <= (self.lot_expiry(lot), lot.order)
        lot.is_open = True
        self.lots.append(lot)
        self.open_total += lot.remaining

    def ordered_lots(self):
        """Open lots in the order in which they are consumed."""
        if not self._sorted:
            self.lots.sort(key=lambda lot: (self.lot_expiry(lot), lot.order))
            self._sorted = True
        return self.lots

    # --- balances ------------------------------------------------------------------------------------------------

    def _lapsed(self, as_of):
        """Open lots past their date, earliest first."""
        lots = self.ordered_lots()
        if not lots or self.lot_expiry(lots[0]) >= as_of:
            return []
        lapsed = []
        for lot in lots:
            if self.lot_expiry(lot) >= as_of:
                break
            lapsed.append(lot)
        return lapsed

    def shields(self, lapsed, holds=None):
        """How much of each lapsed lot the holds (default: all of the card) still protect.

        A hold protects a lot only if it was placed while the lot could be used. The earliest lot takes from the
        earliest holds, which leaves the most for later lots.

        :return: list of amounts, in the order of ``lapsed``
        """
        left = sorted(
            ([hold.since, hold.points] for hold in (self.holds if holds is None else holds)),
            key=lambda pair: pair[0],
        )
        amounts = []
        for lot in lapsed:
            expiry, need = self.lot_expiry(lot), lot.remaining
            for pair in left:
                if pair[0] > expiry or not need:
                    break
                taken = min(pair[1], need)
                pair[1] -= taken
                need -= taken
            amounts.append(lot.remaining - need)
        return amounts

    def _pending(self, as_of, lapsed=()):
        if not self._has_vesting:
            return 0
        return sum(lot.remaining for lot in self.lots if lot.vests and lot.vests > as_of and lot not in lapsed)

    def takeable(self, as_of, hold=None):
        """Points of lots that a debit may take: live ones less what other documents hold.

        With a ``hold`` of the card, its own amount and the lapsed lots that it protects count too.
        """
        lapsed = self._lapsed(as_of)
        live = self.open_total - self._pending(as_of, lapsed) - sum(lot.remaining for lot in lapsed)
        if hold is None:
            reserved = sum(other.points for other in self.holds)
            if reserved and lapsed:
                reserved -= sum(self.shields(lapsed))
            return max(0, live - max(0, reserved))
        others = [other for other in self.holds if other is not hold]
        shields = self.shields(lapsed, others)
        protected = sum(
            lot.remaining - shielded for lot, shielded in zip(lapsed, shields) if self.lot_expiry(lot) >= hold.since
        )
        return max(0, live + protected + sum(shields) - sum(other.points for other in others))

    def available(self, as_of, hold=None):
        """Points that can be spent on ``as_of`` (C18): max(0, live - debt - reserved beyond what is shielded).

        A hold's own points stay available to it even when a later debit left the card in debt.
        """
        usable = self.takeable(as_of, hold)
        free = max(0, usable - self.debt)
        return max(free, min(hold.points, usable)) if hold else free

    def pending(self, as_of):
        """Points of lots that are not vested yet (N9)."""
        return self._pending(as_of)
