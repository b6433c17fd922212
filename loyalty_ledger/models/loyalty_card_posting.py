"""Posting movements of points on cards: the door to the gateway (:mod:`..ledger`)."""

from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL, split_every

from ..ledger import arrays
from ..ledger.gateway import Gateway
from ..ledger.plan import Hold, LedgerError, Op
from ..ledger.reading import BALANCES, CONTENTS
from ..ledger.rounding import to_points, to_units
from ..tools.today import loyalty_today

KINDS = frozenset(("opening", "earn", "redeem", "adjust", "redate", "transfer", "reversal", "external"))
OVERDRAW = ("refuse", "debt", "clamp")
#: Movements that are planned and written together: large enough for set-based SQL, small enough for memory.
CHUNK = 20_000


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    def _post_entries(self, ops):
        """Post movements of points: the only way in which a balance changes.

        One implementation for one movement and for a million. All cards are locked in the order of their ids first;
        the movements of each card are then checked, allocated to lots and written in the order given. Either all are
        posted or none.

        :param ops: iterable of dicts with

            * ``card_id``: id of the card. On a card with points-to, credits and reversals go to the master card.
            * ``kind``: ``opening``, ``earn``, ``redeem``, ``adjust``, ``redate``, ``transfer``, ``reversal`` or
              ``external``
            * ``points``: signed number of points, rounded to four decimals
            * ``key``: unique name of the event. The same key and content again returns the first entry.
            * ``document``: ``(model, id)`` of the business document, or None
            * ``effective_date``: business date, default today (:func:`tools.today.loyalty_today`)
            * ``available_from``, ``expiration_date``: dates of the points of a credit, default by the program; for
              ``redate`` the new last usable day (None: no own date)
            * ``lots``: ``loyalty.lot`` records or ids: what an ``redate`` dates, or what an ``adjust`` takes first
            * ``hold``: ``loyalty.hold`` record that this redemption consumes
            * ``reason``: words, without personal data; required for ``adjust``
            * ``reversed_entry_id``: for ``reversal``, the entry that is undone, in whole or in part
            * ``overdraw``: ``refuse`` (default), ``debt`` or ``clamp``, when a debit exceeds what is available.
              Default for taking back earned points: the program's ``negative_policy``; for ``external``: ``debt``
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
        self._extend_expired(ops)
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

    def _preview_redemptions(self, ops):
        """Return which lots these redemptions would use now, one after the other; locks the cards, writes nothing.

        :param ops: as for :meth:`_post_entries`, of kind ``redeem``
        :return: for each a list of ``(lot id, points in ten-thousandths)`` in the order of use
        :raises odoo.exceptions.ValidationError: as posting them would
        """
        ops = [self._check_op(op) for op in ops]
        self.env["loyalty.program"].flush_model()
        self.env["loyalty.card"].flush_model()
        return Gateway(self.env).preview(ops)

    def _extend_expired(self, ops):
        """Give gift cards and wallets that expired the days of grace of their program before money comes back to them.

        What lapsed on them stays lapsed (:meth:`write`); what is returned could not be used otherwise, and be lost again
        the next night.
        """
        back = [op for op in ops if op["kind"] == "reversal" and op["units"] > 0]
        if not self._that_get_grace(back):
            return
        # All locks first, in the order of the ids: what was posted before brings nothing back now.
        self._lock_groups(ops)
        posted = Gateway(self.env)._find_posted(back)
        for card in self._that_get_grace([op for op in back if op["key"] not in posted]):
            today = loyalty_today(self.env, card.company_id)
            card.expiration_date = today + timedelta(days=card.program_id.reversal_grace_days)
        self.env["loyalty.card"].flush_model()

    def _that_get_grace(self, ops):
        """Return the expired gift cards and wallets that ``ops`` put money on: the cards themselves, or those that they
        are linked to. A loyalty card ends with its date (H10)."""
        # Who returns goods may have no access to the card.
        cards = self.sudo().browse(sorted({op["card_id"] for op in ops}))
        return (cards | cards.points_to_id).filtered(
            lambda card: (
                not card.points_to_id
                and card.program_type != "loyalty"
                and card.expiration_date
                and card.expiration_date < loyalty_today(self.env, card.company_id)
            )
        )

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
        if kind == "redate" and units:
            raise ValidationError(self.env._("Changing the expiry date does not change the points."))
        if kind == "redate" and "expiration_date" not in op:
            raise ValidationError(self.env._("Enter the new expiry date."))
        if kind == "transfer" and (not op.get("target_card_id") or units > 0):
            raise ValidationError(
                self.env._("A transfer needs a card that gives the points and a card that receives them.")
            )
        if kind == "reversal" and not op.get("reversed_entry_id"):
            raise ValidationError(self.env._("A reversal needs the transaction that it reverses."))
        if kind not in ("redate", "transfer") and not units:
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

    def _stored_value_holders(self):
        """Return the cards that have the money of cards that were sold: of a replaced one, the card it is linked to."""
        return self.filtered(lambda card: not card.points_to_id) | self.points_to_id

    def _stored_value_there(self):
        """Return what can be taken from cards that were sold, or from those that replaced them, in ten-thousandths."""
        return sum(max(0, to_units(card.available_points)) for card in self._stored_value_holders())

    def _ledger_touch(self):
        """Lock the cards and change their rows, so that a transaction that read them before waits and retries.

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

        In between, code that reacted to the change may have asked for their balances.
        """
        known = self.env.cr.cache.get(CONTENTS, {})
        for card_id in self.ids:
            known.pop(card_id, None)
        self.invalidate_recordset(BALANCES, flush=False)
        self.env["res.partner"]._forget_loyalty_totals()

    def _place_hold(self, points, key, document, ttl, values=None):
        """Implementation of :meth:`_hold`, with the card locked."""
        holds = self.env["loyalty.hold"].sudo()
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
            raise ValidationError(self.env._("The card no longer exists."))
        existing = holds.search([("key", "=", key)])
        if existing:
            return self._check_same_hold(existing, to_points(units))
        today = gateway.today(card)
        try:
            card.refresh(today, gateway.plan)
            probe = Op("redeem", -units, key, today)
            card._check_usable(probe, today)
            if units > card.available(today):
                raise LedgerError("insufficient", card, wanted=units, available=card.available(today))
        except LedgerError as error:
            gateway.refuse(error)
        card.revision += 1
        gateway.write(states)
        now = fields.Datetime.now()
        hold = holds._place(
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
        card.holds.append(Hold(hold.id, units, today))
        gateway.remember_balances(card)
        return hold

    def _refresh_ledger(self, as_of=None, keep_dates=False):
        """Let vested points settle debts and expire what is past its date, now.

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
