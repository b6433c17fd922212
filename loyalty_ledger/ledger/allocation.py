"""Which lots a movement of points touches: the arithmetic of the ledger, without database and ORM.

What it is. A :class:`Card` is filled with what the database holds (:mod:`.card`), movements are applied to it one after the
other, and a :class:`.plan.Plan` collects the rows that have to be written. Nothing is written when a movement raises
:class:`.plan.LedgerError`.

Invariant after each movement: balance = sum of what is left in the lots - debt.

How to use it. The lot that expires first is used first; what comes back goes to the lot that it came from:

>>> from datetime import date
>>> from odoo.addons.loyalty_ledger.ledger.plan import Op, Plan, Terms
>>> card, plan, today = Card(1, Terms()), Plan(), date(2026, 3, 1)
>>> soon = card.apply(Op("earn", 20_0000, "sale 1", today, expiry=date(2026, 12, 31)), plan, today)
>>> ever = card.apply(Op("earn", 50_0000, "sale 2", today), plan, today)
>>> redeemed = card.apply(Op("redeem", -30_0000, "sale 3", today), plan, today)
>>> [lot.remaining for lot in plan.lots], card.balance
([0, 400000], 400000)
>>> [(lot.entry.key, points) for debit, lot, points, *__ in plan.consumptions]
[('sale 1', 200000), ('sale 2', 100000)]
"""

import datetime

from .card import CardState
from .plan import Debt, Entry, LedgerError, Lot, Op, add_delay
from .rounding import LIMIT, UNIT
from .usability import why_unusable

#: Kinds of credits that bring fresh points; they count towards the lifetime basis of levels.
GRANTS = frozenset(("opening", "earn", "adjust", "external"))
#: Kinds of debits that take points away without anything in return: who returns the goods does not owe them again.
LOSSES = frozenset(("expire", "adjust"))


