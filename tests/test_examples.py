"""The examples in docstrings: what they say must be so."""

import doctest
import importlib
from pathlib import Path

from odoo.tests import TransactionCase, tagged

ROOT = Path(__file__).parents[1]
#: Packages without ORM, each of which opens with an example.
PACKAGES = ("loyalty_ledger/ledger", "loyalty_ledger/earning", "loyalty_account/books")
#: Modules with a central class, each of which opens with an example too.
CENTRAL = (
    "loyalty_ledger/ledger/gateway.py",
    "loyalty_ledger/ledger/allocation.py",
    "loyalty_ledger/earning/claim.py",
    "loyalty_account/books/booking.py",
    "loyalty_sale/tools/order_event.py",
)


@tagged("post_install", "-at_install")
class TestExamples(TransactionCase):
    def test_examples(self):
        """Each package and each central class opens with an example, and all examples give what they show."""
        names = {path.relative_to(ROOT).as_posix() for package in PACKAGES for path in (ROOT / package).glob("*.py")}
        for name in sorted(names.union(CENTRAL)):
            with self.subTest(module=name):
                dotted = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
                module = importlib.import_module(f"odoo.addons.{dotted}")
                found = doctest.testmod(module, extraglobs={"env": self.env})
                self.assertFalse(found.failed)
                if name in CENTRAL or name.endswith("/__init__.py"):
                    self.assertIn(">>>", module.__doc__, "it opens without an example")
