from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged

from .common import RebateCase


@tagged("post_install", "-at_install")
class TestInquiry(RebateCase):
    """Sales against target on the menu and on the customer."""

    def rows(self, action, user):
        return self.env["loyalty.inquiry"].with_user(user).search(action["domain"])

    def test_same_figures(self):
        """M11, N29, M13: menu, customer, program and close say the same figures, and they open the documents behind them;
        the lines of periods are written by nobody."""
        first = self.sell(1500, day="2026-02-10")
        second = self.sell(400, day="2026-03-05")
        user = self.make_role("reader", "account.group_account_readonly,loyalty_ledger.group_loyalty_user")
        rows = self.rows(self.env["loyalty.inquiry"].with_user(user).action_inquire(), user)
        self.assertRecordValues(
            rows,
            [
                {"period": "March 2026", "sales": 400.0, "target": 1000.0, "percentage": 40.0, "accrued": 0.0},
                {"period": "February 2026", "sales": 1500.0, "target": 1000.0, "percentage": 100.0, "accrued": 50.0},
            ],
        )
        self.assertRegex(rows[0].next_step, r"600\.00 to reach 10%")
        self.assertEqual(rows[0].action_view_documents()["domain"], [("id", "in", second.ids)])
        self.assertEqual(rows[1].action_view_documents()["domain"], [("id", "in", first.ids)])
        customer = self.customer.with_user(user).with_company(self.company)
        self.assertRecordValues(
            customer,
            [
                {
                    "loyalty_period_name": "March 2026",
                    "loyalty_period_sales": 400.0,
                    "loyalty_period_target": 1000.0,
                    "loyalty_period_percentage": 40.0,
                    "loyalty_period_accrued": 0.0,
                    "loyalty_period_next": rows[0].next_step,
                }
            ],
        )
        own = self.rows(customer.action_loyalty_inquiry(), user)
        self.assertEqual(own.mapped("sales"), rows.mapped("sales"))
        close = self.close("2026-02-28")
        close.action_preview()
        self.assertEqual(self.step(close, "roll_over").amount, rows[1].accrued)
        with self.assertRaisesRegex(UserError, "made by its roll-over"):
            self.env["loyalty.period.line"].with_user(user).create({})

    def test_second_program(self):
        """M11: the customer's form shows every program, each against its own target."""
        self.sell(400, day="2026-03-05")
        second = self.make_program(
            name="Half a Year",
            award_mode="period",
            period_length="quarter",
            tier_ids=[Command.create({"threshold": 800, "percentage": 3})],
        )
        customer = self.customer.with_user(self.accountant).with_company(self.company)
        reads, original = [], self.registry["loyalty.program"]._period_sales

        def spy(program, *args, **kwargs):
            reads.append(program.id)
            return original(program, *args, **kwargs)

        self.patch(self.registry["loyalty.program"], "_period_sales", spy)
        self.assertEqual(customer.loyalty_period_program_id, self.program)
        bars = str(customer.loyalty_period_bars)
        self.assertEqual(reads, [self.program.id, second.id], "the sales of each program are read once")
        for text in (
            self.program.name,
            second.name,
            "March 2026",
            "width: 40%",
            "Q1 2026",
            "400.00",
            "800.00",
            "to reach 3%",
            "width: 50%",
        ):
            self.assertIn(text, bars)
        # The inquiry tells the programs apart; of one program it does not name it in each row.
        action = self.env["loyalty.inquiry"].with_user(self.accountant).action_inquire(self.customer.id)
        self.assertEqual(action["context"], {"several_programs": True})
        self.assertEqual(self.rows(action, self.accountant).program_id, self.program | second)
        second.award_mode = "sale"
        action = self.env["loyalty.inquiry"].with_user(self.accountant).action_inquire(self.customer.id)
        self.assertEqual(action["context"], {})
        clerk = new_test_user(self.env, "figures_nobody", groups="base.group_user")
        with self.assertRaises(AccessError):
            self.customer.with_user(clerk).read(["loyalty_period_sales"])

    def test_rights(self):
        """N29, P4: who may not read loyalty gets no inquiry; without a program it says what to do."""
        nobody = new_test_user(self.env, "inquiry_nobody", groups="base.group_user")
        with self.assertRaises(AccessError):
            self.env["loyalty.inquiry"].with_user(nobody).action_inquire()
        self.program.active = False
        with self.assertRaisesRegex(UserError, "No program credits sales of a period"):
            self.env["loyalty.inquiry"].with_user(self.accountant).with_company(self.company).action_inquire()


@tagged("post_install", "-at_install")
class TestPortal(HttpCase, RebateCase):
    frozen = False  # a browser's session needs a clock that goes on

    def test_bar(self):
        """M11: the page of the card shows sales against target, credits and the next tier."""
        user = new_test_user(self.env, "rebate_portal", groups="base.group_portal", password="rebate_portal")
        user.partner_id.company_id = False
        card = self.make_card(user.partner_id)
        day = self.program._period_today()
        self.sell(400, day=day, partner=user.partner_id)
        self.authenticate("rebate_portal", "rebate_portal")
        page = self.url_open(f"/my/loyalty_card/{card.id}/history").text
        self.assertIn("width: 40%", page)
        self.assertRegex(page, r"600\.00.{0,12}to reach 10%")
        self.assertIn(self.program._name_period(day.replace(day=1)), page)
