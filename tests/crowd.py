"""Many connections at once: what tests of concurrency share."""

import threading
from functools import partial

from psycopg2 import errors

import odoo
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.tests import BaseCase
from odoo.tests.common import get_db_name
from odoo.tools import mute_logger


class CrowdCase(BaseCase):
    """A program of its own, and work in many connections at once. Nothing is rolled back at the end."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        muted = mute_logger("odoo.sql_db", "odoo.service.model")
        muted.__enter__()
        self.addCleanup(muted.__exit__)
        with self.registry.cursor() as cr:
            env = self.env_of(cr)
            self.program_id = env["loyalty.program"].create({"name": "Crowded", "program_type": "loyalty"}).id
        self.addCleanup(self.withdraw)

    def withdraw(self):
        with self.registry.cursor() as cr:
            self.env_of(cr)["loyalty.program"].browse(self.program_id).active = False

    @staticmethod
    def env_of(cr):
        context = {"tracking_disable": True, "loyalty_no_mail": True}
        return odoo.api.Environment(cr, odoo.SUPERUSER_ID, context)

    def make_cards(self, *balances, **values):
        with self.registry.cursor() as cr:
            env = self.env_of(cr)
            cards = env["loyalty.card"].create([{"program_id": self.program_id} for __ in balances])
            cards._post_entries(
                [
                    {"card_id": card.id, "kind": "earn", "points": points, "key": f"start:{card.id}", **values}
                    for card, points in zip(cards, balances)
                    if points
                ]
            )
            return cards.ids

    def together(self, *works):
        """Call each ``work(env)`` in a thread and transaction of its own, as an RPC call does, all at once.

        :return: list of results, or of the errors that the callers got
        """
        results = [None] * len(works)
        start = threading.Barrier(len(works))

        def call(position, work):
            with self.registry.cursor() as cr:
                env = self.env_of(cr)
                start.wait()
                try:
                    results[position] = retrying(partial(work, env), env)
                except (UserError, errors.SerializationFailure) as error:
                    cr.rollback()
                    results[position] = error

        threads = [threading.Thread(target=call, args=pair) for pair in enumerate(works)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    def balances(self, card_ids, *names):
        with self.registry.cursor() as cr:
            cards = self.env_of(cr)["loyalty.card"].browse(card_ids)
            return [tuple(round(card[name], 4) for name in names) for card in cards]

    def assertClean(self):
        with self.registry.cursor() as cr:
            env = self.env_of(cr)
            cards = env["loyalty.card"].search([("program_id", "=", self.program_id)])
            ids = {
                "loyalty.card": set(cards.ids),
                "loyalty.ledger.entry": set(cards.entry_ids.ids),
                "loyalty.lot": set(cards.lot_ids.ids),
            }
            problems = [
                problem
                for problem in env["loyalty.card"]._verify_ledger()
                if problem["id"] in ids.get(problem["model"], {problem["id"]})
            ]
            self.assertEqual(problems, [])
