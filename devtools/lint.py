"""`./dev lint`: style by ruff, prettier and eslint, names of files, conventions by pylint-odoo, and Odoo's own test_lint."""

import contextlib
import os
import tempfile

from . import cache, console, house, node, python, words
from .console import Problem, say

# Rules of pylint-odoo that are the OCA's house style, or that forbid what a ledger is made of: methods that only refuse.
# Not in .pylintrc, where `enable=odoolint` outweighs them.
NOT_OURS = (
    "attribute-string-redundant",
    "consider-merging-classes-inherited",
    "manifest-required-author",
    "method-required-super",
    "missing-readme",
    "missing-return",
    "no-raise-unlink",  # Odoo's own test_lint has the same rule
    "no-wizard-in-models",
    "prefer-env-translation",  # does not see `_ = self.env._`
)
TOOLS = ("ruff", "house", "words", "pylint", "prettier", "eslint", "odoo")


def run(options, prepared):
    chosen = options.only.split(",") if options.only else TOOLS
    unknown = [name for name in chosen if name not in TOOLS]
    if unknown:
        raise Problem(f"No such linter: {', '.join(unknown)}. There are: {', '.join(TOOLS)}")
    interpreter = python.find()
    checks = {
        "ruff": _ruff,
        "house": _house,
        "words": _words,
        "prettier": _prettier,
        "eslint": _eslint,
    }

    def check(name):
        if name == "odoo":
            with prepared() as bases:
                return _odoo(bases)
        return checks[name](interpreter, options.fix)

    others = [name for name in chosen if name != "pylint"]
    if "pylint" not in chosen:
        failed = [name for name in others if check(name)]
    elif options.fix:  # they change what pylint reads
        failed = [name for name in others if check(name)]
        with _pylint_beside(interpreter) as finish:
            failed += ["pylint"] if finish() else []
    else:
        with _pylint_beside(interpreter) as finish:
            failed = [name for name in others if check(name)]
            failed += ["pylint"] if finish() else []
    verdict = f"failed: {', '.join(failed)}" if failed else f"clean ({', '.join(chosen)})"
    say(f"lint: {verdict} after {console.elapsed()}")
    return int(bool(failed))


def _call(title, command, **options):
    say(f"-- {title}")
    return console.call(command, cwd=cache.ROOT, **options)


def _ruff(interpreter, fix):
    ruff = interpreter.parent / "ruff"
    checked = _call("ruff check", [ruff, "check", *(["--fix"] if fix else [])])
    formatted = _call("ruff format", [ruff, "format", *([] if fix else ["--check", "--output-format=concise"])])
    return checked or formatted


def _house(interpreter, fix):
    say("-- files are named after their models and short")
    found = house.problems(cache.ROOT, cache.add_ons())
    for line in found:
        say(line)
    return int(bool(found))


def _words(interpreter, fix):
    say("-- words of labels, messages and documents")
    found = words.problems(cache.ROOT, cache.add_ons())
    for line in found:
        say(line)
    return int(bool(found))


@contextlib.contextmanager
def _pylint_beside(interpreter):
    """Let pylint work beside what is done meanwhile; gives a function that waits for it, says what it found and returns its status."""
    command = [interpreter, "-m", "pylint", f"--disable={','.join(NOT_OURS)}", *cache.add_ons()]
    with tempfile.TemporaryFile("w+") as output:
        process = console.start(command, stdout=output, cwd=cache.ROOT)

        def finish():
            say("-- pylint-odoo")
            process.wait()
            output.seek(0)
            say(output.read().rstrip())
            return process.returncode

        try:
            yield finish
        finally:
            console.stop(process)


def _sources(*suffixes):
    """Our JavaScript and XML; libraries of others are left as they are."""
    return [
        path.relative_to(cache.ROOT)
        for name in [*cache.add_ons(), "tests"]
        for suffix in suffixes
        for path in sorted((cache.ROOT / name).rglob(f"*{suffix}"))
        if "/static/lib/" not in path.as_posix()
    ]


def _prettier(interpreter, fix):
    files = _sources(".js", ".mjs", ".xml")
    if not files:
        return 0
    tools = node.find(interpreter)
    return _call("prettier", [*tools.prettier, "--write" if fix else "--check", "--log-level=warn", *files])


def _eslint(interpreter, fix):
    files = _sources(".js", ".mjs")
    if not files:
        return 0
    return _call("eslint", [*node.find(interpreter).eslint, *(["--fix"] if fix else []), *files])


def _odoo(bases):
    """Odoo's test_lint, narrowed to our add-ons by devtools/only_ours.py."""
    tools = node.find(bases.python)
    environment = {**bases.environment, "PATH": f"{tools.path}{os.pathsep}{bases.environment['PATH']}"}
    tests = next(folder / "test_lint/tests" for folder in bases.odoo.addons if (folder / "test_lint").is_dir())
    with bases.copied(bases.full()) as database:
        command = [bases.python, "-m", "pytest", "-c", "pytest.ini", "--rootdir=.", "-q"]
        command += ["-p", "conftest", "-p", "devtools.only_ours", f"--odoo-database={database}"]
        command += [f"--odoo-config={bases.config}", f"--odoo-addons-path={bases.addons_path}", tests]
        return _call("Odoo's test_lint", command, env=environment)
