from odoo.exceptions import UserError
from odoo.tests import tagged

from .golden_vat_split import SEVERAL_RATES, SINGLE_RATE
from .redemption_common import RedemptionCase


@tagged("post_install", "-at_install")
class TestRedemption(RedemptionCase):
    """Redemptions that recover input tax: every value of the worked example, as journal items."""

    def test_products_that_points_may_pay(self):
        """bP5, S8, N4: points of a program that pays tea only recover the input tax of tea, and come back with tea only."""
        tea = self.env["product.category"].create({"name": "Tea"})
        green = self.env["product.category"].create({"name": "Green", "parent_id": tea.id})
        cup = self.env["product.product"].create({"name": "Sencha", "categ_id": green.id})
        self.program.write({"redeem_filter": "only", "redeem_category_ids": tea.ids})
        move = self.make_invoice(self.line(100, 15), self.line(100, 5, product_id=cup.id), post=True)
        wizard = self.env["loyalty.apply.points"].with_user(self.clerk).create({"move_id": move.id})
        self.assertEqual((wizard.due_amount, wizard.maximum_points), (105, 105))
        with self.assertRaisesRegex(UserError, "Points can cover"):
            move._apply_loyalty_points(self.card, 106)
        self.apply_points(move)
        self.assertEntry(
            self.loyalty_payments(move).move_id,
            [
                (self.cost_account, 100, [self.tags["purchase", 5, "invoice", "base"]]),
                (self.input_vat, 5, [self.tags["purchase", 5, "invoice", "tax"]]),
                (self.receivable, -105, []),
            ],
        )
        self.credit(move, self.line(100, 15))
        self.assertEqual(self.card.points, 895)
        self.credit(move, self.line(100, 5, product_id=cup.id))
        self.assertEqual(self.card.points, 1000)

    def test_nothing_that_points_may_pay(self):
        """bP5: the dialog says why nothing can be redeemed."""
        self.program.write({"redeem_filter": "except", "redeem_product_ids": self.product.ids})
        move = self.make_invoice(100, post=True)
        wizard = self.env["loyalty.apply.points"].with_user(self.clerk).create({"move_id": move.id})
        self.assertEqual(wizard.maximum_points, 0)
        self.assertEqual(
            wizard.notice, "None of the products on this invoice are eligible for points of program Points."
        )

    def test_single_rate(self):
        """S24, S7, S8: points split into net and recovered VAT, to the cent, with the tags of the tax report."""
        for case in SINGLE_RATE:
            with self.subTest(points=case["points"], value=case["point_value"]):
                self.set_value(case["point_value"])
                self.grant(case["points"])
                rate = case["rate"]
                move = self.make_invoice(self.line(case["sale_net"], rate), post=True)
                self.apply_points(move, case["points"])
                payment = self.loyalty_payments(move)
                expected = [
                    (
                        self.cost_account,
                        case["net"],
                        [self.tags["purchase", rate, "invoice", "base"]],
                    ),
                    (self.receivable, -case["gross"], []),
                ]
                if case["vat"]:
                    expected.append((self.input_vat, case["vat"], [self.tags["purchase", rate, "invoice", "tax"]]))
                self.assertEntry(payment.move_id, expected)
                self.assertEqual(payment.amount, case["gross"])
                self.assertEqual(payment.amount_company_currency_signed, case["gross"])
                self.assertEqual(move.amount_residual, case["due"])
                self.assertAlmostEqual(self.vat(move, payment.move_id), case["net_vat_due"])
                self.assertEqual(move.payment_state, "partial" if case["due"] else "paid")

    def test_several_rates(self):
        """S24, N3: the gross is shared over the rates to the cent; shipping is never paid with points."""
        self.set_value(1)
        shipping = self.env["product.product"].create({"name": "Shipping", "loyalty_no_redeem": True})
        for case in SEVERAL_RATES:
            with self.subTest(lines=case["lines"]):
                lines = [
                    self.line(
                        round(line["gross"] / (1 + line["rate"] / 100), 2),
                        line["rate"],
                        product_id=(self.product if line.get("payable", True) else shipping).id,
                    )
                    for line in case["lines"]
                ]
                move = self.make_invoice(*lines, post=True)
                self.assertEqual(move.amount_total, case["invoice_total"])
                self.apply_points(move, case["gross"])
                expected = [(self.receivable, -case["gross"], [])]
                for share in case["split"]:
                    rate = share["rate"]
                    tags = [self.tags["purchase", rate, "invoice", "base"]]
                    expected.append((self.cost_account, share["net"], tags))
                    if share["vat"]:
                        expected.append((self.input_vat, share["vat"], [self.tags["purchase", rate, "invoice", "tax"]]))
                self.assertEntry(self.loyalty_payments(move).move_id, expected)

    def check_s24(self, move):
        """The reference table, with the rest paid in money."""
        payment = self.loyalty_payments(move)
        self.assertEqual(move.amount_residual, 65)
        money = self.pay(move)
        self.assertEqual(move.payment_state, "paid")
        items = (move | payment.move_id | money.move_id).line_ids
        table = {}
        for line in items:
            table[line.account_id] = table.get(line.account_id, 0) + line.balance
        outstanding = money.outstanding_account_id
        self.assertEqual(
            {account: round(balance, 2) for account, balance in table.items()},
            {
                self.revenue: -100.00,
                self.output_vat: -15.00,
                self.cost_account: 43.48,
                self.input_vat: 6.52,
                outstanding: 65.00,
                self.receivable: 0.0,
            },
        )
        self.assertEqual(sum(balance for balance in table.values() if balance > 0), 115)
        self.assertAlmostEqual(self.vat(move, payment.move_id), 8.48)
        self.assertEqual(self.card.points, 950)
        self.assertRecordValues(
            payment.loyalty_entry_id,
            [{"kind": "redeem", "points": -50, "res_model": "account.payment", "res_id": payment.id}],
        )

    def test_s24_posted(self):
        """S24, S10, S11, C2, C27: the 50 points on a customer's card pay 50.00 of a posted invoice of 115.00 at once."""
        move = self.make_invoice(self.line(100, 15), post=True)
        self.apply_points(move, 50)
        self.assertEqual(move.loyalty_points_redeemed, 50)
        self.assertEqual(move.loyalty_amount_redeemed, 50)
        self.check_s24(move)

    def test_s24_draft(self):
        """S24, N6, C18: a draft reserves 50 points and settles them when it is confirmed."""
        move = self.make_invoice(self.line(100, 15))
        self.apply_points(move, 50)
        self.assertEqual((move.loyalty_points_reserved, move.loyalty_points_redeemed), (50, 0))
        self.assertEqual((self.card.points, self.card.reserved_points, self.card.available_points), (1000, 50, 950))
        self.set_value(2)  # the reservation froze the money
        move.action_post()
        self.assertEqual((move.loyalty_points_reserved, move.loyalty_points_redeemed), (0, 50))
        self.assertEqual((self.card.reserved_points, self.card.available_points), (0, 950))
        self.check_s24(move)
