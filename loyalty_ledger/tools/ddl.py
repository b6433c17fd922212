"""Functions and triggers that protect the ledger inside PostgreSQL.

Immediate triggers refuse changes of protected columns; deferrable constraint triggers compare what belongs together.
They are INITIALLY IMMEDIATE: the gateway defers them for the length of its own statements, so an error surfaces
inside its caller. Only last values are compared, never sums: sums are for "Verify ledger".
"""

from odoo.tools import SQL

REFUSAL = "ERRCODE = 'restrict_violation'"
CONSTRAINTS = "loyalty_card_ledger, loyalty_entry_ledger, loyalty_lot_ledger, loyalty_consumption_ledger"

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


def row_hash(alias):
    """Return the SQL expression of a row's hash over the columns of ``alias``."""
    return SQL(ROW_HASH.replace("{0}", f"{alias}."))


def _rows(alias, columns):
    return "ROW(" + ", ".join(f"{alias}.{column}" for column in columns) + ")"


def _immutable(cr, table, name, columns, message):
    """Refuse UPDATE of ``columns``, DELETE and TRUNCATE of ``table``."""
    function = f"loyalty_{name}_immutable"
    cr.execute(
        SQL(
            f"""
            CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'UPDATE' AND {_rows('OLD', columns)} IS NOT DISTINCT FROM {_rows('NEW', columns)} THEN
                    RETURN NEW;
                END IF;
                RAISE EXCEPTION USING MESSAGE = concat('{message}'), {REFUSAL};
            END $$;
            CREATE OR REPLACE TRIGGER {function} BEFORE UPDATE OR DELETE ON {table}
                FOR EACH ROW EXECUTE FUNCTION {function}();
            CREATE OR REPLACE TRIGGER {function}_truncate BEFORE TRUNCATE ON {table}
                FOR EACH STATEMENT EXECUTE FUNCTION {function}();
            """
        )
    )


def _constraint(cr, table, name, events, body):
    """(Re)create a deferrable constraint trigger; ``body`` is plpgsql with the row in NEW."""
    cr.execute(
        SQL(
            f"""
            CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
            {body}
            $$;
            DROP TRIGGER IF EXISTS {name} ON {table};
            CREATE CONSTRAINT TRIGGER {name} AFTER {events} ON {table}
                DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION {name}();
            """
        )
    )


def protect_cards(cr):
    """The balance of a ledgered card is the last ``balance_after`` of its entries."""
    _constraint(
        cr,
        "loyalty_card",
        "loyalty_card_ledger",
        "INSERT OR UPDATE",
        f"""
        DECLARE card record; last_balance numeric;
        BEGIN
            IF TG_OP = 'UPDATE' THEN
                IF OLD.ledgered AND NOT COALESCE(NEW.ledgered, FALSE) THEN
                    RAISE EXCEPTION USING MESSAGE = concat('Card ', NEW.id, ' stays under the points ledger.'), {REFUSAL};
                END IF;
                IF OLD.program_id IS DISTINCT FROM NEW.program_id
                        AND EXISTS (SELECT 1 FROM loyalty_ledger_entry WHERE card_id = NEW.id) THEN
                    RAISE EXCEPTION USING MESSAGE = concat('Card ', NEW.id, ' has transactions and stays in its program.'), {REFUSAL};
                END IF;
            END IF;
            IF NOT COALESCE(NEW.ledgered, FALSE) THEN
                RETURN NULL;
            END IF;
            SELECT c.points INTO card FROM loyalty_card c WHERE c.id = NEW.id;
            IF NOT FOUND THEN
                RETURN NULL;
            END IF;
            SELECT e.balance_after INTO last_balance FROM loyalty_ledger_entry e
                WHERE e.card_id = NEW.id ORDER BY e.id DESC LIMIT 1;
            IF COALESCE(card.points, 0) IS DISTINCT FROM COALESCE(last_balance, 0) THEN
                RAISE EXCEPTION USING MESSAGE = concat('The balance of card ', NEW.id, ' (', card.points, ') must equal its points ledger (', COALESCE(last_balance, 0), ').'), {REFUSAL};
            END IF;
            RETURN NULL;
        END
        """,
    )


