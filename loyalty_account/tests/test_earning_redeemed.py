from odoo.tests import tagged

from .test_redemption import RedemptionCase


@tagged("post_install", "-at_install")
class TestEarningRedeemed(RedemptionCase):
    """What an invoice earns that was paid with points in part: the same in every way of booking points."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program.issue_on = "paid"

    def earned(self, move):
        self.env.cr.flush()
        move.invalidate_recordset()
        self.assertFalse(move.loyalty_sync_error)
        return move.loyalty_points_earned

    def credit(self, move, factor=1.0):
        wizard = (
            self.env["account.move.reversal"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id, "date": "2026-03-15"})
        )
        note = self.env["account.move"].browse(wizard.reverse_moves()["res_id"])
        if factor != 1:
            for line in note.invoice_line_ids:
                line.price_unit *= factor
        note.action_post()
        self.env.cr.flush()
        return note

    def test_invoice_paid_with_points_in_part(self):
        """C6, C14, S24: of 115.00 that 50 points and 65.00 in cash pay, the cash part earns: 56 of 100."""
        for mode in ("tender", "input_tax", "price_reduction"):
            for draft in (True, False):
                with self.subTest(mode=mode, draft=draft):
                    self.program.write(self.mode_values(mode))
                    move = self.make_invoice(self.line(100, 15), post=not draft)
                    self.apply_points(move, 50)
                    if draft:
                        move.action_post()
                    self.assertEqual(move.amount_residual, 65)
                    self.assertEqual(self.earned(move), 0)
                    self.pay(move)
                    self.assertEqual(self.earned(move), 56)
                    self.assertEqual(move.loyalty_points_earnable, 56)

    def mode_values(self, mode):
        account = self.revenue if mode == "price_reduction" else self.cost_account
        return {"vat_mode": mode, "cost_account_id": account.id}

    def test_rule_for_some_products(self):
        """C6, C13: points that lower the price lower what every rule gives, whatever products it counts."""
        self.program.rule_ids.product_ids = self.product
        self.program.write(self.mode_values("price_reduction"))
        move = self.make_invoice(self.line(100, 15))
        self.apply_points(move, 50)
        move.action_post()
        self.pay(move)
        self.assertEqual(self.earned(move), 56)

    def test_paid_with_points_only(self):
        """C6, P20: what points cover in full earns nothing, and never pays for itself."""
        move = self.make_invoice(self.line(100, 15), post=True)
        self.apply_points(move, 115)
        self.assertEqual(move.payment_state, "paid")
        self.assertEqual(self.earned(move), 0)

    def test_refund_of_a_redeemed_invoice(self):
        """N4, C6: a credit note takes back what the sale earned, pro rata, in every way of booking points."""
        for mode in ("tender", "input_tax", "price_reduction"):
            with self.subTest(mode=mode):
                self.program.write(self.mode_values(mode))
                move = self.make_invoice(self.line(100, 15), post=True)
                self.apply_points(move, 50)
                self.pay(move)
                self.assertEqual(self.earned(move), 56)
                self.credit(move, 0.5)
                self.assertEqual(self.earned(move), 28)
                whole = self.make_invoice(self.line(100, 15), post=True)
                self.apply_points(whole, 50)
                self.pay(whole)
                self.credit(whole)
                self.assertEqual(self.earned(whole), 0)

    def test_redemption_undone(self):
        """C6, S11: when the points come back and cash pays instead, the invoice earns in full."""
        move = self.make_invoice(self.line(100, 15), post=True)
        self.apply_points(move, 50)
        self.pay(move)
        self.assertEqual(self.earned(move), 56)
        payment = self.loyalty_payments(move)
        payment.move_id.line_ids.sudo().remove_move_reconcile()
        self.assertEqual(self.earned(move), 0)
        self.pay(move)
        self.assertEqual(self.earned(move), 100)