class Card(CardState):
    """A card to which movements are applied."""

    __slots__ = ()

    def apply(self, op, plan, today):
        """Apply one movement.

        The ledger judges at the movement's business date, but never later than today: a late synchronisation or a
        replay sees the lots as they were, a future date opens nothing.

        :return: the planned :class:`Entry` that answers for the movement
        :raises LedgerError: when the movement must not happen; the card is then unusable
        """
        as_of = op.date if op.date < today else today
        self.refresh(as_of, plan)
        if op.kind == "transfer" and op.target is not None:
            return self._transfer(op, plan, as_of)
        self._check_usable(op, as_of)
        if op.kind == "redate":
            return self._reschedule(op, plan, as_of)
        if op.points > 0:
            if op.reverses is not None and op.reverses.points < 0:
                return self._restore(op, plan, as_of)
            return self._credit(op, plan, as_of)
        return self._debit(op, plan, as_of)

    def refresh(self, as_of, plan):
        """Let vested points settle what is owed, then expire what is past its date (before a new earning could
        revive it)."""
        if self.debt:
            for day in sorted({lot.vests for lot in self.lots if lot.vests and lot.vests < as_of}):
                # As if a job had run on that day: the points may have lapsed since.
                self._settle(day, plan)
            self._settle(as_of, plan)
        if self.lots:
            self._lapse(as_of, plan)

    def _check_usable(self, op, as_of):
        """Only an open card within its dates earns and pays; corrections and external changes always go through."""
        if op.kind not in ("earn", "redeem") and not (op.kind == "adjust" and op.points > 0):
            return
        if op.overdraw == "debt":
            return
        expiry = self.expiry if op.hold is None else None  # what was reserved in time outlives the card
        code = why_unusable(as_of, op.kind, self.archived, self.closed, self.source, self.start, expiry)
        if code:
            raise LedgerError(code, self)

    def _post(self, entry, plan):
        self.balance += entry.points
        if abs(self.balance) >= LIMIT * UNIT:
            raise LedgerError("limit", self)
        entry.balance = self.balance
        if entry.redemption:
            self.redeemed -= entry.points
        else:
            self.accumulated += entry.points
        self.lifetime += entry.level
        self.revision += 1
        if entry.kind != "expire" and (self.last_use is None or entry.date > self.last_use):
            self.last_use = entry.date
        plan.entries.append(entry)
        return entry

    def _new_lot(self, entry, points, plan, vests=None, expiry=None, origin=None):
        plan.new_order += 1
        lot = Lot(None, self.id, entry, points, points, vests, expiry, origin, plan.new_order)
        plan.lots.append(lot)
        self.add_lot(lot)
        return lot

    def _credit(self, op, plan, as_of):
        terms, kind, reverses = self.terms, op.kind, op.reverses
        entry = Entry(self, kind, op.points, op.date, op, op.key)
        entry.vests, entry.expiry = op.vests, op.expiry
        if reverses is not None:
            self._check_reversible(op, reverses)
            entry.reversed_id = reverses.id
            entry.redemption = reverses.redemption
            entry.level = op.points * reverses.level // reverses.points if reverses.level else 0
        elif kind in GRANTS:
            entry.level = op.points
        if kind == "earn" and entry.vests is None and terms.vesting:
            entry.vests = op.date + datetime.timedelta(days=terms.vesting)
        if entry.expiry is None and terms.policy == "lot" and kind in ("earn", "adjust", "external"):
            entry.expiry = add_delay(op.date, terms.delay, terms.unit)
        if kind == "earn" or op.renews or (kind in GRANTS and (self.last_earning is None or self._has_run_out(as_of))):
            entry.last_earning = self.earned_on(op.date)
        self._post(entry, plan)
        lot = self._new_lot(entry, op.points, plan, entry.vests, entry.expiry)
        if self.debt:
            self._settle_with([lot], as_of, plan)
        return entry

    def _debit(self, op, plan, as_of):
        reverses, hold, wanted = op.reverses, op.hold, -op.points
        redemption, level, own = op.kind == "redeem", 0, ()
        if reverses is not None:
            self._check_reversible(op, reverses)
            redemption = reverses.redemption
            level = -(wanted * reverses.level // reverses.points) if reverses.level else 0
            own = [lot for lot, __ in reverses.taken if lot.card_id == self.id]
        elif op.lots is not None:
            own = op.lots
        if op.overdraw == "refuse" and wanted > self.available(as_of, hold):
            raise LedgerError("insufficient", self, wanted=wanted, available=self.available(as_of, hold))
        entry = Entry(self, op.kind, -wanted, op.date, op, op.key, redemption, level)
        entry.reversed_id = reverses.id if reverses is not None else None
        budget = self.takeable(as_of, hold)
        missing = wanted
        for lot in own:
            if self.lot_expiry(lot) < as_of:
                continue  # only a hold keeps it
            # Points that nobody could spend yet are free to be taken back; live ones may be held.
            is_live = not lot.vests or lot.vests <= as_of
            part = min(missing, lot.remaining, budget) if is_live else min(missing, lot.remaining)
            if part:
                self._take(lot, part, entry, plan)
                missing -= part
                budget -= part if is_live else 0
        if missing and reverses is not None and op.overdraw != "refuse":
            # Neither what expired nor what was adjusted away is taken a second time; only what was spent is owed.
            lost = min(missing, reverses.lost)
            reverses.lost -= lost
            missing -= lost
            entry.points += lost
            entry.waived = lost
        missing -= self._take_in_order(min(missing, budget), entry, plan, as_of, hold)
        if missing and reverses is not None and op.overdraw == "clamp":
            # Only what was spent is waived: other points that nobody can spend yet were not.
            missing -= self._take_pending(missing, entry, plan, as_of)
        if hold is not None:
            self.holds.remove(hold)
        if missing and op.overdraw == "clamp":
            entry.points += missing
            entry.waived += missing
            plan.shortfalls.append((entry, missing, "waived"))
        elif missing:
            entry.unpaid = missing
            self.debt += missing
            self.debts.append(Debt(entry, missing, op.date, own[0].first() if reverses is not None and own else None))
            plan.shortfalls.append((entry, missing, "debt"))
        self._drop_empty_lots()
        return self._post(entry, plan)

    def _take(self, lot, part, entry, plan, cause=None):
        lot.remaining -= part
        self.open_total -= part
        plan.consume(entry, lot, part, cause or entry)
        if plan.roots and isinstance(entry, Entry) and entry.kind in LOSSES:
            reverses = plan.roots.get(lot.id) or plan.roots.get(lot.first())
            if reverses is not None:
                reverses.lost += part

    def _take_in_order(self, amount, entry, plan, as_of, hold=None):
        left = amount
        if not left:
            return 0
        for lot in self.ordered_lots():
            if not left:
                break
            if not lot.remaining or (lot.vests and lot.vests > as_of):
                continue
            expiry = self.lot_expiry(lot)
            if expiry < as_of and (hold is None or expiry < hold.since):
                continue
            part = min(left, lot.remaining)
            self._take(lot, part, entry, plan)
            left -= part
        return amount - left

    def _take_pending(self, amount, entry, plan, as_of):
        left = amount
        for lot in self.ordered_lots() if self._has_vesting else ():
            if left and lot.remaining and lot.vests and lot.vests > as_of and self.lot_expiry(lot) >= as_of:
                part = min(left, lot.remaining)
                self._take(lot, part, entry, plan)
                left -= part
        return amount - left

    def _drop_empty_lots(self):
        lots = self.lots
        if len(lots) > 32 and lots[len(lots) // 2].remaining and lots[-1].remaining:
            # The usual case on a card with many lots: only some at the front are used up.
            used = 0
            while not lots[used].remaining:
                lots[used].is_open = False
                used += 1
            del lots[:used]
            return
        kept = []
        for lot in lots:
            if lot.remaining:
                kept.append(lot)
            else:
                lot.is_open = False
        self.lots = kept

    def _settle(self, as_of, plan):
        """Vested lots pay the oldest debts, as far as no hold needs them."""
        budget = min(self.debt, self.takeable(as_of))
        if not budget:
            return
        for lot in self.ordered_lots():
            if (lot.vests and lot.vests > as_of) or self.lot_expiry(lot) < as_of:
                continue
            while lot.remaining and budget and self.debts:
                debt = self.debts[0]
                part = min(lot.remaining, budget, debt.unpaid)
                self._pay_from(lot, debt, part, plan)
                budget -= part
            if not budget:
                break
        self._drop_empty_lots()

    def _settle_with(self, new, as_of, plan):
        """Pay what is owed with points that just came, even when the card's date has passed and nobody can spend them."""
        self._settle(as_of, plan)
        for lot in new:
            if self.lot_expiry(lot) >= as_of or (lot.vests and lot.vests > as_of):
                continue
            while lot.remaining and self.debts:
                debt = self.debts[0]
                self._pay_from(lot, debt, min(lot.remaining, debt.unpaid), plan)
        self._drop_empty_lots()

    def _pay_from(self, lot, debt, part, plan):
        self._take(lot, part, debt.entry, plan, cause=lot.entry)
        self._pay(debt, part, plan)
        reverses = plan.undone.get(debt.entry)
        if reverses is not None:
            # A reversal of that debit in the same pass gives these points back too.
            reverses.taken.append([lot, part])

    def _pay(self, debt, part, plan):
        debt.unpaid -= part
        self.debt -= part
        if isinstance(debt.entry, Entry):
            debt.entry.unpaid = debt.unpaid
        else:
            plan.changed_debts[debt.entry] = debt.unpaid
        if not debt.unpaid:
            self.debts.remove(debt)

    def _lapse(self, as_of, plan):
        """Write off lots past their date, less what holds protect: one entry for each last usable day.

        What a hold needed when a debit came was left to it, and is owed since. Now that the hold is gone without it, the
        points settle that debt: they are not charged and then lost as well.
        """
        lapsed = self._lapsed(as_of)
        if not lapsed:
            return
        shields = self.shields(lapsed) if self.holds else [0] * len(lapsed)
        entry = expiry = None
        entries = []
        for lot, shielded in zip(lapsed, shields):
            part = lot.remaining - shielded
            if part and self.debts:
                part -= self._settle_lapsed(lot, part, plan)
            if not part:
                continue
            if entry is None or self.lot_expiry(lot) != expiry:
                expiry = self.lot_expiry(lot)
                key = f"expire:{self.id}:{self.revision + len(entries)}"
                date = min(expiry + datetime.timedelta(days=1), as_of)
                entry = Entry(self, "expire", 0, date, None, key)
                entries.append(entry)
            entry.points -= part
            self._take(lot, part, entry, plan)
        for entry in entries:
            self._post(entry, plan)
        if entries or any(not lot.remaining for lot in lapsed):
            self._drop_empty_lots()

    def _settle_lapsed(self, lot, points, plan):
        """Let ``points`` of a lot past its date pay debits from before that date, or that took back this very lot."""
        left, expiry = points, self.lot_expiry(lot)
        for debt in list(self.debts):
            if left and (debt.date <= expiry or debt.lot is not None and debt.lot == lot.first()):
                part = min(left, debt.unpaid)
                self._pay_from(lot, debt, part, plan)
                left -= part
        return points - left

    def keep_lapsed_dates(self, as_of, plan):
        """Give what a hold protects past its rolling date that date as its own, before the program's terms change.

        Otherwise a longer term would make it live again, and a released hold would leave points that had expired.
        """
        if not self._has_run_out(as_of):
            return
        lots = [lot for lot in self.lots if lot.remaining and lot.expiry is None]
        if not lots:
            return
        entry = Entry(self, "redate", 0, as_of, None, f"terms:{self.id}:{self.revision}")
        entry.expiry = self._rolling
        for lot in lots:
            lot.expiry, lot.expiry_entry = entry.expiry, entry
            if lot.id is not None:
                plan.changed_lots[lot.id] = lot
        self._has_dates = True
        self._sorted = False
        self._post(entry, plan)

    def _check_reversible(self, op, reverses):
        if abs(op.points) > reverses.left:
            raise LedgerError("over_reversed", self, wanted=abs(op.points), left=reverses.left)
        reverses.left -= abs(op.points)

    def _restore(self, op, plan, as_of):
        """Give points back to the very lots they came from, last taken first (N4).

        What was never paid is cancelled first. A lot past its date cannot take points back: they get a lot of their
        own with the program's days of grace. On another card (points-to) they get a lot with the same dates.
        """
        reverses = op.reverses
        self._check_reversible(op, reverses)
        entry = Entry(self, op.kind, op.points, op.date, op, op.key, reverses.redemption)
        entry.level = op.points * reverses.level // reverses.points if reverses.level else 0
        entry.reversed_id = reverses.id
        left = op.points
        debt = next((debt for debt in self.debts if debt.entry == reverses.id), None)
        if debt is not None:
            part = min(left, debt.unpaid)
            self._pay(debt, part, plan)
            left -= part
        self._post(entry, plan)
        grace = as_of + datetime.timedelta(days=self.terms.grace)
        new, redated = [], []
        for pair in reversed(reverses.taken):
            lot, part = pair[0], min(left, pair[1])
            if not part:
                continue
            pair[1] -= part
            left -= part
            lapsed = self.lot_expiry(lot) < as_of
            if lot.card_id == self.id and not lapsed:
                lot.remaining += part
                plan.consume(reverses.id, lot, -part, entry)
                if lot.is_open:
                    self.open_total += part
                else:
                    self.add_lot(lot)
                continue
            # The entry names the date only where all its lots share it; otherwise the origin does.
            expiry = grace if lapsed else lot.expiry
            moved = self._new_lot(entry, part, plan, lot.vests, expiry, lot.first())
            new.append(moved)
            if lapsed:
                entry.expiry = grace
            elif lot.origin:
                redated.append(moved)
            plan.consume(reverses.id, lot, -part, entry, moved_to=moved)
        if left:
            # The debit paid a debt of this card in another place, or its lots are gone: never lose the points.
            new.append(self._new_lot(entry, left, plan, None, entry.expiry))
        for number, lot in enumerate(redated):
            # Its date may have been set after it left its origin: say so.
            dated = Entry(self, "redate", 0, op.date, op, f"{op.key}:redate:{number + 1}")
            dated.expiry, lot.expiry_entry = lot.expiry, dated
            self._post(dated, plan)
        if self.debt:
            self._settle_with(new, as_of, plan)
        return entry

    def _reschedule(self, op, plan, as_of):
        """Give open lots (all of them, or those asked for) a new last usable day by an entry of zero points (P7)."""
        if op.expiry is not None and op.expiry < as_of:
            raise LedgerError("past_date", self, date=op.expiry)
        entry = Entry(self, "redate", 0, op.date, op, op.key)
        entry.expiry = op.expiry
        for lot in list(self.lots if op.lots is None else op.lots):
            if lot.remaining and self.lot_expiry(lot) >= as_of:
                lot.expiry = op.expiry
                lot.expiry_entry = entry
                if lot.id is not None:
                    plan.changed_lots[lot.id] = lot
        self._has_dates = True
        self._sorted = False
        return self._post(entry, plan)

    def _transfer(self, op, plan, as_of):
        """Move lots with their dates to another card: one debit here, one credit there for each lot (N11).

        ``points`` is what to move, or 0 for everything: then debt, level basis and last earning move too.
        """
        target, everything = op.target, not op.points
        target.refresh(as_of, plan)
        wanted = abs(op.points)
        if everything:
            if self.holds:
                raise LedgerError("reserved", self, reserved=sum(hold.points for hold in self.holds))
            wanted = self.open_total
        elif wanted > self.available(as_of):
            raise LedgerError("insufficient", self, wanted=wanted, available=self.available(as_of))
        debit = Entry(self, "transfer", -wanted, op.date, op, op.key)
        moved = []
        left = wanted
        for lot in list(self.ordered_lots()):
            if not left:
                break
            if not everything and ((lot.vests and lot.vests > as_of) or self.lot_expiry(lot) < as_of):
                continue
            part = min(left, lot.remaining)
            self._take(lot, part, debit, plan)
            moved.append((lot, part))
            left -= part
        self._drop_empty_lots()
        level = self.lifetime if everything else 0
        debit.level = -level
        self._post(debit, plan)
        last_earning = target.earned_on(self.last_earning) if self.last_earning and self.terms is target.terms else None
        for number, (lot, part) in enumerate(moved or ([(None, 0)] if level else [])):
            credit = Entry(target, "transfer", part, op.date, op, f"{op.key}:{number + 1}")
            credit.level = level if number == 0 else 0
            credit.last_earning = last_earning
            target._post(credit, plan)
            if lot is not None:
                # The points leave the card, but not its date.
                dates = [date for date in (lot.expiry, self.expiry) if date]
                credit.vests, credit.expiry = lot.vests, min(dates, default=None)
                target._new_lot(credit, part, plan, credit.vests, credit.expiry, lot.first())
        if everything and self.debt:
            self._transfer_debt(op, plan, as_of)
        elif target.debt:
            target._settle(as_of, plan)
        return debit

    def _transfer_debt(self, op, plan, as_of):
        """Clear what this card owes, and charge it to the card that got everything else."""
        target = op.target
        owed = self.debt
        clear = Op("transfer", owed, f"{op.key}:debt", op.date, model=op.model, res_id=op.res_id, reason=op.reason)
        credit = self._post(Entry(self, "transfer", owed, op.date, clear, clear.key), plan)
        lot = self._new_lot(credit, owed, plan)
        for debt in list(self.debts):
            # Even on a card past its date, where a lot pays nothing by itself.
            self._pay_from(lot, debt, debt.unpaid, plan)
        self._drop_empty_lots()
        carry = Op(
            "transfer",
            -owed,
            f"{op.key}:owed",
            op.date,
            overdraw="debt",
            model=op.model,
            res_id=op.res_id,
            reason=op.reason,
        )
        target._debit(carry, plan, as_of)
