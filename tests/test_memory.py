"""What a process remembers, with threads and connections as a threaded server has them. Nothing is rolled back at the end."""

import threading
from unittest.mock import patch

from crowd import CrowdCase

from odoo.fields import Date
from odoo.tests import tagged

from odoo.addons.loyalty_ledger.ledger.plan import Terms

DAY = Date.from_string("2026-03-15")


@tagged("post_install", "-at_install")
class TestMemoryOfThreads(CrowdCase):
    def setUp(self):
        super().setUp()
        self.in_thread(lambda cr: self.program(cr).write({"expiry_policy": "lot", "expiry_delay": 1}), commit=True)

    def in_thread(self, work, cr=None, commit=False):
        """Call ``work(cr)`` in a thread of its own, as a request; with a cursor of its own unless one is given."""
        results = []

        def run():
            if cr:
                results.append(work(cr))
                return
            with self.registry.cursor() as own:
                results.append(work(own))
                self.env_of(own).flush_all()
                if not commit:
                    own.rollback()
            self.registry.signal_changes()

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        return results[0]

    def program(self, cr):
        return self.env_of(cr)["loyalty.program"].browse(self.program_id)

    def delay(self, cr):
        return self.program(cr)._ledger_terms().delay

    def queries(self, cr):
        self.program(cr).id  # noqa: B018 the environment is there
        before = cr.sql_log_count
        self.delay(cr)
        return cr.sql_log_count - before

    def test_remembered(self):
        """N29: terms are read once and remembered for the transactions that follow."""
        for __ in range(3):
            self.in_thread(self.delay)
        self.assertEqual(self.in_thread(self.queries), 0)

    def test_refilled_before_the_commit(self):
        """N29, bP3: a thread that asks while another one's change is not committed leaves nothing behind."""
        self.in_thread(self.delay)
        with self.registry.cursor() as changer:
            self.in_thread(lambda cr: self.program(cr).write({"expiry_delay": 7}), changer)
            self.assertEqual(self.in_thread(self.delay), 1)
            self.assertEqual(self.in_thread(self.delay), 1)
            self.in_thread(lambda cr: cr.commit(), changer)
            self.assertEqual(self.in_thread(self.delay), 7, "before the process has told the others")
        self.assertEqual(self.in_thread(self.delay), 7)

    def test_refilled_after_the_commit(self):
        """N29, bP3: a thread that began before a change and asks after it leaves nothing behind."""
        with self.registry.cursor() as late:
            late.execute("SELECT 1")
            self.in_thread(lambda cr: self.program(cr).write({"expiry_delay": 5}), commit=True)
            self.assertEqual(self.in_thread(self.delay, late), 1, "its own view of the database")
            self.assertEqual(self.in_thread(self.delay), 5)
        for __ in range(3):
            self.assertEqual(self.in_thread(self.delay), 5)
        self.assertEqual(self.in_thread(self.queries), 0)

    def test_own_change_while_others_ask(self):
        """N29: who changes something reads it changed, whatever others remember in the meantime."""
        with self.registry.cursor() as changer:
            self.in_thread(lambda cr: self.program(cr).write({"expiry_delay": 6}), changer)
            for __ in range(3):
                self.assertEqual(self.in_thread(self.delay), 1)
            self.assertEqual(self.in_thread(self.delay, changer), 6)

    def test_asked_while_it_changes(self):
        """N29: a thread that was reading when another one changed it leaves nothing behind, nor does one that began
        before the commit."""
        changes = []

        def read(**values):
            if not changes:
                changes.append(self.in_thread(lambda cr: self.program(cr).write({"expiry_delay": 4}), changer))
            return Terms(**values)

        with self.registry.cursor() as changer, self.registry.cursor() as late:
            with patch("odoo.addons.loyalty_ledger.models.loyalty_program.Terms", read):
                self.assertEqual(self.in_thread(self.delay), 1)
            late.execute("SELECT 1")
            self.in_thread(lambda cr: cr.commit(), changer)
            self.assertEqual(self.in_thread(self.delay, late), 1, "its own view of the database")
            self.assertEqual(self.in_thread(self.delay), 4)

    def test_another_process_changed_it(self):
        """N29, bP3: a transaction that began before the process heard of a change in another process leaves nothing
        behind."""
        for __ in range(3):
            self.in_thread(self.delay)
        with self.registry.cursor() as late:
            late.execute("SELECT 1")
            with self.registry.cursor() as cr:  # as another process writes it
                cr.execute("UPDATE loyalty_program SET expiry_delay = 9 WHERE id = %s", [self.program_id])
                cr.execute("INSERT INTO orm_signaling_default DEFAULT VALUES")
            self.in_thread(lambda cr: self.registry.check_signaling())
            self.assertEqual(self.in_thread(self.delay, late), 1)
            self.assertEqual(self.in_thread(self.delay), 9)

    def test_change_that_is_rolled_back(self):
        """N29: a change that was not committed is not remembered, and the memory works again after it."""
        with self.registry.cursor() as changer:
            self.in_thread(lambda cr: self.program(cr).write({"expiry_delay": 8}), changer)
            self.assertEqual(self.in_thread(self.delay, changer), 8)
            changer.rollback()
        for __ in range(3):
            self.assertEqual(self.in_thread(self.delay), 1)
        self.assertEqual(self.in_thread(self.queries), 0)

    def test_values_of_points(self):
        """N29, M6: the value of a point is read, not remembered: it holds at once, no matter who changed it."""
        self.assertEqual(self.in_thread(lambda cr: self.program(cr)._point_value_at(DAY)[0]), 0.01)
        self.in_thread(
            lambda cr: self.program(cr).write(
                {"point_value_ids": [(5,), (0, 0, {"date": "2020-01-01", "point_value": 0.5})]}
            ),
            commit=True,
        )
        with self.registry.cursor() as cr:  # as another process writes it, which has not told yet
            cr.execute("UPDATE loyalty_point_value SET point_value = 0.25 WHERE program_id = %s", [self.program_id])
        self.assertEqual(self.in_thread(lambda cr: self.program(cr)._point_value_at(DAY)[0]), 0.25)
