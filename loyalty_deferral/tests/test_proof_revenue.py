from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL

from .common import DeferralCase


@tagged("post_install", "-at_install")
class TestProofRevenue(DeferralCase):
    """Faults are planted as rows. The control recalculates what was deferred from the books and names the document."""

    def setUp(self):
        super().setUp()
        self.invoice = self.sell(self.line(1000.0, 15), day="2026-01-10")
        self.defer("2026-01-31")

    def assertFault(self, record, text, size, date="2026-01-31"):
        proof = self.assertNamed(record, text, "completeness", date=date, size=size)
        self.assertGreaterEqual(proof["residual"], size)

    def test_falsified_revenue(self):
        """N29, N2: revenue of a document that was changed is named, since its changes do not make it."""
        self.tamper(
            "UPDATE loyalty_earning SET revenue_amount = 2000 WHERE id = %s", self.invoice.loyalty_earning_id.id
        )
        self.assertFault(self.invoice, "revenue of .*2,000.00 and its points are not what its changes", 1000.0)

    def test_falsified_everywhere(self):
        """N29, N2: revenue and allocation that were changed alike, so that the formula holds, differ from the books."""
        self.tamper(
            "UPDATE loyalty_earning SET revenue_amount = 2000 WHERE id = %s", self.invoice.loyalty_earning_id.id
        )
        self.tamper(
            "UPDATE loyalty_earning_revenue SET revenue_amount = 2000, allocated = 2000 * 95.0 / 2095 WHERE earning_id = %s AND revenue_amount > 0",
            self.invoice.loyalty_earning_id.id,
        )
        self.assertFault(self.invoice, "revenue was deferred from .*2,000.00", 3.93)

    def test_changed_item(self):
        """N29, N2: a journal item of the sale that was changed afterwards is named too."""
        line = self.invoice.invoice_line_ids
        self.tamper("UPDATE account_move_line SET balance = balance - 500 WHERE id = %s", line.id)
        self.assertFault(self.invoice, "revenue is .*1,500.00 by the books", 2.58)

    def test_doubled_allocation(self):
        """N29, N2: what falls to the points of a document is calculated again by the formula."""
        self.tamper(
            "UPDATE loyalty_earning_revenue SET allocated = 2 * allocated WHERE earning_id = %s",
            self.invoice.loyalty_earning_id.id,
        )
        self.assertFault(self.invoice, "173.52 of its revenue were deferred .*by the formula it is .*86.76", 86.76)

    def test_document_left_out(self):
        """N29, N2: a document whose rows are gone, or that froze nothing, is named."""
        earning = self.invoice.loyalty_earning_id
        self.tamper("DELETE FROM loyalty_earning_revenue WHERE earning_id = %s", earning.id)
        proof = self.prove("2026-01-31")
        named = {(item["model"], item["id"]) for item in proof["completeness"]["items"] if not item["explained"]}
        self.assertIn(("account.move", self.invoice.id), named)
        self.assertGreaterEqual(proof["residual"], 86.76)

    def test_document_without_terms(self):
        """N29, N2: a document of the time of the deferral that earns and defers nothing is named."""
        self.env.cr.execute("UPDATE loyalty_program SET deferral_from = '2026-01-01' WHERE id = %s", [self.program.id])
        self.assertSound("2026-01-31")
        self.tamper(
            "UPDATE loyalty_earning SET terms = terms - 'deferral' WHERE id = %s", self.invoice.loyalty_earning_id.id
        )
        self.assertFault(self.invoice, "nothing of its revenue is deferred", 95.0)

    def test_credit_note_not_taken_back(self):
        """N29, N2, N4: goods that came back without lowering the revenue are named; last month's proof stays as it was."""
        with self.on("2026-02-10"):
            self.plain_note(self.invoice, self.line(500.0, 15))
        self.assertSound("2026-01-31")
        self.assertFault(self.invoice, "revenue is .*500.00 by the books", 6.93, "2026-03-15")

    def test_wrong_rate(self):
        """N29, N2: documents that were allocated with an estimate that did not hold on their day are named."""
        earning = self.invoice.loyalty_earning_id
        self.tamper(
            "UPDATE loyalty_earning SET create_date = create_date + interval '1 hour' WHERE id = %s", earning.id
        )
        self.assertSound("2026-01-31")
        self.tamper(
            """UPDATE loyalty_earning SET terms = jsonb_set(terms, '{deferral,2}', '"50"'), redemption_rate = 50
                WHERE id = %s""",
            earning.id,
        )
        self.tamper(
            "UPDATE loyalty_earning_revenue SET allocated = 1000 * 50.0 / 1050 WHERE earning_id = %s AND revenue_amount > 0",
            earning.id,
        )
        self.assertFault(self.invoice, "allocated with 50% and 1 a point, which did not hold on 01/10/2026", 47.62)

    def test_foreign_currency(self):
        """N29, N2: a document in another currency counts at its own rate; a wrong one is named."""
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": euro.id, "name": "2026-01-01", "rate": 0.3, "company_id": self.company.id}
        )
        invoice = self.sell(self.line(100.0, 15), self.line(33.33, 15), day="2026-01-12", currency_id=euro.id)
        self.assertEqual(invoice.loyalty_earning_id.revenue_amount, 444.43)
        self.assertSound("2026-01-31")
        self.tamper(
            "UPDATE loyalty_earning_revenue SET revenue_amount = 133.33, allocated = 0.1 WHERE earning_id = %s",
            invoice.loyalty_earning_id.id,
        )
        proof = self.prove("2026-01-31")
        named = [item["id"] for item in proof["completeness"]["items"] if item["model"] == "account.move"]
        self.assertEqual(set(named), {invoice.id})

    def test_line_of_an_earlier_close(self):
        """N29, N2: a line of an earlier month that was changed is named whatever closes came after, and on every day."""
        self.sell(500.0, day="2026-02-10")
        self.defer("2026-02-28")
        self.sell(500.0, day="2026-03-10")
        self.env.cr.execute("ALTER TABLE loyalty_cohort_line DISABLE TRIGGER USER")
        self.env.cr.execute(
            "UPDATE loyalty_cohort_line SET amount = amount + 1 WHERE cohort_id = %s", [self.cohort("2026-01-01").id]
        )
        self.env.cr.execute("ALTER TABLE loyalty_cohort_line ENABLE TRIGGER USER")
        for day in ("2026-01-31", "2026-02-15", "2026-02-28", "2026-03-15"):
            with self.subTest(day):
                self.assertFault(self.cohort("2026-01-01"), "one was changed", 1.0, day)

    def test_late_and_locked(self):
        """N29, N2: what came late, what was booked later and what was reversed are told apart, and add up."""
        self.company.sudo().fiscalyear_lock_date = "2026-02-28"
        self.sell(500.0, day="2026-03-02", invoice_date_due="2026-03-02")
        run = self.defer("2026-02-28")
        self.assertFalse(run.move_id)
        reversal = self.program.cohort_ids.line_ids.move_id._reverse_moves([{"date": "2026-03-03"}])
        reversal.action_post()
        for day in ("2026-01-31", "2026-02-28", "2026-03-02", "2026-03-03", "2026-03-15"):
            with self.subTest(day):
                self.assertSound(day)
        self.defer("2026-03-15")
        self.assertSound("2026-03-15")
        self.assertSound("2026-01-31")

    def test_gift_cards_and_points(self):
        """N29, N2: what the control leaves out: gift cards, deposits that earn nothing, what points paid."""
        self.program.vat_mode = "price_reduction"
        for order in ("draft", "posted"):
            with self.on("2026-01-15"):
                invoice = self.make_invoice(self.line(1000.0, 15), invoice_date="2026-01-15", date="2026-01-15")
                if order == "posted":
                    invoice.action_post()
                self.env["loyalty.apply.points"].with_user(self.clerk).create(
                    {"move_id": invoice.id, "card_id": self.card.id, "points": 46}
                ).action_apply()
                if order == "draft":
                    invoice.action_post()
                self.env.cr.flush()
                self.pay(invoice)
            self.assertEqual(invoice.loyalty_earning_id.revenue_amount, 960.0)
            self.assertSound("2026-01-31")
            self.credit(invoice, self.line(300.0, 15), day="2026-02-10")
            self.assertEqual(invoice.loyalty_earning_id.revenue_amount, 672.0)
            self.assertSound("2026-01-31")
            self.assertSound("2026-02-28")

    def test_return_of_what_points_cannot_pay(self):
        """N29, N2, N4: goods that points cannot pay come back without points, so what points paid is still no revenue."""
        gift = self.env["product.product"].create({"name": "Voucher", "taxes_id": [Command.clear()]})
        self.env["loyalty.program"].create(
            {
                "name": "Gift Cards",
                "program_type": "gift_card",
                "rule_ids": [Command.clear(), Command.create({"product_ids": [Command.set(gift.ids)]})],
            }
        )
        line = {"product_id": gift.id, "price_unit": 100.0, "tax_ids": [Command.clear()]}
        invoice = self.sell(self.line(200.0), line, day="2026-01-15", pay=False)
        with self.on("2026-01-15"):
            self.env["loyalty.apply.points"].with_user(self.clerk).create(
                {"move_id": invoice.id, "card_id": self.card.id, "points": 50}
            ).action_apply()
            self.pay(invoice)
        self.assertEqual(invoice.loyalty_earning_id.revenue_amount, 150.0)
        self.assertSound("2026-01-31")
        self.credit(invoice, line, day="2026-02-10")
        self.assertEqual(invoice.loyalty_earning_id.revenue_amount, 150.0)
        self.assertSound("2026-02-28")
        self.credit(invoice, self.line(100.0), day="2026-02-20")
        self.assertEqual(invoice.loyalty_earning_id.revenue_amount, 75.0)
        self.assertSound("2026-02-28")

    def test_estimate_of_the_day(self):
        """N29, N2: an estimate that is entered after a document of its day is no fault of the document."""
        self.program.point_value_ids = [
            Command.create({"date": "2026-02-01", "point_value": 1.0, "vat_rate": 15, "redemption_rate": 90})
        ]
        self.sell(500.0, day="2026-02-03")
        self.assertSound("2026-02-28")


