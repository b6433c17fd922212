"""What the gateway reads: cards with their open lots, active holds and debts, and what reversals undo."""

from odoo import fields
from odoo.tools import SQL

from ..tools.today import loyalty_today
from . import allocation, arrays
from .plan import Debt, Hold, Lot, Plan, Reversed
from .rounding import to_points, to_units
from .usability import REDEEM, why_unusable

#: What a card can do with its points now, as :meth:`Reading.balances` returns it.
BALANCES = ("reserved_points", "pending_points", "lapsed_points", "available_points")
#: What a transaction remembers of the cards that it read, and of how many.
CONTENTS = "loyalty_ledger.contents"
KNOWN = 1_000


class Reading:
    """Rows of the database as cards of :mod:`.allocation`. Part of :class:`.gateway.Gateway`."""

    def __init__(self, env):
        self.env = env
        self.cr = env.cr
        self.plan = Plan()
        self.lots = {}
        self.holds = {}
        self._terms = {}
        self._todays = {}

    def today(self, card):
        company_id = card.info["company_id"]
        if company_id not in self._todays:
            company = self.env["res.company"].browse(company_id or [])
            self._todays[company_id] = loyalty_today(self.env, company)
        return self._todays[company_id]

    def terms(self, program_id):
        if program_id not in self._terms:
            self._terms[program_id] = self.env["loyalty.program"].sudo().browse(program_id)._ledger_terms()
        return self._terms[program_id]

    def load(self, ids, lock=True, keys=()):
        """Lock the cards and their masters in id order and return them as ``{id: allocation.Card}``.

        The dict also holds the masters. Cards outside the ledger are not returned.

        :param keys: keys of movements; ``repeated`` in the info of each card says whether any was posted before
        """
        self.cr.execute(
            SQL(
                """
                SELECT c.id, c.program_id, c.company_id, c.points_to_id, c.level_id, c.partner_id, c.closed, c.active,
                       c.start_date, c.expiration_date, c.last_earning_date, c.last_use_date,
                       COALESCE(c.ledger_revision, 0) AS revision,
                       (COALESCE(c.points, 0) * 10000)::bigint AS balance,
                       (COALESCE(c.accumulated_points, 0) * 10000)::bigint AS accumulated,
                       (COALESCE(c.redeemed_points, 0) * 10000)::bigint AS redeemed,
                       (COALESCE(c.lifetime_points, 0) * 10000)::bigint AS lifetime,
                       (COALESCE(c.debt_points, 0) * 10000)::bigint AS debt%(repeated)s
                  FROM loyalty_card c
                 WHERE c.id = ANY(%(ids)s::int[] || ARRAY(
                       SELECT m.points_to_id FROM loyalty_card m
                        WHERE m.id = ANY(%(ids)s::int[]) AND m.points_to_id IS NOT NULL))
                   AND c.ledgered
                 ORDER BY c.id %(lock)s
                """,
                lock=SQL("FOR NO KEY UPDATE OF c") if lock else SQL(),
                ids=arrays.numbers(sorted(ids)),
                repeated=SQL(
                    ", EXISTS (SELECT FROM loyalty_ledger_entry WHERE idempotency_key = ANY(%s::text[])) AS repeated",
                    arrays.texts(keys),
                )
                if keys
                else SQL(),
            )
        )
        states = {info["id"]: self._card(info) for info in self.cr.dictfetchall()}
        self._load_contents([card for card in states.values() if card.last_use or card.balance or card.revision])
        if owing := [card.id for card in states.values() if card.debt]:
            self._load_debts(states, owing)
        return states

    def _card(self, info):
        card = allocation.Card(
            info["id"],
            self.terms(info["program_id"]),
            info["balance"],
            info["accumulated"],
            info["redeemed"],
            info["lifetime"],
            info["debt"],
            info["last_earning_date"],
        )
        card.expiry = info["expiration_date"]
        card.start = info["start_date"]
        card.closed = bool(info["closed"])
        card.archived = not info["active"]
        card.source = bool(info["points_to_id"])
        card.last_use = info["last_use_date"]
        card.revision = info["revision"]
        card.level_id = info["level_id"]
        card.info = info
        return card

    def balances(self, card):
        """Return ``(reserved, pending, lapsed, available)`` of an :class:`allocation.Card` in points, as of now."""
        today = self.today(card)
        lapsed = sum(lot.remaining for lot in card._lapsed(today))
        problem = why_unusable(today, REDEEM, card.archived, card.closed, card.source, card.start, card.expiry)
        return (
            to_points(sum(hold.points for hold in card.holds)),
            to_points(card.pending(today)),
            to_points(lapsed),
            0.0 if problem else to_points(card.available(today)),
        )

    def remember_balances(self, card):
        """Spare anybody who reads the balances of a card next the queries: all that they take is known here."""
        record = self.env["loyalty.card"].browse(card.id)
        for name, value in zip(BALANCES, self.balances(card)):
            record._fields[name]._insert_cache(record, [value])

    def peek(self, cards):
        """Return ``{id: allocation.Card}`` of ledgered ``loyalty.card`` records for questions about their balance.

        Takes no lock, and no query for what the records know.
        """
        states = {}
        for record in cards:
            if not record.ledgered:
                continue
            card = allocation.Card(
                record.id,
                self.terms(record.program_id.id),
                debt=to_units(record.debt_points),
                last_earning=record.last_earning_date or None,
            )
            card.expiry = record.expiration_date or None
            card.start = record.start_date or None
            card.closed = record.closed
            card.archived = not record.active
            card.source = bool(record.points_to_id)
            card.revision = record.ledger_revision
            card.info = {"company_id": record.company_id.id}
            states[card.id] = card
        self._load_contents(states.values())
        return states

    def _load_contents(self, cards):
        """Give the cards their open lots and active holds.

        Rows that were read for a question about the balance serve the posting that follows: whatever changes a lot or
        a hold changes the revision of its card too. The transaction forgets them with its other caches.
        """
        known = self.cr.cache.setdefault(CONTENTS, {})
        contents = {}
        missing = {}
        for card in cards:
            revision, rows = known.get(card.id, (None, None))
            if revision == card.revision:
                contents[card.id] = rows
            else:
                contents[card.id] = []
                missing[card.id] = card.revision
        if missing:
            self._read_contents(missing, contents)
            if len(known) > KNOWN:
                known.clear()
            if len(missing) <= KNOWN:
                known.update((card_id, (revision, contents[card_id])) for card_id, revision in missing.items())
        now = fields.Datetime.now()
        for card in cards:
            for id_, __, entry_id, points, remaining, since, expiry, origin_id, until in contents[card.id]:
                if entry_id is not None:
                    lot = self.lots.get(id_)
                    if lot is None:
                        lot = Lot(id_, card.id, entry_id, points, remaining, since, expiry, origin_id, order=id_)
                        self.lots[id_] = lot
                    card.add_lot(lot)
                elif until is None or until > now:
                    hold = self.holds[id_] = Hold(id_, points, since)
                    card.holds.append(hold)

    def _read_contents(self, card_ids, contents):
        """Append the rows of open lots and active holds, in the order of their ids, to the lists in ``contents``."""
        self.cr.execute(
            SQL(
                """
                SELECT id, card_id, entry_id, (points * 10000)::bigint, (remaining * 10000)::bigint, available_from,
                       expiration_date, origin_lot_id, NULL::timestamp
                  FROM loyalty_lot WHERE card_id = ANY(%(ids)s::int[]) AND remaining > 0
                 UNION ALL
                SELECT id, card_id, NULL, (points * 10000)::bigint, NULL, date, NULL, NULL, expires_at
                  FROM loyalty_hold WHERE card_id = ANY(%(ids)s::int[]) AND state = 'active'
                 ORDER BY id
                """,
                ids=arrays.numbers(card_ids),
            )
        )
        for row in self.cr.fetchall():
            contents[row[1]].append(row)

    def _load_debts(self, states, card_ids):
        self.cr.execute(
            SQL(
                """
                SELECT e.card_id, e.id, (e.unpaid_points * 10000)::bigint, e.effective_date,
                       (SELECT min(COALESCE(l.origin_lot_id, l.id)) FROM loyalty_lot l
                         WHERE l.entry_id = e.reversed_entry_id)
                  FROM loyalty_ledger_entry e
                 WHERE e.card_id = ANY(%s::int[]) AND e.unpaid_points > 0 ORDER BY e.id
                """,
                arrays.numbers(card_ids),
            )
        )
        for card_id, *debt in self.cr.fetchall():
            states[card_id].debts.append(Debt(*debt))

    def _read_lots(self, condition):
        """Yield lots once: a lot already read is the same object everywhere."""
        self.cr.execute(
            SQL(
                """
                SELECT l.id, l.card_id, l.entry_id, (l.points * 10000)::bigint, (l.remaining * 10000)::bigint,
                       l.available_from, l.expiration_date, l.origin_lot_id, l.id
                  FROM loyalty_lot l WHERE %s ORDER BY l.id
                """,
                condition,
            )
        )
        for row in self.cr.fetchall():
            lot = self.lots.get(row[0])
            if lot is None:
                lot = self.lots[row[0]] = Lot(*row)
            yield lot

    def _load_reversed(self, entry_ids):
        """Return what the reversals need to know of the entries that they undo, by entry id."""
        self.cr.execute(
            SQL(
                """
                SELECT e.id, (e.points * 10000)::bigint, (e.level_points * 10000)::bigint, e.is_redemption,
                       (e.unpaid_points * 10000)::bigint,
                       ((abs(e.points) - COALESCE(r.points, 0)) * 10000)::bigint,
                       e.kind, (COALESCE(r.waived, 0) * 10000)::bigint, e.card_id, c.points_to_id
                  FROM loyalty_ledger_entry e JOIN loyalty_card c ON c.id = e.card_id
                  LEFT JOIN (SELECT reversed_entry_id, sum(abs(points) + waived_points) AS points, sum(waived_points) AS waived
                               FROM loyalty_ledger_entry WHERE reversed_entry_id = ANY(%(ids)s::int[])
                              GROUP BY reversed_entry_id) r ON r.reversed_entry_id = e.id
                 WHERE e.id = ANY(%(ids)s::int[])
                """,
                ids=arrays.numbers(entry_ids),
            )
        )
        # What earlier reversals left out counts as lost again once the losses are added below.
        found = {row[0]: Reversed(*row[:6], [], kind=row[6], cards=row[8:], lost=-row[7]) for row in self.cr.fetchall()}
        debits = [entry.id for entry in found.values() if entry.points < 0]
        credits_ = [entry.id for entry in found.values() if entry.points > 0]
        if debits:
            self.cr.execute(
                SQL(
                    """
                    SELECT debit_entry_id, lot_id, (sum(points) * 10000)::bigint FROM loyalty_ledger_consumption
                     WHERE debit_entry_id = ANY(%s) GROUP BY debit_entry_id, lot_id HAVING sum(points) > 0
                     ORDER BY max(id)
                    """,
                    debits,
                )
            )
            rows = self.cr.fetchall()
            lots = {lot.id: lot for lot in self._read_lots(SQL("l.id = ANY(%s)", [row[1] for row in rows]))}
            for entry_id, lot_id, points in rows:
                found[entry_id].taken.append([lots[lot_id], points])
        if credits_:
            own = SQL(
                """(l.entry_id = ANY(%(ids)s) OR l.origin_lot_id IN
                    (SELECT o.id FROM loyalty_lot o WHERE o.entry_id = ANY(%(ids)s)))""",
                ids=credits_,
            )
            lots = list(self._read_lots(own))
            roots = {lot.id: lot.entry for lot in lots}
            for lot in lots:
                entry_id = lot.entry if lot.entry in found else roots.get(lot.origin)
                if entry_id in found:
                    found[entry_id].taken.append([lot, lot.remaining])
                    self.plan.roots[lot.id] = found[entry_id]
            self._load_losses([lot.id for lot in lots if lot.remaining < lot.points and lot.id in self.plan.roots])
        for entry in found.values():
            entry.lost = max(0, entry.lost)
        return found

    def _load_losses(self, lot_ids):
        """Note how much of the lots of credits that are undone expired or was adjusted away."""
        if not lot_ids:
            return
        self.cr.execute(
            SQL(
                """
                SELECT c.lot_id, (sum(c.points) * 10000)::bigint
                  FROM loyalty_ledger_consumption c JOIN loyalty_ledger_entry d ON d.id = c.debit_entry_id
                 WHERE c.lot_id = ANY(%s::int[]) AND d.kind = ANY(%s) GROUP BY c.lot_id
                """,
                arrays.numbers(lot_ids),
                list(allocation.LOSSES),
            )
        )
        for lot_id, points in self.cr.fetchall():
            self.plan.roots[lot_id].lost += points
