-- The last consumption of a lot says what is left of it.
DECLARE lot record; last_remaining numeric;
BEGIN
    IF NEW.remaining_after = (SELECT l.remaining FROM loyalty_lot l WHERE l.id = NEW.lot_id) THEN
        RETURN NEW;
    END IF;
    -- Only the lot's last consumption has to agree with it.
    SELECT l.id, l.remaining, l.points INTO lot FROM loyalty_lot l WHERE l.id = NEW.lot_id;
    last_remaining := %(last_remaining_of_lot)s;
    IF lot.remaining IS DISTINCT FROM last_remaining THEN
        RAISE EXCEPTION USING MESSAGE = %(wrong_remaining)s, %(refusal)s;
    END IF;
    RETURN NEW;
END
