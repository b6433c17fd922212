"""What "Verify Ledger" compares: lots, balances and hashes with the transactions that they come from (N5)."""

from odoo import api, models
from odoo.tools import SQL

from ..ledger import schema
from ..tools.sql_files import read_sql

BALANCES_AFTER = read_sql(__file__, "verify_balances_after")
LOT_POINTS = read_sql(__file__, "verify_lot_points")
LOT_EXPIRY = read_sql(__file__, "verify_lot_expiry")
LOT_VESTING = read_sql(__file__, "verify_lot_vesting")
CARDS_OUTSIDE = read_sql(__file__, "verify_cards_outside")
CREDITS = read_sql(__file__, "verify_credits")
DEBITS = read_sql(__file__, "verify_debits")
CARD_TOTALS = read_sql(__file__, "verify_card_totals")
CARD_LOTS = read_sql(__file__, "verify_card_lots")


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    @api.model
    def _verify_ledger(self):
        """Rebuild lots, balances and hashes from the entries and compare (N5).

        :return: list of dicts ``model``, ``id``, ``problem``, the first bad row first; empty when everything fits
        """
        self.env.flush_all()
        problems = []
        for model, query, problem in self._verification_queries():
            for row_id, found, expected in self.env.execute_query(query):
                problems.append({"model": model, "id": row_id, "problem": problem(found=found, expected=expected)})
        for seal_id, problem in self.env["loyalty.ledger.seal"].sudo()._find_broken():
            problems.append({"model": "loyalty.ledger.seal", "id": seal_id, "problem": problem})
        problems += self._verify_days()
        return problems + self.env["loyalty.verification"].sudo()._protection_problems()

    @api.model
    def _daily_models(self):
        """Return the names of the models that sum up rows by day. Override to add some."""
        return ["loyalty.daily"]

    def _verify_days(self):
        """Compare the sums by day with their rows. Wrong ones are thrown away; the job makes them again."""
        problems = []
        for name in self._daily_models():
            sums = self.env[name].sudo()
            wrong = self.env.execute_query(sums._differences())
            if wrong:
                sums._start_again()
            problems += [
                {
                    "model": "loyalty.program",
                    "id": program_id,
                    "problem": self.env._(
                        "%(sums)s: %(found)s was kept for the dashboard, the lines make %(expected)s. It is calculated again.",
                        sums=self.env["ir.model"]._get(name).sudo().name,
                        found=found,
                        expected=expected,
                    ),
                }
                for program_id, found, expected in wrong
            ]
        return problems

    def _verification_queries(self):
        """Return triples of model, query (id, found, expected) and the function that words the problem."""
        return [*self._verify_entries(), *self._verify_lots(), *self._verify_movements(), *self._verify_cards()]

    def _verify_entries(self):
        """Transactions, each for itself and with the ones before it."""
        _ = self.env._
        return [
            (
                "loyalty.ledger.entry",
                SQL(
                    "SELECT id, row_hash, '' FROM loyalty_ledger_entry e WHERE row_hash IS DISTINCT FROM %s ORDER BY id",
                    schema.row_hash("e"),
                ),
                lambda found, expected: _("The row was changed: its hash does not match its contents."),
            ),
            (
                "loyalty.ledger.entry",
                SQL(BALANCES_AFTER),
                lambda found, expected: _(
                    "Balance after the transaction is %(found)s, its sum is %(expected)s.",
                    found=found,
                    expected=expected,
                ),
            ),
        ]

    def _verify_lots(self):
        """Lots: what they hold, and their dates."""
        _ = self.env._
        return [
            (
                "loyalty.lot",
                SQL(LOT_POINTS),
                lambda found, expected: _(
                    "The lot holds %(found)s points, its consumptions leave %(expected)s.",
                    found=found,
                    expected=expected,
                ),
            ),
            (
                "loyalty.lot",
                SQL(LOT_EXPIRY),
                lambda found, expected: _(
                    "The lot expires on %(found)s, its transaction says %(expected)s.", found=found, expected=expected
                ),
            ),
            (
                "loyalty.lot",
                SQL(LOT_VESTING),
                lambda found, expected: _(
                    "The lot opens on %(found)s, its transaction says %(expected)s.", found=found, expected=expected
                ),
            ),
        ]

    def _verify_movements(self):
        """Transactions and the lots that they filled or took from."""
        _ = self.env._
        return [
            (
                "loyalty.ledger.entry",
                SQL(CREDITS),
                lambda found, expected: _(
                    "The credit brought %(expected)s points, its lots account for %(found)s.",
                    found=found,
                    expected=expected,
                ),
            ),
            (
                "loyalty.ledger.entry",
                SQL(DEBITS),
                lambda found, expected: _(
                    "The debit took %(expected)s points, its lots and what it owes account for %(found)s.",
                    found=found,
                    expected=expected,
                ),
            ),
        ]

    def _verify_cards(self):
        """Cards, with their transactions and their lots."""
        _ = self.env._
        return [
            (
                "loyalty.card",
                SQL(CARDS_OUTSIDE, schema.LEDGERED_TYPES),
                lambda found, expected: _("The card has %(found)s points outside the points ledger.", found=found),
            ),
            (
                "loyalty.card",
                SQL(CARD_TOTALS),
                lambda found, expected: _(
                    "The card shows %(found)s (outstanding / accumulated / redeemed / lifetime / owed), its "
                    "transactions make %(expected)s.",
                    found=found,
                    expected=expected,
                ),
            ),
            (
                "loyalty.card",
                SQL(CARD_LOTS),
                lambda found, expected: _(
                    "The card has %(found)s points, its lots less what it owes make %(expected)s.",
                    found=found,
                    expected=expected,
                ),
            ),
        ]
