"""Where things are kept between two runs, and what tells whether they are still good."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from pathlib import Path

from .console import Problem, say

ROOT = Path(__file__).resolve().parent.parent
NEEDED_SPACE = 4 << 30


def cache_folder():
    """`$LOYALTY_CACHE`, or the user's cache folder.

    Root gets a folder of the system instead: PostgreSQL never runs as root, and the user that it runs as cannot enter
    root's home.
    """
    if os.environ.get("LOYALTY_CACHE"):
        folder = Path(os.environ["LOYALTY_CACHE"]).expanduser().resolve()
    elif os.geteuid() == 0:
        folder = Path("/var/cache/loyalty-ledger")
    else:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "loyalty-ledger"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Problem(
            f"Cannot make the cache folder {folder} ({error.strerror}). Name another: LOYALTY_CACHE=/folder ./dev ..."
        ) from error
    return folder


def check_space(folder):
    free = shutil.disk_usage(folder).free
    if free < NEEDED_SPACE:
        raise Problem(
            f"{folder} has {free >> 20} MiB free; Odoo, its packages and the databases need about {NEEDED_SPACE >> 20} MiB.\n"
            "Free some space, or name another folder: LOYALTY_CACHE=/folder ./dev ..."
        )


def add_ons():
    """The project's add-ons: top-level folders with a manifest."""
    return sorted(path.parent.name for path in ROOT.glob("*/__manifest__.py"))


def digest(*parts):
    value = hashlib.sha256()
    for part in parts:
        value.update(part if isinstance(part, bytes) else str(part).encode())
        value.update(b"\0")
    return value.hexdigest()[:12]


def add_ons_key():
    """A key of everything in the add-ons that an installation depends on.

    Tests, descriptions and browser sources are left out: they are read from disk, never stored at installation.
    """
    parts = []
    for name in add_ons():
        for path in sorted((ROOT / name).rglob("*")):
            relative = path.relative_to(ROOT).as_posix()
            if not path.is_file() or "__pycache__" in relative or path.suffix == ".md":
                continue
            if relative.split("/")[1:2] == ["tests"] or relative.startswith(
                (f"{name}/static/src/", f"{name}/static/tests/", f"{name}/static/description/")
            ):
                continue
            parts += [relative, path.read_bytes()]
    return digest(*parts)


@contextlib.contextmanager
def lock(name, waiting):
    """Only one `./dev` at a time in here; the others say what they wait for."""
    folder = cache_folder() / "locks"
    folder.mkdir(exist_ok=True)
    with (folder / name).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"   {waiting}: another ./dev is at it, waiting for it to finish")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def discard(folder):
    """Remove a folder at once, even if a process that outlived its parent still writes into it."""
    for old in folder.parent.glob(f"{folder.name}.discarded-*"):
        shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        discarded = folder.with_name(f"{folder.name}.discarded-{os.getpid()}")
        folder.rename(discarded)
        shutil.rmtree(discarded, ignore_errors=True)


def read_mark(folder):
    """What `write_mark` left in a folder that is complete; None where it is missing or half made."""
    try:
        return json.loads((folder / ".complete").read_text())
    except (OSError, ValueError):
        return None


def write_mark(folder, **facts):
    """Last thing done to a folder: without this mark it counts as half made and is made again."""
    temporary = folder / ".complete.new"
    temporary.write_text(json.dumps({"complete": True, **facts}))
    temporary.replace(folder / ".complete")
