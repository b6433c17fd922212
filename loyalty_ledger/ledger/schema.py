"""Functions and triggers that protect the ledger inside PostgreSQL.

Immediate triggers refuse changes of protected columns; deferrable constraint triggers compare what belongs together.
They are INITIALLY IMMEDIATE: the gateway defers them for the length of its own statements, so an error surfaces
inside its caller. Only last values are compared, never sums: sums are for "Verify ledger".
"""

import re

from odoo.tools import SQL

REFUSAL = "ERRCODE = 'restrict_violation'"
#: Types of programs whose cards are under the ledger.
LEDGERED_TYPES = ("loyalty", "ewallet", "gift_card")
CONSTRAINTS = SQL("loyalty_card_ledger, loyalty_entry_ledger, loyalty_lot_ledger, loyalty_consumption_ledger")

ENTRY_COLUMNS = (
    "id card_id program_id company_id kind points balance_after date effective_date expiration_date available_from "
    "reason res_model res_id idempotency_key reversed_entry_id is_redemption level_points waived_points author_id "
    "row_hash"
).split()

#: What a row's hash covers. NULL prints as nothing; texts carry their length, so no two rows print alike.
ROW_HASH = """encode(sha256(convert_to(concat(
    {0}id, '|', {0}card_id, '|', {0}program_id, '|', {0}company_id, '|', {0}kind, '|', {0}points::numeric(16,4), '|',
    {0}balance_after::numeric(16,4), '|', extract(epoch FROM {0}date)::bigint, '|',
    {0}effective_date - DATE '2000-01-01', '|', {0}expiration_date - DATE '2000-01-01', '|',
    {0}available_from - DATE '2000-01-01', '|', length({0}reason), ':', {0}reason, '|', {0}res_model, '|', {0}res_id,
    '|', length({0}idempotency_key), ':', {0}idempotency_key, '|', {0}reversed_entry_id, '|', {0}is_redemption, '|',
    {0}level_points::numeric(16,4), '|', {0}waived_points::numeric(16,4), '|', {0}author_id
), 'UTF8')), 'hex')"""


def row_hash(alias, **values):
    """Return the SQL expression of a row's hash over the columns of ``alias``.

    :param values: :class:`odoo.tools.SQL` of columns that ``alias`` does not have
    """
    code = ROW_HASH
    for column in values:
        code = re.sub(rf"\{{0\}}{column}\b", f"%({column})s", code)
    return SQL(code.replace("{0}", f"{alias}."), **values)


def _rows(alias, columns):
    return "ROW(" + ", ".join(f"{alias}.{column}" for column in columns) + ")"


def immutable(cr, table, name, columns, message):
    """Refuse UPDATE of ``columns``, DELETE and TRUNCATE of ``table``. All of it is our own code's, nothing a user's."""
    _immutable(cr, table, name, columns, message)


def _immutable(cr, table, name, columns, message):
    function = f"loyalty_{name}_immutable"
    cr.execute(
        SQL(
            f"""
            CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'UPDATE' AND {_rows("OLD", columns)} IS NOT DISTINCT FROM {_rows("NEW", columns)} THEN
                    RETURN NEW;
                END IF;
                RAISE EXCEPTION USING MESSAGE = concat('{message}'), {REFUSAL};
            END $$;
            -- CREATE OR REPLACE TRIGGER needs PostgreSQL 14, and Odoo runs on 13.
            DROP TRIGGER IF EXISTS {function} ON {table};
            CREATE TRIGGER {function} BEFORE UPDATE OR DELETE ON {table}
                FOR EACH ROW EXECUTE FUNCTION {function}();
            DROP TRIGGER IF EXISTS {function}_truncate ON {table};
            CREATE TRIGGER {function}_truncate BEFORE TRUNCATE ON {table}
                FOR EACH STATEMENT EXECUTE FUNCTION {function}();
            """
        )
    )
    _sign(cr, function)


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
    cr.execute(
        SQL(
            f"""
            CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
            {body}
            $$;
            DROP TRIGGER IF EXISTS {name} ON {table};
            CREATE CONSTRAINT TRIGGER {name} AFTER {events} ON {table}
                DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION {name}();
            """
        )
    )
    _sign(cr, name)


