from odoo import Command
from odoo.exceptions import AccessError
from odoo.service.model import call_kw
from odoo.tests import tagged

from .common import TODAY
from .register_common import RegisterCase


@tagged("post_install", "-at_install")
class TestVerification(RegisterCase):
    """Verify Ledger, its nightly run, the exceptions and the adoption report."""

    def damage(self):
        """Change a row as somebody with access to the database would, past the triggers."""
        entry = self.earn(10)
        self.env.flush_all()
        self.env.cr.execute("ALTER TABLE loyalty_ledger_entry DISABLE TRIGGER USER")
        self.env.cr.execute("UPDATE loyalty_ledger_entry SET reason = 'forged' WHERE id = %s", [entry.id])
        self.env.cr.execute("ALTER TABLE loyalty_ledger_entry ENABLE TRIGGER USER")
        self.env.invalidate_all()
        return entry

    def verify(self, user):
        action = self.env["loyalty.verification"].with_user(user).action_verify()
        return self.env["loyalty.verification"].with_user(user).browse(action["res_id"])

    def test_clean_ledger_says_so(self):
        """N5: auditors and managers verify and get a positive answer with what was checked."""
        self.earn(10)
        for user in (self.auditor, self.manager):
            result = self.verify(user)
            self.assertEqual((result.state, result.problem_count), ("ok", 0))
            self.assertGreaterEqual(result.entry_count, 1)
            self.assertFalse(result.line_ids)
            again = call_kw(result.browse(), "action_verify", [result.ids], {})  # Verify Again, on the result
            self.assertEqual(result.browse(again["res_id"]).state, "ok")
        with self.assertRaises(AccessError):
            self.verify(self.user)

    def test_forged_row_is_named(self):
        """N5: the result lists the forged row with its problem and opens it."""
        entry = self.damage()
        result = self.verify(self.auditor)
        self.assertEqual(result.state, "bad")
        line = result.line_ids[0]
        self.assertEqual((line.res_model, line.res_id), ("loyalty.ledger.entry", entry.id))
        self.assertIn("hash", line.problem)
        self.assertEqual(line.row_type, "Loyalty Transaction")
        self.assertEqual(line.action_open_document()["res_id"], entry.id)

    def test_nightly_verification_calls_a_manager(self):
        """N5: the nightly job puts damage on the exceptions list, once, with one activity for a ledger manager."""
        entry = self.damage()
        with self.enter_registry_test_mode():
            self.env.ref("loyalty_ledger.cron_verify").method_direct_trigger()
        exception = self.env["loyalty.exception"].search([("kind", "=", "verify")])
        self.assertRecordValues(
            exception,
            [
                {
                    "res_model": "loyalty.ledger.entry",
                    "res_id": entry.id,
                    "card_id": self.card.id,
                    "program_id": self.program.id,
                    "state": "open",
                }
            ],
        )
        self.assertTrue(exception.activity_ids.user_id.has_group("loyalty_ledger.group_loyalty_manager"))
        self.env["loyalty.exception"]._cron_verify()
        self.assertEqual(self.env["loyalty.exception"].search([("kind", "=", "verify")]), exception)
        self.assertEqual(len(exception.activity_ids), 1)

    def test_exceptions_are_resolved_by_managers(self):
        """N5, H25: overspending makes an exception; a manager resolves it with a note; it is counted until then."""
        given = self.earn(50)
        self.redeem(50)
        self.reverse(given)
        exception = self.env["loyalty.exception"].search([("card_id", "=", self.card.id)])
        self.assertEqual((exception.kind, exception.points, exception.state), ("debt", 50, "open"))
        self.assertEqual(self.program.open_exception_count, 1)
        action = self.program.with_user(self.user).action_view_exceptions()
        self.assertEqual(action["context"], {"search_default_open": True})
        for user in (self.user, self.auditor):
            with self.assertRaises(AccessError):
                exception.with_user(user).action_resolve()
        managed = exception.with_user(self.manager)
        with self.assertRaises(AccessError):
            managed.write({"state": "resolved"})
        managed.write({"resolution": "Customer called"})
        managed.action_resolve()
        self.assertRecordValues(
            exception,
            [{"state": "resolved", "resolved_by_id": self.manager.id, "resolution": "Customer called"}],
        )
        self.assertEqual(exception.resolved_on.date().isoformat(), TODAY)
        self.program.invalidate_recordset()
        self.assertEqual(self.program.open_exception_count, 0)
        managed.action_reopen()
        self.assertEqual(exception.state, "open")

    def test_adoption_report(self):
        """N12: cards whose history disagreed with the balance that was taken over are listed with the difference."""
        self.env.cr.execute("DELETE FROM loyalty_history")
        cards = self.card | self.other
        self.env["loyalty.history"].create(
            [
                {"card_id": self.card.id, "description": "Order", "issued": 80, "used": 10},
                {"card_id": self.other.id, "description": "Order", "issued": 25},
            ]
        )
        # What was there before the ledger is older than its openings.
        self.env.flush_all()
        self.env.cr.execute("UPDATE loyalty_history SET create_date = '2026-01-01'")
        self.env.cr.execute("UPDATE loyalty_card SET create_date = '2026-01-01' WHERE id = ANY(%s)", [cards.ids])
        self.post(self.card, "opening", 100, key=f"opening:{self.card.id}")
        self.post(self.other, "opening", 25, key=f"opening:{self.other.id}")
        rows = self.env["loyalty.adoption.report"].with_user(self.auditor).search([("card_id", "in", cards.ids)])
        self.assertRecordValues(
            rows,
            [
                {
                    "card_id": self.card.id,
                    "opening_points": 100,
                    "history_points": 70,
                    "difference": 30,
                    "history_count": 1,
                }
            ],
        )

    def test_resolved_alarm(self):
        """N29, N5: an alarm that was resolved does not come back night after night; what breaks again is said again."""
        row = {"model": "loyalty.card", "id": self.card.id, "problem": "Broken"}
        report = self.env["loyalty.exception"]._report_damage
        first = report([row])
        self.assertTrue(first)
        self.assertFalse(report([row]))
        first.action_resolve()
        self.assertFalse(report([row]), "resolved, and the same row")
        self.assertEqual(report([row, {**row, "problem": "Broken more"}]).note, "Broken more")
        self.assertFalse(report([]), "fixed")
        second = report([row])
        self.assertRecordValues(
            first | second, [{"state": "resolved", "note": "Broken"}, {"state": "open", "note": "Broken"}]
        )

    def test_seals_are_listed(self):
        """N5: seals can be read by auditors, and nobody changes them."""
        self.earn(10)
        self.env.flush_all()
        seal = self.env["loyalty.ledger.seal"]._seal(self.Entry.search([], limit=1).id)[-1:]
        self.assertTrue(seal.with_user(self.auditor).digest)
        with self.assertRaises(AccessError):
            seal.with_user(self.user).read(["digest"])
        self.assertEqual(self.Card._verify_ledger(), [])

    def test_program_tabs_are_kept(self):
        """S4: what the ledger tabs of the program say is what the gateway works with."""
        program = self.make_program(
            name="Terms",
            expiry_policy="lot",
            expiry_delay=3,
            expiry_unit="day",
            vesting_days=2,
            level_ids=[Command.create({"name": "Base", "min_points": 0})],
        )
        card = self.make_card(program)
        self.earn(10, card)
        self.assertEqual(self.open_lots(card), [(10, "2026-03-17", "2026-03-18")])
        self.assertBalances(card, points=10, pending=10, available=0)
