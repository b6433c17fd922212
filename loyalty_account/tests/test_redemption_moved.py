"""A payment with points that somebody unreconciles and matches with something else: the VAT that it relieved goes with it."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from .test_redemption_taken_off import TakenOffCase


class MovedCase(TakenOffCase):
    def redemption(self, move):
        """The entry by which points paid, and its record for users."""
        payment = self.loyalty_payments(move)
        return payment.move_id or move._loyalty_reductions(), payment or move._loyalty_reductions()

    def taken_off(self, *lines, points=50):
        move = self.make_invoice(*(lines or (self.line(100, 15),)), post=True)
        self.apply_points(move, points)
        entry, record = self.redemption(move)
        entry._loyalty_receivable().remove_move_reconcile()
        self.env.invalidate_all()
        return move, entry, record

    def match(self, document, entry):
        document.js_assign_outstanding_line(entry._loyalty_receivable().id)

    def assertRefused(self, document, entry, words):
        with self.assertRaisesRegex(UserError, words), self.cr.savepoint():
            self.match(document, entry)
        self.env.invalidate_all()


class Moved:
    """What holds in every mode."""

    def test_excluded_goods(self):
        """N29, bP6: points that paid an invoice do not pay goods that they may never pay."""
        move, entry, record = self.taken_off()
        bottle = self.env["product.product"].create({"name": "Bottle", "loyalty_no_redeem": True})
        other = self.make_invoice(self.line(10, 15), self.line(100, 15, product_id=bottle.id), post=True)
        self.assertRefused(other, entry, "Points can cover .*11.50 of .*, not .*50.00. Cancel ")
        self.match(move, entry)
        self.assertEqual((move.amount_residual, self.card.points), (65, 950))

    def test_two_at_once(self):
        """N29, bP6: two redemptions that are matched together with an invoice share what points may pay of it."""
        entries = [self.taken_off(points=points)[1] for points in (8, 7)]
        bottle = self.env["product.product"].create({"name": "Bottle", "loyalty_no_redeem": True})
        other = self.make_invoice(self.line(10, 15), self.line(100, 15, product_id=bottle.id), post=True)
        lines = (other | entries[0] | entries[1])._loyalty_receivable()
        with self.assertRaisesRegex(UserError, "Points can cover .*11.50 of .*, not .*15.00"), self.cr.savepoint():
            lines.reconcile()
        self.match(other, entries[0])
        self.assertEqual(other.amount_residual, 118.5)

    def test_money_is_never_paid_out(self):
        """N29, N4: a payment to the customer does not settle the credit that points left."""
        move, entry, record = self.taken_off()
        out = self.env["account.payment"].create(
            {
                "payment_type": "outbound",
                "partner_type": "customer",
                "partner_id": self.customer.id,
                "amount": 50,
                "journal_id": self.bank_journal.id,
            }
        )
        out.action_post()
        lines = (out.move_id | entry)._loyalty_receivable()
        with self.assertRaisesRegex(UserError, "no money is paid out"), self.cr.savepoint():
            lines.reconcile()
        self.assertSound()

    def test_same_rates(self):
        """N29, N4: an invoice at the same rates is paid by it, in part."""
        move, entry, record = self.taken_off(self.line(100, 15), self.line(100, 5), points=44)
        other = self.make_invoice(self.line(20, 15), self.line(20, 5), post=True)
        self.match(other, entry)
        self.assertEqual((other.amount_residual, self.card.points), (0, 956))


class MovedRelief(Moved):
    def test_other_rate(self):
        """N29, N3: points relieved 15 % of 50.00; an invoice at 5 % or without tax is not paid by them."""
        move, entry, record = self.taken_off()
        for rates in ((5,), (0,), (15, 5)):
            other = self.make_invoice(*(self.line(100, rate) for rate in rates), post=True)
            self.assertRefused(other, entry, "has other taxes. Cancel .*, which returns the points")
        record = record.with_user(self.clerk)
        if record._name == "account.move":
            record.button_draft()
            record.button_cancel()
        else:
            record.action_cancel()
        self.apply_points(other, 50)
        self.assertEqual((move.amount_residual, other.amount_residual, self.card.points), (115, 170, 950))
        self.assertSound()


@tagged("post_install", "-at_install")
class TestMovedInputTax(MovedRelief, MovedCase):
    def test_reserved_on_a_draft(self):
        """N29, N3: points that were reserved on a draft, and so paid it, stay with its rates as well."""
        move = self.make_invoice(self.line(100, 15))
        self.apply_points(move, 50)
        move.action_post()
        payment = self.loyalty_payments(move)
        self.take_off(payment)
        self.assertRefused(self.make_invoice(self.line(100, 5), post=True), payment.move_id, "has other taxes")

    def test_the_proof_sees_it(self):
        """N29, N13: one that was matched with other rates by an earlier release is named."""
        move, entry, record = self.taken_off()
        other = self.make_invoice(self.line(100, 5), post=True)
        self.patch(self.env.registry["account.partial.reconcile"], "_check_points_pay", lambda self, vals_list: None)
        self.match(other, entry)
        self.assertNamed(record, "relieved the VAT of .* matched with .*, which has other taxes", size=50)


@tagged("post_install", "-at_install")
class TestMovedTender(Moved, MovedCase):
    vat_mode = "tender"

    def test_other_rate(self):
        """N29, N3: points that relieve no VAT pay any invoice of the customer."""
        move, entry, record = self.taken_off()
        other = self.make_invoice(self.line(100, 5), post=True)
        self.match(other, entry)
        self.assertEqual((other.amount_residual, self.card.points), (55, 950))
        self.assertSound()


@tagged("post_install", "-at_install")
class TestMovedReduction(MovedRelief, MovedCase):
    vat_mode = "price_reduction"

    @classmethod
    def accounting_values(cls, **values):
        account = cls.make_account("Sales Paid with Points", "400900", "income")
        return super().accounting_values(**{"cost_account_id": account.id, **values})