@tagged("post_install", "-at_install")
class TestLaterEstimate(DeferralCase):
    """The first estimate is of 1 March; sales from before it are allocated with it."""

    @classmethod
    def accounting_values(cls, **values):
        values = super().accounting_values(**values)
        (__, __, row) = values["point_value_ids"][0]
        later = Command.create({**row, "date": "2026-03-01", "redemption_rate": 90.0})
        return {**values, "point_value_ids": [Command.create({**row, "redemption_rate": 0}), later]}

    def test_before_the_first(self):
        """N29, N2: an estimate that is entered later, for a day before the first one, accuses no sale from before it."""
        invoice = self.sell(1000.0, day="2026-01-20")
        earning = invoice.loyalty_earning_id
        self.assertEqual(earning.redemption_rate, 90.0)
        shift = "UPDATE loyalty_earning SET create_date = create_date + interval %s WHERE id = %s"
        # What was entered before, the sale and the later estimate are of different times.
        for table in ("loyalty_point_value", "loyalty_point_value_log"):
            self.env.flush_all()
            self.env.cr.execute(
                SQL("UPDATE %s SET write_date = write_date - interval '2 hours'", SQL.identifier(table))
            )
        self.env.invalidate_all()
        self.tamper(shift, "-1 hour", earning.id)
        self.estimate(97.0, "2026-02-01")
        self.assertSound("2026-01-31")
        # One that was known when the document was allocated says that its rate is wrong.
        self.tamper(shift, "2 hours", earning.id)
        text = "allocated with 90% and 1 a point, which did not hold on 01/20/2026"
        self.assertNamed(invoice, text, "completeness", date="2026-01-31", size=82.57)
