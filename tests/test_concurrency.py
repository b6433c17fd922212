"""Many connections, one card. Nothing here is rolled back at the end: the cards are this test's own."""

import subprocess
import sys
import threading
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

from crowd import CrowdCase
from posting_process import events
from psycopg2 import errors

import odoo
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Date
from odoo.tests import tagged
from odoo.tests.common import get_db_name

TILLS = 8


@tagged("post_install", "-at_install")
class TestConcurrency(CrowdCase):
    # one card, many tills

    def test_spending_more_than_there_is(self):
        """N7, S10: 8 tills spend 20 of 100 points each: never more than 100 go, and what a till was told is true."""
        (card_id,) = self.make_cards(100)

        def spend(till, env):
            op = {"card_id": card_id, "kind": "redeem", "points": -20, "key": f"spend:{card_id}:{till}"}
            return env["loyalty.card"]._post_entries([op]).points

        results = self.together(*(partial(spend, till) for till in range(TILLS)))
        spent = [result for result in results if result == -20]
        for result in results:
            if result != -20:
                self.assertIsInstance(result, (ValidationError, errors.SerializationFailure))
        self.assertLessEqual(len(spent), 5)
        self.assertGreaterEqual(len(spent), 3)
        points = 100 - 20 * len(spent)
        self.assertEqual(self.balances(card_id, "points", "available_points", "debt_points"), [(points, points, 0)])
        self.assertClean()

    def test_two_large_redemptions(self):
        """N7, S10: 80 and 80 of 100 points at the same moment: one of them is refused."""
        (card_id,) = self.make_cards(100)

        def spend(till, env):
            op = {"card_id": card_id, "kind": "redeem", "points": -80, "key": f"spend:{card_id}:{till}"}
            return env["loyalty.card"]._post_entries([op]).points

        results = self.together(partial(spend, 1), partial(spend, 2))
        self.assertEqual(sum(result == -80 for result in results), 1)
        (refusal,) = (result for result in results if result != -80)
        self.assertIn("has 20 points available", str(refusal))
        self.assertEqual(self.balances(card_id, "points"), [(20,)])

    def test_reserving_more_than_there_is(self):
        """N6, N7: 8 tills reserve 20 of 100 points each: never more than 100 are reserved."""
        (card_id,) = self.make_cards(100)

        def reserve(till, env):
            return env["loyalty.card"].browse(card_id)._hold(20, f"hold:{card_id}:{till}").points

        results = self.together(*(partial(reserve, till) for till in range(TILLS)))
        reserved = 20 * sum(result == 20 for result in results)
        self.assertLessEqual(reserved, 100)
        self.assertGreaterEqual(reserved, 60)
        self.assertEqual(
            self.balances(card_id, "points", "reserved_points", "available_points"), [(100, reserved, 100 - reserved)]
        )

    def test_reserving_while_spending(self):
        """N6, N7: 80 points reserved and 80 spent at the same moment, out of 100: one of both is refused."""
        (card_id,) = self.make_cards(100)

        def reserve(env):
            return env["loyalty.card"].browse(card_id)._hold(80, f"hold:{card_id}").points

        def spend(env):
            op = {"card_id": card_id, "kind": "redeem", "points": -80, "key": f"spend:{card_id}"}
            return env["loyalty.card"]._post_entries([op]).points

        held, spent = self.together(reserve, spend)
        self.assertEqual((held == 80) + (spent == -80), 1)
        self.assertClean()

    def test_using_a_hold_twice(self):
        """N6, N7: a hold that is used and released from many sides at once is settled exactly once."""
        (card_id,) = self.make_cards(100)
        with self.registry.cursor() as cr:
            hold_id = self.env_of(cr)["loyalty.card"].browse(card_id)._hold(60, f"twice:{card_id}").id

        def use(env):
            return env["loyalty.hold"].browse(hold_id)._consume("Order").id

        def release(env):
            return len(env["loyalty.hold"].browse(hold_id)._release())

        self.together(use, release, use, use)
        with self.registry.cursor() as cr:
            hold = self.env_of(cr)["loyalty.hold"].browse(hold_id)
            expected = {"consumed": (40, 40, 0), "released": (100, 100, 0)}[hold.state]
            self.assertEqual(bool(hold.entry_id), hold.state == "consumed")
        self.assertEqual(self.balances(card_id, "points", "available_points", "reserved_points"), [expected])
        self.assertClean()

    def test_one_key_from_many_sides(self):
        """N7: the same event sent by 8 tills at once counts once, and every answer names the same transaction."""
        (card_id,) = self.make_cards(0)

        def post(env):
            op = {"card_id": card_id, "kind": "earn", "points": 7, "key": f"same:{card_id}"}
            return env["loyalty.card"]._post_entries([op]).id

        results = self.together(*[post] * TILLS)
        answers = {result for result in results if not isinstance(result, Exception)}
        self.assertEqual(len(answers), 1)
        self.assertEqual(self.balances(card_id, "points", "accumulated_points"), [(7, 7)])
        self.assertClean()

    def test_one_key_on_two_cards(self):
        """N7: the same key on two cards at once: the database lets only one through."""
        cards = self.make_cards(0, 0)
        key = f"two:{uuid4()}"

        def post(card_id, env):
            op = {"card_id": card_id, "kind": "earn", "points": 7, "key": key}
            return env["loyalty.card"]._post_entries([op]).id

        results = self.together(*(partial(post, card_id) for card_id in cards))
        self.assertEqual(sum(isinstance(result, UserError) for result in results), 1)
        self.assertEqual(sorted(self.balances(cards, "points")), [(0,), (7,)])

    def test_crossing_transfers(self):
        """N7, N11: transfers in both directions between two cards lock in one order, and no point is lost."""
        one, two = self.make_cards(100, 100)

        def move(number, env):
            source, target = (one, two) if number % 2 else (two, one)
            op = {
                "card_id": source,
                "target_card_id": target,
                "kind": "transfer",
                "points": -30,
                "key": f"cross:{one}:{number}",
            }
            return env["loyalty.card"]._post_entries([op]).points

        self.together(*(partial(move, number) for number in range(4)))
        self.assertEqual(sum(points for (points,) in self.balances([one, two], "points")), 200)
        self.assertClean()

    # jobs beside the tills

    def test_write_off_while_selling(self):
        """N7, P9: the nightly write-off runs while tills sell on the same cards: no point expires twice or survives."""
        yesterday = Date.today() - timedelta(days=1)
        cards = self.make_cards(*[50] * 20, expiration_date=yesterday, effective_date=yesterday - timedelta(days=9))

        def sell(till, env):
            for card_id in cards[till::2]:
                op = {"card_id": card_id, "kind": "earn", "points": 10, "key": f"sell:{card_id}"}
                env["loyalty.card"]._post_entries([op])

        def purge(env):
            program = env["loyalty.program"].browse(self.program_id)
            return env["loyalty.card"]._purge(programs=program, batch=3, commit=False)

        results = self.together(partial(sell, 0), purge, partial(sell, 1), purge)
        self.assertFalse([result for result in results if isinstance(result, Exception)])
        with self.registry.cursor() as cr:
            purge(self.env_of(cr))
        self.assertEqual(set(self.balances(cards, "points", "available_points", "lapsed_points")), {(10, 10, 0)})
        with self.registry.cursor() as cr:
            expired = self.env_of(cr)["loyalty.ledger.entry"].search(
                [("card_id", "in", cards), ("kind", "=", "expire")]
            )
            self.assertEqual(sorted(expired.card_id.ids), sorted(cards))
            self.assertEqual(sorted(expired.mapped("points")), [-50] * 20)
        self.assertClean()

    def test_sealing_while_posting(self):
        """N5, N7: seals made while tills post cover every settled entry: nothing slips in behind them."""
        cards = self.make_cards(*[0] * 6)
        done = threading.Event()
        sealed = []

        def seal():
            while True:
                last = done.is_set()
                with self.registry.cursor() as cr:
                    seals = self.env_of(cr)["loyalty.ledger.seal"]
                    try:
                        sealed.extend(seals._seal_settled(block=7))
                    except errors.LockNotAvailable:
                        cr.rollback()
                        continue
                if last:
                    return

        def sell(card_id):
            for number in range(40):
                with self.registry.cursor() as cr:
                    op = {"card_id": card_id, "kind": "earn", "points": 1, "key": f"sealing:{card_id}:{number}"}
                    self.env_of(cr)["loyalty.card"]._post_entries([op])

        tills = [threading.Thread(target=sell, args=(card_id,)) for card_id in cards]
        sealer = threading.Thread(target=seal)
        for thread in [*tills, sealer]:
            thread.start()
        for thread in tills:
            thread.join()
        done.set()
        sealer.join()
        self.assertTrue(sealed)
        with self.registry.cursor() as cr:
            env = self.env_of(cr)
            seals = env["loyalty.ledger.seal"]
            self.assertEqual(seals._find_broken(), [])
            entries = env["loyalty.ledger.entry"].search([("card_id", "in", cards)])
            self.assertEqual(len(entries), 240)
            self.assertLessEqual(max(entries.ids), seals.search([], limit=1).last_entry_id)
        self.assertClean()

    # crashes

    def start_process(self, card_id, *more):
        script = Path(__file__).with_name("posting_process.py")
        addons_path = odoo.tools.config["addons_path"]
        if not isinstance(addons_path, str):
            addons_path = ",".join(addons_path)
        process = subprocess.Popen(
            [sys.executable, script, get_db_name(), addons_path, str(card_id), *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stdin.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def wait_until_gone(self, card_id):
        """The server notices a dead client when it next talks to it: the card's lock says when that was."""
        with self.registry.cursor() as cr:
            cr.execute("SELECT id FROM loyalty_card WHERE id = %s FOR UPDATE", [card_id])

    def posted(self, card_id):
        with self.registry.cursor() as cr:
            entries = self.env_of(cr)["loyalty.ledger.entry"].search([("card_id", "=", card_id)])
            return {entry.idempotency_key: entry.points for entry in entries}

    def test_killed_inside_a_transaction(self):
        """N7: kill -9 between posting and commit leaves what was committed, and nothing of the rest."""
        (card_id,) = self.make_cards(0)
        process = self.start_process(card_id, "wait")
        for number in range(1, 4):
            self.assertEqual(process.stdout.readline(), f"posted {number}\n")
            if number < 3:
                process.stdin.write("\n")
                process.stdin.flush()
                self.assertEqual(process.stdout.readline(), f"committed {number}\n")
        process.kill()
        process.wait()
        self.wait_until_gone(card_id)
        self.assertEqual(self.balances(card_id, "points", "redeemed_points", "available_points"), [(6, 4, 6)])
        self.assertEqual(len(self.posted(card_id)), 4)
        self.assertClean()

    def test_killed_at_any_moment(self):
        """N7: whatever was being done, each event is there in full or not at all; sending all again completes them."""
        (card_id,) = self.make_cards(0)
        process = self.start_process(card_id)
        committed = 0
        while committed < 25:
            line = process.stdout.readline()
            self.assertTrue(line, "the process ended by itself")
            if line.startswith("committed"):
                committed = int(line.split()[1])
        process.kill()
        process.wait()
        self.wait_until_gone(card_id)
        posted = self.posted(card_id)
        self.assertEqual(len(posted) % 2, 0)
        count = len(posted) // 2
        self.assertGreaterEqual(count, committed)
        self.assertEqual(self.balances(card_id, "points"), [(3 * count,)])
        self.assertClean()
        again = [event for number in range(1, count + 4) for event in events(card_id, number)]
        with self.registry.cursor() as cr:
            self.env_of(cr)["loyalty.card"]._post_entries(again)
        self.assertEqual(self.balances(card_id, "points", "redeemed_points"), [(3 * (count + 3), 2 * (count + 3))])
        self.assertClean()
