"""The scheduled jobs as the scheduler runs them, on connections of their own, beside somebody who is not done yet."""

import threading
from datetime import timedelta
from unittest.mock import patch

from crowd import CrowdCase
from dateutil.relativedelta import relativedelta

import odoo
from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.loyalty_account.models.loyalty_close_step import LoyaltyCloseStep
from odoo.addons.loyalty_ledger.ledger import settled
from odoo.addons.loyalty_ledger.models import loyalty_card_purge
from odoo.addons.loyalty_ledger.tools.today import loyalty_today

JOBS = (
    "loyalty_ledger.cron_purge",
    "loyalty_ledger.cron_holds",
    "loyalty_ledger.cron_balance_import",
    "loyalty_account.cron_sync",
    "loyalty_account.cron_accrue",
    "loyalty_account.cron_close",
    "loyalty_ledger.cron_seal",
    "loyalty_ledger.cron_verify",
    "loyalty_ledger.cron_fold_days",
    "loyalty_ledger.cron_dashboard_cards",
    "loyalty_account.cron_fold_values",
)


class JobsCase(CrowdCase):
    """Nothing here is rolled back at the end: cards and programs are its own."""

    def setUp(self):
        super().setUp()
        self.writers = []
        self.addCleanup(self.close_writers)

    def close_writers(self):
        for writer in self.writers:
            writer.close()

    def run_job(self, name):
        """Run a job as the scheduler does; whatever it raises fails the test."""
        with self.registry.cursor() as cr:
            env = odoo.api.Environment(cr, odoo.SUPERUSER_ID, {})
            self.assertIs(env.ref(name).method_direct_trigger(), True, name)

    def post(self, env, card_id, points, key, kind="earn", **values):
        op = {"card_id": card_id, "kind": kind, "points": points, "key": f"{key}:{card_id}", **values}
        return env["loyalty.card"].browse(card_id)._post_entries([op])

    def hold_open(self, card_id, points=5, **values):
        """Post on a connection that stays open; return it and the id that the entry drew."""
        writer = self.registry.cursor()
        self.writers.append(writer)
        return writer, self.post(self.env_of(writer), card_id, points, "held open", **values).id

    def alarms(self):
        with self.registry.cursor() as cr:
            exceptions = self.env_of(cr)["loyalty.exception"].search([("kind", "=", "verify")])
            return exceptions.mapped(lambda exception: (exception.res_model, exception.res_id, exception.state))

    def broken_seals(self):
        with self.registry.cursor() as cr:
            return self.env_of(cr)["loyalty.ledger.seal"]._find_broken()

    def seal_up_to(self):
        with self.registry.cursor() as cr:
            return self.env_of(cr)["loyalty.ledger.seal"].search([], limit=1).last_entry_id

    def wait_for_lock(self, mode, done):
        """Return when somebody waits for a lock of that mode on the ledger, or ``done()``."""
        with self.registry.cursor() as cr:
            while not done():
                cr.execute(
                    """
                    SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = %s
                       AND relation = 'loyalty_ledger_entry'::regclass
                       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                    """,
                    [mode],
                )
                if cr.fetchone()[0]:
                    return
                cr.rollback()


