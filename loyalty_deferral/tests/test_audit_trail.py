"""From a sale to the books and back by clicks: each figure of a deferral opens what it is made of."""

from ast import literal_eval

from lxml import etree

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import DeferralCase


@tagged("post_install", "-at_install")
class TestAuditTrail(DeferralCase):
    def follow(self, action):
        """Return the records that an action shows, with the accountant's rights."""
        records = self.env[action["res_model"]].with_user(self.accountant)
        if action.get("res_id"):
            return records.browse(action["res_id"])
        return records.search(action["domain"])

    def test_from_sale_to_books(self):
        """N2, N15: invoice, cohort, uses of its points, run, journal entry and their lines open one another."""
        invoice = self.sell(1000.0, day="2026-01-10")
        self.sell(1000.0, day="2026-02-10")
        self.redeem(60, day="2026-02-20")
        close = self.close("2026-02-28", start="2026-01-01")
        run = self.step(close).run_id
        earning = self.follow(invoice.with_user(self.accountant).action_view_loyalty_deferral())
        cohort = self.follow(earning.action_view_cohort())
        self.assertEqual(cohort, self.cohort("2026-01-01"))
        uses = self.follow(cohort.action_view_uses())
        self.assertRecordValues(uses, [{"points": 60, "kind": "redeem", "cohort_id": cohort.id}])
        redemption = uses.debit_entry_id
        self.assertEqual(self.follow(redemption.action_view_cohorts()), cohort)
        self.assertFalse(self.follow(self.cohort("2026-02-01").action_view_uses()))
        self.assertFalse(uses.lot_id.entry_id.cohort_ids)
        lines = self.follow(run.with_user(self.accountant).action_view_valuations())
        self.assertEqual(lines, self.program.cohort_ids.line_ids)
        entry = self.follow(lines[0].action_open_move())
        self.assertEqual(entry, run.move_id)
        self.assertEqual(entry.loyalty_cohort_line_count, len(lines))
        self.assertEqual(self.follow(entry.action_view_loyalty_cohort_lines()), lines)
        liability = run.move_id.line_ids.filtered(lambda item: item.account_id == self.program.liability_account_id)
        self.assertEqual(sum(lines.mapped("amount")), -sum(liability.mapped("balance")))

    def test_figures_of_a_close(self):
        """N15: the figures of a close and the rows of the liability open the lines of their cohorts."""
        self.sell(1000.0, day="2026-01-10")
        self.close("2026-01-31", start="2026-01-01")
        self.sell(500.0, day="2026-02-10")
        self.redeem(40, day="2026-02-20")
        close = self.close("2026-02-28")
        figures = close.figure_ids.filtered(lambda row: row.program_id == self.program and row.stage == "after")
        for figure in figures:
            if figure.name != "owed":
                lines = self.follow(figure.action_view_values())
                self.assertAlmostEqual(sum(lines.mapped("amount")), figure.amount, 2, figure.name)
        self.env.flush_all()
        rows = self.env["loyalty.liability.report"].with_user(self.accountant)
        rows = rows.search([("program_id", "=", self.program.id), ("cohort_id", "!=", False)])
        self.assertEqual(len(rows), 2)
        for row in rows:
            self.assertEqual(self.follow(row.action_open()), row.cohort_id)
        # Deferred revenue has no day of expiry: it is not what never expires, and has a filter of its own.
        search = etree.fromstring(rows.get_view(view_type="search")["arch"])
        found = {
            name: rows.search(
                [*literal_eval(search.find(f".//filter[@name='{name}']").get("domain")), ("id", "in", rows.ids)]
            )
            for name in ("never", "deferred")
        }
        self.assertEqual((len(found["never"]), found["deferred"]), (0, rows))

    def test_figures_of_a_roll_forward(self):
        """N15: a month of the roll-forward opens the lines of cohorts and the transactions that it is made of."""
        self.sell(1000.0, day="2026-01-10")
        self.redeem(40, day="2026-01-20")
        self.close("2026-01-31", start="2026-01-01")
        self.env.flush_all()
        row = self.env["loyalty.rollforward.report"].with_user(self.accountant)
        row = row.search([("program_id", "=", self.program.id), ("month", "=", "2026-01-01")])
        values = self.follow(row.action_view_values())
        self.assertEqual(values._name, "loyalty.cohort.line")
        self.assertAlmostEqual(sum(values.mapped("amount")), row.closing_amount, 2)
        redeemed = values.filtered(lambda line: line.kind == "redeem")
        self.assertAlmostEqual(sum(redeemed.mapped("amount")), row.redeemed_amount, 2)
        transactions = self.follow(row.action_view_transactions())
        self.assertEqual(sorted(transactions.mapped("points")), [row.redeemed_points, row.issued_points])

    def test_uses_follow_the_points(self):
        """N2: points that were given to somebody else, and given back, are uses of the cohort in which they were sold."""
        other = self.make_card(self.env["res.partner"].create({"name": "Bob"}))
        self.sell(1000.0, day="2026-01-10")
        self.env["loyalty.card"]._post_entries(
            [self.card._transfer_op(other, 50, "Gift") | {"effective_date": fields.Date.to_date("2026-01-12")}]
        )
        self.redeem(30, other, day="2026-01-20")
        self.redeem(10, day="2026-01-20")
        self.defer("2026-01-31")
        cohort = self.cohort("2026-01-01")
        uses = self.follow(cohort.with_user(self.accountant).action_view_uses())
        self.assertEqual(len(uses), 2)
        self.assertNotIn("transfer", uses.mapped("kind"))
        self.assertEqual((sum(uses.mapped("points")), cohort.redeemed_points), (40, 40))

    def test_nothing_booked(self):
        """N15: a line without a journal entry says why."""
        line = self.env["loyalty.cohort.line"].new({"kind": "redeem", "amount": 0.0})
        with self.assertRaisesRegex(UserError, "nothing to book"):
            line.action_open_move()
