"""The command line of `./dev`."""

import argparse
import contextlib
import signal
import sys

from . import cache, console, databases, lint, odoo, postgres, python, screens, serve, suites

EPILOG = """
Odoo 19 is fetched on Debian; anywhere, ODOO_HOME=/checkout/of/odoo takes yours.
PostgreSQL is started by itself, unless PGHOST, PGPORT or PGSERVICE name a server.
Everything is kept in LOYALTY_CACHE (default: ~/.cache/loyalty-ledger, for root /var/cache/loyalty-ledger).
"""


def main(arguments=None):
    options = parse(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return options.run(options) or 0
    except console.Problem as problem:
        print(f"\n{problem}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr, flush=True)
        return 130


def _interrupt(number, frame):
    raise console.Terminated


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="./dev", description=__doc__, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name, run, help):
        added = commands.add_parser(
            name, help=help, description=run.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        added.set_defaults(run=run)
        return added

    run = command("run", _run, "start Odoo with the add-ons and demo data, and print its address")
    run.add_argument("--http-port", type=int, default=8069, metavar="PORT")
    run.add_argument(
        "--http-interface", default="127.0.0.1", metavar="ADDRESS", help="0.0.0.0 to be reached from other machines"
    )
    run.add_argument("--fresh", action="store_true", help="make the demo database again")
    run.add_argument("odoo", nargs="*", metavar="-- OPTION", help="more options for Odoo, after --")

    test = command("test", _test, "run every test, or those of the paths")
    test.add_argument("paths", nargs="*", metavar="PATH")
    test.add_argument("-k", dest="expression", metavar="EXPRESSION")
    test.add_argument(
        "-n",
        dest="workers",
        type=int,
        metavar="N",
        help="databases and processes at a time (default: one per core, at most 2)",
    )
    test.epilog = "Other options go to pytest, such as -x, --lf or --durations=10."
    test.set_defaults(passes_on=True)

    check = command("lint", _lint, "check style and Odoo's own rules")
    check.add_argument("--fix", action="store_true", help="format and fix what can be fixed")
    check.add_argument("--only", metavar="NAMES", help=f"some of {','.join(lint.TOOLS)}")

    command("shell", _shell, "a Python shell in the demo database")
    command("upstream", _upstream, "run Odoo's own tests with our add-ons installed")
    holes = command("holes", _holes, "show what plain Odoo lets through and our add-ons do not")
    holes.add_argument("-k", dest="expression", metavar="EXPRESSION")
    jobs = command("jobs", _jobs, "do in a browser what people do, and count their clicks")
    jobs.add_argument("names", nargs="*", metavar="JOB")
    shots = command("screens", _screens, "take pictures of the main screens")
    shots.add_argument("names", nargs="*", metavar="SCREEN")
    shots.add_argument("--folder", metavar="FOLDER", help="where the pictures go")
    bench = command("bench", _bench, "run the benchmarks")
    bench.add_argument("names", nargs="*", metavar="NAME")
    bench.add_argument("--list", action="store_true", help="only say which there are")
    bench.epilog = "Other options go to the benchmark."
    bench.set_defaults(passes_on=True)
    command("prepare", _prepare, "only fetch and make what the other commands need")
    clean = command("clean", _clean, "drop the databases, the demo database too")
    clean.add_argument(
        "--all", action="store_true", help="remove the whole cache: Odoo, Python environment, PostgreSQL"
    )

    options, rest = parser.parse_known_args(arguments)
    if rest and not getattr(options, "passes_on", False):
        parser.error(f"unknown: {' '.join(rest)}")
    options.rest = rest
    return options


@contextlib.contextmanager
def _prepared():
    """Odoo, the Python environment and PostgreSQL; gives the databases."""
    postgres.check_folder()
    found = odoo.find()
    interpreter = python.find()
    with postgres.server(interpreter) as server:
        yield databases.Databases(found, interpreter, server)


def _run(options):
    """Start Odoo with our add-ons on a demo database and print its address and login. Ctrl-C stops everything."""
    serve.check_port(options.http_interface, options.http_port)
    with _prepared() as bases:
        return serve.run(bases, options)


def _shell(options):
    """A Python shell in the demo database: `env` is there."""
    with _prepared() as bases:
        return serve.shell(bases)


def _test(options):
    """Run the tests (Python, Hoot, tours) with pytest on a fresh copy of a database per process. A skipped test fails the run."""
    with _prepared() as bases:
        return suites.test(bases, options)


def _upstream(options):
    """Run the tests of Odoo's loyalty, sale_loyalty and pos_loyalty with our add-ons installed: all of them, all green."""
    with _prepared() as bases:
        return suites.upstream(bases)


def _holes(options):
    """Run tests/holes twice: on plain Odoo, where each test must fail, and with our add-ons, where each must pass."""
    with _prepared() as bases:
        return suites.holes(bases, options)


def _jobs(options):
    """Do the jobs of tests/screens in Chromium, on a fresh demo database: no more clicks than the limit that stands in
    each, no error, no serious fault that axe-core finds. Says how long pages took to load."""
    with _prepared() as bases:
        return screens.jobs(bases, options)


def _screens(options):
    """Take pictures of the main screens on a fresh demo database: desktop, tablet, phone, and from right to left."""
    with _prepared() as bases:
        return screens.screens(bases, options)


def _bench(options):
    """Run the benchmarks of the folder bench (all, or those named), each on fresh databases."""
    if options.list:
        return suites.list_benches()
    names = suites.chosen_benches(options.names)
    with _prepared() as bases:
        return suites.bench(bases, names, options.rest)


def _lint(options):
    """Check style (ruff, prettier, eslint), Odoo's conventions (pylint-odoo) and Odoo's own test_lint."""
    return lint.run(options, _prepared)


def _prepare(options):
    """Fetch Odoo, make the Python environment, start PostgreSQL once and make the databases."""
    with _prepared() as bases:
        bases.full()
    console.say(f"Ready after {console.elapsed()}; kept in {cache.cache_folder()}")


def _clean(options):
    """Drop every database that ./dev made; with --all remove the whole cache."""
    return serve.clean(options, _prepared)
