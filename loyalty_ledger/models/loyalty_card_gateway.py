"""The gateway: the one place where the balance of a card changes."""

from collections import defaultdict

from odoo import fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL, format_date, split_every

from ..tools import allocation, arrays, ddl
from ..tools.today import loyalty_today
from ..tools.units import to_points, to_units
from ..tools.words import say_points

KINDS = frozenset(("opening", "earn", "redeem", "adjust", "expiry", "transfer", "reversal", "upstream"))
OVERDRAW = ("refuse", "debt", "clamp")
#: Movements that are planned and written together: large enough for set-based SQL, small enough for memory.
CHUNK = 20_000
#: What the gateway writes on cards.
COLUMNS = frozenset(
    "points accumulated_points redeemed_points lifetime_points debt_points last_earning_date last_use_date "
    "ledger_revision level_id write_date write_uid".split()
)
#: What a card can do with its points now, as :meth:`Gateway.balances` returns it.
BALANCES = ("reserved_points", "pending_points", "lapsed_points", "available_points")
#: Entries from which on a statement takes so long that planning anew costs nothing.
BULK = 1_000
#: Level bases that the card itself knows; for the others entries are counted.
KNOWN_BASES = ("balance", "lifetime")
#: What a transaction remembers of the cards that it read, and of how many.
CONTENTS = "loyalty_ledger.contents"
KNOWN = 1_000


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    def _post_entries(self, ops):
        """Post movements of points: the only way in which a balance changes.

        One implementation for one movement and for a million. All cards are locked in the order of their ids first;
        the movements of each card are then checked, allocated to lots and written in the order given. Either all are
        posted or none.

        :param ops: iterable of dicts with

            * ``card_id``: id of the card. On a card with points-to, credits and reversals go to the master card.
            * ``kind``: ``opening``, ``earn``, ``redeem``, ``adjust``, ``expiry``, ``transfer``, ``reversal`` or
              ``upstream``
            * ``points``: signed number of points, rounded to four decimals
            * ``key``: unique name of the event. The same key and content again returns the first entry.
            * ``document``: ``(model, id)`` of the business document, or None
            * ``effective_date``: business date, default today (:func:`tools.today.loyalty_today`)
            * ``available_from``, ``expiration_date``: dates of the points of a credit, default by the program; for
              ``expiry`` the new last usable day (None: no own date)
            * ``lots``: ``loyalty.lot`` records or ids: what an ``expiry`` dates, or what an ``adjust`` takes first
            * ``hold``: ``loyalty.hold`` record that this redemption consumes
            * ``reason``: words, without personal data; required for ``adjust``
            * ``reversed_entry_id``: for ``reversal``, the entry that is undone, in whole or in part
            * ``overdraw``: ``refuse`` (default), ``debt`` or ``clamp``, when a debit exceeds what is available.
              Default for taking back earned points: the program's ``negative_policy``; for ``upstream``: ``debt``
            * ``renews``: whether a credit renews the rolling expiry of the whole balance, as an earning does
            * ``target_card_id``: for ``transfer``, the card that receives; ``points`` negative, or 0 for everything
        :return: the ``loyalty.ledger.entry`` records, in the order of ``ops``
        :raises odoo.exceptions.ValidationError: when a movement is malformed or must not happen, with the reason
        """
        ops = [self._check_op(op) for op in ops]
        Entry = self.env["loyalty.ledger.entry"].sudo()
        if not ops:
            return Entry
        # Locks and allocation work on the rows: pending writes come first.
        self.env["loyalty.program"].flush_model()
        self.env["loyalty.card"].flush_model()
        if len(ops) <= CHUNK:
            return Entry.browse(Gateway(self.env).post(ops))
        heads = self._lock_groups(ops)
        # Each card is read and written in one chunk, whatever the order across cards.
        order = sorted(range(len(ops)), key=lambda position: heads[ops[position]["card_id"]])
        ids = [None] * len(ops)
        for positions in split_every(CHUNK, order, list):
            entry_ids = Gateway(self.env).post([ops[position] for position in positions])
            for position, entry_id in zip(positions, entry_ids):
                ids[position] = entry_id
        return Entry.browse(ids)

    def _lock_groups(self, ops):
        """Lock all cards of ``ops`` and their masters in the order of their ids.

        :return: dict card id -> id that it shares with the cards whose movements depend on each other: sources and
            their master, both ends of a transfer
        """
        ids = {op["card_id"] for op in ops}
        ids.update(op["target_card_id"] for op in ops if op.get("target_card_id"))
        self.env.cr.execute(
            SQL(
                """
                SELECT c.id, c.points_to_id FROM loyalty_card c
                 WHERE c.id = ANY(%(ids)s::int[] || ARRAY(
                       SELECT m.points_to_id FROM loyalty_card m
                        WHERE m.id = ANY(%(ids)s::int[]) AND m.points_to_id IS NOT NULL))
                 ORDER BY c.id FOR NO KEY UPDATE OF c
                """,
                ids=arrays.numbers(sorted(ids)),
            )
        )
        heads = {card_id: card_id for card_id in ids}
        heads.update((card_id, master_id or card_id) for card_id, master_id in self.env.cr.fetchall())

        def head(card_id):
            while heads[card_id] != card_id:
                card_id = heads[card_id]
            return card_id

        for op in ops:
            if op.get("target_card_id"):
                one, other = sorted((head(op["card_id"]), head(op["target_card_id"])))
                heads[other] = one
        return {card_id: head(card_id) for card_id in heads}

    def _check_op(self, op):
        """Return ``op`` with points in ten-thousandths, or refuse what makes no sense."""
        kind, key = op.get("kind"), op.get("key")
        if kind not in KINDS:
            raise ValidationError(self.env._("Unknown type of loyalty transaction: %s.", kind))
        if not key or not op.get("card_id"):
            raise ValidationError(self.env._("A loyalty transaction needs a card and a key."))
        try:
            units = to_units(op.get("points"))
        except (OverflowError, ValueError, TypeError) as error:
            raise ValidationError(
                self.env._("%s is not a number of points; enter a number below 100,000,000,000.", op.get("points"))
            ) from error
        if kind == "earn" and units <= 0 or kind == "redeem" and units >= 0:
            raise ValidationError(self.env._("Earned points are positive and redeemed points negative."))
        if kind == "expiry" and units:
            raise ValidationError(self.env._("Changing the expiry date does not change the points."))
        if kind == "expiry" and "expiration_date" not in op:
            raise ValidationError(self.env._("Say to which date the expiry changes."))
        if kind == "transfer" and (not op.get("target_card_id") or units > 0):
            raise ValidationError(
                self.env._("A transfer takes points from one card and names the card that gets them.")
            )
        if kind == "reversal" and not op.get("reversed_entry_id"):
            raise ValidationError(self.env._("A reversal names the transaction that it undoes."))
        if kind not in ("expiry", "transfer") and not units:
            raise ValidationError(self.env._("A loyalty transaction needs a number of points other than zero."))
        if kind == "adjust" and not op.get("reason"):
            raise ValidationError(self.env._("Give a reason for the adjustment."))
        overdraw = op.get("overdraw")
        if overdraw and overdraw not in OVERDRAW:
            raise ValidationError(self.env._("Unknown rule for overspending: %s.", overdraw))
        return {**op, "units": units}

    def _lock_cards(self, ids):
        """Lock card rows in the order of their ids, until the end of the transaction."""
        self.env.cr.execute(
            SQL("SELECT id FROM loyalty_card WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", sorted(ids))
        )

    def _left_of_credits(self, entries):
        """Return what became of points that credits brought, for saying what taking them back would do.

        :param entries: ``loyalty.ledger.entry`` records of credits
        :return: pair of points that are still on these cards, and points that expired or were adjusted away, which no
            return takes again
        """
        found = Gateway(self.env)._load_reversed(set(entries.ids)).values() if entries else ()
        left = sum(part for entry in found for lot, part in entry.taken if lot.card_id in self.ids)
        return to_points(left), to_points(sum(entry.lost for entry in found))

    def _ledger_touch(self):
        """Lock the cards and change their rows, so that whoever read them before waits and retries.

        A lock without an UPDATE is not enough under REPEATABLE READ: a transaction that starts waiting would go on
        with what it saw before.
        """
        if not self.ids:
            return
        self.flush_recordset()
        self._lock_cards(self.ids)
        self.env.cr.execute(
            SQL(
                "UPDATE loyalty_card SET ledger_revision = COALESCE(ledger_revision, 0) + 1 WHERE id = ANY(%s)",
                self.ids,
            )
        )
        self.invalidate_recordset(["ledger_revision", "reserved_points", "available_points"])
        self.env["res.partner"]._forget_loyalty_totals()

    def _forget_contents(self):
        """Forget what this transaction read of the cards: their holds changed after their revision did.

        In between, whoever reacted to the change may have asked for their balances.
        """
        known = self.env.cr.cache.get(CONTENTS, {})
        for card_id in self.ids:
            known.pop(card_id, None)
        self.invalidate_recordset(BALANCES, flush=False)
        self.env["res.partner"]._forget_loyalty_totals()

    def _place_hold(self, points, key, document, ttl, values=None):
        """Implementation of :meth:`_hold`, with the card locked."""
        Hold = self.env["loyalty.hold"].sudo()
        try:
            units = to_units(points)
        except (OverflowError, ValueError, TypeError):
            units = 0
        if units <= 0 or not key:
            raise ValidationError(self.env._("Enter a positive number of points to reserve."))
        gateway = Gateway(self.env)
        self.env["loyalty.card"].flush_model()
        states = gateway.load({self.id})
        card = states.get(self.id)
        if card is None:
            raise ValidationError(self.env._("The card does not exist any more."))
        existing = Hold.search([("key", "=", key)])
        if existing:
            return self._check_same_hold(existing, to_points(units))
        today = gateway.today(card)
        try:
            card.refresh(today, gateway.plan)
            probe = allocation.Op("redeem", -units, key, today)
            card._check_usable(probe, today)
            if units > card.available(today):
                raise allocation.LedgerError("insufficient", card, wanted=units, available=card.available(today))
        except allocation.LedgerError as error:
            gateway.refuse(error)
        card.revision += 1
        gateway.write(states)
        now = fields.Datetime.now()
        hold = Hold._place(
            {
                "card_id": self.id,
                "program_id": card.info["program_id"],
                "company_id": card.info["company_id"],
                "points": to_points(units),
                "date": today,
                "expires_at": now + ttl if ttl else False,
                "key": key,
                "res_model": document and document[0],
                "res_id": document and document[1],
                **(values or {}),
            }
        )
        self._forget_contents()
        card.holds.append(allocation.Hold(hold.id, units, today))
        gateway.remember_balances(card)
        return hold

    def _refresh_ledger(self, as_of=None, keep_dates=False):
        """Let vested points pay debts and expire what is past its date, now.

        :param as_of: date, default today; only replays of the past pass another
        :param keep_dates: what a reservation protects past its rolling date keeps that date whatever the program says
            from now on
        """
        for ids in split_every(CHUNK, sorted(self.ids), set):
            gateway = Gateway(self.env)
            states = gateway.load(ids)
            for card in states.values():
                if card.id in ids:
                    card.refresh(as_of or gateway.today(card), gateway.plan)
                    if keep_dates:
                        card.keep_lapsed_dates(as_of or gateway.today(card), gateway.plan)
            gateway.write(states)

    def _points_changed(self, before, after):
        """Hook: the balance of the cards in ``self`` changed. Override to react; call super.

        :param before: dict card id -> points before
        :param after: dict card id -> points now
        """
        if self.env.context.get("loyalty_no_mail"):
            return
        programs = self.program_id.filtered(lambda program: program._mails_milestones())
        for card in self.filtered(lambda card: card.program_id in programs):
            card._send_points_reach_communication({card: {"old": before[card.id], "new": after[card.id]}})

    def _levels_changed(self, before):
        """Hook: the level of the cards in ``self`` changed. Override to react; call super.

        :param before: dict card id -> id of the level before, or None
        """
        levels = self.env["loyalty.level"].browse({level for level in before.values() if level})
        levels.fetch(["name", "partner_category_id", "pricelist_id"])
        self._tag_partners(levels)
        if self.env.context.get("tracking_disable"):
            return
        for card in self:
            old = self.env["loyalty.level"].browse(before[card.id] or [])
            card._message_log(
                body=self.env._("Level: %(old)s → %(new)s", old=old.name or "-", new=card.level_id.name or "-")
            )

    def _tag_partners(self, old_levels):
        """Give customers the tag of their card's level and take back the tags of other levels of the program."""
        if not (self.level_id | old_levels).partner_category_id:
            return
        for level, cards in self.grouped("level_id").items():
            tags = cards.program_id.level_ids.partner_category_id
            partners = cards.partner_id.sudo()  # a cashier's sale may tag a customer whom the cashier cannot edit
            commands = [(3, tag.id) for tag in tags - level.partner_category_id]
            if level.partner_category_id:
                commands.append((4, level.partner_category_id.id))
            partners.write({"category_id": commands})


