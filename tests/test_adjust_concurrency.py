"""Adjustments, waivers and new terms while others use the same cards: real connections, nothing rolled back."""

import threading
from datetime import timedelta
from functools import partial

from crowd import CrowdCase

from odoo.fields import Date
from odoo.service.model import retrying
from odoo.tests import new_test_user, tagged


@tagged("post_install", "-at_install")
class TestAdjustConcurrency(CrowdCase):
    def make_managers(self, *logins):
        """Users of this test, as the crowd's cards are; their logins are free again afterwards."""
        group = "base.group_user,loyalty_ledger.group_loyalty_manager"
        with self.registry.cursor() as cr:
            env = self.env_of(cr)
            ids = [new_test_user(env, f"{login}_{self.program_id}", group).id for login in logins]

        def archive():
            with self.registry.cursor() as cr:
                self.env_of(cr)["res.users"].browse(ids).active = False

        self.addCleanup(archive)
        return ids

    def test_two_managers_waive_one_debt(self):
        """N29, N7, N8: two managers waive the same debt at once: the card gets the points once, the second is told."""
        managers = self.make_managers("waive_one", "waive_two")
        (card_id,) = self.make_cards(0)
        with self.registry.cursor() as cr:
            env = self.env_of(cr)
            op = {"card_id": card_id, "kind": "external", "points": -40, "key": f"owe:{card_id}"}
            entry = env["loyalty.card"]._post_entries([op])
            exception_id = env["loyalty.exception"].search([("entry_id", "=", entry.id)]).id

        def waive(user_id, env):
            return env(user=user_id)["loyalty.exception"].browse(exception_id).action_waive()

        results = self.together(*(partial(waive, user_id) for user_id in managers))
        self.assertEqual(sum(result is True for result in results), 1)
        (told,) = (result for result in results if result is not True)
        self.assertIn("Nothing was waived again", told["params"]["message"])
        self.assertEqual(self.balances(card_id, "points", "debt_points"), [(0, 0)])
        self.assertClean()

    def test_two_managers_approve_one_request(self):
        """N29, N7, N10: two managers approve the same request at once: it is posted once, the second is told."""
        asking, *managers = self.make_managers("ask", "approve_one", "approve_two")
        (card_id,) = self.make_cards(0)
        with self.registry.cursor() as cr:
            env = self.env_of(cr)(user=asking)
            cards = env["loyalty.card"].browse(card_id)
            request_id = env["loyalty.adjustment"]._request(cards, "add", 70, "Goodwill").id

        def approve(user_id, env):
            return env(user=user_id)["loyalty.adjustment"].browse(request_id).action_approve()

        results = self.together(*(partial(approve, user_id) for user_id in managers))
        said = sorted((result["params"]["type"], result["params"]["message"]) for result in results)
        self.assertEqual([kind for kind, __ in said], ["success", "warning"])
        self.assertIn("Approved and posted", said[0][1])
        self.assertIn("Nothing was changed again", said[1][1])
        self.assertEqual(self.balances(card_id, "points"), [(70,)])
        self.assertClean()

    def test_new_terms_wait_for_the_till(self):
        """N29, P11: longer rolling terms that come while a till has the card wait for it: nothing that expired revives."""
        with self.registry.cursor() as cr:
            self.env_of(cr)["loyalty.program"].browse(self.program_id).write(
                {"expiry_policy": "rolling", "expiry_delay": 30, "expiry_unit": "day"}
            )
        (card_id,) = self.make_cards(50, effective_date=Date.today() - timedelta(days=40))
        changed = []

        def change(env):
            env["loyalty.program"].browse(self.program_id).expiry_delay = 300
            return True

        def run():
            with self.registry.cursor() as cr:
                env = self.env_of(cr)
                changed.append(retrying(partial(change, env), env))

        with self.registry.cursor() as till:
            till.execute("SELECT id FROM loyalty_card WHERE id = %s FOR NO KEY UPDATE", [card_id])
            till.execute("SELECT pg_backend_pid()")
            (pid,) = till.fetchone()
            manager = threading.Thread(target=run)
            manager.start()
            with self.registry.cursor() as watcher:
                waiting = False
                while manager.is_alive() and not waiting:
                    watcher.execute(
                        "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND %s = ANY(pg_blocking_pids(pid)))",
                        [pid],
                    )
                    (waiting,) = watcher.fetchone()
            self.assertTrue(waiting, "the change of terms waits")
            self.assertFalse(changed)
        manager.join()
        self.assertEqual(changed, [True])
        self.assertEqual(self.balances(card_id, "points", "available_points", "lapsed_points"), [(0, 0, 0)])
        self.assertClean()
