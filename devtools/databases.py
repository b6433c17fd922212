"""The databases: three templates that are built once and copied, the demo database, and copies for one run.

`base`  Odoo's own modules with demo data; made again only for another Odoo.
`full`  a copy of `base` with all our add-ons and their demo data; made again whenever their contents change.
`test`  a copy of `full` with Odoo's add-ons that change the till and that ours get on with; for our own tests.
Each database has its own copy of its template's filestore: without it, Odoo would find no assets.
"""

import contextlib
import itertools
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from . import cache
from .console import Problem, run_logged, say, step

# Two localisations, because setting up the accounting of a program is tested on real charts of accounts.
BASE_MODULES = ("sale_management", "sale_loyalty", "pos_loyalty", "l10n_be", "l10n_za")
TILL_MODULES = ("pos_restaurant", "pos_hr")
DEMO = "loyalty_demo"
# Part of every template's key: raise it when a template is made in another way.
RECIPE = "1"
OLD_TEMPLATES = 3
OURS = re.compile(r"loyalty_(demo(_new)?|(base|full|test)_[0-9a-f]{12}(_new)?|run_\d+_.*)")
# Odoo tries for PostgreSQL's optional extensions and goes on without them.
ERROR = re.compile(r"^\S+ \S+ \d+ (ERROR|CRITICAL) (?!.*CREATE EXTENSION)")
LOADING = re.compile(r"Loading module (\w+) \((\d+)/(\d+)\)")


