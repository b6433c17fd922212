"""Which Odoo: the checkout that ODOO_HOME names, or Debian's package, unpacked into the cache."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import cache, debian
from .console import Problem, say, step

SERIES = "19.0"
# Debian's Odoo links its fonts and scripts to sibling packages. Font Awesome and Inconsolata come from the machine's own
# suite: sid's Font Awesome 7 lacks the files that Odoo asks for.
PACKAGES = [
    "odoo-19/sid",
    "libjs-jquery/sid",
    "libjs-underscore/sid",
    "libjs-jquery-form/sid",
    "fonts-roboto-unhinted/sid",
    "fonts-montserrat/sid",
    "fonts-ocr-b/sid",
    "fonts-font-awesome",
    "fonts-inconsolata",
]


@dataclass
class Odoo:
    python_path: Path  # the folder that holds the package `odoo`
    addons: list  # the folders of Odoo's own add-ons
    key: str  # changes whenever this Odoo does


def find():
    """The Odoo to use, fetched first where needed."""
    home = os.environ.get("ODOO_HOME")
    return _checkout(Path(home).expanduser().resolve()) if home else _unpacked()


def _checkout(home):
    release = home / "odoo" / "release.py"
    if not release.is_file():
        raise Problem(
            f"ODOO_HOME={home} holds no Odoo: {release} is missing.\nPoint it at a checkout of Odoo {SERIES}, or unset it to have Odoo fetched."
        )
    found = _series(release)
    if found != SERIES:
        raise Problem(
            f"ODOO_HOME={home} is Odoo {found}; these add-ons need {SERIES}.\n"
            f"Switch that checkout to branch {SERIES}, point ODOO_HOME at another, or unset it to have Odoo fetched."
        )
    revision = subprocess.run(
        ["git", "-C", str(home), "rev-parse", "HEAD"], capture_output=True, text=True, check=False
    ).stdout
    say(f"-- Odoo {found}: {home} (ODOO_HOME)")
    return Odoo(home, _addons(home), cache.digest(home, revision, release.read_bytes()))


def _addons(home):
    return [folder for folder in (home / "odoo" / "addons", home / "addons") if folder.is_dir()]


def _series(release):
    found = re.search(r"^version_info\s*=\s*\(([^)]*)\)", release.read_text(), re.M)
    numbers = [part.strip(" '\"") for part in found[1].split(",")] if found else ["?", "?"]
    return ".".join(numbers[:2])


def _unpacked():
    folder = cache.cache_folder() / "odoo"
    mark = cache.read_mark(folder)
    if not mark:
        with cache.lock("odoo", "Odoo"):
            mark = cache.read_mark(folder) or _fetch(folder)
    home = folder / "usr/lib/python3/dist-packages"
    say(f"-- Odoo {SERIES}: Debian package {mark['package']}")
    return Odoo(home, _addons(home), cache.digest(mark["package"]))


def _fetch(folder):
    if not debian.available():
        raise Problem(
            f"Odoo {SERIES} can be fetched by itself on Debian only (apt, dpkg and Debian's archive keyring are needed).\n"
            f"On other systems: git clone --depth 1 --branch {SERIES} <the odoo repository>, then ODOO_HOME=/that/folder ./dev ..."
        )
    cache.check_space(folder.parent)
    if folder.exists():
        say("   found a half made Odoo folder; it is made again")
        cache.discard(folder)
    downloads = folder.parent / "apt"
    with step(f"Odoo {SERIES}: fetching Debian's packages (117 MiB)") as current:
        log = folder.parent / "logs/apt.log"
        files = debian.fetch(downloads, PACKAGES, current, log)
        debian.unpack(files, folder, current, log)
        home = folder / "usr/lib/python3/dist-packages"
        found = _series(home / "odoo/release.py")
        if found != SERIES:
            raise Problem(
                f"Debian now ships Odoo {found}; these add-ons need {SERIES}. Point ODOO_HOME at a checkout of Odoo {SERIES}."
            )
        _complete_assets(home / "odoo/addons")
        package = next(file.stem for file in files if file.name.startswith("odoo-19_"))
        cache.write_mark(folder, package=package)
        shutil.rmtree(downloads)
    return {"package": package}


def _complete_assets(addons):
    """Debian removed one script that asset bundles name; without a file there every bundle logs an error."""
    script = addons / "mail/static/lib/selfie_segmentation/selfie_segmentation.js"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.touch()
    broken = [path for path in addons.rglob("*") if path.is_symlink() and not path.exists()]
    if broken:
        say("   these assets are links to files of packages that are not there:")
        for path in broken[:10]:
            say(f"   {path.relative_to(addons)} -> {os.readlink(path)}")
