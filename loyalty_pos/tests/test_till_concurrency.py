import threading

from psycopg2 import errors

from odoo import api
from odoo.exceptions import UserError
from odoo.service.model import retrying
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..tools import queue
from .race_common import TillPointsRaceCase, TillRaceCase


@tagged("post_install", "-at_install")
class TestTillConcurrency(TillRaceCase):
    """Odoo's own second call, from two requests at once."""

    def confirm(self, cr):
        env = api.Environment(cr, self.cashier_id, {})
        return env["pos.order"].browse(self.order_id).confirm_coupon_programs(self.claim)

    def confirm_like_a_request(self, barrier, answers):
        with self.registry.cursor() as cr:
            cr.execute("SELECT 1")  # the snapshot of this transaction is taken before the other one commits
            barrier.wait(10)
            env = api.Environment(cr, self.cashier_id, {})
            answers.append(retrying(lambda: self.confirm(cr), env))

    def test_two_confirmations_at_once(self):
        """N7: two requests that confirm one order at the same time make one card and one entry."""
        barrier, answers = threading.Barrier(2), []
        threads = [
            threading.Thread(target=self.confirm_like_a_request, args=(barrier, answers), daemon=True)
            for __ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual(len(answers), 2)
        with self.environment() as env:
            card = env["loyalty.card"].search([("program_id", "=", self.program_id)])
            self.assertEqual(card.mapped("points"), [100])
            self.assertEqual(
                card.entry_ids.mapped(lambda e: (e.kind, e.points, e.res_id)), [("earn", 100, self.order_id)]
            )
            self.assertEqual({update["id"] for answer in answers for update in answer["coupon_updates"]}, {card.id})

    def test_second_confirmation_cannot_go_on_with_an_old_view(self):
        """N7: a confirmation that began before another one committed fails to serialize, and is tried again."""
        with self.registry.cursor() as late, self.registry.cursor() as early:
            late.execute("SELECT 1")
            self.confirm(early)
            early.commit()
            with self.assertRaises(errors.SerializationFailure):
                self.confirm(late)
            late.rollback()
            self.confirm(late)
            late.commit()
        with self.environment() as env:
            self.assertEqual(env["loyalty.card"].search([("program_id", "=", self.program_id)]).mapped("points"), [100])


@tagged("post_install", "-at_install")
class TestTillPointsRace(TillPointsRaceCase):
    """Tills that spend and earn on one card at the same time. The card has 100 points worth 1.00 each."""

    @mute_logger("odoo.sql_db")
    def at_once(self, works):
        """Run functions of an environment at the same time, each like a request; return results or errors."""
        barrier, results = threading.Barrier(len(works)), {}

        def run(number, work):
            with self.registry.cursor() as cr:
                cr.execute("SELECT 1")  # the snapshot of this transaction is taken before the others commit
                barrier.wait(10)
                env = api.Environment(cr, self.cashier_id, {})
                try:
                    results[number] = retrying(lambda: work(env), env)
                except UserError as error:
                    results[number] = error

        threads = [threading.Thread(target=run, args=item, daemon=True) for item in enumerate(works)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual(len(results), len(works))
        return [results[number] for number in range(len(works))]

    def card(self, env):
        return env["loyalty.card"].browse(self.card_id)

    def test_two_tills_reserve_the_same_points(self):
        """N6, N7: of two tills that want 80 of 100 points at once one gets them, and the other hears why not."""
        results = self.at_once(
            [
                lambda env, number=number: env["loyalty.card"].pos_hold(
                    self.config_id, self.card_id, 80, f"{self.mark}-{number}", f"order-{number}"
                )
                for number in range(2)
            ]
        )
        self.assertEqual(sorted(isinstance(result, UserError) for result in results), [False, True])
        with self.environment() as env:
            self.assertEqual(self.card(env).reserved_points, 80)

    def test_one_order_from_two_workers(self):
        """N7, N8: one order that two workers get at the same time is one order, spends once and earns once."""
        with self.environment() as env:
            data = self.order_data(env, "twice", 40, 60.0)

        def send(env):
            return env["pos.order"].sync_from_ui(
                [{**data, "lines": [*data["lines"]], "payment_ids": [*data["payment_ids"]]}]
            )

        self.at_once([send, send])
        with self.environment() as env:
            send(env(user=self.cashier_id))
            order = env["pos.order"].search([("uuid", "=", data["uuid"])])
            self.assertEqual(
                [(entry.kind, entry.points) for entry in order._entries_of_order() if entry.card_id.id == self.card_id],
                [("redeem", -40), ("earn", 60)],
            )
            self.assertEqual(self.card(env).points, 120)

    def unpaid_order(self, name):
        """Return the id of an order of 100.00 on the server of which 40 points, reserved, have paid a part."""
        with self.environment(self.cashier_id) as env:
            data = self.order_data(env, name, 40, 60.0)
            data = {**data, "payment_ids": data["payment_ids"][:1], "state": "draft", "amount_paid": 40.0}
            env["loyalty.card"].pos_hold(self.config_id, self.card_id, 40, f"{self.mark}-{name}-points", data["uuid"])
            env["pos.order"].sync_from_ui([data])
            return env["pos.order"].search([("uuid", "=", data["uuid"])]).id

    def pay_like_a_provider(self, env, order_id, uuid, amount):
        """Do what Odoo does when a provider tells that money came (``_process_pos_online_payment``)."""
        order = env["pos.order"].sudo().browse(order_id)
        if order.payment_ids.filtered(lambda payment: payment.uuid == uuid):
            return  # the payment has its order already
        order.add_payment({"amount": amount, "payment_method_id": self.bank_id, "pos_order_id": order.id, "uuid": uuid})
        if order.state == "draft" and order._is_pos_order_paid():
            order._process_saved_order(False)

    def assertSettledOnce(self, order_id):
        with self.environment() as env:
            order = env["pos.order"].browse(order_id)
            self.assertEqual(order.state, "paid")
            self.assertEqual(
                [(entry.kind, entry.points) for entry in order._entries_of_order()], [("redeem", -40), ("earn", 60)]
            )
            card = self.card(env)
            self.assertEqual((card.points, card.reserved_points), (120, 0))
            self.assertEqual(sum(order.payment_ids.mapped("amount")), 100)

    def test_one_online_payment_from_two_workers(self):
        """N7, N8: the provider's call and the customer's return at the same moment pay once, spend once, earn once."""
        order_id = self.unpaid_order("online")
        uuid = f"{self.mark}-provider"
        self.at_once([lambda env: self.pay_like_a_provider(env, order_id, uuid, 60.0) for __ in range(2)])
        self.assertSettledOnce(order_id)

    def test_two_online_payments_at_once(self):
        """N7, C7: two parts that are paid at the same moment pay the order together; its points are settled once."""
        order_id = self.unpaid_order("parts")
        self.at_once(
            [
                lambda env, part=part: self.pay_like_a_provider(env, order_id, f"{self.mark}-part{part}", part)
                for part in (25.0, 35.0)
            ]
        )
        self.assertSettledOnce(order_id)

    def test_cashier_and_provider_at_once(self):
        """N7, N8: the cashier closes the order while the provider tells of its money: points are settled once."""
        order_id = self.unpaid_order("both")
        uuid = f"{self.mark}-both-money"
        with self.environment() as env:
            data = self.order_data(env, "both", 40, 60.0)
        self.at_once(
            [
                lambda env: self.pay_like_a_provider(env, order_id, uuid, 60.0),
                lambda env: env["pos.order"].sync_from_ui([data]),
            ]
        )
        with self.environment() as env:
            order = env["pos.order"].browse(order_id)
            self.assertEqual(
                [(entry.kind, entry.points) for entry in order._entries_of_order()], [("redeem", -40), ("earn", 60)]
            )
            self.assertEqual((self.card(env).points, self.card(env).reserved_points), (120, 0))

    def test_tills_sell_on_one_card(self):
        """N7: tills that spend and earn on one card at once lose nothing and invent nothing."""
        with self.environment() as env:
            orders = [self.order_data(env, f"sale{number}", 10, 20.0) for number in range(3)]
        self.at_once([lambda env, data=data: env["pos.order"].sync_from_ui([data]) for data in orders])
        with self.environment() as env:
            card = self.card(env)
            self.assertEqual((card.points, card.redeemed_points), (100 - 30 + 60, 30))
            self.assertEqual(len(card.entry_ids.filtered(lambda entry: entry.kind == "earn")), 3)
            self.assertFalse([row for row in card._verify_ledger() if row["id"] == card.id])

    def test_line_of_tills(self):
        """N7: who stands in line starts over with what the one before committed, and leaves when it is done."""
        name = f"loyalty.card:{self.card_id}"
        seen = []

        with self.registry.cursor() as first, self.registry.cursor() as second:
            for cr in (first, second):
                cr.execute("SELECT 1")
            self.call_on(first)
            self.assertTrue(queue.stand_in_line(first, [name, name]))
            second.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name])
            self.assertFalse(second.fetchone()[0])
            first.execute("UPDATE loyalty_card SET closed = TRUE WHERE id = %s", [self.card_id])
            self.assertFalse(queue.stand_in_line(first, [name]), "a call that has written does not start over")
            first.commit()
            self.call_on(second)
            self.assertTrue(queue.stand_in_line(second, [name]))
            second.execute("SELECT closed FROM loyalty_card WHERE id = %s", [self.card_id])
            seen += second.fetchone()
            second.rollback()
            first.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name])
            self.assertTrue(first.fetchone()[0])
            first.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [name])
        self.assertEqual(seen, [True])
