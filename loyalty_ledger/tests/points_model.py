"""A second, independent account of what the ledger promises, in plain Python: no database, no shared code.

It was written from the design alone and is slow and simple on purpose. Points are whole ten-thousandths.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

NEVER = date.max


class Refused(Exception):
    """The ledger must not post this."""


@dataclass
class Rules:
    policy: str = "never"
    days: int = 20
    vesting: int = 0
    negative: str = "debt"
    grace: int = 30


@dataclass(eq=False)
class Lot:
    root: str
    """Key of the movement that first brought these points."""
    remaining: int
    day: date
    number: int
    opens: date | None = None
    ends: date | None = None
    came_from: "Lot | None" = None

    def is_or_follows(self, lots):
        lot = self
        while lot:
            if lot in lots:
                return True
            lot = lot.came_from
        return False


@dataclass(eq=False)
class Hold:
    card: "Card"
    points: int
    day: date
    until: datetime | None
    state: str = "active"
    redeemed: bool = False
    """Used after its time: a plain redemption."""


@dataclass(eq=False)
class Movement:
    """What a later reversal needs to know."""

    card: "Card"
    kind: str
    points: int
    lots: list = field(default_factory=list)
    """Lots that a credit made."""
    taken: list = field(default_factory=list)
    """Pairs of lot and points of a debit, in the order in which they were taken."""
    unpaid: int = 0
    undone: int = 0
    lost: int = 0
    """Points of a credit that expired or were adjusted away."""
    left_out: int = 0
    """What reversals of a credit did not take."""
    day: date | None = None
    """When a debit took its points."""
    roots: frozenset = frozenset()
    """Roots of the lots that a debit took back."""


@dataclass(eq=False)
class Card:
    name: str
    lots: list = field(default_factory=list)
    owing: list = field(default_factory=list)
    """Debits that are not paid in full."""
    holds: list = field(default_factory=list)
    points: int = 0
    redeemed: int = 0
    lifetime: int = 0
    ends: date | None = None
    closed: bool = False
    master: "Card | None" = None
    last_earning: date | None = None
    last_use: date | None = None

    @property
    def debt(self):
        return sum(debit.unpaid for debit in self.owing)


class Ledger:
    def __init__(self, rules, names):
        self.rules = rules
        self.cards = {name: Card(name) for name in names}
        self.movements = {}
        self.count = 0
        self.now = datetime(2026, 1, 1, 12)

    @property
    def today(self):
        return self.now.date()

    # dates

    def own_end(self, card, lot):
        if lot.ends is None and self.rules.policy == "rolling" and card.last_earning:
            return card.last_earning + timedelta(days=self.rules.days)
        return lot.ends or NEVER

    def end_of(self, card, lot):
        """Last usable day."""
        return min(self.own_end(card, lot), card.ends or NEVER)

    def in_order(self, card, lots):
        return sorted(lots, key=lambda lot: (self.end_of(card, lot), lot.number))

    def is_open(self, lot, day):
        return lot.opens is None or lot.opens <= day

    def is_lapsed(self, card, lot, day):
        return self.end_of(card, lot) < day

    def is_live(self, card, lot, day):
        return self.is_open(lot, day) and not self.is_lapsed(card, lot, day)

    # holds

    def reserving(self, card):
        return [hold for hold in card.holds if hold.state == "active" and (hold.until is None or hold.until > self.now)]

    def shields(self, card, day, holds):
        """{lot: points}: a hold protects lapsed points that were good on the day it was placed."""
        result = {lot: 0 for lot in self.in_order(card, card.lots) if self.is_lapsed(card, lot, day)}
        # A later hold could count on fewer of those lots, so it chooses first.
        for hold in sorted(holds, key=lambda hold: hold.day, reverse=True):
            wanted = hold.points
            for lot in result:
                part = min(wanted, lot.remaining - result[lot])
                if part and self.end_of(card, lot) >= hold.day:
                    result[lot] += part
                    wanted -= part
        return result

    # balances

    def live(self, card, day):
        return sum(lot.remaining for lot in card.lots if self.is_live(card, lot, day))

    def pending(self, card):
        return sum(lot.remaining for lot in card.lots if not self.is_open(lot, self.today))

    def reserved(self, card):
        return sum(hold.points for hold in self.reserving(card))

    def usable(self, card, day=None):
        day = day or self.today
        return not card.closed and card.master is None and (card.ends is None or card.ends >= day)

    def free(self, card, day):
        """Live points that no hold needs."""
        holds = self.reserving(card)
        needed = self.reserved(card) - sum(self.shields(card, day, holds).values())
        return max(0, self.live(card, day) - max(0, needed))

    def spendable(self, card, day):
        return max(0, self.free(card, day) - card.debt)

    def available(self, card):
        return self.spendable(card, self.today) if self.usable(card) else 0

    # what happens by itself

    def refresh(self, card, day):
        """Points that vested in the meantime paid debt on that day; lapsed points that no hold protects go."""
        for moment in sorted({lot.opens for lot in card.lots if lot.remaining and lot.opens and lot.opens <= day}):
            self.pay(card, moment)
        self.pay(card, day)
        for lot, kept in self.shields(card, day, self.reserving(card)).items():
            self.pay_with_lapsed(card, lot, lot.remaining - kept)
            card.points -= lot.remaining - kept
            self.lose(lot, lot.remaining - kept)
            lot.remaining = kept

    def pay_with_lapsed(self, card, lot, points):
        """What a hold kept from a debit pays it, once the hold is gone: it is not owed and lost as well."""
        for debit in list(card.owing):
            if debit.day <= self.end_of(card, lot) or lot.root in debit.roots:
                part = min(points, debit.unpaid)
                lot.remaining -= part
                debit.unpaid -= part
                points -= part
                if part:
                    debit.taken.append((lot, part))
            if not debit.unpaid:
                card.owing.remove(debit)

    def lose(self, lot, points):
        if first := self.movements.get(lot.root):
            first.lost += points

    def pay(self, card, day):
        free = self.free(card, day)
        for debit in list(card.owing):
            for lot in self.in_order(card, card.lots):
                part = min(lot.remaining, debit.unpaid, free) if self.is_live(card, lot, day) else 0
                if part:
                    lot.remaining -= part
                    debit.unpaid -= part
                    free -= part
                    debit.taken.append((lot, part))
            if not debit.unpaid:
                card.owing.remove(debit)

    def pay_late(self, card, lots, day):
        """New points that nobody can spend, on a card past its date, pay what is owed all the same."""
        for lot in lots:
            for debit in list(card.owing):
                part = min(lot.remaining, debit.unpaid)
                if part and self.is_open(lot, day) and self.is_lapsed(card, lot, day):
                    lot.remaining -= part
                    debit.unpaid -= part
                    debit.taken.append((lot, part))
                if not debit.unpaid:
                    card.owing.remove(debit)

    # movements

    def use(self, card, day=None):
        day = day or self.today
        card.last_use = max(card.last_use or day, day)

    def add_lot(self, card, **values):
        self.count += 1
        lot = Lot(number=self.count, **values)
        card.lots.append(lot)
        return lot

    def credit(self, name, key, kind, points, day, ends=None):
        """``day``: the business date. A late one sees the card as it was then."""
        card = self.cards[name]
        card = card.master or card
        seen = min(day, self.today)
        self.refresh(card, seen)
        if kind != "external" and not self.usable(card, seen):
            raise Refused
        opens = None
        if kind == "earn" and self.rules.vesting:
            opens = day + timedelta(days=self.rules.vesting)
        if ends is None and self.rules.policy == "lot":
            ends = day + timedelta(days=self.rules.days)
        self.use(card, day)
        card.points += points
        card.lifetime += points
        if kind == "earn" or card.last_earning is None or self.is_over(card, seen):
            card.last_earning = max(card.last_earning or day, day)
        lot = self.add_lot(card, root=key, remaining=points, day=day, opens=opens, ends=ends)
        self.movements[key] = Movement(card, kind, points, lots=[lot])
        self.pay(card, seen)
        self.pay_late(card, [lot], seen)

    def is_over(self, card, day):
        """Without a new earning, a grant on a rolling card would be born lapsed."""
        return self.rules.policy == "rolling" and card.last_earning + timedelta(days=self.rules.days) < day

    def debit(self, name, key, kind, points, mode="refuse"):
        card = self.cards[name]
        if mode == "debt":
            card = card.master or card
        elif kind == "redeem" and not self.usable(card):
            raise Refused
        self.refresh(card, self.today)
        if mode == "refuse" and points > self.spendable(card, self.today):
            raise Refused
        self.take(card, key, kind, points, mode)
        if kind == "redeem":
            card.redeemed += points

    def take(self, card, key, kind, points, mode, undone=None):
        """The movement's own lots, then live ones that no hold needs, then debt (or it is waived)."""
        free = self.free(card, self.today)
        lots = self.in_order(card, card.lots)
        own = [lot for lot in card.lots if undone and lot.is_or_follows(undone.lots)]
        movement = Movement(card, kind, -points, day=self.today)
        movement.roots = frozenset(lot.root for lot in undone.lots) if undone else frozenset()
        wanted = points
        for lot in own + [None] + [lot for lot in lots if lot not in own]:
            if lot is None:
                # Between the two: what is gone anyway is not taken once more.
                if undone:
                    part = min(wanted, max(0, undone.lost - undone.left_out))
                    undone.left_out += part
                    movement.points += part
                    wanted -= part
                continue
            if self.is_live(card, lot, self.today):
                part = min(wanted, lot.remaining, free)
                free -= part
            elif lot in own and not self.is_lapsed(card, lot, self.today):
                part = min(wanted, lot.remaining)  # pending: nobody could count on it
            else:
                part = 0
            if part:
                lot.remaining -= part
                wanted -= part
                movement.taken.append((lot, part))
                if kind == "adjust":
                    self.lose(lot, part)
        if mode == "clamp":
            for lot in lots:
                if wanted and not self.is_open(lot, self.today) and not self.is_lapsed(card, lot, self.today):
                    part = min(wanted, lot.remaining)
                    lot.remaining -= part
                    wanted -= part
                    movement.taken.append((lot, part))
            movement.points += wanted
            if undone:
                undone.left_out += wanted
        elif wanted:
            self.owe(card, movement, wanted)
        self.use(card)
        card.points += movement.points
        self.movements[key] = movement
        return movement

    def owe(self, card, movement, points):
        movement.unpaid = points
        card.owing.append(movement)

    def hold(self, name, points, until):
        card = self.cards[name]
        self.refresh(card, self.today)
        if points > self.available(card):
            raise Refused
        hold = Hold(card, points, self.today, until)
        card.holds.append(hold)
        return hold

    def release(self, hold):
        if hold.state == "active":
            hold.state = "released"

    def consume(self, hold, key):
        if hold.state == "released":
            raise Refused
        if hold.state == "consumed" or hold.redeemed:
            return
        card = hold.card
        if hold not in self.reserving(card):
            self.debit(card.name, key, "redeem", hold.points)
            hold.redeemed = True
            return
        today = self.today
        if card.closed or card.master:
            raise Refused
        self.refresh(card, today)
        others = [other for other in self.reserving(card) if other is not hold]
        shields = self.shields(card, today, others)
        good = {lot: lot.remaining for lot in self.in_order(card, card.lots) if self.is_live(card, lot, today)}
        mine = {lot: lot.remaining - kept for lot, kept in shields.items() if self.end_of(card, lot) >= hold.day}
        needed = sum(other.points for other in others) - sum(shields.values())
        if hold.points > sum(good.values()) + sum(mine.values()) - needed:
            raise Refused
        movement = Movement(card, "redeem", -hold.points)
        wanted = hold.points
        for lot in self.in_order(card, card.lots):
            # Another hold that loses its lapsed points here gets live ones instead.
            could = lot in good or lot in mine
            part = min(wanted, lot.remaining) if could else 0
            if part:
                lot.remaining -= part
                wanted -= part
                movement.taken.append((lot, part))
        hold.state = "consumed"
        self.use(card)
        card.points -= hold.points
        card.redeemed += hold.points
        self.movements[key] = movement

    def reverse(self, of, key, points):
        """Undo ``points`` (positive) of the movement with the key ``of``."""
        first = self.movements[of]
        if not points or points > abs(first.points) - first.undone:
            raise Refused
        card = first.card.master or first.card
        self.refresh(card, self.today)
        first.undone += points
        if first.points > 0:
            self.take(card, key, "reversal", points, self.rules.negative, first)
            card.lifetime -= points  # waived points do not count for the level either
            return
        self.use(card)
        card.points += points
        if first.kind == "redeem":
            card.redeemed -= points
        wanted, before = points, len(card.lots)
        part = min(wanted, first.unpaid)
        first.unpaid -= part
        wanted -= part
        if not first.unpaid and first in card.owing:
            card.owing.remove(first)
        while wanted:
            lot, taken = first.taken.pop()
            part = min(wanted, taken)
            if part < taken:
                first.taken.append((lot, taken - part))
            wanted -= part
            if first.kind == "adjust":
                self.lose(lot, -part)
            self.give_back(card, lot, part)
        self.pay(card, self.today)
        self.pay_late(card, card.lots[before:], self.today)

    def give_back(self, card, lot, points):
        late = self.is_lapsed(card, lot, self.today)
        if lot in card.lots and not late:
            lot.remaining += points
            return
        ends = self.today + timedelta(days=self.rules.grace) if late else lot.ends
        self.add_lot(card, root=lot.root, remaining=points, day=lot.day, opens=lot.opens, ends=ends, came_from=lot)

    def transfer(self, source, target, points):
        """Move points with their dates."""
        card, other = self.cards[source], self.cards[target]
        other = other.master or other
        if other is card:
            raise Refused
        self.refresh(card, self.today)
        self.refresh(other, self.today)
        if points > self.spendable(card, self.today):
            raise Refused
        self.move(card, other, points, [lot for lot in card.lots if self.is_live(card, lot, self.today)])
        self.pay(other, self.today)

    def move(self, card, other, points, lots):
        lots = self.in_order(card, lots)
        self.use(card)
        other.last_earning = max(filter(None, (card.last_earning, other.last_earning)), default=None)
        for lot in lots:
            part = min(points, lot.remaining)
            if not part:
                continue
            lot.remaining -= part
            points -= part
            self.use(other)
            card.points -= part
            other.points += part
            # The points leave the card, but not its date.
            ends = min(filter(None, (lot.ends, card.ends)), default=None)
            self.add_lot(other, root=lot.root, remaining=part, day=lot.day, opens=lot.opens, ends=ends, came_from=lot)

    def move_all(self, card, other):
        """Everything goes: points, what is owed, and what the level counts."""
        if self.reserving(card):
            raise Refused
        self.refresh(card, self.today)
        self.refresh(other, self.today)
        self.move(card, other, sum(lot.remaining for lot in card.lots), card.lots)
        if card.owing:
            # The other card lends what is owed: a debit there, paid to this card's debits.
            loan = Lot(root=None, remaining=0, day=self.today, number=0)
            carried = Movement(other, "transfer", 0, day=self.today)
            carried.unpaid = card.debt
            other.owing.append(carried)
            self.use(other)
            card.points += carried.unpaid
            other.points -= carried.unpaid
            for debit in card.owing:
                debit.taken.append((loan, debit.unpaid))
                debit.unpaid = 0
            card.owing = []
        if card.lifetime:
            self.use(other)
        other.lifetime += card.lifetime
        card.lifetime = 0
        self.pay(other, self.today)

    def points_to(self, source, target):
        card, other = self.cards[source], self.cards[target]
        if card.master is other:
            return
        if (
            card is other
            or other.master
            or any(each.master is card for each in self.cards.values())
            or self.reserving(card)
        ):
            raise Refused
        card.master = other
        self.move_all(card, other)

    def date_lots(self, name, ends):
        if ends < self.today:
            raise Refused
        card = self.cards[name]
        self.refresh(card, self.today)
        self.use(card)
        for lot in card.lots:
            if lot.remaining and not self.is_lapsed(card, lot, self.today):
                lot.ends = ends

    def date_card(self, name, ends):
        card = self.cards[name]
        if card.last_use and ends < card.last_use and ends != card.ends:
            raise Refused
        self.refresh(card, self.today)
        card.ends = ends

    def purge(self):
        for card in self.cards.values():
            self.refresh(card, self.today)
