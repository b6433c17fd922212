-- Refuses changes of some columns, and that rows or the table go.
BEGIN
    IF TG_OP = 'UPDATE' AND %(before)s IS NOT DISTINCT FROM %(after)s THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION USING MESSAGE = concat(%(message)s), %(refusal)s;
END
