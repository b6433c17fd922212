"""Functions and triggers that protect the ledger inside PostgreSQL.

Immediate triggers refuse changes of protected columns; deferrable constraint triggers compare what belongs together.
They are INITIALLY IMMEDIATE: the gateway defers them for the length of its own statements, so an error surfaces
inside its caller. Only last values are compared, never sums: sums are for "Verify ledger".

The texts are in `sql/`: bodies of functions by the name of the trigger, `guard.sql` and `constraint.sql` that create them,
and parts that several of them share.
"""

import re

from odoo.tools import SQL

from ..tools.sql_files import read_sql

GUARD = read_sql(__file__, "guard")
GUARD_TRUNCATE = read_sql(__file__, "guard_truncate")
CONSTRAINT = read_sql(__file__, "constraint")
# What they do.
IMMUTABLE = read_sql(__file__, "immutable")
HOLD_PROTECTED = read_sql(__file__, "hold_protected")
PROGRAM_FROZEN = read_sql(__file__, "program_frozen")
CARD_LEDGER = read_sql(__file__, "card_ledger")
ENTRY_LEDGER = read_sql(__file__, "entry_ledger")
LOT_LEDGER = read_sql(__file__, "lot_ledger")
CONSUMPTION_LEDGER = read_sql(__file__, "consumption_ledger")
# Parts of several of them.
LAST_BALANCE = read_sql(__file__, "last_balance")
LAST_REMAINING = read_sql(__file__, "last_remaining")
CHECK_DEBT = read_sql(__file__, "check_debt")

REFUSAL = SQL("ERRCODE = 'restrict_violation'")
LAST_ID = 2**31 - 1
#: Types of programs whose cards are under the ledger.
LEDGERED_TYPES = ("loyalty", "ewallet", "gift_card")
CONSTRAINTS = SQL("loyalty_card_ledger, loyalty_entry_ledger, loyalty_lot_ledger, loyalty_consumption_ledger")

ENTRY_COLUMNS = (
    "id card_id program_id company_id kind points balance_after date effective_date expiration_date available_from "
    "reason res_model res_id idempotency_key reversed_entry_id is_redemption level_points waived_points "
    "last_earning_date author_id row_hash"
).split()

#: What a row's hash covers. NULL prints as nothing; texts carry their length, so no two rows print alike.
ROW_HASH = """encode(sha256(convert_to(concat(
    {0}id, '|', {0}card_id, '|', {0}program_id, '|', {0}company_id, '|', {0}kind, '|', {0}points::numeric(16,4), '|',
    {0}balance_after::numeric(16,4), '|', extract(epoch FROM {0}date)::bigint, '|',
    {0}effective_date - DATE '2000-01-01', '|', {0}expiration_date - DATE '2000-01-01', '|',
    {0}available_from - DATE '2000-01-01', '|', length({0}reason), ':', {0}reason, '|', {0}res_model, '|', {0}res_id,
    '|', length({0}idempotency_key), ':', {0}idempotency_key, '|', {0}reversed_entry_id, '|', {0}is_redemption, '|',
    {0}level_points::numeric(16,4), '|', {0}waived_points::numeric(16,4), '|', {0}author_id,
    '|' || ({0}last_earning_date - DATE '2000-01-01')
), 'UTF8')), 'hex')"""


def row_hash(alias, **values):
    """Return the SQL expression of a row's hash over the columns of ``alias``.

    :param values: :class:`odoo.tools.SQL` of columns that ``alias`` does not have
    """
    code = ROW_HASH
    for column in values:
        code = re.sub(rf"\{{0\}}{column}\b", f"%({column})s", code)
    return SQL(code.replace("{0}", f"{alias}."), **values)


def immutable(cr, table, name, columns, message):
    """Refuse UPDATE of ``columns``, DELETE and TRUNCATE of ``table``.

    :param name: what the rows are called; the function becomes ``loyalty_<name>_immutable``
    :param message: what the refusal says
    """
    body = SQL(IMMUTABLE, before=_row("old", columns), after=_row("new", columns), message=message, refusal=REFUSAL)
    _guard(cr, table, f"loyalty_{name}_immutable", body)


def _row(alias, columns):
    return SQL("ROW(%s)", SQL(", ").join(SQL.identifier(alias, column) for column in columns))


