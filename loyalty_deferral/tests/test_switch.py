from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import SQL

from odoo.addons.loyalty_account.models import loyalty_program_proof_value
from odoo.addons.loyalty_deferral.hooks import uninstall_hook

from .common import DeferralCase


@tagged("post_install", "-at_install")
class TestSwitch(DeferralCase):
    """A program that accrues, 1.00 a point. Points of January and February; one sale of March before the change."""

    policy = "accrual"

    @classmethod
    def accounting_values(cls, **values):
        expense = cls.cost_account
        vals = super().accounting_values(**values)
        cls.income, cls.cost_account = cls.cost_account, expense
        return {**vals, "cost_account_id": expense.id}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.equity = cls.make_account("Retained Earnings", "300900", "equity")
        cls.administrator = cls.make_role("administrator", "account.group_account_manager")

    def switch(self, day, user=None, **values):
        return (
            self.env["loyalty.deferral.switch"]
            .with_user(user or self.administrator)
            .create(
                {
                    "program_id": self.program.id,
                    **({"date": day} if day else {}),
                    "policy": "deferral",
                    "redemption_rate": 95,
                    "counterpart_id": self.equity.id,
                    "cost_account_id": self.income.id,
                    **values,
                }
            )
        )

    def test_settings_that_stand_in_the_way(self):
        """N2, M5: what a program must change first is said when the form opens, and refused with the same words."""
        form = Form(self.env["loyalty.deferral.switch"].with_context(default_program_id=self.program.id))
        self.assertFalse(form.obstacle)
        taxes = {"sale_tax_id": self.sale_taxes[15].id, "purchase_tax_id": self.purchase_taxes[15].id}
        self.program.write({"vat_mode": "input_tax", "tax_map_ids": [Command.create(taxes)]})
        form = Form(
            self.env["loyalty.deferral.switch"]
            .with_user(self.administrator)
            .with_context(default_program_id=self.program.id)
        )
        self.assertRegex(
            form.obstacle, f"{self.program.name}: revenue cannot be deferred while redemptions recover input tax"
        )
        form.policy = "redemption"
        self.assertFalse(form.obstacle)
        with self.assertRaisesRegex(UserError, "redemptions recover input tax"):
            self.switch("2026-02-28").action_preview()
        self.program.write({"vat_mode": "tender", "issue_on": "order"})
        with self.assertRaisesRegex(UserError, "Points Are Awarded"):
            self.switch("2026-02-28").action_preview()

    def test_proposed_day(self):
        """N2: the day that is proposed can be taken: the last one that the old policy booked, be it in the month that runs."""
        self.sell(1000.0, day="2026-01-10")
        self.run_accrual("2026-01-31")
        self.assertEqual(self.switch(None).date, fields.Date.to_date("2026-01-31"))
        self.redeem(20, day="2026-02-10")
        switch = self.switch(None)
        self.assertEqual(switch.date, fields.Date.to_date("2026-02-10"))
        switch.action_preview()
        self.assertEqual(switch.released_amount, 80.0)

    def test_pack_of_a_month_before_the_change(self):
        """N15, M17: the pack of a month shows what the policy of its last day carried, whatever the program does since."""
        self.sell(1000.0, day="2026-01-10")
        self.run_accrual("2026-01-31")
        switch = self.switch("2026-02-10")
        switch.action_post()

        def pack(start, end):
            vals = {"company_id": self.company.id, "date_from": start, "date_to": end}
            close = self.env["loyalty.close"].create(vals)
            data = next(data for data in close._pack_programs() if data["program"] == self.program)
            close.unlink()
            return data["has_amounts"], data["current"], bool(data.get("disclosure"))

        self.assertEqual(pack("2026-01-01", "2026-01-31"), (True, 100.0, False))
        self.assertEqual(pack("2026-02-01", "2026-02-28"), (False, 95.0, True))
        self.switch(
            "2026-03-10", policy="accrual", cost_account_id=self.cost_account.id, reason="Immaterial"
        ).action_post()
        self.assertEqual(pack("2026-02-01", "2026-02-28"), (False, 95.0, True))
        self.assertEqual(pack("2026-03-01", "2026-03-31"), (True, 100.0, True))

    def begin(self):
        self.sell(1000.0, day="2026-01-10")
        self.run_accrual("2026-01-31")
        self.redeem(20, day="2026-02-10")
        self.sell(500.0, day="2026-02-12")
        self.sell(1000.0, day="2026-03-02")
        self.assertEqual(self.liability(), 80.0)
        switch = self.switch("2026-02-28")
        switch.action_preview()
        self.assertRecordValues(
            switch, [{"policy_before": "accrual", "released_amount": 80.0, "deferred_amount": 123.5, "move_id": False}]
        )
        self.assertEqual(
            [(line.month_name, line.points, line.amount) for line in switch.line_ids],
            [("January 2026", 80, 76.0), ("February 2026", 50, 47.5)],
        )
        switch.action_post()
        return switch

    def test_to_deferral(self):
        """N2: what customers have becomes a transition cohort per month; later sales are deferred, calculated or not."""
        switch = self.begin()
        self.assertMove(switch.move_id, (self.liability_account, 0.0, 43.5), (self.equity, 43.5, 0.0))
        self.assertEqual((str(switch.move_id.date), self.program.accounting_policy), ("2026-02-28", "deferral"))
        self.assertEqual(str(self.program.deferral_from), "2026-03-01")
        self.assertEqual((switch.run_id.state, self.program._last_run(switch.date)), ("posted", switch.run_id))
        self.assertSound("2026-02-28")
        self.redeem(38, day="2026-03-05")
        run, self.cost_account = self.defer("2026-03-15"), self.income
        self.assertEqual(
            self.items(run),
            {
                "Revenue deferred for loyalty points": (86.76, -86.76),
                "Revenue of redeemed loyalty points": (-38.0, 38.0),
            },
        )
        self.assertRecordValues(
            self.cohort("2026-01-01", "transition"),
            [{"issued_points": 80, "redeemed_points": 38, "expected_points": 76, "deferred_amount": 38.0}],
        )
        self.assertEqual(self.liability(), 172.26)
        self.assertSound()
        figures = self.program._rollforward(*(run.date_to.replace(day=1), run.date_to))
        self.assertEqual(round(figures["closing"][1], 2), 172.26)

    def test_on_the_day_of_the_last_run(self):
        """N2: a program that never had an estimate begins to defer on the day of its last accrual run, which is proposed;
        what a point is worth on a day that a run has used still cannot be changed."""
        self.program.point_value_ids.redemption_rate = 0
        self.sell(1000.0, day="2026-01-10")
        self.run_accrual("2026-01-31")
        switch = self.switch(False, redemption_rate=90)
        self.assertEqual(str(switch.date), "2026-01-31")
        switch.action_preview()
        self.assertEqual((switch.released_amount, switch.deferred_amount), (100.0, 90.0))
        self.assertEqual(len(self.program.point_value_ids), 1)
        switch.action_post()
        self.assertEqual((self.program.accounting_policy, self.liability()), ("deferral", 90.0))
        self.assertEqual(float(self.program._redemption_rate_at(switch.date)), 90.0)
        self.assertSound("2026-01-31")
        row = self.program.point_value_ids.filtered(lambda row: row.date == switch.date)
        for values in ({"point_value": 2}, {"redemption_rate": 50}):
            with self.assertRaisesRegex(UserError, "is closed until"):
                row.write(values)

    def test_on_the_day_of_a_value(self):
        """N2: the same where a value of points begins on that day."""
        self.sell(1000.0, day="2026-01-10")
        values = {"date": "2026-01-31", "point_value": 1, "vat_rate": 15}
        self.program.point_value_ids = [Command.create(values)]
        self.run_accrual("2026-01-31")
        self.switch("2026-01-31", redemption_rate=80).action_post()
        self.assertEqual((len(self.program.point_value_ids), self.liability()), (2, 80.0))

    def test_uses_of_cohorts(self):
        """N2, N15: the uses that a cohort opens are those that it counts: none of before the change, and points that were
        entered after it, though dated before it, in the cohort of their own."""
        self.begin()
        spent = self.redeem(38, day="2026-03-05")
        self.reverse(spent, 8, day="2026-03-06")
        gift = self.post("adjust", 30, day="2026-02-20")
        lots = self.env["loyalty.lot"].search([("entry_id", "=", gift.id)])
        self.post("adjust", -25, day="2026-03-07", lots=lots)
        self.defer("2026-03-15")
        found = {}
        for cohort in self.program.cohort_ids:
            uses = self.env["loyalty.ledger.consumption"].search(cohort.action_view_uses()["domain"])
            self.assertEqual(sum(uses.mapped("points")), cohort.redeemed_points + cohort.lapsed_points)
            found[str(cohort.date_from), cohort.kind] = [(str(use.effective_date), use.points) for use in uses]
            self.assertEqual(uses.cohort_id, cohort if uses else cohort.browse())
        self.assertEqual(
            {cohort: uses for cohort, uses in found.items() if uses},
            {
                ("2026-01-01", "transition"): [("2026-03-05", 38), ("2026-03-06", -8)],
                ("2026-02-01", "grant"): [("2026-03-07", 25)],
            },
        )

    def test_begun_before_any_points(self):
        """N2: a program that had no points yet when it began to defer took none over: points that are dated back are granted."""
        self.switch("2026-02-28").action_post()
        self.post("adjust", 30, day="2026-02-20")
        self.defer("2026-03-15")
        self.assertEqual(self.program.cohort_ids.mapped("kind"), ["grant"])
        self.assertSound()

    def test_figures_of_earlier_closes(self):
        """N15: the figures of a close open what its program booked then: lines of cohorts, also after the deferral ended."""
        self.begin()
        close = self.close("2026-03-10", start="2026-03-01")
        self.switch("2026-03-15", policy="accrual", cost_account_id=self.cost_account.id, reason="Stop").action_post()
        figures = close.figure_ids.filtered(lambda row: row.program_id == self.program and row.stage == "after")
        for figure in figures.filtered(lambda row: row.name != "owed"):
            action = figure.action_view_values()
            self.assertEqual(action["res_model"], "loyalty.cohort.line")
            lines = self.env["loyalty.cohort.line"].search(action["domain"])
            self.assertAlmostEqual(sum(lines.mapped("amount")), figure.amount, 2, figure.name)

    def test_back(self):
        """N2: revenue stops being deferred only with the reason on record; points are accrued again from then on."""
        self.begin()
        self.defer("2026-03-14")
        with self.assertRaisesRegex(UserError, "Begin or End Deferral"):
            self.program.accounting_policy = "accrual"
        back = self.switch("2026-03-15", policy="accrual", cost_account_id=self.cost_account.id, reason=" ")
        with self.assertRaisesRegex(UserError, "reason"):
            back.action_post()
        back.reason = "The program is not material"
        back.action_post()
        self.assertEqual((self.program.accounting_policy, self.liability()), ("accrual", 230.0))
        self.assertTrue(back.move_id.ref.endswith("(The program is not material)"), back.move_id.ref)
        # By a click: what was released, and what points stand at from then on.
        moves = self.env["account.move"].search(back.action_open_move()["domain"], order="id")
        on_liability = moves.line_ids.filtered(lambda line: line.account_id == self.liability_account)
        balances = [round(sum(lines.mapped("balance")), 2) for lines in on_liability.grouped("move_id").values()]
        self.assertEqual(sorted(balances), [-back.deferred_amount, back.released_amount])
        # Nothing is deferred any longer, and no close will post anything of it.
        found = self.program._deferral_disclosure(*map(fields.Date.to_date, ("2026-01-01", "2026-03-31")))
        self.assertEqual((found["rollforward"]["closing"], found["unposted"], found["rate"]), (0, 0, None))
        self.assertFalse([row for row in found["sensitivity"] if row[1] or row[2]])
        runs = self.env["loyalty.accrual.run"].search([("program_id", "=", self.program.id)])
        self.assertEqual(set(runs.mapped("state")), {"posted"})
        self.assertRecordValues(
            back, [{"state": "posted", "released_amount": 210.26, "user_id": self.administrator.id}]
        )
        # Neither is cost or revenue of the period: 43.50 in, 210.26 out, 230.00 in.
        equity = self.env["account.move.line"].search([("account_id", "=", self.equity.id)])
        self.assertEqual(round(sum(equity.mapped("balance")), 2), 63.24)
        self.assertSound()
        with self.assertRaisesRegex(UserError, "stays as it is"):
            back.reason = "Another"

    def test_leaving(self):
        """N12, N2: once the add-on is uninstalled, the proof of any day knows what the entries of its cohorts booked."""
        self.begin()
        self.defer("2026-03-14")
        with self.assertRaisesRegex(UserError, "Revenue of these programs is deferred"):
            uninstall_hook(self.env)
        self.switch("2026-03-15", policy="accrual", cost_account_id=self.cost_account.id, reason="Leaves").action_post()
        days = ("2026-02-27", "2026-02-28", "2026-03-14", "2026-03-15")
        before = [self.read_values(self.program._sql_value_lines(day)) for day in days]
        self.assertEqual([len(values) for values in before], [2, 3, 4, 6])
        uninstall_hook(self.env)
        of_account = loyalty_program_proof_value.LoyaltyProgram._sql_value_lines
        self.assertEqual([self.read_values(of_account(self.program, day)) for day in days], before)

    def read_values(self, lines):
        query = SQL(
            "SELECT move_id, account_id, run_id, sum(amount) FROM (%s) l GROUP BY 1, 2, 3 ORDER BY 1, 2, 3", lines
        )
        return [row for row in self.env.execute_query(query) if row[3]]

    def test_returns_of_earlier_sales(self):
        """N2, N4: a return of a sale from before the change takes its part of what was taken over with it."""
        invoice = self.sell(1000.0, day="2026-01-10")
        self.run_accrual("2026-01-31")
        self.switch("2026-02-28").action_post()
        self.assertEqual(self.liability(), 95.0)
        self.credit(invoice, 500.0, day="2026-03-05")
        run, self.cost_account = self.defer("2026-03-15"), self.income
        self.assertEqual(self.card.points, 50)
        self.assertEqual(self.items(run), {"Deferred revenue of returned sales": (-47.5, 47.5)})
        self.assertEqual(self.liability(), 47.5)
        self.assertSound()

    def test_points_given_back(self):
        """N2, N4: points that were redeemed before the change and come back after it are owed again, at the price of then."""
        self.sell(1000.0, day="2026-01-10")
        spent = self.redeem(40, day="2026-01-20")
        self.run_accrual("2026-01-31")
        self.switch("2026-02-28").action_post()
        self.assertEqual(self.liability(), 57.0)
        self.reverse(spent, 20, day="2026-03-05")
        run, self.cost_account = self.defer("2026-03-15"), self.income
        self.assertEqual(self.items(run), {"Deferred revenue of returned sales": (19.0, -19.0)})
        self.assertRecordValues(
            self.cohort("2026-01-01", "transition"),
            [{"issued_points": 80, "redeemed_points": 0, "open_points": 80, "deferred_amount": 76.0}],
        )
        self.assertSound("2026-02-28")
        self.assertSound()

    def test_unpaid_sales(self):
        """N2: sales that are not paid on the day of the change have their revenue before it: it is part of the transition."""
        paid = self.sell(1000.0, day="2026-01-10")
        self.run_accrual("2026-01-31")
        waiting = self.sell(1000.0, day="2026-02-20", pay=False)
        switch = self.switch("2026-02-28")
        switch.action_preview()
        self.assertFalse(waiting.sudo().loyalty_earning_id.revenue_ids)
        self.assertEqual(
            [(str(line.month), line.points, line.amount, line.is_waiting) for line in switch.line_ids],
            [("2026-01-01", 100, 95.0, False), ("2026-02-01", 100, 86.76, True)],
        )
        switch.action_post()
        self.assertMove(switch.move_id, (self.liability_account, 0.0, 81.76), (self.equity, 81.76, 0.0))
        self.assertSound("2026-02-28")
        with self.on("2026-03-05"):
            self.pay(waiting)
        self.assertEqual(self.card.points, 200)
        run, self.cost_account = self.defer("2026-03-15"), self.income
        self.assertFalse(run.move_id)
        self.assertRecordValues(
            self.cohort("2026-02-01"), [{"kind": "sale", "open_points": 100, "deferred_amount": 86.76}]
        )
        self.assertSound()
        self.credit(waiting, 1000.0, day="2026-03-15")
        self.credit(paid, 1000.0, day="2026-03-15")
        self.assertEqual(
            self.items(self.defer("2026-03-15")), {"Deferred revenue of returned sales": (-181.76, 181.76)}
        )
        self.assertSound()

    def test_unpaid_sale_credited_later(self):
        """N2: an unpaid sale that was credited in part after the day of the change is deferred by the first close."""
        waiting = self.sell(1000.0, day="2026-02-20", pay=False)
        self.credit(waiting, 500.0, day="2026-03-05")
        switch = self.switch("2026-02-28")
        switch.action_post()
        self.assertFalse(switch.line_ids)
        self.defer("2026-03-15")
        self.assertEqual(self.liability(), 43.38)
        self.assertSound("2026-02-28")
        self.assertSound()

    def test_before_the_change(self):
        """N2, N1: days before the change, and days between it and its end, are proved by the policy of then."""
        self.begin()
        self.assertSound("2026-01-31")
        self.assertSound("2026-02-15")
        self.defer("2026-03-14")
        self.assertSound("2026-03-10")
        self.switch(
            "2026-03-15", policy="accrual", cost_account_id=self.cost_account.id, reason="Not material"
        ).action_post()
        for day in ("2026-01-31", "2026-02-28", "2026-03-10", "2026-03-14", "2026-03-15"):
            with self.subTest(day):
                self.assertSound(day)

    def make_new_program(self):
        """A program without accounting, whose points are worth 1.00."""
        return self.make_program(
            name="New", point_value_ids=[Command.create({"date": "2020-01-01", "point_value": 1.0})]
        )

    def set_up_deferral(self, program):
        self.env["loyalty.account.setup"].create(
            {
                "program_id": program.id,
                "accounting_policy": "deferral",
                "vat_mode": "tender",
                "redemption_rate": 95,
            }
        ).action_set_up()

    def test_take_over_late(self):
        """N2: points of sales that are deferred already are not taken over a second time."""
        program = self.make_new_program()
        program.rule_ids.reward_point_amount = 0.1
        card = self.make_card(program=program)
        self.post("opening", 1000, card, day="2026-02-10")
        self.set_up_deferral(program)
        self.sell(1000.0, day="2026-02-20", loyalty_card_id=card.id)
        self.assertEqual(card.points, 1100)
        self.switch("2026-02-28", program_id=program.id, cost_account_id=program.cost_account_id.id).action_post()
        self.run_accrual("2026-03-15", program)
        self.assertEqual(
            sorted(program.cohort_ids.mapped(lambda cohort: (cohort.kind, cohort.deferred_amount))),
            [("sale", 86.76), ("transition", 950.0)],
        )
        self.assertSound(program=program)

    def test_opening_balance_is_what_was_booked(self):
        """N15: what was taken over within the period is not revenue from its opening balance, whenever it was earned."""
        self.begin()
        self.redeem(38, day="2026-03-05")
        self.defer("2026-03-15")
        day = fields.Date.to_date
        both = self.program._deferral_rollforward(day("2026-02-01"), day("2026-03-15"))
        self.assertEqual((float(both["recognised_opening"]), float(both["recognised_current"])), (0.0, -38.0))
        month = self.program._deferral_rollforward(day("2026-03-01"), day("2026-03-15"))
        self.assertEqual((float(month["recognised_opening"]), float(month["recognised_current"])), (-38.0, 0.0))

    def test_begin_again(self):
        """N2: a program that stopped deferring does not begin again: its old cohorts would be deferred twice."""
        self.begin()
        self.defer("2026-03-14")
        self.switch(
            "2026-03-15", policy="accrual", cost_account_id=self.cost_account.id, reason="Not material"
        ).action_post()
        with self.assertRaisesRegex(UserError, "a program of its own"):
            self.switch("2026-03-15").action_post()

    def test_from_nothing(self):
        """N2: a program without a liability begins by Set Up Accounting; points that customers have are taken over then."""
        program = self.make_new_program()
        card = self.make_card(program=program)
        self.post("opening", 1000, card, day="2026-02-10")
        self.set_up_deferral(program)
        self.assertEqual((program.accounting_policy, program.deferral_state), ("deferral", "open"))
        self.assertEqual(program.cost_account_id.internal_group, "income")
        switch = self.switch("2026-02-28", program_id=program.id, cost_account_id=program.cost_account_id.id)
        self.assertEqual(program.action_switch_deferral()["context"]["default_policy"], "deferral")
        switch.action_post()
        self.assertMove(switch.move_id, (program.liability_account_id, 0.0, 950.0), (self.equity, 950.0, 0.0))
        self.assertEqual((program.deferral_state, program.cohort_ids.kind), ("on", "transition"))
        self.redeem(475, card, day="2026-03-10")
        self.run_accrual("2026-03-15", program)
        self.assertEqual(program.cohort_ids.deferred_amount, 475.0)
        self.assertSound(program=program)

    def test_refusals(self):
        """N2: a day to come, a day that was booked, a missing estimate and missing rights are refused with the reason."""
        self.sell(1000.0, day="2026-01-10")
        self.run_accrual("2026-01-31")
        for text, day, values in (
            ("a day to come", "2026-03-16", {}),
            ("were booked until", "2026-01-30", {}),
            ("percentage", "2026-02-28", {"redemption_rate": 101}),
            ("Counter-account", "2026-02-28", {"counterpart_id": False}),
            ("is the Liability Account", "2026-02-28", {"counterpart_id": self.program.liability_account_id.id}),
        ):
            with self.subTest(text), self.assertRaisesRegex(UserError, text):
                self.switch(day, **values).action_post()
        with self.assertRaises(AccessError):
            self.switch("2026-02-28", user=self.accountant)
        with self.assertRaisesRegex(UserError, "Begin or End Deferral"):
            self.program.write({"accounting_policy": "deferral", "cost_account_id": self.income.id})
