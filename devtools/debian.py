"""Debian packages without installing them: fetched by apt under lists of our own, signatures checked as usual, unpacked by dpkg."""

import os
import re
import shutil
import subprocess
import threading

from .console import Problem, run_logged

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def available():
    return bool(shutil.which("apt-get") and shutil.which("dpkg") and os.path.exists(KEYRING))


def own_mirror():
    """The mirror and the suite that this machine's own apt uses."""
    output = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    for line in output.splitlines():
        mirror, _, suite = line.strip().rpartition(" ")
        if re.match(r"(https?|mirror\+\w+)://|mirror\+file:|file:", mirror) and re.fullmatch(r"[a-z]+", suite):
            return mirror, suite
    raise Problem(
        "apt on this machine names no Debian mirror (see /etc/apt/sources.list). Add one, or point ODOO_HOME at a checkout of Odoo 19."
    )


def fetch(folder, packages, current, log):
    """Download packages (`name`, or `name/sid`) into `folder` and return the files.

    A name without a suite comes from the machine's own suite.
    """
    mirror, suite = own_mirror()
    for part in ("lists/partial", "cache/archives/partial", "debs"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    debs = folder / "debs"
    sources = folder / "sources.list"
    sources.write_text(
        "".join(f"deb [signed-by={KEYRING}] {mirror} {name} main\n" for name in dict.fromkeys(["sid", suite]))
    )
    apt = [
        "apt-get",
        *("-o", f"Dir::Etc::sourcelist={sources}"),
        *("-o", "Dir::Etc::sourceparts=-"),
        *("-o", f"Dir::State::lists={folder / 'lists'}"),
        *("-o", f"Dir::Cache={folder / 'cache'}"),
        *("-o", "APT::Sandbox::User="),
        *("-o", "Acquire::Retries=3"),
        "-q",
    ]
    hint = "Is the network up? The same command goes on where this one stopped."
    run_logged([*apt, "update", "--error-on=any"], log, current, hint=hint)
    wanted = [name if "/" in name else f"{name}/{suite}" for name in packages]
    listing = subprocess.run(
        [*apt, "download", "--print-uris", *wanted], capture_output=True, text=True, check=False, cwd=folder
    )
    rows = re.findall(r"^'\S+' (\S+) (\d+) ", listing.stdout, re.M)
    if len(rows) < len(packages):
        raise Problem(
            f"{listing.stderr.strip()}\nThe mirror does not offer all of: {' '.join(wanted)}.\n"
            "Point ODOO_HOME at a checkout of Odoo 19 instead."
        )
    total = sum(int(size) for _, size in rows)
    done = threading.Event()

    def watch():
        while not done.wait(0.5):
            have = sum(path.stat().st_size for path in debs.rglob("*") if path.is_file())
            current.progress(f"downloading {len(packages)} packages: {min(have, total) >> 20} of {total >> 20} MiB")

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        run_logged([*apt, "download", *wanted], log, current, describe=lambda line: None, hint=hint, cwd=debs)
    finally:
        done.set()
        watcher.join()
    return [debs / name for name, _ in rows]


def unpack(files, target, current, log):
    target.mkdir(parents=True, exist_ok=True)
    for number, file in enumerate(files, 1):
        current.progress(f"unpacking {number} of {len(files)}: {file.name.split('_')[0]}")
        run_logged(["dpkg", "-x", file, target], log, current, hint=f"If {file} is damaged, remove it and try again.")


def install(packages, current, log):
    """Install packages into the system; only for root."""
    options = {"env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
    run_logged(["apt-get", "-q", "update"], log, current, hint="Is the network up?", **options)
    run_logged(["apt-get", "-q", "install", "-y", "--no-install-recommends", *packages], log, current, **options)
