-- A lot belongs to its credit, holds what its consumptions left, and has the date that a transaction gave it.
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
            AND NEW.remaining = %(last_remaining)s THEN
        RETURN NEW;
    END IF;
    lot := NEW;
    IF TG_OP = 'INSERT' THEN
        SELECT e.card_id, e.program_id, e.company_id, e.points INTO entry
          FROM loyalty_ledger_entry e WHERE e.id = lot.entry_id;
        IF lot.points > entry.points OR ROW(lot.card_id, lot.program_id, lot.company_id)
                IS DISTINCT FROM ROW(entry.card_id, entry.program_id, entry.company_id) THEN
            RAISE EXCEPTION USING MESSAGE = concat('Lot ', lot.id, ' does not belong to its transaction.'), %(refusal)s;
        END IF;
        IF lot.points = entry.points
                AND EXISTS (SELECT 1 FROM loyalty_lot l WHERE l.entry_id = lot.entry_id AND l.id <> lot.id)
           OR lot.points < entry.points
                AND (SELECT sum(l.points) FROM loyalty_lot l WHERE l.entry_id = lot.entry_id) > entry.points THEN
            RAISE EXCEPTION USING MESSAGE = concat('Lot ', lot.id, ' exceeds its transaction.'), %(refusal)s;
        END IF;
    END IF;
    -- A later change in the same transaction may have fixed what this one left.
    SELECT * INTO lot FROM loyalty_lot l WHERE l.id = NEW.id;
    last_remaining := %(last_remaining_of_lot)s;
    IF lot.remaining IS DISTINCT FROM COALESCE(last_remaining, lot.points) THEN
        RAISE EXCEPTION USING MESSAGE = %(wrong_remaining)s, %(refusal)s;
    END IF;
    SELECT e.available_from, e.expiration_date INTO entry FROM loyalty_ledger_entry e WHERE e.id = lot.entry_id;
    SELECT o.available_from, o.expiration_date INTO origin FROM loyalty_lot o WHERE o.id = lot.origin_lot_id;
    IF lot.expiry_entry_id IS NOT NULL THEN
        SELECT x.expiration_date INTO dated FROM loyalty_ledger_entry x
            WHERE x.id = lot.expiry_entry_id AND x.card_id = lot.card_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING MESSAGE = %(wrong_dates)s, %(refusal)s;
        END IF;
        entry.expiration_date := dated.expiration_date;
    END IF;
    IF lot.expiration_date IS DISTINCT FROM entry.expiration_date
            AND (lot.origin_lot_id IS NULL OR lot.expiration_date IS DISTINCT FROM origin.expiration_date)
       OR lot.available_from IS DISTINCT FROM entry.available_from
            AND (lot.origin_lot_id IS NULL OR lot.available_from IS DISTINCT FROM origin.available_from) THEN
        RAISE EXCEPTION USING MESSAGE = %(wrong_dates)s, %(refusal)s;
    END IF;
    RETURN NEW;
END
