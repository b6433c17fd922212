"""The virtual environment that Odoo, the tests and the linters run in."""

import os
import re
import shutil
import subprocess
import sys

from . import cache, debian
from .console import Problem, run_logged, say, step

SUPPORTED = ("3.13", "3.12", "3.11", "3.10")
REQUIREMENTS = cache.ROOT / "requirements.txt"
# Packages of which only the data files are used: what they would pull in is not wanted.
NODEPS_REQUIREMENTS = cache.ROOT / "requirements-nodeps.txt"
KEEP = 2


def find():
    """The interpreter of the virtual environment for the present requirements, made first where needed."""
    base, version = _interpreter()
    key = cache.digest(version, base, REQUIREMENTS.read_bytes(), NODEPS_REQUIREMENTS.read_bytes())
    environments = cache.cache_folder() / "python"
    folder = environments / f"{version}-{key}"
    if not cache.read_mark(folder):
        with cache.lock("python", "Python environment"):
            if not cache.read_mark(folder):
                _make(folder, base, version)
    os.utime(folder)
    for old in sorted(environments.iterdir(), key=lambda path: path.stat().st_mtime)[:-KEEP]:
        shutil.rmtree(old, ignore_errors=True)
    return folder / "bin/python"


def _interpreter():
    """The running interpreter if Odoo supports it, else the newest supported one on the PATH."""
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    if own in SUPPORTED:
        return os.path.realpath(sys._base_executable or sys.executable), own
    for version in SUPPORTED:
        found = shutil.which(f"python{version}")
        if found:
            return found, version
    raise Problem(
        f"Odoo runs on Python {SUPPORTED[-1]} to {SUPPORTED[0]}; this is {own}, and the PATH has no other. Install one of them."
    )


def _make(folder, base, version):
    if folder.exists():
        say("   found a half made Python environment; it is made again")
        cache.discard(folder)
    pins = [line for line in REQUIREMENTS.read_text().splitlines() if re.match(r"\w", line)]
    log = cache.cache_folder() / "logs/python.log"
    # PostgreSQL, which is part of it, runs as another user where root calls: everybody may read.
    readable = {"umask": 0o022}
    with step(f"Python {version} environment: {len(pins)} packages") as current:
        folder.parent.mkdir(exist_ok=True)
        run_logged([base, "-m", "venv", "--without-pip", folder], log, current, hint=_venv_hint(version), **readable)
        pip = _pip(folder, version, current, log)
        seen = set()

        def describe(line):
            found = re.match(r"Collecting ([\w.-]+)", line)
            if found:
                seen.add(found[1].lower())
                return f"{min(len(seen), len(pins))} of {len(pins)}: {found[1]}"
            return "installing" if line.startswith("Installing") else None

        install = [*pip, "install", "--disable-pip-version-check", "--no-input"]
        hint = "Is the network up? The same command starts this step again."
        run_logged([*install, "-r", REQUIREMENTS], log, current, describe=describe, hint=hint, **readable)
        run_logged(
            [*install, "--no-deps", "-r", NODEPS_REQUIREMENTS], log, current, describe=describe, hint=hint, **readable
        )
        cache.write_mark(folder, version=version)


def _venv_hint(version):
    return f"Python's module venv is missing: apt-get install -y python{version}-venv"


def _pip(folder, version, current, log):
    """The command that runs pip for the environment.

    A bare Debian has Python without pip and without ensurepip; then the wheel of Debian's own package is used.
    """
    python = folder / "bin/python"
    bundled = subprocess.run([str(python), "-c", "import ensurepip"], capture_output=True, check=False)
    if not bundled.returncode:
        run_logged([python, "-m", "ensurepip", "--upgrade", "--default-pip"], log, current, umask=0o022)
        return [python, "-m", "pip"]
    if not debian.available():
        raise Problem(f"This Python has no pip (module ensurepip). {_venv_hint(version)}")
    downloads = cache.cache_folder() / "apt-pip"
    debian.unpack(debian.fetch(downloads, ["python3-pip-whl"], current, log), folder / "pip", current, log)
    shutil.rmtree(downloads)
    wheel = next((folder / "pip").rglob("pip-*.whl"))
    run_logged([python, f"{wheel}/pip", "install", "--no-index", wheel], log, current, umask=0o022)
    return [python, "-m", "pip"]
