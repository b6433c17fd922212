"""The test suites: ours, Odoo's own, the holes of plain Odoo, and the benchmarks."""

import os
import re
import shutil
import socket
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from . import cache, console, debian
from .console import Problem, say, step

BROWSERS = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")
# Odoo's own suites. The tours of pos_loyalty take nearly all of their time.
UPSTREAM = ("/loyalty", "/sale_loyalty", "/pos_loyalty")
UPSTREAM_TESTS = 201
TOURS = ("pos_loyalty/tests/test_frontend.py", "/pos_loyalty:TestUi")
TEST = re.compile(r"^    def (test_\w+)", re.MULTILINE)
RESULT = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests")
BROKEN = re.compile(r"odoo\.addons\.(\w+)\.tests\.\S+: (?:FAIL|ERROR): (\w+\.\w+)$")
# Some tours of Odoo scan before the screen listens, or wait ten seconds at most, and fail by chance on a busy machine.
SECOND_CHANCES = 5
LEVEL = re.compile(r"^\S+ \S+ \d+ (ERROR|CRITICAL) ")


def check_browser(required):
    """Tours and Hoot need Chromium, PDF tests wkhtmltopdf: root gets them installed, others are told how."""
    missing = [] if any(map(shutil.which, BROWSERS)) else ["chromium"]
    if not shutil.which("wkhtmltopdf"):
        missing.append("wkhtmltopdf")
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        for package in missing:
            try:
                with step(f"Installing {package}, which tests in a browser or of PDF need") as current:
                    debian.install([package], current, cache.cache_folder() / f"logs/{package}.log")
            except Problem as problem:
                if package in required:
                    raise
                say(f"   without {package}: {problem}")
        return
    for package in missing:
        if package in required:
            say(
                f"-- {package} is missing, so tests that need it will fail. On Debian: sudo apt-get install -y {package}"
            )


def _pytest(bases, database, addons_path, config, *arguments):
    """A pytest command on a database; HttpCase gets its server by --odoo-http."""
    return [
        *(bases.python, "-m", "pytest", "--odoo-http"),
        *(f"--odoo-config={config}", f"--odoo-addons-path={addons_path}"),
        *(f"--odoo-database={database}", f"--odoo-extra=db-filter=^{database}$"),
        *arguments,
    ]


def test(bases, options):
    check_browser(required={"chromium", "wkhtmltopdf"})
    template = bases.test()
    workers = options.workers
    if workers is None:
        one_file = len(options.paths) == 1 and ".py" in options.paths[0]
        workers = 0 if one_file else min(2, os.cpu_count() or 1)
    arguments = [*options.rest, *options.paths]
    if options.expression:
        arguments += ["-k", options.expression]
    if workers > 1:
        arguments += ["-n", str(workers), "--dist", "loadscope", "--no-loadscope-reorder"]
    with bases.copied(template) as database:
        command = _pytest(bases, database, bases.addons_path, bases.config, *arguments)
        # For tests that install our add-ons themselves, on copies of plain Odoo.
        environment = {**bases.environment, "LOYALTY_BASE_DB": bases.base()}
        return console.call(command, env=environment, cwd=cache.ROOT)


# Odoo's own suites


def upstream(bases):
    check_browser(required={"chromium"})
    template = bases.full()
    title = f"Odoo's own tests with our add-ons installed: {', '.join(UPSTREAM)}, in two halves side by side"
    with bases.copied(template) as first, bases.copied(template) as second, step(title) as current:
        halves = zip(("first", "second"), (first, second), _halves(bases))
        runs = [_UpstreamRun(bases, *half) for half in halves]
        _wait(runs, current)
    failed = {tag for run in runs for tag in run.broken()}
    bad = any(not run.green() for run in runs)
    for run in runs:
        say(f"   {run.name} half: {run.result() or 'no result'}; log: {run.log}")
        for line in run.problems():
            say(f"      {line}")
    if 0 < len(failed) <= SECOND_CHANCES and all(run.green() or run.faults() == len(run.broken()) for run in runs):
        bad = not _second_chance(bases, template, sorted(failed))
    total = sum(run.total() for run in runs)
    say(
        f"Odoo's own suites: {total} of {UPSTREAM_TESTS} tests ran, {'with failures' if bad else 'all green'}, in {console.elapsed()}"
    )
    return int(bad or total != UPSTREAM_TESTS)


