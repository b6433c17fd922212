"""Joining a program from many places at the same moment. Requests are this test's own, and removed at the end."""

from functools import partial

from crowd import CrowdCase

from odoo.tests import tagged

from odoo.addons.loyalty_ledger.models import loyalty_join

EMAIL = "many@join.example.com"


@tagged("post_install", "-at_install")
class TestJoinConcurrency(CrowdCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.forget)

    def forget(self):
        with self.registry.cursor() as cr:
            env = self.env_of(cr)
            requests = env["loyalty.join"].search([("email", "=", EMAIL)])
            env["mail.mail"].search([("model", "=", "loyalty.join"), ("res_id", "in", requests.ids)]).unlink()
            requests.unlink()

    def test_limit_of_mails(self):
        """N29: six visitors with one address at the same moment, in two programs: three mails in all."""
        with self.registry.cursor() as cr:
            other = self.env_of(cr)["loyalty.program"].create({"name": "Crowded Too", "program_type": "loyalty"})
            program_ids = [self.program_id, other.id]
        self.addCleanup(self.archive, other.id)

        def ask(number, env):
            program = env["loyalty.program"].browse(program_ids[number % 2])
            env["loyalty.join"]._ask(program, "Ann", EMAIL, "", f"10.0.0.{number}")

        self.assertEqual(self.together(*(partial(ask, number) for number in range(6))), [None] * 6)
        with self.registry.cursor() as cr:
            self.assertEqual(self.env_of(cr)["loyalty.join"].search_count([("email", "=", EMAIL)]), 3)

    def test_past_the_limit_nobody_waits(self):
        """N29: a request past a limit is answered at once, while another visitor's is still being counted."""
        with self.registry.cursor() as cr:
            env = self.env_of(cr)
            for number in range(loyalty_join.PER_EMAIL):
                env["loyalty.join"]._ask(
                    env["loyalty.program"].browse(self.program_id), "Ann", EMAIL, "", f"10.0.1.{number}"
                )
        with self.registry.cursor() as slow, self.registry.cursor() as cr:
            Join = self.env_of(slow)["loyalty.join"]
            Join._count_requests(Join.env["loyalty.program"].browse(self.program_id), EMAIL, "10.0.1.99")
            cr.execute("SET LOCAL lock_timeout = '1s'")
            env = self.env_of(cr)
            env["loyalty.join"]._ask(env["loyalty.program"].browse(self.program_id), "Ann", EMAIL, "", "10.0.1.98")
            self.assertEqual(env["loyalty.join"].search_count([("email", "=", EMAIL)]), loyalty_join.PER_EMAIL)

    def test_two_links_at_once(self):
        """N29, N7: who confirms in two programs at the same moment is one customer with two cards."""
        with self.registry.cursor() as cr:
            env = self.env_of(cr)
            programs = env["loyalty.program"].browse(self.program_id)
            programs += programs.create({"name": "Crowded Too", "program_type": "loyalty"})
            programs.write({"public_page": True, "public_join": True})
            for program in programs:
                env["loyalty.join"]._ask(program, "Ann", EMAIL, "", "10.0.2.1")
            join_ids = env["loyalty.join"].search([("email", "=", EMAIL)]).ids
        self.addCleanup(self.archive, programs[1].id)

        def confirm(join_id, env):
            return env["loyalty.join"].browse(join_id)._confirm().partner_id.id

        owners = self.together(*(partial(confirm, join_id) for join_id in join_ids))
        self.assertEqual(len(owners), 2)
        self.assertEqual(len(set(owners)), 1, owners)

    def archive(self, program_id):
        with self.registry.cursor() as cr:
            self.env_of(cr)["loyalty.program"].browse(program_id).active = False