LAST_ID = 2**31 - 1

# Found in one step of the index, whatever the statistics said when the plan was made: comparing rows leaves no other
# index, and the functions run without sequential scans.
_LAST_BALANCE = """(
                SELECT CASE WHEN e.card_id = {0} THEN e.balance_after END FROM loyalty_ledger_entry e
                 WHERE (e.card_id, e.id + 0) <= ({0}, {1}) ORDER BY e.card_id DESC, e.id + 0 DESC LIMIT 1)"""
_LAST_REMAINING = """(
                SELECT CASE WHEN c.lot_id = {0} THEN c.remaining_after END FROM loyalty_ledger_consumption c
                 WHERE (c.lot_id, c.id) <= ({0}, {1}) ORDER BY c.lot_id DESC, c.id DESC LIMIT 1)"""
_CHECK_DEBT = f"""
            IF (SELECT COALESCE(c.debt_points, 0) FROM loyalty_card c WHERE c.id = {{0}}) IS DISTINCT FROM
               (SELECT COALESCE(sum(e.unpaid_points), 0) FROM loyalty_ledger_entry e
                 WHERE e.card_id = {{0}} AND e.unpaid_points > 0) THEN
                RAISE EXCEPTION USING MESSAGE = concat('What card ', {{0}}, ' owes must equal its unpaid transactions.'), {REFUSAL};
            END IF;
"""
_WRONG_REMAINING = """concat('What is left of lot ', lot.id, ' (', lot.remaining, ') must equal its consumptions (',
                    COALESCE(last_remaining, lot.points), ').')"""
_WRONG_DATES = "concat('The dates of lot ', lot.id, ' were set by no transaction.')"


def protect_cards(cr):
    """The balance of a ledgered card is the last ``balance_after`` of its entries."""
    _constraint(
        cr,
        "loyalty_card",
        "loyalty_card_ledger",
        "INSERT OR UPDATE",
        f"""
        DECLARE balance numeric; last_balance numeric;
        BEGIN
            -- The usual posting, in one expression: each takes a plan of its own in every session. OLD is null on INSERT.
            IF OLD.ledgered AND NEW.ledgered AND OLD.program_id = NEW.program_id
                    AND OLD.debt_points IS NOT DISTINCT FROM NEW.debt_points AND OLD.points <> NEW.points
                    AND NEW.points = {_LAST_BALANCE.format("NEW.id", LAST_ID)} THEN
                RETURN NEW;
            END IF;
            IF TG_OP = 'UPDATE' THEN
                IF OLD.ledgered AND NOT COALESCE(NEW.ledgered, FALSE) THEN
                    RAISE EXCEPTION USING MESSAGE = concat('Card ', NEW.id, ' stays under the points ledger.'), {REFUSAL};
                END IF;
                IF OLD.program_id IS DISTINCT FROM NEW.program_id
                        AND EXISTS (SELECT 1 FROM loyalty_ledger_entry WHERE card_id = NEW.id) THEN
                    RAISE EXCEPTION USING MESSAGE = concat('Card ', NEW.id, ' has transactions and stays in its program.'), {REFUSAL};
                END IF;
                IF OLD.ledgered AND OLD.debt_points IS DISTINCT FROM NEW.debt_points THEN
                    {_CHECK_DEBT.format("NEW.id")}
                END IF;
                IF OLD.ledgered AND OLD.points = NEW.points THEN
                    RETURN NEW;
                END IF;
            END IF;
            IF NOT COALESCE(NEW.ledgered, FALSE) THEN
                IF NEW.points <> 0 AND EXISTS (
                        SELECT 1 FROM loyalty_program WHERE id = NEW.program_id AND program_type IN {LEDGERED_TYPES}) THEN
                    RAISE EXCEPTION USING MESSAGE = concat('Card ', NEW.id, ' has points outside the points ledger.'), {REFUSAL};
                END IF;
                RETURN NEW;
            END IF;
            IF TG_OP = 'INSERT' AND NEW.points = 0 THEN
                RETURN NEW;  -- a new card has no transactions yet; they bring their own checks
            END IF;
            last_balance := {_LAST_BALANCE.format("NEW.id", LAST_ID)};
            IF NEW.points = COALESCE(last_balance, 0) THEN
                RETURN NEW;
            END IF;
            -- A later change in the same transaction may have mended what this one left.
            SELECT c.points INTO balance FROM loyalty_card c WHERE c.id = NEW.id;
            IF FOUND AND COALESCE(balance, 0) IS DISTINCT FROM COALESCE(last_balance, 0) THEN
                RAISE EXCEPTION USING MESSAGE = concat('The balance of card ', NEW.id, ' (', balance, ') must equal its points ledger (', COALESCE(last_balance, 0), ').'), {REFUSAL};
            END IF;
            RETURN NEW;
        END
        """,
    )


