from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.loyalty_account.tests.common import LoyaltyAccountCase
from odoo.addons.loyalty_account.tests.proof_common import ProofVerbs


@tagged("post_install", "-at_install")
class TestStoredBooks(ProofVerbs, LoyaltyAccountCase):
    """Gift cards that orders sell and spend, in the books."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program.active = False
        cls.seller = new_test_user(
            cls.env,
            "gift_seller",
            groups="sales_team.group_sale_salesman_all_leads,account.group_account_invoice",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.gift_card = cls.env["product.product"].create(
            {"name": "Gift Card", "type": "service", "invoice_policy": "order", "taxes_id": [Command.clear()]}
        )
        cls.product.invoice_policy = "order"
        cls.gifts = cls.env["loyalty.program"].create(
            {
                "name": "Gift Cards",
                "program_type": "gift_card",
                "trigger": "auto",
                "applies_on": "future",
                "company_id": cls.company.id,
                "currency_id": cls.company.currency_id.id,
                "unlinked_return_policy": "refuse",
                "rule_ids": [
                    Command.clear(),
                    Command.create(
                        {
                            "reward_point_mode": "money",
                            "reward_point_amount": 1,
                            "reward_point_split": True,
                            "product_ids": cls.gift_card.ids,
                        }
                    ),
                ],
                "reward_ids": [
                    Command.clear(),
                    Command.create({"required_points": 1, "discount_mode": "per_point", "discount": 1}),
                ],
            }
        )

    def set_up(self, **values):
        wizard = self.env["loyalty.account.setup"].create({"program_id": self.gifts.id, **values})
        wizard.action_set_up()
        wizard.action_mend()

    def order(self, product, price, code=None, **values):
        order = (
            self.env["sale.order"]
            .with_user(self.seller)
            .create(
                {
                    "partner_id": self.customer.id,
                    "order_line": [
                        Command.create({"product_id": product.id, "price_unit": price, "tax_ids": [Command.clear()]})
                    ],
                    **values,
                }
            )
        )
        order._update_programs_and_rewards()
        if code:
            for card, rewards in order._try_apply_code(code).items():
                order._apply_program_reward(rewards, card)
        order.action_confirm()
        return order

    def invoice(self, order):
        invoice = order._create_invoices()
        invoice.action_post()
        return invoice

    def credit(self, invoice):
        wizard = (
            self.env["account.move.reversal"]
            .with_user(self.seller)
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id})
        )
        note = self.env["account.move"].browse(wizard.refund_moves()["res_id"])
        note.action_post()
        return note

    def assertBalance(self, points, waiting=0.0):
        """Cards hold these points, the books the same less what waits for an invoice."""
        proof = self.assertSound(program=self.gifts)
        self.assertEqual((proof["value"]["ledger"], proof["value"]["books"]), (points, points - waiting))
        self.assertEqual(proof["completeness"]["books"], points)

    def liability_items(self, moves):
        lines = moves.line_ids.filtered(lambda line: line.account_id == self.gifts.liability_account_id)
        return [(line.debit, line.credit) for line in lines]

    def test_sold_spent_and_credited(self):
        """N14: the order changes the card, its invoice books the money; until then it waits; a credit note goes back."""
        self.set_up()
        sale = self.order(self.gift_card, 50)
        self.assertBalance(50.0, waiting=50.0)
        sold = self.invoice(sale)
        self.assertEqual(self.liability_items(sold), [(0.0, 50.0)])
        self.assertBalance(50.0)
        card = self.env["loyalty.card"].search([("program_id", "=", self.gifts.id)])
        spending = self.order(self.product, 80, code=card.code)
        self.assertEqual(spending.amount_total, 30)
        self.assertBalance(0.0, waiting=-50.0)
        spent = self.invoice(spending)
        self.assertEqual(self.liability_items(spent), [(50.0, 0.0)])
        self.assertBalance(0.0)
        self.credit(spent)
        self.assertFalse(self.env["account.move"].search([("loyalty_program_id", "=", self.gifts.id)]))

    def test_unspent_card_credited(self):
        """N14: what is credited of a gift card goes off the card and off the liability account."""
        self.set_up()
        sold = self.invoice(self.order(self.gift_card, 50))
        note = self.credit(sold)
        self.assertEqual(self.liability_items(note), [(50.0, 0.0)])
        self.assertBalance(0.0)

    def test_wrong_account(self):
        """N14: an order whose gift card was invoiced on another account is named by its invoice line."""
        self.set_up()
        self.gift_card.property_account_income_id = self.company_data["default_account_revenue"]
        sold = self.invoice(self.order(self.gift_card, 50))
        self.assertNamed(
            sold.invoice_line_ids, "50.00 of product Gift Card are on", "value", size=50.0, program=self.gifts
        )

    def test_adoption_waits_for_invoices(self):
        """N14: balances of orders that are not invoiced are not adopted: their invoice would book them again."""
        sale = self.order(self.gift_card, 50)
        with self.assertRaisesRegex(UserError, sale.name), self.env.cr.savepoint():
            self.set_up()
        self.env.invalidate_all()
        self.gift_card.property_account_income_id = liability = self.env["account.account"].create(
            {"name": "Vouchers", "code": "251777", "account_type": "liability_current"}
        )
        self.invoice(sale)
        self.set_up(chosen_liability_id=liability.id)
        self.assertBalance(50.0)

    def test_foreign_currency(self):
        """N14: Odoo counts what a card was sold for in the order's currency; the proof names what that makes too much."""
        self.set_up()
        currency = self.env["res.currency"].create({"name": "XLY", "symbol": "X"})
        self.env["res.currency.rate"].create(
            {"name": "2026-01-01", "rate": 2, "currency_id": currency.id, "company_id": self.company.id}
        )
        pricelist = self.env["product.pricelist"].create({"name": "Foreign", "currency_id": currency.id})
        order = self.order(self.gift_card, 100, pricelist_id=pricelist.id)
        self.assertEqual(order.currency_id, currency)
        sold = self.invoice(order)
        self.assertEqual(self.liability_items(sold), [(0.0, 50.0)])
        proof = self.prove(program=self.gifts)
        self.assertEqual((proof["value"]["ledger"], proof["value"]["books"], proof["residual"]), (100.0, 50.0, 50.0))
