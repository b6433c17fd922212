"""What the arithmetic of the ledger works on: terms, lots, holds and debts of a card, movements, and the plan of rows that
they ask for. No database, no ORM.

Amounts are integers in ten-thousandths of a point (:mod:`.rounding`), dates are :class:`datetime.date`.

>>> add_delay(datetime.date(2026, 1, 31), 1, "month")
datetime.date(2026, 2, 28)
"""

import calendar
import datetime

FOREVER = datetime.date.max


class LedgerError(Exception):
    """A movement that must not happen.

    :param code: ``insufficient``, ``over_reversed``, ``reserved``, ``past_date``, ``limit``, or one of
        :data:`.usability.CODES`
    :param details: amounts (in ten-thousandths) and dates that the message needs
    """

    def __init__(self, code, card, **details):
        super().__init__(code)
        self.code = code
        self.card = card
        self.details = details


def add_delay(start, number, unit):
    """Return ``start`` plus ``number`` of ``unit`` (``day``, ``month`` or ``year``).

    Months keep the day and fall back to the last day of a shorter month, as PostgreSQL's intervals do.
    """
    if unit == "day":
        return start + datetime.timedelta(days=number)
    months = start.month - 1 + number * (12 if unit == "year" else 1)
    year, month = start.year + months // 12, months % 12 + 1
    return start.replace(year=year, month=month, day=min(start.day, calendar.monthrange(year, month)[1]))


class Terms:
    """What a program says about the life of its points."""

    __slots__ = ("policy", "delay", "unit", "vesting", "negative", "grace")

    def __init__(self, policy="never", delay=0, unit="month", vesting=0, negative="debt", grace=30):
        self.policy = policy
        self.delay = delay
        self.unit = unit
        self.vesting = vesting
        self.negative = negative
        self.grace = grace


class Lot:
    """The open part of a credit. ``entry`` is the id of the credit, or the planned :class:`Entry`."""

    __slots__ = (
        "id",
        "card_id",
        "entry",
        "points",
        "remaining",
        "vests",
        "expiry",
        "origin",
        "order",
        "expiry_entry",
        "is_open",
    )

    def __init__(self, id_, card_id, entry, points, remaining, vests=None, expiry=None, origin=None, order=0):
        self.id = id_
        self.card_id = card_id
        self.entry = entry
        self.points = points
        self.remaining = remaining
        self.vests = vests
        self.expiry = expiry
        self.origin = origin
        self.order = order
        self.expiry_entry = None
        self.is_open = remaining > 0

    def first(self):
        """The lot that these points were in first: its id, or the lot itself while it has none."""
        return self.origin or self.id or self


class Hold:
    """Points set aside since a date for a document that is not final."""

    __slots__ = ("id", "points", "since")

    def __init__(self, id_, points, since):
        self.id = id_
        self.points = points
        self.since = since


class Debt:
    """What is still unpaid of a debit that took more than there was.

    :param date: when it was taken
    :param lot: of a credit that was taken back, the lot that its points were in first
    """

    __slots__ = ("entry", "unpaid", "date", "lot")

    def __init__(self, entry, unpaid, date=FOREVER, lot=None):
        self.entry = entry
        self.unpaid = unpaid
        self.date = date
        self.lot = lot


class Entry:
    """A planned row of the ledger."""

    __slots__ = (
        "id",
        "card",
        "kind",
        "points",
        "balance",
        "date",
        "vests",
        "expiry",
        "op",
        "key",
        "reversed_id",
        "redemption",
        "level",
        "unpaid",
        "waived",
        "last_earning",
    )

    def __init__(self, card, kind, points, date, op, key, redemption=False, level=0):
        self.id = None
        self.card = card
        self.kind = kind
        self.points = points
        self.balance = 0
        self.date = date
        self.vests = None
        self.expiry = None
        self.op = op
        self.key = key
        self.reversed_id = None
        self.redemption = redemption
        self.level = level
        self.unpaid = 0
        self.waived = 0
        #: Last earning of the card since this transaction, where it moved it.
        self.last_earning = None


class Reversed:
    """The entry that a reversal undoes, as far as the arithmetic needs it.

    :param taken: for a debit, its consumptions in the order they were made: pairs of lot and what of it is still
        taken; for a credit, its own lots or what became of them on the card now
    :param left: what may still be reversed, positive
    :param cards: ids of the entry's card and of the card that one is linked to
    :param lost: of a credit, what expired or was adjusted away and no earlier reversal left out
    """

    __slots__ = ("id", "points", "level", "redemption", "unpaid", "left", "taken", "kind", "cards", "lost")

    def __init__(self, id_, points, level, redemption, unpaid, left, taken, kind=None, cards=(), lost=0):
        self.id = id_
        self.points = points
        self.level = level
        self.redemption = redemption
        self.unpaid = unpaid
        self.left = left
        self.taken = taken
        self.kind = kind
        self.cards = cards
        self.lost = lost


class Op:
    """One movement, normalised: signed ``points``, the business ``date``, and how far it may go."""

    __slots__ = (
        "kind",
        "points",
        "key",
        "date",
        "vests",
        "expiry",
        "lots",
        "hold",
        "reverses",
        "overdraw",
        "target",
        "model",
        "res_id",
        "reason",
        "renews",
    )

    def __init__(self, kind, points, key, date, **details):
        self.kind = kind
        self.points = points
        self.key = key
        self.date = date
        get = details.get
        self.vests = get("vests")
        self.expiry = get("expiry")
        self.lots = get("lots")
        self.hold = get("hold")
        self.reverses = get("reverses")
        self.overdraw = get("overdraw", "refuse")
        self.target = get("target")
        self.model = get("model")
        self.res_id = get("res_id")
        self.reason = get("reason")
        self.renews = get("renews", False)


class Plan:
    """The rows that the movements ask for, in the order of the ledger."""

    def __init__(self):
        self.entries = []
        self.lots = []
        self.changed_lots = {}
        self.consumptions = []
        self.changed_debts = {}
        self.shortfalls = []
        self.undone = {}
        #: Lot id -> the credit that is undone in the same pass and that the lot's points came from.
        self.roots = {}
        self.new_order = 1 << 60

    def consume(self, debit, lot, points, cause, moved_to=None):
        """Note that ``debit`` took ``points`` of ``lot`` (negative: gave them back) because of ``cause``."""
        self.consumptions.append((debit, lot, points, cause, lot.remaining, moved_to))
        if lot.id is not None:
            self.changed_lots[lot.id] = lot
