-- A constraint trigger that can wait until the end of a statement or transaction; its body has the row in NEW.
CREATE OR REPLACE FUNCTION %(name)s() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
%(body)s
$$;
DROP TRIGGER IF EXISTS %(name)s ON %(table)s;
CREATE CONSTRAINT TRIGGER %(name)s AFTER %(events)s ON %(table)s
    DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION %(name)s();
