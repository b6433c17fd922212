-- A function, and the trigger that asks it before each change of a row.
CREATE OR REPLACE FUNCTION %(name)s() RETURNS trigger LANGUAGE plpgsql AS $$
%(body)s
$$;
-- CREATE OR REPLACE TRIGGER needs PostgreSQL 14, and Odoo runs on 13.
DROP TRIGGER IF EXISTS %(name)s ON %(table)s;
CREATE TRIGGER %(name)s BEFORE %(events)s ON %(table)s FOR EACH ROW EXECUTE FUNCTION %(name)s();
