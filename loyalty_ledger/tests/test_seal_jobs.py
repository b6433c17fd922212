from datetime import timedelta

from odoo.tests import tagged

from .common import LedgerCase


@tagged("post_install", "-at_install")
class TestJobs(LedgerCase):
    """The nightly jobs, run as the scheduler runs them."""

    def run_job(self, name):
        with self.enter_registry_test_mode():
            self.env.ref(f"loyalty_ledger.{name}").method_direct_trigger()
        self.env.invalidate_all()

    def test_purge(self):
        """P9: the job writes off what is due in every company, and a second run writes nothing."""
        abroad = self.env["res.company"].create({"name": "Abroad"})
        abroad.partner_id.tz = "Pacific/Kiritimati"  # tomorrow already
        program = self.make_program(company_id=abroad.id, currency_id=abroad.currency_id.id)
        far = self.make_card(program)
        self.earn(10, expiration_date="2026-03-14", effective_date="2026-03-01")
        self.earn(20, expiration_date="2026-03-15")
        self.earn(10, far, expiration_date="2026-03-15", effective_date="2026-03-01")
        self.run_job("cron_purge")
        self.assertBalances(points=20, available=20)
        self.assertBalances(far, points=0)
        before = self.Entry.search_count([])
        self.run_job("cron_purge")
        self.assertEqual(self.Entry.search_count([]), before)
        self.assertClean()

    def test_seal(self):
        """N5: the job seals everything that is settled, once."""
        entry = self.earn(10)
        self.run_job("cron_seal")
        seal = self.env["loyalty.ledger.seal"].search([], limit=1)
        self.assertEqual(seal.last_entry_id, entry.id)
        self.assertEqual(seal.display_name, f"Seal {seal.id}, up to transaction {entry.id}")
        self.run_job("cron_seal")
        self.assertEqual(self.env["loyalty.ledger.seal"].search([], limit=1), seal)
        self.assertClean()

    def test_holds(self):
        """N6: the job marks holds past their time, exactly once; the balances do not depend on it."""
        self.earn(100)
        over = self.card._hold(30, "jobs:over", ttl=timedelta(hours=1))
        later = self.card._hold(20, "jobs:later", ttl=timedelta(days=9))
        always = self.card._hold(10, "jobs:always")
        with self.on("2026-03-16"):
            self.assertBalances(available=70, reserved=30)
            self.run_job("cron_holds")
            self.assertEqual((over + later + always).mapped("state"), ["expired", "active", "active"])
            self.assertBalances(points=100, available=70, reserved=30)
            self.assertFalse(over._release())
            self.assertEqual(over.state, "expired")
            entry = over._consume("Late order")
            self.assertEqual(entry.points, -30)
            self.assertEqual(over._consume("Late order"), entry)
            self.assertBalances(points=70, available=40, reserved=30)
            self.assertClean()
