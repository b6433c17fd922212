"""What the gateway writes: the rows that a plan asks for, in as few statements as there can be."""

from odoo import fields
from odoo.exceptions import UserError
from odoo.tools import SQL

from . import arrays, schema
from .levels import KNOWN_BASES
from .rounding import to_points

#: What the gateway writes on cards.
COLUMNS = frozenset(
    "points accumulated_points redeemed_points lifetime_points debt_points last_earning_date last_use_date "
    "ledger_revision level_id write_date write_uid".split()
)
#: Entries from which on a statement takes so long that planning anew costs nothing.
BULK = 1_000


class Writing:
    """The plan of :mod:`.allocation` as rows of the database. Part of :class:`.gateway.Gateway`."""

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
        self._number(plan, at_once)
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
            self._write_at_once(statements, self._update_cards(touched.values()))
            self._consume_holds(holds)
        else:
            if len(plan.entries) > BULK:
                # Foreign keys keep plans of this session, made while the tables were small: for 20,000 rows, 28 s
                # instead of 0.3 s where the table had 3 rows before.
                self.cr.execute("DISCARD PLANS")
            for statement in statements:
                self.cr.execute(statement)
            self._consume_holds(holds)
            old_levels = self._assign_levels(levelled)
            self.cr.execute(self._update_cards(touched.values()))
            self.cr.execute(SQL("SET CONSTRAINTS %s IMMEDIATE", schema.CONSTRAINTS))
        self._invalidate(touched)
        self._report_shortfalls(plan.shortfalls)
        self._notify(touched, old_levels)

    def _number(self, plan, at_once):
        """Give the new rows their ids.

        ROW EXCLUSIVE before ids are drawn: sealing waits for anybody who holds it, so drawn ids are settled or void.

        :param at_once: whether one statement will write all rows, else constraints wait until the last one
        """
        rows = [*plan.entries, *plan.lots]
        if at_once and not rows:
            return
        statements = [SQL("LOCK TABLE loyalty_ledger_entry IN ROW EXCLUSIVE MODE")]
        if not at_once:
            statements.append(SQL("SET CONSTRAINTS %s DEFERRED", schema.CONSTRAINTS))
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

    def _write_at_once(self, statements, update):
        """Run all statements as one."""
        parts = ", ".join([f"part_{number} AS (%s)" for number in range(len(statements))])
        self.cr.execute(SQL((f"WITH {parts} " if parts else "") + "%s", *statements, update))

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
            last_earning_date=("date", [entry.last_earning for entry in entries]),
        )
        return SQL(
            """
            INSERT INTO loyalty_ledger_entry (
                   id, card_id, program_id, company_id, kind, points, balance_after, effective_date, expiration_date,
                   available_from, reason, res_model, res_id, idempotency_key, reversed_entry_id, is_redemption,
                   level_points, waived_points, unpaid_points, last_earning_date, date, author_id, row_hash)
            SELECT n.*, %(date)s, %(author)s, %(hash)s FROM %(rows)s
            """,
            date=date,
            author=author,
            hash=schema.row_hash("n", date=date, author_id=author),
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
            raise UserError(self.env._("The reserved points have been used or released. Try again."))
        self.env["loyalty.hold"].invalidate_model()

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


class _NoOp:
    """What an entry that no movement asked for (an expiry) says about its document."""

    reason = model = res_id = None


_NO_OP = _NoOp()


def _id(record):
    """Id of a planned row or of an existing one, which is its id itself."""
    return getattr(record, "id", record)
