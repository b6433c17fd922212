from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.ledger.statistics import analyze_grown


@tagged("post_install", "-at_install")
class TestStatistics(TransactionCase):
    def known(self, table):
        """How many rows PostgreSQL believes the table to have; -1 where it never looked."""
        self.env.cr.execute("SELECT reltuples::int FROM pg_class WHERE oid = %s::regclass", [table])
        return self.env.cr.fetchone()[0]

    def test_grown_tables(self):
        """N13: a table that a bulk load filled is looked at before rows are joined, once; small ones are left alone."""
        for table, rows in (("test_filled", 50_000), ("test_small", 10)):
            self.env.cr.execute(
                SQL("CREATE TEMPORARY TABLE %s AS SELECT generate_series(1, %s) AS id", SQL.identifier(table), rows)
            )
        analyze_grown(self.env.cr, "test_filled", "test_small")
        self.assertEqual((self.known("test_filled"), self.known("test_small")), (50_000, -1))
        with self.assertQueryCount(1):
            analyze_grown(self.env.cr, "test_filled", "test_small")
