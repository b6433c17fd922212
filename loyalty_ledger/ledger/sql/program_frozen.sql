-- A program with transactions keeps its type and its company.
BEGIN
    IF (OLD.program_type IS DISTINCT FROM NEW.program_type OR OLD.company_id IS DISTINCT FROM NEW.company_id)
            AND EXISTS (SELECT 1 FROM loyalty_ledger_entry WHERE program_id = OLD.id) THEN
        RAISE EXCEPTION USING MESSAGE = concat('Program ', OLD.id, ' has transactions in the points ledger: its type and company cannot change.'), %(refusal)s;
    END IF;
    RETURN NEW;
END
