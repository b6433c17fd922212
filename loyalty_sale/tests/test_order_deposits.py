"""Deposits of orders that use points: the points are redeemed once, and come back with what is credited."""

from odoo.tests import tagged

from odoo.addons.loyalty_account.tests.proof_common import ProofVerbs

from .test_order_returns import OrderReturnsCase


class DepositCase(ProofVerbs, OrderReturnsCase):
    """2 x 100.00 and 15 %: 230.00, of which 1,000 points reserved by the order cover 100.00."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.card._post_entries(
            [{"card_id": cls.card.id, "kind": "adjust", "points": -9000, "key": "test:down", "reason": "test"}]
        )
        cls.start = cls.card.points
        cls.product.invoice_policy = "order"

    @classmethod
    def accounting_values(cls, **values):
        if cls.vat_mode == "price_reduction":
            account = cls.make_account("Points Redeemed", "400900", "income")
            values["cost_account_id"] = account.id
        return super().accounting_values(**values)

    def ordered(self, quantity=2, **values):
        order = super().ordered(quantity, use=True, **values)
        self.assertEqual((order.loyalty_points_applied, order.loyalty_points_reserved), (1000, 1000))
        return order

    def deposit(self, order, percentage):
        deposit = self.make_invoices(order, advance_payment_method="percentage", amount=percentage)
        deposit.action_post()
        self.settle(deposit)
        return deposit

    def final(self, order):
        final = self.make_invoices(order)
        final.action_post()
        self.settle(final)
        return final

    def settle(self, invoice):
        if invoice.amount_residual:
            self.pay(invoice)
        self.env.cr.flush()
        self.assertSound()

    def lower(self, order, quantity):
        """Fewer are ordered; what was invoiced too much is credited."""
        goods = order.order_line.filtered(lambda line: not line.is_downpayment and not line.display_type)
        goods.product_uom_qty = quantity
        note = self.post_final(order)
        self.assertSound()
        return note

    def books(self, order):
        moves = order.sudo().invoice_ids
        payments = self.env["account.payment"].search([("loyalty_move_id", "in", moves.ids)])
        return moves | payments.move_id | moves.reversal_move_ids | moves.loyalty_redeem_return_ids

    def assertRedeemed(self, order, points, reserved=0):
        """What the order redeemed in all, and what of its points is still reserved."""
        self.assertEqual((self.points_now_redeemed(), self.card.reserved_points), (points, reserved))

    def points_now_redeemed(self):
        self.card.invalidate_recordset()
        entries = self.env["loyalty.ledger.entry"].search(
            [("card_id", "=", self.card.id), ("is_redemption", "=", True)]
        )
        return round(-sum(entries.mapped("points")), 4)


class Deposits:
    """What holds in every mode."""

    def test_thirty_percent(self):
        """N29, P14, N4: 30 % in advance takes 300 points, the final invoice 700; halved twice, half of all comes back."""
        order = self.ordered()
        deposit = self.deposit(order, 30)
        self.assertRedeemed(order, 300, 700)
        final = self.final(order)
        self.assertRedeemed(order, 1000)
        cash = [69 - 30, 161 - 70]
        paid = [self.money(move) for move in (deposit, final)]
        self.assertEqual(paid, cash)
        for quantity in (1, 0):
            note = self.lower(order, quantity)
            self.assertEqual((self.cash_due(note), note.loyalty_points_redeemed), (65, 500))
        self.assertRedeemed(order, 0)
        self.assertAlmostEqual(self.vat(*self.books(order)), 0)

    def test_all_in_advance(self):
        """N29, P14, N4: a deposit of 100 % takes all points; nothing is left for the final invoice, nor reserved."""
        order = self.ordered()
        deposit = self.deposit(order, 100)
        self.assertEqual(self.money(deposit), 130)
        self.assertRedeemed(order, 1000)
        final = self.final(order)
        self.assertEqual((final.amount_total, final.loyalty_points_redeemed), (0, 0))
        self.assertRedeemed(order, 1000)
        for quantity in (1, 0):
            note = self.lower(order, quantity)
            self.assertEqual((self.cash_due(note), note.loyalty_points_redeemed), (65, 500))
        self.assertRedeemed(order, 0)
        self.assertAlmostEqual(self.vat(*self.books(order)), 0)

    def test_cancelled_after_the_deposit(self):
        """N29, P14, N4, C18: the order is cancelled after its deposit, which is credited: no points stay anywhere."""
        order = self.ordered()
        deposit = self.deposit(order, 30)
        order.sudo()._action_cancel()
        self.assertRedeemed(order, 300)
        note = self.credit(deposit)
        self.assertEqual((self.cash_due(note), note.loyalty_points_redeemed), (39, 300))
        self.assertRedeemed(order, 0)
        self.assertAlmostEqual(self.vat(*self.books(order)), 0)
        self.env.cr.flush()
        self.assertSound()

    def test_deposit_is_credited(self):
        """N29, P14, N4: the deposit is credited before the final invoice, which charges everything and takes what the
        order still has reserved; a deposit of a fixed amount takes its part as well."""
        order = self.ordered()
        deposit = self.make_invoices(order, advance_payment_method="fixed", fixed_amount=115)
        deposit.action_post()
        self.settle(deposit)
        self.assertRedeemed(order, 500, 500)
        note = self.credit(deposit)
        self.assertEqual((self.cash_due(note), note.loyalty_points_redeemed), (65, 500))
        self.assertRedeemed(order, 0, 500)
        final = self.final(order)
        self.assertRedeemed(order, 500)
        self.assertEqual(self.money(final), 180)
        self.assertSound()

    def test_two_rates(self):
        """N29, P14, N4, S24: goods at 15 and at 5 %, a deposit of 40 % of both; one rate comes back, then the other."""
        order = self.confirmed(
            *(
                {"price_unit": 100, "product_uom_qty": 1, "tax_ids": [(6, 0, self.sale_taxes[rate].ids)]}
                for rate in (15, 5)
            ),
            use=True,
        )
        self.deposit(order, 40)
        self.assertRedeemed(order, 400, 600)
        self.final(order)
        self.assertRedeemed(order, 1000)
        goods = order.order_line.filtered(lambda line: not line.is_downpayment and not line.display_type)
        cash = 0
        for line in goods.sorted(lambda line: line.tax_ids.amount):
            line.product_uom_qty = 0
            note = self.post_final(order)
            cash += self.cash_due(note)
            self.assertSound()
        self.assertAlmostEqual(cash, 120)
        self.assertRedeemed(order, 0)
        self.assertAlmostEqual(self.vat(*self.books(order)), 0)

    def test_final_invoice_is_replaced(self):
        """N29, C18, N4: the final invoice is reversed and replaced by a draft: its points are free or kept, never both."""
        order = self.ordered()
        self.deposit(order, 30)
        final = self.make_invoices(order)
        final.action_post()
        wizard = (
            self.env["account.move.reversal"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=final.ids)
            .create({"journal_id": final.journal_id.id})
        )
        wizard.modify_moves()
        self.env.cr.flush()
        self.assertSound()
        self.assertEqual(self.points_now_redeemed(), 300)
        new = wizard.new_move_ids
        new.action_post()
        self.env.cr.flush()
        self.assertSound()

    def money(self, move):
        """What was paid of a document in money."""
        redeemed = 0 if self.vat_mode == "price_reduction" else move.loyalty_amount_redeemed
        return round(move.amount_total - redeemed, 2)


@tagged("post_install", "-at_install")
class TestDepositsTender(Deposits, DepositCase):
    """Points pay."""


@tagged("post_install", "-at_install")
class TestDepositsInputTax(Deposits, DepositCase):
    """Points pay, and recover input tax."""

    vat_mode = "input_tax"


@tagged("post_install", "-at_install")
class TestDepositsReduction(Deposits, DepositCase):
    """Points lower the price."""

    vat_mode = "price_reduction"
