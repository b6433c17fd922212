"""The till's calls as a browser makes them: over HTTP, on the server's own connections, with a session in use."""

import json
import socket
from unittest.mock import patch

import requests

import odoo
from odoo import sql_db
from odoo.tests import HOST, new_test_user, tagged
from odoo.tools import mute_logger

from ..tools import queue
from .race_common import TillPointsRaceCase


@tagged("post_install", "-at_install")
class TestTillServer(TillPointsRaceCase):
    """Whatever a call of a till ends in, the server is as it was: nothing locked, no connection lost."""

    def setUp(self):
        super().setUp()
        self.url = f"http://{HOST}:{odoo.service.server.server.httpd.server_port}"
        self.browser = self.log_in(f"cashier-{self.mark}")

    def log_in(self, login):
        browser = requests.Session()
        self.addCleanup(browser.close)
        answer = self.post(
            browser,
            "/web/session/authenticate",
            {"db": self.registry.db_name, "login": login, "password": login},
        )
        self.assertTrue(answer["result"]["uid"])
        for __ in range(2):  # the first calls of a session write where it is used; this one is in use
            self.post(browser, "/web/session/get_session_info", {})
        self.call("res.users", "has_group", [answer["result"]["uid"], "base.group_user"], browser)
        return browser

    def post(self, browser, path, params):
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}, default=str)
        return browser.post(
            f"{self.url}{path}", data=body, headers={"Content-Type": "application/json"}, timeout=60
        ).json()

    def call(self, model, method, args, browser=None):
        """Call a method as the till does; return its result, or the name and the message of its error."""
        answer = self.post(
            browser or self.browser,
            f"/web/dataset/call_kw/{model}/{method}",
            {"model": model, "method": method, "args": args, "kwargs": {}},
        )
        if "error" in answer:
            data = answer["error"]["data"]
            return data["name"].rsplit(".", 1)[-1], data["message"]
        return answer["result"]

    def hold(self, points, number=1, browser=None, card_id=None, config_id=None):
        args = [config_id or self.config_id, card_id or self.card_id, points, f"{self.mark}-{number}", "order"]
        return self.call("loyalty.card", "pos_hold", args, browser)

    def state_of_server(self):
        """Return how many locks are held, connections are lent out, and connections there are at most."""
        with self.environment() as env:
            env.cr.execute(
                """
                SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                 WHERE l.locktype = 'advisory' AND d.datname = current_database()
                """
            )
            locks = env.cr.fetchone()[0]
            lent = sum(cnx._pool_in_use for cnx in sql_db._Pool._connections)
            return locks, lent

    def assertServerAsBefore(self, before):
        self.assertEqual(self.state_of_server(), before)

    def name(self):
        return f"loyalty.card:{self.card_id}"

    # --- errors --------------------------------------------------------------------------------------------------

    def test_hundred_refused_calls(self):
        """N29, N6: a hundred reservations that a card cannot pay: each says why, none keeps a lock or a connection."""
        before = self.state_of_server()
        for number in range(100):
            error, message = self.hold(1000, number)
            self.assertEqual(error, "ValidationError")
            self.assertIn("has 100 points available", message)
        self.assertServerAsBefore(before)
        self.assertEqual(self.hold(40)["points"], 40)
        self.assertServerAsBefore(before)

    @mute_logger("odoo.http", "odoo.sql_db")
    def test_any_error_of_any_call(self):
        """N29: errors of every call that waits in line, before and after it waited, leave nothing behind."""
        before = self.state_of_server()
        with self.environment() as env:
            data = self.order_data(env, "bad", 40, 60.0)
        calls = [
            ("loyalty.card", "pos_hold", [self.config_id, self.card_id, -5, "uuid", "order"]),
            ("loyalty.card", "pos_hold", [self.config_id, self.card_id, 5, "", "order"]),
            ("loyalty.card", "pos_hold", [self.config_id, 2**31 - 1, 5, "uuid", "order"]),
            ("pos.order", "confirm_coupon_programs", [self.order_id, 7]),
            ("pos.order", "sync_from_ui", [[{**data, "pricelist_id": 2**31 - 1}]]),
            ("pos.order", "sync_from_ui", [[{**data, "lines": [[0, 0, {"product_id": 2**31 - 1, "qty": 1}]]}]]),
            ("pos.order", "sync_from_ui", [[{**data, "payment_ids": [[0, 0, {"payment_method_id": 2**31 - 1}]]}]]),
        ]
        for model, method, args in calls:
            answer = self.call(model, method, args)
            self.assertIsInstance(answer, tuple, "an error")
            self.assertNotIn("recursion", answer[1])
            self.assertServerAsBefore(before)
        self.call("pos.order", "sync_from_ui", [[data]])
        self.assertServerAsBefore(before)

    def test_errors_of_the_database(self):
        """N29: a call whose transaction PostgreSQL refuses reads Odoo's message; the next call on the card works."""
        before = self.state_of_server()
        Card = self.registry["loyalty.card"]
        divide = patch.object(Card, "_hold_for_till", lambda card, *args: card.env.cr.execute("SELECT 1 / 0"))
        with divide, mute_logger("odoo.sql_db", "odoo.http"):
            error, message = self.hold(10)
        self.assertEqual(error, "DivisionByZero")
        self.assertServerAsBefore(before)

        def die(card, *args):
            card.env.cr.execute("SELECT pg_terminate_backend(pg_backend_pid())")

        with patch.object(Card, "_hold_for_till", die), mute_logger("odoo.sql_db", "odoo.http"):
            self.hold(10)
        self.assertServerAsBefore(before)
        self.assertEqual(self.hold(10)["points"], 10)
        self.assertServerAsBefore(before)

    def test_conflicts(self):
        """N29, N7: a call that fails to serialize after it waited is made again, waits again, and succeeds."""
        before = self.state_of_server()
        Card, tries = self.registry["loyalty.card"], []
        original = Card._hold_for_till

        def change_meanwhile(card, *args):
            card.env.cr.execute("SELECT points FROM loyalty_card WHERE id = %s", [card.id])
            if not tries:
                with self.environment() as env:
                    env.cr.execute("UPDATE loyalty_card SET write_uid = write_uid WHERE id = %s", [card.id])
            tries.append(self.state_of_server()[0])
            return original(card, *args)

        with (
            patch.object(Card, "_hold_for_till", change_meanwhile),
            patch("odoo.service.model.random.uniform", return_value=0),
            mute_logger("odoo.sql_db"),
        ):
            self.assertEqual(self.hold(10)["points"], 10)
        self.assertEqual(tries, [before[0] + 1] * 2, "one lock each time")
        self.assertServerAsBefore(before)

    # --- waiting -------------------------------------------------------------------------------------------------

    def test_line_does_not_move(self):
        """N29: who waited long enough is told so and can try again; a paid order is taken all the same."""
        with self.environment() as env:
            data = self.order_data(env, "late", 10, 20.0)
            before = self.state_of_server()
            env.cr.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [self.name()])
            with patch.object(queue, "PATIENCE", "50ms"):
                error, message = self.hold(10)
                self.assertEqual(error, "UserError")
                self.assertIn("Another register is using this card", message)
                self.assertServerAsBefore((before[0] + 1, before[1]))
                self.call("pos.order", "sync_from_ui", [[data]])
                self.assertServerAsBefore((before[0] + 1, before[1]))
            env.cr.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [self.name()])
        with self.environment() as env:
            order = env["pos.order"].search([("uuid", "=", data["uuid"])])
            self.assertEqual((order.state, order.loyalty_points_redeemed), ("paid", 10))
        self.assertEqual(self.hold(10)["points"], 10)

    def test_caller_hangs_up(self):
        """N29: a till that loses its connection while it waits gets its turn, and leaves nothing behind."""
        before = self.state_of_server()
        with self.environment() as env:
            env.cr.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [self.name()])
            body = json.dumps(
                {
                    "jsonrpc": "2.0",
                    "method": "call",
                    "params": {
                        "model": "loyalty.card",
                        "method": "pos_hold",
                        "args": [self.config_id, self.card_id, 10, f"{self.mark}-gone", "order"],
                        "kwargs": {},
                    },
                }
            ).encode()
            head = (
                "POST /web/dataset/call_kw/loyalty.card/pos_hold HTTP/1.1\r\nHost: localhost\r\n"
                f"Cookie: session_id={self.browser.cookies['session_id']}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            ).encode()
            with socket.create_connection((HOST, int(self.url.rsplit(":", 1)[1]))) as connection:
                connection.sendall(head + body)
                self.wait_for("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            env.cr.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [self.name()])
        self.wait_for("SELECT count(*) FROM loyalty_hold WHERE pos_uuid = %s", f"{self.mark}-gone")
        self.hold(10)  # the server has closed the cursor of the call before
        self.assertServerAsBefore(before)

    def wait_for(self, query, *params):
        with self.registry.cursor() as cr:
            for __ in range(100_000):
                cr.execute(query, params)
                if cr.fetchone()[0]:
                    return
                cr.rollback()
        self.fail(query)

    def test_server_stops_a_waiting_call(self):
        """N29: a worker that is interrupted between waiting and working gives back what it waited for."""
        with self.environment() as env, self.registry.cursor() as cr:
            before = self.state_of_server()
            self.call_on(cr)

            def interrupt():
                raise KeyboardInterrupt

            cr.postrollback.add(interrupt)
            with self.assertRaises(KeyboardInterrupt):
                queue.stand_in_line(cr, [self.name()])
            self.assertServerAsBefore(before)
            env.cr.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [self.name()])
            self.assertTrue(env.cr.fetchone()[0])

    # --- rights --------------------------------------------------------------------------------------------------

    def test_nobody_without_rights_waits(self):
        """N29, N4: who may not work at a till is refused at once, also while others work on the card."""
        with self.environment() as env:
            stranger = self.keep(new_test_user(env, f"stranger-{self.mark}", groups="base.group_user"))
            login = stranger.login
            data = self.order_data(env, "stranger", 10, 20.0)
        browser = self.log_in(login)
        with self.environment() as env:
            names = [self.name(), f"pos.order:{data['uuid']}"]
            env.cr.execute("SELECT pg_advisory_lock(hashtextextended(name, 0)) FROM unnest(%s) name", [names])
            with mute_logger("odoo.http"):
                answers = [
                    self.hold(10, browser=browser),
                    self.call("loyalty.card", "pos_release_hold", [self.config_id, f"{self.mark}-1"], browser),
                    self.call("pos.order", "sync_from_ui", [[data]], browser),
                    self.call("pos.order", "confirm_coupon_programs", [self.order_id, self.claim], browser),
                ]
            env.cr.execute("SELECT pg_advisory_unlock_all()")
        self.assertEqual([error for error, message in answers], ["AccessError"] * 4)
