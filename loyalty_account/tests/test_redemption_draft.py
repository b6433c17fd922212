from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import TODAY
from .redemption_common import RedemptionCase


@tagged("post_install", "-at_install")
class TestRedemptionDraft(RedemptionCase):
    """Points on a draft are reserved; they settle, or come free, with the draft."""

    def setUp(self):
        super().setUp()
        self.move = self.make_invoice(self.line(100, 15))
        self.apply_points(self.move, 50)

    def test_hold(self):
        """N6: the reservation names the draft, freezes the money and ends after seven days."""
        hold = self.move.loyalty_hold_id
        self.assertRecordValues(
            hold,
            [
                {
                    "card_id": self.card.id,
                    "points": 50,
                    "amount": 50,
                    "res_model": "account.move",
                    "res_id": self.move.id,
                    "state": "active",
                    "currency_id": self.company.currency_id.id,
                    "expires_at": fields.Datetime.now() + timedelta(days=7),
                }
            ],
        )
        self.assertEqual(self.move.amount_total, 115, "the invoice itself does not change")

    def test_settled_in_the_same_transaction(self):
        """N6: posting uses the reservation itself, even when nothing else is available."""
        self.card._hold(950, "rest", ("res.partner", 1))
        self.assertEqual(self.card.available_points, 0)
        hold = self.move.loyalty_hold_id
        self.move.action_post()
        self.assertRecordValues(hold, [{"state": "consumed"}])
        self.assertEqual(hold.entry_id, self.loyalty_payments(self.move).loyalty_entry_id)
        self.assertEqual((self.move.amount_residual, self.card.points), (65, 950))

    def test_replace_and_remove(self):
        """C18: applying again replaces the reservation, and the dialog counts it as available; Remove frees it."""
        first = self.move.loyalty_hold_id
        wizard = self.apply_points(self.move, 1000 - 900)
        self.assertEqual(first.state, "released")
        self.assertEqual((self.move.loyalty_points_reserved, self.card.available_points), (100, 900))
        wizard = self.env["loyalty.apply.points"].with_user(self.clerk).create({"move_id": self.move.id})
        self.assertEqual((wizard.available_points, wizard.points, wizard.reserved_here), (1000, 100, 100))
        self.assertEqual(wizard.reserved_points, 0, "its own reservation counts as available")
        wizard.action_remove()
        self.assertEqual((self.move.loyalty_points_reserved, self.card.available_points), (0, 1000))
        self.assertFalse(self.move.loyalty_hold_id)

    def test_dropped(self):
        """C18, N6: cancelling or deleting the draft gives the points back."""
        self.move.button_cancel()
        self.assertEqual(self.card.available_points, 1000)
        move = self.make_invoice(self.line(100, 15))
        self.apply_points(move, 50)
        move.unlink()
        self.assertEqual(self.card.available_points, 1000)

    def test_time_out(self):
        """N6: after seven days the points are free; posting takes them if they are still there, else says so."""
        with freeze_time(f"{fields.Date.to_date(TODAY) + timedelta(days=8)} 12:00:00"):
            self.assertEqual((self.move.loyalty_points_reserved, self.card.available_points), (0, 1000))
            self.move.loyalty_hold_id.sudo()._close("expired")
            self.card._post_entries([{"card_id": self.card.id, "kind": "redeem", "points": -980, "key": "till"}])
            with self.assertRaisesRegex(ValidationError, "fewer than the 50"), self.cr.savepoint():
                self.move.action_post()
            self.env.invalidate_all()
            self.assertEqual(self.move.state, "draft")
            self.grant(30)
            self.move.action_post()
            self.assertEqual((self.card.points, self.move.amount_residual), (0, 65))

    def test_cheaper_invoice(self):
        """S10: a draft that became cheaper than its points is not posted with them."""
        self.move.invoice_line_ids.price_unit = 40
        with self.assertRaisesRegex(UserError, "Points can cover .*46.00.* not .*50.00"):
            self.move.action_post()

    def test_card_expires_meanwhile(self):
        """S9, N6: reserved points outlive the card's own expiry; once the reservation is over, the card is refused."""
        self.card.expiration_date = TODAY
        tomorrow, next_week = (fields.Date.to_date(TODAY) + timedelta(days=days) for days in (1, 8))
        late = self.make_invoice(self.line(100, 15))
        self.apply_points(late, 10)
        with freeze_time(f"{tomorrow} 12:00:00"):
            self.move.action_post()
            self.assertEqual(self.move.amount_residual, 65)
        with freeze_time(f"{next_week} 12:00:00"), self.assertRaisesRegex(UserError, "expired on"):
            late.action_post()

    def test_copy(self):
        """A duplicate reserves nothing and redeems nothing."""
        copy = self.move.copy()
        self.assertFalse(copy.loyalty_hold_id or copy.loyalty_points_reserved)
        copy.action_post()
        self.assertEqual((copy.amount_residual, self.card.points), (115, 1000))

    def test_reset_of_the_invoice(self):
        """S11: resetting a posted invoice keeps the payment with points; posting again does not redeem twice."""
        self.move.action_post()
        self.move.button_draft()
        self.assertEqual(self.card.points, 950)
        self.move.action_post()
        self.assertEqual((self.card.points, self.move.amount_residual), (950, 65))

    def test_unmapped_rate_is_refused_early(self):
        """S7: on a draft too, a rate without input tax is refused when the points are applied."""
        self.program.tax_map_ids.filtered(lambda row: row.sale_tax_id == self.sale_taxes[5]).unlink()
        move = self.make_invoice(self.line(100, 5))
        with self.assertRaisesRegex(UserError, "5 % sale.*Input Taxes on the tab Accounting of program Points"):
            self.apply_points(move, 10)
