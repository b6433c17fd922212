"""A pytest plug-in that applies Odoo's test_lint to our add-ons only."""

import contextlib
import functools
import logging
import os
import subprocess
from types import SimpleNamespace

import pytest

from devtools.cache import add_ons


def pytest_configure(config):
    import odoo.modules
    from odoo.modules import Manifest

    ours = set(add_ons())
    every = Manifest.all_addon_manifests
    Manifest.all_addon_manifests = staticmethod(lambda: [manifest for manifest in every() if manifest.name in ours])
    odoo.modules.get_modules = lambda: sorted(ours)

    from odoo.tests import BaseCase

    BaseCase.subTest = _sub_test


@contextlib.contextmanager
def _sub_test(case, message=None, **values):
    """Collect what fails, and fail once at the end: reports of 40,000 parts that pass take minutes."""
    outer = case._subtest
    # One of the checks reads it.
    case._subtest = SimpleNamespace(params={**(outer.params if outer else {}), **values})
    try:
        yield
    except AssertionError as error:
        if "_ours_failed" not in vars(case):
            case._ours_failed = []
            case.addCleanup(_raise_failed, case)
        case._ours_failed.append(f"{message or ''} {values}: {error}")
    finally:
        case._subtest = outer


def _raise_failed(case):
    raise AssertionError("\n".join(case._ours_failed))


def pytest_collection_modifyitems(items):
    from odoo.tools import config

    def run(command, env, **options):
        """Pylint on our add-ons, not on all of Odoo too.

        Pytest has put Odoo's folder of add-ons on the path, whose `calendar` would hide Python's.
        """
        folders = env["PYTHONPATH"].split(os.pathsep)
        env["PYTHONPATH"] = os.pathsep.join(folder for folder in folders if folder not in config["addons_path"])
        return subprocess.run([part for part in command if part != config.root_path], env=env, **options)

    for item in items:
        if item.module.__name__.endswith("test_index"):
            item.module.BTREE_INDEX_IGNORE_FIELDS = _Covered(item.module.BTREE_INDEX_IGNORE_FIELDS)
        if item.module.__name__.endswith("test_pylint"):
            item.module.subprocess = SimpleNamespace(run=run)


class _Covered(set):
    """The fields that need no index of their own: Odoo's list, and ours that are the first key of a wider index."""

    def __contains__(self, name):
        model, _, column = str(name).rpartition(".")
        return super().__contains__(name) or (model.replace(".", "_"), column) in _first_keys()


@functools.cache
def _first_keys():
    from odoo.sql_db import db_connect
    from odoo.tests.common import get_db_name

    with db_connect(get_db_name()).cursor() as cr:
        cr.execute(
            """SELECT c.relname, a.attname
                 FROM pg_index i
                 JOIN pg_class c ON c.oid = i.indrelid
                 JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                WHERE i.indpred IS NULL AND i.indisvalid AND c.relname LIKE 'loyalty%'"""
        )
        return set(cr.fetchall())


class _Warnings(logging.Handler):
    def __init__(self):
        super().__init__(logging.WARNING)
        self.messages = []

    def emit(self, record):
        message = record.getMessage()
        if any(f"odoo.addons.{name}." in message for name in add_ons()):
            self.messages.append(message)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    """Some of the checks only log a warning; about our files it counts as a failure."""
    handler = _Warnings()
    logger = logging.getLogger("odoo.addons.test_lint")
    level = logger.level
    logger.setLevel(logging.WARNING)
    logger.addHandler(handler)
    try:
        outcome = yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    if handler.messages and not outcome.excinfo:
        outcome.force_exception(AssertionError("\n".join(handler.messages)))