def _guard(cr, table, name, body, rows_only=False):
    """(Re)create a trigger that asks ``body`` before a change; a function of the same name holds it.

    :param rows_only: only updates are asked about, else also that rows or the whole table go
    """
    names = {"name": SQL.identifier(name), "table": SQL.identifier(table)}
    events = SQL("UPDATE") if rows_only else SQL("UPDATE OR DELETE")
    cr.execute(SQL(GUARD, **names, events=events, body=body))
    if not rows_only:
        cr.execute(SQL(GUARD_TRUNCATE, **names, trigger=SQL.identifier(f"{name}_truncate")))
    _sign(cr, name)


def _sign(cr, function):
    """Note on a function what it does now, so that :func:`weakened` can tell whether somebody replaced it."""
    cr.execute(SQL("SELECT md5(prosrc) FROM pg_proc WHERE oid = to_regproc(%s)", function))
    cr.execute(SQL("COMMENT ON FUNCTION %s() IS %s", SQL.identifier(function), cr.fetchone()[0]))


#: Triggers that protect the ledger, and their tables. Those of other add-ons are added by their own verification.
TRIGGERS = {
    "loyalty_card_ledger": "loyalty_card",
    "loyalty_entry_ledger": "loyalty_ledger_entry",
    "loyalty_entry_immutable": "loyalty_ledger_entry",
    "loyalty_entry_immutable_truncate": "loyalty_ledger_entry",
    "loyalty_lot_ledger": "loyalty_lot",
    "loyalty_lot_immutable": "loyalty_lot",
    "loyalty_lot_immutable_truncate": "loyalty_lot",
    "loyalty_consumption_ledger": "loyalty_ledger_consumption",
    "loyalty_consumption_immutable": "loyalty_ledger_consumption",
    "loyalty_consumption_immutable_truncate": "loyalty_ledger_consumption",
    "loyalty_seal_immutable": "loyalty_ledger_seal",
    "loyalty_seal_immutable_truncate": "loyalty_ledger_seal",
    "loyalty_hold_protected": "loyalty_hold",
    "loyalty_hold_protected_truncate": "loyalty_hold",
    "loyalty_program_frozen": "loyalty_program",
}


def weakened(cr, triggers):
    """Return ``[(table, trigger, how)]`` of triggers that do not protect: ``missing``, ``disabled`` or ``replaced``.

    A function whose text is not the one that :func:`_sign` noted counts as replaced.

    :param triggers: dict of trigger name and table, such as :data:`TRIGGERS`
    """
    cr.execute(
        SQL(
            """
            SELECT w.tab, w.name,
                   CASE WHEN t.oid IS NULL THEN 'missing' WHEN t.tgenabled NOT IN ('O', 'A') THEN 'disabled'
                        WHEN obj_description(p.oid, 'pg_proc') IS DISTINCT FROM md5(p.prosrc) THEN 'replaced' END AS how
              FROM unnest(%s, %s) AS w(name, tab)
              LEFT JOIN pg_trigger t ON t.tgname = w.name AND t.tgrelid = to_regclass(w.tab)
              LEFT JOIN pg_proc p ON p.oid = t.tgfoid
             ORDER BY w.tab, w.name
            """,
            list(triggers),
            list(triggers.values()),
        )
    )
    return [row for row in cr.fetchall() if row[2]]


def _constraint(cr, table, name, events, body):
    """(Re)create a deferrable constraint trigger; ``body`` is plpgsql with the row in NEW."""
    cr.execute(SQL(CONSTRAINT, name=SQL.identifier(name), table=SQL.identifier(table), events=SQL(events), body=body))
    _sign(cr, name)


# Parts of the rules, each written once. ``card``, ``entry`` and ``lot`` are what plpgsql calls the rows.


def _last_balance(card, entry=LAST_ID):
    return SQL(LAST_BALANCE, card=card, entry=entry)


def _last_remaining(lot):
    return SQL(LAST_REMAINING, lot=lot, last=LAST_ID)


def _check_debt(card):
    return SQL(CHECK_DEBT, card=card, refusal=REFUSAL)


def _wrong_balance(card):
    return SQL(
        "concat('The balance of card ', %s, ' (', balance, ') must equal its points ledger (', COALESCE(last_balance, 0), ').')",
        card,
    )


_WRONG_REMAINING = SQL(
    "concat('What is left of lot ', lot.id, ' (', lot.remaining, ') must equal its consumptions (', "
    "COALESCE(last_remaining, lot.points), ').')"
)
_WRONG_DATES = SQL("concat('The dates of lot ', lot.id, ' were set by no transaction.')")


