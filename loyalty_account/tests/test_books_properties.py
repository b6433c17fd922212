"""Random invoices, payments, redemptions, refunds, runs and undo: the books tie to the points, to the cent, and the
roll-forward of any month to the books.

Invoices are in the currency of the company, in one worth less and in one worth more, and the rates change while they are
open; some are rounded to coins, some are of a branch. Returns take whole invoices, lines of one rate, parts of a line, or a part of everything.
"""

import os
from datetime import timedelta

from freezegun import freeze_time
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import TODAY, LoyaltyAccountCommon

#: The test run takes the same examples each time; `./dev bench books` takes more, and others each time.
EXAMPLES = os.environ.get("LOYALTY_EXAMPLES")

pick = st.integers(0, 7)
cents = st.one_of(st.integers(1, 30_000), st.sampled_from([100, 999, 1_000, 3_333, 11_500]))
lines = st.lists(st.tuples(cents, st.sampled_from([15, 15, 5, 0])), min_size=1, max_size=3)
share = st.sampled_from([7, 33, 50, 100, 100])
STEP = st.one_of(
    st.tuples(st.just("invoice"), lines, st.sampled_from([None, "coins", "EUR", "GBP", "branch"])),
    st.tuples(st.just("invoice_with_points"), lines, share, st.sampled_from([None, "branch", "coins", "EUR", "GBP"])),
    st.tuples(st.just("pay"), pick, share),
    st.tuples(st.just("pay"), pick, st.just(100)),
    st.tuples(st.just("redeem"), pick, share),
    st.tuples(st.just("redeem"), pick, share),
    st.tuples(st.just("credit"), pick, share),
    st.tuples(st.just("credit_line"), pick, pick, st.sampled_from([100, 50, 33])),
    st.tuples(st.just("cancel_payment"), pick),
    st.tuples(st.just("reverse_payment"), pick),
    st.tuples(st.just("unreconcile"), pick),
    st.tuples(st.just("back_to_draft"), pick),
    st.tuples(st.just("lock")),
    st.tuples(st.just("grant"), st.integers(1, 400)),
    st.tuples(st.just("withdraw"), share),
    st.tuples(st.just("run")),
    st.tuples(st.just("run")),
    st.tuples(st.just("value"), st.sampled_from([0.01, 0.07, 0.5, 1.0])),
    st.tuples(st.just("days"), st.sampled_from([1, 9, 20, 40])),
    st.tuples(st.just("month_end")),
)
SETUP = st.tuples(
    st.sampled_from(["redemption", "accrual", "accrual", "accrual"]),
    st.sampled_from(["tender", "input_tax", "price_reduction"]),
    st.sampled_from(["debt", "clamp"]),
    st.sampled_from(["round_per_line", "round_globally"]),
)