@dataclass
class Databases:
    odoo: object
    python: Path
    server: object

    def __post_init__(self):
        folder = cache.cache_folder()
        self.logs = folder / "logs"
        # Two servers can have databases of the same name, which must not share a filestore.
        self.data = folder / f"data{self.server.suffix}"
        self.config = folder / f"odoo{self.server.suffix}.conf"
        self.plain_config = folder / f"odoo-plain{self.server.suffix}.conf"
        self.numbers = itertools.count(1)
        self.addons_path = ",".join(map(str, [*self.odoo.addons, cache.ROOT]))
        self.plain_addons_path = ",".join(map(str, self.odoo.addons))
        for config, addons_path in ((self.config, self.addons_path), (self.plain_config, self.plain_addons_path)):
            self._write_config(config, addons_path)
        self.environment = {
            **self.server.environment,
            "PYTHONPATH": os.pathsep.join(map(str, [self.odoo.python_path, cache.ROOT])),
            # A configuration file of the user's own must not change what runs here.
            "ODOO_RC": str(self.config),
            "PYTHONUNBUFFERED": "1",
            # Odoo's thousands of files are compiled once, and not by each of the many processes of a run.
            "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        }
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self.environment["PATH"] = f"{self.python.parent}{os.pathsep}{self.environment['PATH']}"
        self._drop_left_over()

    def _write_config(self, config, addons_path):
        self.data.mkdir(exist_ok=True)
        screenshots = cache.cache_folder() / "screenshots"
        new = config.with_suffix(".new")
        new.write_text(
            f"[options]\naddons_path = {addons_path}\ndata_dir = {self.data}\nscreenshots = {screenshots}\n"
            "http_interface = 127.0.0.1\nwith_demo = True\nserver_wide_modules = base,rpc,web\n"
        )
        new.replace(config)

    # names and files

    def exists(self, name):
        return bool(self.server.sql(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"))

    def comment(self, name):
        rows = self.server.sql(
            f"SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '{name}'"
        )
        return rows[0][0] if rows else ""

    def set_comment(self, name, text):
        self.server.sql(f"COMMENT ON DATABASE \"{name}\" IS '{text}'")

    def ours(self):
        """All databases that this program made, oldest first."""
        rows = self.server.sql("SELECT datname FROM pg_database ORDER BY oid")
        return [name for (name,) in rows if OURS.fullmatch(name)]

    def filestore(self, name):
        return self.data / "filestore" / name

    def drop(self, name):
        if self.exists(name):
            # Not WITH (FORCE): that needs the right to end an autovacuum that works there by chance. A plain DROP stops it.
            self.server.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                f" WHERE datname = '{name}' AND usename = current_user"
            )
            self.server.sql(f'DROP DATABASE "{name}"')
        shutil.rmtree(self.filestore(name), ignore_errors=True)

    def copy(self, template, name):
        strategy = "STRATEGY FILE_COPY" if self.server.key >= 15 else ""
        self.server.sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}" {strategy}')
        shutil.rmtree(self.filestore(name), ignore_errors=True)
        if self.filestore(template).exists():
            # Odoo never writes into a file of the filestore, so links are as good as copies.
            shutil.copytree(self.filestore(template), self.filestore(name), copy_function=os.link)

    def rename(self, name, new):
        self.server.sql(f'ALTER DATABASE "{name}" RENAME TO "{new}"')
        shutil.rmtree(self.filestore(new), ignore_errors=True)
        if self.filestore(name).exists():
            self.filestore(name).rename(self.filestore(new))

    @contextlib.contextmanager
    def copied(self, template):
        """A copy of a template for one run."""
        name = f"loyalty_run_{os.getpid()}_{next(self.numbers)}"
        self.copy(template, name)
        try:
            yield name
        finally:
            for left in self.ours():
                if left == name or left.startswith(f"{name}-"):
                    self.drop(left)

    def _drop_left_over(self):
        """Copies of runs that were killed. On a shared server they may be another machine's: left to `./dev clean`."""
        if not self.server.embedded:
            return
        for name in self.ours():
            found = re.match(r"loyalty_run_(\d+)_", name)
            if found and not _alive(int(found[1])):
                self.drop(name)

    # templates

    def base(self):
        key = cache.digest(RECIPE, self.odoo.key, self.server.key, *BASE_MODULES)
        return self._template(f"loyalty_base_{key}", self._make_base)

    def full_key(self):
        return cache.digest(self.base(), cache.add_ons_key())

    def full(self):
        base = self.base()
        if not cache.add_ons():
            raise Problem("There is no add-on here: no top-level folder has a __manifest__.py.")
        return self._template(f"loyalty_full_{self.full_key()}", lambda name, log: self._make_full(base, name, log))

    def test(self):
        full = self.full()
        key = cache.digest(full, *TILL_MODULES, "ready company 3")
        return self._template(f"loyalty_test_{key}", lambda name, log: self._make_test(full, name, log))

    def _template(self, name, make):
        if self.exists(name):
            return name
        with cache.lock("templates", "Databases"):
            if not self.exists(name):
                cache.check_space(self.data)
                for broken in (old for old in self.ours() if old.endswith("_new")):
                    self.drop(broken)
                make(f"{name}_new", self.logs / f"{name}.log")
                # A template counts only under its final name, so a half made one is never used.
                self.rename(f"{name}_new", name)
                family = [old for old in self.ours() if old.startswith(name[:13])]
                for old in family[:-OLD_TEMPLATES]:
                    self.drop(old)
        return name

    def _make_base(self, name, log):
        with step(
            f"Database of Odoo's own modules ({', '.join(BASE_MODULES)}) with demo data, once per Odoo"
        ) as current:
            self._install(name, BASE_MODULES, log, current, config=self.plain_config)

    def _make_full(self, base, name, log):
        with step(
            f"Database with our add-ons ({', '.join(cache.add_ons())}), once per change of their contents"
        ) as current:
            self.copy(base, name)
            self._install(name, cache.add_ons(), log, current)

    def _make_test(self, full, name, log):
        with step(f"Database for the tests, with {' and '.join(TILL_MODULES)} too") as current:
            self.copy(full, name)
            self._install(name, TILL_MODULES, log, current)
            current.progress("a company with a chart of accounts, and bundles")
            command = [self.python, "-m", "devtools.ready_company", name]
            run_logged(command, log.with_suffix(".company.log"), current, env=self.environment, cwd=cache.ROOT)

    def _install(self, name, modules, log, current, option="-i", config=None):
        command = self.odoo_command(config)
        command += ["-d", name, option, ",".join(modules)]
        command += ["--stop-after-init", "--no-http", "--max-cron-threads=0"]
        run_logged(command, log, current, describe=_loading, env=self.environment)
        errors = [line for line in log.read_text(errors="replace").splitlines() if ERROR.search(line)]
        if errors:
            text = "\n".join(errors[:10])
            raise Problem(f"{text}\n\n{current.title}: Odoo logged errors. Full log: {log}")
        self._check_installed(name, modules, log)

    def _check_installed(self, name, modules, log):
        rows = self.server.sql("SELECT name FROM ir_module_module WHERE state = 'installed'", database=name)
        missing = set(modules) - {module for (module,) in rows}
        if missing:
            raise Problem(
                f"Odoo did not install {', '.join(sorted(missing))} (a dependency missing, or not installable?). Log: {log}"
            )

    def odoo_command(self, config=None):
        return [self.python, "-m", "odoo", "--config", config or self.config]

    # the demo database

    def demo(self, fresh=False):
        """The demo database, made or brought up to the add-ons' present contents."""
        if fresh:
            self.drop(DEMO)
        facts = f"loyalty-ledger demo; odoo {self.odoo.key}; add-ons {cache.add_ons_key()}"
        if not self.exists(DEMO):
            full = self.full()
            with cache.lock("templates", "Databases"):
                if not self.exists(DEMO):
                    say(f"-- Demo database {DEMO}: copied from {full}")
                    self.drop(f"{DEMO}_new")
                    self.copy(full, f"{DEMO}_new")
                    self._put_off_scheduler(f"{DEMO}_new")
                    self.rename(f"{DEMO}_new", DEMO)
                    self.set_comment(DEMO, facts)
            return DEMO
        found = self.comment(DEMO)
        if found == facts:
            return DEMO
        if f"odoo {self.odoo.key};" not in found:
            raise Problem(
                f"The demo database {DEMO} was made by another Odoo or another version of this program.\n"
                "Make it again, losing what was entered there: ./dev run --fresh"
            )
        with step("Demo database: the add-ons have changed since it was made, upgrading them") as current:
            self._upgrade_demo(current)
            self.set_comment(DEMO, facts)
        return DEMO

    def _put_off_scheduler(self, name):
        """Let Odoo's stock scheduler begin tomorrow: on new demo data its first run fails and logs a long traceback."""
        self.server.sql(
            "UPDATE ir_cron SET nextcall = now() AT TIME ZONE 'UTC' + interval '1 day' WHERE id = (SELECT res_id"
            " FROM ir_model_data WHERE module = 'stock' AND name = 'ir_cron_scheduler_action')",
            database=name,
        )

    def _upgrade_demo(self, current):
        log = self.logs / "upgrade-demo.log"
        rows = self.server.sql("SELECT name FROM ir_module_module WHERE state = 'installed'", database=DEMO)
        installed = {module for (module,) in rows}
        present = cache.add_ons()
        gone = sorted(
            name for name in installed - set(present) if not any((f / name).is_dir() for f in self.odoo.addons)
        )
        if gone:
            raise Problem(
                f"The demo database has add-ons that are no longer here: {', '.join(gone)}.\n"
                "Make it again, losing what was entered there: ./dev run --fresh"
            )
        try:
            if known := [name for name in present if name in installed]:
                self._install(DEMO, known, log, current, "-u")
            if new := [name for name in present if name not in installed]:
                self._install(DEMO, new, log, current, "-i")
        except Problem as problem:
            raise Problem(
                f"{problem}\nThe demo database cannot be upgraded to the present add-ons. Make it again: ./dev run --fresh"
            ) from None


def _loading(line):
    found = LOADING.search(line)
    return f"module {found[2]} of {found[3]}: {found[1]}" if found else None


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def clean(databases):
    """Drop every database that this program made."""
    for name in databases.ours():
        say(f"   dropping database {name}")
        databases.drop(name)
