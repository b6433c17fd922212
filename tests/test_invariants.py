"""What must hold over all cards of a database, whatever its add-ons did: run on the demo company's data."""

import re
from pathlib import Path

from odoo.tests import TransactionCase, tagged

ROOT = Path(__file__).parents[1]
LEDGERED = ("loyalty", "ewallet", "gift_card")
#: Where rows of the ledger's tables and balances of cards may be written in SQL.
WRITERS = {
    "loyalty_ledger/ledger/writing.py",
    "loyalty_ledger/models/loyalty_card_foreign.py",
    "loyalty_ledger/models/loyalty_card_adoption.py",
    "loyalty_ledger/models/loyalty_card_posting.py",
    "loyalty_ledger/models/loyalty_ledger_seal.py",
}


@tagged("post_install", "-at_install")
class TestInvariants(TransactionCase):
    def test_every_balance_has_its_ledger(self):
        """N5, P3: with all add-ons and their demo data, verification finds nothing."""
        self.assertEqual(self.env["loyalty.card"]._verify_ledger(), [])

    def test_points_add_up(self):
        """P3, C28: per program, entries = cards = open lots - debt, and accumulated - redeemed; also per customer."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            SELECT p.id, COALESCE(c.points, 0), COALESCE(e.points, 0), COALESCE(l.remaining, 0) - COALESCE(c.debt, 0),
                   COALESCE(c.accumulated, 0) - COALESCE(c.redeemed, 0)
              FROM loyalty_program p
              LEFT JOIN (SELECT program_id, sum(points) AS points, sum(debt_points) AS debt,
                                sum(accumulated_points) AS accumulated, sum(redeemed_points) AS redeemed
                           FROM loyalty_card GROUP BY program_id) c ON c.program_id = p.id
              LEFT JOIN (SELECT program_id, sum(points) AS points FROM loyalty_ledger_entry GROUP BY program_id) e
                     ON e.program_id = p.id
              LEFT JOIN (SELECT program_id, sum(remaining) AS remaining FROM loyalty_lot GROUP BY program_id) l
                     ON l.program_id = p.id
             WHERE p.program_type = ANY(%s)
            """,
            [list(LEDGERED)],
        )
        rows = self.env.cr.fetchall()
        self.assertTrue(any(row[1] for row in rows), "no program has points: the demo data is missing")
        for program_id, cards, entries, lots, totals in rows:
            with self.subTest(program=program_id):
                self.assertEqual((entries, lots, totals), (cards, cards, cards))
        cards = self.env["loyalty.card"].search(
            [("program_id.program_type", "=", "loyalty"), ("partner_id", "!=", False)]
        )
        for partner, owned in list(cards.grouped("partner_id").items())[:50]:
            if partner._fields.get("loyalty_outstanding_points"):
                self.assertAlmostEqual(partner.loyalty_outstanding_points, sum(owned.mapped("points")), 4)

    def test_no_card_outside(self):
        """N12: every card of a ledgered program is under the ledger, archived ones included."""
        cards = self.env["loyalty.card"].with_context(active_test=False)
        self.assertFalse(
            cards.search([("program_id.program_type", "in", LEDGERED), ("ledgered", "=", False)]), "cards outside"
        )

    def test_available_is_never_more_than_open_lots(self):
        """P10, P11, N6: nothing can be spent that is not there."""
        for card in self.env["loyalty.card"].search([("ledgered", "=", True)]):
            open_points = sum(card.lot_ids.mapped("remaining"))
            self.assertLessEqual(card.available_points, max(0, open_points - card.debt_points) + 1e-9, card.code)

    def test_one_gateway(self):
        """N5: no other file writes balances, entries, lots or consumptions in SQL."""
        statement = re.compile(
            r"(INSERT\s+INTO|UPDATE|DELETE\s+FROM|TRUNCATE)\s+(loyalty_card|loyalty_lot|loyalty_ledger_\w+)\b"
        )
        found = {
            path.relative_to(ROOT).as_posix()
            for path in [*ROOT.glob("loyalty_*/**/*.py"), *ROOT.glob("loyalty_*/**/*.sql")]
            if "tests" not in path.parts and statement.search(path.read_text())
        }
        self.assertLessEqual(found, WRITERS)
