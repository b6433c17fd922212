-- The balance of a card under the ledger is the last balance_after of its transactions.
DECLARE balance numeric; last_balance numeric;
BEGIN
    -- The usual posting, in one expression: each takes a plan of its own in every session. OLD is null on INSERT.
    IF OLD.ledgered AND NEW.ledgered AND OLD.program_id = NEW.program_id
            AND OLD.debt_points IS NOT DISTINCT FROM NEW.debt_points AND OLD.points <> NEW.points
            AND NEW.points = %(last_balance)s THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF OLD.ledgered AND NOT COALESCE(NEW.ledgered, FALSE) THEN
            RAISE EXCEPTION USING MESSAGE = concat('Card ', NEW.id, ' stays under the points ledger.'), %(refusal)s;
        END IF;
        IF OLD.program_id IS DISTINCT FROM NEW.program_id
                AND EXISTS (SELECT 1 FROM loyalty_ledger_entry WHERE card_id = NEW.id) THEN
            RAISE EXCEPTION USING MESSAGE = concat('Card ', NEW.id, ' has transactions and stays in its program.'), %(refusal)s;
        END IF;
        IF OLD.ledgered AND OLD.debt_points IS DISTINCT FROM NEW.debt_points THEN
            %(check_debt)s
        END IF;
        IF OLD.ledgered AND OLD.points = NEW.points THEN
            RETURN NEW;
        END IF;
    END IF;
    IF NOT COALESCE(NEW.ledgered, FALSE) THEN
        IF NEW.points <> 0 AND EXISTS (
                SELECT 1 FROM loyalty_program WHERE id = NEW.program_id AND program_type IN %(ledgered_types)s) THEN
            RAISE EXCEPTION USING MESSAGE = concat('Card ', NEW.id, ' has points outside the points ledger.'), %(refusal)s;
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'INSERT' AND NEW.points = 0 THEN
        RETURN NEW;  -- a new card has no transactions yet; they bring their own checks
    END IF;
    last_balance := %(last_balance)s;
    IF NEW.points = COALESCE(last_balance, 0) THEN
        RETURN NEW;
    END IF;
    -- A later change in the same transaction may have fixed what this one left.
    SELECT c.points INTO balance FROM loyalty_card c WHERE c.id = NEW.id;
    IF FOUND AND COALESCE(balance, 0) IS DISTINCT FROM COALESCE(last_balance, 0) THEN
        RAISE EXCEPTION USING MESSAGE = %(wrong_balance)s, %(refusal)s;
    END IF;
    RETURN NEW;
END