def protect_entries(cr):
    """Entries never change; a new one must leave the card at its ``balance_after``."""
    immutable(
        cr,
        "loyalty_ledger_entry",
        "entry",
        ENTRY_COLUMNS,
        "Transactions of the points ledger cannot be changed or deleted.",
    )
    _constraint(
        cr,
        "loyalty_ledger_entry",
        "loyalty_entry_ledger",
        "INSERT OR UPDATE",
        f"""
        DECLARE balance numeric; last_balance numeric;
        BEGIN
            -- In one expression: it goes on from the one before, and the card is where its last entry left it.
            IF OLD.id IS NULL AND NEW.balance_after = NEW.points + COALESCE({_LAST_BALANCE.format("NEW.card_id", "NEW.id - 1")}, 0)
                    AND (SELECT c.points FROM loyalty_card c WHERE c.id = NEW.card_id)
                        = {_LAST_BALANCE.format("NEW.card_id", LAST_ID)} THEN
                RETURN NEW;
            END IF;
            IF TG_OP = 'UPDATE' THEN
                IF OLD.unpaid_points IS DISTINCT FROM NEW.unpaid_points THEN
                    {_CHECK_DEBT.format("NEW.card_id")}
                END IF;
                RETURN NEW;
            END IF;
            last_balance := {_LAST_BALANCE.format("NEW.card_id", "NEW.id - 1")};
            IF NEW.balance_after IS DISTINCT FROM COALESCE(last_balance, 0) + NEW.points THEN
                RAISE EXCEPTION USING MESSAGE = concat('Transaction ', NEW.id, ' of card ', NEW.card_id, ' must go on from the balance before it (', COALESCE(last_balance, 0), ').'), {REFUSAL};
            END IF;
            SELECT c.points INTO balance FROM loyalty_card c WHERE c.id = NEW.card_id;
            last_balance := {_LAST_BALANCE.format("NEW.card_id", LAST_ID)};
            IF COALESCE(balance, 0) IS DISTINCT FROM last_balance THEN
                RAISE EXCEPTION USING MESSAGE = concat('The balance of card ', NEW.card_id, ' (', balance, ') must equal its points ledger (', last_balance, ').'), {REFUSAL};
            END IF;
            RETURN NEW;
        END
        """,
    )


