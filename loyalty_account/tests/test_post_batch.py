from odoo.exceptions import UserError
from odoo.tests import tagged

from .redemption_common import RedemptionCase
from .test_redemption_reduction import ReductionCase


@tagged("post_install", "-at_install")
class TestPostBatch(RedemptionCase):
    """A list of invoices is posted without those whose reserved points can no longer be redeemed; they are named."""

    def setUp(self):
        super().setUp()
        self.good = self.make_invoice(self.line(100, 15))
        self.bad = self.make_invoice(self.line(100, 15))
        self.plain = self.make_invoice(self.line(200, 15))
        self.apply_points(self.good, 50)
        self.apply_points(self.bad, 50)
        self.bad.invoice_line_ids.price_unit = 40  # 46.00 with tax, less than its points cover
        self.moves = (self.good | self.bad | self.plain).with_user(self.clerk)

    def assertPostedWithoutBad(self, action):
        self.assertRecordValues(
            self.moves,
            [
                {"state": "posted", "amount_residual": 65, "loyalty_points_redeemed": 50},
                {"state": "draft", "amount_residual": 46, "loyalty_points_redeemed": 0},
                {"state": "posted", "amount_residual": 230, "loyalty_points_redeemed": 0},
            ],
        )
        self.assertEqual((self.bad.loyalty_points_reserved, self.card.points), (50, 950))
        params = action["params"]
        self.assertEqual((action["tag"], params["type"], params["sticky"]), ("display_notification", "warning", True))
        self.assertIn(f"{self.bad.display_name}: Points can cover", params["message"])
        self.assertIn("Apply fewer points", params["message"])
        self.assertIn("Not posted together with others", "".join(str(m.body) for m in self.bad.message_ids))

    def test_list(self):
        """N29, N6: Post on a list names the refused invoice with the reason, keeps its points reserved and posts the rest."""
        self.assertPostedWithoutBad(self.moves.action_validate_moves_with_confirmation())

    def test_wizard(self):
        """N29, N6: the same where Odoo asks for confirmation first."""
        wizard = self.env["validate.account.move"].with_user(self.clerk).create({"move_ids": self.moves.ids})
        self.assertPostedWithoutBad(wizard.validate_move())

    def test_nothing_to_post(self):
        """N29: where nothing can be posted, that is an error that names each invoice."""
        with self.assertRaisesRegex(UserError, "Points can cover"), self.cr.savepoint():
            self.bad.with_user(self.clerk).action_validate_moves_with_confirmation()
        other = self.make_invoice(self.line(100, 15))
        self.apply_points(other, 50)
        other.invoice_line_ids.price_unit = 10
        with self.assertRaises(UserError) as error, self.cr.savepoint():
            (self.bad | other).with_user(self.clerk).action_validate_moves_with_confirmation()
        self.assertIn(self.bad.display_name, str(error.exception))
        self.assertIn(other.display_name, str(error.exception))

    def test_other_reasons_and_code(self):
        """N29: for other reasons, and for code that posts, a list is posted as a whole or not at all, as in Odoo."""
        self.plain.invoice_line_ids.price_unit = -200
        with self.assertRaises(UserError), self.cr.savepoint():
            self.moves.action_validate_moves_with_confirmation()
        self.assertEqual(set(self.moves.mapped("state")), {"draft"})
        with self.assertRaisesRegex(UserError, "Points can cover"), self.cr.savepoint():
            (self.good | self.bad).with_user(self.clerk).action_post()
        self.assertEqual(set(self.moves.mapped("state")), {"draft"})

    def test_usual_posting(self):
        """N29: lists without trouble are posted at once, as before."""
        moves = (self.good | self.plain).with_user(self.clerk)
        self.assertFalse(moves.action_validate_moves_with_confirmation())
        self.assertEqual(set(moves.mapped("state")), {"posted"})


@tagged("post_install", "-at_install")
class TestPostBatchReduction(ReductionCase):
    """The same where points lower the price."""

    def test_list(self):
        """N29, N6: a draft whose card lost its points is named, the others are posted."""
        bad, plain = self.make_invoice(self.line(100, 15)), self.make_invoice(self.line(200, 15))
        self.apply_points(bad, 50)
        bad.loyalty_hold_id.sudo()._close("expired")
        self.card._post_entries([{"card_id": self.card.id, "kind": "redeem", "points": -980, "key": "till"}])
        action = (bad | plain).with_user(self.clerk).action_validate_moves_with_confirmation()
        self.assertEqual((bad.state, plain.state, self.card.points), ("draft", "posted", 20))
        self.assertIn(f"{bad.display_name}: ", action["params"]["message"])
