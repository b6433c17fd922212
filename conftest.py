"""Tests run on Odoo by pytest-odoo; see `./dev test`."""

import contextlib
import os
import shutil
import time
from collections import Counter

import pytest

try:
    import pytest_odoo
except ImportError:  # a linter or an editor without Odoo on the path
    pytest_odoo = None

SKIPPED = pytest.StashKey()
SLOWEST = 25
#: Files that take minutes in one process: first, so that no other process waits for them at the end.
LONG = ("tests/test_install_matrix.py", "loyalty_account/tests/test_books_properties.py")


@contextlib.contextmanager
def _own_filestore(original, database):
    """A filestore per worker: a shared one would let one worker's clean-up remove another's files."""
    if original == database:
        yield
        return
    from odoo.tools import config

    source, target = config.filestore(original), config.filestore(database)
    shutil.rmtree(target, ignore_errors=True)
    if os.path.exists(source):
        shutil.copytree(source, target, copy_function=os.link)
    try:
        yield
    finally:
        shutil.rmtree(target, ignore_errors=True)


if pytest_odoo:
    from odoo.tests import BaseCase

    pytest_odoo._shared_filestore = _own_filestore
    # Odoo gives these to the test classes of add-ons; those of the folder tests need them too.
    BaseCase.test_tags = {"standard", "at_install"}
    BaseCase.test_module = "tests"


def pytest_configure(config):
    config.stash[SKIPPED] = []
    config.pluginmanager.register(_NoSkips(config), "no-skips")
    config.pluginmanager.register(_Seconds(config), "seconds-per-file")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


class _NoSkips:
    """A skipped test is a test that nobody runs: the run fails and names it."""

    def __init__(self, config):
        self.skipped = config.stash[SKIPPED]

    def pytest_runtest_logreport(self, report):
        if report.skipped:
            self.skipped.append(report.nodeid)

    def pytest_collectreport(self, report):
        if report.skipped:
            self.skipped.append(report.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session):
        if self.skipped and not hasattr(session.config, "workerinput"):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter):
        if self.skipped:
            terminalreporter.section("skipped tests fail the run", sep="=", red=True)
            for name in sorted(set(self.skipped)):
                terminalreporter.line(name)


class _Seconds:
    """Which files take the time: by a clock that no test stops, with what their classes prepare, over all processes."""

    def __init__(self, config):
        self.config = config
        self.files = Counter()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        start = time.clock_gettime(time.CLOCK_MONOTONIC)
        try:
            return (yield)
        finally:
            self.files[item.nodeid.partition("::")[0]] += time.clock_gettime(time.CLOCK_MONOTONIC) - start

    def pytest_sessionfinish(self):
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput["seconds"] = dict(self.files)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node):
        self.files.update(getattr(node, "workeroutput", {}).get("seconds", {}))

    def pytest_terminal_summary(self, terminalreporter):
        if len(self.files) > SLOWEST:
            terminalreporter.section(f"{sum(self.files.values()):.0f} s in {len(self.files)} files, the slowest")
            for name, seconds in self.files.most_common(SLOWEST):
                terminalreporter.line(f"{seconds:6.0f} s  {name}")
