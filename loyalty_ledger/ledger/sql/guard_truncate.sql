-- The same function is asked before the table is emptied.
DROP TRIGGER IF EXISTS %(trigger)s ON %(table)s;
CREATE TRIGGER %(trigger)s BEFORE TRUNCATE ON %(table)s FOR EACH STATEMENT EXECUTE FUNCTION %(name)s();