def protect_lots(cr):
    """A lot belongs to its credit, holds what its consumptions left, and has the date that an entry gave it."""
    immutable(
        cr,
        "loyalty_lot",
        "lot",
        "id entry_id card_id program_id company_id points date available_from origin_lot_id".split(),
        "Lots of the points ledger cannot be changed or deleted.",
    )
    _constraint(
        cr,
        "loyalty_lot",
        "loyalty_lot_ledger",
        "INSERT OR UPDATE",
        f"""
        DECLARE lot record; entry record; dated record; origin record; last_remaining numeric;
        BEGIN
            -- The usual lots, in one expression: alone with their credit and untouched, or with another consumption.
            IF TG_OP = 'INSERT' THEN
                IF NEW.expiry_entry_id IS NULL AND NEW.remaining = NEW.points AND EXISTS (
                        SELECT FROM loyalty_ledger_entry e
                         WHERE e.id = NEW.entry_id AND e.card_id = NEW.card_id AND e.points = NEW.points
                           AND e.program_id = NEW.program_id AND e.company_id IS NOT DISTINCT FROM NEW.company_id
                           AND e.expiration_date IS NOT DISTINCT FROM NEW.expiration_date
                           AND e.available_from IS NOT DISTINCT FROM NEW.available_from)
                        AND NOT EXISTS (
                        SELECT FROM loyalty_lot l WHERE l.entry_id = NEW.entry_id AND l.id <> NEW.id) THEN
                    RETURN NEW;
                END IF;
            ELSIF OLD.expiration_date IS NOT DISTINCT FROM NEW.expiration_date
                    AND OLD.expiry_entry_id IS NOT DISTINCT FROM NEW.expiry_entry_id
                    AND NEW.remaining = {_LAST_REMAINING.format("NEW.id", LAST_ID)} THEN
                RETURN NEW;
            END IF;
            lot := NEW;
            IF TG_OP = 'INSERT' THEN
                SELECT e.card_id, e.program_id, e.company_id, e.points INTO entry
                  FROM loyalty_ledger_entry e WHERE e.id = lot.entry_id;
                IF lot.points > entry.points OR ROW(lot.card_id, lot.program_id, lot.company_id)
                        IS DISTINCT FROM ROW(entry.card_id, entry.program_id, entry.company_id) THEN
                    RAISE EXCEPTION USING MESSAGE = concat('Lot ', lot.id, ' does not belong to its transaction.'), {REFUSAL};
                END IF;
                IF lot.points = entry.points
                        AND EXISTS (SELECT 1 FROM loyalty_lot l WHERE l.entry_id = lot.entry_id AND l.id <> lot.id)
                   OR lot.points < entry.points
                        AND (SELECT sum(l.points) FROM loyalty_lot l WHERE l.entry_id = lot.entry_id) > entry.points THEN
                    RAISE EXCEPTION USING MESSAGE = concat('Lot ', lot.id, ' exceeds its transaction.'), {REFUSAL};
                END IF;
            END IF;
            -- A later change in the same transaction may have mended what this one left.
            SELECT * INTO lot FROM loyalty_lot l WHERE l.id = NEW.id;
            last_remaining := {_LAST_REMAINING.format("lot.id", LAST_ID)};
            IF lot.remaining IS DISTINCT FROM COALESCE(last_remaining, lot.points) THEN
                RAISE EXCEPTION USING MESSAGE = {_WRONG_REMAINING}, {REFUSAL};
            END IF;
            SELECT e.available_from, e.expiration_date INTO entry FROM loyalty_ledger_entry e WHERE e.id = lot.entry_id;
            SELECT o.available_from, o.expiration_date INTO origin FROM loyalty_lot o WHERE o.id = lot.origin_lot_id;
            IF lot.expiry_entry_id IS NOT NULL THEN
                SELECT x.expiration_date INTO dated FROM loyalty_ledger_entry x
                    WHERE x.id = lot.expiry_entry_id AND x.card_id = lot.card_id;
                IF NOT FOUND THEN
                    RAISE EXCEPTION USING MESSAGE = {_WRONG_DATES}, {REFUSAL};
                END IF;
                entry.expiration_date := dated.expiration_date;
            END IF;
            IF lot.expiration_date IS DISTINCT FROM entry.expiration_date
                    AND (lot.origin_lot_id IS NULL OR lot.expiration_date IS DISTINCT FROM origin.expiration_date)
               OR lot.available_from IS DISTINCT FROM entry.available_from
                    AND (lot.origin_lot_id IS NULL OR lot.available_from IS DISTINCT FROM origin.available_from) THEN
                RAISE EXCEPTION USING MESSAGE = {_WRONG_DATES}, {REFUSAL};
            END IF;
            RETURN NEW;
        END
        """,
    )


