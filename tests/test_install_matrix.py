"""Adoption, upgrades and removal, on copies of a database that has only Odoo's own modules."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import odoo
from odoo.sql_db import close_db, db_connect
from odoo.tests import BaseCase, tagged
from odoo.tests.common import get_db_name

OURS = ["loyalty_account", "loyalty_ledger", "loyalty_pos", "loyalty_sale"]
#: Nothing brings them by itself.
CHOSEN = ["loyalty_deferral", "loyalty_rebate"]
#: program type, balance before, active, last usable day
CARDS = [
    ("loyalty", 100, True, None),
    ("loyalty", 0.33333, True, None),
    ("loyalty", 0.00004, True, None),
    ("loyalty", -50.5, True, None),
    ("loyalty", None, True, None),
    ("loyalty", 0, True, None),
    ("loyalty", 25, False, None),
    ("loyalty", 99_999_999_990.5, True, None),
    ("ewallet", 12.34, True, None),
    ("ewallet", -0.1, False, None),
    ("gift_card", 50, True, "2020-01-01"),
    ("gift_card", 60.1, True, "2999-12-31"),
    ("coupons", 1.23456, True, None),
    ("promotion", None, True, None),
]
LEDGERED = ("loyalty", "ewallet", "gift_card")


class MatrixCase(BaseCase):
    """Another database, which other processes change."""

    @classmethod
    def server(cls, command):
        connection = db_connect("postgres")
        with connection.cursor() as cr:
            cr._cnx.autocommit = True
            cr.execute(command)

    @classmethod
    def drop(cls, name):
        close_db(name)
        # Not WITH (FORCE): that needs the right to end an autovacuum that works there by chance. A plain DROP stops it.
        cls.server(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND usename = current_user"
        )
        cls.server(f'DROP DATABASE IF EXISTS "{name}"')
        shutil.rmtree(odoo.tools.config.filestore(name), ignore_errors=True)

    def copy(self, template):
        """Let the test work on a copy of ``template``."""
        self.assertTrue(template, "LOYALTY_BASE_DB must name a database with Odoo's own modules; ./dev test sets it")
        self.name = f"{get_db_name()}-matrix-{type(self).__name__.lower()}"
        self.drop(self.name)
        self.server(f'CREATE DATABASE "{self.name}" TEMPLATE "{template}"')
        self.addCleanup(self.drop, self.name)

    @classmethod
    def addons_path(cls):
        return ",".join([*_list(odoo.tools.config["addons_path"]), str(Path(__file__).with_name("addons"))])

    @classmethod
    def odoo(cls, name, *arguments):
        """Run Odoo's own command on the database ``name``, as anybody who upgrades does; return what it logged."""
        command = [sys.executable, "-m", "odoo", "-d", name, f"--addons-path={cls.addons_path()}"]
        command += [f"--data-dir={odoo.tools.config['data_dir']}", "--no-http", "--max-cron-threads=0"]
        command += ["--stop-after-init", "--log-level=error", *arguments]
        process = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        log = process.stdout + process.stderr
        # Odoo tries for PostgreSQL's optional extensions and goes on without them.
        errors = [
            line for line in log.splitlines() if (" ERROR " in line or " CRITICAL " in line) and "EXTENSION" not in line
        ]
        assert not process.returncode and not errors, log[-3000:]

    def upgrade(self, module):
        self.odoo(self.name, "-u", module)

    def rows(self, query, *params):
        with db_connect(self.name).cursor() as cr:
            cr.execute(query, params)
            found = cr.fetchall() if cr.description else []
        close_db(self.name)
        return found

    def balances(self):
        return dict(self.rows("SELECT id, round(points::numeric, 4)::text FROM loyalty_card"))

    def start_process(self, action, *names):
        script = Path(__file__).with_name("matrix_process.py")
        return subprocess.run(
            [sys.executable, script, self.name, self.addons_path(), odoo.tools.config["data_dir"], action, *names],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    def run_process(self, action, *names):
        process = self.start_process(action, *names)
        self.assertEqual(process.returncode, 0, process.stderr[-3000:])
        self.assertNotIn("ERROR", process.stderr, process.stderr[-3000:])
        answer, problems = json.loads(process.stdout.splitlines()[-1])
        self.assertEqual(problems, [])
        return answer


@tagged("post_install", "-at_install")
class TestInstallMatrix(MatrixCase):
    def setUp(self):
        super().setUp()
        self.copy(os.environ.get("LOYALTY_BASE_DB"))

    def prepare(self):
        """Cards as a shop has them before us: every type, archived, empty, owing, with fractions; some with history."""
        # Without our demo data: their cards stay behind, and coming again would find their numbers taken.
        self.rows("UPDATE ir_module_module SET demo = FALSE")
        programs = {}
        for kind in {card[0] for card in CARDS}:
            ((programs[kind],),) = self.rows(
                """
                INSERT INTO loyalty_program (name, program_type, applies_on, trigger, currency_id, company_id, active)
                SELECT jsonb_build_object('en_US', %s::text), %s, 'both', 'auto', c.currency_id, c.id, TRUE
                  FROM res_company c ORDER BY id LIMIT 1 RETURNING id
                """,
                f"Matrix {kind}",
                kind,
            )
        before = {}
        for number, (kind, points, active, expiry) in enumerate(CARDS):
            ((card_id,),) = self.rows(
                """
                INSERT INTO loyalty_card (program_id, code, points, active, expiration_date, company_id, create_date)
                SELECT p.id, %s, %s, %s, %s, p.company_id, now() FROM loyalty_program p WHERE p.id = %s RETURNING id
                """,
                f"matrix-{number}",
                points,
                active,
                expiry,
                programs[kind],
            )
            before[card_id] = (kind, points)
            if number % 3 == 0 and points:
                self.rows(
                    "INSERT INTO loyalty_history (card_id, description, issued, used) VALUES (%s, 'Before', %s, %s)",
                    card_id,
                    max(points, 0) + 7.00005,
                    max(-points, 0),
                )
        return before

    def column_type(self):
        ((name,),) = self.rows(
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'loyalty_card'::regclass AND attname = 'points'"
        )
        return name

    def assertAdopted(self, before, codes="matrix-%"):
        """Every ledgered card has its balance as an opening entry; the rest is as it was."""
        found = self.rows(
            """
            SELECT c.id, c.ledgered, round(c.points::numeric, 4)::float, c.debt_points::float, e.kind, e.points::float,
                   l.remaining::float, e.reason
              FROM loyalty_card c
              LEFT JOIN loyalty_ledger_entry e ON e.card_id = c.id LEFT JOIN loyalty_lot l ON l.entry_id = e.id
             WHERE c.code LIKE %s ORDER BY c.id
            """,
            codes,
        )
        self.assertEqual(len(found), len(before))
        for card_id, ledgered, points, debt, kind, entry, lot, reason in found:
            program_type, old = before[card_id]
            exact = round(old or 0, 4)
            self.assertEqual(bool(ledgered), program_type in LEDGERED)
            if not ledgered:
                self.assertEqual((points or 0, kind), (exact, None))
                continue
            self.assertEqual((points, debt), (exact, max(0, -exact)))
            if not exact:
                self.assertIsNone(kind)
                continue
            self.assertEqual((kind, entry, lot), ("opening", exact, exact if exact > 0 else None))
            self.assertEqual("rounded from" in reason, exact != old, reason)

    def assertGone(self):
        """Odoo's loyalty as it was: plain column, no trigger or function of ours, a history that adds up."""
        self.assertEqual(self.column_type(), "double precision")
        self.assertEqual(
            self.rows(
                """
                SELECT tgname FROM pg_trigger
                 WHERE NOT tgisinternal AND tgrelid::regclass::text LIKE 'loyalty%%'
                """
            ),
            [],
        )
        self.assertEqual(self.rows("SELECT proname FROM pg_proc WHERE proname LIKE 'loyalty\\_%%'"), [])
        self.assertEqual(
            self.rows(
                "SELECT relname FROM pg_class WHERE relname ~ '^loyalty_(ledger|lot|hold|level|exception|adoption|earning)'"
            ),
            [],
        )
        self.assertEqual(self.rows("SELECT name FROM ir_model_data WHERE module = ANY(%s)", OURS), [])
        self.assertEqual(
            self.rows("SELECT report_name FROM ir_act_report_xml WHERE model = 'loyalty.card' AND domain IS NOT NULL"),
            [],
        )
        self.assertEqual(
            self.rows(
                """
                SELECT c.id, c.points, h.points FROM loyalty_card c
                  JOIN loyalty_program p ON p.id = c.program_id
                  LEFT JOIN (SELECT card_id, sum(issued - used) AS points FROM loyalty_history GROUP BY card_id) h
                         ON h.card_id = c.id
                 WHERE p.program_type = ANY(%s)
                   AND round(COALESCE(c.points, 0)::numeric, 4) <> round(COALESCE(h.points, 0)::numeric, 4)
                """,
                list(LEDGERED),
            ),
            [],
        )

    def assertDoubled(self):
        """What another add-on stores about a balance follows it."""
        self.assertEqual(
            self.rows(
                """
                SELECT code, points, neighbour_double FROM loyalty_card
                 WHERE round(neighbour_double::numeric, 4) IS DISTINCT FROM round(2 * COALESCE(points, 0)::numeric, 4)
                """
            ),
            [],
        )

    def test_adoption_and_removal(self):
        """N29, N12: every balance becomes an opening entry, archived ones too; removing leaves the balances; both again.

        Another add-on that stores what depends on balances is right at every step, and each upgrade changes nothing.
        """
        before = self.prepare()
        archived = {int(key): ("loyalty", points) for key, points in self.run_process("archive").items()}
        self.run_process("install", "loyalty_neighbour")
        self.assertDoubled()
        rounded = {card_id: None if points is None else f"{points:.4f}" for card_id, (__, points) in before.items()}
        self.assertEqual(self.run_process("install", "loyalty_ledger"), OURS)
        self.assertEqual(self.column_type(), "numeric(16,4)")
        self.assertAdopted(before)
        self.assertAdopted(archived, "archived-%")
        self.assertDoubled()
        self.assertEqual(
            self.rows("SELECT DISTINCT neighbour_double FROM loyalty_card WHERE code = 'matrix-1'"), [(0.6666,)]
        )
        # It sees in write() what Odoo's code writes; what the ledger posts reaches its stored fields only.
        self.assertEqual(self.run_process("neighbour"), ["7.5", "15.0", "0>5;"])
        self.assertGreater(self.run_process("use"), 3)
        used = self.balances()
        self.assertDoubled()
        # With Odoo's own demo data as the template has it: an upgrade removes records whose file it does not load.
        self.rows("UPDATE ir_module_module SET demo = TRUE WHERE state = 'installed' AND NOT name = ANY(%s)", OURS)
        self.upgrade("all")  # base too, on which all depend
        self.assertEqual(self.balances(), used)
        self.rows("UPDATE ir_module_module SET demo = FALSE")
        wrote, again = self.run_process("prepare_upgrade")
        self.assertGreater(wrote, len(before) / 2)
        self.assertEqual(again, 0, "history lines that a second run writes")
        changed = {card_id for card_id in rounded if used[card_id] != (rounded[card_id] or "0.0000")}
        self.assertTrue(changed - {card_id for card_id in rounded if before[card_id][1] is None})

        # Any subset may go: first the bridges, then the ledger.
        self.assertEqual(
            self.run_process("uninstall", "loyalty_sale"), ["loyalty_account", "loyalty_ledger", "loyalty_pos"]
        )
        self.assertEqual(self.balances(), used)
        self.rows("CREATE VIEW shop_report AS SELECT * FROM loyalty_card")
        process = self.start_process("uninstall", "loyalty_ledger")
        self.assertNotEqual(process.returncode, 0)
        self.assertIn("it is used by: view shop_report. Keep", process.stderr)
        self.rows("DROP VIEW shop_report")
        self.assertEqual(self.run_process("uninstall", "loyalty_ledger"), [])
        self.assertEqual(self.balances(), used)
        self.assertGone()
        self.assertDoubled()
        self.assertTrue(self.run_process("upstream"))
        self.assertEqual(self.balances(), used)

        # And back again.
        again = {
            card_id: (kind, None if used[card_id] is None else float(used[card_id]))
            for card_id, (kind, __) in before.items()
        }
        self.assertEqual(self.run_process("install", "loyalty_ledger"), OURS)
        self.assertEqual(
            {key: value or "0.0000" for key, value in self.balances().items()},
            {key: value or "0.0000" for key, value in used.items()},
        )
        self.assertAdopted(again)

    def test_adoption_refuses_impossible_balances(self):
        """N29, N12: balances that are no number, or too large, and views on them, stop the installation before anything is changed."""
        before = self.prepare()
        self.rows("UPDATE loyalty_card SET points = 'NaN' WHERE code = 'matrix-0'")
        process = self.start_process("install", "loyalty_ledger")
        self.assertNotEqual(process.returncode, 0)
        self.assertIn("1 loyalty cards have a balance", process.stderr)
        self.assertEqual(self.column_type(), "double precision")
        self.assertEqual(self.rows("SELECT count(*) FROM loyalty_card WHERE code LIKE 'matrix-%%'"), [(len(before),)])

        # Neither does PostgreSQL rewrite what others built on the balance: it is named, with the way out.
        self.rows("UPDATE loyalty_card SET points = 0 WHERE code = 'matrix-0'")
        self.rows("CREATE VIEW shop_report AS SELECT code, points FROM loyalty_card")
        self.rows("CREATE MATERIALIZED VIEW shop_sums AS SELECT sum(points) FROM shop_report")
        self.rows("CREATE VIEW shop_numbers AS SELECT code FROM loyalty_card")
        process = self.start_process("install", "loyalty_ledger")
        self.assertNotEqual(process.returncode, 0)
        self.assertIn("it is used by: materialized view shop_sums, view shop_report. Keep", process.stderr)
        self.assertEqual(self.column_type(), "double precision")


@tagged("post_install", "-at_install")
class TestUpgradeMatrix(MatrixCase):
    """Odoo's own modules are upgraded in databases that have one of our add-ons and what it needs, nothing else."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template = f"{get_db_name()}-matrix-alone"
        cls.drop(cls.template)
        cls.addClassCleanup(cls.drop, cls.template)
        cls.odoo(cls.template, "-i", "loyalty_ledger", "--without-demo")

    def setUp(self):
        super().setUp()
        self.copy(self.template)

    def assertUpgrades(self, *ours, modules=("base",)):
        names = "SELECT name FROM ir_module_module WHERE state = 'installed' AND name = ANY(%s) ORDER BY name"
        for module in modules:
            self.upgrade(module)
            self.assertEqual(self.rows(names, [*OURS, *CHOSEN]), [(name,) for name in ours])

    def test_ledger_alone(self):
        """N29, N12: upgrading base, or everything, works with the ledger alone, and heals what was never taken over."""
        program_id, company_id = self.run_process("program")
        self.rows(
            """
            ALTER TABLE loyalty_card DISABLE TRIGGER USER;
            INSERT INTO loyalty_card (program_id, code, points, active, company_id) VALUES
                   (%s, 'missed-1', 15.5, TRUE, %s), (%s, 'missed-2', NULL, FALSE, %s);
            ALTER TABLE loyalty_card ENABLE TRIGGER USER;
            """,
            *(program_id, company_id, program_id, company_id),
        )
        self.assertUpgrades("loyalty_ledger", modules=("base", "all"))
        self.assertEqual(
            self.rows(
                """
                SELECT c.code, c.ledgered, c.points, e.kind, e.points, l.remaining FROM loyalty_card c
                  LEFT JOIN loyalty_ledger_entry e ON e.card_id = c.id LEFT JOIN loyalty_lot l ON l.entry_id = e.id
                 WHERE c.code LIKE 'missed-%%' ORDER BY c.code
                """
            ),
            [("missed-1", True, 15.5, "opening", 15.5, 15.5), ("missed-2", True, 0, None, None, None)],
        )
        self.assertEqual(self.run_process("installed"), ["loyalty_ledger"])  # and verification finds nothing

    def test_account_alone(self):
        """N29, N12: base is upgraded without orders and tills, with deferral and rebates, and once they have left again."""
        self.odoo(self.name, "-i", ",".join(["loyalty_account", *CHOSEN]))
        program_id, __ = self.run_process("program")
        self.run_process("grant", str(program_id))
        before = self.balances()
        self.assertIn("40.0000", before.values())
        self.assertUpgrades("loyalty_account", "loyalty_deferral", "loyalty_ledger", "loyalty_rebate")
        self.assertEqual(self.balances(), before)

        self.rows("UPDATE loyalty_program SET accounting_policy = 'deferral' WHERE id = %s", program_id)
        process = self.start_process("uninstall", "loyalty_deferral")
        self.assertNotEqual(process.returncode, 0)
        self.assertIn("Revenue of these programs is deferred: Old.", process.stderr)
        self.rows("UPDATE loyalty_program SET accounting_policy = 'none' WHERE id = %s", program_id)
        self.assertEqual(self.run_process("uninstall", *CHOSEN), ["loyalty_account", "loyalty_ledger"])
        self.assertEqual(self.balances(), before)
        self.assertEqual(self.rows("SELECT name, module FROM ir_model_data WHERE module = ANY(%s)", CHOSEN), [])
        self.assertEqual(
            self.rows("SELECT relname FROM pg_class WHERE relname ~ '^loyalty_(cohort|deferral|target)'"), []
        )
        self.assertUpgrades("loyalty_account", "loyalty_ledger")
        self.assertEqual(self.balances(), before)

    def test_sale_alone(self):
        """N29, N12: upgrading base works with orders and without tills."""
        self.odoo(self.name, "-i", "sale_loyalty")
        self.assertUpgrades("loyalty_account", "loyalty_ledger", "loyalty_sale")

    def test_pos_alone(self):
        """N29, N12: upgrading base works with tills and without orders."""
        self.odoo(self.name, "-i", "pos_loyalty")
        self.assertUpgrades("loyalty_account", "loyalty_ledger", "loyalty_pos")


def _list(value):
    return value.split(",") if isinstance(value, str) else value