@tagged("post_install", "-at_install")
class TestBooksProperties(LoyaltyAccountCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Above and below the company's own, and changing while the books go on.
        cls.currencies = {
            "EUR": cls.setup_other_currency("EUR", rates=[("2020-01-01", 2.0), ("2026-04-01", 1.9)]),
            "GBP": cls.setup_other_currency("GBP", rates=[("2020-01-01", 0.8), ("2026-04-01", 0.83)]),
        }
        cls.coins = cls.env["account.cash.rounding"].create(
            {
                "name": "Coins of 0.05",
                "rounding": 0.05,
                "strategy": "add_invoice_line",
                "rounding_method": "HALF-UP",
                "profit_account_id": cls.company_data["default_account_revenue"].id,
                "loss_account_id": cls.company_data["default_account_expense"].id,
            }
        )
        cls.branch = cls.env["res.company"].create(
            {"name": "Branch", "parent_id": cls.company.id, "country_id": cls.company.country_id.id}
        )
        cls.env.cr.precommit.run()  # the branch takes over the chart of accounts
        cls.env.user.company_ids |= cls.branch
        cls.contra_revenue = cls.make_account("Sales Paid with Points", "400910", "income")

    @mute_logger("odoo.sql_db")
    @settings(
        max_examples=int(EXAMPLES or 30),
        deadline=None,
        database=None,
        derandomize=not EXAMPLES,
        # Shrinking replays the database hundreds of times; the message tells the whole story anyway.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(setup=SETUP, steps=st.lists(STEP, min_size=15, max_size=15))
    def test_random_books(self, setup, steps):
        """N1, N3, N4, P13: after 15 random steps nothing in the books is unexplained, in every policy and VAT mode."""
        self.play(setup, steps)

    def play(self, setup, steps):
        """Play an example, roll it back, and return what the proof rightly accused at its end."""
        savepoint = self.env.cr.savepoint()
        try:
            run = _Run(self, *setup)
            run.play(steps)
            return [round(item["size"], 2) for item in run.accused]
        finally:
            savepoint.close(rollback=True)
            self.env.clear()

    def test_returns_undone(self):
        """N29: what gave points back for a credited invoice is reversed or cancelled by hand. The points are taken again, their
        money is the customer's credit: the proof says so, to the cent, and every document ties."""
        in_full = [("cancel_payment", 0), ("redeem", 0, 33), ("credit", 0, 50), ("credit_line", 0, 0, 50)]
        for undo in ("reverse_payment", "cancel_payment"):
            for policy in ("redemption", "accrual"):
                with self.subTest(undo=undo, policy=policy):
                    setup = (policy, "tender", "clamp", "round_globally")
                    self.assertEqual(self.play(setup, [*in_full, (undo, 1)]), [4.1])
        part = [
            ("unreconcile", 7),
            ("days", 40),
            ("grant", 75),
            ("redeem", 7, 100),
            ("credit", 2, 33),
            ("run",),
            ("back_to_draft", 7),
        ]
        setup = ("accrual", "input_tax", "debt", "round_per_line")
        self.assertEqual(self.play(setup, [*part, ("reverse_payment", 2)]), [2.37])


class _Run:
    """One example: a customer, his card and his documents, from an accountant's desk."""

    def __init__(self, test, policy, vat_mode, negative_policy, rounding):
        self.test = test
        self.env = test.env
        self.trail = [(policy, vat_mode, negative_policy, rounding)]
        self.now = fields.Datetime.to_datetime(f"{TODAY} 12:00:00")
        test.company.tax_calculation_rounding_method = rounding
        income = {"cost_account_id": test.contra_revenue.id} if vat_mode == "price_reduction" else {}
        values = test.accounting_values(accounting_policy=policy, vat_mode=vat_mode, point_value=0.1, **income)
        self.program = test.make_program(
            **values,
            issue_on="paid",
            expiry_policy="lot",
            expiry_delay=30,
            expiry_unit="day",
            negative_policy=negative_policy,
            vat_rate=0 if vat_mode == "tender" else 15,
        )
        self.card = test.make_card(partner=self.env["res.partner"].create({"name": "Ben"}), program=self.program)
        self.invoices = self.env["account.move"]
        with freeze_time(self.now):
            self.adjust(250)
            self.invoice([(40_000, 15)])
            self.pay(0, 100)
            self.env.cr.flush()

    def play(self, steps):
        for number, step in enumerate(steps):
            self.trail.append(step)
            with freeze_time(self.now):
                self.do(*step)
                if number == 7:
                    self.check(number)
        with freeze_time(self.now):
            self.do("run")
            self.check("end")
            self.check_rollforward()

    def do(self, verb, *args):
        """One step as one transaction: refused or done, never half."""
        try:
            with self.env.cr.savepoint():
                getattr(self, verb)(*args)
                self.env.cr.flush()
        except UserError as error:
            self.trail.append(f"  refused: {error}")
            self.env.invalidate_all()

    def check(self, moment):
        self.env.invalidate_all()
        story = f"{moment}\n" + "\n".join(map(repr, self.trail))
        self.test.assertEqual(self.env["loyalty.card"]._verify_ledger(), [], story)
        proof = self.program._loyalty_proof(fields.Date.today())
        self.accused = self.returns_undone(proof)
        residual = proof["residual"] - sum(item["size"] for item in self.accused)
        self.test.assertEqual(self.program.currency_id.compare_amounts(residual, 0), 0, f"{proof}\n{story}")
        self.test.assertEqual(proof["residual_points"], 0, f"{proof}\n{story}")
        for invoice in self.invoices:
            self.test.assertGreaterEqual(invoice.amount_residual, 0, story)

    def returns_undone(self, proof):
        """Items of the proof that are true: points given back for a sale were taken again by hand, and left their money to the
        customer. It is never more than that."""
        undone = self.env["account.payment"].search([("loyalty_origin_id.loyalty_card_id", "=", self.card.id)])
        undone = undone.filtered(lambda payment: not payment._redemption_in_force()[0])
        most = {}
        for payment in undone:
            invoice = payment.loyalty_move_id.reversed_entry_id
            most[invoice] = most.get(invoice, 0.02) + payment.amount
        moves = self.env["account.move"]
        return [
            item
            for item in proof["payments"]["items"]
            if item["model"] == moves._name
            and item["size"] <= most.get(moves.browse(item["id"]).reversed_entry_id, 0.0)
        ]

    def check_rollforward(self):
        """Months foot, chain and add up to the whole time; each closing is what entries of points and value lines say,
        and what the liability by month of expiry adds up to."""
        story = "\n".join(map(repr, self.trail))
        today = fields.Date.today()
        first = fields.Date.start_of(fields.Date.to_date(TODAY), "month")
        names = ("issued", "redeemed", "expired", "adjusted", "revalued")
        total, closing = dict.fromkeys(names, (0, 0)), (0, 0)
        rows = self.env["loyalty.rollforward.report"].search([("program_id", "=", self.program.id)])
        months = {row.month: row for row in rows}
        while first <= today:
            last = fields.Date.end_of(first, "month")
            found = self.program._rollforward(first, last)
            self.same(found["opening"], closing, f"opening of {first}\n{story}")
            for name in names:
                total[name] = self.plus(total[name], found[name])
            closing = found["closing"]
            self.same(closing, self.plus(found["opening"], *(found[name] for name in names)), f"{first}\n{story}")
            self.same(closing, self.on_the_books(last), f"closing of {first}\n{story}")
            expiry = self.program._liability_by_expiry(last)
            amount = sum(row["amount"] for row in expiry)
            self.test.assertAlmostEqual(amount, closing[1], 2, f"by expiry on {last}: {expiry}\n{story}")
            if row := months.get(first):
                self.same((row.closing_points, row.closing_amount), closing, f"report of {first}\n{story}")
                for name in names:
                    self.same((row[f"{name}_points"] if name != "revalued" else 0, row[f"{name}_amount"]), found[name])
            first = last + timedelta(days=1)
        whole = self.program._rollforward(fields.Date.to_date("2000-01-01"), last)
        for name in names:
            self.same(whole[name], total[name], f"{name} of the whole time\n{story}")

    def on_the_books(self, day):
        """Points of transactions and amounts of value lines until a day, added up without the code of the reports."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            SELECT (SELECT sum(points) FROM loyalty_ledger_entry WHERE program_id = %(id)s AND effective_date <= %(day)s),
                   (SELECT sum(amount) FROM loyalty_valuation WHERE program_id = %(id)s AND date <= %(day)s)
            """,
            {"id": self.program.id, "day": day},
        )
        return tuple(value or 0 for value in self.env.cr.fetchone())

    def same(self, one, other, story=""):
        for place, (a, b) in enumerate(zip(one, other)):
            self.test.assertAlmostEqual(float(a), float(b), 4 - 2 * place, story)

    @staticmethod
    def plus(*pairs):
        return tuple(map(sum, zip(*(map(float, pair) for pair in pairs))))

    # --- steps ---------------------------------------------------------------------------------------------------

    def draft(self, content, terms=None):
        """:param terms: a currency, coins to which the total is rounded, or the branch that sells"""
        values = {"currency_id": self.test.currencies[terms].id} if terms in self.test.currencies else {}
        if terms == "branch":
            values = {"company": self.test.branch, "company_id": self.test.branch.id}
        if terms == "coins":
            values = {"invoice_cash_rounding_id": self.test.coins.id}
        return self.test.make_invoice(
            *(self.test.line(amount / 100, rate) for amount, rate in content),
            partner=self.card.partner_id,
            user=self.env.user,
            loyalty_card_id=self.card.id,
            **values,
        )

    def invoice(self, content, terms=None):
        invoice = self.draft(content, terms)
        invoice.action_post()
        self.invoices |= invoice

    def invoice_with_points(self, content, percent, terms=None):
        invoice = self.draft(content, terms)
        self.apply(invoice, percent)
        invoice.action_post()
        self.invoices |= invoice

    def apply(self, invoice, percent):
        action = invoice.action_apply_loyalty_points()
        wizard = self.env[action["res_model"]].with_context(**action["context"]).create({"move_id": invoice.id})
        wizard.points = max(1, int(wizard.points * percent / 100))
        wizard.action_apply()

    def chosen(self, number):
        return self.invoices[number % len(self.invoices)] if self.invoices else self.invoices

    def redeem(self, number, percent):
        if invoice := self.chosen(number):
            self.apply(invoice, percent)

    def pay(self, number, percent):
        invoice = self.chosen(number)
        if not invoice or not invoice.amount_residual:
            return
        amount = invoice.currency_id.round(invoice.amount_residual * percent / 100)
        self.env["account.payment.register"].with_context(active_model="account.move", active_ids=invoice.ids).create(
            {"journal_id": self.test.bank_journal.id, "amount": amount}
        )._create_payments()

    def credit_line(self, number, position, percent):
        """Credit one line of an invoice, one rate of several, or a part of it."""
        self.credit(number, percent, position)

    def credit(self, number, percent, position=None):
        invoice = self.chosen(number)
        if not invoice:
            return
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id, "date": fields.Date.today()})
        )
        note = self.env["account.move"].browse(wizard.refund_moves()["res_id"])
        if position is not None:
            goods = note.invoice_line_ids.filtered(lambda line: not line.is_loyalty_reduction)
            keep = goods[position % len(goods)]
            note.invoice_line_ids = [Command.delete(line.id) for line in note.invoice_line_ids - keep]
        if percent < 100:
            note.invoice_line_ids = [
                Command.update(line.id, {"price_unit": round(line.price_unit * percent / 100, 2)})
                for line in note.invoice_line_ids
            ]
        note.action_post()

    def payment(self, number):
        payments = self.env["account.payment"].search(
            [("partner_id", "=", self.card.partner_id.id), ("state", "in", ("in_process", "paid"))], order="id"
        )
        return payments[number % len(payments)] if payments else payments

    def cancel_payment(self, number):
        if payment := self.payment(number):
            if not payment.is_loyalty:
                payment.action_draft()
            payment.action_cancel()

    def reverse_payment(self, number):
        self.payment(number).move_id._reverse_moves(cancel=True)

    def back_to_draft(self, number):
        """Redo the invoice: what it had earned goes, and comes back once it is paid again."""
        if invoice := self.chosen(number):
            invoice.button_draft()
            invoice.action_post()

    def lock(self):
        """Close the books until yesterday."""
        self.test.company.fiscalyear_lock_date = fields.Date.today() - timedelta(days=1)

    def unreconcile(self, number):
        if invoice := self.chosen(number):
            invoice.line_ids.remove_move_reconcile()

    def grant(self, points):
        self.adjust(points)

    def withdraw(self, percent):
        if points := int(self.card.available_points * percent / 100):
            self.adjust(-points)

    def adjust(self, points):
        self.card._post_entries(
            [
                {
                    "card_id": self.card.id,
                    "kind": "adjust",
                    "points": points,
                    "key": f"property:{self.card.id}:{self.card.ledger_revision}",
                    "reason": "Random",
                }
            ]
        )

    def run(self):
        if self.program.accounting_policy == "accrual":
            run = self.env["loyalty.accrual.run"].create(
                {"program_id": self.program.id, "date_to": fields.Date.today()}
            )
            run.action_post()

    def value(self, value):
        self.program.point_value = value

    def month_end(self):
        """Go on to the last day of the month, and book what expired until then."""
        last = fields.Date.end_of(fields.Date.today(), "month")
        self.days((last - fields.Date.today()).days)

    def days(self, number):
        self.now += timedelta(days=number)
        with freeze_time(self.now):
            self.env["loyalty.card"]._purge(programs=self.program, commit=False)
