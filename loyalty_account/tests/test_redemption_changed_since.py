"""Between an invoice that points paid and its credit note things change: customers, cards, programs. And discounts for
early payment beside points."""

from odoo.fields import Command
from odoo.tests import tagged

from .redemption_common import RedemptionCase


class ChangedSince:
    """500 points cover 50.00 of 115.00, money the rest; then something changes, and all of it is credited."""

    point_value = 0.1

    def sell(self, **values):
        move = self.make_invoice(self.line(100, 15), post=True, **values)
        self.apply_points(move, 500)
        self.pay(move)
        self.assertEqual((move.amount_residual, self.card.points), (0, 500))
        return move

    def assertCredited(self, move, card=None, points=1000):
        note = self.credit(move)
        self.assertEqual((note.amount_residual, (card or self.card).points), (65, points))
        books = self.env["account.move"].search([("state", "=", "posted"), ("company_id", "=", self.company.id)])
        self.assertEqual(self.vat(books), 0)
        proof = self.program._loyalty_proof()
        self.assertEqual((proof["residual"], proof["payments"]["books"]), (0.0, 0.0), proof)

    def test_customers_were_merged(self):
        """N29, N11, N4: the points come back to the card that took over."""
        eve = self.env["res.partner"].create({"name": "Eve"})
        other = self.make_card(partner=eve)
        self.grant(100, other)
        move = self.sell()
        self.env["base.partner.merge.automatic.wizard"].create({})._merge([self.customer.id, eve.id], eve)
        self.env.invalidate_all()
        master = self.card.points_to_id or self.card
        self.assertEqual((move.partner_id, master.points), (eve, 600))
        self.assertCredited(move, master, 1100)

    def test_program_was_archived(self):
        """N29, bP2, N4: a program that ended takes its points back."""
        move = self.sell()
        self.program.sudo().active = False
        self.assertCredited(move)

    def test_card_was_closed(self):
        """N29, N4: a card that was closed gets its points back."""
        move = self.sell()
        self.card.sudo().closed = True
        self.assertCredited(move)

    def test_card_was_replaced(self):
        """N29, H5, N4: the lost card was linked to a new one, which gets the points."""
        move = self.sell()
        new = self.make_card()
        self.card.sudo().points_to_id = new
        self.assertEqual((self.card.points, new.points), (0, 500))
        self.assertCredited(move, new)

    def test_discount_for_early_payment(self):
        """N29, N4: 500 points cover 50.00, the rest is paid with 2 % less for being early: the credit note pays no more
        money back than came in, and all points."""
        for computation, discount in (("included", 2.3), ("excluded", 2.0), ("mixed", 2.0)):
            with self.subTest(computation=computation):
                terms = self.env["account.payment.term"].create(
                    {
                        "name": "2 % within 10 days",
                        "early_discount": True,
                        "discount_percentage": 2,
                        "discount_days": 10,
                        "early_pay_discount_computation": computation,
                        "line_ids": [Command.create({"value": "percent", "value_amount": 100, "nb_days": 30})],
                    }
                )
                move = self.make_invoice(self.line(100, 15), post=True, invoice_payment_term_id=terms.id)
                total = move.amount_total
                self.apply_points(move, 500)
                self.assertEqual(move.amount_residual, total - 50)
                paid = sum(self.pay(move).mapped("amount"))
                self.assertEqual(move.amount_residual, 0, f"{paid} {discount}")
                note = self.credit(move)
                self.assertEqual(self.card.points, 1000)
                self.assertEqual(note.amount_residual, round(total - 50, 2))
                self.assertEqual(self.program._loyalty_proof()["residual"], 0.0, self.program._loyalty_proof())


@tagged("post_install", "-at_install")
class TestChangedSinceInputTax(ChangedSince, RedemptionCase):
    """Points pay, and recover input tax."""


@tagged("post_install", "-at_install")
class TestChangedSinceReduction(ChangedSince, RedemptionCase):
    """Points lower the price of the posted invoice."""

    vat_mode = "price_reduction"

    @classmethod
    def accounting_values(cls, **values):
        account = cls.make_account("Sales Paid with Points", "400900", "income")
        return super().accounting_values(**{"cost_account_id": account.id, **values})
