-- Reservations end once; only their hand-over from one document to another changes their points.
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION USING MESSAGE = concat('Reserved points cannot be deleted; release them.'), %(refusal)s;
    END IF;
    IF (NEW.state = OLD.state OR OLD.state = 'active' OR OLD.state = 'expired' AND NEW.state = 'consumed')
            AND NEW.id = OLD.id AND NEW.card_id = OLD.card_id AND NEW.program_id = OLD.program_id
            AND NEW.company_id IS NOT DISTINCT FROM OLD.company_id
            AND (NEW.points = OLD.points AND NEW.date = OLD.date
                 OR OLD.state = 'active' AND current_setting('loyalty.hand_over', true) = 'on') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION USING MESSAGE = concat('Reservation ', OLD.id, ' of points cannot be changed; release it.'), %(refusal)s;
END
