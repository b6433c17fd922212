-- A transaction goes on from the one before it, and the last one leaves the card at its balance.
DECLARE balance numeric; last_balance numeric;
BEGIN
    -- In one expression: it goes on from the one before, and the card is where its last entry left it.
    IF OLD.id IS NULL AND NEW.balance_after = NEW.points + COALESCE(%(balance_before)s, 0)
            AND (SELECT c.points FROM loyalty_card c WHERE c.id = NEW.card_id) = %(last_balance)s THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF OLD.unpaid_points IS DISTINCT FROM NEW.unpaid_points THEN
            %(check_debt)s
        END IF;
        RETURN NEW;
    END IF;
    last_balance := %(balance_before)s;
    IF NEW.balance_after IS DISTINCT FROM COALESCE(last_balance, 0) + NEW.points THEN
        RAISE EXCEPTION USING MESSAGE = concat('Transaction ', NEW.id, ' of card ', NEW.card_id, ' must go on from the balance before it (', COALESCE(last_balance, 0), ').'), %(refusal)s;
    END IF;
    SELECT c.points INTO balance FROM loyalty_card c WHERE c.id = NEW.card_id;
    last_balance := %(last_balance)s;
    IF COALESCE(balance, 0) IS DISTINCT FROM last_balance THEN
        RAISE EXCEPTION USING MESSAGE = %(wrong_balance)s, %(refusal)s;
    END IF;
    RETURN NEW;
END
