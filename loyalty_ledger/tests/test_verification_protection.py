from psycopg2.errors import RestrictViolation

from odoo.tests import tagged
from odoo.tools import mute_logger

from .register_common import RegisterCase


@tagged("post_install", "-at_install")
class TestVerificationProtection(RegisterCase):
    """What somebody with access to the database does past the triggers is refused or named."""

    def problems(self):
        self.env.invalidate_all()
        return {(row["model"], row["id"]): row["problem"] for row in self.Card._verify_ledger()}

    def execute(self, query, *params):
        self.env.flush_all()
        self.env.cr.execute(query, params)

    def past_triggers(self, table, query, *params):
        """Run a statement while the triggers of its table are off."""
        self.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        self.execute(query, *params)
        self.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")

    def assertRefused(self, message, query, *params):
        self.env.flush_all()
        with mute_logger("odoo.sql_db"), self.assertRaises(RestrictViolation) as caught, self.env.cr.savepoint():
            self.env.cr.execute(query, params)
        self.assertIn(message, str(caught.exception))

    def test_clean(self):
        """N5: an honest ledger with used, released and reserved points has no problem."""
        self.earn(100)
        self.card._hold(10, "clean:used")._consume()
        self.card._hold(10, "clean:released")._release()
        self.card._hold(10, "clean:kept")
        self.assertEqual(self.problems(), {})

    def test_card_moved_to_another_program(self):
        """N5: a card that was moved to another program past the triggers is named with both programs."""
        self.earn(100)
        other = self.make_program(name="Elsewhere")
        self.past_triggers(
            "loyalty_card", "UPDATE loyalty_card SET program_id = %s WHERE id = %s", other.id, self.card.id
        )
        found = self.problems()[("loyalty.card", self.card.id)]
        self.assertIn("Elsewhere", found)
        self.assertIn(self.program.name, found)

    def test_disabled_and_missing_triggers(self):
        """N5: a trigger that is off, gone or empty is named with its table; the usual state is not."""
        self.earn(100)
        model = self.env["ir.model"]._get_id("loyalty.ledger.entry")
        for change, words in (
            ("ALTER TABLE loyalty_ledger_entry DISABLE TRIGGER loyalty_entry_immutable", "is switched off"),
            (
                "CREATE OR REPLACE FUNCTION loyalty_entry_immutable() RETURNS trigger LANGUAGE plpgsql AS "
                "'BEGIN RETURN NEW; END'",
                "was replaced",
            ),
            ("DROP TRIGGER loyalty_entry_immutable ON loyalty_ledger_entry", "is missing"),
        ):
            with self.subTest(words), self.env.cr.savepoint() as savepoint:
                self.execute(change)
                found = self.problems()
                self.assertIn(words, found[("ir.model", model)])
                self.assertIn("loyalty_entry_immutable", found[("ir.model", model)])
                savepoint.rollback()
        self.assertEqual(self.problems(), {})

    def test_every_trigger_is_known(self):
        """N5: each trigger of ours that exists in the database is among those that Verify looks for."""
        self.env.cr.execute(
            """
            SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
             WHERE NOT t.tgisinternal AND t.tgname LIKE 'loyalty%%'
            """
        )
        self.assertEqual(dict(self.env.cr.fetchall()), self.env["loyalty.verification"]._protected_triggers())

    def test_program_in_sql(self):
        """N5: type and company of a program with transactions are refused in SQL; past the trigger they are named."""
        self.earn(100)
        company = self.env["res.company"].create({"name": "Taker"})
        for column, value, words in (
            ("company_id", company.id, "another company"),
            ("program_type", "coupons", "is not tracked in the points ledger"),
        ):
            query = f"UPDATE loyalty_program SET {column} = %s WHERE id = %s"
            self.assertRefused("its type and company cannot change", query, value, self.program.id)
            with self.env.cr.savepoint() as savepoint:
                self.past_triggers("loyalty_program", query, value, self.program.id)
                self.assertIn(words, self.problems()[("loyalty.program", self.program.id)])
                savepoint.rollback()
            self.env.invalidate_all()
        unused = self.make_program(name="Unused")
        self.execute("UPDATE loyalty_program SET company_id = %s WHERE id = %s", company.id, unused.id)

    def test_holds_in_sql(self):
        """N5: reservations cannot be deleted, enlarged, moved or revived in SQL; past the trigger the used ones are named."""
        self.earn(100)
        hold = self.card._hold(10, "sql:kept")
        used = self.card._hold(20, "sql:used")
        entry = used._consume()
        for query, record in (
            ("DELETE FROM loyalty_hold WHERE id = %s", hold),
            ("UPDATE loyalty_hold SET points = 99 WHERE id = %s", hold),
            (f"UPDATE loyalty_hold SET card_id = {self.other.id} WHERE id = %s", hold),
            ("UPDATE loyalty_hold SET state = 'active', entry_id = NULL WHERE id = %s", used),
        ):
            self.assertRefused("release", query, record.id)
        self.past_triggers("loyalty_hold", "UPDATE loyalty_hold SET points = 5 WHERE id = %s", used.id)
        self.assertEqual(list(self.problems()), [("loyalty.hold", used.id)])
        self.assertEqual(entry.points, -20)

    def test_deleted_seals(self):
        """N5: the last seal or all of them deleted: Verify misses them, also after the next seal was made."""
        self.Seal = self.env["loyalty.ledger.seal"]
        self.env.flush_all()
        first = self.Seal._seal(self.earn(10).id)
        last = self.Seal._seal(self.earn(20).id)
        self.assertTrue(first and last)
        self.assertEqual(self.problems(), {})
        for condition in (f"id = {last.id}", "TRUE"):
            with self.subTest(condition), self.env.cr.savepoint() as savepoint:
                self.past_triggers("loyalty_ledger_seal", f"DELETE FROM loyalty_ledger_seal WHERE {condition}")
                found = self.problems()
                self.assertIn("Seals were deleted", found[("loyalty.ledger.seal", last.id)])
                seal = self.Seal._seal(self.earn(30).id)[-1:]
                again = self.problems()
                self.assertEqual(again.pop(("loyalty.ledger.seal", seal.id)), found[("loyalty.ledger.seal", last.id)])
                self.assertEqual(again, {})
                savepoint.rollback()
        self.env.invalidate_all()
        self.assertEqual(self.problems(), {})

    def test_replaced_seal(self):
        """N5: all seals deleted and as many made again over changed transactions differ from what was noted."""
        self.Seal = self.env["loyalty.ledger.seal"]
        seal = self.Seal._seal(self.earn(10).id)[-1:]
        columns = "date, first_entry_id, last_entry_id, entry_count, previous_id, digest"
        with self.env.cr.savepoint() as savepoint:
            self.past_triggers(
                "loyalty_ledger_seal",
                f"WITH gone AS (DELETE FROM loyalty_ledger_seal WHERE id = %s RETURNING {columns}) "
                f"INSERT INTO loyalty_ledger_seal ({columns}) SELECT {columns} FROM gone",
                seal.id,
            )
            found = self.problems()
            self.assertIn("is not the one that was noted", found.pop(("loyalty.ledger.seal", seal.id)))
            self.assertEqual(found, {})  # its digest is right
            savepoint.rollback()
        self.past_triggers(
            "loyalty_ledger_seal", "UPDATE loyalty_ledger_seal SET digest = 'other' WHERE id = %s", seal.id
        )
        self.assertIn(("loyalty.ledger.seal", seal.id), self.problems())
