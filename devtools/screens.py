"""The screens as people use them: jobs in a browser with their clicks counted, and pictures of the main screens."""

import contextlib
import os
import re
import shutil
import time
import urllib.error
import urllib.request

from . import cache, console, node, suites
from .console import Problem, say, step

SCRIPT = "tests/screens/run.mjs"
#: What the jobs need besides the demo data.
PREPARE = "tests/screens/prepare.py"
TROUBLE = re.compile(r"^\S+ \S+ \d+ (ERROR|CRITICAL) |^Traceback ")


def jobs(bases, options):
    """Walk the jobs on a fresh copy of a database with demo data."""
    arguments = ["--keep", _folder("jobs")]
    for name in options.names:
        arguments += ["--job", name]
    return _on_a_server(bases, arguments)


def screens(bases, options):
    """Take the pictures; they are kept in the folder that is said at the end."""
    folder = options.folder or _folder("screens")
    arguments = ["--shots", os.path.abspath(folder)]
    for name in options.names:
        arguments += ["--screen", name]
    status = _on_a_server(bases, arguments)
    say(f"pictures: {folder}")
    return status


def _folder(name):
    folder = cache.cache_folder() / "screenshots" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _on_a_server(bases, arguments):
    suites.check_browser(required={"chromium"})
    browser = next(filter(None, map(shutil.which, suites.BROWSERS)), None)
    if not browser:
        raise Problem("There is no Chromium. On Debian: sudo apt-get install -y chromium")
    tools = node.find(bases.python)
    environment = {**os.environ, "LOYALTY_NODE_MODULES": str(tools.modules), "LOYALTY_BROWSER": browser}
    # The template of the tests has the bundles of scripts and styles ready.
    with bases.copied(bases.test()) as database:
        _prepare(bases, database)
        log = bases.logs / "screens.log"
        with _server(bases, database, log, tools) as url:
            command = [tools.node, cache.ROOT / SCRIPT, "--url", url, *arguments]
            status = console.call(command, env=environment, cwd=cache.ROOT)
        return _said_by_server(log) or status


@contextlib.contextmanager
def _server(bases, database, log, tools):
    """Odoo on a port of its own; gives its address as soon as it answers."""
    port = suites.free_port()
    url = f"http://127.0.0.1:{port}"
    command = [*bases.odoo_command(), "-d", database, f"--db-filter=^{database}$", f"--http-port={port}"]
    command += ["--max-cron-threads=0", "--log-level=warn"]
    with log.open("w") as file:
        path = [str(tools.modules / ".bin"), tools.path, bases.environment["PATH"]]
        environment = {**bases.environment, "PATH": os.pathsep.join(path)}
        process = console.start(command, stdout=file, env=environment, cwd=cache.ROOT)
    try:
        with step("Odoo for a browser"):
            _wait_for(url, process, log)
        yield url
    finally:
        console.stop(process)


def _wait_for(url, process, log):
    for __ in range(600):
        if process.poll() is not None:
            raise Problem(f"{console.tail(log)}\n\nOdoo did not start. Full log: {log}")
        with contextlib.suppress(OSError, urllib.error.URLError):
            urllib.request.urlopen(f"{url}/web/health", timeout=2)
            return
        time.sleep(0.2)
    raise Problem(f"{console.tail(log)}\n\nOdoo does not answer at {url}. Full log: {log}")


def _prepare(bases, database):
    command = [*bases.odoo_command()[:-2], "shell", "--config", bases.config, "-d", database, "--no-http"]
    with (cache.ROOT / PREPARE).open() as script, step("Invoices, cards and people for the jobs"):
        options = {"env": bases.environment, "cwd": cache.ROOT, "stdin": script}
        if console.call([*command, "--log-level=warn"], **options):
            raise Problem(f"The database could not be prepared: see above, and {PREPARE}.")


def _said_by_server(log):
    """What the server logged as an error fails the run, whatever the browser saw."""
    found = [line for line in log.read_text(errors="replace").splitlines() if TROUBLE.match(line)]
    for line in found[:10]:
        say(f"   server: {line}")
    return int(bool(found))