def _halves(bases):
    """Every second tour, and all the rest: the second half leaves out what the first one runs, so that none is lost."""
    file, prefix = TOURS
    path = next(folder / file for folder in bases.odoo.addons if (folder / file).is_file())
    tours = TEST.findall(path.read_text())[::2]
    first = [f"{prefix}.{name}" for name in tours]
    return ",".join(first), ",".join([*UPSTREAM, *(f"-{tag}" for tag in first)])


def _second_chance(bases, template, tests):
    """Run what failed once more, alone, and say so: what is broken fails again."""
    with bases.copied(template) as database, step(f"Once more, alone: {', '.join(tests)}") as current:
        run = _UpstreamRun(bases, "again", database, ",".join(tests))
        _wait([run], current, len(tests))
    say(f"   once more: {run.result() or 'no result'}; log: {run.log}")
    return run.green() and run.total() == len(tests)


def _wait(runs, current, tests=UPSTREAM_TESTS):
    try:
        while any(run.process.poll() is None for run in runs):
            time.sleep(1)
            current.progress(f"{sum(run.started() for run in runs)} of {tests} tests started")
    finally:
        for run in runs:
            console.stop(run.process)


class _UpstreamRun:
    """Odoo's tests of the tags in a process and database of their own."""

    def __init__(self, bases, name, database, tags):
        self.name = name
        self.log = bases.logs / f"upstream-{name}.log"
        command = bases.odoo_command()
        command += ["-d", database, f"--db-filter=^{database}$", f"--http-port={free_port()}"]
        command += ["-u", "loyalty", "--test-tags", tags, "--stop-after-init", "--max-cron-threads=0"]
        with self.log.open("w") as file:
            self.process = console.start(command, stdout=file, env=bases.environment, cwd=cache.ROOT)

    def lines(self):
        return self.log.read_text(errors="replace").splitlines()

    def started(self):
        return sum(": Starting Test" in line for line in self.lines())

    def result(self):
        """Odoo's closing line; it prints one per phase that ran tests, and the last one has the sum."""
        found = [match[0] for match in map(RESULT.search, self.lines()) if match]
        return found[-1] if found else ""

    def total(self):
        numbers = RESULT.fullmatch(self.result())
        return int(numbers[3]) if numbers else 0

    def faults(self):
        """Failures and errors, those of whole classes too, which `broken` does not name."""
        numbers = RESULT.fullmatch(self.result())
        return int(numbers[1]) + int(numbers[2]) if numbers else 0

    def problems(self):
        return [line for line in self.lines() if LEVEL.match(line)][:20]

    def green(self):
        return not self.process.returncode and not self.problems() and self.result().startswith("0 failed, 0 error(s)")

    def broken(self):
        """The tests that failed, as tags that run them alone."""
        return {f"/{match[1]}:{match[2]}" for match in map(BROKEN.search, self.lines()) if match}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# The holes of plain Odoo


def holes(bases, options):
    if not any((cache.ROOT / "tests/holes").glob("test_*.py")):
        raise Problem("There are no tests in tests/holes.")
    check_browser(required=())
    plain_template, full_template = bases.base(), bases.full()
    with (
        bases.copied(plain_template) as plain,
        bases.copied(full_template) as full,
        tempfile.TemporaryDirectory() as folder,
        step("Holes: on plain Odoo and with our add-ons, side by side") as current,
    ):
        sides = {
            "plain": _pytest(bases, plain, bases.plain_addons_path, bases.plain_config),
            "ours": _pytest(bases, full, bases.addons_path, bases.config),
        }
        runs = {}
        for side, command in sides.items():
            report = Path(folder) / f"{side}.xml"
            more = ["-k", options.expression] if options.expression else []
            command = [*command, "tests/holes", f"--junitxml={report}", "-q", *more]
            with (bases.logs / f"holes-{side}.log").open("w") as log:
                process = console.start(command, stdout=log, env=bases.environment, cwd=cache.ROOT)
            runs[side] = (process, report)
        try:
            while any(process.poll() is None for process, _ in runs.values()):
                time.sleep(0.5)
                current.progress("running")
        finally:
            for process, _ in runs.values():
                console.stop(process)
        outcomes = {side: _outcomes(report, bases.logs / f"holes-{side}.log") for side, (_, report) in runs.items()}
    return _holes_table(bases, outcomes)


