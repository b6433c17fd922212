import threading

from psycopg2 import errors

import odoo
from odoo.tests import tagged

from ..ledger import schema, settled
from .common import LedgerCase


@tagged("post_install", "-at_install")
class TestSeal(LedgerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.counter = 0
        cls.Seal = cls.env["loyalty.ledger.seal"]

    def setUp(self):
        super().setUp()
        self.entries = self.Entry.concat(*(self.earn(points) for points in (10, 20, 30, 40, 50)))

    def seal(self, up_to=None, **options):
        return self.Seal._seal((up_to or self.entries[-1:]).id, **options)

    def tamper(self, query, *params):
        self.env.flush_all()
        for state in ("DISABLE", "ENABLE"):
            self.env.cr.execute(f"ALTER TABLE loyalty_ledger_entry {state} TRIGGER USER")
            self.env.cr.execute(f"ALTER TABLE loyalty_ledger_seal {state} TRIGGER USER")
            if state == "DISABLE":
                self.env.cr.execute(query, params)
        self.env.invalidate_all()

    def rehash(self, entry):
        self.tamper(
            f"UPDATE loyalty_ledger_entry e SET row_hash = {schema.ROW_HASH.replace('{0}', 'e.')} WHERE id = %s",
            entry.id,
        )

    def broken(self):
        return [seal for seal, problem in self.Seal._find_broken()]

    def test_chain(self):
        """N5: seals cover all settled entries once, in blocks, each chained to the one before."""
        self.seal(self.entries[2])
        again = self.seal(self.entries[2])
        self.assertFalse(again)
        seals = self.seal(block=1)
        self.assertEqual(len(seals), 2)
        self.assertEqual(seals.sorted("id").mapped("first_entry_id"), self.entries[3:].ids)
        self.assertEqual(seals.mapped("entry_count"), [1, 1])
        chain = self.Seal.search([], order="id")
        self.assertEqual(chain[1:].previous_id, chain[:-1])
        self.assertEqual(self.broken(), [])

    def test_rewritten_entry(self):
        """N5: a sealed entry rewritten together with its hash and balances breaks its seal."""
        seal = self.seal()
        self.tamper("UPDATE loyalty_ledger_entry SET reason = 'Other' WHERE id = %s", self.entries[1].id)
        self.assertEqual(self.broken(), [])  # the row's own hash says it; see verification
        self.rehash(self.entries[1])
        self.assertEqual(self.broken(), seal.ids)
        self.assertEqual(
            [(problem["model"], problem["id"]) for problem in self.Card._verify_ledger()],
            [("loyalty.ledger.seal", seal.id)],
        )

    def test_deleted_entry(self):
        """N5: a sealed entry that is missing breaks its seal, the last one of a card included."""
        seal = self.seal()
        empty = self.post(self.other, "redate", 0, expiration_date=None, reason="Nothing")
        later = self.seal(empty)
        self.tamper("DELETE FROM loyalty_ledger_entry WHERE id = %s", empty.id)
        self.assertEqual(self.broken(), later.ids)
        self.assertIn("were 1 when they were sealed and are 0 now", self.Seal._find_broken()[0][1])
        self.assertEqual(self.broken()[0], later.id)
        self.assertNotIn(seal.id, self.broken())

    def test_inserted_entry(self):
        """N5: an entry slipped between sealed ones breaks the seal."""
        self.env.cr.execute("SELECT nextval('loyalty_ledger_entry_id_seq')")
        (free,) = self.env.cr.fetchone()
        seal = self.seal(self.earn(60))
        self.tamper(
            """
            INSERT INTO loyalty_ledger_entry (id, card_id, program_id, kind, points, balance_after, date, effective_date,
                idempotency_key, is_redemption, level_points, waived_points, author_id, unpaid_points, row_hash)
            VALUES (%s, %s, %s, 'redate', 0, 0, now(), now(), 'slipped', FALSE, 0, 0, 1, 0, '0')
            """,
            free,
            self.other.id,
            self.program.id,
        )
        self.assertEqual(self.broken(), seal.ids)

    def test_rewritten_seal(self):
        """N5: who rewrites an entry and its seal breaks the next one in the chain."""
        first = self.seal(self.entries[1])
        second = self.seal()
        self.tamper("UPDATE loyalty_ledger_entry SET reason = 'Other' WHERE id = %s", self.entries[0].id)
        self.rehash(self.entries[0])
        self.tamper(
            """
            UPDATE loyalty_ledger_seal s SET digest = (
                SELECT encode(sha256(convert_to(concat(p.digest, string_agg(e.row_hash, '' ORDER BY e.id)), 'UTF8')), 'hex')
                  FROM loyalty_ledger_entry e
                  LEFT JOIN loyalty_ledger_seal p ON p.id = %s
                 WHERE e.id > COALESCE(p.last_entry_id, 0) AND e.id <= s.last_entry_id GROUP BY p.digest)
             WHERE s.id = %s
            """,
            first.previous_id.id or None,
            first.id,
        )
        self.assertEqual(self.broken(), second.ids)

    def test_removed_seal(self):
        """N5: a seal taken out of the middle breaks the chain."""
        self.seal(self.entries[0])
        middle = self.seal(self.entries[2])
        last = self.seal()
        before = middle.previous_id.id
        self.tamper("UPDATE loyalty_ledger_seal SET previous_id = id WHERE id = %s", last.id)
        self.tamper("DELETE FROM loyalty_ledger_seal WHERE id = %s", middle.id)
        self.tamper("UPDATE loyalty_ledger_seal SET previous_id = %s WHERE id = %s", before, last.id)
        self.assertEqual(self.broken(), last.ids)

    def test_unsealed_entries_are_nobodys_business(self):
        """N5: entries after the last seal do not break it, and the next seal takes them."""
        self.seal()
        entry = self.earn(1)
        self.assertEqual(self.broken(), [])
        self.assertEqual(self.seal(entry).entry_count, 1)
        self.assertEqual(self.broken(), [])


@tagged("post_install", "-at_install")
class TestSettled(odoo.tests.BaseCase):
    """With connections of their own: what is not committed is not settled."""

    def setUp(self):
        super().setUp()
        self.database = odoo.sql_db.db_connect(odoo.tests.common.get_db_name())
        self.writer = self.database.cursor()
        self.addCleanup(self.writer.close)
        # Never committed: an entry of a card that this transaction alone knows.
        env = odoo.api.Environment(self.writer, odoo.SUPERUSER_ID, {"tracking_disable": True, "loyalty_no_mail": True})
        program = env["loyalty.program"].create({"name": "Unsettled", "program_type": "loyalty"})
        card = env["loyalty.card"].create({"program_id": program.id})
        self.entry_id = card._post_entries([{"card_id": card.id, "kind": "earn", "points": 1, "key": "settled"}]).id

    def settle(self):
        with self.database.cursor() as cr:
            return settled.settle(cr)

    def test_open_transactions_are_waited_for(self):
        """N5: while a transaction that drew an id is open, nothing is taken as settled."""
        with self.assertRaises(errors.LockNotAvailable):
            self.settle()
        self.writer.rollback()
        self.assertLess(self.settle(), self.entry_id)

    def test_settled_once_it_ends(self):
        """N5: sealing goes on by itself as soon as the open transaction ends, and does not count its entries."""
        found = []
        waiter = threading.Thread(target=lambda: found.append(self.settle()))
        waiter.start()
        with self.database.cursor() as cr:
            while waiter.is_alive():
                cr.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'ShareLock'")
                if cr.fetchone()[0]:
                    break
        self.assertFalse(found)
        self.writer.rollback()
        waiter.join()
        self.assertEqual(len(found), 1)
        self.assertLess(found[0], self.entry_id)
