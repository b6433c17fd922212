"""The examples in docstrings: what they say must be so."""

import doctest
import importlib
from pathlib import Path

from odoo.tests import BaseCase, tagged

ROOT = Path(__file__).parents[1]
#: Packages without ORM, each of which opens with an example.
PACKAGES = ("loyalty_ledger/ledger", "loyalty_ledger/earning", "loyalty_account/books")


@tagged("post_install", "-at_install")
class TestExamples(BaseCase):
    def test_examples(self):
        """Each package opens with an example, and all examples give what they show."""
        for package in PACKAGES:
            for path in sorted((ROOT / package).glob("*.py")):
                with self.subTest(module=path.relative_to(ROOT).as_posix()):
                    dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
                    found = doctest.testmod(importlib.import_module(f"odoo.addons.{dotted}"))
                    self.assertFalse(found.failed)
                    if path.name == "__init__.py":
                        self.assertTrue(found.attempted, "the package has no example")