def _outcomes(report, log):
    """Test id -> (outcome, first line of the message), out of pytest's JUnit report."""
    if not report.exists():
        raise Problem(f"{console.tail(log)}\n\nThe tests of tests/holes did not run. Full log: {log}")
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        outcome, message = "passed", ""
        for kind in ("error", "failure", "skipped"):
            for element in case.iter(kind):
                outcome, message = kind, element.get("message", "")
        lines = message.splitlines() or [""]
        found[f"{case.get('classname', '').rpartition('.')[2]}.{case.get('name')}"] = (outcome, lines[0])
    return found


def _holes_table(bases, outcomes):
    """One row per test. A hole is shown only by a failed assertion: an error in the test itself proves nothing."""
    names = sorted(set(outcomes["plain"]) | set(outcomes["ours"]))
    if not names:
        raise Problem(f"No test was found in tests/holes. Log: {bases.logs / 'holes-ours.log'}")
    width = max(map(len, names))
    say(f"\n{'hole':<{width}}  plain Odoo  with ours")
    bad = 0
    for name in names:
        plain, message = outcomes["plain"].get(name, ("missing", ""))
        ours, other = outcomes["ours"].get(name, ("missing", ""))
        shown = plain == "failure" and re.match(r"(\w+\.)*AssertionError|assert |Failed: ", message)
        cells = ("open" if shown else plain.upper(), "closed" if ours == "passed" else ours.upper())
        say(f"{name:<{width}}  {cells[0]:<10}  {cells[1]}")
        if not shown or ours != "passed":
            bad += 1
            say(f"   {'plain: ' + message if not shown else 'ours: ' + other}")
    say(
        f"\n{len(names) - bad} of {len(names)} holes are open in plain Odoo and closed with our add-ons; logs: {bases.logs}/holes-*.log"
    )
    return int(bool(bad))


# Benchmarks


def _benches():
    return {
        path.stem: path for path in sorted((cache.ROOT / "bench").glob("[a-z]*.py")) if not path.stem.endswith("common")
    }


def list_benches():
    for name, path in _benches().items():
        first = re.search(r'"""(.*?)(\n|""")', path.read_text())
        say(f"{name:<20} {first[1] if first else ''}")


def chosen_benches(names):
    known = _benches()
    unknown = [name for name in names if name not in known]
    if unknown or not known:
        raise Problem(
            f"No such benchmark: {', '.join(unknown) or 'the folder bench is empty'}. There are: {', '.join(known) or 'none'}"
        )
    return names or list(known)


def bench(bases, names, rest):
    """Each benchmark is a script with two databases of its own: see devtools/session.py for the protocol."""
    plain_template, full_template = bases.base(), bases.full()
    failed = []
    for name in names:
        with bases.copied(plain_template) as plain, bases.copied(full_template) as full:
            say(f"\n== bench {name}")
            start = time.monotonic()
            environment = {**bases.environment, "LOYALTY_BENCH_DB": full, "LOYALTY_BENCH_PLAIN_DB": plain}
            status = console.call([bases.python, "-m", f"bench.{name}", *rest], env=environment, cwd=cache.ROOT)
            say(f"== bench {name}: {'ok' if not status else f'FAILED ({status})'} in {time.monotonic() - start:.0f} s")
            if status:
                failed.append(name)
    if failed:
        say(f"failed: {', '.join(failed)}")
    return int(bool(failed))
