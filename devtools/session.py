"""An Odoo environment for a script, such as a benchmark.

The protocol of `./dev bench NAME`: it runs `python -m bench.NAME [options]` in the project's folder, with Odoo and the
project on the path and PostgreSQL in the PG variables. Two databases are made for that run and dropped after it, both
with demo data: `LOYALTY_BENCH_DB` has our add-ons, `LOYALTY_BENCH_PLAIN_DB` only Odoo's. The script prints its own
table and exits non-zero when it misses its aim. A module `bench/common.py` may hold what benchmarks share.

    from devtools.session import environment

    with environment() as env:  # the database with our add-ons
        env["loyalty.card"].search_count([])
        env.cr.commit()
"""

import contextlib
import os


@contextlib.contextmanager
def environment(database=None, plain=False):
    """A superuser environment in a database; what is not committed is rolled back at the end."""
    database = database or os.environ["LOYALTY_BENCH_PLAIN_DB" if plain else "LOYALTY_BENCH_DB"]
    registry = load(database)
    from odoo.api import SUPERUSER_ID, Environment

    with registry.cursor() as cr:
        try:
            yield Environment(cr, SUPERUSER_ID, {})
        finally:
            cr.rollback()


def load(database):
    """The registry of a database, with Odoo configured as `./dev` runs it."""
    import odoo.tools
    from odoo.modules.registry import Registry

    if not odoo.tools.config["db_name"]:
        odoo.tools.config.parse_config(
            ["--config", os.environ["ODOO_RC"], "-d", database, "--log-level=warn"], setup_logging=True
        )
    return Registry(database)


def connect(database=None):
    """A plain psycopg2 connection, for measuring what SQL alone takes."""
    import psycopg2

    return psycopg2.connect(dbname=database or os.environ["LOYALTY_BENCH_DB"])