class Gateway:
    """One pass of the gateway: load the rows of some cards, apply movements, write what the plan says."""

    def __init__(self, env):
        self.env = env
        self.cr = env.cr
        self.plan = allocation.Plan()
        self.lots = {}
        self.holds = {}
        self._terms = {}
        self._todays = {}

    # --- reading -------------------------------------------------------------------------------------------------

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
            info["id"], self.terms(info["program_id"]), info["balance"], info["accumulated"], info["redeemed"],
            info["lifetime"], info["debt"], info["last_earning_date"],
        )  # fmt: skip
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
        usable = not (
            card.archived
            or card.closed
            or card.source
            or (card.start and card.start > today)
            or (card.expiry and card.expiry < today)
        )
        return (
            to_points(sum(hold.points for hold in card.holds)),
            to_points(card.pending(today)),
            to_points(lapsed),
            to_points(card.available(today)) if usable else 0.0,
        )

    def remember_balances(self, card):
        """Spare whoever reads the balances of a card next the queries: all that they take is known here."""
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
                record.id, self.terms(record.program_id.id), debt=to_units(record.debt_points),
                last_earning=record.last_earning_date or None,
            )  # fmt: skip
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
                        lot = allocation.Lot(
                            id_, card.id, entry_id, points, remaining, since, expiry, origin_id, order=id_
                        )
                        self.lots[id_] = lot
                    card.add_lot(lot)
                elif until is None or until > now:
                    hold = self.holds[id_] = allocation.Hold(id_, points, since)
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
                SELECT card_id, id, (unpaid_points * 10000)::bigint FROM loyalty_ledger_entry
                 WHERE card_id = ANY(%s::int[]) AND unpaid_points > 0 ORDER BY id
                """,
                arrays.numbers(card_ids),
            )
        )
        for card_id, entry_id, unpaid in self.cr.fetchall():
            states[card_id].debts.append(allocation.Debt(entry_id, unpaid))

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
                lot = self.lots[row[0]] = allocation.Lot(*row)
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
        found = {
            row[0]: allocation.Reversed(*row[:6], [], kind=row[6], cards=row[8:], lost=-row[7])
            for row in self.cr.fetchall()
        }
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

    # --- posting -------------------------------------------------------------------------------------------------

    def post(self, ops):
        """Post a chunk of checked movements and return their entry ids, in order."""
        wanted = {op["card_id"] for op in ops}
        wanted.update(op["target_card_id"] for op in ops if op.get("target_card_id"))
        states = self.load(wanted, keys=[op["key"] for op in ops])
        new = states and not next(iter(states.values())).info["repeated"]
        posted = {} if new else self._find_posted(ops)
        reversed_ids = {op["reversed_entry_id"] for op in ops if op.get("reversed_entry_id")}
        undone = self.plan.undone = self._load_reversed(reversed_ids) if reversed_ids else {}
        asked_lots = {lot for op in ops if op.get("lots") for lot in _ids(op["lots"])}
        if asked_lots:
            list(self._read_lots(SQL("l.id = ANY(%s)", list(asked_lots))))
        results = []
        for op in ops:
            first = posted.get(op["key"])
            if first is not None:
                self._check_same(op, first, states)
                results.append(first)
                continue
            entry = self._apply(op, states, undone)
            posted[op["key"]] = entry
            results.append(entry)
        self.write(states)
        return [entry.id if isinstance(entry, allocation.Entry) else entry["id"] for entry in results]

    def _find_posted(self, ops):
        self.cr.execute(
            SQL(
                """
                SELECT id, card_id, kind, (points * 10000)::bigint AS units, (waived_points * 10000)::bigint AS waived,
                       res_model, res_id, reversed_entry_id, idempotency_key, expiration_date
                  FROM loyalty_ledger_entry WHERE idempotency_key = ANY(%s::text[])
                """,
                arrays.texts([op["key"] for op in ops]),
            )
        )
        return {row["idempotency_key"]: row for row in self.cr.dictfetchall()}

    def _check_same(self, op, first, states):
        """The same key must mean the same event."""
        if isinstance(first, allocation.Entry):
            first = {
                "card_id": first.card.id, "kind": first.kind, "units": first.points, "waived": first.waived,
                "res_model": first.op.model, "res_id": first.op.res_id, "reversed_entry_id": first.reversed_id,
                "idempotency_key": first.key, "expiration_date": first.expiry,
                "target": first.op.target,
            }  # fmt: skip
        model, res_id = op.get("document") or (None, None)
        card = states.get(op["card_id"])
        same_card = first["card_id"] == op["card_id"] or (card and card.info["points_to_id"] == first["card_id"])
        same_points = first["units"] - first["waived"] == op["units"] or (op["kind"] == "transfer" and not op["units"])
        if (
            not same_card
            or not same_points
            or (op["kind"] == "transfer" and not self._same_target(op, first, states))
            or (first["kind"], first["res_model"], first["res_id"] or None)
            != (op["kind"], model or None, res_id or None)
            or (op["kind"] == "expiry" and first["expiration_date"] != fields.Date.to_date(op["expiration_date"]))
            or (first["reversed_entry_id"] or None) != (op.get("reversed_entry_id") or None)
        ):
            raise ValidationError(
                self.env._(
                    "The loyalty transaction %(key)s was posted before with other content. "
                    "Use a new key for a new event.",
                    key=op["key"],
                )
            )

    def _same_target(self, op, first, states):
        """Whether the transfer ``first`` went to the card that ``op`` names, or to that card's master."""
        if first.get("target"):
            found = first["target"].id
        else:
            credit = self.env["loyalty.ledger.entry"].sudo().search([("idempotency_key", "=", f"{op['key']}:1")])
            found = credit.card_id.id
        target = states.get(op["target_card_id"])
        return not found or target is None or found in (target.id, target.info["points_to_id"])

    def _apply(self, op, states, undone):
        card = states.get(op["card_id"])
        if card is None:
            raise ValidationError(
                self.env._("Card %s does not exist, or its program keeps no points ledger.", op["card_id"])
            )
        kind, units = op["kind"], op["units"]
        if card.source and kind != "transfer" and (units > 0 or kind in ("reversal", "upstream")):
            card.revision += 1  # the event counts for the keys of this card too
            card = self._master(card, states)
        reverses = None
        if op.get("reversed_entry_id"):
            reverses = undone.get(op["reversed_entry_id"])
            if reverses is None or (reverses.points > 0) == (units > 0):
                raise ValidationError(self.env._("The transaction to reverse does not exist, or has the same sign."))
            if card.id not in reverses.cards:
                raise ValidationError(self.env._("The transaction to reverse belongs to another card."))
            if reverses.kind == "transfer":
                raise ValidationError(
                    self.env._("Half a transfer cannot be reversed. Transfer the points back to the other card.")
                )
        overdraw = op.get("overdraw")
        if not overdraw:
            if kind == "upstream" or (kind == "opening" and units < 0):
                overdraw = "debt"
            elif reverses is not None and units < 0:
                overdraw = card.terms.negative
            else:
                overdraw = "refuse"
        target = op.get("target_card_id") and states.get(op["target_card_id"])
        if kind == "transfer":
            target = self._check_target(card, target, states)
        hold = op.get("hold")
        if hold:
            if hold.card_id.id != op["card_id"]:
                raise ValidationError(self.env._("The reserved points belong to another card or are another number."))
            # A hold that timed out, or was taken meanwhile, is not among the active ones: a plain redemption.
            hold = self.holds.get(hold.id)
            if hold is not None and (hold not in card.holds or hold.points != -units):
                raise ValidationError(self.env._("The reserved points belong to another card or are another number."))
        lots = op.get("lots")
        if lots is not None:
            lots = [self.lots[lot_id] for lot_id in _ids(lots) if lot_id in self.lots]
            if any(lot.card_id != card.id for lot in lots):
                raise ValidationError(self.env._("The lots belong to another card."))
        model, res_id = op.get("document") or (None, None)
        today = self.today(card)
        movement = allocation.Op(
            kind, units, op["key"], fields.Date.to_date(op.get("effective_date")) or today,
            vests=fields.Date.to_date(op.get("available_from")),
            expiry=fields.Date.to_date(op.get("expiration_date")),
            lots=lots, hold=hold, reverses=reverses, overdraw=overdraw, target=target,
            model=model, res_id=res_id, reason=op.get("reason"), renews=bool(op.get("renews")),
        )  # fmt: skip
        try:
            return card.apply(movement, self.plan, today)
        except allocation.LedgerError as error:
            self.refuse(error)

    def _master(self, card, states):
        master = states.get(card.info["points_to_id"])
        if master is None:
            raise ValidationError(
                self.env._("The card that receives the points of card %s has no points ledger.", self._code(card))
            )
        return master

    def _check_target(self, card, target, states):
        if target is not None and target.source:
            if target.info["points_to_id"] not in states:
                states.update(self.load({target.info["points_to_id"]}))
            target = self._master(target, states)
        if target is None or target is card:
            raise ValidationError(self.env._("Choose another card with a points ledger to receive the points."))
        if target.info["program_id"] != card.info["program_id"]:
            raise ValidationError(self.env._("Points move between cards of one program only."))
        return target

    def _code(self, card):
        return self.env["loyalty.card"].sudo().browse(card.id).code

    def refuse(self, error):
        """Turn a :class:`tools.allocation.LedgerError` into the message that the user gets."""
        _, code, details = self.env._, self._code(error.card), error.details
        day = format_date(self.env, details["date"]) if "date" in details else ""
        messages = {
            "archived": lambda: _("Card %s is archived. Unarchive it, or use another card.", code),
            "closed": lambda: _("Card %s is closed. Reopen it, or use another card.", code),
            "not_started": lambda: _("Card %(code)s can be used from %(date)s on.", code=code, date=day),
            "expired": lambda: _("Card %(code)s expired on %(date)s.", code=code, date=day),
            "source": lambda: _(
                "Card %(code)s sends its points to card %(master)s. Redeem from that card.",
                code=code,
                master=self.env["loyalty.card"].sudo().browse(error.card.info["points_to_id"]).code,
            ),
            "insufficient": lambda: _(
                "Card %(code)s has %(available)s points available, fewer than the %(wanted)s asked for.",
                code=code,
                available=say_points(self.env, to_points(details["available"])),
                wanted=say_points(self.env, to_points(details["wanted"])),
            ),
            "reserved": lambda: _(
                "Card %(code)s has %(reserved)s reserved points. Settle or release them first.",
                code=code,
                reserved=say_points(self.env, to_points(details["reserved"])),
            ),
            "over_reversed": lambda: _(
                "Only %(left)s points of this transaction can still be reversed, not %(wanted)s.",
                left=say_points(self.env, to_points(details["left"])),
                wanted=say_points(self.env, to_points(details["wanted"])),
            ),
            "limit": lambda: _("Card %s cannot hold or owe 100,000,000,000 points or more.", code),
            "past_date": lambda: _("The new expiry date %s is past. Choose today or later.", day),
        }
        raise ValidationError(messages[error.code]()) from error

    # --- writing -------------------------------------------------------------------------------------------------

    def write(self, states):
        """Write the plan: entries, lots, consumptions, debts, holds and cards.

        Usually in one statement, whose triggers fire once all rows are there. Where something has to be read or done
        in between, and for many rows, one after the other with constraints that wait until the last one. What does
        not fit together surfaces here either way.
        """
        plan = self.plan
        touched = {entry.card.id: entry.card for entry in plan.entries}
        touched.update((card.id, card) for card in states.values() if card.revision != card.info["revision"])
        touched.update((card.id, card) for card in states.values() if card.debt != card.info["debt"])
        if not touched:
            return
        holds = [entry for entry in plan.entries if entry.op is not None and entry.op.hold is not None]
        levelled = self._with_levels(touched.values())
        counted = [program for program in levelled if program.level_basis not in KNOWN_BASES]
        dated = [lot for lot in plan.changed_lots.values() if lot.expiry_entry is not None]
        at_once = len(plan.entries) <= BULK and not (counted or dated)
        draw = self._number(plan, at_once)
        statements = []
        if plan.entries:
            statements.append(self._insert_entries(plan.entries))
        if plan.lots:
            statements.append(self._insert_lots(plan.lots))
        if plan.changed_lots:
            statements.append(self._update_lots(plan.changed_lots.values()))
        if dated:
            statements.append(self._date_lots(dated))
        if plan.consumptions:
            statements.append(self._insert_consumptions(plan.consumptions))
        if plan.changed_debts:
            statements.append(self._update_debts(plan.changed_debts))
        old_levels = {}
        if at_once:
            old_levels = self._assign_levels(levelled)
            self._write_at_once(statements, self._update_cards(touched.values()), draw)
            self._consume_holds(holds)
        else:
            if len(plan.entries) > BULK:
                # Foreign keys keep plans of this session, made while the tables were small: row by row, fatal.
                self.cr.execute("DISCARD PLANS")
            for statement in statements:
                self.cr.execute(statement)
            self._consume_holds(holds)
            old_levels = self._assign_levels(levelled)
            self.cr.execute(self._update_cards(touched.values()))
            self.cr.execute(SQL("SET CONSTRAINTS %s IMMEDIATE", ddl.CONSTRAINTS))
        self._invalidate(touched)
        self._report_shortfalls(plan.shortfalls)
        self._notify(touched, old_levels)

    def _number(self, plan, at_once):
        """Give the new rows their ids.

        ROW EXCLUSIVE before ids are drawn: sealing waits for whoever holds it, so drawn ids are settled or void.

        :param at_once: whether one statement will write all rows: it draws the ids of a few by itself
        :return: what that statement has to draw, if it does; the rows' ids are SQL until then
        """
        rows = [*plan.entries, *plan.lots]
        if at_once and len(rows) <= arrays.FEW and len(plan.consumptions) <= arrays.FEW:
            tables = ["loyalty_ledger_entry"] * len(plan.entries) + ["loyalty_lot"] * len(plan.lots)
            for number, row in enumerate(rows):
                row.id = SQL(f"(SELECT id_{number} FROM ids)")
            return [f"nextval('{table}_id_seq') AS id_{number}" for number, table in enumerate(tables)]
        statements = [SQL("LOCK TABLE loyalty_ledger_entry IN ROW EXCLUSIVE MODE")]
        if not at_once:
            statements.append(SQL("SET CONSTRAINTS %s DEFERRED", ddl.CONSTRAINTS))
        statements.append(
            SQL(
                """
                SELECT nextval('loyalty_ledger_entry_id_seq') FROM generate_series(1, %s)
                 UNION ALL
                SELECT nextval('loyalty_lot_id_seq') FROM generate_series(1, %s)
                """,
                len(plan.entries),
                len(plan.lots),
            )
        )
        self.cr.execute(SQL(";").join(statements))
        for row, (row_id,) in zip(rows, self.cr.fetchall()):
            row.id = row_id
        return []

    def _write_at_once(self, statements, update, draw):
        """Run all statements as one, and read the ids that it drew."""
        parts = [f"ids AS MATERIALIZED (SELECT {', '.join(draw)})"] if draw else []
        parts += [f"part_{number} AS (%s)" for number in range(len(statements))]
        names = ", ".join([f"(SELECT id_{number} FROM ids)" for number in range(len(draw))])
        code = (f"WITH {', '.join(parts)} " if parts else "") + "%s" + (f" RETURNING {names}" if draw else "")
        self.cr.execute(SQL(code, *statements, update))
        if draw:
            for row, row_id in zip([*self.plan.entries, *self.plan.lots], self.cr.fetchone()):
                row.id = row_id

    def _insert_entries(self, entries):
        infos = [entry.card.info for entry in entries]
        ops = [entry.op or _NO_OP for entry in entries]
        date, author = SQL("%s::timestamp", fields.Datetime.now()), SQL("%s::int", self.env.uid)
        rows = arrays.table(
            "n",
            id=("int", [entry.id for entry in entries]),
            card_id=("int", [info["id"] for info in infos]),
            program_id=("int", [info["program_id"] for info in infos]),
            company_id=("int", [info["company_id"] for info in infos]),
            kind=("text", [entry.kind for entry in entries]),
            points=("numeric", [entry.points for entry in entries]),
            balance_after=("numeric", [entry.balance for entry in entries]),
            effective_date=("date", [entry.date for entry in entries]),
            expiration_date=("date", [entry.expiry for entry in entries]),
            available_from=("date", [entry.vests for entry in entries]),
            reason=("text", [op.reason for op in ops]),
            res_model=("text", [op.model for op in ops]),
            res_id=("int", [op.res_id or None for op in ops]),
            idempotency_key=("text", [entry.key for entry in entries]),
            reversed_entry_id=("int", [entry.reversed_id for entry in entries]),
            is_redemption=("bool", [entry.redemption for entry in entries]),
            level_points=("numeric", [entry.level for entry in entries]),
            waived_points=("numeric", [entry.waived for entry in entries]),
            unpaid_points=("numeric", [entry.unpaid for entry in entries]),
        )
        return SQL(
            """
            INSERT INTO loyalty_ledger_entry (
                   id, card_id, program_id, company_id, kind, points, balance_after, effective_date, expiration_date,
                   available_from, reason, res_model, res_id, idempotency_key, reversed_entry_id, is_redemption,
                   level_points, waived_points, unpaid_points, date, author_id, row_hash)
            SELECT n.*, %(date)s, %(author)s, %(hash)s FROM %(rows)s
            """,
            date=date,
            author=author,
            hash=ddl.row_hash("n", date=date, author_id=author),
            rows=rows,
        )

    def _insert_lots(self, lots):
        infos = [lot.entry.card.info for lot in lots]
        return SQL(
            """
            INSERT INTO loyalty_lot (id, entry_id, card_id, program_id, company_id, points, remaining, date,
                                     available_from, expiration_date, expiry_entry_id, origin_lot_id) %s
            """,
            arrays.rows(
                id=("int", [lot.id for lot in lots]),
                entry_id=("int", [lot.entry.id for lot in lots]),
                card_id=("int", [info["id"] for info in infos]),
                program_id=("int", [info["program_id"] for info in infos]),
                company_id=("int", [info["company_id"] for info in infos]),
                points=("numeric", [lot.points for lot in lots]),
                remaining=("numeric", [lot.remaining for lot in lots]),
                date=("date", [lot.entry.date for lot in lots]),
                vests=("date", [lot.vests for lot in lots]),
                expiry=("date", [lot.expiry for lot in lots]),
                expiry_entry_id=("int", [lot.expiry_entry and lot.expiry_entry.id for lot in lots]),
                origin_lot_id=("int", [_id(lot.origin) for lot in lots]),
            ),
        )

    def _update_lots(self, lots):
        return SQL(
            """
            UPDATE loyalty_lot l SET remaining = u.remaining FROM %s
             WHERE l.id = u.id AND l.remaining IS DISTINCT FROM u.remaining
            """,
            arrays.table(
                "u", id=("int", [lot.id for lot in lots]), remaining=("numeric", [lot.remaining for lot in lots])
            ),
        )

    def _date_lots(self, lots):
        return SQL(
            """
            UPDATE loyalty_lot l SET expiration_date = u.expiry, expiry_entry_id = u.entry_id FROM %s WHERE l.id = u.id
            """,
            arrays.table(
                "u",
                id=("int", [lot.id for lot in lots]),
                expiry=("date", [lot.expiry for lot in lots]),
                entry_id=("int", [lot.expiry_entry.id for lot in lots]),
            ),
        )

    def _insert_consumptions(self, rows):
        return SQL(
            """
            INSERT INTO loyalty_ledger_consumption
                   (debit_entry_id, lot_id, points, entry_id, remaining_after, moved_to_lot_id)
            SELECT debit, lot, points, cause, remaining, moved FROM %s ORDER BY number
            """,
            arrays.table(
                "u",
                number=("int", range(len(rows))),
                debit=("int", [_id(row[0]) for row in rows]),
                lot=("int", [row[1].id for row in rows]),
                points=("numeric", [row[2] for row in rows]),
                cause=("int", [_id(row[3]) for row in rows]),
                remaining=("numeric", [row[4] for row in rows]),
                moved=("int", [row[5] and row[5].id for row in rows]),
            ),
        )

    def _update_debts(self, debts):
        return SQL(
            "UPDATE loyalty_ledger_entry e SET unpaid_points = u.unpaid FROM %s WHERE e.id = u.id",
            arrays.table("u", id=("int", list(debts)), unpaid=("numeric", list(debts.values()))),
        )

    def _consume_holds(self, entries):
        if not entries:
            return
        self.cr.execute(
            SQL(
                """
                UPDATE loyalty_hold h SET state = 'consumed', entry_id = u.entry_id
                  FROM %s WHERE h.id = u.id AND h.state = 'active'
                """,
                arrays.table(
                    "u",
                    id=("int", [entry.op.hold.id for entry in entries]),
                    entry_id=("int", [entry.id for entry in entries]),
                ),
            )
        )
        if self.cr.rowcount != len(entries):
            raise UserError(self.env._("The reserved points were used or released meanwhile. Try again."))
        self.env["loyalty.hold"].invalidate_model()

    def _with_levels(self, cards):
        """Return ``{program: cards}`` of the programs that have levels."""
        by_program = defaultdict(list)
        for card in cards:
            by_program[card.info["program_id"]].append(card)
        programs = self.env["loyalty.program"].sudo().browse(by_program)
        return {program: by_program[program.id] for program in programs if program._level_steps()}

    def _assign_levels(self, cards):
        """Set the level of each card by its program's basis (H14).

        :param cards: dict program with levels -> cards
        :return: ``{card id: level before}`` of changes
        """
        changed = {}
        for program, of_program in cards.items():
            levels = program._level_steps()
            basis = self._level_basis(program, of_program)
            for card in of_program:
                level_id = levels[0][1]
                if not card.source:
                    value = basis[card.id]
                    for minimum, candidate in levels:
                        if value < minimum:
                            break
                        level_id = candidate
                if card.level_id != level_id:
                    changed[card.id] = card.level_id
                    card.level_id = level_id
        return changed

    def _level_basis(self, program, cards):
        """Return ``{card id: basis}`` in ten-thousandths of points (or of purchases)."""
        if program.level_basis == "balance":
            return {card.id: card.balance for card in cards}
        if program.level_basis == "lifetime":
            return {card.id: card.lifetime for card in cards}
        ids = arrays.numbers([card.id for card in cards])
        if program.level_basis == "last_12_months":
            # Twelve months back from the latest use: the same for a sale today and for a replay of the past.
            ends = [min(card.last_use or self.today(card), self.today(card)) for card in cards]
            query = SQL(
                """
                SELECT e.card_id, (sum(e.level_points) * 10000)::bigint
                  FROM unnest(%s::int[], %s::date[]) AS u(card_id, since)
                  JOIN loyalty_ledger_entry e ON e.card_id = u.card_id AND e.effective_date > u.since
                 GROUP BY e.card_id
                """,
                ids,
                arrays.numbers([allocation.add_delay(end, -1, "year") for end in ends]),
            )
        else:
            query = SQL(
                """
                SELECT COALESCE(c.points_to_id, c.id), count(DISTINCT (e.res_model, e.res_id)) * 10000
                  FROM loyalty_ledger_entry e JOIN loyalty_card c ON c.id = e.card_id
                 WHERE (c.id = ANY(%(ids)s::int[]) OR c.points_to_id = ANY(%(ids)s::int[]))
                   AND e.kind = 'earn' AND e.res_id IS NOT NULL
                   AND NOT EXISTS (SELECT 1 FROM loyalty_ledger_entry r WHERE r.reversed_entry_id = e.id
                                    GROUP BY r.reversed_entry_id HAVING sum(abs(r.points) + r.waived_points) >= e.points)
                 GROUP BY 1
                """,
                ids=ids,
            )
        self.cr.execute(query)
        values = dict(self.cr.fetchall())
        return {card.id: values.get(card.id, 0) for card in cards}

    def _update_cards(self, cards):
        cards = list(cards)
        return SQL(
            """
            UPDATE loyalty_card c
               SET points = u.points, accumulated_points = u.accumulated, redeemed_points = u.redeemed,
                   lifetime_points = u.lifetime, debt_points = u.debt, last_earning_date = u.earned,
                   last_use_date = u.used, ledger_revision = u.revision, level_id = u.level_id,
                   write_date = %s, write_uid = %s
              FROM %s WHERE c.id = u.id
            """,
            self.cr.now(),
            self.env.uid,
            arrays.table(
                "u",
                id=("int", [card.id for card in cards]),
                points=("numeric", [card.balance for card in cards]),
                accumulated=("numeric", [card.accumulated for card in cards]),
                redeemed=("numeric", [card.redeemed for card in cards]),
                lifetime=("numeric", [card.lifetime for card in cards]),
                debt=("numeric", [card.debt for card in cards]),
                earned=("date", [card.last_earning for card in cards]),
                used=("date", [card.last_use for card in cards]),
                revision=("int", [max(card.revision, card.info["revision"] + 1) for card in cards]),
                level_id=("int", [card.level_id for card in cards]),
            ),
        )

    def _invalidate(self, touched):
        cards = self.env["loyalty.card"].browse(touched)
        # The columns that the gateway leaves alone stay in the cache; whatever is computed is computed again.
        for name, field in cards._fields.items():
            if name in COLUMNS or not (field.store and field.column_type):
                field._invalidate_cache(self.env, cards._ids)
        for model in ("loyalty.lot", "loyalty.ledger.entry", "loyalty.ledger.consumption"):
            for field in self.env[model]._fields.values():
                field._invalidate_cache(self.env)
        cards.modified(["points"])
        self.env["res.partner"]._forget_loyalty_totals()

    def _report_shortfalls(self, shortfalls):
        if not shortfalls:
            return
        self.env["loyalty.exception"].sudo().create(
            [
                {
                    "kind": kind,
                    "card_id": entry.card.id,
                    "program_id": entry.card.info["program_id"],
                    "company_id": entry.card.info["company_id"],
                    "entry_id": entry.id,
                    "points": to_points(units),
                    "res_model": entry.op.model,
                    "res_id": entry.op.res_id,
                }
                for entry, units, kind in shortfalls
            ]
        )

    def _notify(self, touched, old_levels):
        Card = self.env["loyalty.card"].sudo()
        moved = [card for card in touched.values() if card.balance != card.info["balance"]]
        if moved:
            before = {card.id: to_points(card.info["balance"]) for card in moved}
            after = {card.id: to_points(card.balance) for card in moved}
            Card.browse(before)._points_changed(before, after)
        if old_levels:
            Card.browse(old_levels)._levels_changed(old_levels)
        if self.plan.entries:
            entries = self.env["loyalty.ledger.entry"].sudo().browse([entry.id for entry in self.plan.entries])
            # Who reacts to some programs only must not have to read the entries to find out.
            programs = [entry.card.info["program_id"] for entry in self.plan.entries]
            entries._fields["program_id"]._insert_cache(entries, programs)
            entries._entries_posted()


def read_balances(cards):
    """Return ``{card id: (reserved, pending, lapsed, available)}`` in points, as of now; takes no lock.

    Cards with both lapsed lots and holds need the shield of each hold; only they are allocated in Python.
    """
    env = cards.env
    ids = [card_id for card_id in cards._ids_of_rows() if card_id]
    if not ids:
        return {}
    env["loyalty.hold"].flush_model()
    gateway = Gateway(env)
    states = gateway.peek(cards.browse(ids))
    result = {}
    for card_id in ids:
        card = states.get(card_id)
        if card is None:
            continue
        result[card_id] = gateway.balances(card)
    return result


class _NoOp:
    """What an entry that no movement asked for (an expiry) says about its document."""

    reason = model = res_id = None


_NO_OP = _NoOp()


def _ids(records):
    return getattr(records, "ids", None) or list(records)


def _id(record):
    """Id of a planned row or of an existing one, which is its id itself."""
    return getattr(record, "id", record)
