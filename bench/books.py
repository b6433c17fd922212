"""Random books at length: more examples of loyalty_account/tests/test_books_properties.py, other ones each time."""

import os
import subprocess
import sys

import odoo.addons

from bench import common

TEST = "loyalty_account/tests/test_books_properties.py"


def main(options):
    database = os.environ["LOYALTY_BENCH_DB"]
    folders = [*odoo.addons.__path__, os.getcwd()]
    clock = common.Clock()
    with clock:
        status = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", TEST),
                *(f"--odoo-config={os.environ['ODOO_RC']}", f"--odoo-addons-path={','.join(dict.fromkeys(folders))}"),
                *(f"--odoo-database={database}", f"--odoo-extra=db-filter=^{database}$"),
            ],
            env={**os.environ, "LOYALTY_EXAMPLES": str(options.examples)},
        ).returncode
    common.say(f"{options.examples} examples of 15 steps in {clock.last:.0f} s")
    return status


if __name__ == "__main__":
    common.finish([main(common.arguments(__doc__, examples=500))])