def protect_cards(cr):
    """The balance of a ledgered card is the last ``balance_after`` of its entries."""
    card = SQL("NEW.id")
    body = SQL(
        CARD_LEDGER,
        last_balance=_last_balance(card),
        check_debt=_check_debt(card),
        wrong_balance=_wrong_balance(card),
        ledgered_types=LEDGERED_TYPES,
        refusal=REFUSAL,
    )
    _constraint(cr, "loyalty_card", "loyalty_card_ledger", "INSERT OR UPDATE", body)


def protect_entries(cr):
    """Entries never change; a new one must leave the card at its ``balance_after``."""
    immutable(
        cr,
        "loyalty_ledger_entry",
        "entry",
        ENTRY_COLUMNS,
        "Transactions of the points ledger cannot be changed or deleted.",
    )
    card = SQL("NEW.card_id")
    body = SQL(
        ENTRY_LEDGER,
        last_balance=_last_balance(card),
        balance_before=_last_balance(card, SQL("NEW.id - 1")),
        check_debt=_check_debt(card),
        wrong_balance=_wrong_balance(card),
        refusal=REFUSAL,
    )
    _constraint(cr, "loyalty_ledger_entry", "loyalty_entry_ledger", "INSERT OR UPDATE", body)


def protect_lots(cr):
    """A lot belongs to its credit, holds what its consumptions left, and has the date that an entry gave it."""
    immutable(
        cr,
        "loyalty_lot",
        "lot",
        "id entry_id card_id program_id company_id points date available_from origin_lot_id".split(),
        "Lots of the points ledger cannot be changed or deleted.",
    )
    body = SQL(
        LOT_LEDGER,
        last_remaining=_last_remaining(SQL("NEW.id")),
        last_remaining_of_lot=_last_remaining(SQL("lot.id")),
        wrong_remaining=_WRONG_REMAINING,
        wrong_dates=_WRONG_DATES,
        refusal=REFUSAL,
    )
    _constraint(cr, "loyalty_lot", "loyalty_lot_ledger", "INSERT OR UPDATE", body)


def protect_consumptions(cr):
    """Consumptions never change; the last one says what is left of its lot."""
    immutable(
        cr,
        "loyalty_ledger_consumption",
        "consumption",
        "id debit_entry_id lot_id points remaining_after entry_id moved_to_lot_id".split(),
        "Consumptions of the points ledger cannot be changed or deleted.",
    )
    body = SQL(
        CONSUMPTION_LEDGER,
        last_remaining_of_lot=_last_remaining(SQL("lot.id")),
        wrong_remaining=_WRONG_REMAINING,
        refusal=REFUSAL,
    )
    _constraint(cr, "loyalty_ledger_consumption", "loyalty_consumption_ledger", "INSERT", body)


def drop_all(cr):
    """Remove triggers and functions, those on Odoo's own tables included."""
    for function in (
        "loyalty_card_ledger",
        "loyalty_entry_ledger",
        "loyalty_entry_immutable",
        "loyalty_lot_ledger",
        "loyalty_lot_immutable",
        "loyalty_consumption_ledger",
        "loyalty_consumption_immutable",
        "loyalty_seal_immutable",
        "loyalty_hold_protected",
        "loyalty_program_frozen",
    ):
        cr.execute(SQL("DROP FUNCTION IF EXISTS %s() CASCADE", SQL.identifier(function)))


def protect_seals(cr):
    """Seals never change."""
    immutable(
        cr,
        "loyalty_ledger_seal",
        "seal",
        "id date first_entry_id last_entry_id entry_count previous_id digest".split(),
        "Seals of the points ledger cannot be changed or deleted.",
    )


def protect_holds(cr):
    """Reservations stay: they keep card, program and company, end once, and change their points only when one document
    hands them over to another (:meth:`models.loyalty_hold.LoyaltyHold._hand_over` says so to the transaction)."""
    _guard(cr, "loyalty_hold", "loyalty_hold_protected", SQL(HOLD_PROTECTED, refusal=REFUSAL))


def protect_programs(cr):
    """A program with transactions keeps its type and its company: they decide whose points and whose books these are."""
    body = SQL(PROGRAM_FROZEN, refusal=REFUSAL)
    _guard(cr, "loyalty_program", "loyalty_program_frozen", body, rows_only=True)