def protect_consumptions(cr):
    """Consumptions never change; the last one says what is left of its lot."""
    immutable(
        cr,
        "loyalty_ledger_consumption",
        "consumption",
        "id debit_entry_id lot_id points remaining_after entry_id moved_to_lot_id".split(),
        "Consumptions of the points ledger cannot be changed or deleted.",
    )
    _constraint(
        cr,
        "loyalty_ledger_consumption",
        "loyalty_consumption_ledger",
        "INSERT",
        f"""
        DECLARE lot record; last_remaining numeric;
        BEGIN
            IF NEW.remaining_after = (SELECT l.remaining FROM loyalty_lot l WHERE l.id = NEW.lot_id) THEN
                RETURN NEW;
            END IF;
            -- Only the lot's last consumption has to agree with it.
            SELECT l.id, l.remaining, l.points INTO lot FROM loyalty_lot l WHERE l.id = NEW.lot_id;
            last_remaining := {_LAST_REMAINING.format("lot.id", LAST_ID)};
            IF lot.remaining IS DISTINCT FROM last_remaining THEN
                RAISE EXCEPTION USING MESSAGE = {_WRONG_REMAINING}, {REFUSAL};
            END IF;
            RETURN NEW;
        END
        """,
    )


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
    name, table = "loyalty_hold_protected", "loyalty_hold"
    cr.execute(
        SQL(
            f"""
            CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP <> 'UPDATE' THEN
                    RAISE EXCEPTION USING MESSAGE = concat('Reserved points cannot be deleted; release them.'), {REFUSAL};
                END IF;
                IF (NEW.state = OLD.state OR OLD.state = 'active' OR OLD.state = 'expired' AND NEW.state = 'consumed')
                        AND NEW.id = OLD.id AND NEW.card_id = OLD.card_id AND NEW.program_id = OLD.program_id
                        AND NEW.company_id IS NOT DISTINCT FROM OLD.company_id
                        AND (NEW.points = OLD.points AND NEW.date = OLD.date
                             OR OLD.state = 'active' AND current_setting('loyalty.hand_over', true) = 'on') THEN
                    RETURN NEW;
                END IF;
                RAISE EXCEPTION USING MESSAGE = concat('Reservation ', OLD.id, ' of points cannot be changed; release it.'), {REFUSAL};
            END $$;
            DROP TRIGGER IF EXISTS {name} ON {table};
            CREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {name}();
            DROP TRIGGER IF EXISTS {name}_truncate ON {table};
            CREATE TRIGGER {name}_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {name}();
            """
        )
    )
    _sign(cr, name)


def protect_programs(cr):
    """A program with transactions keeps its type and its company: they decide whose points and whose books these are."""
    name, table = "loyalty_program_frozen", "loyalty_program"
    cr.execute(
        SQL(
            f"""
            CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF (OLD.program_type IS DISTINCT FROM NEW.program_type OR OLD.company_id IS DISTINCT FROM NEW.company_id)
                        AND EXISTS (SELECT 1 FROM loyalty_ledger_entry WHERE program_id = OLD.id) THEN
                    RAISE EXCEPTION USING MESSAGE = concat('Program ', OLD.id, ' has transactions in the points ledger: its type and company cannot change.'), {REFUSAL};
                END IF;
                RETURN NEW;
            END $$;
            DROP TRIGGER IF EXISTS {name} ON {table};
            CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {name}();
            """
        )
    )
    _sign(cr, name)