def protect_entries(cr):
    """Entries never change; a new one must leave the card at its ``balance_after``."""
    _immutable(
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
        "INSERT",
        f"""
        DECLARE card_points numeric; last_balance numeric;
        BEGIN
            SELECT c.points INTO card_points FROM loyalty_card c WHERE c.id = NEW.card_id;
            SELECT e.balance_after INTO last_balance FROM loyalty_ledger_entry e
                WHERE e.card_id = NEW.card_id ORDER BY e.id DESC LIMIT 1;
            IF COALESCE(card_points, 0) IS DISTINCT FROM last_balance THEN
                RAISE EXCEPTION USING MESSAGE = concat('The balance of card ', NEW.card_id, ' (', card_points, ') must equal its points ledger (', last_balance, ').'), {REFUSAL};
            END IF;
            RETURN NULL;
        END
        """,
    )


_CHECK_LOT = f"""
    SELECT l.points, l.remaining, l.card_id, l.available_from, l.expiration_date, l.origin_lot_id,
           e.card_id AS entry_card, e.points AS entry_points, e.available_from AS entry_from,
           COALESCE(x.expiration_date, CASE WHEN x.id IS NULL THEN e.expiration_date END) AS entry_expiry,
           o.expiration_date AS origin_expiry, o.available_from AS origin_from
      INTO lot
      FROM loyalty_lot l
      JOIN loyalty_ledger_entry e ON e.id = l.entry_id
      LEFT JOIN loyalty_ledger_entry x ON x.id = l.expiry_entry_id
      LEFT JOIN loyalty_lot o ON o.id = l.origin_lot_id
     WHERE l.id = checked;
    SELECT c.remaining_after INTO last_remaining FROM loyalty_ledger_consumption c
        WHERE c.lot_id = checked ORDER BY c.id DESC LIMIT 1;
    IF lot.remaining IS DISTINCT FROM COALESCE(last_remaining, lot.points) THEN
        RAISE EXCEPTION USING MESSAGE = concat('What is left of lot ', checked, ' (', lot.remaining, ') must equal its consumptions (', COALESCE(last_remaining, lot.points), ').'), {REFUSAL};
    END IF;
"""


def protect_lots(cr):
    """A lot belongs to its credit, holds what its consumptions left, and has the date that an entry gave it."""
    _immutable(
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
        DECLARE lot record; last_remaining numeric; checked integer := NEW.id;
        BEGIN
            {_CHECK_LOT}
            IF lot.card_id IS DISTINCT FROM lot.entry_card OR lot.points > lot.entry_points THEN
                RAISE EXCEPTION USING MESSAGE = concat('Lot ', checked, ' does not belong to its transaction.'), {REFUSAL};
            END IF;
            IF lot.expiration_date IS DISTINCT FROM lot.entry_expiry
                    AND (lot.origin_lot_id IS NULL OR lot.expiration_date IS DISTINCT FROM lot.origin_expiry)
               OR lot.available_from IS DISTINCT FROM lot.entry_from
                    AND (lot.origin_lot_id IS NULL OR lot.available_from IS DISTINCT FROM lot.origin_from) THEN
                RAISE EXCEPTION USING MESSAGE = concat('The dates of lot ', checked, ' were set by no transaction.'), {REFUSAL};
            END IF;
            RETURN NULL;
        END
        """,
    )


def protect_consumptions(cr):
    """Consumptions never change; the last one says what is left of its lot."""
    _immutable(
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
        DECLARE lot record; last_remaining numeric; checked integer := NEW.lot_id;
        BEGIN
            {_CHECK_LOT}
            RETURN NULL;
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
    ):
        cr.execute(SQL("DROP FUNCTION IF EXISTS %s() CASCADE", SQL.identifier(function)))


def protect_seals(cr):
    """Seals never change."""
    _immutable(
        cr,
        "loyalty_ledger_seal",
        "seal",
        "id date first_entry_id last_entry_id entry_count previous_id digest".split(),
        "Seals of the points ledger cannot be changed or deleted.",
    )
