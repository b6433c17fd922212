from datetime import date

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from odoo.addons.loyalty_rebate.hooks import uninstall_hook
from odoo.addons.loyalty_rebate.models import loyalty_program_roll_over

from .common import RebateCase

FEBRUARY, MARCH = date(2026, 2, 28), date(2026, 3, 31)


@tagged("post_install", "-at_install")
class TestRollOver(RebateCase):
    def test_copy_of_a_program_whose_credits_are_due(self):
        """A copy starts archived; what the sales of the month bring is due in the original, which cannot be archived."""
        self.sell(3000, day="2026-03-10")
        manager = new_test_user(
            self.env,
            "copies",
            "loyalty_ledger.group_loyalty_manager",
            company_id=self.company.id,
            company_ids=self.company.ids,
        )
        program = self.program.with_user(manager)
        copied = program.copy()
        self.assertRecordValues(copied, [{"active": False, "name": f"{program.name} (copy)"}])
        self.assertEqual([(tier.threshold, tier.percentage) for tier in copied.tier_ids], [(1000, 10)])
        self.assertEqual(len(self.program.tier_ids), 1)
        with self.assertRaisesRegex(UserError, "not posted yet"):
            program.action_archive()

    def test_who_reads_no_targets(self):
        """P4: who may read programs but no targets, as cashiers and salespeople, opens a program with tiers, and copies one
        where programs may be made."""
        group = self.env["res.groups"].create({"name": "Makers of Programs"})
        models = ("loyalty.program", "loyalty.rule", "loyalty.reward", "loyalty.card", "loyalty.mail", "pos.config")
        for model in self.env["ir.model"].sudo().search([("model", "in", models)]):
            self.env["ir.model.access"].create(
                {
                    "name": f"Makers of programs: {model.model}",
                    "model_id": model.id,
                    "group_id": group.id,
                    **{f"perm_{name}": True for name in ("read", "write", "create", "unlink")},
                }
            )
        user = new_test_user(
            self.env,
            "makes",
            "base.group_user,product.group_product_manager",
            company_id=self.company.id,
            company_ids=self.company.ids,
        )
        user.group_ids += group
        program = self.program.with_user(user)
        self.env.invalidate_all()
        self.assertFalse(self.env["loyalty.target.tier"].with_user(user).has_access("read"))
        self.assertIn("10% of sales above", program.terms_summary)
        plain = self.env["loyalty.program"].create(
            {"name": "Plain", "program_type": "loyalty", "reward_ids": [Command.create({})]}
        )
        self.env.invalidate_all()
        copied = plain.with_user(user).copy()
        self.assertRecordValues(copied.sudo(), [{"active": False, "name": "Plain (copy)"}])

    def test_month(self):
        """M10, M13, bM3: a month's credits reach the card once, dated in the month; the 1st of the next is not in it."""
        invoice = self.sell(1500.0, day="2026-02-10")
        self.sell(700.0, day="2026-03-01")
        self.assertEqual((invoice.loyalty_points_earned, self.card.points), (0.0, 0.0))
        close = self.close(FEBRUARY)
        close.action_preview()
        step = self.step(close, "roll_over")
        self.assertEqual((step.points, step.amount, self.card.points), (50.0, 50.0, 0.0))
        close._run()
        self.assertEqual((close.state, close.residual), ("done", 0.0), close.problem)
        entry = self.card.entry_ids
        self.assertRecordValues(
            entry,
            [
                {
                    "kind": "earn",
                    "points": 50.0,
                    "effective_date": FEBRUARY,
                    "idempotency_key": f"period:{self.program.id}:2026-02-01:{self.card.id}",
                }
            ],
        )
        self.assertEqual(self.liability(), 50.0)
        self.assertEqual(self.program._roll_over(FEBRUARY), (0, 0.0))
        self.assertEqual(self.card.points, 50.0)
        self.assertSound(FEBRUARY)

    def test_figures(self):
        """M11: figures of a customer name sales, target, what is missing and what is credited, before and after the close."""
        self.sell(600.0, day="2026-02-10")
        figures = self.figures(FEBRUARY)
        self.assertEqual(
            [
                figures[name]
                for name in ("sales", "target", "percentage", "missing", "next_percentage", "accrued", "posted")
            ],
            [600.0, 1000.0, 60.0, 400.0, 10.0, 0.0, 0.0],
        )
        invoice = self.sell(900.0, day="2026-02-11")
        self.program._roll_over(FEBRUARY)
        figures = self.figures(FEBRUARY)
        self.assertEqual(
            [figures[name] for name in ("sales", "missing", "accrued", "posted", "left", "is_rolled_over")],
            [1500.0, 0.0, 50.0, 50.0, 50.0, True],
        )
        self.assertIn(invoice.id, self.program._period_documents(self.customer, FEBRUARY)["account.move"])

    def test_changed_tiers(self):
        """bM4: changed tiers count from the next period on."""
        self.sell(1500.0, day="2026-03-10")
        self.program.tier_ids.percentage = 20
        self.assertEqual(self.figures()["accrued"], 50.0)
        self.assertIn("hold until", self.program.terms_notice)
        with self.on("2026-04-20"):
            self.sell(1500.0, day="2026-04-10")
            self.assertEqual(self.figures(MARCH)["accrued"], 50.0)
            self.assertEqual(self.figures()["accrued"], 100.0)

    def test_product_percentage(self):
        """bM2: 2.5 % of 60.00 are 1.50, whatever the tiers say of other products."""
        self.program.tier_ids.unlink()
        self.program.rule_ids.period_percentage = 2.5
        with self.on("2026-04-20"):  # what changed in March holds from April on
            self.sell(60.0, day="2026-04-10")
            self.assertEqual(self.figures()["accrued"], 1.5)

    def test_own_target(self):
        """bM3: a customer's own target replaces the tiers of the program; others keep them."""
        self.env["loyalty.target"].create(
            {
                "program_id": self.program.id,
                "partner_id": self.customer.id,
                "date_from": "2026-03-01",
                "tier_ids": [Command.create({"threshold": 100, "percentage": 5, "applies_to": "all"})],
            }
        )
        other = self.env["res.partner"].create({"name": "Bob"})
        self.sell(1200.0, day="2026-03-10")
        self.sell(1200.0, day="2026-03-10", partner=other)
        self.assertEqual(self.figures()["accrued"], 60.0)
        self.assertEqual(self.figures(partner=other)["accrued"], 20.0)
        self.program._roll_over(MARCH)
        card = self.env["loyalty.card"].search([("program_id", "=", self.program.id), ("partner_id", "=", other.id)])
        self.assertEqual((card.points, len(card)), (20.0, 1))

    def test_late_credit_note(self):
        """M13, bM4: a credit note after the roll-over lowers the next one by what it cost in its own period."""
        invoice = self.sell(1500.0, day="2026-02-10")
        self.program._roll_over(FEBRUARY)
        self.credit(invoice, 200.0, "2026-03-05")
        self.sell(1600.0, day="2026-03-06")
        self.program._roll_over(MARCH)
        self.assertEqual(self.card.points, 50.0 + 60.0 - 20.0)
        self.assertEqual(self.program._roll_over(MARCH), (0, 0.0))
        for amount in (100.0, 200.0):  # posted late, in a month that was rolled over
            self.sell(amount, day="2026-03-07")
            self.program._roll_over(MARCH)
        self.assertEqual(self.card.points, 90.0 + 10.0 + 20.0)

    def test_credit_note_beyond(self):
        """bM4: what no new credits cover is not taken off the card, but listed, and taken off the next roll-over."""
        invoice = self.sell(1500.0, day="2026-02-10")
        self.program._roll_over(FEBRUARY)
        self.credit(invoice, 400.0, "2026-03-05")
        self.program._roll_over(MARCH)
        self.assertEqual(self.card.points, 50.0)
        exception = self.env["loyalty.exception"].search([("card_id", "=", self.card.id)])
        self.assertEqual(exception.kind, "overpaid")
        self.assertIn("40.00", exception.note)
        self.sell(1700.0, day="2026-04-10")
        self.program._roll_over(date(2026, 4, 30))
        self.assertEqual(self.card.points, 50.0 + 70.0 - 40.0)

    def test_unused(self):
        """bM5: of 10 unused and 5 new credits 15 are left, or 5 where unused ones lapse."""
        self.sell(1050.0, day="2026-02-10")
        self.post("opening", 10.0, day="2026-01-31")
        self.program._roll_over(FEBRUARY)
        self.assertEqual(self.card.points, 15.0)
        self.sell(1050.0, day="2026-03-10")
        self.program.unused_credits = "zero"
        self.program._roll_over(MARCH)
        self.assertEqual(self.card.points, 5.0)
        self.program._roll_over(MARCH)
        self.assertEqual(self.card.points, 5.0)

    def test_on_hold(self):
        """bM6: customers on hold accrue, or are skipped."""
        self.customer.loyalty_on_hold = True
        self.sell(1500.0, day="2026-02-10")
        self.sell(1500.0, day="2026-01-10")
        self.program.on_hold = "skip"
        self.program._roll_over(date(2026, 1, 31))
        self.assertEqual(self.card.points, 0.0)
        self.program.on_hold = "accrue"
        self.program._roll_over(FEBRUARY)
        self.assertEqual(self.card.points, 50.0)

    def test_products_and_customers(self):
        """M7, M8, bM8: only customers that participate, products that earn and pricelists that are not excluded count."""
        product = self.env["product.product"].create({"name": "Tobacco", "loyalty_no_earn": True})
        self.sell(1500.0, {"price_unit": 300.0, "product_id": product.id}, day="2026-03-10")
        self.assertEqual(self.figures()["sales"], 1500.0)
        self.customer.loyalty_tracked = False
        self.assertEqual(self.figures()["sales"], 0.0)
        self.customer.loyalty_tracked = True
        pricelist = self.env["product.pricelist"].create({"name": "Contract", "company_id": False})
        self.customer.with_company(self.company).specific_property_product_pricelist = pricelist
        self.program.excluded_pricelist_ids = pricelist
        self.assertEqual(self.figures()["sales"], 0.0)

    def test_range(self):
        """bM7: a loyalty manager adds to, takes from, sets or resets the balances of a range of cards, one entry each, also as
        opening balances; accountants may not."""
        self.card.code = "RANGE-1"
        other = self.make_card(self.env["res.partner"].create({"name": "Bob"}), code="RANGE-2")
        outside = self.make_card(self.env["res.partner"].create({"name": "Cem"}), code="RANGE-3")
        manager = self.make_role("manager", "base.group_user,loyalty_ledger.group_loyalty_manager")
        values = {
            "scope": "range",
            "program_id": self.program.id,
            "code_from": "RANGE-1",
            "code_to": "RANGE-2",
            "reason": "Opening balances",
        }
        wizards = self.env["loyalty.adjust.wizard"].with_user(manager)
        for mode, points, expected, entries in (
            ("add", 30, 30.0, [30]),
            ("subtract", 10, 20.0, [-10]),
            ("set", 50, 50.0, [30]),
            ("reset", 45, 45.0, [-50, 45]),
        ):
            wizards.create({**values, "mode": mode, "points": points}).action_confirm()
            for card in self.card | other:
                found = card.entry_ids.sorted("id")[-len(entries) :]
                self.assertEqual((card.points, found.mapped("points")), (expected, entries), mode)
                self.assertEqual(set(found.mapped("author_id")), {manager.id})
                self.assertEqual(set(found.mapped("reason")), {"Opening balances"})
        self.assertEqual(outside.points, 0.0)
        with self.assertRaises(AccessError):
            wizards.with_user(self.accountant).create({**values, "mode": "reset", "points": 1})

    def test_lengths(self):
        """bM1: periods of a quarter and a year are rolled over by the close in which they end."""
        self.program.period_length = "quarter"
        self.sell(600.0, day="2026-01-10")
        self.sell(600.0, day="2026-03-10")
        self.assertFalse(self.step(self.close(FEBRUARY), "roll_over"))
        self.assertEqual(self.figures()["accrued"], 20.0)
        self.program.period_length = "year"
        self.assertEqual(self.figures()["date_to"], date(2026, 12, 31))

    def test_interrupted(self):
        """M13, M12: a roll-over that stopped between two batches goes on, and posts each customer once."""
        partners = self.env["res.partner"].create([{"name": f"Customer {number}"} for number in range(5)])
        for partner in partners:
            self.sell(1100.0, day="2026-02-10", partner=partner)
        self.patch(loyalty_program_roll_over, "BATCH", 2)
        self.assertEqual(self.program._roll_over(FEBRUARY, batches=1), (3, 20.0))
        self.assertEqual(self.program._roll_over(FEBRUARY), (0, 30.0))
        cards = self.env["loyalty.card"].search(
            [("program_id", "=", self.program.id), ("partner_id", "in", partners.ids)]
        )
        self.assertEqual(cards.mapped("points"), [10.0] * 5)
        self.assertEqual(len(cards.entry_ids), 5)

    def test_template(self):
        """bM1, M2: the template makes a program that counts at once, one credit worth 1.00."""
        programs = self.env["loyalty.program"].with_company(self.company)
        self.assertIn("account_rebate", programs.get_program_templates())
        program = programs.browse(programs.create_from_template("account_rebate")["res_id"])
        self.assertRecordValues(
            program, [{"award_mode": "period", "settlement": "account", "issue_on": "paid", "point_value": 1.0}]
        )
        self.assertEqual(program.date_from, date(2026, 3, 1), "months before it are not counted")
        self.sell(15000.0, day="2026-02-10")
        (figures,) = program._period_figures(self.customer, FEBRUARY)
        self.assertEqual((figures["sales"], figures["accrued"]), (0.0, 0.0))
        self.sell(12000.0, day="2026-03-10")
        (figures,) = program._period_figures(self.customer)
        self.assertEqual((figures["accrued"], figures["missing"], figures["next_percentage"]), (40.0, 13000.0, 3.0))
        # New in the list of account rebates begins as the template does, and says in one line what it credits.
        programs = programs.with_context(menu_type="account_rebate", default_award_mode="period")
        with Form(programs, "loyalty_ledger.loyalty_program_view_form") as form:
            form.name = "Dealers"
        self.assertRecordValues(
            form.record,
            [{"award_mode": "period", "settlement": "account", "point_value": 1.0, "company_id": self.company.id}],
        )
        self.assertEqual(form.record.tier_ids.mapped("threshold"), [10000.0, 25000.0])
        self.assertRegex(
            form.record.terms_summary,
            r"^Each month 2% of sales above .*10,000.00, 3% of sales above .*25,000.00, to the customer's account$",
        )

    def test_refused(self):
        """bM1, M2: what does not go together is refused with the reason."""
        with self.assertRaisesRegex(ValidationError, "Tiers must ascend"):
            self.program.tier_ids = [Command.create({"threshold": 2000, "percentage": 5})]
        with self.assertRaisesRegex(ValidationError, "between 0 and 100"):
            self.program.tier_ids.percentage = 101
        with self.assertRaisesRegex(ValidationError, "When the document is paid in full"):
            self.program.issue_on = "order"
        self.sell(1500.0, day="2026-02-10")
        self.program._roll_over(FEBRUARY)
        with self.assertRaisesRegex(ValidationError, "can no longer change"):
            self.program.period_length = "year"
        with self.assertRaisesRegex(UserError, "rolled over until"):
            self.program._roll_over(date(2026, 1, 31))

    def test_leaving(self):
        """bM1: without the add-on, programs of periods do not begin to award points for each sale; balances stay."""
        per_sale = self.make_program(name="Per Sale")
        self.sell(1500.0, day="2026-02-10")
        self.program._roll_over(FEBRUARY)
        uninstall_hook(self.env)
        self.assertEqual((self.program.accumulates, per_sale.accumulates, self.card.points), (False, True, 50.0))
