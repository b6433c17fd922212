from odoo.tests import tagged

from ..hooks import keep_payments
from .redemption_common import RedemptionCase


@tagged("post_install", "-at_install")
class TestLeaving(RedemptionCase):
    def test_payments_stay(self):
        """N12: removing the add-on takes its payment methods along; payments that were made with points stay."""
        move = self.make_invoice(100, post=True)
        self.apply_points(move, 40)
        payment = self.loyalty_payments(move)
        line = payment.payment_method_line_id
        unused = (
            self.loyalty_journal.outbound_payment_method_line_ids
            - self.env["account.payment"].search([]).payment_method_line_id
        )
        self.assertTrue(unused)
        methods = self.env["account.payment.method"].search([("code", "=", "loyalty")])
        keep_payments(self.env)
        methods.sudo().unlink()
        self.env.flush_all()
        self.assertFalse(methods.exists() | methods.search([("code", "=", "loyalty")]))
        self.assertFalse(unused.exists())
        self.assertRecordValues(payment, [{"payment_method_line_id": line.id, "amount": 40, "state": "paid"}])
        self.assertRecordValues(
            line, [{"name": "Loyalty Points", "code": "manual", "journal_id": payment.journal_id.id}]
        )
        self.assertEqual(payment.payment_method_id, line.payment_method_id)
        self.assertEqual(move.amount_residual, 60)

    def test_demo_numbers(self):
        """N12, S16: installed again, the demonstration leaves the numbers of its first cards alone."""
        Card = self.env["loyalty.card"]
        self.assertEqual(Card._demo_number("0439-not-used"), "0439-not-used")
        self.card.active = False
        self.assertNotIn(Card._demo_number(self.card.code), (False, self.card.code))
