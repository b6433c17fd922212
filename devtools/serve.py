"""Odoo for a person: the demo database in a browser or in a shell, and cleaning up."""

import contextlib
import errno
import shutil
import socket
import threading
import time
import urllib.error
import urllib.request

from . import cache, console, databases
from .console import Problem, say


def check_port(interface, port):
    family = socket.AF_INET6 if ":" in interface else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((interface, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise Problem(f"Cannot listen on {interface}:{port}: {error.strerror}. See ./dev run --help.") from None
            raise Problem(
                f"Port {port} is taken by another program (another ./dev run?).\n"
                f"Stop that, or take another port: ./dev run --http-port {port + 1}"
            ) from None


def run(bases, options):
    name = bases.demo(options.fresh)
    host = "localhost" if options.http_interface in ("127.0.0.1", "0.0.0.0", "::1", "::") else options.http_interface
    address = f"http://{host}:{options.http_port}"
    announce = threading.Thread(target=_announce, args=(address,), daemon=True)
    announce.start()
    return _quietly(
        [
            *bases.odoo_command(),
            *("-d", name, f"--db-filter=^{name}$", "--no-database-list"),
            # Only what needs attention, so that the address stays in sight; `./dev run -- --log-level=info` tells all.
            "--log-level=warn",
            *(f"--http-interface={options.http_interface}", f"--http-port={options.http_port}"),
            *options.odoo,
        ],
        bases,
    )


def _quietly(command, bases):
    """Ctrl-C is how a user ends these: no error."""
    try:
        return console.call(command, env=bases.environment, cwd=cache.ROOT)
    except KeyboardInterrupt:
        say("\nstopped")
        return 0


def _announce(address):
    """Print where to go as soon as Odoo answers."""
    for _ in range(600):
        time.sleep(0.2)
        with contextlib.suppress(OSError, urllib.error.URLError):
            urllib.request.urlopen(f"{address}/web/health", timeout=2)
            say(
                f"\n   Loyalty Ledger runs: {address}\n   log in as: admin, password: admin\n   ready after {console.elapsed()}; Ctrl-C stops it\n"
            )
            return


def shell(bases):
    return _quietly(
        [*bases.odoo_command()[:-2], "shell", "--config", bases.config, "-d", bases.demo(), "--no-http"], bases
    )


def clean(options, prepared):
    folder = cache.cache_folder()
    # Nothing was ever made: nothing has to be fetched for dropping it.
    if any(folder.glob("postgresql-*/ours.conf")) or not options.all:
        if any(folder.glob("python/*/.complete")):
            with prepared() as bases:
                databases.clean(bases)
        else:
            say("   there are no databases")
    if options.all:
        for path in sorted(folder.iterdir()):
            say(f"   removing {path}")
            shutil.rmtree(path) if path.is_dir() else path.unlink()