@tagged("post_install", "-at_install")
class TestSealingJob(JobsCase):
    def test_slow_writer(self):
        """N29, N5: a writer with a lower id that commits while the job waits is part of the seal."""
        slow, quick = self.make_cards(10, 10)
        before, broken = self.alarms(), self.broken_seals()
        writer, low = self.hold_open(slow)
        with self.registry.cursor() as cr:
            high = self.post(self.env_of(cr), quick, 5, "quick").id
        self.assertLess(low, high)
        job = threading.Thread(target=self.run_job, args=("loyalty_ledger.cron_seal",))
        job.start()
        self.wait_for_lock("ShareLock", lambda: not job.is_alive())
        writer.commit()
        job.join()
        self.assertGreaterEqual(self.seal_up_to(), high)
        self.assertEqual(self.broken_seals(), broken)
        self.run_job("loyalty_ledger.cron_verify")
        self.assertEqual(self.alarms(), before)

    def test_writer_that_does_not_end(self):
        """N29, N5: beside a transaction that stays open the job seals nothing, says so, and comes back soon."""
        (card_id,) = self.make_cards(10)
        before = self.seal_up_to()
        writer, low = self.hold_open(card_id)
        self.run_job("loyalty_ledger.cron_seal")
        self.assertEqual(self.seal_up_to(), before)
        with self.registry.cursor() as cr:
            cron = self.env_of(cr).ref("loyalty_ledger.cron_seal")
            again = self.env_of(cr)["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
            self.assertTrue(again.filtered(lambda trigger: trigger.call_at > fields.Datetime.now()))
        writer.commit()
        self.run_job("loyalty_ledger.cron_seal")
        self.assertGreaterEqual(self.seal_up_to(), low)


@tagged("post_install", "-at_install")
class TestDaysJob(JobsCase):
    """Sums by day, which nobody who posts waits for."""

    def sums(self):
        """Return what the sums and the transactions since say of the program, and how far the sums go."""
        with self.registry.cursor() as cr:
            daily = self.env_of(cr)["loyalty.daily"]
            cr.execute(SQL("SELECT sum(points) FROM (%s) r WHERE program_id = %s", daily._day_rows(), self.program_id))
            return float(cr.fetchone()[0]), daily._folded_up_to()

    def test_beside_writers(self):
        """N27: beside a writer that drew a lower id the job sums up nothing, holds nobody up, and misses nothing later."""
        slow, quick = self.make_cards(10, 20)
        self.run_job("loyalty_ledger.cron_fold_days")
        total, before = self.sums()
        self.assertEqual(total, 30.0)
        writer, low = self.hold_open(slow, 5)
        with self.registry.cursor() as cr:
            high = self.post(self.env_of(cr), quick, 7, "quick").id
        self.assertLess(low, high)
        looking = threading.Event()
        self.patch(settled, "WRITERS_PATIENCE", 60)
        self.patch(settled.time, "sleep", lambda seconds: looking.set())
        job = threading.Thread(target=self.run_job, args=("loyalty_ledger.cron_fold_days",))
        job.start()
        looking.wait()
        with self.registry.cursor() as cr:  # while the job looks, a register posts
            cr.execute("SET LOCAL lock_timeout = '2s'")
            self.post(self.env_of(cr), quick, 1, "meanwhile")
        self.assertEqual(self.sums(), (38.0, before))
        writer.commit()
        job.join()
        total, after = self.sums()
        self.assertEqual(total, 43.0)
        self.assertGreaterEqual(after, high)
        self.run_job("loyalty_ledger.cron_fold_days")
        self.assertEqual(self.sums()[0], 43.0)
        with self.registry.cursor() as cr:
            env = self.env_of(cr)
            wrong = [row for row in env.execute_query(env["loyalty.daily"]._differences()) if row[0] == self.program_id]
            self.assertEqual(wrong, [])

    def test_writer_that_does_not_end(self):
        """N27: where somebody does not end, the sums stay as they are, and figures are complete all the same."""
        slow, quick = self.make_cards(10, 20)
        self.run_job("loyalty_ledger.cron_fold_days")
        __, before = self.sums()
        writer, __ = self.hold_open(slow, 5)
        self.patch(settled, "WRITERS_PATIENCE", 0)
        self.run_job("loyalty_ledger.cron_fold_days")
        self.assertEqual(self.sums(), (30.0, before))
        writer.commit()
        self.assertEqual(self.sums(), (35.0, before))


class BooksJobsCase(JobsCase):
    """The program keeps books in a company with a chart of accounts."""

    def setUp(self):
        super().setUp()
        with self.registry.cursor() as cr:
            self.set_up_books(self.env_of(cr))

    def set_up_books(self, env):
        company = env.company
        if not company.chart_template:
            env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
        Account = env["account.account"].with_company(company)
        cost, liability = Account.create(
            [
                {
                    "name": f"Jobs {kind}",
                    "code": Account._search_new_account_code(code),
                    "account_type": kind,
                    "company_ids": [Command.set(company.ids)],
                }
                for kind, code in (("expense", "698001"), ("liability_current", "258001"))
            ]
        )
        self.company_id = company.id
        env["loyalty.program"].browse(self.program_id).write(
            {
                "company_id": company.id,
                "currency_id": company.currency_id.id,
                "accounting_policy": "accrual",
                "accrual_schedule": "monthly",
                "vat_mode": "tender",
                "cost_account_id": cost.id,
                "liability_account_id": liability.id,
                "point_value": 0.1,
                "expiry_policy": "lot",
                "expiry_delay": 12,
                "expiry_unit": "month",
            }
        )
        self.today = loyalty_today(env, company)
        self.month_end = self.today.replace(day=1) - timedelta(days=1)


@tagged("post_install", "-at_install")
class TestAllJobs(BooksJobsCase):
    def test_every_job_beside_a_writer(self):
        """N29: each job, beside a transaction that stays open and commits a lower id later: none raises, none finds
        damage, none misses what the writer did."""
        slow, quick, due = self.make_cards(100, 100, 0)
        day = self.month_end
        with self.registry.cursor() as cr:
            env = self.env_of(cr)
            self.post(env, due, 30, "due", effective_date=day, expiration_date=day)
            card = env["loyalty.card"].browse([slow])
            card._hold(10, f"jobs:{slow}", ttl=-5)
        self.run_job("loyalty_ledger.cron_verify")
        before, broken = self.alarms(), self.broken_seals()
        writer, low = self.hold_open(slow, effective_date=day)
        with self.registry.cursor() as cr:
            high = self.post(self.env_of(cr), quick, 5, "quick", effective_date=day).id
        self.assertLess(low, high)
        for job in JOBS:
            self.run_job(job)
        self.assertEqual(self.balances([due], "points"), [(0.0,)])
        writer.commit()
        for job in JOBS:
            self.run_job(job)
        self.assertEqual(self.alarms(), before)
        self.assertGreaterEqual(self.seal_up_to(), high)
        with self.registry.cursor() as cr:
            env = self.env_of(cr)
            self.assertEqual(env["loyalty.hold"].search([("card_id", "=", slow)]).mapped("state"), ["expired"])
        self.assertEqual(self.broken_seals(), broken)

    def test_purge_that_dies(self):
        """N29, P12: a purge that is killed between two batches leaves no batch without its journal entry."""
        first, second = self.make_cards(0, 0)
        expired = self.today - timedelta(days=40)
        with self.registry.cursor() as cr:
            env = self.env_of(cr)
            env["loyalty.point.value"].search([("program_id", "=", self.program_id)]).date = "2020-01-01"
            for card_id in (first, second):
                self.post(
                    env,
                    card_id,
                    100,
                    "dies",
                    kind="adjust",
                    reason="Gift",
                    effective_date=expired,
                    expiration_date=expired,
                )
        Card, batches = self.registry["loyalty.card"], []
        original = Card._purge_progress

        def die(cards, *args):
            result = original(cards, *args)
            batches.append(args)
            if len(batches) == 1:
                raise KeyboardInterrupt
            return result

        self.patch(loyalty_card_purge, "BATCH", 1)
        self.patch(Card, "_purge_progress", die)
        with self.assertRaises(KeyboardInterrupt):
            self.run_job("loyalty_ledger.cron_purge")
        self.assertEqual(self.written_off(first, second), [[-10.0], []])
        self.run_job("loyalty_ledger.cron_purge")
        self.assertEqual(self.written_off(first, second), [[-10.0], [-10.0]])

    def written_off(self, *card_ids):
        """Return what was booked for the expiry of each card's points."""
        with self.registry.cursor() as cr:
            Valuation = self.env_of(cr)["loyalty.valuation"]
            return [
                Valuation.search(
                    [("card_id", "=", card_id), ("kind", "=", "expire"), ("move_id.state", "=", "posted")]
                ).mapped("amount")
                for card_id in card_ids
            ]

    def test_purge_and_conflict(self):
        """N29: a batch that another transaction gets in the way of is rolled back and run again; the job goes on."""
        (card_id,) = self.make_cards(0)
        with self.registry.cursor() as cr:
            self.post(
                self.env_of(cr), card_id, 30, "due", effective_date=self.month_end, expiration_date=self.month_end
            )
        Card, tries = self.registry["loyalty.card"], []
        original = Card._write_off

        def interfere(cards, day):
            if card_id in cards.ids:
                tries.append(day)
                if len(tries) == 1:
                    cards.env.cr.execute("SELECT 1 FROM loyalty_program WHERE id = %s", [self.program_id])
                    with self.registry.cursor() as cr:
                        cr.execute("UPDATE loyalty_program SET write_date = now() WHERE id = %s", [self.program_id])
                    cards.env.cr.execute(
                        "UPDATE loyalty_program SET write_date = now() WHERE id = %s", [self.program_id]
                    )
            original(cards, day)

        self.patch(Card, "_write_off", interfere)
        self.run_job("loyalty_ledger.cron_purge")
        self.assertEqual(len(tries), 2)
        self.assertEqual(self.balances([card_id], "points"), [(0.0,)])

    def test_accrual_beside_a_writer(self):
        """N29, N1: what a transaction in flight earned for the month of a run came late; it is no fault of the proof."""
        slow, quick = self.make_cards(0, 0)
        writer, low = self.hold_open(slow, 50, effective_date=self.month_end)
        with self.registry.cursor() as cr:
            high = self.post(self.env_of(cr), quick, 100, "quick", effective_date=self.month_end).id
        self.assertLess(low, high)

        def accrue():
            with self.registry.cursor() as cr:
                self.env_of(cr)["loyalty.accrual.run"].create({"program_id": self.program_id}).action_post()

        run = threading.Thread(target=accrue)
        run.start()
        self.wait_for_lock("ShareLock", lambda: not run.is_alive())
        writer.commit()
        run.join()
        with self.registry.cursor() as cr:
            env = self.env_of(cr)
            program = env["loyalty.program"].browse(self.program_id)
            run = env["loyalty.accrual.run"].search([("program_id", "=", program.id)])
            self.assertEqual((run.state, run.target_points, run.last_entry_id), ("posted", 100.0, low - 1))
            proof = program._loyalty_proof(self.today)
            self.assertFalse([item for item in proof["completeness"]["items"] if not item["explained"]], proof)
            self.assertEqual((proof["residual"], proof["residual_points"]), (0, 0))
            self.assertIn("Posted late", proof["completeness"]["items"][0]["problem"])


class Killed(BaseException):
    """What stops a process between two steps; nothing that catches errors catches it."""


@tagged("post_install", "-at_install")
class TestCloseJob(JobsCase):
    """A close that is killed between two steps goes on behind the last one that was done."""

    def test_killed_between_steps(self):
        """M17: killed before each step in turn, the close posts each step once and ends with nothing unexplained."""
        (card_id,) = self.make_cards(0)
        with self.registry.cursor() as cr:
            env = self.env_of(cr)
            program = env["loyalty.program"].browse(self.program_id)
            company = env["res.company"].create({"name": f"Closed {self.program_id}"})
            env["account.chart.template"].try_loading("generic_coa", company=company, install_demo=False)
            accounts = env["account.account"].with_company(company)
            program.write(
                {
                    "company_id": company.id,
                    "currency_id": company.currency_id.id,
                    "liability_account_id": accounts.search([("account_type", "=", "liability_current")], limit=1).id,
                    "cost_account_id": accounts.search([("account_type", "=", "expense")], limit=1).id,
                    "vat_mode": "tender",
                    "accounting_policy": "accrual",
                    "point_value_ids": [Command.create({"date": "2020-01-01", "point_value": 0.1})],
                }
            )
            company.write({"loyalty_close_schedule": "monthly", "loyalty_close_delay": 0})
            last_month = loyalty_today(env, company) + relativedelta(day=1, days=-1)
            self.post(env, card_id, 100, "close", effective_date=last_month)
        self.addCleanup(self.leave, company.id)
        done, seen = [], []
        for __ in range(20):
            with patch.object(LoyaltyCloseStep, "_execute", self.killer(done, seen)), self.registry.cursor() as cr:
                try:
                    self.env_of(cr).ref("loyalty_account.cron_close").method_direct_trigger()
                except Killed:
                    cr.rollback()
                    continue
                break
        with self.registry.cursor() as cr:
            close = self.env_of(cr)["loyalty.close"].search([("company_id", "=", company.id)])
            self.assertEqual([(close.state, close.residual, close.problem)], [("done", 0.0, False)])
            self.assertEqual(close.step_ids.mapped("state"), ["done"] * 5)
            # Each step was about to run twice, and ran once.
            self.assertEqual(done, [code for step in close.step_ids for code in (f"kill {step.code}", step.code)])
            self.assertEqual(close.step_ids.run_id.move_id.line_ids.mapped("balance"), [10.0, -10.0])
            self.assertEqual(len(close.figure_ids), 16)
            self.assertEqual(len(close.attachment_ids), 2)
            self.assertFalse(close.is_running_now)
        # While a step runs, others see that and do not run another one; a close that was killed does not look so.
        self.assertEqual(seen, [(True, "Somebody else is running this close. Wait until it is done.")] * 5)

    def look(self, close_id):
        """Return what somebody else sees of a close: whether it is running, and why it cannot be run."""
        with self.registry.cursor() as cr:
            close = self.env_of(cr)["loyalty.close"].browse(close_id)
            running = close.is_running_now
            try:
                close.action_run()
            except UserError as error:
                return running, str(error)
            cr.rollback()
            return running, None

    def killer(self, done, seen):
        """Return an ``_execute`` that is killed the first time that each step is about to run; the second time, somebody
        else looks on."""
        execute = LoyaltyCloseStep._execute

        def killed_once(step):
            if step.company_id.name == f"Closed {self.program_id}":
                if f"kill {step.code}" not in done:
                    done.append(f"kill {step.code}")
                    raise Killed
                done.append(step.code)
                seen.append(self.look(step.close_id.id))
            return execute(step)

        return killed_once

    def leave(self, company_id):
        with self.registry.cursor() as cr:
            self.env_of(cr)["res.company"].browse(company_id).loyalty_close_schedule = "off"
