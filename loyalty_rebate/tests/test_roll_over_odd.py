"""Roll-overs of what is out of the ordinary: cards that take no credits, merged customers, changed settings, refusals."""

from datetime import date

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.loyalty_rebate.models import loyalty_program_roll_over

from .common import RebateCase

FEBRUARY, MARCH = date(2026, 2, 28), date(2026, 3, 31)


@tagged("post_install", "-at_install")
class TestOddCards(RebateCase):
    """One customer whose card takes no credits does not keep the others from theirs."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.others = cls.env["res.partner"].create([{"name": f"Customer {number}"} for number in range(3)])

    def test_vat_of_original_sales(self):
        """N17: credits of a period come from many sales, so the VAT mode of one original sale is refused, with what to
        choose instead."""
        contra = self.make_account("Points Deducted from Sales", "410900", "income")
        with self.assertRaisesRegex(ValidationError, "credits of a period come from many sales.*“Price reduction”"):
            self.program.write({"vat_mode": "earning_sale", "cost_account_id": contra.id})

    def sell_all(self):
        for partner in self.customer | self.others:
            self.sell(1100.0, day="2026-02-10", partner=partner)

    def points(self):
        cards = self.env["loyalty.card"].with_context(active_test=False)
        cards = cards.search([("program_id", "=", self.program.id)])
        return {card.partner_id: card.points for card in cards}, cards

    def open_exceptions(self):
        return self.env["loyalty.exception"].search([("program_id", "=", self.program.id), ("state", "=", "open")])

    def assert_others_are_credited(self, reason):
        self.assertEqual(self.program._roll_over(FEBRUARY), (0, 30.0))
        points, cards = self.points()
        self.assertEqual([points[partner] for partner in self.customer | self.others], [0.0, 10.0, 10.0, 10.0])
        self.assertEqual(len(cards), 4)  # nobody gets a second card instead
        exception = self.open_exceptions()
        self.assertRecordValues(exception, [{"kind": "unposted", "card_id": self.card.id}])
        self.assertRegex(exception.note, reason)
        self.assertIn("10.00", exception.note)
        self.assertEqual((self.figures(FEBRUARY)["accrued"], self.figures(FEBRUARY)["posted"]), (10.0, 0.0))
        self.assertEqual(self.program._roll_over(FEBRUARY), (0, 0.0))
        self.assertEqual(len(self.open_exceptions()), 1)

    def assert_credited_later(self):
        self.assertEqual(self.program._roll_over(FEBRUARY), (0, 10.0))
        self.assertEqual((self.card.points, self.open_exceptions()), (10.0, self.env["loyalty.exception"]))

    def test_closed(self):
        """M13, M12: a closed card is named and its credits wait; the next roll-over after it is reopened posts them."""
        self.sell_all()
        self.card.closed = True
        self.assert_others_are_credited("is closed")
        self.card.closed = False
        self.assert_credited_later()

    def test_archived(self):
        """M13: an archived card is named; its customer gets no second card."""
        self.sell_all()
        self.card.sudo().active = False
        self.assert_others_are_credited("is archived")

    def test_expired(self):
        """M13: a card whose last day was before the end of the period is named."""
        self.sell_all()
        self.card.expiration_date = "2026-02-20"
        self.assert_others_are_credited("expired on")

    def test_not_started(self):
        """M13: a card that is not valid yet is named."""
        self.sell_all()
        self.card.start_date = "2026-12-01"
        self.assert_others_are_credited("can be used from")

    def test_refused_by_the_ledger(self):
        """M13: whatever the ledger refuses for one customer is named with its words, and the others are credited."""
        self.sell_all()
        self.env["loyalty.card"]._post_entries(
            [{"card_id": self.card.id, "kind": "opening", "points": 99_999_999_999, "key": "limit"}]
        )
        self.assertEqual(self.program._roll_over(FEBRUARY), (0, 30.0))
        self.assertRecordValues(self.open_exceptions(), [{"kind": "unposted", "card_id": self.card.id}])

    def test_linked(self):
        """M13: credits of a linked card go to its master."""
        self.sell_all()
        master = self.make_card(self.env["res.partner"].create({"name": "Household"}))
        self.card._link_to(master) if hasattr(self.card, "_link_to") else self.card.write({"points_to_id": master.id})
        self.program._roll_over(FEBRUARY)
        self.assertEqual((master.points, len(self.points()[1])), (10.0, 5))

    def test_merged_customers(self):
        """M12, M13: after two customers were merged, a roll-over posts nothing twice."""
        self.sell(1500.0, day="2026-02-10")
        self.sell(1300.0, day="2026-02-10", partner=self.others[0])
        self.program._roll_over(FEBRUARY)
        card = self.env["loyalty.card"].search([("partner_id", "=", self.others[0].id)])
        self.assertEqual((self.card.points, card.points), (50.0, 30.0))
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard.sudo()._merge((self.customer | self.others[0]).ids, self.customer)
        self.env.invalidate_all()
        self.assertEqual(self.program._roll_over(FEBRUARY), (0, 0.0))
        self.assertEqual(self.figures(FEBRUARY)["posted"], 80.0)
        # What comes later is evaluated for both together: 3,100.00 are 210.00, of which 80.00 are posted.
        self.sell(300.0, day="2026-02-20")
        self.assertEqual(self.program._roll_over(FEBRUARY), (0, 130.0))
        self.assertEqual(self.program._roll_over(FEBRUARY), (0, 0.0))

    def test_overpaid_is_settled(self):
        """bM4: what was credited too much is one exception that follows the amount, and closes when it is taken off."""
        invoice = self.sell(1500.0, day="2026-02-10")
        self.program._roll_over(FEBRUARY)
        for amount, text in ((100.0, "10.00"), (200.0, "30.00")):
            self.credit(invoice, amount, "2026-03-05")
            self.program._roll_over(MARCH)
            self.assertRecordValues(self.open_exceptions(), [{"kind": "overpaid"}])
            self.assertIn(text, self.open_exceptions().note)
        self.sell(1700.0, day="2026-04-10")
        self.program._roll_over(date(2026, 4, 30))
        self.assertEqual((self.card.points, len(self.open_exceptions())), (50.0 + 70.0 - 30.0, 0))


@tagged("post_install", "-at_install")
class TestFrozenPeriods(RebateCase):
    """What counts in a period is settled with its roll-over; settings of today do not change it (bM4)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tea = cls.env["product.product"].create({"name": "Tea", "taxes_id": [Command.clear()]})

    def test_products_and_customers(self):
        """bM4, M7, M8: products, customers, rules and dates that were changed since do not change a credited period."""
        invoice = self.sell(1500.0, {"price_unit": 500.0, "product_id": self.tea.id}, day="2026-02-10")
        self.program._roll_over(FEBRUARY)
        self.assertEqual(self.card.points, 100.0)
        self.tea.loyalty_no_earn = True
        self.program.rule_ids.period_percentage = 1
        self.customer.loyalty_tracked = False
        self.program.date_from = "2026-03-01"
        self.assertEqual((self.figures(FEBRUARY)["sales"], self.figures(FEBRUARY)["accrued"]), (2000.0, 100.0))
        self.assertEqual(self.program._roll_over(FEBRUARY), (0, 0.0))
        # A credit note costs what the sale brought: 10 % of 200.00.
        self.credit(invoice, 200.0, "2026-03-05")
        self.program._roll_over(MARCH)
        exception = self.env["loyalty.exception"].search([("card_id", "=", self.card.id)])
        self.assertIn("20.00", exception.note)

    def test_pricelists(self):
        """bM4, bM8: a pricelist that is left out from today on does not take back what a credited period brought."""
        self.sell(1500.0, day="2026-02-10")
        self.program._roll_over(FEBRUARY)
        pricelist = self.env["product.pricelist"].create({"name": "Contract", "company_id": False})
        self.customer.with_company(self.company).specific_property_product_pricelist = pricelist
        self.program.excluded_pricelist_ids = pricelist
        self.assertEqual(self.figures(FEBRUARY)["accrued"], 50.0)
        self.sell(1700.0, day="2026-03-10")  # left out
        self.program._roll_over(MARCH)
        self.assertEqual(self.card.points, 50.0)
        self.assertFalse(self.env["loyalty.exception"].search_count([("card_id", "=", self.card.id)]))

    def test_rules_of_a_begun_period(self):
        """bM4: a rule that is added or deleted within a period changes percentages from the next one on."""
        self.program.tier_ids.unlink()
        self.program.rule_ids.period_percentage = 2
        with self.on("2026-04-20"):
            self.sell(1000.0, {"price_unit": 500.0, "product_id": self.tea.id}, day="2026-04-10")
            self.assertEqual(self.figures()["accrued"], 30.0)
            self.env.cr.execute(
                "UPDATE loyalty_program SET create_date = '2026-01-01' WHERE id = %s", [self.program.id]
            )
            self.env.invalidate_all()
            self.program.rule_ids = [
                Command.create({"reward_point_mode": "money", "product_ids": self.tea.ids, "period_percentage": 50})
            ]
            self.assertEqual(self.figures()["accrued"], 30.0)
        with self.on("2026-05-20"):
            self.sell({"price_unit": 500.0, "product_id": self.tea.id}, day="2026-05-10")
            self.assertEqual(self.figures()["accrued"], 250.0)

    def test_untracked_company(self):
        """bM4, C4: of a company that did not participate no document of any contact counts later, settings of now aside."""
        company = self.env["res.partner"].create({"name": "Works", "is_company": True, "loyalty_tracked": False})
        contacts = self.env["res.partner"].create(
            [{"name": f"Buyer {number}", "parent_id": company.id, "loyalty_tracked": True} for number in range(2)]
        )
        self.sell(1500.0, day="2026-02-10", partner=contacts[0])
        self.program._roll_over(FEBRUARY)
        company.loyalty_tracked = True
        self.sell(1500.0, day="2026-02-11", partner=contacts[1])
        self.sell(1500.0, day="2026-02-11", partner=company)
        self.assertEqual(self.figures(FEBRUARY, company)["sales"], 0.0)
        self.assertEqual(self.program._roll_over(FEBRUARY), (0, 0.0))

    def test_untracked_contact(self):
        """bM4, C4: a contact that did not participate brings its company nothing later; the others of the company do."""
        company = self.env["res.partner"].create({"name": "Works", "is_company": True})
        contact = self.env["res.partner"].create({"name": "Buyer", "parent_id": company.id, "loyalty_tracked": False})
        self.sell(1500.0, day="2026-02-10", partner=company)
        self.program._roll_over(FEBRUARY)
        contact.loyalty_tracked = True
        self.sell(700.0, day="2026-02-11", partner=contact)
        self.assertEqual(self.figures(FEBRUARY, company)["sales"], 1500.0)
        self.sell(100.0, day="2026-02-12", partner=company)
        self.assertEqual(self.program._roll_over(FEBRUARY), (0, 10.0))

    def test_without_marks(self):
        """bM4, M7, C4: periods that were rolled over before they kept what counts go by dates and customers of now."""
        self.sell(1500.0, day="2026-02-10")
        self.program._roll_over(FEBRUARY)
        self.env.cr.execute("UPDATE loyalty_period SET marks = NULL WHERE program_id = %s", [self.program.id])
        self.env.invalidate_all()
        self.assertEqual(self.figures(FEBRUARY)["sales"], 1500.0)
        self.program.date_from = "2026-02-15"
        self.assertEqual(self.figures(FEBRUARY)["sales"], 0.0)
        self.program.date_from = False
        self.customer.loyalty_tracked = False
        self.assertEqual(self.figures(FEBRUARY)["sales"], 0.0)

    def test_added_products(self):
        """bM2, bM4: products of an added rule count at once, its percentage from the next period on."""
        coffee = self.env["product.product"].create({"name": "Coffee", "taxes_id": [Command.clear()]})
        self.program.rule_ids.product_ids = self.tea
        self.env.cr.execute("UPDATE loyalty_program SET create_date = '2026-01-01' WHERE id = %s", [self.program.id])
        self.env.invalidate_all()
        self.sell({"price_unit": 1500.0, "product_id": coffee.id}, day="2026-03-10")
        self.assertEqual((self.figures()["sales"], self.figures()["accrued"]), (0.0, 0.0))
        self.program.rule_ids = [
            Command.create({"reward_point_mode": "money", "product_ids": coffee.ids, "period_percentage": 20})
        ]
        self.assertEqual((self.figures()["sales"], self.figures()["accrued"]), (1500.0, 50.0))
        with self.on("2026-04-20"):
            self.sell({"price_unit": 1500.0, "product_id": coffee.id}, day="2026-04-10")
            self.assertEqual(self.figures()["accrued"], 100.0)  # 20 % of what is above 1,000.00

    def test_lapse_once(self):
        """bM5: points that were given after the period lapse neither with its roll-over nor when it runs again."""
        self.program.unused_credits = "zero"
        self.post("opening", 10.0, day="2026-01-31")
        self.post("opening", 7.0, day="2026-03-02")
        self.sell(1050.0, day="2026-02-10")
        self.program._roll_over(FEBRUARY)
        self.assertEqual(self.card.points, 7.0 + 5.0)
        other = self.make_card(self.env["res.partner"].create({"name": "Bob"}))
        self.post("opening", 3.0, other, day="2026-02-15")
        self.program._roll_over(FEBRUARY)
        self.assertEqual((self.card.points, other.points), (12.0, 3.0))

    def test_lapse_closed(self):
        """bM5, M13: a closed card with points left does not refuse the roll-over of the others."""
        self.program.unused_credits = "zero"
        self.post("opening", 10.0, day="2026-01-31")
        self.card.closed = True
        other = self.env["res.partner"].create({"name": "Bob"})
        self.sell(1050.0, day="2026-02-10", partner=other)
        self.assertEqual(self.program._roll_over(FEBRUARY), (0, 5.0))

    def test_lapse_in_batches(self):
        """bM5, M12: unused credits lapse in batches; what was interrupted goes on and takes each card once."""
        self.program.unused_credits = "zero"
        cards = self.env["loyalty.card"]
        for number in range(5):
            card = self.make_card(self.env["res.partner"].create({"name": f"Customer {number}"}))
            self.post("opening", 10.0, card, day="2026-01-31")
            self.sell(1050.0, day="2026-02-10", partner=card.partner_id)
            cards |= card
        self.patch(loyalty_program_roll_over, "BATCH", 2)
        for __ in range(10):
            left, __ = self.program._roll_over(FEBRUARY, batches=1)
            if not left:
                break
        self.assertEqual(cards.mapped("points"), [5.0] * 5)
        self.assertEqual(len(cards.entry_ids.filtered(lambda entry: entry.kind == "adjust")), 5)

    def test_preview_is_what_is_posted(self):
        """M17: the preview of a step says what its run posts, with credits that later returns took back too."""
        other = self.env["res.partner"].create({"name": "Bob"})
        invoice = self.sell(1500.0, day="2026-02-10")
        self.close(FEBRUARY)._run()
        self.credit(invoice, 400.0, "2026-03-05")
        self.sell(1100.0, day="2026-03-06", partner=other)
        with self.on("2026-04-03"):
            close = self.close(MARCH)
            close.action_preview()
            step = self.step(close, "roll_over")
            self.assertEqual((step.points, step.amount), (10.0, 10.0))
            close._run()
            self.assertEqual((step.points, step.amount), (10.0, 10.0))
