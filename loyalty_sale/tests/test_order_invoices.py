from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.loyalty_account.tests.earning_common import EarningCase


class OrderInvoicesCase(EarningCase):
    """A seller's orders and their invoices."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = new_test_user(
            cls.env,
            "loyalty_seller",
            groups="sales_team.group_sale_salesman_all_leads,account.group_account_invoice",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.product.invoice_policy = "order"

    def order(self, quantity=1, points=True, **values):
        order = (
            self.env["sale.order"]
            .with_user(self.seller)
            .create(
                {
                    "partner_id": self.customer.id,
                    "order_line": [
                        Command.create(
                            {
                                "product_id": self.product.id,
                                "product_uom_qty": quantity,
                                "price_unit": 100,
                                "tax_ids": [Command.clear()],
                            }
                        )
                    ],
                    **values,
                }
            )
        )
        if points:
            order._update_programs_and_rewards()
        order.action_confirm()
        return order

    def invoice(self, order, **values):
        wizard = (
            self.env["sale.advance.payment.inv"]
            .with_user(self.seller)
            .with_context(active_model="sale.order", active_ids=order.ids)
            .create(values)
        )
        known = order.invoice_ids
        wizard.create_invoices()
        invoice = order.invoice_ids - known
        invoice.action_post()
        return invoice


@tagged("post_install", "-at_install")
class TestOrderInvoices(OrderInvoicesCase):
    """What invoices of orders earn, where points are given at payment."""

    def test_invoice_of_an_order(self):
        """C1, C11, C15: the order gives nothing, its paid invoice gives the points, on the customer's card."""
        order = self.order(2)
        self.assertEqual(self.entries(), [])
        invoice = self.invoice(order)
        self.assertEqual(invoice.loyalty_card_id, self.card)
        self.pay(invoice)
        self.assertEarned(invoice, 200)

    def test_deposit_and_final_invoice(self):
        """C15: a down payment and the final invoice earn once, whatever the rules count."""
        self.program.rule_ids = [
            Command.create({"reward_point_mode": "order", "reward_point_amount": 7}),
            Command.create({"reward_point_mode": "unit", "reward_point_amount": 3, "minimum_qty": 2}),
        ]
        order = self.order(2)
        deposit = self.invoice(order, advance_payment_method="percentage", amount=30)
        final = self.invoice(order)
        self.assertEqual((deposit.amount_total, final.amount_total), (60, 140))
        self.pay(deposit)
        self.assertEarned(deposit, 60)
        self.pay(final)
        self.assertEarned(final, 140 + 7 + 6)

    def test_order_defers_its_points(self):
        """C11, C15, P20, P24: an order shows its points and gives none; they cannot pay for it; changes post nothing."""
        stranger = self.env["res.partner"].create({"name": "Bob"})
        self.program.reward_ids.required_points = 50
        order = self.order(partner_id=stranger.id)
        card = self.env["loyalty.card"].search([("partner_id", "=", stranger.id)])
        self.assertEqual(order.coupon_point_ids.points, 100)
        self.assertEqual((len(card), card.points), (1, 0))
        self.assertEqual(order._get_real_points_for_coupon(card), 0)
        order.order_line.product_uom_qty = 3
        order._update_programs_and_rewards()
        self.assertEqual(self.entries(card), [])
        self.assertEqual(set(card.history_ids.mapped("issued")), {0})
        invoice = self.invoice(order)
        self.assertEqual(invoice.loyalty_card_id, card)
        self.pay(invoice)
        self.assertEarned(invoice, 300)
        order._action_cancel()
        self.assertEqual(card.points, 300)

    def test_card_of_the_order(self):
        """S9: the card chosen on the order earns on its invoice, unless it was closed in the meantime."""
        friend = self.make_card(is_default=False)
        order = self.order(loyalty_card_id=friend.id)
        self.assertEqual(self.invoice(order).loyalty_card_id, friend)
        second = self.order(loyalty_card_id=friend.id)
        friend.action_close()
        self.assertEqual(self.invoice(second).loyalty_card_id, self.card)

    def test_accumulation_switched_off(self):
        """bP2, bM8: orders give nothing while the switch is off, nor at an excluded pricelist, whatever the timing."""
        self.program.issue_on = "order"
        contract = self.env["product.pricelist"].create({"name": "Contract"})
        self.program.excluded_pricelist_ids = contract
        self.order(pricelist_id=contract.id)
        self.program.accumulates = False
        self.order()
        self.assertEqual(self.entries(), [])
        self.program.accumulates = True
        self.order()
        self.assertEqual(self.entries(), [("earn", 100, "2026-03-15")])

    def test_gift_cards_that_earn(self):
        """bH9: orders of gift cards earn where the setting says so, by both timings."""
        gift = self.env["loyalty.program"].create({"name": "Gift Cards", "program_type": "gift_card"})
        gift.rule_ids = [Command.clear(), Command.create({"product_ids": self.product.ids})]
        for given_at in ("order", "paid"):
            self.program.issue_on = given_at
            for earns, points in ((False, 0), (True, 100)):
                self.program.gift_cards_earn = earns
                before = self.card.points
                order = self.order()
                self.assertEqual(self.card.points - before, points if given_at == "order" else 0)
                self.pay(self.invoice(order))
                self.assertEqual(self.card.points - before, points)

    def test_points_given_at_the_order(self):
        """C11, C15: an order that gave its points at confirmation leaves none to its invoice."""
        self.program.issue_on = "order"
        order = self.order()
        self.assertEqual(self.entries(), [("earn", 100, "2026-03-15")])
        self.program.issue_on = "paid"
        invoice = self.invoice(order)
        self.pay(invoice)
        self.assertEarned(invoice, 0)
        self.assertEqual(invoice.loyalty_explanation, "The points were awarded on another document.")
        self.assertEqual(self.card.points, 100)

    def test_pricelist_of_the_order(self):
        """bM8: the order's pricelist decides, whatever pricelist the customer has."""
        contract = self.env["product.pricelist"].create({"name": "Contract"})
        self.env.user.group_ids |= self.env.ref("product.group_product_pricelist")
        self.program.excluded_pricelist_ids = contract
        excluded = self.invoice(self.order(pricelist_id=contract.id))
        included = self.invoice(self.order())
        self.pay(excluded)
        self.pay(included)
        self.assertEarned(excluded, 0)
        self.assertEarned(included, 100)
