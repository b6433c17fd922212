import json

from odoo import fields
from odoo.tests import tagged

from .common import LoyaltyAccountCommon


@tagged("post_install", "-at_install")
class TestCustomerStory(LoyaltyAccountCommon):
    policy = "accrual"
    point_value = 0.1

    def test_earn_and_spend(self):
        """C2, C16, P1, P13: a customer's paid invoice earns points, these pay the next one, and the books follow.
        His form shows both by month, points and sales."""
        program = self.make_program(**self.accounting_values(), issue_on="paid", vat_rate=15)
        ben = self.env["res.partner"].create({"name": "Ben"})
        card = self.make_card(partner=ben, program=program)
        first = self.make_invoice(self.line(500, 15), partner=ben, post=True)
        self.assertEqual((first.loyalty_card_id, card.points), (card, 0))
        self.pay(first)
        self.assertEqual((ben.loyalty_accumulated_points, ben.loyalty_available_points), (500, 500))
        run = self.env["loyalty.accrual.run"].create({"program_id": program.id, "date_to": fields.Date.today()})
        run.action_post()
        self.assertEqual(self.liability(program), 43.48)

        second = self.make_invoice(self.line(100, 15), partner=ben, post=True)
        action = second.action_apply_loyalty_points()
        wizard = self.env[action["res_model"]].with_user(self.clerk).with_context(**action["context"]).create({})
        self.assertEqual((wizard.available_points, wizard.points, wizard.amount), (500, 500, 50))
        wizard.action_apply()
        self.assertEqual((second.amount_residual, second.payment_state), (65, "partial"))
        self.pay(second)
        self.env.invalidate_all()
        # 100.00 untaxed x 65.00 of 115.00 paid in money = 56 points.
        self.assertEqual(
            (ben.loyalty_accumulated_points, ben.loyalty_redeemed_points, ben.loyalty_outstanding_points),
            (556, 500, 56),
        )
        points, sales = json.loads(ben.loyalty_chart)["charts"]
        self.assertEqual([row["values"][-1] for row in points["series"]], [556, 500])
        self.assertEqual(sales["series"][0]["values"], [0] * 11 + [600])
        self.assertEqual(self.liability(program), 0)
        proof = program._loyalty_proof(fields.Date.today())
        self.assertEqual((proof["residual"], proof["residual_points"]), (0, 0))

    def pay(self, invoice):
        self.env["account.payment.register"].with_user(self.clerk).with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"journal_id": self.bank_journal.id})._create_payments()
        self.env.cr.flush()

    def liability(self, program):
        lines = self.env["account.move.line"].search(
            [("account_id", "=", program.liability_account_id.id), ("parent_state", "=", "posted")]
        )
        return -round(sum(lines.mapped("balance")), 2)
