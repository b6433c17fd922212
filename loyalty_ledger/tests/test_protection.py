from psycopg2 import IntegrityError, errors

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import LedgerCase


@tagged("post_install", "-at_install")
class TestProtection(LedgerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.counter = 0
        cls.entry = cls.Card._post_entries(
            [
                {
                    "card_id": cls.card.id,
                    "kind": "earn",
                    "points": 100,
                    "key": "protection:earn",
                    "expiration_date": "2026-12-31",
                }
            ]
        )
        cls.spent = cls.Card._post_entries(
            [{"card_id": cls.card.id, "kind": "redeem", "points": -30, "key": "protection:redeem"}]
        )
        cls.lot = cls.Lot.search([("card_id", "=", cls.card.id)])
        cls.consumption = cls.env["loyalty.ledger.consumption"].search([("lot_id", "=", cls.lot.id)])
        cls.env["loyalty.ledger.seal"]._seal(cls.spent.id)
        cls.seal = cls.env["loyalty.ledger.seal"].search([], limit=1)
        cls.env.flush_all()

    def assertDatabaseRefuses(self, query, *params, error=errors.RestrictViolation, message=None):
        with mute_logger("odoo.sql_db"), self.assertRaises(error) as caught, self.env.cr.savepoint(flush=False):
            self.env.cr.execute(query, params)
        if message:
            self.assertIn(message, str(caught.exception))

    def test_orm_refuses_everybody(self):
        """N5, S12: nobody creates, changes or deletes rows of the ledger through the ORM, sudo included."""
        manager = new_test_user(self.env, "protection-manager", groups="loyalty_ledger.group_loyalty_manager")
        for record in (self.entry, self.lot, self.consumption, self.seal):
            for user in (self.env.user, self.env.ref("base.user_root"), manager):
                for rows in (record.with_user(user), record.with_user(user).sudo()):
                    for change in (
                        lambda rows=rows: rows.write({"reason" if "reason" in rows else "points": 1}),
                        lambda rows=rows: rows.unlink(),
                        lambda rows=rows: rows.create({}),
                        lambda rows=rows: rows.copy(),
                    ):
                        with self.assertRaises(UserError):
                            change()
        with self.assertRaises(UserError):
            self.card.sudo().write({"entry_ids": [Command.delete(self.entry.id)]})
        with self.assertRaises(UserError):
            self.card.sudo().write({"lot_ids": [Command.update(self.lot.id, {"remaining": 1})]})
        self.assertClean()

    def test_projections_cannot_be_written(self):
        """H17, S18: the balances that the ledger keeps on the card are not writable, and ignored at creation."""
        for name in (
            "accumulated_points",
            "redeemed_points",
            "lifetime_points",
            "debt_points",
            "ledgered",
            "ledger_revision",
            "last_use_date",
            "last_earning_date",
        ):
            with self.assertRaisesRegex(UserError, "follows the points ledger"):
                self.card.sudo().write({name: 1})
        card = self.make_card(accumulated_points=5, debt_points=-5, ledgered=False)
        self.assertBalances(card, points=0, accumulated=0, debt=0)
        self.assertTrue(card.ledgered)

    def test_users_cannot_write_points(self):
        """P4, H17: form, import and RPC are refused; code of the server becomes an entry."""
        manager = new_test_user(
            self.env, "protection-points", groups="loyalty_ledger.group_loyalty_manager,base.group_partner_manager"
        )
        card = self.card.with_user(manager)
        with self.assertRaises(AccessError):
            card.write({"points": 1000})
        with self.assertRaises(AccessError):
            card.create({"program_id": self.program.id, "points": 1000})
        for forged in ("Source", {"kind": "earn"}, object(), True):
            with self.assertRaises(AccessError):
                card.with_context(loyalty_ledger_source=forged).write({"points": 1000})
        result = card.load([".id", "points"], [[str(self.card.id), "1000"]])
        self.assertFalse(result["ids"])
        result = card.load(["program_id/.id", "points"], [[str(self.program.id), "1000"]])
        self.assertFalse(result["ids"])
        card.write({"points": 70})  # a form that sends the balance back unchanged
        self.assertBalances(points=70)
        self.card.sudo().points += 5
        self.env.flush_all()
        entry = self.Entry.search([("card_id", "=", self.card.id)], limit=1)
        self.assertRecordValues(entry, [{"kind": "external", "points": 5, "balance_after": 75}])
        self.assertClean()

    def test_program_after_points(self):
        """P4: a card without program, or of a coupon program, does not bring its points into a ledgered one."""
        manager = new_test_user(
            self.env, "protection-program", groups="loyalty_ledger.group_loyalty_manager,base.group_partner_manager"
        )
        coupons = self.make_program(program_type="coupons")
        for program in (self.env["loyalty.program"], coupons):
            card = self.Card.with_user(manager).create({"program_id": program.id, "points": 1000})
            with self.assertRaisesRegex(ValidationError, "cannot change to"):
                card.program_id = self.program
            card.invalidate_recordset()
            self.assertEqual(card.program_id, program)
        empty = self.make_card()
        with self.assertRaisesRegex(ValidationError, "cannot change to"):
            empty.program_id = coupons

    def test_used_cards_are_never_deleted(self):
        """S5: an unused card can be deleted; a used one is refused to users and archived by code of the server."""
        unused = self.make_card()
        unused.unlink()
        self.assertFalse(unused.exists())
        manager = new_test_user(
            self.env, "protection-delete", groups="base.group_system,loyalty_ledger.group_loyalty_manager"
        )
        with self.assertRaisesRegex(UserError, "has transactions and cannot be deleted"):
            self.card.with_user(manager).unlink()
        self.card.sudo().unlink()
        self.assertFalse(self.card.active)
        self.assertBalances(points=0)
        self.assertClean()

    def test_points_of_a_card(self):
        """N5: raw SQL cannot change a balance, upwards or downwards, alone or with others."""
        for query in (
            "UPDATE loyalty_card SET points = points + 1 WHERE id = %s",
            "UPDATE loyalty_card SET points = 0 WHERE id = %s",
            "UPDATE loyalty_card SET points = NULL WHERE id = %s",
            "UPDATE loyalty_card SET points = 1000000, accumulated_points = 1000000 WHERE id = %s",
            "UPDATE loyalty_card SET points = 'NaN' WHERE id = %s",
        ):
            with self.subTest(query=query):
                self.assertDatabaseRefuses(query, self.card.id, message="must equal its points ledger")

    def test_card_stays_under_the_ledger(self):
        """N5: a card cannot leave the ledger, change program, or be deleted with its transactions."""
        program = self.make_program()
        for query in (
            "UPDATE loyalty_card SET ledgered = FALSE WHERE id = %s",
            "UPDATE loyalty_card SET ledgered = NULL, points = 1000 WHERE id = %s",
            f"UPDATE loyalty_card SET program_id = {program.id} WHERE id = %s",
        ):
            with self.subTest(query=query):
                self.assertDatabaseRefuses(query, self.card.id)
        self.assertDatabaseRefuses(
            "DELETE FROM loyalty_card WHERE id = %s",
            self.card.id,
            error=IntegrityError,
        )

    def test_card_outside_the_ledger(self):
        """N5: a card with points cannot be slipped in past the ledger."""
        insert = "INSERT INTO loyalty_card (program_id, code, points, ledgered) VALUES (%s, %s, %s, %s)"
        self.assertDatabaseRefuses(insert, self.program.id, "forged-1", 1000, True)
        self.assertDatabaseRefuses(insert, self.program.id, "forged-2", 1000, False)
        self.assertDatabaseRefuses(insert, self.program.id, "forged-3", 1000, None)
        self.env.cr.execute(insert, [self.program.id, "forged-4", 0, False])
        self.assertDatabaseRefuses("UPDATE loyalty_card SET points = 1000 WHERE code = %s", "forged-4")

    def test_entries(self):
        """N5, S12: no column of an entry can be changed in SQL, no entry deleted, the table not emptied."""
        for column, value in (
            ("id", 2**30),
            ("card_id", self.other.id),
            ("kind", "adjust"),
            ("points", 101),
            ("balance_after", 101),
            ("date", "2020-01-01"),
            ("effective_date", "2020-01-01"),
            ("expiration_date", None),
            ("available_from", "2020-01-01"),
            ("reason", "Other"),
            ("res_model", "res.partner"),
            ("res_id", 1),
            ("idempotency_key", "other"),
            ("reversed_entry_id", self.spent.id),
            ("is_redemption", True),
            ("level_points", 1),
            ("waived_points", 1),
            ("author_id", 99),
            ("row_hash", "0"),
            ("company_id", None),
        ):
            with self.subTest(column=column):
                self.assertDatabaseRefuses(
                    f"UPDATE loyalty_ledger_entry SET {column} = %s WHERE id = %s", value, self.entry.id
                )
        self.assertDatabaseRefuses("DELETE FROM loyalty_ledger_entry WHERE id = %s", self.entry.id)
        self.assertDatabaseRefuses("TRUNCATE loyalty_ledger_entry CASCADE")

    def test_debt(self):
        """N5: what a card owes cannot be cancelled in SQL, neither on the card nor on the transaction."""
        entry = self.post(self.other, "external", -10)
        for query, record in (
            ("UPDATE loyalty_card SET debt_points = 0 WHERE id = %s", self.other),
            ("UPDATE loyalty_card SET debt_points = NULL WHERE id = %s", self.other),
            ("UPDATE loyalty_ledger_entry SET unpaid_points = 0 WHERE id = %s", entry),
            ("UPDATE loyalty_ledger_entry SET unpaid_points = 20 WHERE id = %s", entry),
        ):
            with self.subTest(query=query):
                self.assertDatabaseRefuses(query, record.id, message="must equal its unpaid transactions")
        self.earn(10, self.other)
        self.assertBalances(self.other, points=0, debt=0)

    def test_forged_entry(self):
        """N5: an entry that the card's balance does not follow is refused."""
        self.assertDatabaseRefuses(
            """
            INSERT INTO loyalty_ledger_entry (card_id, program_id, kind, points, balance_after, date, effective_date,
                idempotency_key, is_redemption, level_points, waived_points, author_id, unpaid_points, row_hash)
            VALUES (%s, %s, 'earn', 1000, 1070, now(), now(), 'forged', FALSE, 0, 0, 1, 0, '0')
            """,
            self.card.id,
            self.program.id,
            message="must equal its points ledger",
        )

    def test_lots(self):
        """N5: a lot's points, rest, dates and owner cannot be changed in SQL, no lot deleted or slipped in."""
        for column, value in (
            ("points", 101),
            ("remaining", 71),
            ("remaining", 0),
            ("expiration_date", None),
            ("expiration_date", "2030-01-01"),
            ("available_from", "2030-01-01"),
            ("card_id", self.other.id),
            ("entry_id", self.spent.id),
            ("date", "2020-01-01"),
        ):
            with self.subTest(column=column):
                self.assertDatabaseRefuses(
                    f"UPDATE loyalty_lot SET {column} = %s WHERE id = %s",
                    value,
                    self.lot.id,
                    error=IntegrityError,
                )
        self.assertDatabaseRefuses("DELETE FROM loyalty_lot WHERE id = %s", self.lot.id)
        self.assertDatabaseRefuses("TRUNCATE loyalty_lot CASCADE")

    def test_forged_lots(self):
        """N5: a lot cannot be slipped in: not beyond its credit, not a second time, not on another card."""
        insert = """
            INSERT INTO loyalty_lot (entry_id, card_id, program_id, points, remaining, date, expiration_date)
            VALUES (%s, %s, %s, %s, %s, now(), '2026-12-31')
            """
        program = self.program.id
        for entry, card, points in (
            (self.entry, self.card, 1000),
            (self.entry, self.card, 100),
            (self.entry, self.card, 1),
            (self.entry, self.other, 100),
            (self.spent, self.card, 1),
        ):
            with self.subTest(entry=entry.kind, points=points):
                self.assertDatabaseRefuses(insert, entry.id, card.id, program, points, points)

    def test_forged_owners_of_lots(self):
        """N5: a lot belongs to card, program and company of its entry, in SQL too, alone or beside another lot."""
        program = self.make_program(name="Other points")
        other = self.make_card(program_id=program.id)
        company = self.env["res.company"].create({"name": "Other company"})
        self.env.flush_all()
        query = """
            INSERT INTO loyalty_lot (entry_id, card_id, program_id, company_id, points, remaining, date)
            SELECT e.id, %(card)s, %(program)s, %(company)s, e.points - %(less)s, e.points - %(less)s, e.effective_date
              FROM loyalty_ledger_entry e WHERE e.id = %(entry)s
        """
        right = {
            "card": self.card.id,
            "program": self.program.id,
            "company": self.program.company_id.id or None,
            "entry": self.entry.id,
        }
        for wrong in ({"card": other.id}, {"program": program.id}, {"company": company.id}, {"card": 2**31 - 1}):
            for less in (0, 99):
                with (
                    self.subTest(**wrong, less=less),
                    mute_logger("odoo.sql_db"),
                    self.assertRaisesRegex(errors.RestrictViolation, "does not belong to its transaction"),
                    self.env.cr.savepoint(flush=False),
                ):
                    self.env.cr.execute(query, {**right, **wrong, "less": less})
        for table, owner in (("loyalty_card", self.card), ("loyalty_program", self.program)):
            self.assertDatabaseRefuses(f"DELETE FROM {table} WHERE id = %s", owner.id, error=IntegrityError)
        self.assertClean()

    def test_consumptions(self):
        """N5: consumptions cannot be changed, deleted or slipped in."""
        for column, value in (
            ("points", 1),
            ("remaining_after", 100),
            ("lot_id", self.lot.id + 1),
            ("debit_entry_id", self.entry.id),
            ("entry_id", self.entry.id),
            ("moved_to_lot_id", self.lot.id),
        ):
            with self.subTest(column=column):
                self.assertDatabaseRefuses(
                    f"UPDATE loyalty_ledger_consumption SET {column} = %s WHERE id = %s", value, self.consumption.id
                )
        self.assertDatabaseRefuses("DELETE FROM loyalty_ledger_consumption WHERE id = %s", self.consumption.id)
        self.assertDatabaseRefuses("TRUNCATE loyalty_ledger_consumption CASCADE")
        self.assertDatabaseRefuses(
            """
            INSERT INTO loyalty_ledger_consumption (debit_entry_id, lot_id, points, remaining_after, entry_id)
            VALUES (%s, %s, -30, 100, %s)
            """,
            self.spent.id,
            self.lot.id,
            self.spent.id,
        )

    def test_seals(self):
        """N5: seals cannot be changed, deleted, or made twice."""
        for column, value in (("digest", "0"), ("entry_count", 1), ("last_entry_id", 1), ("previous_id", None)):
            if column == "previous_id" and not self.seal.previous_id:
                continue
            self.assertDatabaseRefuses(
                f"UPDATE loyalty_ledger_seal SET {column} = %s WHERE id = %s", value, self.seal.id
            )
        self.assertDatabaseRefuses("DELETE FROM loyalty_ledger_seal WHERE id = %s", self.seal.id)
        self.assertDatabaseRefuses("TRUNCATE loyalty_ledger_seal CASCADE")
        self.assertDatabaseRefuses(
            """
            INSERT INTO loyalty_ledger_seal (date, first_entry_id, last_entry_id, entry_count, previous_id, digest)
            SELECT date, first_entry_id, last_entry_id, entry_count, previous_id, digest FROM loyalty_ledger_seal
             WHERE id = %s
            """,
            self.seal.id,
            error=errors.UniqueViolation,
        )

    def test_keys_are_unique(self):
        """N7: the database itself keeps a key from being posted twice."""
        columns = """card_id, program_id, company_id, kind, points, balance_after, date, effective_date, is_redemption,
            level_points, waived_points, author_id, unpaid_points, row_hash, idempotency_key"""
        self.assertDatabaseRefuses(
            f"INSERT INTO loyalty_ledger_entry ({columns}) SELECT {columns} FROM loyalty_ledger_entry WHERE id = %s",
            self.spent.id,
            error=errors.UniqueViolation,
        )

    def test_program_is_frozen(self):
        """N5: type, company and currency of a program with transactions are frozen, in sudo too."""
        company = self.env["res.company"].create({"name": "Other"})
        currency = (
            self.env["res.currency"]
            .with_context(active_test=False)
            .search([("id", "!=", self.program.currency_id.id)], limit=1)
        )
        for values in (
            {"program_type": "coupons"},
            {"program_type": "gift_card"},
            {"company_id": company.id},
            {"currency_id": currency.id},
        ):
            with self.assertRaisesRegex(ValidationError, "has transactions in the points ledger"):
                self.program.sudo().write(values)
        self.program.write({"program_type": "loyalty", "name": "Renamed"})

    def test_errors_are_clean_messages(self):
        """N5: the gateway leaves the constraints immediate, so a later tampering fails in its own statement."""
        self.earn(1)
        self.assertDatabaseRefuses("UPDATE loyalty_card SET points = points + 1 WHERE id = %s", self.card.id)


@tagged("post_install", "-at_install")
class TestVerification(LedgerCase):
    """Each tampering happens with the triggers switched off, as the owner of the database could do."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.counter = 0

    def tamper(self, query, *params):
        self.env.flush_all()
        tables = (
            "loyalty_card",
            "loyalty_ledger_entry",
            "loyalty_lot",
            "loyalty_ledger_consumption",
            "loyalty_ledger_seal",
        )
        for table in tables:
            self.env.cr.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        self.env.cr.execute(query, params)
        for table in tables:
            self.env.cr.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        self.env.invalidate_all()

    def assertFirstBad(self, record, words):
        problems = self.Card._verify_ledger()
        self.assertTrue(problems, "nothing was found")
        self.assertEqual((problems[0]["model"], problems[0]["id"]), (record._name, record.id))
        self.assertIn(words, problems[0]["problem"])

    def test_changed_entry(self):
        """N5: a changed row is found by its hash, and the first one is named."""
        self.earn(10)
        first, second = self.earn(20, reason="Second"), self.earn(30, reason="Third")
        self.assertClean()
        self.tamper("UPDATE loyalty_ledger_entry SET reason = 'Other' WHERE id = ANY(%s)", [second.id, first.id])
        self.assertFirstBad(first, "hash does not match")

    def test_every_column_is_hashed(self):
        """N5: each protected column changes the hash."""
        entry = self.earn(20)
        for column, value in (
            ("kind", "adjust"),
            ("date", "2020-01-01"),
            ("effective_date", "2020-01-01"),
            ("res_model", "x"),
            ("res_id", 3),
            ("idempotency_key", "y"),
            ("level_points", 1),
            ("waived_points", 1),
            ("author_id", 99),
            ("is_redemption", True),
            ("available_from", "2020-01-01"),
            ("expiration_date", "2020-01-01"),
            ("reason", "Other"),
            ("company_id", None),
            ("balance_after", 7),
            ("points", 7),
        ):
            with self.subTest(column=column):
                savepoint = self.env.cr.savepoint()
                self.tamper(f"UPDATE loyalty_ledger_entry SET {column} = %s WHERE id = %s", value, entry.id)
                self.assertFirstBad(entry, "hash does not match")
                savepoint.close(rollback=True)
        self.env.invalidate_all()
        self.assertClean()

    def test_rewritten_entry_with_its_hash(self):
        """N5: who also recomputes the hash is caught by the running balance."""
        first = self.earn(10)
        self.earn(20)
        self.tamper("UPDATE loyalty_ledger_entry SET points = 11 WHERE id = %s", first.id)
        self.rehash(first)
        self.assertFirstBad(first, "Balance after the transaction is 10.0, its sum is 11.0")

    def rehash(self, entries):
        from ..ledger import schema

        self.tamper(
            f"UPDATE loyalty_ledger_entry e SET row_hash = {schema.ROW_HASH.replace('{0}', 'e.')} WHERE id = ANY(%s)",
            entries.ids,
        )

    def test_deleted_entry(self):
        """N5: a deleted entry leaves a gap in the running balance."""
        self.earn(10)
        gone, after = self.post(self.other, "external", -5), self.post(self.other, "external", -6)
        self.tamper("DELETE FROM loyalty_exception WHERE entry_id = %s", gone.id)
        self.tamper("DELETE FROM loyalty_ledger_entry WHERE id = %s", gone.id)
        self.assertFirstBad(after, "Balance after the transaction is -11.0, its sum is -6.0")

    def test_balance(self):
        """N5: a changed balance is found on its card."""
        self.earn(10)
        self.tamper("UPDATE loyalty_card SET points = 1000 WHERE id = %s", self.card.id)
        self.assertFirstBad(self.card, "its transactions make 10.0")

    def test_totals(self):
        """N5: changed totals of a card are found."""
        self.earn(10)
        self.redeem(4)
        for column in ("accumulated_points", "redeemed_points", "lifetime_points", "debt_points"):
            with self.subTest(column=column):
                savepoint = self.env.cr.savepoint()
                self.tamper(f"UPDATE loyalty_card SET {column} = {column} + 1 WHERE id = %s", self.card.id)
                self.assertFirstBad(self.card, "its transactions make")
                savepoint.close(rollback=True)

    def test_lot_rest(self):
        """N5: a lot that holds more than its consumptions leave is found."""
        self.earn(10)
        self.redeem(4)
        lot = self.Lot.search([("card_id", "=", self.card.id)])
        self.tamper("UPDATE loyalty_lot SET remaining = 9 WHERE id = %s", lot.id)
        self.assertFirstBad(lot, "The lot holds 9.0 points, its consumptions leave 6.0")

    def test_lot_dates(self):
        """N5: a lot's prolonged or shortened dates are found."""
        self.earn(10, expiration_date="2026-12-31", available_from="2026-04-01")
        lot = self.Lot.search([("card_id", "=", self.card.id)])
        for column in ("expiration_date", "available_from"):
            with self.subTest(column=column):
                savepoint = self.env.cr.savepoint()
                self.tamper(f"UPDATE loyalty_lot SET {column} = '2027-12-31' WHERE id = %s", lot.id)
                self.assertFirstBad(lot, "2027-12-31")
                savepoint.close(rollback=True)

    def test_dates_of_transferred_lots(self):
        """N5, N11: prolonging a lot after a transfer is found too."""
        self.earn(10, expiration_date="2026-12-31")
        self.post(self.card, "transfer", -10, target_card_id=self.other.id)
        self.assertClean()
        lot = self.Lot.search([("card_id", "=", self.other.id)])
        self.tamper("UPDATE loyalty_lot SET expiration_date = '2030-12-31' WHERE id = %s", lot.id)
        self.assertFirstBad(lot, "2030-12-31")

    def test_swapped_lots(self):
        """N5: points moved from one lot to another are found."""
        self.earn(10)
        self.earn(10)
        self.redeem(5)
        first, second = self.Lot.search([("card_id", "=", self.card.id)], order="id")
        self.tamper("UPDATE loyalty_lot SET remaining = 15 - remaining WHERE card_id = %s", self.card.id)
        self.assertFirstBad(first, "consumptions leave")
        self.assertEqual(second.remaining, 5)

    def test_forged_lot(self):
        """N5: a lot beyond its credit is found at the credit."""
        entry = self.earn(10)
        self.tamper(
            """
            INSERT INTO loyalty_lot (entry_id, card_id, program_id, company_id, points, remaining, date)
            SELECT entry_id, card_id, program_id, company_id, points, points, date FROM loyalty_lot WHERE entry_id = %s
            """,
            entry.id,
        )
        self.assertFirstBad(entry, "The credit brought 10.0 points, its lots account for 20.0")

    def test_deleted_lot(self):
        """N5: a deleted lot is missed by its credit."""
        entry = self.earn(10)
        self.tamper("DELETE FROM loyalty_lot WHERE entry_id = %s", entry.id)
        self.assertFirstBad(entry, "The credit brought 10.0 points, its lots account for 0")

    def test_deleted_consumption(self):
        """N5: a deleted consumption is missed by lot and debit."""
        self.earn(10)
        self.redeem(4)
        lot = self.Lot.search([("card_id", "=", self.card.id)])
        self.tamper("DELETE FROM loyalty_ledger_consumption WHERE lot_id = %s", lot.id)
        self.assertFirstBad(lot, "its consumptions leave 10.0")

    def test_cancelled_debt(self):
        """N5: a debt that disappears without payment is found."""
        entry = self.post(self.card, "external", -10)
        self.tamper("UPDATE loyalty_ledger_entry SET unpaid_points = 0 WHERE id = %s", entry.id)
        self.tamper("UPDATE loyalty_card SET debt_points = 0 WHERE id = %s", self.card.id)
        self.assertFirstBad(entry, "The debit took 10.0 points")

    def test_card_outside_the_ledger(self):
        """N5: a card taken out of the ledger is found."""
        self.earn(10)
        self.tamper("UPDATE loyalty_card SET ledgered = FALSE, points = 1000 WHERE id = %s", self.card.id)
        self.assertFirstBad(self.card, "outside the points ledger")

    def test_several_kinds_at_once(self):
        """N5: each problem is reported, the worst evidence first."""
        entry = self.earn(10)
        self.earn(10, self.other)
        self.tamper("UPDATE loyalty_card SET points = 11 WHERE id = %s", self.other.id)
        self.tamper("UPDATE loyalty_ledger_entry SET reason = 'Other' WHERE id = %s", entry.id)
        problems = self.Card._verify_ledger()
        self.assertEqual(
            {(problem["model"], problem["id"]) for problem in problems},
            {("loyalty.ledger.entry", entry.id), ("loyalty.card", self.other.id)},
        )
        self.assertEqual(problems[0]["id"], entry.id)
